/** Rows of a page that are ready to be accepted: check the row → identify its merchant. */
import { checkRow } from '../domain/check-row.js';
import { FIELDS, type Layout } from '../domain/columns.js';
import type { DetailField, IdentifyInLedger } from '../domain/merchant.js';
import { PROBLEMS, type Problem, type ProblemCode } from '../domain/problems.js';
import { withoutResidentId, withoutResidentIdsIn } from '../domain/resident-id.js';
import type { AcceptedRow } from '../domain/row.js';
import type { Needs, SheetRow } from '../domain/sheet-row.js';

/** The rules that a row has to meet. */
export interface Rules {
  readonly needs: Needs;
  /** The registration of an enterprise, in the ledger in use. */
  readonly identify: IdentifyInLedger;
  /** The details that make two rows of one enterprise two tasks, under the registration API in use. */
  readonly details: readonly DetailField[];
  /** False: a row with a warning is held back like one with an error. */
  readonly acceptWarnings: boolean;
  /** True: a merchant that has a Mini Program gets one more. */
  readonly again?: boolean | undefined;
}

/** The rules against which single rows are checked. */
export type CheckRules = Pick<Rules, 'needs' | 'identify' | 'acceptWarnings'>;

export interface CheckedSheetRow extends AcceptedRow {
  /** The row's number in a spreadsheet program. */
  readonly number: number;
  readonly problems: readonly (Problem & { readonly cell: string })[];
}

export function checkedPage(
  page: readonly SheetRow[],
  layout: Layout,
  { needs, identify, acceptWarnings }: CheckRules,
): CheckedSheetRow[] {
  const phone = layout.columns.component_phone;
  return page.map((row) => {
    const { merchant, refusedCode, problems } = checkRow(row, layout, needs);
    const isHeldBack = merchant !== undefined && problems.length > 0 && !acceptWarnings;
    const accepted = isHeldBack ? undefined : merchant;
    const code = accepted?.code ?? refusedCode;
    return {
      line: row.line,
      number: row.row,
      cells: carriedCells(masked(row.cells, problems, layout), layout),
      merchant: accepted,
      problems: problems.length === 0 ? NO_PROBLEMS : located(isHeldBack ? [HELD_BACK, ...problems] : problems),
      registration: code === undefined ? undefined : identify(code),
      isPhoneBlank: (row.cells[phone] ?? '').trim() === '',
    };
  });
}

const NO_PROBLEMS: CheckedSheetRow['problems'] = [];
const HELD_BACK_CODE: ProblemCode = 'sheet:held_back';
const HELD_BACK: Problem = { code: HELD_BACK_CODE, severity: PROBLEMS[HELD_BACK_CODE].severity };

function located(problems: readonly Problem[]): CheckedSheetRow['problems'] {
  return problems.map((problem) => ({ ...problem, cell: problem.cell ?? '' }));
}

/** Rows whose only problems are warnings, whether the warnings hold the rows back or not. */
export function isWarned({ problems }: Pick<CheckedSheetRow, 'problems'>): boolean {
  return (
    problems.length > 0 && problems.every(({ code, severity }) => severity === 'warning' || code === HELD_BACK_CODE)
  );
}

/** Errors of a cell that may hold, or have held, a person's ID. */
const PERSONAL: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'sheet:code_resident_id',
  'sheet:code_old_resident_id',
  'sheet:code_scientific',
  'sheet:code_scientific_other',
  'sheet:code_zero_filled',
  'sheet:code_decimal',
  'sheet:resident_id',
  'sheet:old_resident_id',
]);

/** The only change that is made to a cell: without it the person's ID would be in Redis and in reports. */
function masked(
  cells: readonly string[],
  problems: readonly Problem[],
  { columns }: Pick<Layout, 'columns'>,
): readonly string[] {
  if (problems.length === 0) return cells;
  const personal = problems.filter(({ code }) => PERSONAL.has(code));
  if (personal.length === 0) return cells;
  const hidden = new Set(personal.map(({ column }) => column && columns[column]));
  return cells.map((cell, at) => {
    if (!hidden.has(at)) return cell;
    return at === columns.code ? withoutResidentId(cell) : withoutResidentIdsIn(cell);
  });
}

/** Columns that an earlier report added are not carried; cells to the right of the headings are. */
function carriedCells(cells: readonly string[], { carried, width }: Layout): readonly string[] {
  if (carried.length === width) return cells;
  return [...carried.map((at) => cells[at] ?? ''), ...cells.slice(width)];
}

export function carriedHeadings(headings: readonly string[], { carried }: Layout): string[] {
  return carried.map((at) => headings[at] ?? '');
}

/** Where the carried cells hold the six details; -1 for those without a column. */
export function detailColumns({ columns, carried }: Layout): number[] {
  return FIELDS.map((field) => carried.indexOf(columns[field]));
}
