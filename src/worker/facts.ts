/** What WeChat's reply to a call says, as a fact: the table of answers gives the fact, patience gives the time. */
import { quotaDay } from '../domain/calendar.js';
import { retryAfterMs } from '../domain/patience.js';
import type { Fact, Registration } from '../domain/registration.js';
import type { Aside } from '../redis/ledger.js';
import { type Answer, answerToCreate, ridOf, tellsOfTask } from '../wechat/answers.js';
import type { Reply } from '../wechat/client.js';
import type { Answered } from '../wechat/registration-api.js';
import type { Crew } from './crew.js';
import type { Sent } from './submit.js';

export interface Told {
  readonly fact: Fact;
  readonly aside: Aside;
  /** WeChat refused the token, not the merchant. */
  readonly refusedToken: boolean;
}

/** So many merchants, and no create of the day that was answered otherwise: the API is offline. */
const OFFLINE_AFTER = 3;

/** 45011: the per-minute quota; WeChat wants at least this much quiet. */
const MINUTE_PAUSE_MS = 60_000;

export function factOfCreate(crew: Crew, sent: Sent, reply: Reply): Told {
  const at = crew.now();
  const base = { at, callSentAt: sent.sentAt };
  const notTaken = { day: sent.day, person: sent.person };
  if (reply.kind === 'lost') {
    return {
      fact: { ...base, kind: 'answer_lost', problem: 'call:lost', said: reply.why },
      aside: { ...surprise(crew, 'call:lost'), verdict: 'failed' },
      refusedToken: false,
    };
  }
  if (reply.kind === 'not_sent') {
    const until = at + retryAfterMs(crew.patience, 0, crew.random());
    return {
      fact: { ...base, kind: 'create_void', until, wait: 'connection', problem: 'call:not_sent', said: reply.why },
      // Everybody waits: the next one would meet the same closed door.
      aside: {
        ...surprise(crew, 'call:not_sent'),
        giveBack: { ...notTaken, call: true },
        pauseMs: until - at,
        verdict: 'failed',
      },
      refusedToken: false,
    };
  }
  const problem = `create:${reply.errcode}`;
  const answer = answerToCreate(reply.errcode);
  const fact: Fact = {
    kind: answer.fact,
    said: reply.said,
    ...base,
    ...(answer.fact !== 'create_accepted' && { problem }),
    ...(answer.fact === 'create_accepted' && crew.api.taskOf(reply.body)),
    ...(answer.fact === 'platform_refused' && { because: withRid(answer, reply.said) }),
    ...waitAfter(crew, sent.view.registration, answer, at),
  };
  const isVoid = fact.kind === 'create_void' || fact.kind === 'platform_refused';
  return {
    fact,
    aside: {
      verdict: verdictOf(answer, reply.errcode),
      ...surprise(crew, isSurprising(answer, reply.errcode) ? problem : ''),
      ...doorOf(answer, sent.day),
      ...(!isVoid && offline(crew, sent.day, reply)),
      ...(isVoid && { giveBack: { ...notTaken, call: false } }),
      ...(answer.wait === 'person' && { spent: { day: sent.day, person: sent.person } }),
    },
    refusedToken: answer.door === 'token' || answer.door === 'ticket',
  };
}

export function factOfSearch(crew: Crew, registration: Registration, day: string, reply: Reply): Told {
  const at = crew.now();
  const sentAt = registration.sentAt ?? at;
  const until = Math.min(at + crew.patience.pushRecheckMs, sentAt + crew.patience.giveUpMs);
  // Nothing was learnt, so it is not given up yet: after a pause, should its time to be given up have come.
  const untilAfterNothing = Math.max(until, at + crew.patience.retryFirstMs);
  const base = { at, callSentAt: sentAt };
  if (reply.kind !== 'answer') {
    const problem = reply.kind === 'lost' ? 'call:lost' : 'call:not_sent';
    return {
      fact: { ...base, until: untilAfterNothing, kind: 'search_void', problem, said: reply.why },
      aside: surprise(crew, problem),
      refusedToken: false,
    };
  }
  const { problem, said, answer } = crew.api.readSearch(reply);
  const refusedToken = answer.door === 'token' || answer.door === 'ticket';
  // Its task has ended where WeChat had accepted it: another search would be answered alike, and only the push can tell.
  const hasEnded = answer.noTask === true && registration.state === 'awaiting_legal_person';
  const untilAfterAnswer = tellsOfTask(problem) ? until : untilAfterNothing;
  const askAgainAt = hasEnded ? sentAt + crew.patience.giveUpMs : untilAfterAnswer;
  return {
    fact: {
      ...base,
      // Turned away, it may ask again at once: the door itself says how long to wait.
      ...(mayAskAgain(answer) && { until: answer.door === undefined ? askAgainAt : at }),
      kind: answer.fact,
      problem,
      said,
      ...(answer.fact === 'search_refused' && { because: withRid(answer, said) }),
    },
    aside: doorOf(answer, day),
    refusedToken,
  };
}

/** What stopped the line, and the id under which WeChat's support finds the call; no word more, for it goes into logs and notices. */
function withRid({ en }: Answer, said: string): string {
  const rid = ridOf(said);
  return rid === undefined ? en : `${en} rid: ${rid}`;
}

function mayAskAgain({ fact }: Answer): boolean {
  return fact !== 'task_created' && fact !== 'task_failed';
}

/**
 * When the answer lets it be sent again. Without a time, patience is spent: each answer spends its own, and no other
 * answer gives it back, so that answers which alternate for ever have an end too.
 */
function waitAfter(crew: Crew, registration: Registration, answer: Answer, at: number): Partial<Fact> {
  const { patience, limits } = crew;
  const mayWaitOn = (since = at): boolean => at - since < patience.giveUpMs;
  switch (answer.wait) {
    case 'again':
      if (registration.postponed + 1 >= patience.retryLimit) return {};
      return { wait: 'again', until: at + retryAfterMs(patience, registration.postponed, crew.random()) };
    case 'busy':
      return mayWaitOn(registration.busySince) ? { wait: 'busy', until: at + patience.busyWaitMs } : {};
    case 'person':
      return mayWaitOn(registration.personSince) ? { wait: 'person', until: quotaDay(at, limits.timezone).endsAt } : {};
    default:
      return {};
  }
}

function doorOf(answer: Answer, day: string): Aside {
  if (answer.door === 'day') return { closeDay: day };
  if (answer.door === 'minute') return { pauseMs: MINUTE_PAUSE_MS };
  return {};
}

/** What it says of the creates behind it: did WeChat look at the merchant? */
function verdictOf(answer: Answer, errcode: number): NonNullable<Aside['verdict']> {
  if (answer.fact === 'create_accepted') return 'accepted';
  if (answer.fact === 'create_refused') return 'refused';
  if (answer.door !== undefined) return 'again';
  return answer.fact === 'platform_refused' || isSurprising(answer, errcode) ? 'failed' : 'taken';
}

/** The same unknown code, system error, or silence again and again is the platform's trouble, not twenty merchants'. */
function isSurprising(answer: Answer, errcode: number): boolean {
  return answer.fact === 'answer_unknown' || errcode === -1;
}

/** Calls that were turned away at the door do not count: they never came to the API. */
function offline({ api }: Crew, day: string, { errcode, said }: Answered): Aside {
  if (api.retirement === undefined) return {};
  const { errcode: whenOffline, problem } = api.retirement;
  return { offline: { day, met: errcode === whenOffline, most: OFFLINE_AFTER, because: said, problem } };
}

function surprise(crew: Crew, code: string): Aside {
  return { surprise: { code, most: crew.limits.stopAfter } };
}
