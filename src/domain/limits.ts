/** How much may be asked of WeChat: the operator's limits, and those that are WeChat's own. */
import { closedForMs, quotaDay, type SendingHours } from './calendar.js';

/** Calls are `create` and `search` together. */
export interface Limits {
  readonly perSecond: number;
  readonly perMinute: number;
  readonly perDay: number;
  /** What WeChat tells of the day (`quota/get`) goes before `perDay`. */
  readonly believeWeChat: boolean;
  /** Part of the day's calls, 0 to 1, that is kept for finding out what became of silent registrations. */
  readonly searchShare: number;
  readonly timezone: string;
  readonly sendingHours: SendingHours;
  /** The same surprising answer so many times in a row stops the line. */
  readonly stopAfter: number;
}

/** WeChat counts five calls a day for one Weixin ID, failures too (91030). */
export const TRIES_PER_PERSON_AND_DAY = 5;

/** WeChat ends a task after 24 hours, and the link for its legal person (`authorize_url`) with it. */
export const LONGEST_TASK_MS = 24 * 3_600_000;

/** An authorization code is good for one exchange, ten minutes long (WeChat's support); what WeChat itself says goes before. */
export const AUTH_CODE_LIVES_MS = 10 * 60_000;

/**
 * How often a registration is sent again by itself because the answer with its link was lost and its task is over. Answers
 * that get lost twice in a row have a cause, such as a proxy, and each attempt costs the merchant another day.
 */
export const MOST_RESENDS_OF_A_LOST_LINK = 1;

/** Calls of the day that only `search` may use. */
export function searchReserve(limits: Limits): number {
  return Math.floor(limits.perDay * limits.searchShare);
}

/**
 * Exchanges of auth_codes a second, beside `create` and `search`: another quota of WeChat, and a code lives ten minutes,
 * so that neither may wait for the other.
 */
export function exchangesPerSecond(limits: Limits): number {
  return Math.ceil(limits.perSecond / 2);
}

export interface SendingWindow {
  readonly day: string;
  /** ms since 1970 */
  readonly dayEndsAt: number;
  /** How long sending is closed, in ms; 0 while it is open. */
  readonly closedMs: number;
}

export function sendingWindow(limits: Limits, now: number): SendingWindow {
  const { day, endsAt } = quotaDay(now, limits.timezone);
  return { day, dayEndsAt: endsAt, closedMs: closedForMs(now, limits.timezone, limits.sendingHours) };
}
