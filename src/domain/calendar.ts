/** Days and hours on the clock of a time zone: the quota day and the sending hours. Times are milliseconds since 1970. */

export interface QuotaDay {
  /** `2026-11-21`, in the quota's time zone. */
  readonly day: string;
  readonly endsAt: number;
}

/** Minutes after midnight; `untilMinute` is exclusive and may be 1440. A window may go over midnight. */
export interface SendingHours {
  readonly fromMinute: number;
  readonly untilMinute: number;
}

const MINUTE = 60_000;

export function quotaDay(now: number, timeZone: string): QuotaDay {
  const day = dateOf(now, timeZone);
  return { day, endsAt: nextMidnight(now, timeZone, day) };
}

/** 0 while sending is open, otherwise how long until it opens. */
export function closedForMs(now: number, timeZone: string, hours: SendingHours): number {
  const minute = minuteOfDay(now, timeZone);
  const open =
    hours.fromMinute <= hours.untilMinute
      ? minute >= hours.fromMinute && minute < hours.untilMinute
      : minute >= hours.fromMinute || minute < hours.untilMinute;
  if (open) return 0;
  const minutesToGo = (hours.fromMinute - minute + 1440) % 1440;
  return minutesToGo * MINUTE - (now % MINUTE);
}

function dateOf(now: number, timeZone: string): string {
  return formatter(timeZone).format(now).slice(0, 10);
}

function minuteOfDay(now: number, timeZone: string): number {
  const clock = formatter(timeZone).format(now).slice(-5);
  return Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));
}

/** A day has 23 to 25 hours where clocks change, so the end is looked for, not added. */
function nextMidnight(now: number, timeZone: string, day: string): number {
  let before = now;
  let after = now + 25 * 60 * MINUTE;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (dateOf(middle, timeZone) === day) before = middle;
    else after = middle;
  }
  return after;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/** sv-SE writes `2026-11-21 09:05`. */
function formatter(timeZone: string): Intl.DateTimeFormat {
  let known = formatters.get(timeZone);
  if (known === undefined) {
    known = new Intl.DateTimeFormat('sv-SE', {
      timeZone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    });
    formatters.set(timeZone, known);
  }
  return known;
}

const DAY = 24 * 60 * MINUTE;

/** Saturdays and Sundays (UTC) do not count; public holidays are not known here. */
export function afterWorkingDays(from: number, days: number): number {
  let at = from;
  for (let left = days; left > 0; ) {
    at += DAY;
    const weekday = new Date(at).getUTCDay();
    if (weekday !== 0 && weekday !== 6) left -= 1;
  }
  return at;
}
