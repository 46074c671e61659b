/** A row as a sheet has it, and what the registration API in use asks of it. */
import type { CodeType } from './enterprise-code.js';

/** A row as a file has it. */
export interface SheetRow {
  /** Line of the file where the row begins (of a workbook: its row), from 1. */
  readonly line: number;
  /** The row's number in a spreadsheet program: smaller than `line` after cells with line breaks. */
  readonly row: number;
  /** At least as many as there are headings; more where the file has more. */
  readonly cells: readonly string[];
  /** Columns whose cells a workbook holds as numbers. */
  readonly numericCells?: readonly number[];
  /** A cell that goes on over so many lines which look like rows of their own. */
  readonly swallowed?: { readonly column: number; readonly lines: number };
  /** Half of a row of a CSV in which a cell has a line break without quotation marks. */
  readonly isBroken?: boolean;
  /** Columns of a workbook whose formulas have no result in the file. */
  readonly uncomputed?: readonly number[];
  /** Columns of blank cells that a workbook merges with the ones above. */
  readonly merged?: readonly number[];
  /** The workbook does not show it, e.g. because a filter is set. */
  readonly hidden?: boolean;
  /** The first column of a workbook's row that has a value and no heading; its cells are not among `cells`. */
  readonly beyond?: number;
}

/** What the registration API in use asks of a row. */
export interface Needs {
  /** Whether it wants the legal person's Weixin ID and name. */
  readonly legalPerson: boolean;
  readonly codeTypes: readonly CodeType[];
  /** Whether it refuses a call without a contact phone. */
  readonly phone: boolean;
  /** The contact phone of rows that have none. */
  readonly defaultPhone?: string | undefined;
}
