/** What WeChat's reply to a call says, as a fact: the table of answers gives the fact, patience gives the time. */
import { quotaDay } from '../domain/calendar.js';
import { afterEarlySearch, afterSearch, isEarlySearch, pushOverdueAt } from '../domain/due.js';
import type { DayProbe, Effects, GiveBack, RepeatedError } from '../domain/effects.js';
import { stopRuleOf } from '../domain/line-faults.js';
import { retryAfterMs } from '../domain/patience.js';
import { NO_JOURNAL } from '../domain/presence.js';
import type { Fact, FactKind, Registration, Wait } from '../domain/registration.js';
import type { Snapshot } from '../domain/snapshot.js';
import { type Answer, addressOf, answerToCreate, isStepOnTheWay, ridOf } from '../wechat/answers.js';
import { mayHaveArrived, type Reply, type Unanswered } from '../wechat/client.js';
import type { Answered } from '../wechat/registration-api.js';
import type { CallResult, Sent } from './call-result.js';
import type { WorkerContext } from './context.js';
import { learntFrom, unlearntFrom } from './learnt.js';
import { sharedResult } from './shared-facts.js';

/** The API counts as offline if this many merchants got this answer, and no create of the day got another one. */
const OFFLINE_AFTER = 3;

/** 45011: the per-minute quota; WeChat wants at least this much quiet. */
const MINUTE_PAUSE_MS = 60_000;

/** Dependencies of reading a reply as a fact. */
export type FactContext = Pick<WorkerContext, 'api' | 'patience' | 'limits' | 'now' | 'random'>;

/** The properties of a call that a fact is made from. */
export type MadeCall = Pick<Sent, 'sentAt' | 'day' | 'person' | 'isProbe'> & {
  readonly snapshot: Pick<Snapshot, 'registration' | 'now'>;
};

export function factOfCreate(context: FactContext, sent: MadeCall, reply: Reply): CallResult {
  if (reply.kind !== 'answer') return factOfUnanswered(context, sent, reply);
  return sharedResult(context, sent, reply, context.now(), (at) => factOfAnswer(context, sent, reply, at));
}

function factOfAnswer(context: FactContext, sent: MadeCall, reply: Answered, at: number): CallResult {
  const { registration } = sent.snapshot;
  const problem = `create:${reply.errcode}`;
  const answer = answerToCreate(reply.errcode);
  const fact: Fact = {
    kind: answer.fact,
    said: reply.said,
    at,
    callSentAt: sent.sentAt,
    ...(answer.fact !== 'create_accepted' && { problem }),
    ...(answer.fact === 'create_accepted' && taskTaken(context, sent, reply)),
    ...(answer.fact === 'create_busy' && { tasksOverBefore: at - context.patience.pushWaitMs }),
    ...(answer.fact === 'platform_refused' && { because: withRid(answer, reply.said) }),
    ...waitAfter(context, sent, answer, at),
  };
  const isVoid = fact.kind === 'create_void' || fact.kind === 'platform_refused';
  return {
    fact,
    effects: {
      verdict: fact.kind === 'task_failed' ? 'refused' : verdictOf(answer, reply.errcode),
      ...faultOf(context, answer, reply),
      ...(answer.wait === 'again' && {
        ifStopped: tryReturned(registration, fact, at + retryAfterMs(context.patience, 0, context.random())),
      }),
      ...effectsOfGateway(context, sent, answer, problem, reply.said),
      ...(!isVoid && offline(context, sent.day, reply)),
      ...(isVoid && { giveBack: { day: sent.day, person: sent.person } }),
      ...(answer.wait === 'person' && { spent: { day: sent.day, person: sent.person } }),
    },
    refusedToken: answer.gateway === 'token' || answer.gateway === 'ticket',
  };
}

/**
 * WeChat has accepted the task. If its status, which means the same as in the answer to `query`, says how the task has ended, the row does
 * not wait, and its link is not shown.
 */
function taskTaken({ api, patience }: FactContext, { sentAt }: MadeCall, reply: Answered): Partial<Fact> {
  const task = api.taskOf(reply.body);
  const { problem, said, answer } = api.readSearch(reply);
  if (!TELLS_THE_END.has(answer.fact)) return { ...task, until: pushOverdueAt(patience, sentAt) };
  return { kind: answer.fact, problem, said, ...(task.taskId !== undefined && { taskId: task.taskId }) };
}

/** Nothing was sent, and the row waits for its turn again. */
export function factOfExpiredPermit(context: FactContext, sent: MadeCall): Pick<CallResult, 'fact' | 'effects'> {
  return {
    fact: { kind: 'create_void', at: context.now(), callSentAt: sent.sentAt, problem: 'call:permit_expired' },
    effects: { ...ofNoCall('create', sent), verdict: 'unsent' },
  };
}

/** Nothing was sent: after a failover Redis might not know of the call. */
export function factOfUnconfirmed(context: FactContext, sent: MadeCall): Pick<CallResult, 'fact' | 'effects'> {
  const problem = 'call:not_confirmed';
  return {
    fact: { kind: 'create_void', at: context.now(), callSentAt: sent.sentAt, problem },
    effects: {
      ...fault(context, 'create', problem, ''),
      ...ofNoCall('create', sent),
      verdict: 'failed',
    },
  };
}

/**
 * Nothing was sent: should Redis forget the call, no record of it would be left. The fault is this machine's, so other
 * machines can send the row.
 */
export function factOfNoJournal(context: FactContext, sent: MadeCall): Pick<CallResult, 'fact' | 'effects'> {
  return {
    fact: { kind: 'create_void', at: context.now(), callSentAt: sent.sentAt, problem: NO_JOURNAL },
    effects: { ...ofNoCall('create', sent), verdict: 'unsent' },
  };
}

/** The call and the try of the Weixin ID are given back, and another call is the probe of a closed day. */
function ofNoCall(
  call: NonNullable<GiveBack['call']>,
  { day, person, isProbe }: Pick<MadeCall, 'day' | 'person' | 'isProbe'>,
): Effects {
  return { giveBack: { day, person, call }, ...(isProbe && { probe: { day, verdict: 'again' } }) };
}

/**
 * A call that may have reached WeChat stays `lost` and is never sent again blindly; a call that surely did not is no attempt.
 * If other calls fail in the same way, the line is at fault.
 */
function factOfUnanswered(context: FactContext, sent: MadeCall, reply: Unanswered): CallResult {
  const at = context.now();
  const problem = problemOf(reply);
  const base = { at, callSentAt: sent.sentAt, problem, said: reply.why };
  const effects: Effects = {
    ...fault(context, 'create', problem, reply.why),
    ...dayProbed(sent, mayHaveArrived(reply) ? 'unknown' : 'again', problem, reply.why),
    verdict: 'failed',
  };
  if (mayHaveArrived(reply)) return { fact: { ...base, kind: 'answer_lost' }, effects, refusedToken: false };

  const giveBack = { day: sent.day, person: sent.person, call: 'create' } as const;
  if (reply.kind === 'not_sent') {
    // All calls wait, because the next call would get the same answer.
    const until = at + briefly(context);
    return {
      fact: { ...base, kind: 'create_void', until, wait: 'connection' },
      effects: { ...effects, giveBack, pauseMs: until - at },
      refusedToken: false,
    };
  }
  const { registration } = sent.snapshot;
  const fact: Fact = { ...base, kind: 'create_intercepted', ...laterOnce(context, registration, 'page', at) };
  return { fact, effects: { ...effects, giveBack, ifStopped: tryReturned(registration, fact) }, refusedToken: false };
}

/** The name of the fault in reports and in the history. */
export const PROBLEM_OF_UNANSWERED = { lost: 'call:lost', page: 'call:page', not_sent: 'call:not_sent' } as const;

function problemOf(reply: Unanswered): string {
  return PROBLEM_OF_UNANSWERED[reply.kind];
}

/** As long as a stopped line waits before it is tried first, give or take a tenth. */
function briefly({ patience, random }: FactContext): number {
  return Math.round(patience.probeFirstMs * (0.9 + 0.2 * random()));
}

/**
 * Without `otherwiseUntil` it is sent as soon as the line opens. With it, it is sent at the time of the fact, or at that time where
 * the answer has spent the last try.
 */
function tryReturned({ postponed }: Registration, { at, problem = '', until }: Fact, otherwiseUntil?: number): Fact {
  const base = { kind: 'try_returned', at, problem, postponed } as const;
  return otherwiseUntil === undefined ? base : { ...base, until: until ?? otherwiseUntil, wait: 'again' };
}

export function factOfSearch(
  context: FactContext,
  registration: Registration,
  day: string,
  reply: Reply,
  isProbe = false,
): CallResult {
  const charged = { day, isProbe };
  const at = context.now();
  const sentAt = registration.sentAt ?? at;
  const early = isEarlySearch(context.patience, registration, at);
  const next = early ? afterEarlySearch : afterSearch;
  const base = { at, callSentAt: sentAt, ...(early && { early }) };
  if (reply.kind !== 'answer') {
    const problem = problemOf(reply);
    const until = next(context.patience, sentAt, at, unlearntFrom(reply));
    return {
      fact: { ...base, until, kind: 'search_void', problem, said: reply.why },
      effects: {
        ...fault(context, 'search', problem, reply.why),
        ...dayProbed(charged, mayHaveArrived(reply) ? 'unknown' : 'again', problem, reply.why),
        ...(!mayHaveArrived(reply) && { giveBack: { day, person: '', call: 'search' } }),
        searchVerdict: 'failed',
      },
      refusedToken: false,
    };
  }
  const { problem, said, answer } = context.api.readSearch(reply);
  const refusedToken = answer.gateway === 'token' || answer.gateway === 'ticket';
  const effects: Effects = {
    ...effectsOfGateway(context, charged, answer, problem, said),
    ...ordinary('search'),
    searchVerdict: answer.gateway === undefined ? 'taken' : 'again',
  };
  // WeChat's gateway refused the call, so it may be repeated at once; the wait that the gateway asks for delays it.
  const until = answer.gateway === undefined ? next(context.patience, sentAt, at, learntFrom(answer, problem)) : at;
  // A query is made when the push is overdue; by then the time of its task is over.
  const kind = isStepOnTheWay(problem) ? 'task_unfinished' : answer.fact;
  return {
    fact: {
      ...base,
      ...(!TELLS_THE_END.has(kind) && { until }),
      kind,
      problem,
      said,
      ...(answer.fact === 'search_refused' && { because: withRid(answer, said) }),
    },
    effects,
    refusedToken,
  };
}

/** Nothing was sent: it is asked again at once. */
export function factOfExpiredSearch(
  context: FactContext,
  { sentAt }: Registration,
  day: string,
  isProbe = false,
): Pick<CallResult, 'fact' | 'effects'> {
  const at = context.now();
  return {
    fact: { kind: 'search_void', at, callSentAt: sentAt ?? at, until: at, problem: 'call:permit_expired' },
    effects: { ...ofNoCall('search', { day, person: '', isProbe }), searchVerdict: 'unsent' },
  };
}

/**
 * What stopped the line, our address as WeChat saw it, and the id under which WeChat's support finds the call; nothing more,
 * because it goes into logs and notices.
 */
function withRid({ en }: Answer, said: string): string {
  const [address, rid] = [addressOf(said), ridOf(said)];
  return `${en}${address === undefined ? '' : ` requestIP: ${address}`}${rid === undefined ? '' : ` rid: ${rid}`}`;
}

/** After these facts, no further search is needed. */
const TELLS_THE_END: ReadonlySet<FactKind> = new Set<FactKind>(['task_created', 'task_failed', 'task_unfinished']);

/**
 * When the answer lets it be sent again. Without a time, patience is spent: each answer spends its own, and no other
 * answer gives it back, so that answers which alternate for ever have an end too.
 */
function waitAfter(context: FactContext, sent: MadeCall, answer: Answer, at: number): Partial<Fact> {
  const { patience, limits } = context;
  const { registration, now } = sent.snapshot;
  const mayWaitOn = (since = at): boolean => at - since < patience.giveUpMs;
  switch (answer.wait) {
    case 'again':
      return laterOnce(context, registration, 'again', at);
    case 'busy':
      return mayWaitOn(registration.busySince) ? { wait: 'busy', until: at + patience.busyWaitMs } : {};
    case 'person':
      return mayWaitOn(registration.personSince)
        ? { wait: 'person', until: quotaDay(now, limits.timezone).endsAt }
        : {};
    default:
      return {};
  }
}

/** The quota day that was charged for a call, and whether the call was the probe of that day. */
type Charged = Pick<MadeCall, 'day' | 'isProbe'>;

function effectsOfGateway(
  { limits }: FactContext,
  charged: Charged,
  answer: Answer,
  problem: string,
  said: string,
): Effects {
  if (answer.gateway === 'day') {
    return {
      closeDay: charged.day,
      closing: { said: `${problem} ${said}`.trim(), recheck: limits.quotaRechecksMs },
    };
  }
  return {
    ...(answer.gateway === 'minute' && { pauseMs: MINUTE_PAUSE_MS }),
    ...dayProbed(charged, dayVerdict(answer), problem, said),
  };
}

/** WeChat may refuse the platform or its token before it looks at the quota. */
function dayVerdict({ gateway, fact }: Answer): DayProbe['verdict'] {
  if (gateway !== undefined) return 'again';
  return fact === 'platform_refused' || fact === 'search_refused' ? 'unknown' : 'open';
}

function dayProbed({ day, isProbe }: Charged, verdict: DayProbe['verdict'], problem: string, said: string): Effects {
  return isProbe ? { probe: { day, verdict, said: `${problem} ${said}`.trim() } } : {};
}

/** Tries once more after a pause, unless all tries are spent. */
function laterOnce(
  { patience, random }: FactContext,
  { postponed }: Registration,
  wait: Wait,
  at: number,
): Partial<Fact> {
  return postponed + 1 >= patience.retryLimit ? {} : { wait, until: at + retryAfterMs(patience, postponed, random()) };
}

/** What the answer to a probe says of the line: whether WeChat looked at the merchant. */
function verdictOf(answer: Answer, errcode: number): NonNullable<Effects['verdict']> {
  if (answer.fact === 'create_accepted') return 'accepted';
  if (answer.fact === 'create_refused') return 'refused';
  if (answer.gateway !== undefined) return 'again';
  return answer.fact === 'platform_refused' || isRepeatable(answer, errcode) ? 'failed' : 'taken';
}

/** The same unknown code, or system error, again and again is the platform's trouble, not twenty merchants'. */
function isRepeatable(answer: Answer, errcode: number): boolean {
  return answer.fact === 'answer_unknown' || errcode === -1;
}

/** 89247 is a merchant's own matter, too: it is what WeChat says of a code of the wrong length. */
function faultOf(context: FactContext, answer: Answer, { errcode, said }: Answered): Effects {
  if (isRepeatable(answer, errcode) || answer.wait === 'again') {
    const rid = ridOf(said);
    return fault(context, 'create', `create:${errcode}`, rid === undefined ? '' : `rid: ${rid}`);
  }
  // A call that WeChat's gateway refused says nothing about other merchants.
  return answer.gateway === undefined ? ordinary('create') : {};
}

function fault({ limits, patience }: FactContext, call: RepeatedError['call'], code: string, met: string): Effects {
  return { repeatedError: { call, code, met, ...stopRuleOf(code, limits, patience) } };
}

function ordinary(call: RepeatedError['call']): Effects {
  return { repeatedError: { call, code: '' } };
}

/** Calls that WeChat's gateway refused do not count: they never came to the API. */
function offline({ api }: FactContext, day: string, { errcode, said }: Answered): Effects {
  if (api.retirement === undefined) return {};
  const { errcode: whenOffline, problem } = api.retirement;
  return { offline: { day, met: errcode === whenOffline, most: OFFLINE_AFTER, because: said, problem } };
}
