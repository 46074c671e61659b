/** When nights are due, by cron expressions. */
import { CronExpressionParser } from 'cron-parser';
import type { Schedule } from '../domain/night.js';

type Clock = Pick<Schedule, 'at' | 'timezone'>;

/** @throws Error where `at` is no cron expression */
export function nextOccurrence({ at, timezone }: Clock, now: number): number {
  return parse(at, timezone, now).next().getTime();
}

/** How far back the newest of several missed times is looked for, one span after the other: a schedule may have a time a minute, or a year. */
const SPANS_MS = [3_600_000, 86_400_000, 32 * 86_400_000, Number.POSITIVE_INFINITY];

/**
 * The night that is due: the last occurrence of the schedule, even if no process ran then; undefined if it has begun
 * already. Only the way forward is asked for: on the day when clocks change, `prev` of cron-parser skips a time, has it twice or fails.
 */
export function dueOccurrence(schedule: Schedule, lastBegun: number, now: number): number | undefined {
  // A time to come was written by a process whose clock was ahead.
  const since = Math.max(...[lastBegun, schedule.addedAt].map((at) => (at > now ? 0 : at)));
  if (nextOccurrence(schedule, since) > now) return undefined;
  for (const spanMs of SPANS_MS) {
    const newest = newestBetween(schedule, Math.max(since, now - spanMs), now);
    if (newest !== undefined) return newest;
  }
  return undefined;
}

function newestBetween({ at, timezone }: Clock, since: number, now: number): number | undefined {
  const times = parse(at, timezone, since);
  let newest: number | undefined;
  for (let time = times.next().getTime(); time <= now; time = times.next().getTime()) newest = time;
  return newest;
}

function parse(at: string, tz: string, now: number) {
  return CronExpressionParser.parse(at, { tz, currentDate: new Date(now) });
}
