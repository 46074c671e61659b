import type { Counts } from '../domain/batch.js';
import type { Night } from '../domain/night.js';
import { countsOfNight } from '../nights/counts-of-night.js';
import { type NightPlan, runNight, type Settle } from '../nights/night.js';
import { needAPerson } from '../reporter/tally.js';
import { sleep } from '../sleep.js';
import { type SendEvents, sendAndListen } from './send-and-listen.js';
import { nightToolsOf } from './wiring/nights.js';
import type { Store } from './wiring/store.js';

export interface NightResult {
  readonly night: Night;
  readonly counts: Counts;
  /** Rows that wait for a person. */
  readonly needing: number;
}

/** A process that writes the reports of earlier nights anew has the inbox for moments. */
const INBOX_WITHIN_MS = 20_000;
const LOOK_AGAIN_MS = 500;

/** Undefined where another night works on this inbox, and goes on with it. */
export async function runNightNow(
  store: Store,
  plan: NightPlan,
  signal: AbortSignal,
  events: () => SendEvents,
  inboxWithinMs = INBOX_WITHIN_MS,
): Promise<NightResult | undefined> {
  const untilSubmitted = plan.until === 'submitted';
  // Until the night has ended: under cron, no other process would post that.
  const notifying = await store.notifying();
  const settle: Settle = (batches, held) =>
    sendAndListen(store, { batches, untilSubmitted, signal: held, running: 'passing' }, events());
  const run = async (): Promise<Night | undefined> => {
    for (const deadline = Date.now() + inboxWithinMs; ; await sleep(LOOK_AGAIN_MS, signal)) {
      const night = await runNight(nightToolsOf(store, store.redis), plan, settle, signal);
      if (night !== undefined || Date.now() >= deadline || signal.aborted) return night;
    }
  };
  const night = await run().finally(() => notifying.close());
  if (night === undefined) return undefined;
  const counts = await countsOfNight(store.batches, night);
  return { night, counts, needing: needAPerson(counts) };
}
