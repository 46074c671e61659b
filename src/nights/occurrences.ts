/** When nights are due, by cron expressions. */
import { CronExpressionParser } from 'cron-parser';
import type { Schedule } from '../domain/night.js';

type Clock = Pick<Schedule, 'at' | 'timezone'>;

/** @throws Error where `at` is no cron expression */
export function nextOccurrence({ at, timezone }: Clock, now: number): number {
  return parse(at, timezone, now).next().getTime();
}

/** The schedule's last time that is not after `now`. */
export function lastOccurrence({ at, timezone }: Clock, now: number): number {
  return parse(at, timezone, now + 1)
    .prev()
    .getTime();
}

/**
 * The night that is due: the last occurrence of the schedule, even if no process ran then; undefined if it has begun
 * already.
 */
export function dueOccurrence(schedule: Schedule, lastBegun: number, now: number): number | undefined {
  const occurrence = lastOccurrence(schedule, now);
  // A time to come was written by a process whose clock was ahead.
  const [begun, added] = [lastBegun, schedule.addedAt].map((at) => (at > now ? 0 : at)) as [number, number];
  return occurrence > Math.max(begun, added) ? occurrence : undefined;
}

function parse(at: string, tz: string, now: number) {
  return CronExpressionParser.parse(at, { tz, currentDate: now });
}
