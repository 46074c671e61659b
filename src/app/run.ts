/** One process that sends batches and waits for what becomes of them. */
import type { Counts } from '../domain/batch.js';
import type { BlockedReason } from '../reporter/sentences.js';
import { needAPerson, sum } from '../reporter/tally.js';
import { type Ending, type SendEvents, type SendOptions, sendAndListen } from './send-and-listen.js';
import { sendingNow } from './sending-now.js';
import type { Store } from './wiring/store.js';

export interface RunResult {
  readonly ending: Ending;
  readonly counts: Counts;
  /** Rows that wait for a person. */
  readonly needing: number;
  /** Where nothing can be sent until a person, or the next day, changes that. */
  readonly blockedReason: BlockedReason | undefined;
}

export async function run(store: Store, options: SendOptions, events?: SendEvents): Promise<RunResult> {
  const ending = await sendAndListen(store, options, events);
  const counts = sum(await Promise.all(options.batches.map((id) => store.batches.counts(id))));
  const blockedReason = ending === 'stopped' ? (await sendingNow(store)).blockedReason : undefined;
  return { ending, counts, needing: needAPerson(counts), blockedReason };
}
