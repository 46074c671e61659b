/** Whether anything of some batches is still worth waiting for. */

import type { Counts } from '../domain/batch.js';
import type { Limits } from '../domain/limits.js';
import type { Batches } from '../redis/ledger/batches.js';
import type { Workload } from '../redis/ledger/workload.js';
import { type CallsNow, type SendingStatus, sendingStatus } from './sending-status.js';
import { sum, toBeSentSoon, underWay, unsent } from './tally.js';

interface Tools {
  readonly batches: Pick<Batches, 'counts'>;
  readonly calls: CallsNow;
  readonly workload: Pick<Workload, 'inHand' | 'dueUntil' | 'searchesDue'>;
}

export interface BatchProgress {
  readonly counts: Counts;
  readonly now: SendingStatus;
  /** `done`: every row has its outcome. `submitted`: nothing is left to send before tomorrow. `stopped`: nothing goes on by itself. */
  readonly ending?: 'done' | 'submitted' | 'stopped';
}

export async function batchProgress(
  tools: Tools,
  limits: Limits,
  batches: readonly string[],
  untilSubmitted: boolean,
): Promise<BatchProgress> {
  // First what is left of the day, then the rows: what has spent it meanwhile is seen to be under way.
  const now = await sendingStatus(tools.calls, limits, Date.now());
  const counts = sum(await Promise.all(batches.map((batch) => tools.batches.counts(batch))));
  const exchanges = await exchangesUnderWay(tools);
  if (unsent(counts) + underWay(counts) + exchanges === 0) return { counts, now, ending: 'done' };
  // A push that is on its way may come only once: the process keeps listening for it, even if nothing more can be sent.
  const mayExchange = exchanges > 0 && !now.blockedReason?.problem.startsWith('token:');
  if (now.stopped && !mayExchange && (await onlyTheLineIsWaitedFor(tools, counts, untilSubmitted))) {
    return { counts, now, ending: 'stopped' };
  }
  const isSubmitted = toBeSentSoon(counts) === 0 && !submitting(counts) && exchanges === 0;
  return untilSubmitted && isSubmitted ? { counts, now, ending: 'submitted' } : { counts, now };
}

/**
 * Exchanges of auth_codes that are under way: a code lives ten minutes, and no other process may be there to exchange
 * it.
 */
export async function exchangesUnderWay({ workload }: Pick<Tools, 'workload'>): Promise<number> {
  const [inHand, later] = await Promise.all([
    workload.inHand('authorize'),
    workload.dueUntil('authorize', Number.POSITIVE_INFINITY),
  ]);
  return inHand + later;
}

/** Nothing comes by itself any more: what is not sent waits for the line, and what stays silent for its search. */
async function onlyTheLineIsWaitedFor({ workload }: Tools, counts: Counts, untilSubmitted: boolean): Promise<boolean> {
  if (untilSubmitted && unsent(counts) > 0) return true;
  return underWay(counts) <= (await workload.searchesDue());
}

function submitting(counts: Readonly<Record<string, number>>): boolean {
  return (counts.submitting ?? 0) > 0;
}
