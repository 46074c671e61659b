/**
 * The people to contact, over all batches: merchants and legal persons that have to act, first those whose
 * 24 hours still run. A phone call can save these; the others have failed already. The same list says what waits for an operator.
 */

import type { Batch } from '../domain/batch.js';
import { REPORT_HEADINGS, type ReportColumn } from '../domain/columns.js';
import { confirmByOf } from '../domain/link.js';
import type { NotesShown } from '../domain/note.js';
import { callsForNothing, type ProblemCode } from '../domain/problems.js';
import type { Outcome } from '../domain/registration.js';
import type { RowWithOutcome } from '../domain/row.js';
import { codeIn, nameIn } from '../domain/row.js';
import type { Actor, Language, Words } from '../domain/words.js';
import { giveWay } from '../give-way.js';
import type { Batches } from '../redis/ledger/batches.js';
import type { NotesOf } from '../redis/ledger/notes.js';
import { contactsOf } from './contacts.js';
import type { CorrectedLater, RefusedRow } from './corrected-later.js';
import { csvLine } from './csv.js';
import { differingDuplicates } from './other-rows.js';
import { type ReportOptions, type ReportRow, reportOf } from './report.js';
import { cellOf } from './shape.js';
import { OUTCOME_LOOKS, OWN_COLUMN, SENTENCES_COLUMN, SHEET_COLUMN } from './workbook.js';
import { workbookFile } from './xlsx/workbook-file.js';
import type { Column, WorksheetRow } from './xlsx/worksheet.js';

/** One merchant to contact. */
export interface Todo {
  /** Until when the legal person has to confirm, in ms since 1970; absent where nothing runs. */
  readonly confirmBy?: number;
  readonly merchant: string;
  /** The cells of the sheet's contact columns. */
  readonly contact: string;
  /** Our columns of the report; the sheet's own cells, which may be long, are left behind. */
  readonly row: Omit<ReportRow, 'cells' | 'surplus'>;
  readonly file: string;
  /** What notes are about: its registration; its place, `batch/index`, if our checks refused the row. */
  readonly notedBy: string;
  /** When the merchant was contacted and by which person, and the last note. */
  readonly notes: NotesShown;
}

/** `who`: absent, the merchant and the legal person. */
export interface TodoOptions extends ReportOptions {
  /** Headings of the sheet's contact columns; without any, headings that mention a contact or a phone. */
  readonly contact?: readonly string[] | undefined;
  /** Only rows of these batches; absent: of all. */
  readonly batches?: readonly string[] | undefined;
  readonly notesOf: NotesOf;
  readonly correctedLater: CorrectedLater;
  /** Only merchants that were not contacted since they are in their present state. */
  readonly notContacted?: boolean | undefined;
  /** The largest number of merchants, the most urgent first; absent: all. */
  readonly most?: number | undefined;
}

/** What of a merchant is listed, and how the headings read. */
export const TODO_HEADINGS = {
  confirm_by: { en: 'confirm_by', zh: '最迟确认时间' },
  merchant: { en: 'merchant', zh: '商户' },
  contact: { en: 'contact', zh: '联系方式' },
  contacted_at: { en: 'contacted_at', zh: '联系时间' },
  contacted_by: { en: 'contacted_by', zh: '经办人' },
  note: { en: 'note', zh: '备注' },
  who_acts: REPORT_HEADINGS.who_acts,
  reason: REPORT_HEADINGS.reason,
  next_step: REPORT_HEADINGS.next_step,
  message: REPORT_HEADINGS.message,
  authorize_url: REPORT_HEADINGS.authorize_url,
  outcome: REPORT_HEADINGS.outcome,
  problem: REPORT_HEADINGS.problem,
  file: { en: 'file', zh: '文件' },
  line: REPORT_HEADINGS.line,
  registration_id: REPORT_HEADINGS.registration_id,
  batch: REPORT_HEADINGS.batch,
} as const satisfies Record<string, Words>;

type TodoColumn = keyof typeof TODO_HEADINGS;
export const TODO_COLUMNS = Object.keys(TODO_HEADINGS) as readonly TodoColumn[];

/** The clerk contacts these. */
export const TO_CONTACT = ['legal_person', 'merchant'] as const satisfies readonly Actor[];
/** These settle what no merchant can. */
export const TO_SETTLE = ['us', 'platform'] as const satisfies readonly Actor[];

/** Whether a to-do of this side is one of {@link TO_SETTLE}. */
export function isToSettle(who: string | undefined): boolean {
  return TO_SETTLE.some((it) => it === who);
}

/** A to-do and its place in its batch. */
export interface TodoOfRow {
  readonly index: number;
  readonly todo: Todo;
  /** Of a row that our checks refused. */
  readonly refused?: RefusedRow;
}

/** Each merchant once, by the row that speaks for it; the most urgent first. */
export async function todosOf(batches: Batches, options: TodoOptions): Promise<Todo[]> {
  const { most = Number.POSITIVE_INFINITY } = options;
  const wanted = options.batches ?? (await batches.list());
  const todos: TodoOfRow[] = [];
  const isFirst = oncePerMerchant();
  const share = openSharing();
  for (const id of [...wanted].reverse()) {
    const batch = await batches.find(id);
    if (batch === undefined || batch.purgedAt !== undefined) continue;
    for await (const page of batches.pages(batch)) {
      for (const it of await todosAmong(batches, batch, page, options)) {
        const { registration_id: registration, outcome } = it.todo.row;
        if (!isFirst(registration, outcome === 'duplicate' ? id : undefined)) continue;
        if (!options.notContacted || it.todo.notes.contactedAt === undefined) todos.push(withShared(it, share));
      }
      if (todos.length > most + SPARE) keepUrgent(todos, most);
    }
  }
  const corrected = await options.correctedLater(todos.flatMap(({ refused }) => refused ?? []));
  const left = todos.filter(({ refused }) => refused === undefined || !corrected.has(refused));
  keepUrgent(left, most);
  return left.map(({ todo }) => todo);
}

/**
 * Whether a to-do is the first of its merchant; later ones are left out. It is asked from the newest batch to the oldest, so the
 * newest row is listed for the merchant. A row that our checks refused ('') is always listed, and so is each duplicate of the
 * newest sheet that has duplicates of its registration.
 *
 * @param duplicateIn the batch of a duplicate
 */
export function oncePerMerchant(): (registration: string, duplicateIn?: string) => boolean {
  const listed = new Set<string>();
  const duplicates = new Map<string, string>();
  return (registration, duplicateIn) => {
    if (registration === '') return true;
    if (duplicateIn !== undefined) {
      const newest = duplicates.get(registration) ?? duplicateIn;
      duplicates.set(registration, newest);
      return newest === duplicateIn;
    }
    if (listed.has(registration)) return false;
    listed.add(registration);
    return true;
  };
}

const NO_NOTES: NotesShown = {};

/** Those of some rows of a batch that wait for a person, in their order. */
export async function todosAmong(
  batches: Batches,
  batch: Batch,
  rowsOfBatch: readonly RowWithOutcome[],
  options: TodoOptions,
): Promise<TodoOfRow[]> {
  const differing = await differingDuplicates(batches, batch, rowsOfBatch);
  const entries = rowsOfBatch.filter((entry) => mayNeedSomebody(entry) || differing.has(entry));
  if (entries.length === 0) return [];
  const contactIn = contactsOf(batch, options);
  const rows = await reportOf(batches, batch, entries.map(withoutRepairs), options);
  const waits = waitsFor(options.who ?? new Set(TO_CONTACT));
  const waiting = rows.flatMap((row, at) => {
    const entry = entries[at];
    if (entry === undefined || !waits(row)) return [];
    return [{ row, entry, notedBy: row.registration_id || `${batch.id}/${entry.index}` }];
  });
  const notes = await options.notesOf(waiting.map(({ notedBy }) => notedBy));
  return waiting.map(({ row, entry, notedBy }) => {
    const { index, relation, registration } = entry;
    const endsAt = relation.kind === 'registered' && registration ? confirmByOf(registration) : undefined;
    const confirmBy = endsAt !== undefined && endsAt > options.now ? endsAt : undefined;
    const todo: Todo = {
      ...(confirmBy !== undefined && { confirmBy }),
      merchant: nameIn(entry.row, batch.columns),
      contact: contactIn(row.cells),
      row: withoutCells(row),
      file: batch.file,
      notedBy,
      notes: notes.get(notedBy) ?? NO_NOTES,
    };
    if (relation.kind !== 'refused') return { index, todo };
    const refused = { batch: batch.id, index, name: todo.merchant, code: codeIn(entry.row, batch.columns) };
    return { index, todo, refused };
  });
}

/** Sorted out again after so many more. */
const SPARE = 1_000;

function keepUrgent(todos: TodoOfRow[], most: number): void {
  todos.sort(byUrgency);
  if (todos.length > most) todos.length = most;
}

/** Of no use to the person who calls a merchant: they are about the sheet. */
const ABOUT_THE_SHEET = new Set<string>([
  'sheet:cell_without_heading',
  'sheet:row_hidden',
] satisfies readonly ProblemCode[]);

/** The reason of a row that was sent has no cells that were repaired. Warnings may be what holds back a row that was not. */
function withoutRepairs(entry: RowWithOutcome): RowWithOutcome {
  const { row, relation } = entry;
  if (row.problems.length === 0 || relation.kind === 'refused') return entry;
  const problems = row.problems.filter(({ code }) => !callsForNothing(code) && !ABOUT_THE_SHEET.has(code));
  return { ...entry, row: { ...row, problems } };
}

/** Rows with the same problems have the same sentences: of ten thousand to-dos, half the memory. */
function withShared(it: TodoOfRow, share: (text: string) => string): TodoOfRow {
  const { row } = it.todo;
  return { ...it, todo: { ...it.todo, row: { ...row, next_step: share(row.next_step), message: share(row.message) } } };
}

/** Answers the first text that was the same. */
function openSharing(): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    const first = known.get(text);
    if (first === undefined) known.set(text, text);
    return first ?? text;
  };
}

function withoutCells({ cells, surplus, ...row }: ReportRow): Todo['row'] {
  return row;
}

/** Rows of other kinds get their outcome from a row that is listed itself. */
function mayNeedSomebody({ relation }: RowWithOutcome): boolean {
  return relation.kind === 'registered' || relation.kind === 'refused';
}

/** What waits for us and is not over yet goes on by itself. */
function waitsFor(wanted: ReadonlySet<string>): (row: ReportRow) => boolean {
  return ({ who_acts: who, outcome }) => wanted.has(who) && !(isToSettle(who) && outcome === 'pending');
}

function byUrgency({ todo: one }: TodoOfRow, { todo: other }: TodoOfRow): number {
  return urgency(
    { confirmBy: one.confirmBy, finishedAt: one.row.finished_at },
    { confirmBy: other.confirmBy, finishedAt: other.row.finished_at },
  );
}

export interface Urgency {
  readonly confirmBy?: number | undefined;
  /** ISO 8601, all in one zone; '' where it is not over. */
  readonly finishedAt: string;
}

/** What still runs, by its end; then what is over, the newest first. */
export function urgency(one: Urgency, other: Urgency): number {
  const byDeadline = (one.confirmBy ?? Number.MAX_SAFE_INTEGER) - (other.confirmBy ?? Number.MAX_SAFE_INTEGER);
  if (byDeadline !== 0) return byDeadline;
  // Times in one format and zone; a comparison by language costs a hundred times as much.
  const [earlier, later] = [one.finishedAt, other.finishedAt];
  return earlier === later ? 0 : earlier < later ? 1 : -1;
}

// --- as a file --------------------------------------------------------------------------------------------------------

/** `time` writes ms since 1970. */
export function todoCells(todo: Todo, time: (at: number) => string, language: Language): string[] {
  const { confirmBy, merchant, contact, row, file, notes } = todo;
  const { contactedAt, contactedBy = '', text = '' } = notes;
  const own = {
    confirm_by: confirmBy === undefined ? '' : time(confirmBy),
    merchant,
    contact,
    contacted_at: contactedAt === undefined ? '' : time(contactedAt),
    contacted_by: contactedBy,
    note: text,
    file,
  };
  return TODO_COLUMNS.map((column) =>
    column in own ? own[column as keyof typeof own] : cellOf(row, column as ReportColumn, language),
  );
}

function headings(language: Language): string[] {
  return TODO_COLUMNS.map((column) => TODO_HEADINGS[column][language]);
}

const ROWS_OF_A_PAGE = 100;

function* pagesOf(todos: readonly Todo[]): Generator<readonly Todo[]> {
  for (let at = 0; at < todos.length; at += ROWS_OF_A_PAGE) yield todos.slice(at, at + ROWS_OF_A_PAGE);
}

/** UTF-8 with BOM, CRLF, every cell quoted, formulas guarded: as the report. */
export async function* todoCsv(
  todos: readonly Todo[],
  time: (at: number) => string,
  language: Language,
): AsyncGenerator<string> {
  yield `\uFEFF${csvLine(headings(language))}`;
  for (const page of pagesOf(todos)) yield page.map((todo) => csvLine(todoCells(todo, time, language))).join('');
}

/** A message is read and copied here, so that all of it is in sight. */
const COLUMNS: Partial<Record<TodoColumn, Column>> = {
  merchant: SHEET_COLUMN,
  contact: SHEET_COLUMN,
  reason: SENTENCES_COLUMN,
  next_step: SENTENCES_COLUMN,
  message: SENTENCES_COLUMN,
};
const NAME: Words = { en: 'todo', zh: '待联系商户' };

export function todoWorkbook(
  todos: readonly Todo[],
  time: (at: number) => string,
  language: Language,
): AsyncGenerator<Buffer> {
  const outcomeAt = TODO_COLUMNS.indexOf('outcome');
  async function* pages(): AsyncGenerator<readonly WorksheetRow[]> {
    yield [{ cells: headings(language) }];
    for (const page of pagesOf(todos)) {
      // Nothing is waited for here, and a process that writes this serves others.
      await giveWay();
      yield page.map((todo) => ({
        cells: todoCells(todo, time, language),
        looks: { [outcomeAt]: OUTCOME_LOOKS[todo.row.outcome as Outcome] },
      }));
    }
  }
  const columns = TODO_COLUMNS.map((column) => COLUMNS[column] ?? OWN_COLUMN);
  return workbookFile([{ name: NAME[language], columns, pages: pages(), hasFilter: true }]);
}
