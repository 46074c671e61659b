/**
 * The report as CSV: UTF-8 with BOM, CRLF, every cell quoted, formulas guarded. Own quoting, for csv-stringify takes four
 * times as long with every option that such a file does without.
 */

import type { Batch } from '../domain/batch.js';
import type { RowWithOutcome } from '../domain/row.js';
import type { Batches } from '../redis/ledger/batches.js';
import type { PackedPage } from '../redis/ledger/packed-rows.js';
import { PageCursor } from '../redis/ledger/page-cursor.js';
import { csvCell } from './csv-cell.js';
import { type AddPlainLine, Lines, openPlainLines } from './plain-lines.js';
import { type ReportOptions, reportOf, reportRows } from './report.js';
import { shapeOf } from './shape.js';

/** Several batches one after the other, under one row of headings. */
export async function* reportCsv(
  batches: Batches,
  wanted: readonly Batch[],
  options: ReportOptions,
): AsyncGenerator<string | Buffer> {
  const shape = shapeOf(wanted, options.language);
  yield `\uFEFF${csvLine(shape.headings)}`;
  for (const batch of wanted) {
    if (wanted.length === 1 && isWhole(options)) {
      const addPlain = openPlainLines(batch, options);
      const lines = new Lines(0);
      const csvOf = async (entries: readonly RowWithOutcome[]): Promise<string[]> =>
        (await reportOf(batches, batch, entries, options)).map((row) => csvLine(shape.cellsOf(batch, row)));
      for await (const page of batches.packedPages(batch)) {
        yield await bytesOf(batch, page, lines, addPlain, csvOf);
      }
      continue;
    }
    for await (const rows of reportRows(batches, batch, options)) {
      let text = '';
      for (const row of rows) text += csvLine(shape.cellsOf(batch, row));
      if (text !== '') yield text;
    }
  }
}

function isWhole({ only, who, problem, since, links }: ReportOptions): boolean {
  return [only, who, problem, since].every((filter) => filter === undefined) && links !== true;
}

/** Rows that are read together: fewer live as objects until the collector of garbage comes by. */
const ROWS_AT_ONCE = 64;

/** A line is some three times as long as what Redis answers of its row; of long rows, by no more than its own columns. */
const TIMES_LONGER = 4;
const LONGER_BYTES = 256 * 1024;

/**
 * A page: the rows that are like many others by copying, the rest as rows of a report, in their order. `lines` are used for one
 * page after the other, and what is answered is copied once: buffers of many pages would be garbage together, for these
 * objects are too few for the collector to come by.
 */
async function bytesOf(
  { columns }: Batch,
  page: PackedPage,
  lines: Lines,
  addPlain: AddPlainLine,
  csvOf: (entries: readonly RowWithOutcome[]) => Promise<string[]>,
): Promise<Buffer> {
  const row = new PageCursor(page);
  const size = page.rows.length + page.outcomes.length;
  lines.restart(Math.min(TIMES_LONGER * size, size + LONGER_BYTES));
  const pieces: (string | readonly [from: number, to: number])[] = [];
  let done = 0;
  let others: RowWithOutcome[] = [];
  let places: number[] = [];

  async function addOthers(): Promise<void> {
    const texts = await csvOf(others);
    let text = '';
    for (const [n, line] of texts.entries()) {
      const place = places[n] ?? 0;
      if (place > done) {
        pieces.push(text, [done, place]);
        done = place;
        text = '';
      }
      text += line;
    }
    pieces.push(text);
    others = [];
    places = [];
  }

  while (row.next()) {
    if (addPlain(row, lines)) continue;
    others.push(row.entry(columns));
    places.push(lines.end);
    if (others.length === ROWS_AT_ONCE) await addOthers();
  }
  if (others.length > 0) await addOthers();
  return joined([...pieces, [done, lines.end]], lines.bytes);
}

function joined(pieces: readonly (string | readonly [from: number, to: number])[], bytes: Buffer): Buffer {
  let size = 0;
  for (const piece of pieces) size += typeof piece === 'string' ? Buffer.byteLength(piece) : piece[1] - piece[0];
  const whole = Buffer.allocUnsafe(size);
  let at = 0;
  for (const piece of pieces)
    at += typeof piece === 'string' ? whole.write(piece, at) : bytes.copy(whole, at, ...piece);
  return whole;
}

export function csvLine(cells: readonly string[]): string {
  let line = '"';
  for (let column = 0; column < cells.length; column += 1) {
    line += (column === 0 ? '' : '","') + csvCell(cells[column] ?? '');
  }
  return `${line}"\r\n`;
}
