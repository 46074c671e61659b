/** Rows of a batch, counted by what matters to the person who waits for it. */

import { byOutcome, type Counts, countOf } from '../domain/batch.js';
import { WAITS, type Wait } from '../domain/registration.js';

export function sum(all: readonly Counts[]): Counts {
  const total: Record<string, number> = {};
  for (const counts of all)
    for (const [name, count] of Object.entries(counts)) total[name] = (total[name] ?? 0) + count;
  return total;
}

/** Rows that may still be sent while a person waits for the batch: not rows that wait for tomorrow. */
export function toBeSentSoon(counts: Counts): number {
  const overnight = Object.entries(counts)
    .filter(([name]) => name.startsWith('deferred/') && WAITS[name.slice('deferred/'.length) as Wait]?.overnight)
    .reduce((total, [, count]) => total + count, 0);
  return countOf(counts, 'queued') + countOf(counts, 'deferred') - overnight;
}

/** Rows that WeChat may still settle by a push. */
export function underWay(counts: Counts): number {
  return countOf(counts, 'submitting') + countOf(counts, 'awaiting_legal_person');
}

export function unsent(counts: Counts): number {
  return countOf(counts, 'queued') + countOf(counts, 'deferred');
}

export function needAPerson(counts: Counts): number {
  const { invalid = 0, rejected = 0, expired = 0, needs_review = 0 } = byOutcome(counts);
  return invalid + rejected + expired + needs_review;
}
