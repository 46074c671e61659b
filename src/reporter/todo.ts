/**
 * Whom to contact, over all batches: merchants whose next step is theirs or the legal person's, those among them whose 24 hours
 * still run first. A phone call can save these; the others have failed already.
 */

import type { Batch } from '../domain/batch.js';
import { confirmByOf } from '../domain/link.js';
import type { NotesShown } from '../domain/note.js';
import type { RowWithOutcome } from '../domain/row.js';
import { nameIn } from '../domain/row.js';
import type { Batches } from '../redis/ledger/batches.js';
import type { NotesOf } from '../redis/ledger/notes.js';
import { csvLine } from './csv.js';
import { type ReportOptions, type ReportRow, reportOf } from './report.js';
import { workbook } from './workbook.js';

/** One merchant to contact. */
export interface Todo {
  /** Until when the legal person has to confirm, in ms since 1970; absent where nothing runs. */
  readonly confirmBy?: number;
  readonly merchant: string;
  /** The cells of the sheet's contact columns. */
  readonly contact: string;
  readonly row: ReportRow;
  readonly file: string;
  /** Of its registration: who contacted the merchant when, and what was noted last. */
  readonly notes: NotesShown;
}

export interface TodoOptions extends ReportOptions {
  /** Headings of the sheet's contact columns; without any, those that speak of a contact or a phone. */
  readonly contact?: readonly string[] | undefined;
  readonly notesOf: NotesOf;
  /** Only merchants that nobody has contacted since they are in their present state. */
  readonly notContacted?: boolean | undefined;
}

export const TODO_COLUMNS = [
  'confirm_by',
  'merchant',
  'contact',
  'contacted_at',
  'contacted_by',
  'note',
  'who_acts',
  'reason',
  'next_step',
  'message',
  'authorize_url',
  'outcome',
  'problem',
  'file',
  'line',
  'registration_id',
  'batch',
] as const;

/** Each merchant once, by the row that speaks for it; the most urgent first. */
export async function todosOf(batches: Batches, options: TodoOptions): Promise<Todo[]> {
  const todos: Todo[] = [];
  const listed = new Set<string>();
  for (const id of (await batches.list()).reverse()) {
    const batch = await batches.find(id);
    if (batch === undefined || batch.purgedAt !== undefined) continue;
    const contact = contactColumns(batch, options.contact);
    for await (const page of batches.pages(batch)) {
      const fates = page.filter(mayNeedSomebody);
      const rows = fates.length === 0 ? [] : await reportOf(batches, batch, fates, options);
      const notes = await options.notesOf(rows.filter(isTheirs).flatMap(registrationsOf));
      for (const [at, row] of rows.entries()) {
        const fate = fates[at];
        if (fate === undefined || !isTheirs(row) || listed.has(row.registration_id)) continue;
        if (row.registration_id !== '') listed.add(row.registration_id);
        const ofRow = notes.get(row.registration_id) ?? {};
        if (options.notContacted && ofRow.contactedAt !== undefined) continue;
        const endsAt = fate.registration && confirmByOf(fate.registration);
        const confirmBy = endsAt !== undefined && endsAt > options.now ? endsAt : undefined;
        todos.push({
          ...(confirmBy !== undefined && { confirmBy }),
          merchant: nameIn(fate.row, batch.columns),
          contact: contactIn(row.cells, contact),
          row,
          file: batch.file,
          notes: ofRow,
        });
      }
    }
  }
  return todos.sort(byUrgency);
}

/** Rows of other kinds get their outcome from a row that is listed itself. */
function mayNeedSomebody({ relation }: RowWithOutcome): boolean {
  return relation.kind === 'registered' || relation.kind === 'refused';
}

function isTheirs({ who_acts }: ReportRow): boolean {
  return who_acts === 'merchant' || who_acts === 'legal_person';
}

/** A row that our checks refused has none. */
function registrationsOf({ registration_id: id }: ReportRow): string[] {
  return id === '' ? [] : [id];
}

/** What still runs, by its end; then what is over, the newest first. */
function byUrgency(one: Todo, other: Todo): number {
  const byDeadline = (one.confirmBy ?? Number.MAX_SAFE_INTEGER) - (other.confirmBy ?? Number.MAX_SAFE_INTEGER);
  return byDeadline !== 0 ? byDeadline : other.row.finished_at.localeCompare(one.row.finished_at);
}

// --- contact columns --------------------------------------------------------------------------------------------------

const SPEAKS_OF_A_CONTACT = /联系|电话|手机|contact|phone|mobile|\btel\b/i;

/** Our own columns are none: their phone is the platform's. */
function contactColumns({ headings, columns }: Batch, named: readonly string[] | undefined): number[] {
  return headings.flatMap((heading, at) => {
    if (named !== undefined) return named.includes(heading.trim()) ? [at] : [];
    return SPEAKS_OF_A_CONTACT.test(heading) && !columns.includes(at) ? [at] : [];
  });
}

function contactIn(cells: readonly string[], columns: readonly number[]): string {
  return columns
    .map((at) => (cells[at] ?? '').trim())
    .filter((cell) => cell !== '')
    .join(' ');
}

// --- as a file --------------------------------------------------------------------------------------------------------

export function todoCells(todo: Todo, time: (at: number) => string): string[] {
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
  return TODO_COLUMNS.map((column) => (column in own ? own[column as keyof typeof own] : row[column as keyof Cells]));
}

type Cells = Omit<ReportRow, 'cells' | 'surplus'>;

/** UTF-8 with BOM, CRLF, every cell quoted, formulas guarded: as the report. */
export async function* todoCsv(todos: readonly Todo[], time: (at: number) => string): AsyncGenerator<string> {
  yield `\uFEFF${csvLine(TODO_COLUMNS)}`;
  for (const todo of todos) yield csvLine(todoCells(todo, time));
}

export function todoWorkbook(todos: readonly Todo[], time: (at: number) => string): AsyncGenerator<Buffer> {
  async function* rows() {
    yield [TODO_COLUMNS];
    yield todos.map((todo) => todoCells(todo, time));
  }
  return workbook(rows(), TODO_COLUMNS.length);
}
