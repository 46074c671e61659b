/** A sheet as rows that are ready to be accepted: read → check → know the merchant. `check` and `load` share it. */
import { checkRow, type Needs } from '../domain/check-row.js';
import { FIELDS, type Layout, reportColumn } from '../domain/columns.js';
import { type IdentityFields, identityOf, isIdentity } from '../domain/merchant.js';
import type { Problem } from '../domain/problems.js';
import type { AcceptedRow } from '../redis/batches.js';
import type { Sheet } from './sheet.js';

/** What a row has to be like here. */
export interface Rules {
  readonly needs: Needs;
  readonly identity: IdentityFields;
  /** False: a row with a warning is held back like one with an error. */
  readonly acceptWarnings: boolean;
}

export interface CheckedSheetRow extends AcceptedRow {
  /** The row's number in a spreadsheet program. */
  readonly number: number;
  readonly problems: readonly Problem[] & readonly { readonly code: string; readonly cell: string }[];
}

export async function* checkedRows(
  sheet: Sheet,
  { needs, identity, acceptWarnings }: Rules,
): AsyncGenerator<CheckedSheetRow[]> {
  const earlier = reportColumn(sheet.headings, 'registration_id');
  for await (const page of sheet.rows()) {
    yield page.map((row) => {
      const { merchant, problems } = checkRow(row, sheet.layout, needs);
      const accepted = problems.length > 0 && !acceptWarnings ? undefined : merchant;
      return {
        line: row.line,
        number: row.row,
        cells: carriedCells(row.cells, sheet.layout),
        merchant: accepted,
        problems: problems.map((problem) => ({ ...problem, cell: problem.cell ?? '' })),
        registration: accepted && identityOf(accepted, identity),
        ...earlierOf(row.cells[earlier]),
      };
    });
  }
}

/** A report says which registration its row was: corrected, the row may be another one. */
function earlierOf(cell = ''): Pick<AcceptedRow, 'earlier'> {
  const id = cell.trim();
  return isIdentity(id) ? { earlier: id } : {};
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
