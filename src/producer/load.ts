/** A sheet becomes a batch: its rows go into the ledger, in order, page by page. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Batch, type Counts, ROWS_PER_PAGE } from '../domain/batch.js';
import { CODE_TYPES } from '../domain/enterprise-code.js';
import type { Batches } from '../redis/ledger/batches.js';
import type { RowsToAccept } from '../redis/ledger/rows-to-accept.js';
import { carriedHeadings, detailColumns, type Rules } from './checked-page.js';
import { pagesToAccept } from './checked-rows.js';
import { release } from './pages-to-accept.js';
import type { Sheet } from './sheets/sheet.js';

export interface Loaded {
  readonly batch: Batch;
  /** The file was loaded before: nothing was changed. */
  readonly known: boolean;
  readonly counts: Counts;
  /** How many of the rows that were loaded now can be sent and have no phone that the merchant could call. */
  readonly withoutPhone?: number;
}

export interface LoadOptions {
  readonly batches: Batches;
  readonly rules: Rules;
  readonly now: () => number;
  /** This many rows are sent first, and the rest when this many were accepted; 0: all at once. */
  readonly canaries: number;
  /** True: the sheet is one row that corrects an earlier row. */
  readonly correction?: Batch['correction'];
  /** Called with the number of rows that the batch has so far. */
  readonly onProgress?: (rows: number) => void;
}

/**
 * The same bytes under the same rules are the same batch: an interrupted load goes on with it. Other rules make another batch, so
 * that rows which were held back for warnings, or refused, are sent when the sheet is loaded again. So does --again, which asks
 * for one more Mini Program of each merchant.
 */
export function batchIdOf(
  { digest }: Pick<Sheet, 'digest'>,
  rules: Pick<Rules, 'needs' | 'acceptWarnings' | 'again'>,
): string {
  const way = wayOf(rules);
  // A letter first, or a spreadsheet program may take the id for a number.
  return `b${(way === '' ? digest : createHash('sha256').update(`${digest} ${way}`).digest('hex')).slice(0, 12)}`;
}

/** What decides which rows are accepted. The default phone does not: another default is no reason to send again. */
function wayOf({ needs, acceptWarnings, again }: Pick<Rules, 'needs' | 'acceptWarnings' | 'again'>): string {
  const differences = [
    acceptWarnings ? '' : 'warnings are held back',
    again ? 'again' : '',
    needs.legalPerson ? '' : 'without legal persons',
    needs.codeTypes.length === CODE_TYPES.length ? '' : `codes of type ${needs.codeTypes}`,
    needs.phone && !needs.defaultPhone ? 'each row has a phone' : '',
  ];
  return differences.filter((difference) => difference !== '').join(', ');
}

const PAGES_UNDER_WAY = 3;

/** After this many pages, a few hundredths of a second, the load looks whether pushes or calls wait. */
const PAGES_A_LOOK = 4;

/** While pushes or calls wait, the load pauses for as long as its last pages took, and no longer than this. */
const LONGEST_PAUSE_MS = 200;

/** Redis has lost rows of the batch, or the batch itself, while it was loaded: it began anew after a power cut or a failover. */
class RowsLost extends Error {
  override readonly name = 'RowsLost';
}

/** More tries would not help: Redis loses rows in a rare failure, not at each load. */
const MOST_READINGS = 3;

export async function load(sheet: Sheet, file: string, options: LoadOptions): Promise<Loaded> {
  for (let reading = 1; ; reading += 1) {
    try {
      return await loadOnce(sheet, file, options);
    } catch (error) {
      // The sheet is read again from its beginning; rows that Redis still has are skipped.
      if (!(error instanceof RowsLost) || reading === MOST_READINGS) throw error;
    }
  }
}

async function loadOnce(sheet: Sheet, file: string, options: LoadOptions): Promise<Loaded> {
  const { batches, rules, now, canaries, correction, onProgress } = options;
  const id = batchIdOf(sheet, rules);
  const before = await batches.find(id);
  if (before?.complete) return { batch: before, known: true, counts: await batches.counts(id) };

  const batch = await batches.open(
    {
      id,
      file: basename(file),
      headings: carriedHeadings(sheet.headings, sheet.layout),
      columns: detailColumns(sheet.layout),
      loadedAt: now(),
      ...(correction && { correction }),
    },
    canaries,
  );
  let index = 0;
  let warned = 0;
  let withoutPhone = 0;
  const underWay: Promise<void>[] = [];
  let forerunner = Promise.resolve();
  let lookedAt = performance.now();
  let isTraffic = false;
  for await (const { rows, ...counted } of pagesToAccept(sheet, rules, batch.columns)) {
    const first = index;
    const page = Math.floor(first / ROWS_PER_PAGE);
    if (page > 0 && page % PAGES_A_LOOK === 0) {
      if (isTraffic) {
        for (const stored of underWay.splice(0)) await stored;
        await sleep(Math.min(performance.now() - lookedAt, LONGEST_PAUSE_MS));
      }
      lookedAt = performance.now();
      // Not awaited: Redis answers after the pages that are under way, and meanwhile there would be no page to store.
      batches.isTraffic().then(
        (answer) => {
          isTraffic = answer;
        },
        () => {},
      );
    }
    // Redis stores some pages while the next pages are read and checked; neither side waits for a pause of the other.
    if (underWay.length === PAGES_UNDER_WAY) await underWay.shift();
    const stored = storePage(batches, batch, first, rows, rules, forerunner);
    // The next page, which awaits this promise, throws the error. After the last page, the end of the load awaits it.
    stored.catch(() => {});
    underWay.push(stored);
    forerunner = stored;
    index += rows.count;
    warned += counted.warned;
    withoutPhone += counted.withoutPhone;
    onProgress?.(index);
  }
  for (const stored of underWay) await stored;
  if (!(await batches.complete(id, warned, index))) throw new RowsLost(`batch ${id} has lost rows`);
  // Also those of a load that was interrupted.
  const { replaces } = (await batches.find(id)) ?? batch;
  const loaded = { ...batch, rows: index, warned, complete: true, ...(replaces !== undefined && { replaces }) };
  return { batch: loaded, known: false, counts: await batches.counts(id), withoutPhone };
}

/**
 * Sent in their order, and stored in it: a page is refused if the page before it was lost. A page with rows of enterprises that
 * are there already takes longer, and the page is sent again behind it.
 */
async function storePage(
  batches: Batches,
  batch: Batch,
  index: number,
  rows: RowsToAccept,
  rules: Rules,
  forerunner: Promise<void>,
): Promise<void> {
  let accepted = await batches.accept(batch, index, rows, rules);
  if (accepted < index) {
    await forerunner;
    accepted = await batches.accept(batch, index, rows, rules);
  }
  if (accepted < index + rows.count) {
    throw new RowsLost(`batch ${batch.id} has ${Math.max(accepted, 0)} rows where ${index + rows.count} were stored`);
  }
  release({ rows });
}
