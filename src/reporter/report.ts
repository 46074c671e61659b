/** A batch as its report: one row per input row, in input order, what came in first, then what became of it. */
import { stringify } from 'csv-stringify';
import { REPORT_COLUMNS } from '../domain/columns.js';
import { guard } from '../domain/formula-guard.js';
import { isOver, type Outcome } from '../domain/registration.js';
import type { Language } from '../domain/words.js';
import type { Batch, Batches, RowWithFate } from '../redis/batches.js';
import { ROWS_PER_PAGE } from '../redis/keys.js';
import { type Circumstances, type Standstill, sentencesFor } from './sentences.js';

export interface ReportOptions {
  readonly language: Language;
  /** Only these outcomes; absent: all. */
  readonly only?: ReadonlySet<Outcome> | undefined;
  /** In which the report's times are written, e.g. `Asia/Shanghai`. */
  readonly timezone: string;
  readonly standstill?: Standstill | undefined;
}

export type ReportRow = { readonly [column in (typeof REPORT_COLUMNS)[number]]: string } & {
  readonly cells: readonly string[];
  /** Cells of the input row to the right of its last heading. */
  readonly surplus: readonly string[];
};

/** Rows of the report, page by page. */
export async function* reportRows(batches: Batches, batch: Batch, options: ReportOptions): AsyncGenerator<ReportRow[]> {
  for (let page = 0; page * ROWS_PER_PAGE < batch.rows; page += 1) {
    const fates = await batches.page(batch, page);
    const lines = await linesOfEarlierRows(batches, batch, fates);
    const circumstances: Circumstances = {
      standstill: options.standstill,
      lineOf: (index) => lines.get(index),
      time: (at) => isoWithOffset(at, options.timezone),
    };
    yield fates
      .map((fate) => reportRow(batch, fate, circumstances, options.language))
      .filter((row) => options.only === undefined || options.only.has(row.outcome as Outcome));
  }
}

/** UTF-8 with BOM, CRLF, every cell quoted, formulas guarded. */
export async function* reportCsv(batches: Batches, batch: Batch, options: ReportOptions): AsyncGenerator<string> {
  yield `\uFEFF${await csv([[...batch.headings, ...REPORT_COLUMNS]])}`;
  for await (const rows of reportRows(batches, batch, options)) {
    if (rows.length > 0) yield await csv(rows.map(cellsOf));
  }
}

function cellsOf(row: ReportRow): string[] {
  return [...row.cells, ...REPORT_COLUMNS.map((column) => row[column]), ...row.surplus];
}

function csv(rows: readonly (readonly string[])[]): Promise<string> {
  const guarded = rows.map((row) => row.map(guard));
  return new Promise((resolve, reject) => {
    stringify(guarded, { quoted: true, quoted_empty: true, record_delimiter: 'windows' }, (error, text) =>
      error ? reject(error) : resolve(text),
    );
  });
}

function reportRow(batch: Batch, fate: RowWithFate, circumstances: Circumstances, language: Language): ReportRow {
  const sentences = sentencesFor(fate, circumstances);
  const { relation, row } = fate;
  // A duplicate and a refused row have no fate of their own.
  const registration = relation.kind === 'refused' || relation.kind === 'duplicate' ? undefined : fate.registration;
  const time = (at: number | undefined): string => (at === undefined ? '' : circumstances.time(at));
  const isEarlier = relation.kind === 'already_created';
  return {
    cells: batch.headings.map((_, at) => row.cells[at] ?? ''),
    surplus: row.cells.slice(batch.headings.length),
    line: String(row.line),
    outcome: sentences.outcome,
    problem: sentences.problem,
    reason: sentences.reason[language],
    next_step: sentences.nextStep[language],
    who_acts: sentences.whoActs,
    appid: registration?.appid ?? '',
    authorize_url: registration === undefined || isOver(registration.state) ? '' : (registration.authorizeUrl ?? ''),
    attempts: registration === undefined || isEarlier ? '0' : String(registration.attempt),
    submitted_at: time(isEarlier ? undefined : registration?.sentAt),
    finished_at: time(registration?.finishedAt),
    registration_id: relation.kind === 'refused' ? '' : relation.id,
    batch: batch.id,
  };
}

/** Duplicates name the line of the row that they repeat, which may be on an earlier page. */
async function linesOfEarlierRows(
  batches: Batches,
  batch: Batch,
  fates: readonly RowWithFate[],
): Promise<Map<number, number>> {
  const lines = new Map(fates.map(({ index, row }) => [index, row.line]));
  for (const { relation } of fates) {
    if (relation.kind !== 'duplicate' || lines.has(relation.firstIndex)) continue;
    const row = await batches.row(batch, relation.firstIndex);
    if (row !== undefined) lines.set(relation.firstIndex, row.line);
  }
  return lines;
}

/** `2026-11-21T09:30:00+08:00` */
export function isoWithOffset(at: number, timezone: string): string {
  const parts = new Map(
    formatter(timezone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? '';
  const offset = part('timeZoneName').replace('GMT', '').replace('−', '-') || '+00:00';
  return `${part('year')}-${part('month')}-${part('day')}T${part('hour')}:${part('minute')}:${part('second')}${offset}`;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'longOffset',
  });
  formatters.set(timeZone, made);
  return made;
}
