/** A sheet as rows that are ready to be accepted: read → check → know the merchant. `check` and `load` share it. */
import { checkRow } from '../domain/check-row.js';
import { FIELDS, type Layout } from '../domain/columns.js';
import type { DetailField, Identify } from '../domain/merchant.js';
import { PROBLEMS, type Problem, type ProblemCode } from '../domain/problems.js';
import { withoutResidentId, withoutResidentIdsIn } from '../domain/resident-id.js';
import type { AcceptedRow } from '../domain/row.js';
import { shareAsText } from '../domain/share.js';
import type { Needs, SheetRow } from '../domain/sheet-row.js';
import type { Sheet } from './sheets/sheet.js';
import { SheetError } from './sheets/sheet-error.js';

/** What a row has to be like here. */
export interface Rules {
  readonly needs: Needs;
  /** The registration of an enterprise, in the ledger in use. */
  readonly identify: Identify;
  /** The details that make two rows of one enterprise two tasks, under the registration API in use. */
  readonly details: readonly DetailField[];
  /** False: a row with a warning is held back like one with an error. */
  readonly acceptWarnings: boolean;
  /** True: a merchant that has a Mini Program gets one more. */
  readonly again?: boolean | undefined;
}

/** What the rows themselves are held against. */
type CheckRules = Pick<Rules, 'needs' | 'identify' | 'acceptWarnings'>;

/** How many rows there are, and how many of them our checks refuse. */
export interface Refused {
  readonly rows: number;
  readonly refused: number;
}

/** A separate pass over the file, for what has to be known before a row is stored. */
export async function countRefused(sheet: Sheet, { needs, acceptWarnings }: Rules): Promise<Refused> {
  let rows = 0;
  let refused = 0;
  for await (const page of sheet.rows()) {
    for (const row of page) {
      const { merchant, problems } = checkRow(row, sheet.layout, needs);
      rows += 1;
      if (merchant === undefined || (problems.length > 0 && !acceptWarnings)) refused += 1;
    }
  }
  return { rows, refused };
}

/** @throws SheetError where a larger share of the rows is invalid */
export function refuseMostlyInvalid({ rows, refused }: Refused, mostInvalid: number): void {
  if (refused <= rows * mostInvalid) return;
  const limit = shareAsText(mostInvalid);
  throw new SheetError({
    en: `${refused} of ${rows} rows are invalid, more than --max-invalid ${limit} allows, so the whole file is refused. \`fastregister check\` names each cell.`,
    zh: `${rows} 行中有 ${refused} 行无效，超过 --max-invalid ${limit} 的限制，整个文件未被接受。请用 \`fastregister check\` 查看每个单元格。`,
  });
}

export interface CheckedSheetRow extends AcceptedRow {
  /** The row's number in a spreadsheet program. */
  readonly number: number;
  readonly problems: readonly Problem[] & readonly { readonly code: string; readonly cell: string }[];
}

export async function* checkedRows(sheet: Sheet, rules: CheckRules): AsyncGenerator<CheckedSheetRow[]> {
  for await (const page of sheet.rows()) yield checkedPage(page, sheet.layout, rules);
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

/** The one change that is made to a cell: from here on the person's ID is neither in Redis nor in a report. */
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

/** The columns that an earlier report added are not carried; what lies to the right of the headings is. */
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
