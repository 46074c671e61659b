/**
 * What can befall a merchant, chosen by a magic value in the row: `fate-` and one or more words, joined by `_`, anywhere
 * in `name` or `legal_persona_wechat`. What follows a further `-` is a free suffix that keeps a Weixin ID unique:
 * `fate-p103-a7`, `fate-cutafter_p101-b2`.
 */

import { HOUR_MS, MINUTE_MS, SECOND_MS } from './timeline.js';

/** How a call is answered when it is not answered in the ordinary way. */
export interface Answering {
  readonly word: string;
  readonly kind: 'errcode' | 'cut' | 'half' | 'hang' | 'page' | 'empty' | 'slow';
  /** For `errcode`: the code. For `page`: the HTTP status. */
  readonly number: number;
  /** Whether the call does its work all the same. */
  readonly accepts: boolean;
  /** After so many creates the merchant is answered in the ordinary way. */
  readonly times: number;
}

/** What is odd about the pushes of a task. */
export type Oddity =
  | 'early'
  | 'late'
  | 'lost'
  | 'twice'
  | 'okfail'
  | 'failok'
  | 'stale'
  | 'foreign'
  | 'forged'
  | 'noinfo'
  | 'nostatus'
  | 'malformed'
  | 'noauth'
  | 'authlast'
  | 'noresult'
  | 'deadcode'
  | 'tokenless'
  | 'reauth'
  | 'unauth'
  | 'named'
  | 'taskincode';

export interface Fate {
  readonly words: string;
  readonly answering: Answering | undefined;
  /** What every search answers, when not the task's true state. */
  readonly searchErrcode: number | undefined;
  /** The status of the outcome push; 0 is created. */
  readonly status: number;
  /** So many tasks of the merchant end with `status`, later ones are created. */
  readonly statusTimes: number;
  /** How long the legal person takes, simulated; unset: as the simulator's option says. */
  readonly legalPersonMs: number | undefined;
  readonly oddities: ReadonlySet<Oddity>;
}

export interface FateRow {
  /** As a person writes it; `<…>` stands for a number, `[…]` may be left out. */
  readonly word: string;
  readonly example: string;
  readonly does: { readonly en: string; readonly zh: string };
  readonly pattern: RegExp;
  readonly becomes: (parts: readonly (string | undefined)[]) => Partial<Fate>;
}

export const ORDINARY_FATE: Fate = {
  words: 'ok',
  answering: undefined,
  searchErrcode: undefined,
  status: 0,
  statusTimes: Number.POSITIVE_INFINITY,
  legalPersonMs: undefined,
  oddities: new Set(),
};

export const FATES: readonly FateRow[] = [
  // The ordinary end.
  {
    word: 'ok',
    example: 'fate-ok',
    does: {
      en: 'accepted; the legal person confirms; the Mini Program is created',
      zh: '受理；法人确认；小程序创建成功',
    },
    pattern: /^ok$/,
    becomes: () => ({ status: 0 }),
  },

  // How create is answered.
  {
    word: 'c<code>[x<n>]',
    example: 'fate-c61070',
    does: {
      en: 'create answers this errcode, every time or the first n times, and then accepts; m for minus: cm1 is -1',
      zh: 'create 每次（或前 n 次）返回该 errcode，之后受理；m 表示负号：cm1 即 -1',
    },
    pattern: /^c(m?\d{1,9})(?:x(\d{1,4}))?$/,
    becomes: ([code, times]) => answered('errcode', { number: signed(code), times, accepts: code === '0' }),
  },
  {
    word: 'r<n>',
    example: 'fate-r2',
    does: { en: 'create answers 89247 n times, and then accepts', zh: 'create 返回 n 次 89247，之后受理' },
    pattern: /^r(\d{1,4})$/,
    becomes: ([times]) => answered('errcode', { number: 89247, times }),
  },
  {
    word: 'cut[x<n>]',
    example: 'fate-cutx1',
    does: {
      en: 'the connection is cut before create is accepted; nothing happens after',
      zh: 'create 受理前连接中断，之后没有任何动作',
    },
    pattern: /^cut(?:x(\d{1,4}))?$/,
    becomes: ([times]) => answered('cut', { times }),
  },
  {
    word: 'cutafter',
    example: 'fate-cutafter',
    does: {
      en: 'the task is accepted, then the connection is cut; the task runs, the push comes',
      zh: '受理后连接中断；任务照常执行，推送照常到达',
    },
    pattern: /^cutafter$/,
    becomes: () => answered('cut', { accepts: true }),
  },
  {
    word: 'half',
    example: 'fate-half',
    does: {
      en: 'accepted; the connection is cut in the middle of the answer; the task runs',
      zh: '受理；返回内容传到一半时连接中断；任务照常执行',
    },
    pattern: /^half$/,
    becomes: () => answered('half', { accepts: true }),
  },
  {
    word: 'hang',
    example: 'fate-hang',
    does: {
      en: 'accepted, and no answer until the caller gives up; the task runs, the push comes',
      zh: '受理，但一直不返回，直到调用方超时；任务照常执行，推送照常到达',
    },
    pattern: /^hang$/,
    becomes: () => answered('hang', { accepts: true }),
  },
  {
    word: 'hanglost[x<n>]',
    example: 'fate-hanglost',
    does: {
      en: 'no answer until the caller gives up, and nothing was accepted',
      zh: '一直不返回，直到调用方超时；未受理',
    },
    pattern: /^hanglost(?:x(\d{1,4}))?$/,
    becomes: ([times]) => answered('hang', { times }),
  },
  {
    word: 'html[x<n>]',
    example: 'fate-html',
    does: {
      en: 'an HTML page with HTTP 200 instead of JSON; nothing was accepted',
      zh: '返回 HTTP 200 的 HTML 页面而不是 JSON；未受理',
    },
    pattern: /^html(?:x(\d{1,4}))?$/,
    becomes: ([times]) => answered('page', { number: 200, times }),
  },
  {
    word: 'h<status>[x<n>]',
    example: 'fate-h502x1',
    does: {
      en: 'an HTML page with this HTTP status; nothing was accepted',
      zh: '返回该 HTTP 状态码的 HTML 页面；未受理',
    },
    pattern: /^h([2-5]\d\d)(?:x(\d{1,4}))?$/,
    becomes: ([status, times]) => answered('page', { number: Number(status), times }),
  },
  {
    word: 'h<status>after',
    example: 'fate-h502after',
    does: {
      en: 'accepted, and then an HTML page with this HTTP status; the task runs',
      zh: '受理，但返回该 HTTP 状态码的 HTML 页面；任务照常执行',
    },
    pattern: /^h([2-5]\d\d)after$/,
    becomes: ([status]) => answered('page', { number: Number(status), accepts: true }),
  },
  {
    word: 'empty',
    example: 'fate-empty',
    does: {
      en: 'accepted, and HTTP 200 with an empty body; the task runs',
      zh: '受理，但返回内容为空的 HTTP 200；任务照常执行',
    },
    pattern: /^empty$/,
    becomes: () => answered('empty', { accepts: true }),
  },
  {
    word: 'slow',
    example: 'fate-slow',
    does: {
      en: 'accepted; the answer comes after `slowAnswerMs` (real)',
      zh: '受理；经过 `slowAnswerMs`（真实时间）后才返回',
    },
    pattern: /^slow$/,
    becomes: () => answered('slow', { accepts: true }),
  },

  // What search says.
  {
    word: 's<code>',
    example: 'fate-s0',
    does: { en: 'every search for the merchant answers this errcode', zh: '查询该商户时始终返回该 errcode' },
    pattern: /^s(m?\d{1,9})$/,
    becomes: ([code]) => ({ searchErrcode: signed(code) }),
  },

  // How the task ends.
  {
    word: 'p<status>[x<n>]',
    example: 'fate-p103',
    does: {
      en:
        'accepted, then a push with this status, known or not (fate-p4711), for every task or the first n; ' +
        'pm1 is -1; 100001 to 100003 come after 24 simulated hours',
      zh:
        '受理，之后每次（或前 n 次）任务推送该状态，不论是否已知（fate-p4711）；' +
        'pm1 即 -1；100001 至 100003 在 24 小时（模拟时间）后推送',
    },
    pattern: /^p(m?\d{1,9})(?:x(\d{1,4}))?$/,
    becomes: ([status, times]) => ({ status: signed(status), statusTimes: timesOf(times) }),
  },
  {
    word: 'in<duration>',
    example: 'fate-in2h_p103',
    does: {
      en: 'the legal person takes so long (30s, 5m, 2h, simulated); 24h or more and the task ends with 100003',
      zh: '法人在这段时间（30s、5m、2h，模拟时间）后确认；达到 24h 则任务以 100003 结束',
    },
    pattern: /^in(\d{1,4})([smh])$/,
    becomes: ([amount, unit]) => ({ legalPersonMs: Number(amount) * unitMs(unit) }),
  },

  // How the push comes.
  oddity('early', {
    en: 'the push is delivered and answered before create is answered',
    zh: 'create 返回之前，推送已到达并得到答复',
  }),
  oddity('late', {
    en: 'the push comes 30 simulated hours after the task ended',
    zh: '任务结束 30 小时（模拟时间）后才推送',
  }),
  oddity('lost', {
    en: 'the task ends, and no push ever comes; a created one is found by the authorizer list only',
    zh: '任务结束，但始终没有推送；已创建的只能在授权账号列表中找到',
  }),
  {
    word: 'lostfail',
    example: 'fate-lostfail',
    does: {
      en: 'the task fails (103), and no push ever comes: short for p103_lost',
      zh: '任务失败（103），且始终没有推送：即 p103_lost',
    },
    pattern: /^lostfail$/,
    becomes: () => ({ status: 103, oddities: new Set<Oddity>(['lost']) }),
  },
  oddity('twice', { en: 'the same push comes twice', zh: '同一推送到达两次' }),
  oddity('okfail', {
    en: 'created, and ten simulated minutes after the push a failure (103) for the same task',
    zh: '已创建；推送之后十分钟（模拟时间），同一任务又推送失败（103）',
  }),
  oddity('failok', {
    en: 'a failure (103) is pushed, and a simulated minute after it the success',
    zh: '先推送失败（103），一分钟（模拟时间）后推送成功',
  }),
  oddity(
    'stale',
    {
      en: 'the first task fails (103); during the second that old failure is pushed again, then success',
      zh: '第一次任务失败（103）；第二次任务期间重复推送该失败，随后推送成功',
    },
    {
      status: 103,
      statusTimes: 1,
    },
  ),
  oddity('foreign', {
    en: 'before the push comes one about an enterprise that nobody sent',
    zh: '推送之前，先推送一家从未提交过的企业',
  }),
  oddity('forged', {
    en: 'before the push comes a failure (103) with a wrong msg_signature',
    zh: '推送之前，先推送一条 msg_signature 错误的失败（103）',
  }),
  oddity(
    'noinfo',
    {
      en: 'a push without `info`; -1 authorize third party failed, unless a later word says otherwise',
      zh: '推送中没有 `info`；状态为 -1 authorize third party failed，除非后面的词另有指定',
    },
    {
      status: -1,
    },
  ),
  oddity('nostatus', { en: 'the push has no `status`', zh: '推送中没有 `status`' }),
  oddity('malformed', {
    en: 'the push is laid out as in the published sample: `appid` is closed by a second opening tag',
    zh: '推送与官方示例的写法相同：`appid` 以第二个开始标签结尾',
  }),
  oddity('noauth', { en: 'created, but `authorized` never comes', zh: '已创建，但始终没有 `authorized`' }),
  oddity('authlast', {
    en: 'created, and `authorized` comes after the outcome push',
    zh: '已创建；`authorized` 在结果推送之后到达',
  }),
  oddity('noresult', {
    en: 'created, and `authorized` comes, but never the outcome push',
    zh: '已创建，有 `authorized`，但始终没有结果推送',
  }),
  oddity('deadcode', {
    en: 'created, but its codes are dead (61010); the list and the information still have the refresh token',
    zh: '已创建，但授权码失效（61010）；仍可从授权账号列表和信息中取得刷新令牌',
  }),
  oddity('tokenless', {
    en: 'created, but its codes are dead, and its refresh token is to be had only when the merchant authorises again',
    zh: '已创建，但授权码失效，商户重新授权后才能取得刷新令牌',
  }),
  oddity('reauth', {
    en: 'created; a simulated hour later the merchant changes the permission sets: `updateauthorized`, with a new code',
    zh: '已创建；一小时（模拟时间）后商户更改权限集：`updateauthorized`，带新的授权码',
  }),
  oddity('unauth', {
    en: 'created; a simulated hour later the merchant withdraws the authorisation: `unauthorized`',
    zh: '已创建；一小时（模拟时间）后商户取消授权：`unauthorized`',
  }),
  oddity('named', {
    en: "the push of the successor repeats the merchant's fields beside the task's id",
    zh: '新接口的推送除任务编号外还带有商户的各项信息',
  }),
  oddity('taskincode', {
    en: "the push of the successor has the task's id in `code`, and no `taskid`",
    zh: '新接口的推送把任务编号放在 `code` 中，没有 `taskid`',
  }),
];

/** The words of a fate, or undefined where a word is unknown. Words are applied in order, so a later one wins. */
export function readFate(words: string): Fate | undefined {
  let fate: Fate = { ...ORDINARY_FATE, words };
  for (const word of words.toLowerCase().split('_')) {
    const becomes = matching(word);
    if (!becomes) return undefined;
    fate = { ...fate, ...becomes, oddities: new Set([...fate.oddities, ...(becomes.oddities ?? [])]) };
    if (becomes.answering) fate = { ...fate, answering: { ...becomes.answering, word } };
  }
  return fate;
}

/** The magic value's words in the first text that has one. */
export function magicWordsIn(...texts: string[]): string | undefined {
  for (const text of texts) {
    // The longest run counts: a Weixin ID may go on with `_`, so a trailing one is not part of the words.
    const words = /fate-([a-z0-9]+(?:_[a-z0-9]+)*)/i.exec(text)?.[1];
    if (words) return words.toLowerCase();
  }
  return undefined;
}

function matching(word: string): Partial<Fate> | undefined {
  for (const { pattern, becomes } of FATES) {
    const match = pattern.exec(word);
    if (match) return becomes(match.slice(1));
  }
  return undefined;
}

interface AnsweredBy {
  readonly number?: number;
  readonly accepts?: boolean;
  readonly times?: string | undefined;
}

function answered(kind: Answering['kind'], by: AnsweredBy): Partial<Fate> {
  const { number = 0, accepts = false, times } = by;
  // An errcode of 0 is the ordinary answer and needs no special one.
  if (kind === 'errcode' && accepts) return {};
  return { answering: { word: kind, kind, number, accepts, times: timesOf(times) } };
}

function oddity(word: Oddity, does: FateRow['does'], also: Partial<Fate> = {}): FateRow {
  return {
    word,
    example: `fate-${word}`,
    does,
    pattern: new RegExp(`^${word}$`),
    becomes: () => ({ ...also, oddities: new Set([word]) }),
  };
}

function timesOf(times: string | undefined): number {
  return times === undefined ? Number.POSITIVE_INFINITY : Number(times);
}

function signed(digits: string | undefined): number {
  return digits?.startsWith('m') ? -Number(digits.slice(1)) : Number(digits);
}

function unitMs(unit: string | undefined): number {
  return { s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS }[unit ?? ''] ?? 0;
}
