/** Everything that happened to a registration, in order: who reported what, what WeChat said, and what it led to. */

import type { Batch } from '../domain/batch.js';
import { columnName } from '../domain/columns.js';
import { changesOf } from '../domain/correction.js';
import type { Merchant } from '../domain/merchant.js';
import { problemReason } from '../domain/problems.js';
import { FACTS, type FactKind, MOVES, REPORTERS, type State } from '../domain/registration.js';
import { batchOf } from '../domain/row.js';
import type { HistoryEntry, Snapshot } from '../domain/snapshot.js';
import type { Language, Words } from '../domain/words.js';
import { inWords } from '../wechat/own-words.js';
import type { BlockedReason } from './sentences.js';

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

/** One fact in the words of a language. Times are ms since 1970. */
export interface TimelineEntry {
  /** Absent: before what is kept. */
  readonly at?: number | undefined;
  readonly kind: FactKind;
  /** The code, WeChat's own words with their rid, and the appid; of a row, where it stands. */
  readonly particulars: readonly string[];
  /** The state that it led to; absent: it changed nothing. */
  readonly to?: State | undefined;
  /** When that state ends, or is looked at again. */
  readonly until?: number | undefined;
  /** The part of the program, or the person; absent where the sentence says it. */
  readonly by?: string | undefined;
  readonly sentence: string;
  /** When WeChat sent the push. */
  readonly pushedAt?: number | undefined;
  /** What changed in the details, and what the checks say of the row. */
  readonly more: readonly string[];
}

const WORDS = {
  correctedBy: { en: '; corrected by', zh: '；更正人：' },
  because: { en: ', because: ', zh: '，原因：' },
  blank: { en: '(blank)', zh: '（空）' },
  contacted: { en: 'contacted the merchant', zh: '已联系商户' },
} as const satisfies Record<string, Words>;

const COLON: Words = { en: ': ', zh: '：' };
const SEMICOLON: Words = { en: '; ', zh: '；' };

export function timelineOf(story: Story, language: Language): TimelineEntry[] {
  const { snapshot, history } = story;
  // The first row has no entry of its own: it is the registration's row, or was before the next row came.
  const firstRow = history.find((entry) => entry.rowBefore !== undefined)?.rowBefore ?? snapshot.registration.row;
  return [
    ofRow(story, firstRow, undefined, language),
    ...history.map((entry) => {
      if (entry.kind === 'row_accepted' && entry.row !== undefined) return ofRow(story, entry.row, entry, language);
      return entry.kind === 'noted' ? ofNote(entry, language) : ofFact(entry, language);
    }),
  ];
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

function ofRow(story: Story, pointer: string, entry: HistoryEntry | undefined, language: Language): TimelineEntry {
  const batch = story.batches.get(batchOf(pointer));
  const { registration, row } = story.snapshot;
  const warnings = pointer === registration.row ? (row?.problems ?? []) : [];
  return {
    at: entry?.at ?? batch?.loadedAt,
    kind: 'row_accepted',
    particulars: [place(story, pointer, language)],
    to: entry === undefined ? 'queued' : (entry.to ?? 'queued'),
    until: entry?.until,
    sentence: `${FACTS.row_accepted[language]}${entry === undefined ? '' : becauseOf(entry, language)}${correctedBy(batch, language)}`,
    more: [
      ...changeLines(story, pointer, batch?.correction?.row ?? entry?.rowBefore, language),
      ...warnings.map((problem) => problemReason(problem)[language]),
    ],
  };
}

function ofFact(entry: HistoryEntry, language: Language): TimelineEntry {
  const { by, ...fact } = FACTS[entry.kind];
  return {
    at: entry.at,
    kind: entry.kind,
    particulars: [entry.problem, inWords(entry.said ?? '')[language], entry.appid].flatMap((it) => (it ? [it] : [])),
    to: entry.to,
    until: entry.until,
    by: REPORTERS[by][language],
    sentence: `${fact[language]}${becauseOf(entry, language)}`,
    pushedAt: entry.pushedAt,
    more: [],
  };
}

function ofNote({ at, note = '', who = '', contacted }: HistoryEntry, language: Language): TimelineEntry {
  const says = [contacted ? WORDS.contacted[language] : '', note].filter((text) => text !== '');
  return { at, kind: 'noted', particulars: [], by: who, sentence: says.join(SEMICOLON[language]), more: [] };
}

/** What a newer row says other than the one before it. */
function changeLines({ merchants }: Story, pointer: string, before: string | undefined, language: Language): string[] {
  const [older, newer] = [before === undefined ? undefined : merchants.get(before), merchants.get(pointer)];
  if (older === undefined || newer === undefined) return [];
  const shown = (text: string): string => (text === '' ? WORDS.blank[language] : text);
  return changesOf(older, newer).map(
    ({ field, before: was, after }) =>
      `${columnName(field)[language]}${COLON[language]}${shown(was)} → ${shown(after)}`,
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

/** The rule that was applied is not stored; several rules of one fact can lead to one state. */
function becauseOf(entry: HistoryEntry, language: Language): string {
  if (entry.because) return `${COLON[language]}${entry.because}`;
  const rules = MOVES.filter(({ fact, to, rows }) => fact === entry.kind && to === entry.to && rows === entry.rows);
  return rules.length === 1 && rules[0] ? `${SEMICOLON[language]}${rules[0].because[language]}` : '';
}
