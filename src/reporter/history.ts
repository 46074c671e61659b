/** A registration's whole history on one page: what it is, what happens next, and everything that happened, in order. */

import type { Batch } from '../domain/batch.js';
import { columnName } from '../domain/columns.js';
import { changesOf } from '../domain/correction.js';
import type { Merchant } from '../domain/merchant.js';
import { STATE_WORDS } from '../domain/outcome-words.js';
import { problemReason } from '../domain/problems.js';
import { FACTS, MOVES, REPORTERS, STATES } from '../domain/registration.js';
import type { HistoryEntry, Snapshot } from '../domain/snapshot.js';
import { ACTORS, type Language, type Words } from '../domain/words.js';
import { batchOf } from '../redis/ledger/ledger.js';
import { nextOf } from './next.js';
import { type BlockedReason, troubleWith } from './sentences.js';

export interface Story {
  readonly snapshot: Snapshot;
  readonly history: readonly HistoryEntry[];
  /** Of the rows that the registration and its history name, by id; a purged one is missing. */
  readonly batches: ReadonlyMap<string, Batch>;
  /** The line of the file that each of these rows stands in, by `batch/index`; a purged one is missing. */
  readonly lines: ReadonlyMap<string, number>;
  /** Details of these rows, and of those that they corrected; refused and purged ones are missing. */
  readonly merchants: ReadonlyMap<string, Merchant>;
  readonly blockedReason: BlockedReason | undefined;
}

/** `batch/index` of the rows that they name. */
export function rowsNamed({ snapshot, history }: Pick<Story, 'snapshot' | 'history'>): string[] {
  const { row, joinedRows, waitingRows } = snapshot.registration;
  const pointers = [
    row,
    ...joinedRows,
    ...waitingRows,
    ...history.flatMap((entry) => [entry.rowBefore ?? [], entry.row ?? []].flat()),
  ];
  return [...new Set(pointers)];
}

const WORDS = {
  weChat: { en: 'WeChat', zh: '微信' },
  authorization: { en: 'authorization', zh: '授权' },
  notExchanged: { en: 'not exchanged', zh: '未换取' },
  due: { en: 'being exchanged', zh: '换取中' },
  kept: { en: 'kept', zh: '已保存' },
  lost: { en: 'lost', zh: '未取得' },
  withdrawn: { en: 'withdrawn by the merchant', zh: '商户已取消' },
  earlierAppids: { en: 'before it was asked for again', zh: '再次注册之前' },
  attempts: { en: 'attempts', zh: '提交次数' },
  next: { en: 'next', zh: '下一步' },
  by: { en: 'by', zh: '最迟' },
  notBefore: { en: 'not before', zh: '不早于' },
  whoActs: { en: 'who acts', zh: '由谁处理' },
  purged: { en: 'The details were purged.', zh: '详细信息已清除。' },
  until: { en: 'until', zh: '至' },
  before: { en: 'before', zh: '更早' },
  changedNothing: { en: 'changed nothing', zh: '无变化' },
  sentAt: { en: '; WeChat sent it at', zh: '；微信推送时间' },
  correctedBy: { en: '; corrected by', zh: '；更正人：' },
  because: { en: ', because: ', zh: '，原因：' },
  blank: { en: '(blank)', zh: '（空）' },
  contacted: { en: 'contacted the merchant', zh: '已联系商户' },
} as const satisfies Record<string, Words>;

const COLON: Words = { en: ': ', zh: '：' };
const COMMA: Words = { en: ', ', zh: '，' };
const SEMICOLON: Words = { en: '; ', zh: '；' };

/** `time` writes ms since 1970 for the reader. */
export function historyPage(story: Story, language: Language, time: (at: number) => string): string {
  const { snapshot, history } = story;
  const { registration, row } = snapshot;
  const trouble = troubleWith(registration);
  const next = nextOf(registration, story.blockedReason);
  const state = STATES[registration.state];
  // The first row has no entry of its own: it is the registration's row, or was before the next row came.
  const firstRow = history.find((entry) => entry.rowBefore !== undefined)?.rowBefore ?? registration.row;
  const says = (word: keyof typeof WORDS): string => WORDS[word][language];
  const label = (word: keyof typeof WORDS): string => `${says(word)}${COLON[language]}`;
  const lines = [
    `${registration.id}${COLON[language]}${STATE_WORDS[registration.state][language]}`,
    ...(row?.merchant === undefined ? [] : detailLines(row.merchant, language)),
    `  ${state[language]}`,
    ...(trouble ? [`  ${registration.problem}${COLON[language]}${trouble[language]}`] : []),
    ...(registration.said ? [`  ${label('weChat')}${registration.said}`] : []),
    ...(registration.appid
      ? [
          `  appid ${registration.appid}${COMMA[language]}${says('authorization')} ${says(registration.authorizer ?? 'notExchanged')}`,
        ]
      : []),
    ...(registration.earlierAppids
      ? [`  ${label('earlierAppids')}${registration.earlierAppids.join(language === 'zh' ? '、' : ', ')}`]
      : []),
    `  ${label('attempts')}${registration.attempt}`,
    '',
    `${label('next')}${next[language]}`,
    ...(next.by === undefined
      ? []
      : [`  ${says(registration.state === 'rejected' ? 'notBefore' : 'by')} ${time(next.by)}`]),
    `  ${label('whoActs')}${ACTORS[next.acts][language]}`,
    '',
    ...rowLine(story, firstRow, undefined, language, time),
    ...history.flatMap((entry) =>
      entry.kind === 'row_accepted' && entry.row !== undefined
        ? rowLine(story, entry.row, entry, language, time)
        : entryLines(entry, language, time),
    ),
    ...(row === undefined ? [says('purged')] : row.problems.map((it) => `  ${problemReason(it)[language]}`)),
  ];
  return `${lines.join('\n')}\n`;
}

function rowLine(
  story: Story,
  pointer: string,
  entry: HistoryEntry | undefined,
  language: Language,
  time: (at: number) => string,
): string[] {
  const batch = story.batches.get(batchOf(pointer));
  const at = entry?.at ?? batch?.loadedAt;
  const warnings = pointer === story.snapshot.registration.row ? (story.snapshot.row?.problems ?? []) : [];
  const waits = entry?.until === undefined ? '' : ` ${WORDS.until[language]} ${time(entry.until)}`;
  return [
    `${at === undefined ? WORDS.before[language] : time(at)}  row_accepted  ${place(story, pointer, language)}  → ${STATE_WORDS[entry?.to ?? 'queued'][language]}${waits}`,
    `  ${FACTS.row_accepted[language]}${entry === undefined ? '' : becauseOf(entry, language)}${correctedBy(batch, language)}`,
    ...changeLines(story, pointer, batch?.correction?.row ?? entry?.rowBefore, language),
    ...warnings.map((problem) => `  ${problemReason(problem)[language]}`),
  ];
}

/** What is sent of the merchant, by the headings of a sheet. */
function detailLines(merchant: Merchant, language: Language): string[] {
  const code = `  ${columnName('code')[language]}${COLON[language]}${merchant.code}`;
  const [name = '', ...others] = changesOf(undefined, merchant)
    .filter(({ field, after }) => field !== 'code_type' && after !== '')
    .map(({ field, after }) => `  ${columnName(field)[language]}${COLON[language]}${after}`);
  return [name, code, ...others];
}

/** What a newer row says other than the one before it. */
function changeLines({ merchants }: Story, pointer: string, before: string | undefined, language: Language): string[] {
  const [older, newer] = [before === undefined ? undefined : merchants.get(before), merchants.get(pointer)];
  if (older === undefined || newer === undefined) return [];
  const shown = (text: string): string => (text === '' ? WORDS.blank[language] : text);
  return changesOf(older, newer).map(
    ({ field, before: was, after }) =>
      `  ${columnName(field)[language]}${COLON[language]}${shown(was)} → ${shown(after)}`,
  );
}

function correctedBy(batch: Batch | undefined, language: Language): string {
  if (batch?.correction === undefined) return '';
  const { by, because } = batch.correction;
  const reason = because === undefined ? '' : `${WORDS.because[language]}${because}`;
  return `${WORDS.correctedBy[language]}${language === 'en' ? ' ' : ''}${by}${reason}`;
}

function place({ batches, lines }: Story, pointer: string, language: Language): string {
  const batch = batches.get(batchOf(pointer));
  const line = lines.get(pointer);
  if (language === 'zh') {
    if (batch === undefined || line === undefined) return `已清除批次中的一行（${pointer}）`;
    return `${batch.file} 第 ${line} 行（${pointer}）`;
  }
  if (batch === undefined || line === undefined) return `a row of a purged batch (${pointer})`;
  return `line ${line} of ${batch.file} (${pointer})`;
}

function entryLines(entry: HistoryEntry, language: Language, time: (at: number) => string): string[] {
  if (entry.kind === 'noted') return noteLines(entry, language, time);
  const { by, ...fact } = FACTS[entry.kind];
  const what = [entry.kind, entry.problem, entry.said, entry.appid].filter(Boolean).join('  ');
  const after = entry.to === undefined ? WORDS.changedNothing[language] : `→ ${STATE_WORDS[entry.to][language]}`;
  const until = entry.until === undefined ? '' : ` ${WORDS.until[language]} ${time(entry.until)}`;
  const pushed = entry.pushedAt === undefined ? '' : `${WORDS.sentAt[language]} ${time(entry.pushedAt)}`;
  return [
    `${time(entry.at)}  ${what}  ${after}${until}`,
    `  ${REPORTERS[by][language]}${COLON[language]}${fact[language]}${becauseOf(entry, language)}${pushed}`,
  ];
}

function noteLines(
  { at, note = '', who = '', contacted }: HistoryEntry,
  language: Language,
  time: (at: number) => string,
): string[] {
  const says = [contacted ? WORDS.contacted[language] : '', note].filter((text) => text !== '');
  return [`${time(at)}  noted`, `  ${who}${COLON[language]}${says.join(SEMICOLON[language])}`];
}

/** The rule that was applied is not stored; several rules of one fact can lead to one state. */
function becauseOf(entry: HistoryEntry, language: Language): string {
  if (entry.because) return `${COLON[language]}${entry.because}`;
  const rules = MOVES.filter(({ fact, to, rows }) => fact === entry.kind && to === entry.to && rows === entry.rows);
  return rules.length === 1 && rules[0] ? `${SEMICOLON[language]}${rules[0].because[language]}` : '';
}
