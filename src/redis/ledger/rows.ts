/**
 * How a row is kept: its cells once, as they came, and of the details that are sent only those that differ from their
 * cell (a code type told from the code, a repaired width, a phone from the settings). Most rows have nothing beside their
 * line and cells, which are then joined: 16 bytes less than JSON, a million times, and split in half the time.
 */
import type { Merchant } from '../../domain/merchant.js';

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

const JOINT = '\u001d';
/** What a joined row could not have: its own joint, those of a page (page.lua), and halves of characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are the joints
const NOT_JOINABLE = /[\u001d-\u001f\ud800-\udfff]/u;

/** Places in DetailColumns. */
const NAME = 0;
const WEIXIN_ID = 3;

type Named = Pick<Row, 'cells' | 'merchant'>;

/** The name of the row's merchant; where our checks refused the row, as its cell has it. */
export function nameIn({ merchant, cells }: Named, columns: DetailColumns): string {
  return merchant?.name ?? cells[columns[NAME] ?? -1] ?? '';
}

/** The same of the legal person's Weixin ID. */
export function weixinIdIn({ merchant, cells }: Named, columns: DetailColumns): string {
  return merchant?.legalPersonaWechat ?? cells[columns[WEIXIN_ID] ?? -1] ?? '';
}

export function packRow(row: Row, columns: DetailColumns): string {
  if (row.problems.length > 0 || row.merchant === undefined) return packed(row, columns);
  const { merchant, cells, line } = row;
  const isPlain =
    cells.length > 0 &&
    detailsBesideCells(merchant, cells, columns).length === 0 &&
    !cells.some((cell) => NOT_JOINABLE.test(cell));
  return isPlain ? `${line}${JOINT}${cells.join(JOINT)}` : packed(row, columns);
}

function packed(row: Row, columns: DetailColumns): string {
  const parts: Packed = [row.line, row.cells];
  const details = row.merchant === undefined ? 0 : detailsBesideCells(row.merchant, row.cells, columns);
  const problems = row.problems.map(({ code, cell, detail }) =>
    detail === undefined ? [code, cell] : [code, cell, detail],
  );
  if (problems.length > 0) parts.push(details, problems);
  else if (details !== 0 && details.length > 0) parts.push(details);
  return JSON.stringify(parts);
}

export function unpackRow(text: string, columns: DetailColumns): Row {
  if (!text.startsWith('[')) {
    const [line, ...cells] = text.split(JOINT);
    return { line: Number(line), cells, merchant: merchantFrom(cells, columns, NONE), problems: NONE };
  }
  const [line, cells, details, problems] = JSON.parse(text) as Packed;
  const refused = details === 0;
  return {
    line,
    cells,
    merchant: refused ? undefined : merchantFrom(cells, columns, details ?? []),
    problems: (problems ?? []).map(([code = '', cell = '', detail]) => ({ code, cell, detail })),
  };
}

const NONE: readonly never[] = [];

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
