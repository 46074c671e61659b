import type { Counts } from '../domain/batch.js';
import type { Night } from '../domain/night.js';
import { type NightPlan, runNight } from '../nights/night.js';
import { needAPerson, sum } from '../reporter/tally.js';
import { type SendEvents, sendAndListen } from './send-and-listen.js';
import { nightToolsOf } from './wiring/nights.js';
import type { Store } from './wiring/store.js';

export interface NightResult {
  readonly night: Night;
  readonly counts: Counts;
  /** Rows that wait for a person. */
  readonly needing: number;
}

/** Undefined where another night works on this inbox. */
export async function runNightNow(
  store: Store,
  plan: NightPlan,
  signal: AbortSignal,
  events: () => SendEvents,
): Promise<NightResult | undefined> {
  const untilSubmitted = plan.until === 'submitted';
  // Until the night has ended: under cron, no other process would post that.
  const notifying = await store.notifying();
  const night = await runNight(
    nightToolsOf(store, store.redis),
    plan,
    (batches, held) => sendAndListen(store, { batches, untilSubmitted, signal: held, running: 'passing' }, events()),
    signal,
  ).finally(() => notifying.close());
  if (night === undefined) return undefined;
  const counts = sum(await Promise.all(night.files.map(({ batch }) => store.batches.counts(batch))));
  return { night, counts, needing: needAPerson(counts) };
}
