/** One file of the inbox: read it → load it as a batch → move it to `done` or `rejected`. */
import { join } from 'node:path';
import type { Batch } from '../domain/batch.js';
import { requiredFields } from '../domain/check-row.js';
import { isRedisUnable } from '../domain/ledger-errors.js';
import type { Night, NightFile, RejectedFile, Schedule } from '../domain/night.js';
import type { Words } from '../domain/words.js';
import type { Rules } from '../producer/checked-page.js';
import { refuseMostlyInvalid } from '../producer/checked-rows.js';
import { load } from '../producer/load.js';
import { countRefused } from '../producer/plan.js';
import { openSheet } from '../producer/sheets/sheet.js';
import { SheetError } from '../producer/sheets/sheet-error.js';
import type { Readings } from '../redis/readings.js';
import { type FileStamp, freePlace, isUnchanged, putAway, reportFileOf, stampOf, writeWhy } from './inbox.js';
import type { NightReportTools } from './night-reports.js';

export interface FileTools extends Pick<NightReportTools, 'batches' | 'now' | 'log'> {
  readonly readings: Readings;
  readonly rules: Rules;
}

export type FileRules = Pick<Schedule, 'acceptWarnings' | 'mostInvalid'>;

/** The file is rejected when this many processes have ended while they read it. */
const MOST_ENDED = 2;

const ENDS_PROCESSES: Words = {
  en: `the program ended while it read this file, ${MOST_ENDED} times, so the file is not read again; open it in Excel or WPS, copy the values into a new file, and put that into the inbox. If the program was stopped by force, put this file there again`,
  zh: `读取此文件时程序已 ${MOST_ENDED} 次异常结束，因此不再读取；请用 Excel 或 WPS 打开，将数值复制到新文件后放入收件文件夹。如果程序是被强制停止的，请把此文件重新放入`,
};

function programFailed(error: unknown): Words {
  return { en: `our program failed: ${String(error)}`, zh: `程序出错：${String(error)}` };
}

/** A process may end between two steps: the night knows the file, and where it will be, before the file is moved. */
export type NoteTaken = (taken: NightFile | RejectedFile) => Promise<unknown>;

/** Notes the file before it is read: a file that ends the process must not end every process after it. */
export async function takeFile(
  tools: FileTools,
  plan: FileRules,
  night: Night,
  name: string,
  note: NoteTaken,
  held: AbortSignal,
): Promise<NightFile | RejectedFile> {
  const { readings, log } = tools;
  const file = await stampOf(join(night.inbox, name));
  if (file === undefined) return loadAndPutAway(tools, plan, night, name, undefined, note);
  const ended = await readings.begin(file);
  const noted = (reading: Promise<void>): Promise<void> =>
    reading.catch((error) => log.warn({ err: error }, 'cannot note that a file was read'));
  if (ended >= MOST_ENDED) {
    const why = ENDS_PROCESSES[night.language];
    const moved = await reject(tools, night, name, why, note);
    // Left in the inbox, it would be read again.
    if (moved !== file.path) await noted(readings.end(file));
    return { name, moved, why };
  }
  // A process that shuts down may be killed before the file is read: that is not the file's fault.
  const leave = (): void => void noted(readings.leave(file));
  if (held.aborted) leave();
  else held.addEventListener('abort', leave);
  try {
    return await loadAndPutAway(tools, plan, night, name, file, note);
  } finally {
    held.removeEventListener('abort', leave);
    await noted(readings.end(file));
  }
}

/** A file that cannot be loaded is moved away with a text that says why, and stops no other file. */
async function loadAndPutAway(
  tools: FileTools,
  { acceptWarnings = true, mostInvalid = 1 }: FileRules,
  night: Night,
  name: string,
  stand: FileStamp | undefined,
  note: NoteTaken,
): Promise<NightFile | RejectedFile> {
  const { batches, now, log } = tools;
  const rules = { ...tools.rules, acceptWarnings };
  const path = join(night.inbox, name);
  let batch: Batch;
  let notes: readonly Words[];
  try {
    const sheet = await openSheet(path, { required: requiredFields(rules.needs) });
    if (mostInvalid < 1) refuseMostlyInvalid(await countRefused(sheet, rules, batches.existingMatches), mostInvalid);
    ({ batch } = await load(sheet, path, { batches, rules, now, canaries: 0 }));
    notes = batch.rows === 0 ? [...sheet.notes, NO_ROW] : sheet.notes;
    if (batch.purgedAt !== undefined) {
      throw new SheetError({
        en: 'this file was loaded before, and its merchants were purged; change it to load it anew',
        zh: '该文件此前已导入，其商户数据已清除；如需重新导入，请修改文件',
      });
    }
  } catch (error) {
    if (isRedisUnable(error)) throw error;
    const words = error instanceof SheetError ? error.words : programFailed(error);
    const why = words[night.language];
    if (!(error instanceof SheetError))
      log.error({ err: error, night: night.name }, 'a file of the inbox could not be loaded');
    return { name, moved: await reject(tools, night, name, why, note), why };
  }
  log.info({ night: night.name, batch: batch.id, rows: batch.rows }, 'a file of the inbox was loaded');
  const loaded = {
    name,
    batch: batch.id,
    ...(notes.length > 0 && { notes: notes.map((words) => words[night.language]) }),
  };
  if (stand !== undefined && !(await isUnchanged(stand))) {
    log.warn(
      { night: night.name, batch: batch.id },
      'a file was replaced while it was loaded; the newer one is left to the next night',
    );
    return { ...loaded, ...leftInInbox(night, name) };
  }
  const moved = freePlace(night.inbox, 'done', night.date, name);
  await note({ ...loaded, moved, report: reportFileOf(moved) });
  return { ...loaded, ...(await moveToDone(tools, night, name)) };
}

const NO_ROW: Words = { en: 'it has no row below its headings', zh: '表头下没有数据行' };

/**
 * Its rows are stored, so the file counts as loaded even if it cannot be moved. In that case it stays in the inbox, and the
 * next night recognises it. No report is written beside it, because the next night would read the report as a sheet.
 */
async function moveToDone(
  { log }: FileTools,
  night: Night,
  name: string,
): Promise<Pick<NightFile, 'moved' | 'report'>> {
  try {
    const moved = await putAway(night.inbox, 'done', night.date, name);
    return { moved, report: reportFileOf(moved) };
  } catch (error) {
    log.error({ err: error, night: night.name }, 'a loaded file could not be put away; it stays in the inbox');
    return leftInInbox(night, name);
  }
}

function leftInInbox({ inbox, date }: Night, name: string): Pick<NightFile, 'moved' | 'report'> {
  return { moved: join(inbox, name), report: reportFileOf(freePlace(inbox, 'done', date, name)) };
}

/**
 * Returns the path that the file has afterwards. If the target folder cannot be written to, the file stays in the inbox for the next
 * night.
 */
async function reject({ log }: FileTools, night: Night, name: string, why: string, note: NoteTaken): Promise<string> {
  await note({ name, moved: freePlace(night.inbox, 'rejected', night.date, name), why });
  try {
    const moved = await putAway(night.inbox, 'rejected', night.date, name);
    await writeWhy(night.inbox, moved, why);
    log.warn({ night: night.name }, 'a file of the inbox was rejected');
    return moved;
  } catch (error) {
    log.error({ err: error, night: night.name }, 'a rejected file could not be put away');
    return join(night.inbox, name);
  }
}
