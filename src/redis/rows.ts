/**
 * How a row is kept: its cells once, as they came, and of the details that are sent only those that differ from their
 * cell (a code type told from the code, a repaired width, a phone from the settings).
 */
import type { Merchant } from '../domain/merchant.js';

/** Where a batch's columns hold the six details; -1 where there is no such column. In the order of DETAILS. */
export type DetailColumns = readonly number[];

export interface StoredProblem {
  /** e.g. `sheet:code_length` */
  readonly code: string;
  /** e.g. `B17`; '' for the row as a whole */
  readonly cell: string;
  readonly detail?: string | undefined;
}

export interface Row {
  /** Line of the input file where the row begins, counted from 1. */
  readonly line: number;
  readonly cells: readonly string[];
  /** Absent where our checks refused the row. */
  readonly merchant?: Merchant | undefined;
  readonly problems: readonly StoredProblem[];
}

const DETAILS: readonly ((merchant: Merchant) => string)[] = [
  (merchant) => merchant.name,
  (merchant) => merchant.code,
  (merchant) => String(merchant.codeType),
  (merchant) => merchant.legalPersonaWechat,
  (merchant) => merchant.legalPersonaName,
  (merchant) => merchant.componentPhone,
];

type Packed = [
  line: number,
  cells: readonly string[],
  details?: readonly (string | 0)[] | 0,
  problems?: readonly string[][],
];

export function packRow(row: Row, columns: DetailColumns): string {
  const packed: Packed = [row.line, row.cells];
  const details = row.merchant === undefined ? 0 : detailsBesideCells(row.merchant, row.cells, columns);
  const problems = row.problems.map(({ code, cell, detail }) =>
    detail === undefined ? [code, cell] : [code, cell, detail],
  );
  if (problems.length > 0) packed.push(details, problems);
  else if (details !== 0 && details.length > 0) packed.push(details);
  return JSON.stringify(packed);
}

export function unpackRow(text: string, columns: DetailColumns): Row {
  const [line, cells, details, problems] = JSON.parse(text) as Packed;
  const refused = details === 0;
  return {
    line,
    cells,
    merchant: refused ? undefined : merchantFrom(cells, columns, details ?? []),
    problems: (problems ?? []).map(([code = '', cell = '', detail]) => ({ code, cell, detail })),
  };
}

function detailsBesideCells(merchant: Merchant, cells: readonly string[], columns: DetailColumns): (string | 0)[] {
  const details = DETAILS.map((read, at) => {
    const value = read(merchant);
    return cells[columns[at] ?? -1] === value ? 0 : value;
  });
  while (details.at(-1) === 0) details.pop();
  return details;
}

function merchantFrom(cells: readonly string[], columns: DetailColumns, details: readonly (string | 0)[]): Merchant {
  const [name = '', code = '', codeType = '', legalPersonaWechat = '', legalPersonaName = '', componentPhone = ''] =
    DETAILS.map((_, at) => {
      const beside = details[at];
      return beside === undefined || beside === 0 ? (cells[columns[at] ?? -1] ?? '') : beside;
    });
  return {
    name,
    code,
    codeType: Number(codeType) as Merchant['codeType'],
    legalPersonaWechat,
    legalPersonaName,
    componentPhone,
  };
}
