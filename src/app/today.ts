/** What a team lead looks at in the morning: what is going on, whose turn it is, which batches are not over. */
import { STATES, type State } from '../domain/registration.js';
import type { Actor } from '../domain/words.js';
import { outlook } from '../reporter/outlook.js';
import { forCreates, sendingStatus } from '../reporter/sending-status.js';
import { listSchedules } from './schedule.js';
import { type BatchNow, batchNow, situation } from './status.js';
import { limitsOf } from './wiring/limits.js';
import type { Store } from './wiring/store.js';

/** Of the newest so many, those that are not over come first. */
const LOOKED_AT = 40;
const SHOWN = 8;

export interface BatchToday extends BatchNow {
  /** The quota day on which its last row is sent, if nothing goes before it; undefined where all are. */
  readonly sentBy: string | undefined;
}

export async function today(store: Store) {
  const [now, states, schedules, batches] = await Promise.all([
    situation(store),
    store.workload.states(),
    listSchedules(store),
    newestBatches(store),
  ]);
  return { now, waitingFor: waitingFor(states), schedules, ...batches };
}

async function newestBatches(store: Store): Promise<{ batches: BatchToday[]; batchesInAll: number }> {
  const ids = await store.batches.list();
  const found = await Promise.all(ids.slice(-LOOKED_AT).reverse().map(store.batches.find));
  const all = await Promise.all(found.filter((it) => it !== undefined).map((batch) => batchNow(store, batch)));
  const open = all.filter((it) => isOpen(it));
  const shown = [...open, ...all.filter((it) => !isOpen(it))].slice(0, SHOWN);
  return { batches: await withOutlook(store, shown), batchesInAll: ids.length };
}

/** How long each would take by itself, at today's quota. */
export async function withOutlook(store: Store, batches: readonly BatchNow[]): Promise<BatchToday[]> {
  const at = Date.now();
  const limits = limitsOf(store.settings);
  const creates = forCreates(await sendingStatus(store.calls, limits, at), limits);
  return batches.map((batch) => ({
    ...batch,
    sentBy: outlook(batch.unsent, creates.left, creates.limits, at).sentBy,
  }));
}

function isOpen({ outcomes, complete }: BatchNow): boolean {
  return !complete || (outcomes.pending ?? 0) > 0;
}

/**
 * Registrations on which a side has to act, by state. Registrations that are over, or wait for us alone, are in no
 * line.
 */
function waitingFor(states: Readonly<Record<string, number>>): { who: Actor; state: State; count: number }[] {
  return (Object.keys(STATES) as State[]).flatMap((state) => {
    const { acts: who, outcome } = STATES[state];
    const count = states[state] ?? 0;
    const goesOnByItself = outcome === 'pending' && who === 'us';
    return count > 0 && who !== 'nobody' && !goesOnByItself ? [{ who, state, count }] : [];
  });
}

/** The newest first. */
export async function pageOfBatches(
  store: Store,
  from: number,
  most: number,
): Promise<{ batches: BatchToday[]; inAll: number }> {
  const ids = (await store.batches.list()).reverse();
  const found = await Promise.all(ids.slice(from, from + most).map(store.batches.find));
  const all = await Promise.all(found.filter((it) => it !== undefined).map((batch) => batchNow(store, batch)));
  return { batches: await withOutlook(store, all), inAll: ids.length };
}
