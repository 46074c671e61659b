/** The files that a night leaves beside its sheets: a report for each, the merchants to call, and a summary. */
import { join } from 'node:path';
import type { Logger } from 'pino';
import { byOutcome } from '../domain/batch.js';
import { clockTime } from '../domain/calendar.js';
import { isRedisUnable } from '../domain/ledger-errors.js';
import type { Limits } from '../domain/limits.js';
import { batchesOf, type Night } from '../domain/night.js';
import type { Rules } from '../producer/checked-page.js';
import type { Calls } from '../redis/calls.js';
import type { Batches } from '../redis/ledger/batches.js';
import type { NotesOf } from '../redis/ledger/notes.js';
import type { Purging } from '../redis/ledger/purging.js';
import type { CorrectedLater } from '../reporter/corrected-later.js';
import { reportCsv } from '../reporter/csv.js';
import { writeWhole } from '../reporter/file.js';
import type { ReportOptions } from '../reporter/report.js';
import { sendingStatus } from '../reporter/sending-status.js';
import { sum } from '../reporter/tally.js';
import { todosOf, todoWorkbook } from '../reporter/todo.js';
import { folderOf, sharingOf } from './inbox.js';
import { summaryOf, summaryText } from './summary.js';

export interface NightReportTools {
  readonly batches: Batches;
  readonly notesOf: NotesOf;
  readonly correctedLater: CorrectedLater;
  readonly lastOutcome: Purging['lastOutcome'];
  readonly calls: Calls;
  readonly limits: Limits;
  readonly rules: Pick<Rules, 'needs'>;
  readonly now: () => number;
  readonly log: Logger;
}

/** No team can phone more. Without a limit, a sheet of a million wrong rows would use up the memory. */
const MOST_TODOS = 10_000;

/** A folder that does not come back in this time is gone for good. */
const TRIED_FOR_MS = 30 * 86_400_000;

/** Reports of older nights are left as they are, unless rows of them still wait. */
const WATCHED_FOR_MS = 30 * 86_400_000;

/**
 * Nights whose reports may be others by now, or whose process is gone if no process has their inbox. Reads no counts, because
 * it looks every minute, and there may be thousands of batches.
 */
export async function maybeOutdated(
  { batches, now }: Pick<NightReportTools, 'batches' | 'now'>,
  nights: readonly Night[],
): Promise<Night[]> {
  const watched = nights.filter(({ open, startedAt }) => open || now() - startedAt < WATCHED_FOR_MS);
  const ids = [...new Set(watched.flatMap(batchesOf))];
  const changes = await batches.lastChanges(ids);
  const lastOf = new Map(ids.map((id, at) => [id, changes[at] ?? UNKNOWN]));
  return watched.filter((night) => {
    if (night.ending === undefined) return true;
    const last = batchesOf(night).map((id) => lastOf.get(id) ?? UNKNOWN);
    // Without its rows, a purged batch would be missing in the summary.
    const isWhole = night.open || !last.includes(UNKNOWN);
    return isWhole && JSON.stringify(last) !== night.seen;
  });
}

/** The last change of a batch that is unknown, or was purged. */
const UNKNOWN = -1;

/** Writes reports and summary unless they would be the same as before. */
export async function writeReports(tools: NightReportTools, night: Night): Promise<Night> {
  const { batches, calls, limits, log, now } = tools;
  const ids = batchesOf(night);
  const seen = JSON.stringify(await batches.lastChanges(ids));
  const counts = await Promise.all(ids.map((id) => batches.counts(id)));
  // A row that was sent again may have come to another end of the same kind, and so may the newer row that was sent for it.
  const ends = await Promise.all(ids.map(async (id) => [await lastOutcomeOf(tools, id), await batches.superseded(id)]));
  const fingerprint = JSON.stringify([counts, ends, night.ending]);
  const open = (byOutcome(sum(counts)).pending ?? 0) > 0;
  if (fingerprint === night.reported) return { ...night, open, seen };
  // Reports of an older version may have been edited where they lie.
  const isOfOlderVersion =
    night.reported !== undefined && night.seen === undefined && night.unwrittenSince === undefined;
  if (isOfOlderVersion && !night.open) return { ...night, open, seen, reported: fingerprint };
  // An empty summary every night hides the important one.
  if (night.files.length + night.rejected.length === 0) return { ...night, open, seen, reported: fingerprint };
  const { blockedReason, used, limit, left } = await sendingStatus(calls, limits, now());
  const options: ReportOptions = {
    language: night.language,
    timezone: night.timezone,
    blockedReason,
    now: now(),
    defaultPhone: tools.rules.needs.defaultPhone,
  };
  let toCall: number;
  try {
    const folder = await folderOf(night.inbox, 'done', night.date);
    const sharing = await sharingOf(night.inbox);
    for (const file of night.files) {
      const batch = await batches.find(file.batch);
      if (batch !== undefined && batch.purgedAt === undefined) {
        await writeWhole(file.report, reportCsv(batches, [batch], options), true, sharing);
      }
    }
    const stem = join(folder, night.name);
    const { notesOf, correctedLater } = tools;
    const todos = await todosOf(batches, { ...options, notesOf, correctedLater, batches: ids, most: MOST_TODOS });
    const time = (at: number): string => clockTime(at, night.timezone, night.language);
    await writeWhole(todoFile(stem), todoWorkbook(todos, time, night.language), true, sharing);
    const listed = { file: todoFile(stem), todos, isWhole: todos.length < MOST_TODOS };
    const summary = await summaryOf(night, batches, options, { used, limit, left }, listed);
    await writeWhole(`${stem}.json`, once(`${JSON.stringify(summary, null, 2)}\n`), true, sharing);
    const text = summaryText(summary, night.language, night.timezone, listed.isWhole);
    await writeWhole(`${stem}.md`, once(text), true, sharing);
    toCall = summary.to_call_count;
  } catch (error) {
    if (isRedisUnable(error)) throw error;
    // The disk is full, or the folder is gone: the night is over all the same, and its reports are written at a later try.
    const since = night.unwrittenSince ?? now();
    if (night.unwrittenSince === undefined) {
      log.error({ err: error, night: night.name }, 'the reports of a night could not be written; they are tried again');
    }
    return { ...night, open: now() - since < TRIED_FOR_MS, seen: undefined, unwrittenSince: since };
  }
  return { ...night, open, seen, reported: fingerprint, toCall, unwrittenSince: undefined };
}

async function lastOutcomeOf({ batches, lastOutcome }: NightReportTools, id: string): Promise<number> {
  const batch = await batches.find(id);
  return batch === undefined ? 0 : lastOutcome(batch);
}

/** The merchants to call, for people without a terminal. */
function todoFile(stem: string): string {
  return `${stem}.todo.xlsx`;
}

async function* once(text: string): AsyncGenerator<string> {
  yield text;
}
