/** One process that sends batches and waits for what becomes of them. */
import type { Counts } from '../domain/batch.js';
import { liveOf } from '../domain/presence.js';
import type { State } from '../domain/registration.js';
import { openHeartbeats } from '../redis/heartbeat.js';
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
  /** Merchants under way whose pushes no process receives now: of other sheets, or corrections of this one. */
  readonly unheard: number;
}

export async function run(store: Store, options: SendOptions, events?: SendEvents): Promise<RunResult> {
  const ending = await sendAndListen(store, options, events);
  const counts = sum(await Promise.all(options.batches.map((id) => store.batches.counts(id))));
  const blockedReason = ending === 'stopped' ? (await sendingNow(store)).blockedReason : undefined;
  const unheard = ending === 'done' || ending === 'submitted' ? await underWayUnheard(store) : 0;
  return { ending, counts, needing: needAPerson(counts), blockedReason, unheard };
}

const UNDER_WAY: readonly State[] = ['queued', 'deferred', 'submitting', 'awaiting_legal_person'];

/** This process receives nothing any more. */
async function underWayUnheard({ redis, workload }: Pick<Store, 'redis' | 'workload'>): Promise<number> {
  const states = await workload.states();
  const count = UNDER_WAY.reduce((sum, state) => sum + (states[state] ?? 0), 0);
  if (count === 0) return 0;
  return liveOf(await openHeartbeats(redis).presence(), 'receiver').length > 0 ? 0 : count;
}
