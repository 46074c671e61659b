/** A quota day that has no call for a `create`: whether `run` waits for it, and how it is shown. */

import type { CallsOfDay, ShutDay } from '../domain/budgets.js';
import { isoWithOffset, localTime } from '../domain/calendar.js';
import { callsOfDay, type Limits, quotaPatienceMs } from '../domain/limits.js';
import type { Words } from '../domain/words.js';
import { inWords } from '../wechat/own-words.js';

/** Whether `run` stops waiting for calls of today. A day that WeChat has closed often opens again within minutes. */
export function isGivenUp(today: CallsOfDay, limits: Limits, now: number): boolean {
  const { closed, reported, cleared = 0, shut } = today;
  if (shut !== undefined && isBeingAsked(shut, now)) return false;
  const isOurNumber = !closed && !limits.believeWeChat && callsOfDay(limits, today) === limits.perDay + cleared;
  if (isOurNumber) return true;
  const since = shut?.since ?? reported?.at;
  return since === undefined || now - since >= quotaPatienceMs(limits);
}

/** A check that is due is made within this time, unless no worker has anything to send. */
const ASKED_WITHIN_MS = 60_000;

function isBeingAsked({ nextCheckAt, askedForAt, busyUntil, probeWanted, askedAt }: ShutDay, now: number): boolean {
  const isDue = (at: number | undefined): boolean => at !== undefined && at <= now && now - at < ASKED_WITHIN_MS;
  if (busyUntil !== undefined && busyUntil > now) return true;
  return isDue(nextCheckAt) || isDue(askedForAt) || (probeWanted && isDue(askedAt));
}

/** Why nothing is sent; `until` is when the next day begins to send, in the reader's words. */
export function closedByWeChat(shut: ShutDay, limits: Limits, now: number, until: Words): Words {
  const since = shut.since === undefined ? undefined : localTime(shut.since, limits.timezone, now);
  const again = askedAgain(shut, limits, now);
  return {
    en: `It waits: WeChat said${since === undefined ? '' : ` at ${since.en}`} that today's calls are used up. ${again.en} Sending goes on at ${until.en} at the latest.`,
    zh: `等待中：微信${since === undefined ? '' : `于 ${since.zh} `}答复今日调用额度已用完。${again.zh}最迟于 ${until.zh} 继续。`,
  };
}

function askedAgain(shut: ShutDay, { timezone }: Limits, now: number): Words {
  const { nextCheckAt } = shut;
  if (nextCheckAt !== undefined && nextCheckAt > now && !isBeingAsked(shut, now)) {
    const at = localTime(nextCheckAt, timezone, now);
    return { en: `WeChat is asked again at ${at.en}.`, zh: `将于 ${at.zh} 再次询问微信。` };
  }
  return {
    en: 'WeChat is asked again now, or as soon as a worker has rows to send.',
    zh: '正在再次询问微信；若暂无任务，则在有任务待提交时询问。',
  };
}

export const ASK_AT_ONCE: Words = {
  en: 'Nothing to do: it continues automatically. If the quota was reset (clear_quota), `fastregister resume` asks WeChat at once.',
  zh: '无需操作，系统会自动继续。如已重置调用次数（clear_quota），可运行 `fastregister resume` 立即再次询问微信。',
};

/** Times as ISO 8601 with offset. */
export interface ShutDayFacts {
  readonly since: string | null;
  /** What WeChat answered to the call that it refused; null where our own count has shut the day. */
  readonly said: string | null;
  /** The last check, and WeChat's answer. */
  readonly asked: string | null;
  readonly answered: string | null;
  /** The next check. */
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
export function shutDayLines({ since, said, asked, answered, next }: ShutDayFacts): [what: Words, words: Words][] {
  const lines: [Words, Words][] = [];
  if (said !== null) {
    lines.push([
      { en: 'closed by WeChat', zh: '微信已关闭额度' },
      { en: `at ${since}: ${said}`, zh: `${since}：${said}` },
    ]);
  }
  if (asked !== null) {
    lines.push([
      { en: 'last check', zh: '上次检查' },
      { en: `at ${asked}: ${answered}`, zh: `${asked}：${answered === null ? '' : inWords(answered).zh}` },
    ]);
  }
  if (next !== null) {
    lines.push([
      { en: 'next check', zh: '下次检查' },
      { en: `at ${next}, by a worker with rows to send`, zh: `${next}，由有行待提交的工作进程进行` },
    ]);
  }
  return lines;
}
