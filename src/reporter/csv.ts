/**
 * The report as CSV: UTF-8 with BOM, CRLF, every cell quoted, formulas guarded. Own quoting, for csv-stringify takes four
 * times as long with every option that such a file does without.
 */

import type { Batch } from '../domain/batch.js';
import type { Batches } from '../redis/ledger/batches.js';
import { type PackedPage, rowFrom } from '../redis/ledger/packed-rows.js';
import { csvCell } from './csv-cell.js';
import { openPlainLines, type PlainLine } from './plain-lines.js';
import { type ReportOptions, reportOf, reportRows } from './report.js';
import { type Shape, shapeOf } from './shape.js';

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
      const plainLine = openPlainLines(batch, options);
      for await (const page of batches.packedPages(batch)) {
        yield await bytesOf(batches, batch, page, shape, plainLine, options);
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

function isWhole({ only, who, since, links }: ReportOptions): boolean {
  return only === undefined && who === undefined && since === undefined && links !== true;
}

/** Lines that are put into bytes together: fewer live as strings until the collector of garbage comes by. */
const LINES_AT_ONCE = 64;

/** A page: the rows that are like many others at once, the rest each by itself, in their order. */
async function bytesOf(
  batches: Batches,
  batch: Batch,
  { number, packed }: PackedPage,
  shape: Shape,
  plainLine: PlainLine,
  options: ReportOptions,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let from = 0; from < packed.rows.length; from += LINES_AT_ONCE) {
    const others: number[] = [];
    const lines = packed.rows.slice(from, from + LINES_AT_ONCE).map((text, at) => {
      const line = plainLine(text, packed.outcomes[from + at] ?? '');
      if (line === undefined) others.push(at);
      return line ?? '';
    });
    if (others.length > 0) {
      const entries = others.map((at) => rowFrom(batch, number, packed, from + at));
      for (const [n, row] of (await reportOf(batches, batch, entries, options)).entries()) {
        lines[others[n] ?? -1] = csvLine(shape.cellsOf(batch, row));
      }
    }
    let text = '';
    for (const line of lines) text += line;
    pieces.push(Buffer.from(text));
  }
  return Buffer.concat(pieces);
}

export function csvLine(cells: readonly string[]): string {
  let line = '"';
  for (let column = 0; column < cells.length; column += 1) {
    line += (column === 0 ? '' : '","') + csvCell(cells[column] ?? '');
  }
  return `${line}"\r\n`;
}
