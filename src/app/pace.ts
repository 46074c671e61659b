/** How fast calls are made, how long the rest will take, and the calls of the day hour by hour. */
import { quotaDay } from '../domain/calendar.js';
import { counted, type Words } from '../domain/words.js';
import type { Store } from './wiring/store.js';

export interface HourOfDay {
  /** On the clock of the quota's time zone: `09`. */
  readonly hour: string;
  readonly calls: number;
  /** Calls of the day up to its end; undefined of an hour that has not begun. */
  readonly upToThen: number | undefined;
}

const HOUR_MS = 3_600_000;

/** Every hour of the quota day, the first one first. */
export async function callsByHour({ calls, settings }: Pick<Store, 'calls' | 'settings'>): Promise<HourOfDay[]> {
  const at = await calls.now();
  const timeZone = settings.quotaTimezone;
  const { day, endsAt } = quotaDay(at, timeZone);
  const counted = await calls.byHour(day);
  const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', hourCycle: 'h23', timeZone });
  const hours: HourOfDay[] = [];
  let upToThen = 0;
  // 23 or 25 where clocks change.
  const length = [25, 24].find((count) => quotaDay(endsAt - (count - 0.5) * HOUR_MS, timeZone).day === day) ?? 23;
  for (let left = length - 1; left >= 0; left -= 1) {
    const beginsAt = endsAt - (left + 1) * HOUR_MS;
    const count = counted.get(left) ?? 0;
    upToThen += count;
    hours.push({ hour: clock.format(beginsAt), calls: count, upToThen: beginsAt > at ? undefined : upToThen });
  }
  return hours;
}

export interface Throughput {
  readonly callsPerMinute: number;
  /** Until the rows that may be sent now are sent at this rate; undefined where none is, or the day's calls do not last. */
  readonly leftMs: number | undefined;
  /** Rows that wait for a time of their own, or for another row. */
  readonly later: number;
}

/**
 * @param ready rows that may be sent now
 * @param later see {@link Throughput}
 * @param left calls that the day has for them
 */
export function throughput(
  callsPerMinute: number,
  { ready, later }: { readonly ready: number; readonly later: number },
  left: number,
): Throughput {
  const isKnown = ready > 0 && callsPerMinute > 0 && ready + later <= left;
  return { callsPerMinute, leftMs: isKnown ? (ready / callsPerMinute) * 60_000 : undefined, later };
}

/** A part each; nothing while no call is made. */
export function throughputInWords({ callsPerMinute, leftMs, later }: Throughput): Words[] {
  if (callsPerMinute === 0) return [];
  const pace = {
    en: `${counted(callsPerMinute, 'call')} in the last minute`,
    zh: `最近一分钟调用 ${callsPerMinute} 次`,
  };
  if (leftMs === undefined) return [pace];
  const { en, zh } = leftInWords(leftMs);
  return [
    pace,
    later === 0
      ? { en, zh }
      : { en: `${en}, but for ${later} that ${later === 1 ? 'waits' : 'wait'}`, zh: `${zh}，另有 ${later} 个等待中` },
  ];
}

/** `5 min left to send`, as the progress of `run` says it. */
export function leftInWords(leftMs: number): Words {
  if (leftMs < 60_000) {
    const seconds = Math.ceil(leftMs / 1_000);
    return { en: `${seconds} s left to send`, zh: `约 ${seconds} 秒后提交完` };
  }
  const minutes = Math.ceil(leftMs / 60_000);
  if (minutes < 100) return { en: `${minutes} min left to send`, zh: `约 ${minutes} 分钟后提交完` };
  const hours = Math.ceil(minutes / 60);
  return { en: `${hours} h left to send`, zh: `约 ${hours} 小时后提交完` };
}
