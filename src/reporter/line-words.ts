/** Why the line is stopped, in sentences: what was met, how often, since when, what to fix, and how it opens again. */

import type { NotedWait } from '../domain/budgets.js';
import { localTime } from '../domain/calendar.js';
import type { Limits } from '../domain/limits.js';
import { type LineStop, opensByItself, PAUSE } from '../domain/line.js';
import { LINE_FAULTS } from '../domain/line-faults.js';
import { joined, NOTHING_TO_DO, type Words } from '../domain/words.js';
import { explain, withRidHint } from '../wechat/answers.js';
import { inWords } from '../wechat/own-words.js';
import { type BlockedReason, troubleOf } from './sentences.js';
import type { Trouble } from './troubles.js';

/** `api`: the registration API in use, where the caller knows it. Times are ms since 1970. */
export function blockedByLine(
  line: LineStop,
  { timezone }: Pick<Limits, 'timezone'>,
  now: number,
  api?: string,
): BlockedReason {
  const time = (at: number): Words => localTime(at, timezone, now);
  const trouble = troubleOfLine(line.problem, api);
  const parts = [what(line, trouble), howOften(line, time), said(line), probing(line, now, time), paused(line)];
  const head = line.problem === PAUSE ? BY_HAND : BY_FAULT;
  const reason = joined(parts);
  return {
    problem: line.problem,
    reason: { en: `${head.en}${reason.en}`, zh: `${head.zh}${reason.zh}` },
    nextStep: withResume(trouble?.nextStep ?? FIND_OUT_WHY),
    whoActs: trouble?.acts ?? 'us',
    ...(opensByItself(line) && { until: line.probe.at }),
  };
}

const BY_HAND: Words = { en: 'The line is paused: ', zh: '提交已人工暂停：' };
const BY_FAULT: Words = { en: 'The line is stopped: ', zh: '提交因故障停止：' };

/** A person's pause is shown in the person's words, and so is a stop that this table has no words for. */
function what({ problem, because }: LineStop, trouble: Trouble | undefined): Words {
  if (trouble !== undefined && problem !== PAUSE) return trouble;
  return { en: ended(because, '.'), zh: ended(because, '。') };
}

const FIND_OUT_WHY: Words = {
  en: 'Find out why, then run `fastregister resume`.',
  zh: '查明原因后运行 `fastregister resume`。',
};

const NOTHING: Words = { en: '', zh: '' };

/** What a row's problem calls for is another matter than what the line's does: the row may be waited for. */
function troubleOfLine(problem: string, api: string | undefined): Trouble | undefined {
  if (problem === 'api:retired' && api !== undefined && api !== 'fastregisterweapp') return LINE_FAULTS['api:changed'];
  const own = LINE_FAULTS[problem];
  if (own !== undefined) return own;
  return problem.startsWith('create:') && isUnknown(problem) ? LINE_FAULTS['create:unknown'] : troubleOf(problem);
}

/** As it came: with 61004 only this names the IP address that WeChat saw, and WeChat's support asks for the rid. */
function said(line: LineStop): Words {
  return withRidHint(verbatim(line), line.because);
}

function verbatim({ problem, because }: LineStop): Words {
  const [, table = '', code = ''] = /^(\w+):(.*)$/.exec(problem) ?? [];
  const isRefusalOfToken = table === 'token' && /^-?\d+$/.test(code) && troubleOf(problem) !== undefined;
  if (table === 'create' && isUnknown(problem)) return { en: `The code is ${code}.`, zh: `错误码：${code}。` };
  if (because === '') return NOTHING;
  if (problem === 'token:service')
    return { en: `It said: ${ended(because, '.')}`, zh: `其应答为：${ended(because, '。')}` };
  if (table === 'call')
    return { en: `What came: ${ended(because, '.')}`, zh: `收到的是：${ended(inWords(because).zh, '。')}` };
  if (!isRefusalOfToken) return NOTHING;
  const text = `${code} ${because}`;
  return { en: `WeChat said: ${ended(text, '.')}`, zh: `微信原文：${ended(text, '。')}` };
}

function isUnknown(problem: string): boolean {
  return explain(problem)[0]?.answer.fact === 'answer_unknown';
}

function howOften({ problem, at, times, merchants, since = at }: LineStop, time: (at: number) => Words): Words {
  const [en, zh] = problem === PAUSE ? ['Paused', '暂停'] : ['Stopped', '停止'];
  const stopped = { en: `${en} since ${time(at).en}`, zh: `自 ${time(at).zh} 起${zh}` };
  if (times === undefined) return { en: `${stopped.en}.`, zh: `${stopped.zh}。` };
  const calls = { en: times === 1 ? 'once' : `${times} times`, zh: `共 ${times} 次` };
  const whose =
    merchants === undefined || merchants < 2
      ? NOTHING
      : { en: ` by ${merchants} merchants in a row`, zh: `，连续 ${merchants} 个商户` };
  return {
    en: `${stopped.en}; met ${calls.en}${whose.en}, first at ${time(since).en}.`,
    zh: `${stopped.zh}；${calls.zh}${whose.zh}，首次出现于 ${time(since).zh}。`,
  };
}

function probing(line: LineStop, now: number, time: (at: number) => Words): Words {
  if (line.halfOpen) return { en: 'One call is being tried now.', zh: '正在尝试一次请求。' };
  if (!opensByItself(line)) return NOTHING;
  const { at, failed } = line.probe;
  const so = failed === 0 ? NOTHING : { en: `; ${failed} failed so far`, zh: `，已尝试 ${failed} 次未成功` };
  if (at <= now)
    return { en: `The next call is tried as soon as there is one${so.en}.`, zh: `有待发出的请求时立即尝试${so.zh}。` };
  return { en: `The next call is tried at ${time(at).en}${so.en}.`, zh: `下一次尝试：${time(at).zh}${so.zh}。` };
}

function paused({ paused }: LineStop): Words {
  if (paused === undefined) return NOTHING;
  return { en: `It is paused, too: ${ended(paused, '.')}`, zh: `此外已人工暂停：${ended(paused, '。')}` };
}

function withResume(step: Words): Words {
  if (step.en.includes('`fastregister resume`')) return step;
  return {
    en: `${step.en} \`fastregister resume\` starts the line again.`,
    zh: `${step.zh}运行 \`fastregister resume\` 可恢复提交。`,
  };
}

/** What holds calls back while the line runs, by the word under which reports know it. */
export const WAIT_PROBLEMS = {
  ticket: 'token:no_ticket',
  connection: 'call:not_sent',
  page: 'call:page',
  service: 'token:service_away',
  refused: 'token:refused',
  pause: 'call:pause',
} as const satisfies Record<NotedWait['why'], string>;

/** WeChat issues no token, for a reason that may pass: one process asks again for all. */
function withoutToken(
  { problem, said }: { readonly problem: string; readonly said: string },
  askedAt: number,
  time: (at: number) => Words,
): BlockedReason {
  const trouble = troubleOf(problem);
  const text = ended(`${problem.replace('token:', '')} ${said}`, '.');
  const next = time(askedAt);
  return {
    problem,
    reason: {
      en: `${trouble?.en ?? ''} WeChat said: ${text} WeChat is asked again at ${next.en}.`.trim(),
      zh: `${trouble?.zh ?? ''}微信原文：${text}将于 ${next.zh} 再次获取。`,
    },
    nextStep: trouble?.nextStep ?? NOTHING_TO_DO,
    whoActs: trouble?.acts ?? 'platform',
  };
}

/** Why calls wait while the line runs: no token, or WeChat's rate limit. */
export function blockedByWait(wait: NotedWait, { timezone }: Pick<Limits, 'timezone'>, now: number): BlockedReason {
  const time = (at: number): Words => localTime(at, timezone, now);
  if (wait.refusal !== undefined) return withoutToken(wait.refusal, now + wait.ms, time);
  const problem = WAIT_PROBLEMS[wait.why];
  const { acts, nextStep, ...reason } = LINE_FAULTS[problem] ?? troubleOf(problem) ?? internalProblem(problem);
  if (wait.why === 'pause') return { problem, reason, nextStep, whoActs: acts, until: now + wait.ms };
  const { said = '', since, tries = 1, ms } = wait;
  const parts: Words[] = [
    said === '' ? NOTHING : { en: `What came: ${ended(said, '.')}`, zh: `收到的是：${ended(inWords(said).zh, '。')}` },
    since === undefined || wait.why === 'ticket'
      ? NOTHING
      : {
          en: `No component access token since ${time(since).en}, asked for ${tries === 1 ? 'once' : `${tries} times`}; the next time at ${time(now + ms).en}.`,
          zh: `自 ${time(since).zh} 起无法获取 component_access_token，已尝试 ${tries} 次；下一次：${time(now + ms).zh}。`,
        },
  ];
  return {
    problem,
    reason: joined([reason, ...parts]),
    nextStep,
    whoActs: acts,
  };
}

function internalProblem(problem: string): Trouble {
  return { acts: 'us', en: problem, zh: problem, nextStep: NOTHING_TO_DO };
}

/** What a person wrote goes on with a sentence of ours. */
function ended(text: string, stop: string): string {
  return text === '' || /[.!?。！？]$/.test(text) ? text : `${text}${stop}`;
}
