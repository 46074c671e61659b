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
import { type Shape, shapeOf } from './shape.js';

/**
 * Several batches one after the other, under one row of headings. A piece is bytes of a buffer that the piece after the next one
 * overwrites: a fresh buffer for each page costs a quarter of the time of a large report. A caller that keeps pieces copies them.
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
      yield* wholeBatch(batches, batch, options, shape);
      continue;
    }
    for await (const rows of reportRows(batches, batch, options)) {
      let text = '';
      for (const row of rows) text += csvLine(shape.cellsOf(batch, row));
      if (text !== '') yield text;
    }
  }
}

/** Fewer pieces take less time to write; larger ones leave the processor's cache before they are written. */
const PIECE_BYTES = 1024 * 1024;

async function* wholeBatch(
  batches: Batches,
  batch: Batch,
  options: ReportOptions,
  shape: Shape,
): AsyncGenerator<Buffer> {
  const addPlain = openPlainLines(batch, options);
  const csvOf = async (entries: readonly RowWithOutcome[]): Promise<string[]> =>
    (await reportOf(batches, batch, entries, options)).map((row) => csvLine(shape.cellsOf(batch, row)));
  let [piece, other] = [new Piece(), new Piece()];
  for await (const page of batches.packedPages(batch)) {
    await addLines(batch, page, piece, addPlain, csvOf);
    if (piece.size < PIECE_BYTES) continue;
    yield piece.written();
    [piece, other] = [other, piece];
    piece.restart();
  }
  if (piece.size > 0) yield piece.written();
}

function isWhole({ only, who, problem, since, links }: ReportOptions): boolean {
  return [only, who, problem, since].every((filter) => filter === undefined) && links !== true;
}

/** Rows that are read together: fewer live as objects until the collector of garbage comes by. */
const ROWS_AT_ONCE = 64;

/** A line is some three times as long as what Redis answers of its row; of long rows, by no more than its own columns. */
const TIMES_LONGER = 4;
const LONGER_BYTES = 256 * 1024;

/** A line that is not among the others, and where it belongs among their bytes. */
interface OtherLine {
  readonly text: string;
  readonly place: number;
}

/** Lines of some pages. */
class Piece {
  readonly plain = new Lines();
  readonly #merged = new Lines();
  #others: OtherLine[] = [];
  #bytesOfOthers = 0;

  get size(): number {
    return this.plain.end + this.#bytesOfOthers;
  }

  addOther(text: string, place: number): void {
    this.#others.push({ text, place });
    this.#bytesOfOthers += Buffer.byteLength(text);
  }

  restart(): void {
    this.plain.restart();
    this.#others = [];
    this.#bytesOfOthers = 0;
  }

  /** The bytes themselves, until it begins anew. */
  written(): Buffer {
    const { plain } = this;
    if (this.#others.length === 0) return plain.written();
    const merged = this.#merged;
    merged.restart();
    merged.reserve(this.size);
    let done = 0;
    for (const { text, place } of this.#others) {
      merged.copy(plain, done, place);
      merged.write(text);
      done = place;
    }
    merged.copy(plain, done, plain.end);
    return merged.written();
  }
}

/** Adds the rows of a page: those that are like many others by copying, the rest as rows of a report, in their order. */
async function addLines(
  { columns }: Batch,
  page: PackedPage,
  piece: Piece,
  addPlain: AddPlainLine,
  csvOf: (entries: readonly RowWithOutcome[]) => Promise<string[]>,
): Promise<void> {
  const { plain } = piece;
  const row = new PageCursor(page);
  const size = page.rows.length + page.outcomes.length;
  plain.reserve(Math.min(TIMES_LONGER * size, size + LONGER_BYTES));
  let entries: RowWithOutcome[] = [];
  let places: number[] = [];

  async function addOthers(): Promise<void> {
    const texts = await csvOf(entries);
    for (const [n, text] of texts.entries()) piece.addOther(text, places[n] ?? 0);
    entries = [];
    places = [];
  }

  while (row.next()) {
    if (addPlain(row, plain)) continue;
    entries.push(row.entry(columns));
    places.push(plain.end);
    if (entries.length === ROWS_AT_ONCE) await addOthers();
  }
  if (entries.length > 0) await addOthers();
}

export function csvLine(cells: readonly string[]): string {
  let line = '"';
  for (let column = 0; column < cells.length; column += 1) {
    line += (column === 0 ? '' : '","') + csvCell(cells[column] ?? '');
  }
  return `${line}"\r\n`;
}
