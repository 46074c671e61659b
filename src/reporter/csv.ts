/**
 * The report as CSV: UTF-8 with BOM, CRLF, every cell quoted, formulas guarded. Own quoting, for csv-stringify takes four
 * times as long with every option that such a file does without.
 */

import type { Batch } from '../domain/batch.js';
import { guard } from '../domain/formula-guard.js';
import type { Batches } from '../redis/ledger/batches.js';
import { type ReportOptions, reportRows } from './report.js';
import { shapeOf } from './shape.js';

/** Several batches one after the other, under one row of headings. */
export async function* reportCsv(
  batches: Batches,
  wanted: readonly Batch[],
  options: ReportOptions,
): AsyncGenerator<string> {
  const shape = shapeOf(wanted, options.language);
  yield `\uFEFF${csvLine(shape.headings)}`;
  for (const batch of wanted) {
    for await (const rows of reportRows(batches, batch, options)) {
      let text = '';
      for (const row of rows) text += csvLine(shape.cellsOf(batch, row));
      if (text !== '') yield text;
    }
  }
}

export function csvLine(cells: readonly string[]): string {
  let line = '"';
  for (let column = 0; column < cells.length; column += 1) {
    const cell = guard(cells[column] ?? '');
    line += (column === 0 ? '' : '","') + (cell.includes('"') ? cell.replaceAll('"', '""') : cell);
  }
  return `${line}"\r\n`;
}
