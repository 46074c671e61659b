/** What a team lead looks at in the morning: what is going on, whose turn it is, which batches are not over. */
import { outlook } from '../reporter/outlook.js';
import { forCreates, type SendingStatus } from '../reporter/sending-status.js';
import { TO_CONTACT, TO_SETTLE } from '../reporter/todo.js';
import { callsByHour, throughput } from './pace.js';
import { nightlyRuns } from './schedule.js';
import { sendingNow } from './sending-now.js';
import { type BatchNow, batchWith, currentStatus } from './status.js';
import { todosByActor } from './todo-list.js';
import { limitsOf } from './wiring/limits.js';
import type { Store } from './wiring/store.js';

/** Of the newest so many, those that are not over come first. */
const LOOKED_AT = 40;
const SHOWN = 8;
const ACTORS_IN_ORDER = [...TO_CONTACT, ...TO_SETTLE];

export interface BatchToday extends BatchNow {
  /** The quota day on which its last row is sent, if nothing goes before it; undefined where all are. */
  readonly sentBy: string | undefined;
}

export async function today(store: Store) {
  const asked = sendingNow(store);
  const [now, sending, nights, { batches, inAll }, hours, callsPerMinute, waiting] = await Promise.all([
    currentStatus(store, asked),
    asked,
    nightlyRuns(store),
    newestBatches(store, 0, LOOKED_AT),
    callsByHour(store),
    store.calls.lastMinute(),
    todosByActor(store),
  ]);
  const open = batches.filter((it) => isOpen(it));
  const shown = [...open, ...batches.filter((it) => !isOpen(it))].slice(0, SHOWN);
  const { left } = forCreates(sending, limitsOf(store.settings));
  return {
    now,
    waitingFor: ACTORS_IN_ORDER.flatMap((who) => {
      const count = waiting.byActor.get(who) ?? 0;
      return count > 0 ? [{ who, count }] : [];
    }),
    isReadingTodos: !waiting.isRead,
    nights,
    batches: withOutlook(store, shown, sending),
    batchesInAll: inAll,
    hours,
    pace: throughput(callsPerMinute, now.toSend, left),
  };
}

async function newestBatches(
  { batches }: Pick<Store, 'batches'>,
  from: number,
  most: number,
): Promise<{ batches: BatchNow[]; inAll: number }> {
  const found = await batches.newest(from, most);
  return { batches: found.batches.map(({ batch, counts }) => batchWith(batch, counts)), inAll: found.inAll };
}

/** How long each would take by itself, at today's quota. */
export function withOutlook(
  { settings }: Pick<Store, 'settings'>,
  batches: readonly BatchNow[],
  sending: SendingStatus,
): BatchToday[] {
  const at = Date.now();
  const creates = forCreates(sending, limitsOf(settings));
  return batches.map((batch) => ({
    ...batch,
    sentBy: outlook(batch.unsent, creates.left, creates.limits, at).sentBy,
  }));
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
  const [{ batches, inAll }, sending] = await Promise.all([newestBatches(store, from, most), sendingNow(store)]);
  return { batches: withOutlook(store, batches, sending), inAll };
}
