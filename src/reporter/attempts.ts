/** The attempts of a registration: each `create` that was sent, and what it came to. */
import type { FactKind, State } from '../domain/registration.js';
import type { HistoryEntry } from '../domain/snapshot.js';

export interface Attempt {
  /** ms since 1970 */
  readonly sentAt: number;
  /** When that was reported which is its result so far. */
  readonly settledAt?: number;
  /** The fact of that result; absent while nothing was answered. */
  readonly fact?: FactKind;
  readonly to?: State;
  readonly problem?: string;
  readonly said?: string;
  readonly appid?: string;
}

/** They begin what comes next: the attempt before them keeps its result. */
const BEGINS_ANOTHER: ReadonlySet<FactKind> = new Set(['row_accepted', 'retry_asked', 'cancel_asked', 'create_held']);

/** In their order. */
export function attemptsIn(history: readonly HistoryEntry[]): Attempt[] {
  const attempts: Attempt[] = [];
  let isOpen = false;
  for (const entry of history) {
    if (entry.kind === 'create_sent') {
      attempts.push({ sentAt: entry.at });
      isOpen = true;
    } else if (BEGINS_ANOTHER.has(entry.kind)) {
      // A row that joins, or waits, changes nothing of the attempt.
      if (entry.to !== undefined) isOpen = false;
    } else if (isOpen && entry.to !== undefined) {
      const { at: settledAt, kind: fact, to, problem, said, appid } = entry;
      const last = attempts.pop();
      if (last === undefined) continue;
      attempts.push({
        ...last,
        settledAt,
        fact,
        to,
        ...(problem !== undefined && { problem }),
        ...(said !== undefined && { said }),
        ...(appid !== undefined && { appid }),
      });
    }
  }
  return attempts;
}
