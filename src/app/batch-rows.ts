/** Rows of a batch as its report has them, some at a time, and those that a filter lets through. */
import { type Batch, ROWS_PER_PAGE } from '../domain/batch.js';
import { linkOf, stageOf } from '../domain/link.js';
import type { Outcome } from '../domain/registration.js';
import { nameIn, type RowWithOutcome } from '../domain/row.js';
import type { Actor, Language } from '../domain/words.js';
import { correctedAmong, isDealtWith } from '../reporter/dealt-with.js';
import { type ReportRow, reportOf } from '../reporter/report.js';
import { reportOptionsOf } from './report-options.js';
import { correctedLaterOf } from './wiring/corrected-later.js';
import type { Store } from './wiring/store.js';

export interface RowFilter {
  readonly only?: Outcome | undefined;
  readonly who?: Actor | undefined;
  /** The machine's code, as in the report. */
  readonly problem?: string | undefined;
  /** Only rows with a link that the legal person can still open. */
  readonly links?: boolean | undefined;
}

export interface ShownRow extends ReportRow {
  readonly index: number;
  /** The merchant's, as the sheet has it. */
  readonly name: string;
  /** When the link of its legal person ends, in ms since 1970; absent where there is none to open. */
  readonly linkEndsAt?: number;
}

export interface ShownRows {
  readonly rows: readonly ShownRow[];
  /** Index of the row from which the next page goes on; undefined at the end of the batch. */
  readonly next: number | undefined;
  /** How many rows between these are left out because they were dealt with (dealt-with.ts). */
  readonly dealtWith: number;
  /** Nothing was found in as many rows as one request may read; `next` goes on looking. */
  readonly isCutShort: boolean;
}

/** So often the ledger is read for one page of the console: a reader waits for it. */
const MOST_READS = 12;

export async function batchRows(
  store: Pick<Store, 'batches' | 'calls' | 'identify' | 'ledger' | 'redis' | 'settings'>,
  batch: Batch,
  { from, most, language, ...filter }: RowFilter & { from: number; most: number; language: Language },
): Promise<ShownRows> {
  // Without a filter no more is read than is shown, and one row that says whether there are more.
  const isWhole = isEmpty(filter);
  const size = isWhole ? most + 1 : ROWS_PER_PAGE;
  const read = (at: number): Promise<RowWithOutcome[]> => {
    const reading = store.batches.part(batch, at, size);
    // The error is reported where the rows are waited for, if they are.
    reading.catch(() => {});
    return reading;
  };
  let [at, reading] = [from, read(from)];
  const options = await reportOptionsOf(store, language);
  const correctedLater = correctedLaterOf(store);
  const rows: ShownRow[] = [];
  let dealtWith = 0;
  for (let reads = 1; at < batch.rows; reads += 1) {
    const all = await reading;
    at = Math.min(at + size, endOfPage(at));
    // The next ones come while these are looked through.
    if (at < batch.rows && (!isWhole || rows.length + all.length <= most)) reading = read(at);
    const entries = filter.links ? all.filter((entry) => linkEndOf(entry, options.now) !== undefined) : all;
    const corrected = await correctedAmong(batch, entries, filter, correctedLater);
    const reported = await reportOf(store.batches, batch, entries, options);
    for (const [place, row] of reported.entries()) {
      const entry = entries[place];
      if (entry === undefined || !passes(row, filter)) continue;
      if (isDealtWith(batch, entry, filter, corrected)) {
        dealtWith += 1;
        continue;
      }
      const linkEndsAt = linkEndOf(entry, options.now);
      if (rows.length === most) return { rows, next: entry.index, dealtWith, isCutShort: false };
      const name = nameIn(entry.row, batch.columns);
      rows.push({ ...row, index: entry.index, name, ...(linkEndsAt !== undefined && { linkEndsAt }) });
    }
    if (reads === MOST_READS && at < batch.rows) return { rows, next: at, dealtWith, isCutShort: rows.length < most };
  }
  return { rows, next: undefined, dealtWith, isCutShort: false };
}

function endOfPage(index: number): number {
  return (Math.floor(index / ROWS_PER_PAGE) + 1) * ROWS_PER_PAGE;
}

function linkEndOf({ relation, registration }: RowWithOutcome, now: number): number | undefined {
  const link = relation.kind === 'registered' && registration ? linkOf(registration) : undefined;
  return link === undefined || stageOf(link, now) === 'ended' ? undefined : link.endsAt;
}

function isEmpty({ only, who, problem, links }: RowFilter): boolean {
  return only === undefined && who === undefined && problem === undefined && !links;
}

function passes(row: ReportRow, { only, who, problem }: RowFilter): boolean {
  if (only !== undefined && row.outcome !== only) return false;
  if (who !== undefined && row.who_acts !== who) return false;
  return problem === undefined || row.problem === problem;
}
