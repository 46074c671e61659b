import { quotaDay } from '../domain/calendar.js';
import type { Night } from '../domain/night.js';
import type { Calls } from '../redis/calls.js';

/** Calls of all quota days that the night has seen up to now, less those of its first day that were made before it. */
export async function callsOfNight(
  { ofDay }: Pick<Calls, 'ofDay'>,
  timezone: string,
  { startedAt, usedBefore }: Pick<Night, 'startedAt' | 'usedBefore'>,
  now: number,
): Promise<number> {
  let used = -usedBefore;
  for (let at = startedAt; at <= now; ) {
    const { day, endsAt } = quotaDay(at, timezone);
    const { create, search } = await ofDay(day);
    used += create + search;
    at = endsAt;
  }
  return Math.max(used, 0);
}
