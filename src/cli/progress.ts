/** How far a batch is, from its counts. */
import type { Store } from '../app/wiring/store.js';
import { byOutcome, type Counts, countOf } from '../domain/batch.js';
import type { State } from '../domain/registration.js';
import { exchangesUnderWay } from '../reporter/ending.js';

/** A row that is due within this time is worth waiting for; one that waits for tomorrow is not. */
const SOON_MS = 3_600_000;

export async function nothingLeftToSend({ workload }: Pick<Store, 'workload'>): Promise<boolean> {
  return !(await workload.isSending(Date.now() + SOON_MS)) && (await exchangesUnderWay({ workload })) === 0;
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
