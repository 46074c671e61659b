/** How long it will take: the quota day on which the last `create` is sent, if every day is like this one. */
import { quotaDay } from '../domain/calendar.js';
import type { Limits } from '../domain/limits.js';

export interface Outlook {
  /** Registrations that still have to be sent. */
  readonly toSend: number;
  /** e.g. `2026-11-25`; absent if nothing has to be sent. */
  readonly sentBy?: string;
  /** Quota days on which something is sent, this one included if it has calls left. */
  readonly days: number;
}

const MINUTES_OF_A_DAY = 1440;
const DAY_MS = 86_400_000;

/** `left`: calls that the present day has left, without the calls reserved for follow-ups. */
export function outlook(toSend: number, left: number, limits: Limits, now: number): Outlook {
  if (toSend === 0) return { toSend, days: 0 };
  const perDay = createsPerDay(limits);
  const leftToday = Math.max(perDay - (limits.perDay - left), 0);
  const further = Math.ceil(Math.max(toSend - leftToday, 0) / perDay);
  const today = Date.parse(quotaDay(now, limits.timezone).day);
  const sentBy = new Date(today + further * DAY_MS).toISOString().slice(0, 10);
  return { toSend, sentBy, days: further + (leftToday > 0 ? 1 : 0) };
}

/** The quota, or what the sending hours have time for. What falls due on a later day is not known yet. */
function createsPerDay(limits: Limits): number {
  const { fromMinute, untilMinute } = limits.sendingHours;
  const open = (untilMinute - fromMinute + MINUTES_OF_A_DAY) % MINUTES_OF_A_DAY || MINUTES_OF_A_DAY;
  return Math.max(1, Math.min(limits.perDay, limits.perMinute * open));
}
