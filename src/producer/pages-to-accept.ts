/** A sheet as pages that the ledger can accept: read → check → pack. */
import type { Layout } from '../domain/columns.js';
import type { DetailColumns } from '../domain/row.js';
import type { SheetRow } from '../domain/sheet-row.js';
import { type RowsToAccept, rowsToAccept } from '../redis/ledger/rows-to-accept.js';
import { checkedPage, isWarned, type Rules } from './checked-rows.js';
import type { Sheet } from './sheets/sheet.js';

export interface PageToAccept {
  readonly rows: RowsToAccept;
  /** Rows whose only problems are warnings. */
  readonly warned: number;
  /** Rows that are sent and have no phone that the merchant could call. */
  readonly withoutPhone: number;
}

/** @param columns of the batch */
export async function* pagesToAccept(sheet: Sheet, rules: Rules, columns: DetailColumns): AsyncGenerator<PageToAccept> {
  for await (const page of sheet.rows()) yield pageToAccept(page, sheet.layout, rules, columns);
}

export function pageToAccept(
  page: readonly SheetRow[],
  layout: Layout,
  rules: Pick<Rules, 'needs' | 'identify' | 'acceptWarnings'>,
  columns: DetailColumns,
): PageToAccept {
  const rows = checkedPage(page, layout, rules);
  let warned = 0;
  let withoutPhone = 0;
  for (const row of rows) {
    if (isWarned(row)) warned += 1;
    if (row.merchant?.componentPhone === '') withoutPhone += 1;
  }
  return { rows: rowsToAccept(rows, columns), warned, withoutPhone };
}
