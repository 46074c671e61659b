/** Why nothing is sent at the moment, if that is so: the line, the quota day, the sending hours. */
import { isoWithOffset } from '../domain/calendar.js';
import { type Limits, searchReserve, sendingWindow } from '../domain/limits.js';
import { needsAPerson, opensByItself } from '../domain/line.js';
import { NOTHING_TO_DO } from '../domain/words.js';
import type { Calls, LineStop, ToldQuota } from '../redis/calls.js';
import { standstillOfLine, standstillOfWait } from './line-words.js';
import type { Standstill } from './sentences.js';

export interface Situation {
  readonly standstill: Standstill | undefined;
  /** Only a person, or the next quota day, lets it go on: exit status 4. A line that opens by itself is waited for. */
  readonly stopped: boolean;
  /** Calls of the present quota day. */
  readonly used: number;
  readonly limit: number;
  /** None where WeChat says that the day is used up, whatever we counted. */
  readonly left: number;
  /** What WeChat told of the day, to be compared with what we counted. */
  readonly told: ToldQuota | undefined;
  /** The line, where it is stopped. */
  readonly line?: LineStop;
}

/** `api`: the registration API in use, where the caller knows it. */
export async function situation(calls: Calls, limits: Limits, now: number, api?: string): Promise<Situation> {
  const { day, dayEndsAt, closedMs } = sendingWindow(limits, now);
  const [line, today, wait] = await Promise.all([calls.line(), calls.ofDay(day), calls.waitNoted()]);
  const used = today.create + today.search;
  // Believed, WeChat's number goes before ours.
  const believed = limits.believeWeChat && today.told !== undefined ? { ...limits, perDay: today.told.limit } : limits;
  const left = today.closed ? 0 : Math.max(believed.perDay - used, 0);
  const base = { used, limit: believed.perDay, left, told: today.told };
  if (line !== undefined) {
    return {
      ...base,
      line,
      // On trial, one call is under way that may open it; and whoever comes when one is due sends it.
      stopped: !line.onTrial && needsAPerson(line) && !(opensByItself(line) && line.probe.at <= now),
      standstill: standstillOfLine(line, limits, now, api),
    };
  }
  if (today.closed || used >= believed.perDay - searchReserve(believed)) {
    // The next day may begin outside the sending hours.
    const until = dayEndsAt + sendingWindow(limits, dayEndsAt).closedMs;
    const waits = waitsUntil(until, limits, "today's calls are used up", '今日调用额度已用完');
    return { ...base, stopped: true, standstill: { problem: 'quota:day', ...waits } };
  }
  if (closedMs > 0) {
    const waits = waitsUntil(now + closedMs, limits, 'it is outside the sending hours', '当前不在提交时段内');
    return { ...base, stopped: false, standstill: { problem: 'quota:hours', ...waits } };
  }
  if (wait !== undefined) return { ...base, stopped: false, standstill: standstillOfWait(wait, limits, now) };
  return { ...base, stopped: false, standstill: undefined };
}

function waitsUntil(until: number, { timezone }: Limits, en: string, zh: string): Omit<Standstill, 'problem'> {
  const time = isoWithOffset(until, timezone);
  return {
    reason: { en: `It waits: ${en}. Sending goes on at ${time}.`, zh: `等待中：${zh}，将于 ${time} 继续。` },
    nextStep: NOTHING_TO_DO,
    whoActs: 'us',
    until,
  };
}
