/** Counts what arrived and what was answered, so that a test can say "never a second create". */

export type Counts = Record<string, number>;

export interface Tally {
  arrived(atMs: number): void;
  answered(path: string, action: string, label: string): void;
  readonly calls: Record<string, Record<string, Counts>>;
  peaks(): { perSecond: number; perMinute: number };
}

export function startTally(): Tally {
  const calls: Record<string, Record<string, Counts>> = {};
  const second = slidingPeak(1_000);
  const minute = slidingPeak(60_000);
  return {
    calls,
    arrived(atMs) {
      second.mark(atMs);
      minute.mark(atMs);
    },
    answered(path, action, label) {
      calls[path] ??= {};
      const actions = calls[path];
      actions[action] ??= {};
      addOne(actions[action], label);
    },
    peaks: () => ({ perSecond: second.peak(), perMinute: minute.peak() }),
  };
}

export function addOne(counts: Counts, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

/** The most marks that ever fell into one window, wherever the window is laid. */
function slidingPeak(windowMs: number) {
  let marks: number[] = [];
  let first = 0;
  let highest = 0;
  return {
    mark(atMs: number) {
      marks.push(atMs);
      while ((marks[first] ?? atMs) <= atMs - windowMs) first += 1;
      highest = Math.max(highest, marks.length - first);
      if (first > 1_000 && first > marks.length / 2) {
        marks = marks.slice(first);
        first = 0;
      }
    },
    peak: () => highest,
  };
}
