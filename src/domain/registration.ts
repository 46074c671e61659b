/**
 * The heart: what a registration can be (STATES), what can be reported about it (FACTS), and what a fact does to it
 * (MOVES). Everything else in this project either reports a fact or shows what became of it.
 *
 * `docs/states.md`, `explain` and the report's sentences are printed from these tables.
 */
import { CALL_IS_OVER_MS, CLOCKS_AGREE_MS, MOST_RESENDS_OF_A_LOST_LINK } from './limits.js';
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
  /**
   * The verdict of the state on a create that others wait for: the probe of a stopped line (line.ts), or a first row of
   * a batch (`--canary`). WeChat accepted the task, WeChat or the legal person refused it, or it was withdrawn before
   * it was sent. Absent: no verdict yet.
   */
  readonly verdict?: 'accepted' | 'refused' | 'withdrawn';
}

export const STATES = {
  queued: {
    outcome: 'pending',
    acts: 'nobody',
    en: 'It waits for its turn to be sent.',
    zh: '排队中，等待提交。',
  },
  submitting: {
    outcome: 'pending',
    acts: 'nobody',
    en: "It was sent, and WeChat's answer is not known yet.",
    zh: '已提交，尚未得知微信的答复。',
  },
  deferred: {
    outcome: 'pending',
    acts: 'nobody',
    en: 'It cannot be sent now and will be sent later automatically.',
    zh: '暂不能提交，到时会自动提交。',
  },
  awaiting_legal_person: {
    outcome: 'pending',
    acts: 'legal_person',
    verdict: 'accepted',
    en: 'WeChat accepted the task; the legal person has 24 hours to confirm it in WeChat.',
    zh: '微信已受理，请法人在 24 小时内于微信中完成确认。',
  },
  created: {
    outcome: 'created',
    acts: 'nobody',
    verdict: 'accepted',
    en: 'The Mini Program exists.',
    zh: '小程序已创建。',
  },
  rejected: {
    outcome: 'rejected',
    acts: 'merchant',
    verdict: 'refused',
    en: 'WeChat or the business registry refused the details.',
    zh: '所填信息未通过微信或工商数据校验。',
  },
  expired: {
    outcome: 'expired',
    acts: 'legal_person',
    verdict: 'accepted',
    en: 'The legal person did not confirm in time.',
    zh: '法人未在规定时间内完成确认。',
  },
  needs_review: {
    outcome: 'needs_review',
    acts: 'us',
    verdict: 'refused',
    en: 'We cannot know, or must not guess, what became of it; a person has to look.',
    zh: '结果无法确定，需要人工核实。',
  },
  cancelled: {
    outcome: 'cancelled',
    acts: 'nobody',
    verdict: 'withdrawn',
    en: 'It was withdrawn while it waited to be sent.',
    zh: '等待提交时已撤回。',
  },
  invalid: {
    outcome: 'invalid',
    acts: 'us',
    verdict: 'refused',
    en: 'Our own checks refused it; nothing was sent.',
    zh: '未通过本地校验，没有提交。',
  },
} as const satisfies Record<string, StateRow>;

export type State = keyof typeof STATES;

interface FactRow extends Words {
  readonly by: keyof typeof REPORTERS;
  /** The call to WeChat that is on its way from this fact on. */
  readonly sends?: 'create' | 'search';
}

/** The sources of facts. */
export const REPORTERS = {
  producer: { en: 'producer', zh: '导入' },
  worker: { en: 'worker', zh: '提交' },
  receiver: { en: 'receiver', zh: '接收' },
  operator: { en: 'operator', zh: '运营人员' },
} as const satisfies Record<string, Words>;

// biome-ignore format: one line, one fact
export const FACTS = {
  row_accepted: { by: 'producer', en: 'a row of a sheet names this merchant and passed our checks', zh: '表中某行填写了该商户，且通过了本地校验' },
  row_refused: { by: 'worker', en: 'the registration API in use cannot take these details; nothing was sent', zh: '当前注册接口不接受这些信息，没有提交' },
  create_held: { by: 'worker', en: 'its Weixin ID has had its tries of the day', zh: '其微信号当日次数已用完' },
  create_sent: { by: 'worker', sends: 'create', en: 'permission to call was taken and `create` is on its way', zh: '已取得调用许可，`create` 已发出' },
  create_accepted: { by: 'worker', en: 'WeChat accepted the task', zh: '微信已受理任务' },
  create_busy: { by: 'worker', en: 'WeChat says that this enterprise already has a running task', zh: '微信答复该企业已有任务在执行' },
  create_postponed: { by: 'worker', en: 'WeChat answered that it may be tried again later', zh: '微信答复可稍后重试' },
  create_void: { by: 'worker', en: 'WeChat did not process the call (token, quota, no connection): this is no attempt', zh: '请求未被受理（令牌、额度或连接原因），不计为一次提交' },
  create_intercepted: { by: 'worker', en: 'a proxy, a firewall or another server refused or redirected the call in place of WeChat: no attempt was made', zh: '请求被代理、防火墙或其他服务器拒绝或重定向，未到达微信，不计为一次提交' },
  create_refused: { by: 'worker', en: "WeChat refused the merchant's details", zh: '微信未通过商户所填信息' },
  platform_refused: { by: 'worker', en: 'WeChat refused the platform, not the merchant: the line stops', zh: '微信拒绝的是平台而非商户，提交因故障停止' },
  answer_unknown: { by: 'worker', en: 'WeChat answered with an unknown code', zh: '微信返回了未知的代码' },
  answer_lost: { by: 'worker', en: 'the call may have arrived, but its answer did not come back', zh: '请求可能已送达，但没有收到答复' },
  try_returned: { by: 'worker', en: 'everybody met that fault, and the line stopped for it: the try does not count', zh: '所有商户均遇到该故障，提交已因此停止：该次尝试不计数' },
  search_sent: { by: 'worker', sends: 'search', en: 'permission to call was taken and `search` is on its way', zh: '已取得调用许可，`search` 已发出' },
  search_void: { by: 'worker', en: 'WeChat did not process `search`: no result', zh: '`search` 未被受理，没有得到结果' },
  search_refused: { by: 'worker', en: 'WeChat refused the platform when we searched: the line stops', zh: '查询时微信拒绝了平台，提交因故障停止' },
  task_running: { by: 'worker', en: '`search` says that the task is running', zh: '`search` 显示任务正在执行' },
  task_unclear: { by: 'worker', en: '`search` does not say what became of the task', zh: '`search` 未能说明任务结果' },
  task_created: { by: 'worker', en: '`query`, or the answer to `create`, says that the Mini Program was created, but not which one', zh: '`query` 或 `create` 的答复显示小程序已创建，但未说明是哪一个' },
  task_failed: { by: 'worker', en: '`query`, or the answer to `create`, says that the registration failed', zh: '`query` 或 `create` 的答复显示注册失败' },
  task_unfinished: { by: 'worker', en: '`query` says that the task is not finished, and its 24 hours are over', zh: '`query` 显示任务未完成，且 24 小时已过' },
  link_lost: { by: 'worker', en: 'the answer with the link was lost, and a task that WeChat may have begun is over: nobody can have opened the link', zh: '含链接的答复已丢失，微信可能建立的任务也已结束：不会有人打开过该链接' },
  push_overdue: { by: 'worker', en: 'neither a push nor `search` gave the result in time', zh: '在等待期限内，推送和 `search` 都没有给出结果' },
  mini_program_created: { by: 'receiver', en: 'WeChat pushed: the Mini Program was created', zh: '微信推送：小程序已创建' },
  legal_person_timed_out: { by: 'receiver', en: 'WeChat pushed: the legal person did not finish within 24 hours', zh: '微信推送：法人未在 24 小时内完成确认' },
  registration_refused: { by: 'receiver', en: 'WeChat pushed: the registration failed', zh: '微信推送：注册失败' },
  push_unknown: { by: 'receiver', en: 'WeChat pushed an unknown status', zh: '微信推送了未知的状态' },
  authorization_pushed: { by: 'receiver', en: 'WeChat pushed a new authorization code: the merchant authorised the platform, or changed the permission sets', zh: '微信推送了新的授权码：商户授权了第三方平台，或更新了授权的权限集' },
  authorizer_withdrawn: { by: 'receiver', en: 'WeChat pushed: the merchant withdrew the authorisation', zh: '微信推送：商户已取消对第三方平台的授权' },
  authorizer_kept: { by: 'worker', en: "the authorizer's refresh token was received and is kept", zh: '已取得授权，授权方的刷新令牌已保存' },
  authorizer_lost: { by: 'worker', en: 'the auth_code was dead, and WeChat gave no refresh token in another way', zh: 'auth_code 已失效，也未能以其他方式取得刷新令牌' },
  retry_asked: { by: 'operator', en: 'an operator asked to send it again', zh: '运营人员要求重新提交' },
  cancel_asked: { by: 'operator', en: 'an operator withdrew it', zh: '运营人员已撤回' },
  noted: { by: 'operator', en: 'somebody wrote a note; it changes nothing', zh: '有人添加了备注，状态不变' },
} as const satisfies Record<string, FactRow>;

export type FactKind = keyof typeof FACTS;

/** One thing that happened to one registration. Times are milliseconds since 1970. */
export interface Fact {
  readonly kind: FactKind;
  readonly at: number;
  /** When the answered call was sent; an answer to an earlier call changes nothing. */
  readonly callSentAt?: number;
  /** The machine's word for what was answered or pushed, e.g. `create:61070`; shown as the report's `problem`. */
  readonly problem?: string;
  /** What WeChat said, verbatim, with its rid. */
  readonly said?: string;
  /** When it may go on. A postponement without it means that our patience is spent. */
  readonly until?: number;
  /** A task that was begun before this is over, whatever became of it; ms since 1970. */
  readonly tasksOverBefore?: number;
  /** Of a search and its answer: it was made because an answer was lost, long before the push is overdue. */
  readonly early?: boolean;
  /** Of a create: WeChat sends no message. Only its answer has the link for the legal person. */
  readonly byLink?: boolean;
  /** Why it waits, one of WAITS. */
  readonly wait?: Wait;
  /** The push's own CreateTime, in whole seconds as WeChat sends it, as milliseconds. */
  readonly pushedAt?: number;
  /** WeChat's id of the task that the push is about; absent where the push does not name it. */
  readonly aboutTask?: string;
  /** The new Mini Program's appid. */
  readonly appid?: string;
  /** The push's authorization code, sealed: the ledger keeps it beside the Mini Program until it is exchanged. */
  readonly authCode?: string;
  /** The successor's task id and the link for the legal person. */
  readonly taskId?: string;
  readonly authorizeUrl?: string;
  /** The person and the reason, of an operator's fact. */
  readonly because?: string;
  /** Of a note: its text ('' if only a contact was noted), its author, and whether the merchant was contacted. */
  readonly note?: string;
  readonly who?: string;
  readonly contacted?: true;
  /** `batch/index` of the row that the fact is about; of an accepted row, the row itself. */
  readonly row?: string;
  /** Of an accepted row: how its details compare with the details that are sent, or were. */
  readonly details?: RowDetails;
  /** How they compare with the details of the waiting row, if there is one. */
  readonly detailsOfWaiting?: RowDetails;
  /** Of a push: `batch/index` of the row of this enterprise with the details that WeChat repeats; '' where none of ours has them. */
  readonly aboutRow?: string;
  /** How far our clock was ahead of WeChat's when the call was sent, in ms; absent where they agree. */
  readonly clockAheadMs?: number;
  /** The row asks for a second Mini Program of a merchant that has one. */
  readonly again?: boolean;
  /** Tries that count against a registration, of a fact that gives one back. */
  readonly postponed?: number;
}

/**
 * How the details of a row compare with those to be sent. `same`. `newer`: this row is the one to send; it differs in the phone, or
 * in width, case, spaces and dots only, or the other details were purged. `other`: a detail differs that makes another task at WeChat.
 */
export type RowDetails = 'same' | 'newer' | 'other';

/** Why a deferred registration waits; `overnight` waits are not worth keeping a batch run open for. */
export const WAITS = {
  enterprise: {
    overnight: true,
    en: 'another row was sent for the same enterprise, and its task may be running',
    zh: '同一企业的另一行已提交，任务可能仍在执行',
  },
  person: {
    overnight: true,
    en: 'this Weixin ID has had its tries of today',
    zh: '该微信号今日的尝试次数已用完',
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
  page: {
    overnight: false,
    en: 'a page came instead of an answer of WeChat',
    zh: '返回的是网页，而不是微信的答复',
  },
  not_before: {
    overnight: true,
    en: 'the business registry was not up to date, and WeChat asks for 5 to 15 working days before it is sent again (105)',
    zh: '工商数据尚未更新，微信要求 5 至 15 个工作日后再提交（105）',
  },
} as const satisfies Record<string, Words & { overnight: boolean }>;

export type Wait = keyof typeof WAITS;

/** What the ledger knows of one enterprise's registration, whatever rows of whatever sheets name the enterprise. */
export interface Registration {
  readonly id: string;
  readonly state: State;
  /** `batch/index` of the row with the details that are sent. */
  readonly row: string;
  /** Further rows with the same details, which get the same outcome. */
  readonly joinedRows: readonly string[];
  /**
   * Rows with other details that came while a task may be running: they are sent when it has failed. The first row is
   * sent; the others have the same details.
   */
  readonly waitingRows: readonly string[];
  /** How many `create` calls WeChat took up. */
  readonly attempt: number;
  /**
   * What WeChat has of the present attempt. `open`: it may be running a task of ours. `ended`: it ran one, and pushed
   * the end. `none`: it never took one.
   */
  readonly task: 'none' | 'open' | 'ended';
  /** The same of the attempts before it, the liveliest one: a late push, or 89249, can be about that one. */
  readonly earlierTask: 'none' | 'open' | 'ended';
  /** When the latest attempt that may have left an open task was sent. */
  readonly earlierSentAt?: number | undefined;
  /** When the present attempt was sent, and how far our clock was ahead of WeChat's then (0: not known, or not at all). */
  readonly sentAt?: number | undefined;
  readonly clockAheadMs: number;
  /** CreateTime of the push that ended a task of the enterprise last, of ours or one in its way: a push that is not younger repeats it. */
  readonly heardAt?: number | undefined;
  /**
   * WeChat sends no message about the present attempt, and no earlier attempt of unknown outcome has reached a person: the
   * legal person needs a link, and only WeChat's answer to the present attempt had one.
   */
  readonly byLink?: true | undefined;
  /**
   * WeChat answered the present attempt that a task of this enterprise runs, and an earlier attempt may have begun it: the push that
   * ends it has the details of that attempt.
   */
  readonly adoptsTask?: true | undefined;
  /**
   * How long it is tried is limited by these, which are counted from when it was last queued: how often WeChat asked to try again
   * (postponed), since when a task of another platform runs (busySince), since when its Weixin ID is used up (personSince), and how
   * often it was sent again because its link was lost (linksLost).
   */
  readonly postponed: number;
  readonly busySince?: number | undefined;
  readonly personSince?: number | undefined;
  readonly linksLost?: number | undefined;
  readonly until?: number | undefined;
  readonly wait?: Wait | undefined;
  readonly problem?: string | undefined;
  readonly said?: string | undefined;
  readonly appid?: string | undefined;
  /** Of further Mini Programs that this enterprise has: made before one more was asked for, or by a second success. */
  readonly earlierAppids?: readonly string[] | undefined;
  /**
   * Whether the platform can act for the Mini Program that `appid` names. `due`: WeChat pushed a code, which is being
   * exchanged. Absent: WeChat pushed none.
   */
  readonly authorizer?: 'due' | 'kept' | 'lost' | 'withdrawn' | undefined;
  readonly taskId?: string | undefined;
  readonly authorizeUrl?: string | undefined;
  readonly finishedAt?: number | undefined;
}

/** Conditions of MOVES, by the words under which the table names them. */
const CONDITIONS = {
  'every earlier answer is known': (r: Registration) => r.task !== 'open' && r.earlierTask !== 'open',
  'the row is to be sent': sharesOutcome,
  'the row is to be sent, and the end of an earlier attempt is not known': (r: Registration, fact: Fact) =>
    sharesOutcome(r, fact) && isEarlierEndUnknown(r),
  'the row is the one that is to be sent': isAboutRowToSend,
  'the row is the one that is to be sent, and the end of an earlier attempt is not known': (
    r: Registration,
    fact: Fact,
  ) => isAboutRowToSend(r, fact) && isEarlierEndUnknown(r),
  'it ended the task of another row, which ran when this one was sent': (r: Registration, fact: Fact) =>
    r.adoptsTask === true &&
    r.task === 'open' &&
    fact.aboutRow !== undefined &&
    fact.aboutRow !== r.row &&
    !isAboutAnEarlierAttempt(r, fact),
  'it ended the task that was sent last': (r: Registration, fact: Fact) =>
    r.task === 'open' && fact.aboutRow !== '' && !wasPushedBefore(r, fact),
  'the create was put off, and the push repeats the details that it had': repeatsDetailsPutOff,
  'the create was put off, the push repeats the details that it had, and no task of somebody else was in its way': (
    r: Registration,
    fact: Fact,
  ) => r.wait !== 'busy' && repeatsDetailsPutOff(r, fact),
  "it ended somebody else's task, for which this row waits": (r: Registration, fact: Fact) =>
    r.wait === 'busy' && r.task !== 'open' && isYoungerThanTheCall(r, fact),
  'an earlier attempt may still be running': (r: Registration, { tasksOverBefore = Number.NEGATIVE_INFINITY }: Fact) =>
    r.earlierTask === 'open' && (r.earlierSentAt ?? Number.POSITIVE_INFINITY) >= tasksOverBefore,
  // One of which the appid is not known yet would be forgotten: reconcile finds it first.
  'one more is asked for': (r: Registration, fact: Fact) => fact.again === true && r.appid !== undefined,
  'there is a Mini Program from before, and no other one is asked for': (r: Registration, fact: Fact) =>
    r.earlierAppids !== undefined &&
    fact.again !== true &&
    !(fact.row !== undefined && r.waitingRows.includes(fact.row)),
  'there is a time to try again': (_: Registration, fact: Fact) => fact.until !== undefined,
  'there are details to send': (r: Registration, fact: Fact) => hasDetails(r) || wasSent(fact),
  'there are details to send, and a time to try again': (r: Registration, fact: Fact) =>
    (hasDetails(r) || wasSent(fact)) && fact.until !== undefined,
  'the push is about this attempt': (r: Registration, fact: Fact) => !isAboutAnEarlierAttempt(r, fact),
  'no Mini Program is known by that appid': (r: Registration, fact: Fact) => !hasMiniProgram(r, fact),
  'it was made with the details of another row': (r: Registration, fact: Fact) =>
    Boolean(fact.aboutRow) && fact.aboutRow !== r.row && !hasMiniProgram(r, fact),
  'it was made with details that no row of ours has': (r: Registration, fact: Fact) =>
    fact.aboutRow === '' && !endedAfterOursBegan(r, fact) && !hasMiniProgram(r, fact),
  'it is one more Mini Program': (r: Registration, fact: Fact) => r.appid !== undefined && !hasMiniProgram(r, fact),
  'the details are other ones': (r: Registration, fact: Fact) => fact.details === 'other' || isBehindWaitingRow(r),
  "the details are other ones, and somebody else's task runs": (r: Registration, fact: Fact) =>
    fact.details === 'other' && r.wait === 'busy',
  'the details are the same, with a newer phone or spelling': (r: Registration, fact: Fact) =>
    fact.details === 'newer' && !isBehindWaitingRow(r),
  'the row is one that waits': (r: Registration, fact: Fact) =>
    fact.row !== undefined && r.waitingRows.includes(fact.row),
  'its task may still be running, and the push is about it': (r: Registration, fact: Fact) =>
    r.task === 'open' && !isAboutAnEarlierAttempt(r, fact),
  'nobody has its link, and it may be sent again': (r: Registration) => nobodyHasItsLink(r) && mayBeSentAgain(r),
  'nobody has its link': (r: Registration) => nobodyHasItsLink(r),
  'the push is about it, nobody has its link, and it may be sent again': (r: Registration, fact: Fact) =>
    !isAboutAnEarlierAttempt(r, fact) && nobodyHasItsLink(r) && mayBeSentAgain(r),
  'it waits for the business registry, and the operator does not': (r: Registration, fact: Fact) =>
    r.wait === 'not_before' && fact.until === undefined,
  'only `query` said how it ended, and the push is about the same attempt': (r: Registration, fact: Fact) =>
    isKnownFromQuery(r) && !isAboutAnEarlierAttempt(r, fact),
  'only `query` said that it exists': (r: Registration) => isKnownFromQuery(r) && r.appid === undefined,
  'it is about the Mini Program that the row shows': (r: Registration, fact: Fact) =>
    fact.appid === undefined || fact.appid === r.appid,
} as const;

/**
 * Only failures need this: a success settles its merchant, whatever attempt it is about.
 *
 * A push that names a task is about the attempt with that task, and a push with the details of another row is about the attempt
 * of that row, unless the present attempt adopts the task of that one. Details that none of our rows has belong to a task of the
 * platform's other service, unless ours runs alone (endedAfterOursBegan).
 *
 * In any other case the times decide. A push that came before the present call is not about its task. After an earlier task, of ours
 * or one that was in the way of ours, a push is about that one if its CreateTime is not after that of the push that ended it, or not
 * after the present call. CreateTime is in whole seconds of WeChat's clock; the time of the call is ours, less the lead of our clock.
 */
function isAboutAnEarlierAttempt(registration: Registration, fact: Fact): boolean {
  const { taskId, row, adoptsTask } = registration;
  if (fact.aboutTask !== undefined && taskId !== undefined) return fact.aboutTask !== taskId;
  if (fact.aboutRow === '' && endedAfterOursBegan(registration, fact)) return false;
  if (fact.aboutRow !== undefined && fact.aboutRow !== row && !(adoptsTask && fact.aboutRow !== '')) return true;
  return wasPushedBefore(registration, fact);
}

/**
 * An enterprise has one task at a time. Once WeChat has accepted ours, no task of another service runs, so a push that ends a task
 * after that is about ours. It may write the details in another way than the row: as the business registry has them.
 */
function endedAfterOursBegan(registration: Registration, fact: Fact): boolean {
  const { state, earlierTask, adoptsTask } = registration;
  const isOursAlone = state === 'awaiting_legal_person' && earlierTask === 'none' && adoptsTask !== true;
  return isOursAlone && fact.pushedAt !== undefined && isYoungerThanTheCall(registration, fact, CALL_IS_OVER_MS);
}

/** By WeChat's clock, in whole seconds. Its push may say nothing of its time: then when it came decides. */
function isYoungerThanTheCall({ sentAt, clockAheadMs }: Registration, fact: Fact, byMs = 0): boolean {
  if (sentAt === undefined) return false;
  const calledAt = fact.pushedAt === undefined ? sentAt : Math.floor((sentAt - clockAheadMs) / 1000) * 1000;
  return (fact.pushedAt ?? fact.at) >= calledAt + byMs;
}

/** WeChat answered that nothing was begun, or that another task runs, and yet a task with these very details has failed. */
function repeatsDetailsPutOff(registration: Registration, fact: Fact): boolean {
  const { task, row } = registration;
  return task === 'none' && fact.aboutRow === row && isYoungerThanTheCall(registration, fact);
}

/** By its time: before the attempt that was sent last. */
function wasPushedBefore(registration: Registration, fact: Fact): boolean {
  const { earlierTask, heardAt, sentAt, clockAheadMs, busySince } = registration;
  // Of a task that is not ours, whatever attempt this is: the platform's other service has one too.
  if (sentAt !== undefined && fact.at < Math.min(sentAt, sentAt - clockAheadMs) - CLOCKS_AGREE_MS) return true;
  if (fact.pushedAt === undefined) return false;
  if (heardAt !== undefined && fact.pushedAt <= heardAt) return true;
  if (earlierTask === 'none' && busySince === undefined) return false;
  return sentAt !== undefined && !isYoungerThanTheCall(registration, fact);
}

/** Another row may have taken its place since it was looked at. */
function isAboutRowToSend({ row }: Registration, { aboutRow = row }: Fact): boolean {
  return aboutRow === row;
}

/** With its own details, or those of another row: one with other details may have taken its place since it was looked at. */
function sharesOutcome({ row, joinedRows }: Registration, fact: Fact): boolean {
  return fact.row === undefined || fact.row === row || joinedRows.includes(fact.row);
}

/** The details that were sent are purged, and those of a row that waits are the ones to compare with. */
function isBehindWaitingRow({ row, waitingRows }: Registration): boolean {
  return row === PURGED_ROW && waitingRows.length > 0;
}

/** The details that were sent may be purged; those of a row that waits are sent next. */
function hasDetails({ row, waitingRows }: Registration): boolean {
  return row !== PURGED_ROW || waitingRows.length > 0;
}

/** Redis had forgotten why it was sent again, and what with (redis/ledger/restoring.ts). */
function wasSent({ callSentAt }: Fact): boolean {
  return callSentAt !== undefined;
}

/** Of a registration that was sent and is to be sent again: whether the attempt before may have made a Mini Program. */
export function isEarlierEndUnknown({ task, earlierTask }: Registration): boolean {
  return task === 'open' || (task === 'none' && earlierTask === 'open');
}

/** Pushes come twice, and late. */
function hasMiniProgram({ appid, earlierAppids = [] }: Registration, fact: Fact): boolean {
  return fact.appid !== undefined && (fact.appid === appid || earlierAppids.includes(fact.appid));
}

/** `query` gives neither an appid nor a reason; a push gives both, whenever it comes. */
function isKnownFromQuery({ problem = '' }: Registration): boolean {
  return problem.startsWith('query:');
}

/**
 * Only the lost answer had the link: WeChat sends it neither to the legal person nor in any other answer. So it cannot have
 * been opened, and no Mini Program can come of its task.
 */
export function nobodyHasItsLink({ task, byLink, taskId, authorizeUrl }: Registration): boolean {
  return task === 'open' && byLink === true && taskId === undefined && authorizeUrl === undefined;
}

function mayBeSentAgain({ linksLost = 0 }: Registration): boolean {
  return linksLost < MOST_RESENDS_OF_A_LOST_LINK;
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
   * answer says that none was begun. `void`: the same, and it was no attempt.
   */
  readonly task?: 'opens' | 'ended' | 'refused' | 'void';
  /** The report's `problem`, where the fact's own word would mislead. */
  readonly problem?: string;
  readonly so?: readonly Consequence[];
  /**
   * What becomes of rows. `begins`: the row begins a new attempt, and earlier rows keep their outcome. `replaces`: earlier rows
   * are cancelled. `leads`: the row's details are sent, earlier rows get the same outcome. `joins`: it gets the same outcome.
   * `waits`: it is sent when the present task has failed. `withdrawn`: rows that wait are cancelled. `already_created`: the row
   * only reports the Mini Program that there is, and the registration stays as it is.
   */
  readonly rows?: 'begins' | 'replaces' | 'leads' | 'joins' | 'waits' | 'withdrawn' | 'already_created';
  readonly because: Words;
}

/** Of a success that came for an enterprise with another Mini Program: two of its tasks have ended well. */
export const SECOND_MINI_PROGRAM = 'push:second_mini_program';
/** Of a success of an earlier attempt, which was sent with the details of another row. */
export const CREATED_FROM_ANOTHER_ROW = 'push:created_from_another_row';

/** Of a success with details that no row of ours has, which no attempt of ours explains. */
export const CREATED_WITH_OTHER_DETAILS = 'push:created_with_other_details';

const TO_BE_SEEN_TO: readonly string[] = [SECOND_MINI_PROGRAM, CREATED_FROM_ANOTHER_ROW, CREATED_WITH_OTHER_DETAILS];

/** Of a created Mini Program: an operator has to know of it, though the platform may act for it. */
export function isToBeSeenTo({ problem = '' }: Pick<Registration, 'problem'>): boolean {
  return TO_BE_SEEN_TO.includes(problem);
}

const UNSENT: readonly State[] = ['queued', 'deferred'];
const SENT: readonly State[] = ['submitting', 'awaiting_legal_person'];

/** Read from above: the first rule that fits is the one. A fact that fits none changes nothing and stays in the history. */
// biome-ignore format: one line, one rule
export const MOVES: readonly Move[] = [
  // A row
  ...inEach([...UNSENT, ...SENT, 'rejected', 'expired', 'cancelled', 'invalid', 'needs_review'], { fact: 'row_accepted', when: 'there is a Mini Program from before, and no other one is asked for', rows: 'already_created', because: { en: 'whatever becomes of the second Mini Program, the enterprise has its first', zh: '无论第二个小程序结果如何，该企业已有小程序' } }),
  { fact: 'row_accepted', from: ['rejected', 'expired', 'cancelled', 'invalid'], to: 'queued', so: ['send'], rows: 'begins', because: { en: 'it failed before, so the new row is a new attempt', zh: '之前失败，新的一行即为一次新的提交' } },
  { fact: 'row_accepted', from: ['needs_review'], when: 'every earlier answer is known', to: 'queued', so: ['send'], rows: 'begins', because: { en: 'nothing of ours can be running at WeChat', zh: '微信中不会有我们的任务在执行' } },
  { fact: 'row_accepted', from: ['created'], when: 'one more is asked for', to: 'queued', so: ['send'], rows: 'begins', because: { en: 'the operator wants a second Mini Program of this merchant', zh: '运营人员要为该商户再注册一个小程序' } },
  { fact: 'row_accepted', from: ['deferred'], when: "the details are other ones, and somebody else's task runs", to: 'deferred', rows: 'replaces', because: { en: 'nothing was sent yet, so only the newer row is sent, once that task has ended', zh: '尚未提交，待该任务结束后只提交较新的一行' } },
  { fact: 'row_accepted', from: UNSENT, when: 'the details are other ones', to: 'queued', so: ['send'], rows: 'replaces', because: { en: 'nothing was sent yet, so only the newer row is sent', zh: '尚未提交，只提交较新的一行' } },
  ...inEach(UNSENT, { fact: 'row_accepted', when: 'the details are the same, with a newer phone or spelling', rows: 'leads', because: { en: 'it is not sent yet, and the newest phone and spelling are sent', zh: '尚未提交，以最新的联系电话和写法为准' } }),
  ...inEach(UNSENT, { fact: 'row_accepted', rows: 'joins', because: { en: 'the same details are to be sent already', zh: '相同信息已在等待提交' } }),
  ...inEach([...SENT, 'needs_review'], { fact: 'row_accepted', when: 'the details are other ones', rows: 'waits', because: { en: 'a task of this enterprise may be running: two would make two Mini Programs', zh: '该企业可能有任务在执行，同时提交会创建两个小程序' } }),
  ...inEach(SENT, { fact: 'row_accepted', rows: 'joins', because: { en: 'the same details were sent already', zh: '相同信息已提交' } }),
  { fact: 'row_accepted', from: ['needs_review'], when: 'the details are the same, with a newer phone or spelling', to: 'needs_review', rows: 'leads', because: { en: 'the outcome of the same details is not known', zh: '相同信息的提交结果未知' } },
  { fact: 'row_accepted', from: ['needs_review'], to: 'needs_review', rows: 'joins', because: { en: 'the outcome of the same details is not known', zh: '相同信息的提交结果未知' } },
  { fact: 'row_refused', from: UNSENT, when: 'the row is the one that is to be sent, and the end of an earlier attempt is not known', to: 'needs_review', because: { en: 'the details do not fit the API, and there may be a Mini Program of the attempt before', zh: '信息不符合接口要求，且此前的提交可能已创建小程序' } },
  { fact: 'row_refused', from: UNSENT, when: 'the row is the one that is to be sent', to: 'invalid', because: { en: 'the details do not fit the API, and no call is wasted on them', zh: '信息不符合接口要求，不浪费调用次数' } },

  // The call
  { fact: 'create_held', from: UNSENT, to: 'deferred', so: ['send'], because: { en: 'WeChat would only answer 91030', zh: '否则微信只会返回 91030' } },
  { fact: 'create_sent', from: UNSENT, to: 'submitting', task: 'opens', so: ['ask'], because: { en: 'from here on the merchant may have been asked', zh: '自此商户可能已收到通知' } },

  // Its answer
  { fact: 'create_accepted', from: ['submitting'], to: 'awaiting_legal_person', so: ['ask'], because: { en: 'the task runs; the push says how it ends', zh: '任务在执行，结果以推送为准' } },
  { fact: 'create_busy', from: ['submitting'], when: 'an earlier attempt may still be running', to: 'awaiting_legal_person', so: ['ask'], because: { en: 'the running task is the one whose answer we lost', zh: '正在执行的就是我们未收到答复的任务' } },
  { fact: 'create_busy', from: ['submitting'], when: 'there is a time to try again', to: 'deferred', task: 'refused', so: ['send'], because: { en: "somebody else's task runs", zh: '他人的任务正在执行' } },
  { fact: 'create_busy', from: ['submitting'], to: 'needs_review', task: 'refused', because: { en: "somebody else's task does not end", zh: '他人的任务一直没有结束' } },
  { fact: 'create_postponed', from: ['submitting'], when: 'there is a time to try again', to: 'deferred', task: 'refused', so: ['send'], because: { en: 'the answer says that nothing was begun', zh: '答复表明任务没有开始' } },
  { fact: 'create_postponed', from: ['submitting'], to: 'needs_review', task: 'refused', because: { en: 'all tries are spent', zh: '重试次数已用完' } },
  { fact: 'create_void', from: ['submitting'], when: 'there is a time to try again', to: 'deferred', task: 'void', so: ['send'], because: { en: 'WeChat never saw it, and cannot be reached now', zh: '微信没有收到，目前也无法连接' } },
  { fact: 'create_void', from: ['submitting'], to: 'queued', task: 'void', so: ['send'], because: { en: 'WeChat never looked at it', zh: '微信没有处理' } },
  { fact: 'create_intercepted', from: ['submitting'], when: 'there is a time to try again', to: 'deferred', task: 'void', so: ['send'], because: { en: 'WeChat never saw it', zh: '微信没有收到' } },
  { fact: 'create_intercepted', from: ['submitting'], to: 'needs_review', task: 'void', because: { en: 'all tries are spent', zh: '重试次数已用完' } },
  { fact: 'create_refused', from: ['submitting'], to: 'rejected', task: 'refused', because: { en: 'the same details would be refused again', zh: '同样的信息会再次被拒绝' } },
  { fact: 'platform_refused', from: ['submitting'], to: 'queued', task: 'void', so: ['send', 'stop_line'], because: { en: 'the merchant is not at fault', zh: '不是商户的问题' } },
  { fact: 'answer_unknown', from: ['submitting'], to: 'needs_review', because: { en: 'an unknown code is neither success nor failure', zh: '未知代码既不算成功也不算失败' } },

  { fact: 'try_returned', from: ['deferred'], when: 'there is a time to try again', to: 'deferred', because: { en: 'no merchant is at fault', zh: '不是商户的问题' } },
  { fact: 'try_returned', from: ['needs_review'], when: 'there is a time to try again', to: 'deferred', so: ['send'], because: { en: 'no merchant is at fault', zh: '不是商户的问题' } },
  { fact: 'try_returned', from: ['deferred', 'needs_review'], to: 'queued', so: ['send'], because: { en: 'no merchant is at fault', zh: '不是商户的问题' } },

  // What stays silent. A blind second create is forbidden: the legal person may have been asked, and may have confirmed. A
  // second create is not blind where the link is lost and the task is over: no person was asked, and nothing runs.
  { fact: 'answer_lost', from: ['submitting'], to: 'submitting', because: { en: 'the call may have arrived, so it is not sent again', zh: '请求可能已送达，因此不重复提交' } },
  { fact: 'search_sent', from: ['submitting'], to: 'submitting', so: ['ask'], because: { en: 'should its answer be lost, it is asked again', zh: '若答复丢失，会再次查询' } },
  { fact: 'search_sent', from: ['awaiting_legal_person'], to: 'awaiting_legal_person', so: ['ask'], because: { en: 'should its answer be lost, it is asked again', zh: '若答复丢失，会再次查询' } },
  { fact: 'task_running', from: ['submitting'], to: 'awaiting_legal_person', so: ['ask'], because: { en: 'our call arrived', zh: '我们的请求已送达' } },
  { fact: 'task_running', from: ['awaiting_legal_person'], to: 'awaiting_legal_person', so: ['ask'], because: { en: 'it is still running', zh: '仍在执行' } },
  { fact: 'task_unclear', from: ['submitting'], to: 'submitting', so: ['ask'], because: { en: '`search` also says "not found" right after a create and after its end', zh: '刚提交时或任务结束后，`search` 也会答复“未找到”' } },
  { fact: 'task_unclear', from: ['awaiting_legal_person'], to: 'awaiting_legal_person', so: ['ask'], because: { en: '`search` also says "not found" right after a create and after its end', zh: '刚提交时或任务结束后，`search` 也会答复“未找到”' } },
  { fact: 'search_void', from: ['submitting'], to: 'submitting', so: ['ask'], because: { en: 'nothing was learnt', zh: '没有得到结果' } },
  { fact: 'search_void', from: ['awaiting_legal_person'], to: 'awaiting_legal_person', so: ['ask'], because: { en: 'nothing was learnt', zh: '没有得到结果' } },
  { fact: 'search_refused', from: ['submitting'], to: 'submitting', so: ['ask', 'stop_line'], because: { en: 'the merchant is not at fault', zh: '不是商户的问题' } },
  { fact: 'search_refused', from: ['awaiting_legal_person'], to: 'awaiting_legal_person', so: ['ask', 'stop_line'], because: { en: 'the merchant is not at fault', zh: '不是商户的问题' } },
  { fact: 'task_created', from: SENT, to: 'created', task: 'ended', because: { en: 'a Mini Program that exists settles everything', zh: '小程序已存在，即为最终结果' } },
  { fact: 'task_failed', from: SENT, to: 'rejected', task: 'ended', because: { en: 'WeChat ended the task', zh: '微信已结束任务' } },
  { fact: 'task_unfinished', from: SENT, to: 'expired', task: 'ended', because: { en: 'the 24 hours are over', zh: '24 小时已过' } },
  { fact: 'link_lost', from: SENT, when: 'nobody has its link, and it may be sent again', to: 'queued', task: 'ended', problem: 'link:lost', so: ['send'], because: { en: 'nobody can have opened the link, and nothing of ours runs any more', zh: '不会有人打开过链接，微信中也不再有我们的任务' } },
  { fact: 'link_lost', from: SENT, when: 'nobody has its link', to: 'needs_review', task: 'ended', problem: 'link:lost', because: { en: 'answers that get lost again and again have a cause that a person has to find', zh: '答复反复丢失，需人工查明原因' } },
  { fact: 'push_overdue', from: SENT, to: 'needs_review', because: { en: 'the task ended without a word; only a person can find out', zh: '任务已无声结束，只能人工核实' } },

  // The push
  { fact: 'mini_program_created', from: [...UNSENT, ...SENT, 'rejected', 'expired', 'needs_review', 'cancelled', 'invalid'], when: 'it was made with the details of another row', to: 'created', problem: CREATED_FROM_ANOTHER_ROW, task: 'ended', so: ['authorize'], because: { en: 'a Mini Program that exists settles everything, with whatever details', zh: '小程序已存在，即为最终结果，无论以哪些信息创建' } },
  { fact: 'mini_program_created', from: [...UNSENT, ...SENT, 'rejected', 'expired', 'needs_review', 'cancelled', 'invalid'], when: 'it was made with details that no row of ours has', to: 'created', problem: CREATED_WITH_OTHER_DETAILS, task: 'ended', so: ['authorize'], because: { en: 'a Mini Program that exists settles everything, whichever service of the platform asked for it', zh: '小程序已存在，即为最终结果，无论由平台的哪个服务提交' } },
  { fact: 'mini_program_created', from: [...UNSENT, ...SENT, 'rejected', 'expired', 'needs_review', 'cancelled', 'invalid'], when: 'no Mini Program is known by that appid', to: 'created', task: 'ended', so: ['authorize'], because: { en: 'a Mini Program that exists settles everything', zh: '小程序已存在，即为最终结果' } },
  { fact: 'mini_program_created', from: ['created'], when: 'it is one more Mini Program', to: 'created', problem: SECOND_MINI_PROGRAM, so: ['authorize'], because: { en: 'both exist, and both are kept', zh: '两个小程序均已存在，均予保留' } },
  { fact: 'legal_person_timed_out', from: SENT, when: 'the push is about it, nobody has its link, and it may be sent again', to: 'queued', task: 'ended', problem: 'link:lost', so: ['send'], because: { en: 'the legal person never had the link', zh: '法人从未收到链接' } },
  ...(['legal_person_timed_out', 'registration_refused'] as const).flatMap((fact) => inEach(UNSENT, { fact, when: 'it ended the task that was sent last', task: 'ended', because: { en: 'it is sent again anyway, and nothing of ours runs any more', zh: '已在等待重新提交，微信中不再有我们的任务' } })),
  { fact: 'registration_refused', from: ['deferred'], when: 'the create was put off, and the push repeats the details that it had', to: 'rejected', task: 'ended', because: { en: 'the same details would be refused again', zh: '同样的信息会再次被拒绝' } },
  { fact: 'legal_person_timed_out', from: ['deferred'], when: "the create was put off, the push repeats the details that it had, and no task of somebody else was in its way", to: 'expired', task: 'ended', because: { en: 'its task was begun after all, and the 24 hours are over', zh: '任务实际上已开始，且 24 小时已过' } },
  ...(['legal_person_timed_out', 'registration_refused'] as const).map((fact): Move => ({ fact, from: ['deferred'], when: "it ended somebody else's task, for which this row waits", to: 'queued', problem: 'create:89249', so: ['send'], because: { en: 'nothing of the enterprise runs any more', zh: '该企业不再有任务在执行' } })),
  ...(['legal_person_timed_out', 'registration_refused'] as const).map((fact): Move => ({ fact, from: ['awaiting_legal_person', 'needs_review'], when: 'it ended the task of another row, which ran when this one was sent', to: 'queued', task: 'ended', so: ['send'], because: { en: 'WeChat has not looked at these details yet, and nothing of the enterprise runs any more', zh: '微信尚未处理这些信息，该企业也不再有任务在执行' } })),
  { fact: 'legal_person_timed_out', from: [...SENT, 'needs_review'], when: 'its task may still be running, and the push is about it', to: 'expired', task: 'ended', because: { en: 'the 24 hours are over', zh: '24 小时已过' } },
  { fact: 'registration_refused', from: [...SENT, 'needs_review'], when: 'its task may still be running, and the push is about it', to: 'rejected', task: 'ended', because: { en: 'WeChat ended the task', zh: '微信已结束任务' } },
  { fact: 'mini_program_created', from: ['created'], when: 'only `query` said that it exists', to: 'created', so: ['authorize'], because: { en: 'the push says which one it is', zh: '推送说明了是哪一个' } },
  { fact: 'legal_person_timed_out', from: ['rejected', 'expired'], when: 'only `query` said how it ended, and the push is about the same attempt', to: 'expired', because: { en: 'the push says why it failed', zh: '推送说明了失败原因' } },
  { fact: 'registration_refused', from: ['rejected', 'expired'], when: 'only `query` said how it ended, and the push is about the same attempt', to: 'rejected', because: { en: 'the push says why it failed', zh: '推送说明了失败原因' } },
  { fact: 'push_unknown', from: SENT, when: 'the push is about this attempt', to: 'needs_review', because: { en: 'an unknown status is neither success nor failure', zh: '未知状态既不算成功也不算失败' } },

  // The authorisation of a Mini Program that exists
  { fact: 'authorization_pushed', from: ['created'], when: 'it is about the Mini Program that the row shows', to: 'created', because: { en: 'its code is exchanged; until then all stays as it is', zh: '将换取授权，在此之前状态不变' } },
  { fact: 'authorizer_kept', from: ['created'], when: 'it is about the Mini Program that the row shows', to: 'created', because: { en: 'the platform can now act for the Mini Program', zh: '平台现在可以代小程序操作' } },
  { fact: 'authorizer_lost', from: ['created'], when: 'it is about the Mini Program that the row shows', to: 'created', because: { en: 'the merchant has to authorise the platform once more', zh: '商户需要重新授权给平台' } },
  { fact: 'authorizer_withdrawn', from: ['created'], when: 'it is about the Mini Program that the row shows', to: 'created', because: { en: 'the platform cannot act for the Mini Program until the merchant authorises it again', zh: '商户重新授权之前，平台无法代小程序操作' } },

  // The operator
  { fact: 'retry_asked', from: ['rejected', 'expired', 'needs_review', 'cancelled', 'invalid'], when: 'there are details to send, and a time to try again', to: 'deferred', so: ['send'], because: { en: 'the operator asked, and the registry needs time', zh: '运营人员要求重新提交，需等待工商数据更新' } },
  { fact: 'retry_asked', from: ['rejected', 'expired', 'needs_review', 'cancelled', 'invalid'], when: 'there are details to send', to: 'queued', so: ['send'], because: { en: 'the operator asked', zh: '运营人员要求' } },
  { fact: 'retry_asked', from: ['deferred'], when: 'it waits for the business registry, and the operator does not', to: 'queued', so: ['send'], because: { en: 'the operator asked not to wait', zh: '运营人员要求不再等待' } },
  { fact: 'cancel_asked', from: UNSENT, when: 'the row is to be sent, and the end of an earlier attempt is not known', to: 'needs_review', because: { en: 'it is not sent again, and there may be a Mini Program of the attempt before', zh: '不再重新提交，但此前的提交可能已创建小程序' } },
  { fact: 'cancel_asked', from: UNSENT, when: 'the row is to be sent', to: 'cancelled', because: { en: 'it was not sent yet', zh: '尚未提交' } },
  ...inEach([...SENT, 'needs_review'], { fact: 'cancel_asked', when: 'the row is one that waits', rows: 'withdrawn', because: { en: 'only the row that waits is withdrawn', zh: '仅撤回等待中的一行' } }),
];

/** One rule for several states; each state stays as it is. */
function inEach(states: readonly State[], rule: Omit<Move, 'from' | 'to'>): readonly Move[] {
  return states.map((state) => ({ ...rule, from: [state], to: state }));
}

/**
 * A registration as a row of a sheet makes it. All fields are named: V8 copies objects of one shape thirty times as fast,
 * and each fact is a copy or two.
 */
export function newRegistration(id: string, row: string): Registration {
  return {
    id,
    state: 'queued',
    row,
    joinedRows: [],
    waitingRows: [],
    attempt: 0,
    task: 'none',
    earlierTask: 'none',
    earlierSentAt: undefined,
    sentAt: undefined,
    byLink: undefined,
    adoptsTask: undefined,
    clockAheadMs: 0,
    heardAt: undefined,
    postponed: 0,
    busySince: undefined,
    personSince: undefined,
    linksLost: undefined,
    until: undefined,
    wait: undefined,
    problem: undefined,
    said: undefined,
    appid: undefined,
    earlierAppids: undefined,
    authorizer: undefined,
    taskId: undefined,
    authorizeUrl: undefined,
    finishedAt: undefined,
  } satisfies Required<Registration>;
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

/** The states that a fact can move a registration from: in any other it changes nothing. */
export function statesMovedBy(kind: FactKind): readonly State[] {
  return [...new Set((MOVES_OF.get(kind) ?? []).flatMap(({ from }) => from))];
}

/**
 * States in which a row only reports the Mini Program that there is, whatever its details: no rule takes one but where one
 * more is asked for. The ledger accepts such a row without asking MOVES (accept.lua).
 */
export const STATES_THAT_SETTLE_ROWS: readonly State[] = (Object.keys(STATES) as State[]).filter((state) =>
  MOVES.every(
    ({ fact, from, when }) => fact !== 'row_accepted' || !from.includes(state) || when === 'one more is asked for',
  ),
);

/** Stands for the row of a registration of which only the outcome is kept (redis/lua/purge.lua). */
export const PURGED_ROW = 'purged/0';

export function isUnsent(state: State): boolean {
  return UNSENT.includes(state);
}

/** Over means that the registration has its outcome, until a person or a later sheet asks again. */
export function isOver(state: State): boolean {
  return STATES[state].outcome !== 'pending';
}
