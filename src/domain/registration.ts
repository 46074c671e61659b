/**
 * The heart: what a registration can be (STATES), what can be reported about it (FACTS), and what a fact does to it
 * (MOVES). Everything else in this project either reports a fact or shows what became of it.
 *
 * `docs/states.md`, `explain` and the report's sentences are printed from these tables.
 */
import type { Actor, Words } from './words.js';

export type Outcome =
  | 'created'
  | 'already_created'
  | 'duplicate'
  | 'invalid'
  | 'rejected'
  | 'expired'
  | 'needs_review'
  | 'cancelled'
  | 'pending';

interface StateRow extends Words {
  readonly outcome: Outcome;
  readonly acts: Actor;
}

export const STATES = {
  queued: {
    outcome: 'pending',
    acts: 'us',
    en: 'It waits for its turn to be sent.',
    zh: '排队中，等待提交。',
  },
  submitting: {
    outcome: 'pending',
    acts: 'us',
    en: "It was sent; WeChat's answer is not known. The push, or one search when the push is overdue, will tell.",
    zh: '已提交，尚未得知微信的答复；将以微信推送为准，逾期未推送时查询一次。',
  },
  deferred: {
    outcome: 'pending',
    acts: 'us',
    en: 'It may not be sent now and will be sent later by itself.',
    zh: '暂不能提交，到时会自动提交。',
  },
  awaiting_legal_person: {
    outcome: 'pending',
    acts: 'legal_person',
    en: 'WeChat accepted the task; the legal person has 24 hours to confirm it in WeChat.',
    zh: '微信已受理，请法人在 24 小时内于微信中完成确认。',
  },
  created: {
    outcome: 'created',
    acts: 'nobody',
    en: 'The Mini Program exists.',
    zh: '小程序已创建。',
  },
  rejected: {
    outcome: 'rejected',
    acts: 'merchant',
    en: 'WeChat or the business registry refused the details.',
    zh: '微信或工商登记机关未通过所填信息。',
  },
  expired: {
    outcome: 'expired',
    acts: 'legal_person',
    en: 'The legal person did not confirm in time.',
    zh: '法人未在规定时间内完成确认。',
  },
  needs_review: {
    outcome: 'needs_review',
    acts: 'us',
    en: 'We cannot know, or must not guess, what became of it; a person has to look.',
    zh: '结果无法确定，需要人工核实。',
  },
  cancelled: {
    outcome: 'cancelled',
    acts: 'nobody',
    en: 'It was withdrawn before it was sent.',
    zh: '提交前已撤回。',
  },
  invalid: {
    outcome: 'invalid',
    acts: 'us',
    en: 'Our own checks refused it; nothing was sent.',
    zh: '未通过本地校验，没有提交。',
  },
} as const satisfies Record<string, StateRow>;

export type State = keyof typeof STATES;

interface FactRow {
  readonly by: 'producer' | 'worker' | 'receiver' | 'operator';
  readonly en: string;
}

export const FACTS = {
  row_accepted: { by: 'producer', en: 'a row of a sheet names this merchant and passed our checks' },
  row_refused: { by: 'worker', en: 'the registration API in use cannot take these details; nothing was sent' },
  create_held: { by: 'worker', en: 'its enterprise has a running task, or its Weixin ID has had its tries of the day' },
  create_sent: { by: 'worker', en: 'permission to call was taken and `create` is on its way' },
  create_accepted: { by: 'worker', en: 'WeChat accepted the task' },
  create_busy: { by: 'worker', en: 'WeChat says that this enterprise already has a running task' },
  create_postponed: { by: 'worker', en: 'WeChat answered that it may be tried again later' },
  create_void: {
    by: 'worker',
    en: 'the call was turned away at the door (token, quota, no connection): no attempt was made',
  },
  create_refused: { by: 'worker', en: "WeChat refused the merchant's details" },
  platform_refused: { by: 'worker', en: 'WeChat refused the platform, not the merchant: the line stops' },
  answer_unknown: { by: 'worker', en: 'WeChat answered with a code that nobody knows' },
  answer_lost: { by: 'worker', en: 'the call may have arrived, but its answer did not come back' },
  search_sent: { by: 'worker', en: 'permission to call was taken and `search` is on its way' },
  search_void: { by: 'worker', en: '`search` was turned away at the door: nothing was learnt' },
  search_refused: { by: 'worker', en: 'WeChat refused the platform when we searched: the line stops' },
  task_running: { by: 'worker', en: '`search` says that the task is running' },
  task_unclear: { by: 'worker', en: '`search` does not tell what became of the task' },
  task_created: { by: 'worker', en: '`query` says that the Mini Program was created, but not which one' },
  task_failed: { by: 'worker', en: '`query` says that the registration failed' },
  push_overdue: { by: 'worker', en: 'neither a push nor `search` told the end in the time that we wait' },
  mini_program_created: { by: 'receiver', en: 'WeChat pushed: the Mini Program was created' },
  legal_person_timed_out: { by: 'receiver', en: 'WeChat pushed: the legal person did not finish within 24 hours' },
  registration_refused: { by: 'receiver', en: 'WeChat pushed: the registration failed' },
  push_unknown: { by: 'receiver', en: 'WeChat pushed a status that nobody knows' },
  authorizer_kept: { by: 'worker', en: "the auth_code was exchanged; the authorizer's refresh token is kept" },
  authorizer_lost: { by: 'worker', en: 'the auth_code could not be exchanged in its ten minutes' },
  retry_asked: { by: 'operator', en: 'an operator asked to send it again' },
  cancel_asked: { by: 'operator', en: 'an operator withdrew it' },
} as const satisfies Record<string, FactRow>;

export type FactKind = keyof typeof FACTS;

/** One thing that happened to one registration. Times are milliseconds since 1970. */
export interface Fact {
  readonly kind: FactKind;
  readonly at: number;
  /** When the call was sent whose answer this is; an answer to an earlier call changes nothing. */
  readonly callSentAt?: number;
  /** The machine's word for what was answered or pushed, e.g. `create:61070`; shown as the report's `problem`. */
  readonly problem?: string;
  /** What WeChat said, verbatim, with its rid. */
  readonly said?: string;
  /** When it may go on. A postponement without it means that our patience is spent. */
  readonly until?: number;
  /** Why it waits, one of WAITS. */
  readonly wait?: Wait;
  /** The push's own CreateTime, in whole seconds as WeChat sends it, as milliseconds. */
  readonly pushedAt?: number;
  /** WeChat's id of the task that the push is about; absent where the push does not name it. */
  readonly aboutTask?: string;
  /** The new Mini Program's appid. */
  readonly appid?: string;
  /** The push's authorization code, sealed: it is worth a Mini Program for ten minutes. */
  readonly authCode?: string;
  /** The successor's task id and the link for the legal person. */
  readonly taskId?: string;
  readonly authorizeUrl?: string;
  /** Who asked and why, of an operator's fact. */
  readonly because?: string;
  /** `batch/index` of the row whose details are to be sent from now on. */
  readonly row?: string;
  /** The row asks for a second Mini Program of a merchant that has one. */
  readonly again?: boolean;
}

/** Why a deferred registration waits; `overnight` waits are not worth keeping a batch run open for. */
export const WAITS = {
  enterprise: {
    overnight: true,
    en: 'another task of the same enterprise has to end first',
    zh: '同一企业的另一个任务尚未结束',
  },
  person: {
    overnight: true,
    en: 'this Weixin ID has been used five times today',
    zh: '该微信号今日已使用五次',
  },
  busy: {
    overnight: true,
    en: 'WeChat already has a running task for this enterprise',
    zh: '微信中该企业已有任务正在执行',
  },
  again: {
    overnight: false,
    en: 'WeChat asked to try again after some while',
    zh: '微信要求稍后重试',
  },
  connection: {
    overnight: false,
    en: 'WeChat could not be reached',
    zh: '无法连接微信服务器',
  },
  not_before: {
    overnight: true,
    en: 'the registry needs some days before it may be sent again',
    zh: '需等待工商数据更新后再提交',
  },
} as const satisfies Record<string, Words & { overnight: boolean }>;

export type Wait = keyof typeof WAITS;

/** What the ledger knows of one merchant's registration. */
export interface Registration {
  readonly id: string;
  readonly state: State;
  /** `batch/index` of the row whose details are sent. */
  readonly row: string;
  /** Further rows, of later batches, that wait for the same outcome. */
  readonly alsoRows: readonly string[];
  /** How many `create` calls WeChat took up. */
  readonly attempt: number;
  /**
   * What WeChat has of the present attempt. `open`: it may be running a task of ours. `ended`: it ran one, and told us
   * the end. `none`: it never took one.
   */
  readonly task: 'none' | 'open' | 'ended';
  /** The same of the attempts before it, the liveliest one: a late push, or 89249, can be about that one. */
  readonly earlierTask: 'none' | 'open' | 'ended';
  /** When the present attempt was sent. */
  readonly sentAt?: number | undefined;
  /** How often it was postponed since it was last queued, and since when. */
  readonly postponed: number;
  readonly postponedSince?: number | undefined;
  readonly until?: number | undefined;
  readonly wait?: Wait | undefined;
  readonly problem?: string | undefined;
  readonly said?: string | undefined;
  readonly appid?: string | undefined;
  /** Of Mini Programs that this merchant had before one more was asked for. */
  readonly earlierAppids?: readonly string[] | undefined;
  readonly authCode?: string | undefined;
  readonly authorizer?: 'kept' | 'lost' | undefined;
  readonly taskId?: string | undefined;
  readonly authorizeUrl?: string | undefined;
  readonly finishedAt?: number | undefined;
}

/** Conditions of MOVES, by the words under which the table names them. */
const CONDITIONS = {
  'every earlier answer is known': (r: Registration) => r.task !== 'open' && r.earlierTask !== 'open',
  'an earlier attempt may still be running': (r: Registration) => r.earlierTask === 'open',
  'one more is asked for, and the auth_code of the one there is has its end': (r: Registration, fact: Fact) =>
    fact.again === true && r.authCode === undefined,
  'there is a time to try again': (_: Registration, fact: Fact) => fact.until !== undefined,
  'the push is about this attempt': (r: Registration, fact: Fact) => !isAboutAnEarlierAttempt(r, fact),
  'the push is about this attempt, or an earlier one that was never heard of again': (r: Registration, fact: Fact) =>
    !isAboutAnEarlierMiniProgram(r, fact) && (r.earlierTask === 'open' || !isAboutAnEarlierAttempt(r, fact)),
  'its task may still be running, and the push is about it': (r: Registration, fact: Fact) =>
    r.task === 'open' && !isAboutAnEarlierAttempt(r, fact),
  'only `query` told of the end, and the push is about the same attempt': (r: Registration, fact: Fact) =>
    isKnownFromQuery(r) && !isAboutAnEarlierAttempt(r, fact),
  'only `query` told that it exists': (r: Registration) => isKnownFromQuery(r) && r.appid === undefined,
} as const;

/**
 * A push that names its task is about the attempt that has it. Else there is CreateTime, which has whole seconds and
 * comes from WeChat's clock; with no earlier task there is nothing else that the push could be about, so that a clock of
 * ours that is fast by minutes loses nothing.
 */
function isAboutAnEarlierAttempt(registration: Registration, fact: Fact): boolean {
  if (isAboutAnEarlierMiniProgram(registration, fact)) return true;
  if (fact.aboutTask !== undefined && registration.taskId !== undefined) return fact.aboutTask !== registration.taskId;
  if (registration.earlierTask === 'none') return false;
  if (fact.pushedAt === undefined || registration.sentAt === undefined) return false;
  return fact.pushedAt < Math.floor(registration.sentAt / 1000) * 1000;
}

/** Pushes come twice, and late: the first Mini Program's is no news of the second. */
function isAboutAnEarlierMiniProgram({ earlierAppids = [] }: Registration, { appid }: Fact): boolean {
  return appid !== undefined && earlierAppids.includes(appid);
}

/** `query` gives neither an appid nor a reason; a push gives both, whenever it comes. */
function isKnownFromQuery({ problem = '' }: Registration): boolean {
  return problem.startsWith('query:');
}

/** What has to happen after a move; the ledger puts it into the outbox in the same step. */
export type Consequence = 'send' | 'ask' | 'authorize' | 'stop_line';

export interface Move {
  readonly fact: FactKind;
  readonly from: readonly State[];
  readonly when?: keyof typeof CONDITIONS;
  readonly to: State;
  /**
   * What the fact says of the task at WeChat. `opens`: it may run from now on. `ended`: it is over. `refused`: the
   * answer says that none was begun. `void`: the same, and it was no attempt. After all but the first the enterprise is free.
   */
  readonly task?: 'opens' | 'ended' | 'refused' | 'void';
  readonly so?: readonly Consequence[];
  readonly because: string;
}

const UNSENT: readonly State[] = ['queued', 'deferred'];
const SENT: readonly State[] = ['submitting', 'awaiting_legal_person'];

/** Read from above: the first rule that fits is the one. A fact that fits none changes nothing and stays in the history. */
// biome-ignore format: one line, one rule
export const MOVES: readonly Move[] = [
  // A row
  { fact: 'row_accepted', from: ['rejected'], when: 'there is a time to try again', to: 'deferred', so: ['send'], because: 'it failed before, and the registry needs time' },
  { fact: 'row_accepted', from: ['rejected', 'expired', 'cancelled', 'invalid'], to: 'queued', so: ['send'], because: 'it failed before, so the new row is a new attempt' },
  { fact: 'row_accepted', from: ['needs_review'], when: 'every earlier answer is known', to: 'queued', so: ['send'], because: 'nothing of ours can be running at WeChat' },
  { fact: 'row_accepted', from: ['created'], when: 'one more is asked for, and the auth_code of the one there is has its end', to: 'queued', so: ['send'], because: 'the operator wants a second Mini Program of this merchant' },
  { fact: 'row_refused', from: UNSENT, to: 'invalid', because: 'the details do not fit the API, and no call is wasted on them' },

  // The call
  { fact: 'create_held', from: UNSENT, to: 'deferred', so: ['send'], because: 'WeChat would only answer 89249 or 91030' },
  { fact: 'create_sent', from: UNSENT, to: 'submitting', task: 'opens', so: ['ask'], because: 'from here on the merchant may have been asked' },

  // Its answer
  { fact: 'create_accepted', from: ['submitting'], to: 'awaiting_legal_person', because: 'the task runs; the push will tell' },
  { fact: 'create_busy', from: ['submitting'], when: 'an earlier attempt may still be running', to: 'awaiting_legal_person', because: 'the running task is the one whose answer we lost' },
  { fact: 'create_busy', from: ['submitting'], when: 'there is a time to try again', to: 'deferred', task: 'refused', so: ['send'], because: "somebody else's task runs" },
  { fact: 'create_busy', from: ['submitting'], to: 'needs_review', task: 'refused', because: "somebody else's task does not end" },
  { fact: 'create_postponed', from: ['submitting'], when: 'there is a time to try again', to: 'deferred', task: 'refused', so: ['send'], because: 'the answer says that nothing was begun' },
  { fact: 'create_postponed', from: ['submitting'], to: 'needs_review', task: 'refused', because: 'all tries are spent' },
  { fact: 'create_void', from: ['submitting'], when: 'there is a time to try again', to: 'deferred', task: 'void', so: ['send'], because: 'WeChat never saw it, and cannot be reached now' },
  { fact: 'create_void', from: ['submitting'], to: 'queued', task: 'void', so: ['send'], because: 'WeChat never looked at it' },
  { fact: 'create_refused', from: ['submitting'], to: 'rejected', task: 'refused', because: 'the same details would be refused again' },
  { fact: 'platform_refused', from: ['submitting'], to: 'queued', task: 'void', so: ['send', 'stop_line'], because: 'the merchant is not at fault' },
  { fact: 'answer_unknown', from: ['submitting'], to: 'needs_review', because: 'a code that nobody knows is neither success nor failure' },

  // What stays silent
  { fact: 'search_sent', from: ['submitting'], to: 'submitting', so: ['ask'], because: 'should its answer be lost, it is asked again' },
  { fact: 'search_sent', from: ['awaiting_legal_person'], to: 'awaiting_legal_person', so: ['ask'], because: 'should its answer be lost, it is asked again' },
  { fact: 'task_running', from: ['submitting'], to: 'awaiting_legal_person', so: ['ask'], because: 'our call arrived' },
  { fact: 'task_running', from: ['awaiting_legal_person'], to: 'awaiting_legal_person', so: ['ask'], because: 'it is still running' },
  { fact: 'task_unclear', from: ['submitting'], to: 'submitting', so: ['ask'], because: '`search` also says "not found" right after a create and after its end' },
  { fact: 'task_unclear', from: ['awaiting_legal_person'], to: 'awaiting_legal_person', so: ['ask'], because: '`search` also says "not found" right after a create and after its end' },
  { fact: 'search_void', from: ['submitting'], to: 'submitting', so: ['ask'], because: 'nothing was learnt' },
  { fact: 'search_void', from: ['awaiting_legal_person'], to: 'awaiting_legal_person', so: ['ask'], because: 'nothing was learnt' },
  { fact: 'search_refused', from: ['submitting'], to: 'submitting', so: ['ask', 'stop_line'], because: 'the merchant is not at fault' },
  { fact: 'search_refused', from: ['awaiting_legal_person'], to: 'awaiting_legal_person', so: ['ask', 'stop_line'], because: 'the merchant is not at fault' },
  { fact: 'task_created', from: SENT, to: 'created', task: 'ended', because: 'a Mini Program that exists settles everything' },
  { fact: 'task_failed', from: SENT, to: 'rejected', task: 'ended', because: 'WeChat ended the task' },
  { fact: 'push_overdue', from: SENT, to: 'needs_review', because: 'the task ended without a word; only a person can find out' },

  // The push
  { fact: 'mini_program_created', from: ['queued', 'deferred', ...SENT, 'rejected', 'expired', 'needs_review', 'cancelled', 'invalid'], when: 'the push is about this attempt, or an earlier one that was never heard of again', to: 'created', task: 'ended', so: ['authorize'], because: 'a Mini Program that exists settles everything' },
  { fact: 'legal_person_timed_out', from: [...SENT, 'needs_review'], when: 'its task may still be running, and the push is about it', to: 'expired', task: 'ended', because: 'the 24 hours are over' },
  { fact: 'registration_refused', from: [...SENT, 'needs_review'], when: 'its task may still be running, and the push is about it', to: 'rejected', task: 'ended', because: 'WeChat ended the task' },
  { fact: 'mini_program_created', from: ['created'], when: 'only `query` told that it exists', to: 'created', so: ['authorize'], because: 'the push says which one it is' },
  { fact: 'legal_person_timed_out', from: ['rejected'], when: 'only `query` told of the end, and the push is about the same attempt', to: 'expired', because: 'the push says why it failed' },
  { fact: 'registration_refused', from: ['rejected'], when: 'only `query` told of the end, and the push is about the same attempt', to: 'rejected', because: 'the push says why it failed' },
  { fact: 'push_unknown', from: SENT, when: 'the push is about this attempt', to: 'needs_review', because: 'a status that nobody knows is neither success nor failure' },
  { fact: 'authorizer_kept', from: ['created'], to: 'created', because: 'the platform can now act for the Mini Program' },
  { fact: 'authorizer_lost', from: ['created'], to: 'created', because: 'the merchant has to authorise the platform once more' },

  // The operator
  { fact: 'retry_asked', from: ['rejected', 'expired', 'needs_review', 'cancelled', 'invalid'], when: 'there is a time to try again', to: 'deferred', so: ['send'], because: 'the operator asked, and the registry needs time' },
  { fact: 'retry_asked', from: ['rejected', 'expired', 'needs_review', 'cancelled', 'invalid'], to: 'queued', so: ['send'], because: 'the operator asked' },
  { fact: 'cancel_asked', from: UNSENT, to: 'cancelled', because: 'it was not sent yet' },
];

/** A registration as a row of a sheet makes it. */
export function newRegistration(id: string, row: string): Registration {
  return { id, state: 'queued', row, alsoRows: [], attempt: 0, task: 'none', earlierTask: 'none', postponed: 0 };
}

/** The rules of each fact, in their order. */
const MOVES_OF = new Map<FactKind, Move[]>();
for (const move of MOVES) MOVES_OF.set(move.fact, [...(MOVES_OF.get(move.fact) ?? []), move]);

/** The rule of MOVES that a fact meets in a registration; undefined where it changes nothing. Total: it never throws. */
export function next(registration: Registration, fact: Fact): Move | undefined {
  if (fact.callSentAt !== undefined && fact.callSentAt !== registration.sentAt) return undefined;
  return MOVES_OF.get(fact.kind)?.find(
    (move) =>
      move.from.includes(registration.state) && (move.when === undefined || CONDITIONS[move.when](registration, fact)),
  );
}

/** The registration after a move: what the ledger writes. */
export function apply(registration: Registration, fact: Fact, move: Move): Registration {
  const sent = move.task === 'opens' ? attemptBegun(registration, fact) : attemptAfter(registration, move);
  return {
    ...sent,
    state: move.to,
    until: fact.until ?? (isOver(move.to) || move.to === 'queued' ? undefined : registration.until),
    wait: move.to === 'deferred' ? fact.wait : undefined,
    problem: fact.problem ?? (keepsItsWords(registration, fact, move) ? registration.problem : undefined),
    said: saidBy(registration, fact) ?? (keepsItsWords(registration, fact, move) ? registration.said : undefined),
    ...patience(registration, fact, move),
    ...miniPrograms(registration, fact),
    ...authorization(registration, fact),
    taskId: fact.taskId ?? sent.taskId,
    authorizeUrl: fact.authorizeUrl ?? sent.authorizeUrl,
    row: fact.row ?? registration.row,
    alsoRows: fact.row === undefined ? registration.alsoRows : [],
    finishedAt: finishedAt(registration, fact, move),
  };
}

function miniPrograms(
  { appid, earlierAppids }: Registration,
  fact: Fact,
): Pick<Registration, 'appid' | 'earlierAppids'> {
  if (!fact.again) return { appid: fact.appid ?? appid, ...(earlierAppids && { earlierAppids }) };
  const earlier = [...(earlierAppids ?? []), ...(appid === undefined ? [] : [appid])];
  return { appid: undefined, ...(earlier.length > 0 && { earlierAppids: earlier }) };
}

/** A Mini Program whose appid is known needs no further words; a row that is tried again keeps those of its tries. */
function keepsItsWords(registration: Registration, fact: Fact, move: Move): boolean {
  if (fact.kind === 'create_sent') return registration.postponed > 0;
  return move.to === registration.state && fact.kind !== 'mini_program_created';
}

function attemptBegun(registration: Registration, fact: Fact): Registration {
  return {
    ...registration,
    attempt: registration.attempt + 1,
    task: 'open',
    earlierTask: liveliest(registration.earlierTask, registration.task),
    sentAt: fact.at,
    taskId: undefined,
    authorizeUrl: undefined,
  };
}

function attemptAfter(registration: Registration, move: Move): Registration {
  switch (move.task) {
    case 'void':
      return { ...registration, attempt: registration.attempt - 1, task: 'none' };
    case 'refused':
      return { ...registration, task: 'none' };
    case 'ended':
      return { ...registration, task: 'ended' };
    default:
      return registration;
  }
}

function liveliest(earlier: Registration['task'], present: Registration['task']): Registration['task'] {
  if (earlier === 'open' || present === 'open') return 'open';
  return earlier === 'ended' || present === 'ended' ? 'ended' : 'none';
}

/** Each answer of a row that was postponed again and again is kept, for the person who has to judge it at the end. */
function saidBy(registration: Registration, fact: Fact): string | undefined {
  if (fact.said === undefined || fact.kind !== 'create_postponed' || registration.said === undefined) return fact.said;
  return `${registration.said} · ${fact.said}`;
}

/** Postponements are counted from when a registration was last queued, so that an operator's retry has all its tries. */
function patience(
  registration: Registration,
  fact: Fact,
  move: Move,
): Pick<Registration, 'postponed' | 'postponedSince'> {
  if (fact.kind === 'create_postponed' || fact.kind === 'create_busy') {
    return { postponed: registration.postponed + 1, postponedSince: registration.postponedSince ?? fact.at };
  }
  if (isOver(registration.state) || isOver(move.to)) return { postponed: 0, postponedSince: undefined };
  return { postponed: registration.postponed, postponedSince: registration.postponedSince };
}

function finishedAt(registration: Registration, fact: Fact, move: Move): number | undefined {
  if (!isOver(move.to)) return undefined;
  return move.to === registration.state ? registration.finishedAt : fact.at;
}

/** An auth_code is good for one exchange; once that has an end, it is forgotten. */
function authorization(registration: Registration, fact: Fact): Pick<Registration, 'authCode' | 'authorizer'> {
  if (fact.again) return { authCode: undefined, authorizer: undefined };
  if (fact.kind === 'authorizer_kept') return { authCode: undefined, authorizer: 'kept' };
  if (fact.kind === 'authorizer_lost') return { authCode: undefined, authorizer: 'lost' };
  return { authCode: fact.authCode ?? registration.authCode, authorizer: registration.authorizer };
}

/** Over means that the registration has its outcome, until a person or a later sheet asks again. */
export function isOver(state: State): boolean {
  return STATES[state].outcome !== 'pending';
}
