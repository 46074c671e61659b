/**
 * How many calls may still be made today, and in this minute. Windows are WeChat's: its day and a minute of the clock.
 */

import { beijingDay, MINUTE_MS } from './timeline.js';

/** Creates a day and Weixin ID; refused ones count. */
const DAILY_TRIES_PER_WEIXIN_ID = 5;

/** clear_quota works so often in a month; a simulator does not live longer. */
const CLEARINGS = 10;

/** What quota/get says when no limit is set: it has no word for "unlimited". */
const UNLIMITED_DAILY_CALLS = 1_000_000_000;

export interface Budgets {
  /** 45009, 45011 or 0. A refused call uses nothing. */
  takeCall(path: string): number;
  /** 91030 or 0. */
  takeTry(weixinId: string): number;
  quota(path: string): { daily_limit: number; used: number; remain: number };
  /** So many calls of the day count as made, of this path and by any program. */
  setUsed(path: string, count: number): void;
  /** clear_quota: the day's calls of every path count as not made. 48006 or 0. */
  clear(): number;
}

export interface BudgetLimits {
  readonly dailyCalls: number;
  readonly callsPerMinute: number;
  /** How long after midnight in Beijing the day begins. */
  readonly dayBeginsMs: number;
}

export function startBudgets(limits: BudgetLimits, now: () => number): Budgets {
  const days = countsIn(() => beijingDay(now() - limits.dayBeginsMs));
  const minutes = countsIn(() => Math.floor(now() / MINUTE_MS));
  const tries = countsIn(() => beijingDay(now() - limits.dayBeginsMs));
  let clearings = 0;
  return {
    takeCall(path) {
      if (days.used(path) >= limits.dailyCalls) return 45009;
      if (minutes.used(path) >= limits.callsPerMinute) return 45011;
      days.use(path);
      minutes.use(path);
      return 0;
    },
    takeTry(weixinId) {
      const who = weixinId.toLowerCase();
      if (tries.used(who) >= DAILY_TRIES_PER_WEIXIN_ID) return 91030;
      tries.use(who);
      return 0;
    },
    quota(path) {
      const limit = Number.isFinite(limits.dailyCalls) ? limits.dailyCalls : UNLIMITED_DAILY_CALLS;
      const used = days.used(path);
      return { daily_limit: limit, used, remain: Math.max(0, limit - used) };
    },
    setUsed: days.set,
    clear() {
      if (clearings >= CLEARINGS) return 48006;
      clearings += 1;
      days.clear();
      return 0;
    },
  };
}

/** Uses per key in the current window; a new window forgets all of them. */
function countsIn(windowNow: () => number) {
  const counts = new Map<string, number>();
  let current = Number.NaN;

  function used(key: string): number {
    const window = windowNow();
    if (window !== current) counts.clear();
    current = window;
    return counts.get(key) ?? 0;
  }

  function set(key: string, count: number): void {
    // Whatever an older window had is forgotten first.
    used(key);
    counts.set(key, count);
  }

  return { used, set, use: (key: string) => set(key, used(key) + 1), clear: () => counts.clear() };
}
