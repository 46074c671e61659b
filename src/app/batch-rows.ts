/** Rows of a batch as its report has them, some at a time, and those that a filter lets through. */
import { type Batch, ROWS_PER_PAGE } from '../domain/batch.js';
import type { Outcome } from '../domain/registration.js';
import { nameIn } from '../domain/row.js';
import type { Actor, Language } from '../domain/words.js';
import { type ReportRow, reportOf } from '../reporter/report.js';
import { reportOptionsOf } from './report-options.js';
import type { Store } from './wiring/store.js';

export interface RowFilter {
  readonly only?: Outcome | undefined;
  readonly who?: Actor | undefined;
  /** The machine's code, as in the report. */
  readonly problem?: string | undefined;
}

export interface ShownRow extends ReportRow {
  readonly index: number;
  /** The merchant's, as the sheet has it. */
  readonly name: string;
}

export interface ShownRows {
  readonly rows: readonly ShownRow[];
  /** Index of the row from which the next page goes on; undefined at the end of the batch. */
  readonly next: number | undefined;
  /** Nothing was found in as many rows as one request may read; `next` goes on looking. */
  readonly isCutShort: boolean;
}

/** As many pages of the ledger as are read for one page of the console: a reader waits for it. */
const PAGES_READ = 12;

export async function batchRows(
  store: Pick<Store, 'batches' | 'calls' | 'settings'>,
  batch: Batch,
  { from, most, language, ...filter }: RowFilter & { from: number; most: number; language: Language },
): Promise<ShownRows> {
  const options = await reportOptionsOf(store, language);
  const rows: ShownRow[] = [];
  const pages = Math.ceil(batch.rows / ROWS_PER_PAGE);
  const first = Math.floor(from / ROWS_PER_PAGE);
  for (let page = first; page < pages; page += 1) {
    if (page - first >= PAGES_READ) return { rows, next: page * ROWS_PER_PAGE, isCutShort: rows.length < most };
    const all = (await store.batches.page(batch, page)).filter(({ index }) => index >= from);
    // Without a filter no more sentences are made than are shown.
    const fates = isEmpty(filter) ? all.slice(0, most - rows.length + 1) : all;
    const told = await reportOf(store.batches, batch, fates, options);
    for (const [at, row] of told.entries()) {
      const fate = fates[at];
      if (fate === undefined || !passes(row, filter)) continue;
      if (rows.length === most) return { rows, next: fate.index, isCutShort: false };
      rows.push({ ...row, index: fate.index, name: nameIn(fate.row, batch.columns) });
    }
  }
  return { rows, next: undefined, isCutShort: false };
}

function isEmpty({ only, who, problem }: RowFilter): boolean {
  return only === undefined && who === undefined && problem === undefined;
}

function passes(row: ReportRow, { only, who, problem }: RowFilter): boolean {
  if (only !== undefined && row.outcome !== only) return false;
  if (who !== undefined && row.who_acts !== who) return false;
  return problem === undefined || row.problem === problem;
}
