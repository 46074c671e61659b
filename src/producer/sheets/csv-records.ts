/** Records of a CSV, each within the limits of a sheet. csv-parse reads them; only lines that need no parser are split. */
import { type CsvError, type Options, parse as openParser, type Parser } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import { SHEET_LIMITS, type SheetLimitName } from '../../domain/sheet-limits.js';

export const DELIMITERS = [',', ';', '\t'] as const;
export type Delimiter = (typeof DELIMITERS)[number];

export type LineEnd = '\r\n' | '\n' | '\r';

export interface RecordFormat {
  readonly delimiter: Delimiter;
  /** The file's usual one: behind a record that another one ends comes `ODD_LINE_END`. */
  readonly lineEnd?: LineEnd;
  readonly hasCarriageReturns: boolean;
  readonly hasQuotationMarks: boolean;
}

/** Why a record cannot be read; `column` counts from 0. */
export class RecordFault extends Error {
  readonly reason: Extract<SheetLimitName, 'cell' | 'row' | 'cells'> | 'unclosed' | 'closed_late';
  readonly column: number;

  constructor(reason: RecordFault['reason'], column = 0) {
    super(reason);
    this.reason = reason;
    this.column = column;
  }
}

const CELL = SHEET_LIMITS.cell.most;
const ROW = SHEET_LIMITS.row.most;
const CELLS = SHEET_LIMITS.cells.most;

/** In place of a record, a character that no text has: csv-parse does not say which of the line ends it has found. */
const MARK = '\ufdd0';
export const ODD_LINE_END: string[] = [MARK];

/** The first line end outside quotation marks. */
export function firstLineEnd(text: string): LineEnd {
  return (/\r\n|\n|\r/.exec(text.replace(/"[^"]*"/g, ''))?.[0] ?? '\n') as LineEnd;
}

/** The records of each piece of text. @throws RecordFault after the records before the unreadable one */
export async function* recordsOf(pieces: AsyncIterable<string>, format: RecordFormat): AsyncGenerator<string[][]> {
  const { delimiter, hasCarriageReturns, hasQuotationMarks, lineEnd } = format;
  const isPlain = !hasCarriageReturns && !hasQuotationMarks;
  const isMarked = hasCarriageReturns && lineEnd !== undefined;
  const text = isMarked ? markedText(pieces, lineEnd) : pieces;
  const parsed = isPlain ? splitRecords(text, delimiter) : parsedRecords(text, optionsFor(format));
  const batches = isMarked ? unmarkedRecords(parsed) : parsed;
  for await (const records of batches) {
    let good = 0;
    let fault: RecordFault | undefined;
    for (const record of records) {
      fault = faultOf(record);
      if (fault !== undefined) break;
      good += 1;
    }
    yield fault === undefined ? records : records.slice(0, good);
    if (fault !== undefined) throw fault;
  }
}

/** The first records of a text, including blank ones. If the text is cut off, the part after its last line end is left out. */
export function firstRecords(text: string, isWhole: boolean, delimiter: Delimiter, limit: number): string[][] {
  const records: string[][] = [];
  const lineEnd = Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r'));
  const options: Options<string[]> = {
    ...optionsFor({ delimiter, hasCarriageReturns: text.includes('\r') }),
    to: limit,
    on_record: (record) => {
      records.push(record);
      return null;
    },
  };
  try {
    parse(isWhole ? text : text.slice(0, lineEnd + 1), options);
  } catch {
    // A quotation mark is not closed in this text, or the delimiter is wrong.
  }
  return records;
}

const ODD: Readonly<Record<LineEnd, RegExp>> = {
  '\r\n': /(?<!\r)\n|\r(?!\n)/g,
  '\n': /\r\n?/g,
  '\r': /\r?\n/g,
};

/** A line of its own behind each odd line end: beside it, a mark would open or close no quotation. */
async function* markedText(pieces: AsyncIterable<string>, lineEnd: LineEnd): AsyncGenerator<string> {
  const mark = (text: string): string => text.replace(ODD[lineEnd], (odd) => odd + MARK + odd);
  let held = '';
  for await (const piece of pieces) {
    const text = held + piece;
    // The line feed after a carriage return may come with the next piece.
    held = text.endsWith('\r') ? '\r' : '';
    yield mark(text.slice(0, text.length - held.length));
  }
  if (held !== '') yield mark(held);
}

const MARKED = new RegExp(`(\\r\\n|\\n|\\r)${MARK}\\1`, 'g');

/** A mark inside quotation marks is a part of the cell. */
async function* unmarkedRecords(batches: AsyncIterable<string[][]>): AsyncGenerator<string[][]> {
  const unmarked = (record: string[]): string[] => {
    if (record.length === 1 && record[0] === MARK) return ODD_LINE_END;
    return record.some((cell) => cell.includes(MARK)) ? record.map((cell) => cell.replace(MARKED, '$1')) : record;
  };
  for await (const records of batches) yield records.map(unmarked);
}

/** Splitting takes a third of the time that a parser takes. */
async function* splitRecords(pieces: AsyncIterable<string>, delimiter: Delimiter): AsyncGenerator<string[][]> {
  let rest = '';
  for await (const piece of pieces) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    yield lines.map((line) => line.split(delimiter));
    if (rest.length > ROW) throw new RecordFault('row');
  }
  if (rest !== '') yield [rest.split(delimiter)];
}

function optionsFor({ delimiter, hasCarriageReturns }: Omit<RecordFormat, 'hasQuotationMarks'>): Options {
  return {
    delimiter,
    // One line end takes less time than three.
    record_delimiter: hasCarriageReturns ? ['\r\n', '\n', '\r'] : ['\n'],
    relax_column_count: true,
    relax_quotes: true,
  };
}

async function* parsedRecords(pieces: AsyncIterable<string>, options: Options): AsyncGenerator<string[][]> {
  const parser = openParser(options);
  let failure: CsvError | undefined;
  parser.on('error', (error: CsvError) => {
    failure = error;
  });
  expectNoLength(parser);
  let unfinished = 0;
  for await (const piece of pieces) {
    const records = await recordsIn(parser, piece);
    yield records;
    unfinished = records.length > 0 ? 0 : unfinished + piece.length;
    if (unfinished > ROW) break;
  }
  const last = await lastRecords(parser);
  const isOpen = failure?.code === 'CSV_QUOTE_NOT_CLOSED';
  if (unfinished > ROW) throw new RecordFault(isOpen ? 'closed_late' : 'row');
  yield last;
  if (isOpen) throw new RecordFault('unclosed');
  if (failure !== undefined) throw failure;
}

/**
 * csv-parse makes an Error of each record that is longer or shorter than the first one, even where that is allowed: 20 to
 * 50 µs each. While its counter stays at zero, each record is the first.
 */
function expectNoLength({ info }: Parser): void {
  Object.defineProperty(info, 'records', { get: () => 0, set: () => {} });
}

/** csv-parse holds some text back to look ahead; it comes with the next piece. */
async function recordsIn(parser: Parser, piece: string): Promise<string[][]> {
  let records: string[][] = [];
  await new Promise<void>((resolve) => {
    parser.write(piece, () => resolve());
    records = finished(parser);
  });
  return records;
}

async function lastRecords(parser: Parser): Promise<string[][]> {
  await new Promise<void>((resolve) => {
    parser.end(() => resolve());
  });
  return finished(parser);
}

/**
 * Not an async iterator: its step for each record would take a sixth of the time, and if a record failed, the records
 * before it would be lost.
 */
function finished(parser: Parser): string[][] {
  const records: string[][] = [];
  for (let record = parser.read(); record !== null; record = parser.read()) records.push(record);
  return records;
}

function faultOf(record: readonly string[]): RecordFault | undefined {
  let characters = record.length;
  for (const cell of record) characters += cell.length;
  if (characters <= CELLS) return undefined;
  const column = record.findIndex((cell) => cell.length > CELL);
  if (column >= 0) return new RecordFault(/[\r\n]/.test(record[column] ?? '') ? 'closed_late' : 'cell', column);
  if (characters > ROW) return new RecordFault('row');
  return record.length > CELLS ? new RecordFault('cells') : undefined;
}
