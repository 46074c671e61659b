/**
 * Merchants by what a person knows of them: a code, an appid, a task id or a registration lead to one at once; a whole name or
 * Weixin ID is looked up beside the rows, and a part of a name is searched for in them. The newest sheet comes first.
 */

import type { Batch, BatchSize, RowOfBatch } from '../domain/batch.js';
import { readable } from '../domain/clean-cell.js';
import { lookFor } from '../domain/look-for.js';
import { comparable, type Identify, isIdentity } from '../domain/merchant.js';
import type { RowWithOutcome } from '../domain/row.js';
import { nameIn, weixinIdIn } from '../domain/row.js';
import type { Batches } from '../redis/ledger/batches.js';
import type { Ledger } from '../redis/ledger/ledger.js';
import { type ReportOptions, type ReportRow, reportOf } from './report.js';

export interface FindTools {
  readonly batches: Batches;
  readonly ledger: Pick<Ledger, 'read'>;
  readonly identify: Identify;
  /** The registrations of an appid or a task id. */
  readonly ownersOf: (text: string) => Promise<readonly string[]>;
  readonly rowsThatMayBe: RowsIn;
  readonly rowsWith: RowsIn;
}

type RowsIn = (batches: readonly BatchSize[], text: string) => AsyncIterable<RowOfBatch>;

/** A row of a sheet that names the merchant, as its report has it. */
export interface Found {
  readonly batch: Batch;
  readonly row: ReportRow;
  readonly name: string;
}

/** They may come while it is searched. */
type Options = ReportOptions | Promise<ReportOptions>;

/** Rows one after the other, as they are found. A part is searched for where nothing is found by the whole. */
export async function* find(tools: FindTools, text: string, options: Options): AsyncGenerator<Found> {
  let isFound = false;
  for await (const found of byKey(tools, text, options)) {
    isFound = true;
    yield found;
  }
  if (isFound) return;
  for await (const found of inSheets(tools, text, options, tools.rowsThatMayBe, isThis(text))) {
    isFound = true;
    yield found;
  }
  if (!isFound) yield* inSheets(tools, text, options, tools.rowsWith, hasThis(text));
}

/** The registrations that `text` is a key of: a code, an appid, a task id, or the registration's id. */
async function* byKey(tools: FindTools, text: string, options: Options): AsyncGenerator<Found> {
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

/** The row at `batch/index`; undefined where it was purged. `known`: batches that were read just before. */
export async function foundAt(
  tools: Pick<FindTools, 'batches'>,
  pointer: string,
  options: Options,
  known?: ReadonlyMap<string, Batch>,
): Promise<Found | undefined> {
  const [batchId = '', index] = pointer.split('/');
  const batch = known?.get(batchId) ?? (await tools.batches.find(batchId));
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
  // Typed by hand: as in a cell, full-width characters and dashes are those of a code.
  const code = readable(text);
  const isCode = /^[0-9A-Za-z\s-]{9,24}$/.test(code) && /\d/.test(code);
  return [...(isCode ? [identify(code)] : []), ...(await ownersOf(text))];
}

async function* inSheets(
  { batches }: FindTools,
  text: string,
  options: Options,
  rowsIn: RowsIn,
  fits: (row: RowWithOutcome, batch: Batch) => boolean,
): AsyncGenerator<Found> {
  if (comparable(text) === '') return;
  const newestFirst = (await batches.list()).reverse();
  for (let at = 0; at < newestFirst.length; at += BATCHES_AT_ONCE) {
    const sizes = await batches.sizes(newestFirst.slice(at, at + BATCHES_AT_ONCE));
    // Of thousands of batches few have a hit: only those are read.
    let batch: Batch | undefined;
    for await (const { batch: size, index } of rowsIn(sizes, text)) {
      if (batch?.id !== size.id) batch = await batches.find(size.id);
      const entry = batch && (await batches.rowWithOutcome(batch, index));
      if (batch !== undefined && entry !== undefined && fits(entry, batch)) {
        yield await foundIn({ batches }, batch, entry, options);
      }
    }
  }
}

/** One small sheet after the other, a thousand of them would take a thousand round trips. */
const BATCHES_AT_ONCE = 1_024;

async function foundIn(
  { batches }: Pick<FindTools, 'batches'>,
  batch: Batch,
  entry: RowWithOutcome,
  options: Options,
): Promise<Found> {
  const [row] = await reportOf(batches, batch, [entry], await options);
  if (row === undefined) throw new Error(`the report has no row ${batch.id}/${entry.index}`);
  return { batch, row, name: nameIn(entry.row, batch.columns) };
}

function isThis(text: string): (entry: RowWithOutcome, batch: Batch) => boolean {
  const wanted = comparable(text);
  return ({ row }, { columns }) =>
    [nameIn(row, columns), weixinIdIn(row, columns)].some((cell) => comparable(cell) === wanted);
}

function hasThis(text: string): (entry: RowWithOutcome) => boolean {
  const isIn = lookFor(text);
  return ({ row }) => row.cells.some(isIn);
}
