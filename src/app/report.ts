/** The outcome of every row, as a sheet or as JSON. */
import type { Batch } from '../domain/batch.js';
import type { Batches } from '../redis/ledger/batches.js';
import { reportCsv } from '../reporter/csv.js';
import { correctedIn } from '../reporter/dealt-with.js';
import { type ReportOptions, reportRows } from '../reporter/report.js';
import { reportWorkbook } from '../reporter/workbook.js';
import { batchNamed, everyBatch } from './batches.js';
import { reportOptionsOf } from './report-options.js';
import { RequestError } from './request-error.js';
import { correctedLaterOf } from './wiring/corrected-later.js';
import type { Store } from './wiring/store.js';

export type ReportFormat = 'csv' | 'xlsx' | 'json';

const WRITERS: Readonly<
  Record<
    ReportFormat,
    (batches: Batches, wanted: readonly Batch[], options: ReportOptions) => AsyncIterable<string | Uint8Array>
  >
> = { csv: reportCsv, xlsx: reportWorkbook, json: jsonLines };

/** Without `id`: the newest. `all`: every batch. */
export type ReportScope = { readonly id?: string | undefined } | { readonly all: true };

/** @throws RequestError where there is no such batch, or its merchants were purged */
export async function batchesToReport(store: Pick<Store, 'batches'>, scope: ReportScope): Promise<Batch[]> {
  if (!('all' in scope)) return [refusePurged(await batchNamed(store, scope.id))];
  // The newest first: where such a report is loaded again, the first row of an enterprise counts.
  return (await everyBatch(store)).filter(({ purgedAt }) => purgedAt === undefined).reverse();
}

export interface ReportRequest
  extends Pick<ReportOptions, 'language' | 'only' | 'who' | 'problem' | 'since' | 'links' | 'onDealtWith'> {
  readonly format: ReportFormat;
}

/** The text in pieces; each piece is made when it is read. */
export async function report(
  store: Pick<Store, 'batches' | 'calls' | 'identify' | 'ledger' | 'settings' | 'redis'>,
  batches: readonly Batch[],
  { format, language, only, ...filters }: ReportRequest,
): Promise<AsyncIterable<string | Uint8Array>> {
  const corrected = correctedIn(store.batches, batches, { only, ...filters }, correctedLaterOf(store));
  const options = { ...(await reportOptionsOf(store, language, only)), ...filters, corrected };
  return WRITERS[format](store.batches, batches, options);
}

function refusePurged(batch: Batch): Batch {
  if (batch.purgedAt === undefined) return batch;
  const at = new Date(batch.purgedAt).toISOString();
  throw new RequestError('refused', {
    en: `The merchants of ${batch.id} were purged at ${at}; \`fastregister batches\` has its counts.`,
    zh: `批次 ${batch.id} 的商户信息已于 ${at} 清除；各结果的数量请看 \`fastregister batches\`。`,
  });
}

async function* jsonLines(batches: Batches, wanted: readonly Batch[], options: ReportOptions): AsyncGenerator<string> {
  for (const batch of wanted) {
    const names = distinct(batch.headings);
    for await (const rows of reportRows(batches, batch, options)) {
      let lines = '';
      for (const { cells, surplus, ...facts } of rows) {
        const input = Object.fromEntries(names.map((name, at) => [name, cells[at] ?? '']));
        lines += `${JSON.stringify({ input, ...(surplus.length > 0 && { surplus }), ...facts })}\n`;
      }
      if (lines !== '') yield lines;
    }
  }
}

/** A sheet may name two of its own columns alike, and leave a heading blank: `备注`, `备注 (2)`. */
function distinct(headings: readonly string[]): string[] {
  const names = new Set<string>();
  for (const heading of headings) {
    let name = heading;
    for (let count = 2; names.has(name); count += 1) name = `${heading} (${count})`.trimStart();
    names.add(name);
  }
  return [...names];
}
