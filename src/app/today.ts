/** What a team lead looks at in the morning: what is going on, whose turn it is, which batches are not over. */
import type { Batch } from '../domain/batch.js';
import { quotaDay } from '../domain/calendar.js';
import { outlook } from '../reporter/outlook.js';
import { forCreates, type SendingStatus } from '../reporter/sending-status.js';
import { TO_CONTACT, TO_SETTLE } from '../reporter/todo.js';
import { callsByHour, throughput } from './pace.js';
import { nightlyRuns } from './schedule.js';
import { sendingNow } from './sending-now.js';
import { type BatchNow, batchNow, batchWith, currentStatus } from './status.js';
import { todosByActor } from './todo-list.js';
import { limitsOf } from './wiring/limits.js';
import type { Store } from './wiring/store.js';

/** Of the newest so many, those that are not over come first. */
const LOOKED_AT = 40;
const SHOWN = 8;
const ACTORS_IN_ORDER = [...TO_CONTACT, ...TO_SETTLE];

export interface BatchToday extends BatchNow {
  /** How many rows are sent up to its last one: rows of older batches go before its own. */
  readonly toSend: number;
  /** The quota day on which the last row is sent that does not wait for a later day; undefined where there is none. */
  readonly sentBy: string | undefined;
  /** How many rows wait for a later day, or for the end of another row's task. */
  readonly later: number;
}

interface BatchInOrder extends BatchNow {
  /** Its row goes before all others. */
  readonly isCorrection: boolean;
}

export async function today(store: Store) {
  const asked = sendingNow(store);
  const [now, sending, nights, { batches, inAll }, hours, callsPerMinute, toSend, waiting] = await Promise.all([
    currentStatus(store, asked),
    asked,
    nightlyRuns(store),
    newestBatches(store, 0, LOOKED_AT),
    callsByHour(store),
    store.calls.lastMinute(),
    store.workload.toSendAround(Date.now()),
    todosByActor(store),
  ]);
  const known = withOutlook(store, batches, sending, now.toSend - now.toSendLater);
  const open = known.filter((it) => isOpen(it));
  const shown = [...open, ...known.filter((it) => !isOpen(it))].slice(0, SHOWN);
  const { left } = forCreates(sending, limitsOf(store.settings));
  return {
    now,
    waitingFor: ACTORS_IN_ORDER.flatMap((who) => {
      const count = waiting.byActor.get(who) ?? 0;
      return count > 0 ? [{ who, count }] : [];
    }),
    isReadingTodos: !waiting.isRead,
    nights,
    batches: shown,
    batchesInAll: inAll,
    hours,
    pace: throughput(callsPerMinute, { ready: toSend.soon, later: toSend.later }, left),
  };
}

async function newestBatches(
  { batches }: Pick<Store, 'batches'>,
  from: number,
  most: number,
): Promise<{ batches: BatchInOrder[]; inAll: number }> {
  const found = await batches.newest(from, most);
  return {
    batches: found.batches.map(({ batch, counts }) => inOrder(batch, batchWith(batch, counts))),
    inAll: found.inAll,
  };
}

function inOrder({ correction }: Batch, now: BatchNow): BatchInOrder {
  return { ...now, isCorrection: correction !== undefined };
}

/**
 * When the last row of each is sent, at today's quota: of all rows that are to be sent, only rows of newer sheets go after it.
 *
 * @param batches the newest first
 * @param allToSend rows of all batches that do not wait for a later day
 * @param newer such rows of sheets that are newer than these
 */
function withOutlook(
  { settings }: Pick<Store, 'settings'>,
  batches: readonly BatchInOrder[],
  sending: SendingStatus,
  allToSend: number,
  newer = 0,
): BatchToday[] {
  const at = Date.now();
  const creates = forCreates(sending, limitsOf(settings));
  let after = newer;
  return batches.map(({ isCorrection, ...batch }) => {
    const { unsent, soon } = batch;
    // A row of a newer sheet may share the registration of an older one.
    const toSend = soon === 0 || isCorrection ? soon : Math.max(allToSend - after, soon);
    if (!isCorrection) after += soon;
    const { sentBy } = outlook(toSend, creates.left, creates.limits, at);
    return { ...batch, toSend, sentBy, later: unsent - soon };
  });
}

/** One batch, with the date that {@link pageOfBatches} has for it. */
export async function batchToday(store: Store, batch: Batch): Promise<BatchToday | undefined> {
  const [now, sending] = await Promise.all([batchNow(store, batch), sendingNow(store)]);
  const [allToSend, newer] = now.soon === 0 ? [0, 0] : await Promise.all([toSendToday(store), newerThan(store, batch)]);
  return withOutlook(store, [inOrder(batch, now)], sending, allToSend, newer)[0];
}

/** Registrations that do not wait for a later day. */
async function toSendToday({ workload, settings }: Pick<Store, 'workload' | 'settings'>): Promise<number> {
  const { endsAt } = quotaDay(Date.now(), settings.quotaTimezone);
  return (await workload.toSendAround(endsAt)).soon;
}

/** Rows of newer sheets that are to be sent. */
async function newerThan(store: Pick<Store, 'batches'>, { id }: Batch): Promise<number> {
  let unsent = 0;
  for (let from = 0; ; from += LOOKED_AT) {
    const { batches } = await newestBatches(store, from, LOOKED_AT);
    const at = batches.findIndex(({ batch }) => batch === id);
    unsent += unsentOfSheets(at < 0 ? batches : batches.slice(0, at));
    if (at >= 0 || batches.length < LOOKED_AT) return unsent;
  }
}

function unsentOfSheets(batches: readonly BatchInOrder[]): number {
  return batches.reduce((sum, { soon, isCorrection }) => sum + (isCorrection ? 0 : soon), 0);
}

function isOpen({ outcomes, complete }: BatchNow): boolean {
  return !complete || (outcomes.pending ?? 0) > 0;
}

/** The newest first. */
export async function pageOfBatches(
  store: Store,
  from: number,
  most: number,
): Promise<{ batches: BatchToday[]; inAll: number }> {
  const [{ batches, inAll }, sending, allToSend] = await Promise.all([
    newestBatches(store, from, most),
    sendingNow(store),
    toSendToday(store),
  ]);
  const needsNewer = from > 0 && batches.some(({ soon }) => soon > 0);
  const newer = needsNewer ? unsentOfSheets((await newestBatches(store, 0, from)).batches) : 0;
  return { batches: withOutlook(store, batches, sending, allToSend, newer), inAll };
}
