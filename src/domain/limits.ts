/** How many calls may be made to WeChat: the operator's limits, and WeChat's own. */
import { closedForMs, quotaDay, type SendingHours } from './calendar.js';

/** Calls are `create` and `search` together. */
export interface Limits {
  readonly perSecond: number;
  readonly perMinute: number;
  readonly perDay: number;
  /** WeChat's number for the day (`quota/get`) goes before `perDay`. */
  readonly believeWeChat: boolean;
  /** Part of the day's calls, 0 to 1, that is reserved at most for finding out what became of silent registrations. */
  readonly searchShare: number;
  /** Times of the checks whether a day that is shut has calls again (patience.ts, quotaRechecksMs). */
  readonly quotaRechecksMs: readonly number[];
  readonly timezone: string;
  readonly sendingHours: SendingHours;
  /** How many merchants in a row that meet the same fault of WeChat stop the line. */
  readonly stopAfter: number;
}

/** WeChat counts five calls a day for one Weixin ID, failures too (91030). */
export const TRIES_PER_PERSON_AND_DAY = 5;

/** What a row that is tried again may use of them: the others are left for a correction on the same day. */
export const TRIES_OF_A_RETRY = 3;

/** WeChat ends a task after 24 hours, and the link for its legal person (`authorize_url`) with it. */
export const LONGEST_TASK_MS = 24 * 3_600_000;

/** An authorization code is good for one exchange, ten minutes long (WeChat's support); what WeChat itself says goes before. */
export const AUTH_CODE_LIVES_MS = 10 * 60_000;

/**
 * How often a registration is sent again by itself because the answer with its link was lost and its task is over. Answers
 * that get lost twice in a row have a cause, such as a proxy, and each attempt costs the merchant another day.
 */
export const MOST_RESENDS_OF_A_LOST_LINK = 1;

/**
 * Clocks that differ by less count as alike: WeChat's, of which we know a `Date` in whole seconds that was on its way for a while,
 * and those of our own machines.
 */
export const CLOCKS_AGREE_MS = 2_000;

/** A call that WeChat accepted is over after so long, by clocks that may differ a little more than usual. */
export const CALL_IS_OVER_MS = 60_000;

/** The most calls of the day that are reserved for `search`; how many are reserved depends on what falls due (day.lua). */
export function searchReserve(limits: Limits): number {
  return Math.floor(limits.perDay * limits.searchShare);
}

/** The limits that the Lua scripts need for one day. */
export function budgetOfDay(limits: Limits) {
  const { perSecond, perMinute, perDay, believeWeChat } = limits;
  return { perSecond, perMinute, perDay, believe: believeWeChat, reserve: searchReserve(limits) };
}

/**
 * Calls that the day allows; day.lua (calls_of_day) computes the same. WeChat's number can lower a fixed limit and never
 * raises it, but calls that WeChat no longer counts are not counted against it either.
 */
export function callsOfDay(
  { perDay, believeWeChat }: Pick<Limits, 'perDay' | 'believeWeChat'>,
  { reported, cleared = 0 }: { readonly reported?: { readonly limit: number } | undefined; readonly cleared?: number },
): number {
  if (believeWeChat) return reported?.limit ?? perDay;
  return Math.min(perDay + cleared, reported?.limit ?? Number.POSITIVE_INFINITY);
}

/** How long `run` waits for a day that WeChat has closed. */
export function quotaPatienceMs({ quotaRechecksMs }: Pick<Limits, 'quotaRechecksMs'>): number {
  return quotaRechecksMs[2] ?? 0;
}

/**
 * Exchanges of auth_codes a second, beside `create` and `search`: another quota of WeChat, and a code lives ten minutes,
 * so that neither may wait for the other. As many as calls: every create can bring a code, and with fewer the codes of a
 * long run would pile up until they die.
 */
export function exchangesPerSecond({ perSecond }: Pick<Limits, 'perSecond'>): number {
  return perSecond;
}

export interface SendingWindow {
  readonly day: string;
  /** ms since 1970 */
  readonly dayEndsAt: number;
  /** How long sending is closed, in ms; 0 while it is open. */
  readonly closedMs: number;
}

export function sendingWindow(limits: Limits, now: number): SendingWindow {
  if (last.limits !== limits || last.now !== now) {
    const { day, endsAt } = quotaDay(now, limits.timezone);
    const window = { day, dayEndsAt: endsAt, closedMs: closedForMs(now, limits.timezone, limits.sendingHours) };
    last = { limits, now, window };
  }
  return last.window;
}

/** Many calls ask in the same millisecond. */
let last: { readonly limits?: Limits; readonly now: number; readonly window: SendingWindow } = {
  now: Number.NaN,
  window: { day: '', dayEndsAt: 0, closedMs: 0 },
};
