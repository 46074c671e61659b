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
      const csvOf = async (entries: readonly RowWithOutcome[]): Promise<string[]> =>
        (await reportOf(batches, batch, entries, options)).map((row) => csvLine(shape.cellsOf(batch, row)));
      for await (const page of batches.packedPages(batch)) yield await bytesOf(batch, page, addPlain, csvOf);
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

/** A page: the rows that are like many others by copying, the rest as rows of a report, in their order. */
async function bytesOf(
  { columns }: Batch,
  page: PackedPage,
  addPlain: AddPlainLine,
  csvOf: (entries: readonly RowWithOutcome[]) => Promise<string[]>,
): Promise<Buffer> {
  const row = new PageCursor(page);
  const size = page.rows.length + page.outcomes.length;
  const lines = new Lines(Math.min(TIMES_LONGER * size, size + LONGER_BYTES));
  const pieces: Buffer[] = [];
  let done = 0;
  let others: RowWithOutcome[] = [];
  let places: number[] = [];

  async function addOthers(): Promise<void> {
    const texts = await csvOf(others);
    let text = '';
    for (const [n, line] of texts.entries()) {
      const place = places[n] ?? 0;
      if (place > done) {
        pieces.push(Buffer.from(text), lines.bytes.subarray(done, place));
        done = place;
        text = '';
      }
      text += line;
    }
    pieces.push(Buffer.from(text));
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
  if (pieces.length === 0) return lines.bytes.subarray(0, lines.end);
  return Buffer.concat([...pieces, lines.bytes.subarray(done, lines.end)]);
}

export function csvLine(cells: readonly string[]): string {
  let line = '"';
  for (let column = 0; column < cells.length; column += 1) {
    line += (column === 0 ? '' : '","') + csvCell(cells[column] ?? '');
  }
  return `${line}"\r\n`;
}
