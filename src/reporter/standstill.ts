/** Why nothing is sent at the moment, if that is so: the line, the quota day, the sending hours. */
import { isoWithOffset } from '../domain/calendar.js';
import { type Limits, searchReserve, sendingWindow } from '../domain/limits.js';
import { NOTHING_TO_DO, type Words } from '../domain/words.js';
import type { Calls, LineStop, ToldQuota } from '../redis/calls.js';
import { ridHint } from '../wechat/answers.js';
import { type Standstill, troubleOf } from './sentences.js';
import { TROUBLES } from './troubles.js';

export interface Situation {
  readonly standstill: Standstill | undefined;
  /** Only a person, or the next quota day, lets it go on: exit status 4. */
  readonly stopped: boolean;
  /** Calls of the present quota day. */
  readonly used: number;
  readonly limit: number;
  /** None where WeChat says that the day is used up, whatever we counted. */
  readonly left: number;
  /** What WeChat told of the day, to be compared with what we counted. */
  readonly told: ToldQuota | undefined;
}

export async function situation(calls: Calls, limits: Limits, now: number): Promise<Situation> {
  const { day, dayEndsAt, closedMs } = sendingWindow(limits, now);
  const [line, today, wait] = await Promise.all([calls.line(), calls.ofDay(day), calls.waitNoted()]);
  const used = today.create + today.search;
  // Believed, WeChat's number goes before ours.
  const believed = limits.believeWeChat && today.told !== undefined ? { ...limits, perDay: today.told.limit } : limits;
  const left = today.closed ? 0 : Math.max(believed.perDay - used, 0);
  const base = { used, limit: believed.perDay, left, told: today.told };
  if (line !== undefined) {
    const trouble = troubleOf(line.problem);
    const said = withRidHint(tokenSaid(line), line);
    const paused = pausedToo(line);
    return {
      ...base,
      // On trial, one create is under way that may open it.
      stopped: !line.onTrial,
      standstill: {
        problem: line.problem,
        reason: {
          en: `The line is stopped: ${trouble === undefined ? ended(line.because, '.') : `${trouble.en}${said.en}`}${paused.en}`,
          zh: `提交已暂停：${trouble === undefined ? ended(line.because, '。') : `${trouble.zh}${said.zh}`}${paused.zh}`,
        },
        nextStep: trouble?.nextStep ?? {
          en: 'Find out why, then run `fastregister resume`.',
          zh: '查明原因后运行 `fastregister resume`。',
        },
        whoActs: trouble?.acts ?? 'us',
      },
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
  if (wait !== undefined && wait.why !== 'refresher') {
    const problem = WAITS[wait.why];
    const { acts, nextStep, ...reason } = TROUBLES[problem] ?? {
      acts: 'us',
      nextStep: NOTHING_TO_DO,
      en: problem,
      zh: problem,
    };
    const end = wait.why === 'pause' ? { until: now + wait.ms } : {};
    return { ...base, stopped: false, standstill: { problem, reason, nextStep, whoActs: acts, ...end } };
  }
  return { ...base, stopped: false, standstill: undefined };
}

const WAITS = {
  ticket: 'token:no_ticket',
  connection: 'call:not_sent',
  service: 'token:service_away',
  pause: 'call:pause',
} as const;

/** Why there is no token, word for word: with 61004 only this names the IP address that WeChat saw. */
function tokenSaid({ problem, because }: LineStop): Words {
  if (problem === 'token:service') return { en: ` It said: ${because}.`, zh: `其应答为：${because}。` };
  const code = /^token:(-?\d+)$/.exec(problem)?.[1];
  if (code === undefined || because === '') return { en: '', zh: '' };
  return { en: ` WeChat said: ${code} ${because}`, zh: `微信原文：${code} ${because}` };
}

function withRidHint(said: Words, { because }: LineStop): Words {
  const hint = ridHint(because);
  if (hint.en === '') return said;
  return { en: `${ended(said.en, '.')}${hint.en}`, zh: `${ended(said.zh, '。')}${hint.zh}` };
}

function pausedToo({ paused }: LineStop): Words {
  if (paused === undefined) return { en: '', zh: '' };
  return { en: ` It is paused, too: ${ended(paused, '.')}`, zh: `此外已人工暂停：${ended(paused, '。')}` };
}

/** What a person wrote goes on with a sentence of ours. */
function ended(text: string, stop: string): string {
  return text === '' || /[.!?。！？]$/.test(text) ? text : `${text}${stop}`;
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
