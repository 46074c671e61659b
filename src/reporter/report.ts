/** A batch as its report: one row per input row, in input order, what came in first, then what became of it. */

import type { Batch } from '../domain/batch.js';
import { isoWithOffset, localTime } from '../domain/calendar.js';
import type { ReportColumn } from '../domain/columns.js';
import { linkOf, stageOf } from '../domain/link.js';
import { isOver, type Outcome, type Registration } from '../domain/registration.js';
import type { Relation, RowWithOutcome } from '../domain/row.js';
import type { Actor, Language } from '../domain/words.js';
import type { Batches } from '../redis/ledger/batches.js';
import { type CorrectedIn, isDealtWith } from './dealt-with.js';
import { messageFor } from './messages.js';
import { otherRowsOf } from './other-rows.js';
import { type BlockedReason, type Circumstances, sentencesFor } from './sentences.js';

export interface ReportOptions {
  readonly language: Language;
  /** Only these outcomes; absent: all. */
  readonly only?: ReadonlySet<Outcome> | undefined;
  /** Only rows on which this side has to act; absent: all. */
  readonly who?: ReadonlySet<Actor> | undefined;
  /** Only rows with this code, as in the column `problem`; absent: all. */
  readonly problem?: string | undefined;
  /** Only rows that have had their outcome since then, in ms since 1970; rows that wait have none yet. */
  readonly since?: number | undefined;
  /** In which the report's times are written, e.g. `Asia/Shanghai`. */
  readonly timezone: string;
  readonly blockedReason?: BlockedReason | undefined;
  /** Of the report, ms since 1970. */
  readonly now: number;
  /** The number to call in messages to merchants whose rows have none. */
  readonly defaultPhone?: string | undefined;
  /** Only rows with a link that the legal person can still open. */
  readonly links?: boolean | undefined;
  /** Which refused rows need no correction any more; absent: none. */
  readonly corrected?: CorrectedIn | undefined;
  /** Called for each row that is left out because it was dealt with. */
  readonly onDealtWith?: (() => void) | undefined;
}

export type ReportRow = { readonly [column in ReportColumn]: string } & {
  readonly cells: readonly string[];
  /** Cells of the input row to the right of its last heading. */
  readonly surplus: readonly string[];
};

/** Rows of the report, page by page. */
export async function* reportRows(batches: Batches, batch: Batch, options: ReportOptions): AsyncGenerator<ReportRow[]> {
  const ahead = await options.corrected?.(batch);
  try {
    for await (const page of batches.pages(batch)) {
      const corrected = await ahead?.upTo(page.at(-1)?.index ?? 0);
      yield await reportPage(batches, batch, page, corrected, options);
    }
  } finally {
    await ahead?.close();
  }
}

async function reportPage(
  batches: Batches,
  batch: Batch,
  page: readonly RowWithOutcome[],
  corrected: ReadonlySet<string> | undefined,
  options: ReportOptions,
): Promise<ReportRow[]> {
  const { only, who, problem, since, now, onDealtWith } = options;
  const recent = since === undefined ? page : page.filter((entry) => settledAt(entry, batch) >= since);
  const entries = options.links ? recent.filter((entry) => hasLiveLink(entry, now)) : recent;
  const rows = await reportOf(batches, batch, entries, options);
  return rows.filter((row, at) => {
    if (only !== undefined && !only.has(row.outcome as Outcome)) return false;
    if (who !== undefined && !who.has(row.who_acts as Actor)) return false;
    if (problem !== undefined && row.problem !== problem) return false;
    if (!isDealtWith(batch, entries[at], options, corrected)) return true;
    onDealtWith?.();
    return false;
  });
}

/** Some rows of a batch as its report has them. */
export async function reportOf(
  batches: Batches,
  batch: Batch,
  entries: readonly RowWithOutcome[],
  options: ReportOptions,
): Promise<ReportRow[]> {
  const others = await otherRowsOf(batches, batch, entries);
  const circumstances = circumstancesOf(options, (index) => others.get(index));
  return entries.map((entry) => reportRow(batch, entry, circumstances, options));
}

export function circumstancesOf(options: ReportOptions, otherRow: Circumstances['otherRow']): Circumstances {
  const { blockedReason, timezone, now } = options;
  return { blockedReason, now, otherRow, time: (at) => localTime(at, timezone, now) };
}

/** When a row had its outcome. A row that is no registration of its own had it when it was loaded. */
function settledAt({ relation, registration }: RowWithOutcome, batch: Batch): number {
  if (relation.kind !== 'registered') return batch.loadedAt;
  if (registration === undefined || !isOver(registration.state)) return Number.NEGATIVE_INFINITY;
  return registration.finishedAt ?? batch.loadedAt;
}

function hasLiveLink({ relation, registration }: RowWithOutcome, now: number): boolean {
  const link = relation.kind === 'registered' && registration ? linkOf(registration) : undefined;
  return link !== undefined && stageOf(link, now) !== 'ended';
}

/** Other rows were never sent: what is known of the registration is another row's. */
const HAS_FACTS: ReadonlySet<Relation['kind']> = new Set(['registered', 'already_created']);

function attemptsOf(relation: Relation, registration: Registration | undefined): number {
  if (relation.kind === 'replaced') return relation.attempts ?? 0;
  return relation.kind === 'already_created' ? 0 : (registration?.attempt ?? 0);
}

const NO_CELLS: readonly string[] = [];

export function reportRow(
  batch: Batch,
  entry: RowWithOutcome,
  circumstances: Circumstances,
  { language, timezone, defaultPhone }: Pick<ReportOptions, 'language' | 'timezone' | 'defaultPhone'>,
): ReportRow {
  const sentences = sentencesFor(entry, circumstances);
  const { relation, row } = entry;
  const { columns } = batch;
  const registration = HAS_FACTS.has(relation.kind) ? entry.registration : undefined;
  const time = (at: number | undefined): string => (at === undefined ? '' : isoWithOffset(at, timezone));
  const isEarlier = relation.kind === 'already_created';
  const width = batch.headings.length;
  return {
    cells: row.cells.length === width ? row.cells : batch.headings.map((_, at) => row.cells[at] ?? ''),
    surplus: row.cells.length > width ? row.cells.slice(width) : NO_CELLS,
    line: String(row.line),
    outcome: sentences.outcome,
    problem: sentences.problem,
    reason: sentences.reason[language],
    next_step: sentences.nextStep[language],
    message: messageFor(entry, sentences.outcome, sentences.problem, { ...circumstances, columns, defaultPhone })[
      language
    ],
    who_acts: sentences.whoActs,
    appid: (relation.kind === 'already_created' ? relation.appid : undefined) ?? registration?.appid ?? '',
    authorize_url: (registration && linkOf(registration)?.url) ?? '',
    attempts: String(attemptsOf(relation, registration)),
    submitted_at: time(isEarlier ? undefined : registration?.sentAt),
    finished_at: time(registration?.finishedAt),
    registration_id: relation.kind === 'refused' ? '' : relation.id,
    batch: batch.id,
  };
}
