/** Why nothing is sent at the moment, if that is so: the line, the quota day, the sending hours. */

import type { CallsOfDay, ReportedQuota, ShutDay } from '../domain/budgets.js';
import { localTime } from '../domain/calendar.js';
import { budgetOfDay, callsOfDay, type Limits, sendingWindow } from '../domain/limits.js';
import { type LineStop, opensByItself } from '../domain/line.js';
import { needsAPerson } from '../domain/line-faults.js';
import { NOTHING_TO_DO } from '../domain/words.js';
import type { Calls } from '../redis/calls.js';
import { blockedByLine, blockedByWait } from './line-words.js';
import type { BlockedReason } from './sentences.js';
import { ASK_AT_ONCE, closedByWeChat, isGivenUp } from './shut-day.js';

export interface SendingStatus {
  readonly blockedReason: BlockedReason | undefined;
  /** Only a person, or the next quota day, lets it go on: exit status 4. A line that opens by itself is waited for. */
  readonly stopped: boolean;
  /** Calls of the present quota day. */
  readonly used: number;
  readonly limit: number;
  /** None where WeChat says that the day is used up, whatever we counted. */
  readonly left: number;
  /** Of these calls, the ones reserved for follow-ups. */
  readonly kept: number;
  /** The day has no call for a `create`: since when, and its checks. */
  readonly shut: ShutDay | undefined;
  /** What WeChat reported of the day, to be compared with what we counted. */
  readonly reported: ReportedQuota | undefined;
  /** The line, where it is stopped. */
  readonly line?: LineStop;
}

/** For a forecast: the calls of today that a `create` may use, and the limits of later days. */
export function forCreates({ left, kept, limit }: SendingStatus, limits: Limits): { left: number; limits: Limits } {
  return { left: left - kept, limits: limits.believeWeChat ? { ...limits, perDay: limit } : limits };
}

/** What of the calls says whether anything is sent now. */
export type CallsNow = Pick<Calls, 'line' | 'ofDay' | 'waitNoted'>;

/** `api`: the registration API in use, if the caller knows it. */
export async function sendingStatus(
  calls: CallsNow,
  limits: Limits,
  now: number,
  api?: string,
): Promise<SendingStatus> {
  const { day, dayEndsAt, closedMs } = sendingWindow(limits, now);
  const reserve = { ...budgetOfDay(limits), dayEndsAt };
  const [line, today, wait] = await Promise.all([calls.line(), calls.ofDay(day, reserve), calls.waitNoted()]);
  const used = today.create + today.search;
  // On a closed day WeChat's number says only that nothing was left at the last check: a fixed limit says more.
  const limit = callsOfDay(limits, today.closed && !limits.believeWeChat ? { ...today, reported: undefined } : today);
  const left = today.closed ? 0 : Math.max(limit - used, 0);
  const kept = Math.min(today.reserved ?? 0, left);
  const isShut = left <= kept;
  const base = { used, limit, left, kept, reported: today.reported, shut: isShut ? today.shut : undefined };
  if (line !== undefined) {
    return {
      ...base,
      line,
      // While it is half-open, one call is under way that may open it; when a probe is due, the next worker sends it.
      stopped: !line.halfOpen && needsAPerson(line) && !(opensByItself(line) && line.probe.at <= now),
      blockedReason: blockedByLine(line, limits, now, api),
    };
  }
  if (isShut) {
    // The next day may begin outside the sending hours.
    const until = dayEndsAt + sendingWindow(limits, dayEndsAt).closedMs;
    const waits = waitsForDay(today, kept, until, limits, now);
    return { ...base, stopped: isGivenUp(today, limits, now), blockedReason: { problem: 'quota:day', ...waits } };
  }
  if (closedMs > 0) {
    const waits = waitsUntil(now + closedMs, now, limits, 'it is outside the sending hours', '当前不在提交时段内');
    return { ...base, stopped: false, blockedReason: { problem: 'quota:hours', ...waits } };
  }
  if (wait !== undefined) return { ...base, stopped: false, blockedReason: blockedByWait(wait, limits, now) };
  return { ...base, stopped: false, blockedReason: undefined };
}

function waitsForDay(
  { closed, shut }: CallsOfDay,
  kept: number,
  until: number,
  limits: Limits,
  now: number,
): Omit<BlockedReason, 'problem'> {
  if (closed && shut !== undefined) {
    const reason = closedByWeChat(shut, limits, now, localTime(until, limits.timezone, now));
    return { reason, nextStep: ASK_AT_ONCE, whoActs: 'us', until };
  }
  const [en, zh] = ["today's calls are used up", '今日调用额度已用完'];
  if (kept === 0) return waitsUntil(until, now, limits, en, zh);
  const butFor = { en: `, but for ${kept} that are kept for searches`, zh: `（另有 ${kept} 次留给查询）` };
  return waitsUntil(until, now, limits, `${en}${butFor.en}`, `${zh}${butFor.zh}`);
}

function waitsUntil(
  until: number,
  now: number,
  { timezone }: Limits,
  en: string,
  zh: string,
): Omit<BlockedReason, 'problem'> {
  const time = localTime(until, timezone, now);
  return {
    reason: { en: `It waits: ${en}. Sending goes on at ${time.en}.`, zh: `等待中：${zh}，将于 ${time.zh} 继续。` },
    nextStep: NOTHING_TO_DO,
    whoActs: 'us',
    until,
  };
}
