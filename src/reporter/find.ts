/**
 * Merchants by what a person knows of them: a code, an appid, a task id or a registration lead to one at once; a whole name or
 * Weixin ID is looked up beside the rows, and a part of a name is searched for in them. The newest sheet comes first.
 */

import { type Batch, ROWS_PER_PAGE } from '../domain/batch.js';
import { comparable, type Identify, isIdentity } from '../domain/merchant.js';
import type { RowWithOutcome } from '../domain/row.js';
import { nameIn, weixinIdIn } from '../domain/row.js';
import type { Batches } from '../redis/ledger/batches.js';
import type { Ledger } from '../redis/ledger/ledger.js';
import { PAGES_AT_ONCE } from '../redis/ledger/row-index.js';
import { type ReportOptions, type ReportRow, reportOf } from './report.js';

export interface FindTools {
  readonly batches: Batches;
  readonly ledger: Pick<Ledger, 'read'>;
  readonly identify: Identify;
  /** The registrations of an appid or a task id. */
  readonly ownersOf: (text: string) => Promise<readonly string[]>;
  readonly rowsThatMayBe: (sheet: Sheet, text: string) => AsyncIterable<number>;
  readonly rowsWith: (sheet: Sheet, text: string) => AsyncIterable<number>;
}

/** What is known of a batch before it is looked through: of thousands of batches, few have a hit. */
type Sheet = Pick<Batch, 'id' | 'rows'>;

/** A row of a sheet that names the merchant, as its report has it. */
export interface Found {
  readonly batch: Batch;
  readonly row: ReportRow;
  readonly name: string;
}

/** Rows one after the other, as they are found. A part is searched for where nothing is found by the whole. */
export async function* find(tools: FindTools, text: string, options: ReportOptions): AsyncGenerator<Found> {
  let isFound = false;
  for await (const found of byKey(tools, text, options)) {
    isFound = true;
    yield found;
  }
  if (isFound) return;
  for await (const found of inSheets(tools, text, options, tools.rowsThatMayBe, isThis)) {
    isFound = true;
    yield found;
  }
  if (!isFound) yield* inSheets(tools, text, options, tools.rowsWith, hasThis);
}

/** The registrations that `text` is a key of: a code, an appid, a task id, or the registration's id. */
async function* byKey(tools: FindTools, text: string, options: ReportOptions): AsyncGenerator<Found> {
  const { ledger } = tools;
  for (const id of await keyedBy(tools, text)) {
    const view = await ledger.read(id);
    if (view === undefined) continue;
    const { row, joinedRows, waitingRows } = view.registration;
    for (const pointer of [row, ...joinedRows, ...waitingRows]) {
      const found = await foundAt(tools, pointer, options);
      if (found !== undefined) yield found;
    }
  }
}

/** The row at `batch/index`; undefined where it was purged. */
export async function foundAt(
  tools: Pick<FindTools, 'batches'>,
  pointer: string,
  options: ReportOptions,
): Promise<Found | undefined> {
  const [batchId = '', index] = pointer.split('/');
  const batch = await tools.batches.find(batchId);
  if (batch === undefined || batch.purgedAt !== undefined) return undefined;
  const fate = await tools.batches.rowWithOutcome(batch, Number(index));
  return fate === undefined ? undefined : foundIn(tools, batch, fate, options);
}

/** The ids that `text` is a key of; whether there is such a registration is not asked. */
export async function keyedBy(
  { identify, ownersOf }: Pick<FindTools, 'identify' | 'ownersOf'>,
  text: string,
): Promise<readonly string[]> {
  if (isIdentity(text)) return [text, ...(await ownersOf(text))];
  const isCode = /^[0-9A-Za-z\s-]{9,24}$/.test(text) && /\d/.test(text);
  return [...(isCode ? [identify(text)] : []), ...(await ownersOf(text))];
}

async function* inSheets(
  tools: FindTools,
  text: string,
  options: ReportOptions,
  indexesIn: (sheet: Sheet, text: string) => AsyncIterable<number>,
  fits: (row: RowWithOutcome, batch: Batch, text: string) => boolean,
): AsyncGenerator<Found> {
  const { batches } = tools;
  const wanted = comparable(text);
  if (wanted === '') return;
  for await (const some of sheetsTogether(batches, (await batches.list()).reverse())) {
    // Begun together, looked at in their order.
    const begun = some.map((sheet) => {
      const indexes = indexesIn(sheet, text)[Symbol.asyncIterator]();
      const first = indexes.next();
      // An error is reported when its turn comes, and not at all where enough was found before.
      first.catch(() => {});
      return { sheet, indexes, first };
    });
    for (const { sheet, indexes, first } of begun) {
      let index = await first;
      const batch = index.done === true ? undefined : await batches.find(sheet.id);
      for (; batch !== undefined && index.done !== true; index = await indexes.next()) {
        const entry = await batches.rowWithOutcome(batch, index.value);
        if (entry !== undefined && fits(entry, batch, wanted)) yield await foundIn(tools, batch, entry, options);
      }
    }
  }
}

const SHEETS_AT_ONCE = 64;
/** As many rows as one command reads. One small sheet after the other, a thousand of them would take a thousand round trips. */
const ROWS_TOGETHER = PAGES_AT_ONCE * ROWS_PER_PAGE;

/** As many sheets at a time as have few rows together; a large one comes alone. */
async function* sheetsTogether(batches: Batches, ids: readonly string[]): AsyncGenerator<readonly Sheet[]> {
  let together: Sheet[] = [];
  let rows = 0;
  for (let at = 0; at < ids.length; at += SHEETS_AT_ONCE) {
    for (const sheet of await batches.sizes(ids.slice(at, at + SHEETS_AT_ONCE))) {
      if (together.length > 0 && (rows + sheet.rows > ROWS_TOGETHER || together.length === SHEETS_AT_ONCE)) {
        yield together;
        [together, rows] = [[], 0];
      }
      together.push(sheet);
      rows += sheet.rows;
    }
  }
  if (together.length > 0) yield together;
}

async function foundIn(
  { batches }: Pick<FindTools, 'batches'>,
  batch: Batch,
  entry: RowWithOutcome,
  options: ReportOptions,
): Promise<Found> {
  const [row] = await reportOf(batches, batch, [entry], options);
  if (row === undefined) throw new Error(`the report has no row ${batch.id}/${entry.index}`);
  return { batch, row, name: nameIn(entry.row, batch.columns) };
}

function isThis(entry: RowWithOutcome, batch: Batch, wanted: string): boolean {
  const texts = [nameIn(entry.row, batch.columns), weixinIdIn(entry.row, batch.columns)];
  return texts.some((text) => comparable(text) === wanted);
}

function hasThis({ row }: RowWithOutcome, _batch: Batch, wanted: string): boolean {
  return row.cells.some((cell) => comparable(cell).includes(wanted));
}
