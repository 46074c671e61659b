/** A quota day without a call for a `create`: whether to wait for it, and what is known of it, in words. */
import { isoWithOffset } from '../domain/calendar.js';
import { callsOfDay, type Limits, quotaPatienceMs } from '../domain/limits.js';
import type { Words } from '../domain/words.js';
import type { CallsOfDay, ShutDay } from '../redis/calls.js';

/** Whether only another day, or a person, brings calls. WeChat may have said so wrongly, or for a moment, and is asked for a while. */
export function isGivenUp(today: CallsOfDay, limits: Limits, now: number): boolean {
  const { closed, told, cleared = 0, shut } = today;
  if (shut !== undefined && isBeingAsked(shut, now)) return false;
  const isOurNumber = !closed && !limits.believeWeChat && callsOfDay(limits, today) === limits.perDay + cleared;
  if (isOurNumber) return true;
  const since = shut?.since ?? told?.at;
  return since === undefined || now - since >= quotaPatienceMs(limits);
}

/** Whoever is to ask does so within so long, where anybody has something to send. */
const ASKED_WITHIN_MS = 60_000;

function isBeingAsked({ nextCheckAt, askedForAt, busyUntil, probeWanted, askedAt }: ShutDay, now: number): boolean {
  const isDue = (at: number | undefined): boolean => at !== undefined && at <= now && now - at < ASKED_WITHIN_MS;
  if (busyUntil !== undefined && busyUntil > now) return true;
  return isDue(nextCheckAt) || isDue(askedForAt) || (probeWanted && isDue(askedAt));
}

/** Why nothing is sent; `untilText` says when the next day begins to send. */
export function closedByWeChat(shut: ShutDay, limits: Limits, now: number, untilText: string): Words {
  const since = shut.since === undefined ? '' : isoWithOffset(shut.since, limits.timezone);
  const again = askedAgain(shut, limits, now);
  return {
    en: `It waits: WeChat said at ${since} that today's calls are used up. ${again.en} Sending goes on at ${untilText} at the latest.`,
    zh: `等待中：微信于 ${since} 答复今日调用额度已用完。${again.zh}最迟于 ${untilText} 继续。`,
  };
}

function askedAgain(shut: ShutDay, { timezone }: Limits, now: number): Words {
  const { nextCheckAt } = shut;
  if (nextCheckAt !== undefined && nextCheckAt > now && !isBeingAsked(shut, now)) {
    const at = isoWithOffset(nextCheckAt, timezone);
    return { en: `WeChat is asked again at ${at}.`, zh: `将于 ${at} 再次询问微信。` };
  }
  return {
    en: 'WeChat is asked again now, or as soon as a worker has something to send.',
    zh: '正在再次询问微信；若暂无任务，则在有任务待提交时询问。',
  };
}

export const ASK_AT_ONCE: Words = {
  en: 'Nothing to do: it goes on by itself. If the quota was reset (clear_quota), `fastregister resume` asks WeChat at once.',
  zh: '无需操作，系统会自动继续。如已重置调用次数（clear_quota），可运行 `fastregister resume` 立即再次询问微信。',
};

/** Times as ISO 8601 with offset. */
export interface ShutDayFacts {
  readonly since: string | null;
  /** What WeChat answered to the call that it refused; null where our own count has shut the day. */
  readonly said: string | null;
  /** When WeChat was asked last whether there are calls again, and what it answered. */
  readonly asked: string | null;
  readonly answered: string | null;
  /** When it is asked next. */
  readonly next: string | null;
}

export function shutDayFacts(shut: ShutDay | undefined, { timezone }: Limits): ShutDayFacts | null {
  if (shut === undefined) return null;
  const time = (at: number | undefined): string | null => (at === undefined ? null : isoWithOffset(at, timezone));
  return {
    since: time(shut.since),
    said: shut.said ?? null,
    asked: time(shut.askedAt),
    answered: shut.answered ?? null,
    next: time(shut.nextCheckAt),
  };
}

/** What `status` and `doctor` print of it: what, and the words. */
export function shutDayLines({ since, said, asked, answered, next }: ShutDayFacts): [string, string][] {
  return [
    ...(said === null ? [] : [['closed by WeChat', `at ${since}: ${said}`] as [string, string]]),
    ...(asked === null ? [] : [['asked last', `at ${asked}: ${answered}`] as [string, string]]),
    ...(next === null
      ? []
      : [['asked next', `at ${next}, by a worker that has something to send`] as [string, string]]),
  ];
}
