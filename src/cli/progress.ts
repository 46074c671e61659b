/** How far a batch is, from its counts. */
import type { Store } from '../app.js';
import { type Outcome, STATES, type State, WAITS, type Wait } from '../domain/registration.js';
import { type Counts, countOf } from '../redis/batches.js';

/** A row that is due within this time is worth waiting for; one that waits for tomorrow is not. */
const SOON_MS = 3_600_000;

export async function nothingLeftToSend(store: Store): Promise<boolean> {
  const { workload } = store;
  const [inHand, soon] = await Promise.all([
    workload.inHand('submit'),
    workload.dueUntil('submit', Date.now() + SOON_MS),
  ]);
  return inHand === 0 && soon === 0 && (await exchangesUnderWay(store)) === 0;
}

/** Exchanges of auth_codes that are under way: a code lives ten minutes, and nobody else may be there to exchange it. */
export async function exchangesUnderWay({ workload }: Store): Promise<number> {
  const [inHand, later] = await Promise.all([
    workload.inHand('authorize'),
    workload.dueUntil('authorize', Number.POSITIVE_INFINITY),
  ]);
  return inHand + later;
}

export function sum(all: readonly Counts[]): Counts {
  const total: Record<string, number> = {};
  for (const counts of all)
    for (const [name, count] of Object.entries(counts)) total[name] = (total[name] ?? 0) + count;
  return total;
}

/** Rows by the outcome that the report gives them. */
export function byOutcome(counts: Counts): Partial<Record<Outcome, number>> {
  const outcomes: Partial<Record<Outcome, number>> = {};
  for (const [name, count] of Object.entries(counts)) {
    const state = name.split('/')[0] as State;
    const outcome = (STATES[state] as { outcome: Outcome } | undefined)?.outcome ?? (name as Outcome);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + count;
  }
  return outcomes;
}

/** Rows that may still be sent while somebody waits for it: not those that wait for tomorrow. */
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

/** `38/41 done · 3 queued · 120 of 1000 calls today` */
export function progressLine(counts: Counts, calls: { used: number; limit: number }): string {
  const outcomes = byOutcome(counts);
  const rows = Object.values(outcomes).reduce((total, count) => total + count, 0);
  const parts = [`${rows - (outcomes.pending ?? 0)}/${rows} done`];
  const shown: readonly State[] = ['queued', 'submitting', 'deferred', 'awaiting_legal_person'];
  for (const state of shown) {
    const count = countOf(counts, state);
    if (count > 0) parts.push(`${count} ${state.replaceAll('_', ' ')}`);
  }
  parts.push(`${calls.used} of ${calls.limit} calls today`);
  return parts.join(' · ');
}
