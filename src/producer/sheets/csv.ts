/** Rows of a CSV: its records with their lines counted, in pages. */
import type { FileHandle } from 'node:fs/promises';
import { columnLetters, type Layout } from '../../domain/columns.js';
import { isExample } from '../../domain/example-row.js';
import { unguard } from '../../domain/formula-guard.js';
import { SHEET_LIMITS } from '../../domain/sheet-limits.js';
import type { SheetRow } from '../../domain/sheet-row.js';
import type { Words } from '../../domain/words.js';
import { type Delimiter, ODD_LINE_END, RecordFault, type RecordFormat, recordsOf } from './csv-records.js';
import { decoded, type Encoding } from './encoding.js';
import { openExpansion } from './expansion.js';
import { openPages, type Page } from './pages.js';
import { SheetError, tooMuch } from './sheet-error.js';

export interface CsvFormat extends RecordFormat {
  readonly encoding: Encoding;
  /** Of the file. */
  readonly bytes: number;
}

/** Pages of the rows below the headings, unchanged. */
export async function* csvPages(
  file: FileHandle,
  format: CsvFormat,
  headingRow: number,
  layout: Layout,
): AsyncGenerator<SheetRow[]> {
  const { width, columns } = layout;
  const { delimiter, hasQuotationMarks } = format;
  const pages = openPages();
  const expansion = openExpansion(format.bytes, 'rowsOfCsv');
  let row = 0;
  let line = 1;
  let count = 0;
  let above: SheetRow | undefined;
  let countAbove = 0;
  let isOddEnd = false;

  /** Undefined if the record is not the row of a merchant. */
  function rowOf(record: string[]): SheetRow | undefined {
    row++;
    const startsAt = line;
    const breaks = hasQuotationMarks ? lineBreaksIn(record) : 0;
    line += 1 + breaks;
    if (row <= headingRow || isBlank(record) || isExample(record, layout)) return undefined;
    const swallowed = breaks === 0 ? undefined : swallowedRows(record, delimiter, width, columns.code);
    let end = record.length;
    while (end > width && record[end - 1]?.trim() === '') end--;
    count = end;
    const cells = cellsOf(record, Math.max(end, width));
    return swallowed === undefined ? { line: startsAt, row, cells } : { line: startsAt, row, cells, swallowed };
  }

  /** Adds the row above: with the next one it may be a row of which a cell has a line break. */
  function place(read: SheetRow | undefined): Page | undefined {
    const isBroken = isOddEnd && above !== undefined && read !== undefined && countAbove + count - 1 <= width;
    isOddEnd = false;
    const page = above && pages.add(isBroken ? { ...above, isBroken } : above);
    above = isBroken ? { ...read, isBroken } : read;
    countAbove = count;
    if (page !== undefined) expansion.add(page.weight);
    return page;
  }

  try {
    for await (const records of recordsOf(decoded(file, format.encoding), format)) {
      for (const record of records) {
        if (record === ODD_LINE_END) {
          isOddEnd = true;
          continue;
        }
        const page = place(rowOf(record));
        if (page !== undefined) yield page.rows;
      }
    }
  } catch (error) {
    throw error instanceof RecordFault ? unreadable(error, line) : error;
  }
  const page = place(undefined);
  if (page !== undefined) yield page.rows;
  const last = pages.rest();
  if (last !== undefined) yield last;
}

function cellsOf(record: string[], count: number): string[] {
  // Nearly every record is a row as it stands.
  if (record.length === count && !record.some((cell) => cell.includes("'"))) return record;
  // The record itself is not filled up: 30,000 short records of one piece of text are in memory together.
  return Array.from({ length: count }, (_, at) => unguard(record[at] ?? ''));
}

const LINE_BREAK = /\r\n|\n|\r/;

/** Counts line breaks inside quotation marks: after one, a row's number differs from its line in the file. */
function lineBreaksIn(record: readonly string[]): number {
  let breaks = 0;
  for (const cell of record) {
    if (cell.includes('\n') || cell.includes('\r')) breaks += cell.split(LINE_BREAK).length - 1;
  }
  return breaks;
}

const LIKE_A_CODE = /^[0-9A-Z][0-9A-Z.+-]{8,19}$/i;
/** One such line proves nothing: a note may have a line with a comma and a number. */
const CELLS_OF_A_ROW = 4;

/** Lines inside quotation marks that have a code in the column of codes: a closing mark was forgotten, and a later mark closed the cell. */
function swallowedRows(
  record: readonly string[],
  delimiter: Delimiter,
  width: number,
  codeColumn: number,
): SheetRow['swallowed'] {
  const isRow = (text: string): boolean => {
    const cells = text.split(delimiter);
    return cells.length >= Math.min(width, CELLS_OF_A_ROW) && LIKE_A_CODE.test(cells[codeColumn]?.trim() ?? '');
  };
  for (const [column, cell] of record.entries()) {
    const [, ...below] = cell.split(LINE_BREAK);
    const lines = below.filter(isRow).length;
    if (lines > 0) return { column, lines };
  }
  return undefined;
}

export function isBlank(cells: readonly string[]): boolean {
  return cells.every((cell) => cell === '' || cell.trim() === '');
}

/** `line`: where the row begins that could not be read. */
function unreadable(fault: RecordFault, line: number): SheetError {
  const { reason, column } = fault;
  const words = BAD_QUOTES[reason];
  if (words !== undefined) {
    return new SheetError(
      {
        en: `in the row that begins on line ${line} a quotation mark is opened ${words.en}; close it or take it out`,
        zh: `从第 ${line} 行开始的一行中有${words.zh}的引号；请补上或删除`,
      },
      { cause: fault },
    );
  }
  const [cell, column_] =
    reason === 'cell' ? [`, column ${columnLetters(column)},`, `中 ${columnLetters(column)} 列的单元格`] : ['', ''];
  return tooMuch(reason as Exclude<RecordFault['reason'], 'unclosed' | 'closed_late'>, {
    en: `the row that begins on line ${line}${cell} has`,
    zh: `从第 ${line} 行开始的一行${column_}`,
  });
}

const BAD_QUOTES: Partial<Readonly<Record<RecordFault['reason'], Words>>> = {
  unclosed: { en: 'and never closed', zh: '未闭合' },
  closed_late: {
    en: `and not closed within ${SHEET_LIMITS.cell.most.toLocaleString('en-US')} characters, the most that a cell may have`,
    zh: `在 ${SHEET_LIMITS.cell.most.toLocaleString('en-US')} 个字符（单元格上限）内未闭合`,
  },
};
