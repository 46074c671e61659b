/** Pages of a sheet as the ledger accepts them: checked and packed. */
import type { Layout } from '../domain/columns.js';
import { identifyWith } from '../domain/merchant.js';
import type { DetailColumns } from '../domain/row.js';
import type { SheetRow } from '../domain/sheet-row.js';
import { type RowsToAccept, rowsToAccept } from '../redis/ledger/rows-to-accept.js';
import { type CheckedSheetRow, checkedPage, isWarned, type Rules } from './checked-page.js';

export interface PageToAccept {
  readonly rows: RowsToAccept;
  /** Rows whose only problems are warnings. */
  readonly warned: number;
  /** How many rows are sent and have no phone that the merchant could call. */
  readonly withoutPhone: number;
}

/** `CheckRules` in a form that can be sent to another thread. */
export interface WantedPages extends Pick<Rules, 'needs' | 'acceptWarnings'> {
  readonly ledgerKey: string;
  /** Of the batch. */
  readonly columns: DetailColumns;
}

export async function* packedToAccept(
  pages: AsyncIterable<readonly SheetRow[]>,
  layout: Layout,
  { columns, ledgerKey, ...rules }: WantedPages,
): AsyncGenerator<PageToAccept> {
  const identify = identifyWith(ledgerKey);
  for await (const page of pages) yield packedPage(checkedPage(page, layout, { ...rules, identify }), columns);
}

function packedPage(rows: readonly CheckedSheetRow[], columns: DetailColumns): PageToAccept {
  let warned = 0;
  let withoutPhone = 0;
  for (const row of rows) {
    if (isWarned(row)) warned += 1;
    if (row.merchant?.componentPhone === '') withoutPhone += 1;
  }
  return { rows: rowsToAccept(rows, columns), warned, withoutPhone };
}

/**
 * Memory that is moved to another thread instead of copied: a copy of each page would be garbage that is collected late.
 * A short Buffer shares its memory, so it is copied.
 */
export function memoryOf({ rows }: Pick<PageToAccept, 'rows'>): ArrayBuffer[] {
  return [rows.packed, rows.digests].flatMap(({ buffer, byteLength }) =>
    buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [],
  );
}

/** Memory that is moved to a closed port is lost. */
const nowhere = new MessageChannel().port1;
nowhere.close();

/**
 * Frees the memory of a page that Redis has. The main thread creates so few objects meanwhile that its garbage collector would
 * not run before such pages take twenty megabytes.
 */
export function release(page: Pick<PageToAccept, 'rows'>): void {
  nowhere.postMessage(undefined, memoryOf(page));
}
