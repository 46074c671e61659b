/**
 * Whose clock counts. Redis' clock is the ledger's: waits, quota days and permits begin and end by it. A worker dates its facts by the
 * clock of its own machine, and a push is compared with them by WeChat's. So a worker may be wrong by little only: with a clock that is
 * days behind, what it has just sent is overdue at once, and closed.
 */

/** Waits last for minutes or for a day: a smaller difference ends none of them wrongly, and is no reason to send nothing. */
export const MOST_CLOCK_ERROR_MS = 600_000;

/**
 * How far our clock is ahead of another one at least, in ms; negative: behind. The other clock was read between `before` and `after` of
 * ours, so neither a slow network nor a machine that was frozen meanwhile makes a difference of its own.
 */
export function clockAhead(before: number, theirs: number, after: number): number {
  return theirs < before ? before - theirs : Math.min(after - theirs, 0);
}

export function isClockWrong(aheadMs: number): boolean {
  return Math.abs(aheadMs) > MOST_CLOCK_ERROR_MS;
}
