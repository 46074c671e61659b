/** When nights are due, by cron expressions. */
import { CronExpressionParser } from 'cron-parser';
import { momentOf, wallTimeAt } from '../domain/calendar.js';
import type { Schedule } from '../domain/night.js';

type Clock = Pick<Schedule, 'at' | 'timezone'>;

/** @throws Error where `at` is no cron expression */
export function nextOccurrence({ at, timezone }: Clock, now: number): number {
  const onWall = nextOnWall({ at, timezone }, now);
  if (goesBackByLess(onWall.at, timezone)) return onWall.at;
  const next = parse(at, timezone, now).next().getTime();
  return onWall.isLeftOut && onWall.at < next ? onWall.at : next;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Whether clocks go back by less than an hour in the day before (Lord Howe), or soon after: from then on, cron-parser fails. */
function goesBackByLess(at: number, timezone: string): boolean {
  const [from, to] = [at - DAY_MS - LONGEST_CHANGE_MS, at + LONGEST_CHANGE_MS];
  const changeMs = wallTimeAt(to, timezone) - wallTimeAt(from, timezone) - (to - from);
  return changeMs < 0 && changeMs % HOUR_MS !== 0;
}

/** Clocks change by an hour, or half of one. */
const LONGEST_CHANGE_MS = 2 * HOUR_MS;

/**
 * The first time after `now` that clocks show, the first time that they show it. A time that they leave out as they change is moved on as
 * cron moves it. cron-parser does so too within a day, but leaves the whole day out where midnight is left out (Santiago, Beirut,
 * Cairo, Havana), or less than an hour (Lord Howe). Unlike this it has both of two equal times of a schedule that has several an hour.
 */
function nextOnWall({ at, timezone }: Clock, now: number): ReturnType<typeof momentOf> {
  // Right after a change, the time that was moved on is still to come, and clocks show a later one.
  const before = now - LONGEST_CHANGE_MS;
  const hasChanged = wallTimeAt(now, timezone) - wallTimeAt(before, timezone) !== LONGEST_CHANGE_MS;
  const wallTimes = parse(at, 'UTC', wallTimeAt(hasChanged ? before : now, timezone));
  for (;;) {
    const moment = momentOf(wallTimes.next().getTime(), timezone);
    if (moment.at > now) return moment;
  }
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

function newestBetween(clock: Clock, since: number, now: number): number | undefined {
  let newest: number | undefined;
  for (let time = nextOccurrence(clock, since); time <= now; time = nextOccurrence(clock, time)) newest = time;
  return newest;
}

function parse(at: string, tz: string, now: number) {
  return CronExpressionParser.parse(at, { tz, currentDate: new Date(now) });
}
