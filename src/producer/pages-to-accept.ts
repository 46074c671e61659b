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
  /** Rows that are sent and have no phone that the merchant could call. */
  readonly withoutPhone: number;
}

/** `CheckRules` as another thread takes them. */
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

/** What can be moved to another thread: a copy for each page would be garbage that is collected late. A short Buffer shares its memory. */
export function memoryOf({ rows }: Pick<PageToAccept, 'rows'>): ArrayBuffer[] {
  return [rows.packed, rows.digests].flatMap(({ buffer, byteLength }) =>
    buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [],
  );
}

/** What is moved to a port that is closed is gone. */
const nowhere = new MessageChannel().port1;
nowhere.close();

/**
 * Frees the memory of a page that Redis has: the main thread makes so few objects meanwhile that its collector would come by
 * when there are twenty megabytes of such pages.
 */
export function release(page: Pick<PageToAccept, 'rows'>): void {
  nowhere.postMessage(undefined, memoryOf(page));
}
