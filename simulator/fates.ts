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
  readonly does: string;
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
    does: 'accepted; the legal person confirms; the Mini Program is created',
    pattern: /^ok$/,
    becomes: () => ({ status: 0 }),
  },

  // How create is answered.
  {
    word: 'c<code>[x<n>]',
    example: 'fate-c61070',
    does: 'create answers this errcode, every time or the first n times, and then accepts; m for minus: cm1 is -1',
    pattern: /^c(m?\d{1,9})(?:x(\d{1,4}))?$/,
    becomes: ([code, times]) => answered('errcode', { number: signed(code), times, accepts: code === '0' }),
  },
  {
    word: 'r<n>',
    example: 'fate-r2',
    does: 'create answers 89247 n times, and then accepts',
    pattern: /^r(\d{1,4})$/,
    becomes: ([times]) => answered('errcode', { number: 89247, times }),
  },
  {
    word: 'cut[x<n>]',
    example: 'fate-cutx1',
    does: 'the connection is cut before create is accepted; nothing happens after',
    pattern: /^cut(?:x(\d{1,4}))?$/,
    becomes: ([times]) => answered('cut', { times }),
  },
  {
    word: 'cutafter',
    example: 'fate-cutafter',
    does: 'the task is accepted, then the connection is cut; the task runs, the push comes',
    pattern: /^cutafter$/,
    becomes: () => answered('cut', { accepts: true }),
  },
  {
    word: 'half',
    example: 'fate-half',
    does: 'accepted; the connection is cut in the middle of the answer; the task runs',
    pattern: /^half$/,
    becomes: () => answered('half', { accepts: true }),
  },
  {
    word: 'hang',
    example: 'fate-hang',
    does: 'accepted, and no answer until the caller gives up; the task runs, the push comes',
    pattern: /^hang$/,
    becomes: () => answered('hang', { accepts: true }),
  },
  {
    word: 'hanglost[x<n>]',
    example: 'fate-hanglost',
    does: 'no answer until the caller gives up, and nothing was accepted',
    pattern: /^hanglost(?:x(\d{1,4}))?$/,
    becomes: ([times]) => answered('hang', { times }),
  },
  {
    word: 'html[x<n>]',
    example: 'fate-html',
    does: 'an HTML page with HTTP 200 instead of JSON; nothing was accepted',
    pattern: /^html(?:x(\d{1,4}))?$/,
    becomes: ([times]) => answered('page', { number: 200, times }),
  },
  {
    word: 'h<status>[x<n>]',
    example: 'fate-h502x1',
    does: 'an HTML page with this HTTP status; nothing was accepted',
    pattern: /^h([2-5]\d\d)(?:x(\d{1,4}))?$/,
    becomes: ([status, times]) => answered('page', { number: Number(status), times }),
  },
  {
    word: 'h<status>after',
    example: 'fate-h502after',
    does: 'accepted, and then an HTML page with this HTTP status; the task runs',
    pattern: /^h([2-5]\d\d)after$/,
    becomes: ([status]) => answered('page', { number: Number(status), accepts: true }),
  },
  {
    word: 'empty',
    example: 'fate-empty',
    does: 'accepted, and HTTP 200 with an empty body; the task runs',
    pattern: /^empty$/,
    becomes: () => answered('empty', { accepts: true }),
  },
  {
    word: 'slow',
    example: 'fate-slow',
    does: 'accepted; the answer comes after `slowAnswerMs` (real)',
    pattern: /^slow$/,
    becomes: () => answered('slow', { accepts: true }),
  },

  // What search says.
  {
    word: 's<code>',
    example: 'fate-s0',
    does: 'every search for the merchant answers this errcode',
    pattern: /^s(m?\d{1,9})$/,
    becomes: ([code]) => ({ searchErrcode: signed(code) }),
  },

  // How the task ends.
  {
    word: 'p<status>[x<n>]',
    example: 'fate-p103',
    does:
      'accepted, then a push with this status, known or not (fate-p4711), for every task or the first n; ' +
      'pm1 is -1; 100001 to 100003 come after 24 simulated hours',
    pattern: /^p(m?\d{1,9})(?:x(\d{1,4}))?$/,
    becomes: ([status, times]) => ({ status: signed(status), statusTimes: timesOf(times) }),
  },
  {
    word: 'in<duration>',
    example: 'fate-in2h_p103',
    does: 'the legal person takes so long (30s, 5m, 2h, simulated); 24h or more and the task ends with 100003',
    pattern: /^in(\d{1,4})([smh])$/,
    becomes: ([amount, unit]) => ({ legalPersonMs: Number(amount) * unitMs(unit) }),
  },

  // How the push comes.
  oddity('early', 'the push is delivered and answered before create is answered'),
  oddity('late', 'the push comes 30 simulated hours after the task ended'),
  oddity('lost', 'the task ends, and no push ever comes; a created one is found by the authorizer list only'),
  {
    word: 'lostfail',
    example: 'fate-lostfail',
    does: 'the task fails (103), and no push ever comes: short for p103_lost',
    pattern: /^lostfail$/,
    becomes: () => ({ status: 103, oddities: new Set<Oddity>(['lost']) }),
  },
  oddity('twice', 'the same push comes twice'),
  oddity('okfail', 'created, and ten simulated minutes after the push a failure (103) for the same task'),
  oddity('failok', 'a failure (103) is pushed, and a simulated minute after it the success'),
  oddity('stale', 'the first task fails (103); during the second that old failure is pushed again, then success', {
    status: 103,
    statusTimes: 1,
  }),
  oddity('foreign', 'before the push comes one about an enterprise that nobody sent'),
  oddity('forged', 'before the push comes a failure (103) with a wrong msg_signature'),
  oddity('noinfo', 'a push without `info`; -1 authorize third party failed, unless a later word says otherwise', {
    status: -1,
  }),
  oddity('nostatus', 'the push has no `status`'),
  oddity('malformed', 'the push is laid out as in the published sample: `appid` is closed by a second opening tag'),
  oddity('noauth', 'created, but `authorized` never comes'),
  oddity('authlast', 'created, and `authorized` comes after the outcome push'),
  oddity('noresult', 'created, and `authorized` comes, but never the outcome push'),
  oddity(
    'deadcode',
    'created, but its codes are dead (61010); the list and the information still have the refresh token',
  ),
  oddity(
    'tokenless',
    'created, but its codes are dead, and its refresh token is to be had only when the merchant authorises again',
  ),
  oddity(
    'reauth',
    'created; a simulated hour later the merchant changes the permission sets: `updateauthorized`, with a new code',
  ),
  oddity('unauth', 'created; a simulated hour later the merchant withdraws the authorisation: `unauthorized`'),
  oddity('named', "the push of the successor repeats the merchant's fields beside the task's id"),
  oddity('taskincode', "the push of the successor has the task's id in `code`, and no `taskid`"),
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

function oddity(word: Oddity, does: string, also: Partial<Fate> = {}): FateRow {
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
