/** Why a row is where it is, and what to do next, in sentences for the staff. */
import { CODE_TYPE_REFUSED } from '../domain/check-code.js';
import { LONGEST_TASK_MS } from '../domain/limits.js';
import { type Link, linkOf, stageOf } from '../domain/link.js';
import {
  nextStepsOf,
  problemActor,
  problemNextStep,
  problemReason,
  refusalReasons,
  worstFirst,
} from '../domain/problems.js';
import { type Registration, STATES, WAITS } from '../domain/registration.js';
import type { RowWithOutcome, StoredProblem } from '../domain/row.js';
import { type Actor, AFTER_CREATION, joined, NOTHING_TO_DO, type Words } from '../domain/words.js';
import { explain, NO_STATUS } from '../wechat/answers.js';
import { ownWords } from '../wechat/own-words.js';
import { invited, lacksItsLink, NO_LINK } from './invited.js';
import { type OtherRow, sentencesOfOther, superseded } from './other-rows.js';
import type { Sentences } from './row-words.js';
import { INTERNAL_PROBLEMS, LOOK_FOR_THE_MINI_PROGRAM, type Trouble } from './troubles.js';

/** What holds every unsent row back at the moment of the report, if anything. */
export interface BlockedReason {
  readonly problem: string;
  readonly reason: Words;
  readonly nextStep: Words;
  readonly whoActs: Actor;
  /** When it ends by itself, in ms since 1970; absent if not known. */
  readonly until?: number;
  /** Rows that are due later wait for their own time as well, in ms since 1970; absent: for nothing that ends before this does. */
  readonly dueBy?: number;
}

export interface Circumstances extends Present {
  /** Of the row at that index, the other row from which it gets its outcome. */
  readonly otherRow: (index: number) => OtherRow | undefined;
  /** A time in the reader's words, from ms since 1970. */
  readonly time: (at: number) => Words;
}

/** What the side that acts depends on, beside the registration. */
export interface Present {
  readonly blockedReason?: BlockedReason | undefined;
  /** ms since 1970 */
  readonly now: number;
}

type OwnCircumstances = Omit<Circumstances, 'otherRow'>;

const NOTHING: Words = { en: '', zh: '' };

export function sentencesFor(entry: RowWithOutcome, circumstances: Circumstances): Sentences {
  return withItsActor(sentencesOf(entry, circumstances));
}

/** The side that the report of its row names. */
export function whoActsOn(registration: Registration, present: Present): Actor {
  return withItsActor(ofRegistration(registration, { ...present, time: () => NOTHING })).whoActs;
}

function withItsActor(said: Sentences): Sentences {
  const whoActs = actorFor(said.nextStep, said.whoActs);
  return whoActs === said.whoActs ? said : { ...said, whoActs };
}

/** Of what goes on by itself none: a list of what operators have to do is not to have it. */
function actorFor(nextStep: Words, acts: Actor): Actor {
  return nextStep === NOTHING_TO_DO && acts === 'us' ? 'nobody' : acts;
}

function sentencesOf(entry: RowWithOutcome, circumstances: Circumstances): Sentences {
  const { relation, registration } = entry;
  if (relation.kind === 'registered' && registration?.state === 'created' && isPlain(entry)) return CREATED;
  if (relation.kind === 'refused' || registration === undefined) return refused(entry);
  if (relation.kind !== 'registered') return sentencesOfOther(entry, relation, circumstances.otherRow(entry.index));
  const own = withWarnings(entry, ofRegistration(registration, circumstances));
  if (!entry.isSuperseded || own.outcome === 'created') return own;
  return superseded(own, circumstances.otherRow(entry.index));
}

/** Most rows of most reports. */
const CREATED: Sentences = {
  outcome: 'created',
  problem: '',
  reason: STATES.created,
  nextStep: AFTER_CREATION,
  whoActs: STATES.created.acts,
};

function isPlain({ row, registration }: RowWithOutcome): boolean {
  return row.problems.length === 0 && registration?.problem === undefined;
}

function refused({ row }: RowWithOutcome): Sentences {
  const problems = worstFirst(row.problems);
  const [worst] = problems;
  return {
    outcome: 'invalid',
    problem: worst?.code ?? '',
    reason: joined(refusalReasons(problems)),
    nextStep: joined(nextStepsOf(problems)),
    whoActs: (worst && problemActor(worst)) ?? STATES.invalid.acts,
  };
}

function ofRegistration(registration: Registration, circumstances: OwnCircumstances): Sentences {
  const { outcome, acts } = STATES[registration.state];
  if (outcome === 'pending') return pending(registration, circumstances);
  const trouble = troubleWith(registration);
  const again = registration.until === undefined ? NOTHING : at(NOT_BEFORE, circumstances.time(registration.until));
  return {
    outcome,
    problem: registration.problem ?? '',
    reason: joined([
      trouble ?? STATES[registration.state],
      outcome === 'expired' ? stepOf(registration) : NOTHING,
      verbatim(registration),
    ]),
    nextStep: joined([trouble?.nextStep ?? usualNextStep(registration), again]),
    whoActs: outcome === 'needs_review' ? acts : (trouble?.acts ?? acts),
  };
}

function usualNextStep({ id, state }: Registration): Words {
  if (state === 'created') return AFTER_CREATION;
  // Without a problem: what was known of it was purged.
  if (state === 'needs_review') return lookForItFirst(id);
  if (state !== 'cancelled') return NOTHING;
  return {
    en: `To send it after all: “Send again” on its page of the console, with the outcome “cancelled” (command: \`fastregister retry ${id} --only cancelled\`), or load the row in a new sheet.`,
    zh: `如仍需提交：在控制台的商户页面点“重新提交”并选择结果“已撤回”（命令：\`fastregister retry ${id} --only cancelled\`），或将本行放入新的表格重新导入。`,
  };
}

function lookForItFirst(id: string): Words {
  return joined([
    {
      en: 'An earlier row of the enterprise was sent, and what became of it is not known.',
      zh: '该企业此前提交过，结果未知。',
    },
    LOOK_FOR_THE_MINI_PROGRAM,
    {
      en: `If it does not exist: “Send again” on the merchant's page of the console, with the outcome “needs_review” (command: \`fastregister retry ${id} --only needs_review\`).`,
      zh: `确认没有后，请在控制台的商户页面点“重新提交”并选择结果“需人工核实”（命令：\`fastregister retry ${id} --only needs_review\`）。`,
    },
  ]);
}

function pending(registration: Registration, circumstances: OwnCircumstances): Sentences {
  const { time } = circumstances;
  const { state, wait, until, attempt } = registration;
  const problem = registration.problem ?? '';
  const blockedReason = heldBackBy(circumstances.blockedReason, registration);
  if (blockedReason !== undefined) return { outcome: 'pending', ...blockedReason };
  if (state === 'deferred' && wait !== undefined) {
    const then = until === undefined ? NOTHING : at(attempt === 0 ? SENT_FIRST : SENT_AGAIN, time(until));
    const because = { en: `It waits: ${WAITS[wait].en}.`, zh: `等待中：${WAITS[wait].zh}。` };
    return { outcome: 'pending', problem, reason: joined([because, then]), nextStep: NOTHING_TO_DO, whoActs: 'us' };
  }
  const link = linkOf(registration);
  if (link !== undefined) return waitsForItsLink(link, registration, circumstances);
  if (state === 'awaiting_legal_person') return waitsForTheLegalPerson(registration, circumstances);
  const { acts, ...words } = STATES[state];
  const reason =
    state === 'submitting'
      ? joined([words, until === undefined ? NOTHING : at(invited(registration).unanswered, time(until))])
      : joined([(problem === LINK_LOST && troubleOf(problem)) || NOTHING, words]);
  return { outcome: 'pending', problem, reason, nextStep: NOTHING_TO_DO, whoActs: acts };
}

/** Sent again because its link cannot have been opened. */
const LINK_LOST = 'link:lost';

/** There is no link: WeChat has written to the legal person, or its link was lost. */
function waitsForTheLegalPerson(registration: Registration, { now, time }: OwnCircumstances): Sentences {
  const { sentAt = 0, until, problem = '' } = registration;
  const { acts, ...words } = STATES.awaiting_legal_person;
  const endsAt = sentAt + LONGEST_TASK_MS;
  if (now < endsAt) {
    const ends = at(DAY_ENDS, time(endsAt));
    const { nextStep } = invited(registration);
    if (lacksItsLink(registration)) {
      return { outcome: 'pending', problem, reason: joined([NO_LINK, ends]), nextStep, whoActs: 'us' };
    }
    return { outcome: 'pending', problem, reason: joined([words, ends]), nextStep, whoActs: acts };
  }
  const next = until === undefined || until <= now ? NOTHING : at(FOLLOWED_UP, time(until));
  return {
    outcome: 'pending',
    problem,
    reason: joined([DAY_IS_OVER, next]),
    nextStep: NOTHING_TO_DO,
    whoActs: 'us',
  };
}

export const DAY_IS_OVER: Words = {
  en: "The legal person's 24 hours are over, and WeChat has not pushed the result.",
  zh: '法人的 24 小时已过，微信尚未推送结果。',
};

const FOLLOWED_UP: Words = {
  en: "Unless WeChat's push comes first, it is followed up at {time}.",
  zh: '如 {time} 前仍未收到微信推送，系统将再次查询。',
};

const SENT_FIRST: Words = { en: 'It is sent at {time}.', zh: '将于 {time} 提交。' };
const SENT_AGAIN: Words = { en: 'It is sent again at {time}.', zh: '将于 {time} 再次提交。' };
const DAY_ENDS: Words = { en: 'The 24 hours end at {time} at the latest.', zh: '法人确认的截止时间：{time}。' };
const LINK_ENDS: Words = { en: 'The link ends at {time}.', zh: '链接有效至 {time}。' };
const NOT_BEFORE: Words = {
  en: 'Unless it is sent earlier, it waits until {time}.',
  zh: '如不提前提交，将等到 {time}。',
};

function at(words: Words, time: Words): Words {
  return { en: words.en.replace('{time}', time.en), zh: words.zh.replace('{time}', time.zh) };
}

/** The standstill, unless the row has not been sent for a reason of its own that lasts longer, or was sent. */
export function heldBackBy(
  blockedReason: BlockedReason | undefined,
  { state, until = 0 }: Registration,
): BlockedReason | undefined {
  if (state === 'queued') return blockedReason;
  const ends = blockedReason?.dueBy ?? blockedReason?.until ?? Number.POSITIVE_INFINITY;
  return state === 'deferred' && until <= ends ? blockedReason : undefined;
}

/** The link's 24 hours: open, then about to end, then over. */
function waitsForItsLink(link: Link, registration: Registration, { now, time }: OwnCircumstances): Sentences {
  const stage = stageOf(link, now);
  const ends = at(LINK_ENDS, time(link.endsAt));
  const trouble = stage === 'open' ? undefined : INTERNAL_PROBLEMS[`link:${stage}`];
  return {
    outcome: 'pending',
    problem: trouble === undefined ? (registration.problem ?? '') : `link:${stage}`,
    reason: joined([trouble ?? STATES.awaiting_legal_person, stage === 'ended' ? NOTHING : ends, stepOf(registration)]),
    nextStep: trouble?.nextStep ?? SEND_THE_LINK,
    whoActs: trouble?.acts ?? STATES.awaiting_legal_person.acts,
  };
}

/** The status that a query answered, unchanged. */
function stepOf({ problem = '' }: Registration): Words {
  const status = /^query:(\d+)$/.exec(problem)?.[1];
  return status === undefined ? NOTHING : { en: `WeChat reports step ${status}.`, zh: `微信进度编号：${status}。` };
}

const SEND_THE_LINK: Words = {
  en: 'Send the link (authorize_url) to the legal person, who has to open it in WeChat and finish everything before it ends.',
  zh: '请将“法人确认链接”发给法人，在失效前于微信中打开并完成全部验证。',
};

/** What WeChat's code or our own word means. */
export function troubleOf(problem: string | undefined): Trouble | undefined {
  if (problem === undefined || problem === '') return undefined;
  if (Object.hasOwn(INTERNAL_PROBLEMS, problem)) return INTERNAL_PROBLEMS[problem];
  if (problem.startsWith('token:')) return tokenTrouble(problem);
  return explain(problem)[0]?.answer;
}

/**
 * What its problem calls for now: 89249 and similar codes say "later", and a row that is no longer retried has no
 * later.
 */
export function troubleWith({ state, problem }: Registration): Trouble | undefined {
  if (state === 'invalid' && problem !== undefined) return unfit(problem);
  const trouble = troubleOf(problem);
  if (trouble === undefined || (state !== 'needs_review' && state !== 'expired')) return trouble;
  return { ...trouble, ...explain(problem ?? '')[0]?.answer.atTheEnd };
}

/** The registration API in use cannot take the details; the sheet was checked for another one. */
function unfit(code: string): Trouble {
  const acts = problemActor({ code }) ?? STATES.invalid.acts;
  return { ...problemReason({ code }), nextStep: problemNextStep({ code }), acts };
}

/** What refuses us a token would refuse the call too: `token:61004` calls for what `create:61004` calls for. */
function tokenTrouble(problem: string): Trouble | undefined {
  const answer = explain(problem.replace('token:', 'create:'))[0]?.answer;
  return answer?.fact === 'platform_refused' ? answer : INTERNAL_PROBLEMS['token:unknown'];
}

/**
 * WeChat's own words: for an unknown code there are no others, -1 has many causes, and the person who reviews a row
 * asks WeChat with its rid. Other reasons are sent to the merchant, who cannot use a rid; `explain` shows it.
 */
function verbatim({ said, problem, state }: Registration): Words {
  if (!said || problem === undefined || state === 'created') return NOTHING;
  if (state !== 'needs_review' && !problem.endsWith(':-1') && troubleOf(problem) !== undefined) return NOTHING;
  const own = ownWords(said);
  if (own !== undefined) return { en: `What came: ${own.en}`, zh: `收到的是：${own.zh}` };
  const words = [codeOfWeChat(problem), said].filter(Boolean).join(' ');
  return { en: `WeChat said: ${words}`, zh: `微信原文：${words}` };
}

/** Where the problem is a word of ours, what WeChat said has its code, if there was one. */
function codeOfWeChat(problem: string): string | undefined {
  const code = problem.slice(problem.indexOf(':') + 1);
  return Object.hasOwn(INTERNAL_PROBLEMS, problem) || code === NO_STATUS ? undefined : code;
}

/** A row that went out in spite of a warning says so. */
function withWarnings({ row }: RowWithOutcome, sentences: Sentences): Sentences {
  const warnings = isUnderWay(sentences) ? row.problems.filter(asksForNoOtherCode) : row.problems;
  if (warnings.length === 0) return sentences;
  return { ...sentences, reason: joined([sentences.reason, ...warnings.map(problemReason)]) };
}

function isUnderWay({ outcome }: Sentences): boolean {
  return outcome === 'pending' || outcome === 'created';
}

/** Another code is to be sent only where the task of the enterprise, which has the code of another row, has failed. */
function asksForNoOtherCode({ code }: StoredProblem): boolean {
  return code !== CODE_TYPE_REFUSED;
}
