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

/**
 * Several batches one after the other, under one row of headings. A piece is bytes of a buffer that the next piece overwrites:
 * a fresh buffer for each page costs a quarter of the time of a large report. A caller that keeps pieces copies them.
 */
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
      const lines = new Lines();
      const merged = new Lines();
      const csvOf = async (entries: readonly RowWithOutcome[]): Promise<string[]> =>
        (await reportOf(batches, batch, entries, options)).map((row) => csvLine(shape.cellsOf(batch, row)));
      for await (const page of batches.packedPages(batch)) {
        const others = await addLines(batch, page, lines, addPlain, csvOf);
        yield others.length === 0 ? lines.written() : merge(lines, others, merged);
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

/** A line that is not among the others of its page, and where it belongs among their bytes. */
interface OtherLine {
  readonly text: string;
  readonly place: number;
}

/**
 * Writes the rows of a page that are like many others into `lines`, by copying. Answers the rest, which are made as rows of a
 * report, in their order.
 */
async function addLines(
  { columns }: Batch,
  page: PackedPage,
  lines: Lines,
  addPlain: AddPlainLine,
  csvOf: (entries: readonly RowWithOutcome[]) => Promise<string[]>,
): Promise<OtherLine[]> {
  const row = new PageCursor(page);
  const size = page.rows.length + page.outcomes.length;
  lines.restart(Math.min(TIMES_LONGER * size, size + LONGER_BYTES));
  const made: OtherLine[] = [];
  let entries: RowWithOutcome[] = [];
  let places: number[] = [];

  async function makeOthers(): Promise<void> {
    const texts = await csvOf(entries);
    for (const [n, text] of texts.entries()) made.push({ text, place: places[n] ?? 0 });
    entries = [];
    places = [];
  }

  while (row.next()) {
    if (addPlain(row, lines)) continue;
    entries.push(row.entry(columns));
    places.push(lines.end);
    if (entries.length === ROWS_AT_ONCE) await makeOthers();
  }
  if (entries.length > 0) await makeOthers();
  return made;
}

/** Writes `lines` into `merged`, with the others between them. */
function merge(lines: Lines, others: readonly OtherLine[], merged: Lines): Buffer {
  merged.restart(others.reduce((size, { text }) => size + Buffer.byteLength(text), lines.end));
  let done = 0;
  for (const { text, place } of others) {
    merged.copy(lines, done, place);
    merged.write(text);
    done = place;
  }
  merged.copy(lines, done, lines.end);
  return merged.written();
}

export function csvLine(cells: readonly string[]): string {
  let line = '"';
  for (let column = 0; column < cells.length; column += 1) {
    line += (column === 0 ? '' : '","') + csvCell(cells[column] ?? '');
  }
  return `${line}"\r\n`;
}
