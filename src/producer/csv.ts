/** Rows of a CSV: csv-parse splits it into cells, and here its lines are counted and its pages made. */

import type { FileHandle } from 'node:fs/promises';
import { CsvError, type Options, type Parser, parse } from 'csv-parse';
import type { SheetRow } from '../domain/check-row.js';
import type { Layout } from '../domain/columns.js';
import { unguard } from '../domain/formula-guard.js';
import { decoded, type Encoding } from './encoding.js';
import { SheetError } from './sheet-error.js';

export const DELIMITERS = [',', ';', '\t'] as const;
export type Delimiter = (typeof DELIMITERS)[number];

export interface CsvFormat {
  readonly encoding: Encoding;
  readonly delimiter: Delimiter;
  /** Without any, one line end is looked for instead of three, which is a seventh of the time. */
  readonly hasCarriageReturns: boolean;
  /** Without any, no value has a line break. */
  readonly hasQuotationMarks: boolean;
  /** How many cells a row usually has. */
  readonly usualCells: number;
}

/** Longer than any row of merchants: what grows beyond it is a quotation mark that nobody closed. */
const ROW_LIMIT_BYTES = 1024 * 1024;
export const PAGE_ROWS = 500;

function optionsFor(format: Pick<CsvFormat, 'delimiter' | 'hasCarriageReturns'>): Options {
  return {
    delimiter: format.delimiter,
    record_delimiter: format.hasCarriageReturns ? ['\r\n', '\n', '\r'] : ['\n'],
    relax_column_count: true,
    relax_quotes: true,
    max_record_size: ROW_LIMIT_BYTES,
  };
}

/** The first rows of a text, as they come, blank ones too: the headings are looked for in them. */
export function firstRows(text: string, isWhole: boolean, delimiter: Delimiter, limit: number): readonly string[][] {
  const rows: string[][] = [];
  const parser = parse({
    ...optionsFor({ delimiter, hasCarriageReturns: text.includes('\r') }),
    on_record: (row: string[]) => {
      if (rows.length < limit) rows.push(row);
      return null;
    },
  });
  // A wrong delimiter may make nonsense of quotation marks; what was read before tells enough.
  parser.on('error', () => undefined);
  // `end` would flush only after this function has returned; blank lines push out what the parser holds back to look ahead.
  parser.write(isWhole ? `${text}${'\n'.repeat(8)}` : text);
  parser.destroy();
  return rows;
}

/** Pages of the rows below the headings, as the file has them. */
export async function* csvPages(
  file: FileHandle,
  format: CsvFormat,
  headingRow: number,
  { width, columns }: Layout,
): AsyncGenerator<SheetRow[]> {
  const parser = parse(optionsFor(format));
  // csv-parse makes an Error of every row that is not as long as the first one, at ten times the cost of the row. So the
  // first one is ours, and as long as most will be.
  parser.write(`${format.delimiter.repeat(format.usualCells - 1)}\n`);
  try {
    yield* pagesOf(recordsOf(parser, decoded(file, format.encoding)), format, headingRow, width, columns.code);
  } finally {
    parser.destroy();
  }
}

/** In the pieces in which they are read: one step of an async iterator for each record would take a sixth of the time. */
async function* recordsOf(parser: Parser, text: AsyncIterable<Buffer | string>): AsyncGenerator<Iterable<string[]>> {
  let failure: Error | undefined;
  parser.on('error', (error) => {
    failure = error;
  });
  for await (const piece of text) {
    parser.write(piece);
    yield waiting(parser);
    if (failure !== undefined) throw failure;
  }
  parser.end();
  for await (const record of parser as AsyncIterable<string[]>) yield [record];
}

function* waiting(parser: Parser): Generator<string[]> {
  for (let record = parser.read(); record !== null; record = parser.read()) yield record;
}

async function* pagesOf(
  pieces: AsyncIterable<Iterable<string[]>>,
  { delimiter, hasQuotationMarks }: CsvFormat,
  headingRow: number,
  width: number,
  codeColumn: number,
): AsyncGenerator<SheetRow[]> {
  let page: SheetRow[] = [];
  let row = -1;
  let line = 0;
  try {
    for await (const records of pieces) {
      for (const record of records) {
        row++;
        const startsAt = line;
        const breaks = hasQuotationMarks ? lineBreaksIn(record) : 0;
        line += 1 + breaks;
        if (row <= headingRow || isBlank(record)) continue;
        const swallowed = breaks === 0 ? undefined : swallowedRows(record, delimiter, width, codeColumn);
        while (record.length < width) record.push('');
        while (record.length > width && record[record.length - 1]?.trim() === '') record.pop();
        for (let i = 0; i < record.length; i++) record[i] = unguard(record[i] ?? '');
        page.push({ line: startsAt, row, cells: record, ...(swallowed && { swallowed }) });
        if (page.length < PAGE_ROWS) continue;
        yield page;
        page = [];
      }
    }
  } catch (error) {
    throw error instanceof CsvError ? unreadable(error, line) : error;
  }
  if (page.length > 0) yield page;
}

const LINE_BREAK = /\r\n|\n|\r/;

/** Line breaks inside quotation marks: there the lines of the file and the rows of the sheet part. */
function lineBreaksIn(record: readonly string[]): number {
  let breaks = 0;
  for (const cell of record) {
    if (cell.includes('\n') || cell.includes('\r')) breaks += cell.split(LINE_BREAK).length - 1;
  }
  return breaks;
}

const LIKE_A_CODE = /^[0-9A-Z][0-9A-Z.+-]{8,19}$/i;
/** A note may have a line with a comma and a number. */
const CELLS_OF_A_ROW = 4;

/** Lines inside quotation marks that have a code where rows have theirs: a mark was forgotten, and closed far below. */
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

/** `line`: where the row begins that could not be read. The parser's own count takes CRLF for two lines. */
function unreadable(error: CsvError, line: number): SheetError {
  if (error.code === 'CSV_QUOTE_NOT_CLOSED' || error.code === 'CSV_MAX_RECORD_SIZE') {
    return new SheetError(
      {
        en: `in the row that begins on line ${line} a quotation mark is opened and never closed; close it or take it out`,
        zh: `从第 ${line} 行开始的一行中有未闭合的引号；请补上或删除`,
      },
      { cause: error },
    );
  }
  return new SheetError(
    {
      en: `the row that begins on line ${line} cannot be read as CSV: ${error.code}`,
      zh: `从第 ${line} 行开始的一行无法按 CSV 读取：${error.code}`,
    },
    { cause: error },
  );
}
