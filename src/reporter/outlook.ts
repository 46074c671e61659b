/** How long it will take: the quota day on which the last `create` is sent, if every day is like this one. */
import { quotaDay } from '../domain/calendar.js';
import { type Limits, searchReserve } from '../domain/limits.js';

export interface Outlook {
  /** Registrations that are to be sent. */
  readonly toSend: number;
  /** e.g. `2026-11-25`; absent where there is nothing to send. */
  readonly sentBy?: string;
}

const MINUTES_OF_A_DAY = 1440;
/** A year of days is no forecast any more. */
const DAYS_FORESEEN = 365;

export function outlook(toSend: number, used: number, limits: Limits, now: number): Outlook {
  if (toSend === 0) return { toSend };
  const perDay = createsPerDay(limits);
  let left = toSend - Math.max(perDay - used, 0);
  let { day, endsAt } = quotaDay(now, limits.timezone);
  for (let days = 0; left > 0 && days < DAYS_FORESEEN; days += 1) {
    left -= perDay;
    ({ day, endsAt } = quotaDay(endsAt, limits.timezone));
  }
  return { toSend, sentBy: day };
}

/** What the quota leaves beside the searches, or what the sending hours have time for. */
function createsPerDay(limits: Limits): number {
  const { fromMinute, untilMinute } = limits.sendingHours;
  const open = (untilMinute - fromMinute + MINUTES_OF_A_DAY) % MINUTES_OF_A_DAY || MINUTES_OF_A_DAY;
  return Math.max(1, Math.min(limits.perDay - searchReserve(limits), limits.perMinute * open));
}
