/** One night: take the inbox's files → load them → wait for their outcomes → report → notify. */
import { join } from 'node:path';
import { type Batch, byOutcome, countOf } from '../domain/batch.js';
import { quotaDay } from '../domain/calendar.js';
import { requiredFields } from '../domain/check-row.js';
import type { Night, NightEnding, NightFile, RejectedFile, Schedule } from '../domain/night.js';
import type { Words } from '../domain/words.js';
import type { Rules } from '../producer/checked-page.js';
import { countRefused, refuseMostlyInvalid } from '../producer/checked-rows.js';
import { load } from '../producer/load.js';
import { openSheet } from '../producer/sheets/sheet.js';
import { SheetError } from '../producer/sheets/sheet-error.js';
import type { InboxLease, Nights } from '../redis/nights.js';
import type { Readings } from '../redis/readings.js';
import { isRedisGone } from '../redis/server/errors.js';
import { sendingStatus } from '../reporter/sending-status.js';
import { sum } from '../reporter/tally.js';
import { callsOfNight } from './calls-of-night.js';
import { filesOf, freePlace, isUnchanged, putAway, reportFileOf, type Stand, standOf, writeWhy } from './inbox.js';
import { type NightReportTools, writeReports } from './night-reports.js';

export interface NightTools extends NightReportTools {
  readonly nights: Nights;
  readonly readings: Readings;
  readonly rules: Rules;
  /** Called when a night has ended; absent if there is no listener. */
  readonly notify?: ((ended: EndedNight) => Promise<void>) | undefined;
}

/** Counts only: no merchant, no file. */
export interface EndedNight {
  readonly id: string;
  readonly at: number;
  readonly data: Readonly<Record<string, unknown>>;
  /** What only a chat says: how many merchants to call and legal persons to wait for, and why it stopped. */
  readonly chat: Readonly<Record<string, unknown>>;
}

export type NightPlan = Pick<
  Schedule,
  'inbox' | 'timezone' | 'language' | 'until' | 'acceptWarnings' | 'mostInvalid'
> & {
  readonly schedule?: string;
  /** The time of the schedule that is due, ms since 1970; absent if a person runs the night now. */
  readonly slot?: number;
};

/** Waits for what these batches come to. */
export type Settle = (batches: readonly string[], signal: AbortSignal) => Promise<NightEnding>;

/** Undefined where another night works on this inbox, or has begun this slot meanwhile. */
export async function runNight(
  tools: NightTools,
  plan: NightPlan,
  settle: Settle,
  signal: AbortSignal,
): Promise<Night | undefined> {
  return withInbox(tools.nights, plan.inbox, signal, async (lease, held) => {
    const { schedule, slot } = plan;
    const isDue = slot === undefined || schedule === undefined || (await tools.nights.lastOccurrence(schedule)) < slot;
    if (!isDue) return undefined;
    let night = await begin(tools, plan, lease);
    const { complete, notReady, noFiles } = await filesOf(plan.inbox, tools.now());
    if (noFiles.length > 0) {
      night = { ...night, noFiles };
      tools.log.warn(
        { night: night.name, count: noFiles.length },
        'folders, links or pipes with the name of a sheet are not read',
      );
    }
    if (notReady.length > 0) {
      night = { ...night, notReady };
      tools.log.info(
        { night: night.name, files: notReady.length },
        'files that were just changed wait for the next night',
      );
    }
    const files: NightFile[] = [];
    const rejected: RejectedFile[] = [];
    for (const name of complete) {
      if (held.aborted) break;
      const result = await loadUnlessItCrashes(tools, plan, night, name, held);
      if ('batch' in result) files.push(result);
      else rejected.push(result);
      await tools.nights.note(night, result, lease);
    }
    night = { ...night, files, rejected };
    await tools.nights.save(night, lease);
    if (held.aborted) return end(tools, night, lease, 'interrupted');
    if (schedule !== undefined && slot !== undefined) await tools.nights.begun(schedule, slot);
    const batches = [...(await leftFromEarlier(tools, night)), ...night.files.map(({ batch }) => batch)];
    const ending = batches.length === 0 ? 'done' : await settle([...new Set(batches)], held);
    await reportEarlier(tools, night, lease);
    return end(tools, night, lease, ending);
  });
}

/** How often the lease is renewed: four times before it would end. */
const RENEW_EVERY_MS = 15_000;

/** Works on an inbox alone, over all processes and machines; `held` is aborted once the inbox is another's. */
async function withInbox<T>(
  nights: Nights,
  inbox: string,
  signal: AbortSignal,
  work: (lease: InboxLease, held: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const lease = await nights.acquire(inbox);
  if (lease === undefined) return undefined;
  const lost = new AbortController();
  const timer = setInterval(async () => {
    // While Redis is unavailable no other process gets the inbox either; if the lease ends meanwhile, the next renewal
    // shows it.
    const isOurs = await lease.renew().catch(() => true);
    if (!isOurs) lost.abort();
  }, RENEW_EVERY_MS).unref();
  try {
    return await work(lease, AbortSignal.any([signal, lost.signal]));
  } finally {
    clearInterval(timer);
    await lease.release();
  }
}

async function begin(tools: NightTools, plan: NightPlan, lease: InboxLease): Promise<Night> {
  const { nights, calls, limits, now } = tools;
  const startedAt = now();
  const date = quotaDay(plan.slot ?? startedAt, plan.timezone).day;
  const earlier = (await nights.list()).filter((night) => night.inbox === plan.inbox && night.date === date);
  const name = earlier.length === 0 ? date : `${date}-${earlier.length + 1}`;
  const night: Night = {
    id: `${lease.fence}-${name}`,
    name,
    inbox: plan.inbox,
    ...(plan.schedule !== undefined && { schedule: plan.schedule }),
    date,
    language: plan.language,
    timezone: plan.timezone,
    startedAt,
    files: [],
    rejected: [],
    usedBefore: (await sendingStatus(calls, limits, startedAt)).used,
    open: true,
  };
  await nights.save(night, lease);
  tools.log.info({ night: name, schedule: plan.schedule }, 'a night begins');
  return night;
}

/** So many processes may end while they read a file; then it is rejected. */
const MOST_ENDED = 2;

const ENDS_PROCESSES: Words = {
  en: `the program ended while it read this file, ${MOST_ENDED} times, so the file is not read again; open it in Excel or WPS, copy the values into a new file, and put that into the inbox. If the program was stopped by force, put this file there again`,
  zh: `读取此文件时程序已 ${MOST_ENDED} 次异常结束，因此不再读取；请用 Excel 或 WPS 打开，将数值复制到新文件后放入收件文件夹。如果程序是被强制停止的，请把此文件重新放入`,
};

function programFailed(error: unknown): Words {
  return { en: `our program failed: ${String(error)}`, zh: `程序出错：${String(error)}` };
}

/** Notes the file before it is read: a file that ends the process must not end every process after it. */
async function loadUnlessItCrashes(
  tools: NightTools,
  plan: NightPlan,
  night: Night,
  name: string,
  held: AbortSignal,
): Promise<NightFile | RejectedFile> {
  const { readings, log } = tools;
  const file = await standOf(join(night.inbox, name));
  if (file === undefined) return loadAndPutAway(tools, plan, night, name, undefined);
  const ended = await readings.begin(file);
  const noted = (note: Promise<void>): Promise<void> =>
    note.catch((error) => log.warn({ err: error }, 'cannot note that a file was read'));
  if (ended >= MOST_ENDED) {
    const why = ENDS_PROCESSES[night.language];
    const moved = await reject(tools, night, name, why);
    // Left in the inbox, it would be read again.
    if (moved !== file.path) await noted(readings.end(file));
    return { name, moved, why };
  }
  // A process that shuts down may be killed before the file is read: that is not the file's fault.
  const leave = (): void => void noted(readings.leave(file));
  if (held.aborted) leave();
  else held.addEventListener('abort', leave);
  try {
    return await loadAndPutAway(tools, plan, night, name, file);
  } finally {
    held.removeEventListener('abort', leave);
    await noted(readings.end(file));
  }
}

/** A file that cannot be loaded is put away with a text that says why, and stops no other. */
async function loadAndPutAway(
  tools: NightTools,
  { acceptWarnings = true, mostInvalid = 1 }: NightPlan,
  night: Night,
  name: string,
  stand: Stand | undefined,
): Promise<NightFile | RejectedFile> {
  const { batches, now, log } = tools;
  const rules = { ...tools.rules, acceptWarnings };
  const path = join(night.inbox, name);
  let batch: Batch;
  let notes: readonly Words[];
  try {
    const sheet = await openSheet(path, { required: requiredFields(rules.needs) });
    if (mostInvalid < 1) refuseMostlyInvalid(await countRefused(sheet, rules), mostInvalid);
    ({ batch } = await load(sheet, path, { batches, rules, now, canaries: 0 }));
    notes = batch.rows === 0 ? [...sheet.notes, NO_ROW] : sheet.notes;
    if (batch.purgedAt !== undefined) {
      throw new SheetError({
        en: 'this file was loaded before, and its merchants were purged; change it to load it anew',
        zh: '该文件此前已导入，其商户数据已清除；如需重新导入，请修改文件',
      });
    }
  } catch (error) {
    if (isRedisGone(error)) throw error;
    const words = error instanceof SheetError ? error.words : programFailed(error);
    const why = words[night.language];
    if (!(error instanceof SheetError))
      log.error({ err: error, night: night.name }, 'a file of the inbox could not be loaded');
    return { name, moved: await reject(tools, night, name, why), why };
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
  return { ...loaded, ...(await moveToDone(tools, night, name)) };
}

const NO_ROW: Words = { en: 'it has no row below its headings', zh: '表头下没有数据行' };

/**
 * Its rows are on their way, so whatever becomes of the file, it is a loaded one. Where it cannot be moved it stays for
 * the next night, to which it is known; a report beside it would be the next night's sheet.
 */
async function moveToDone(
  { log }: NightTools,
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
 * Answers where the file is then. If the target folder cannot be written to, the file stays in the inbox for the next
 * night.
 */
async function reject({ log }: NightTools, night: Night, name: string, why: string): Promise<string> {
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

/** Batches of earlier nights that still wait: the quota ended, or the line was stopped. */
async function leftFromEarlier({ nights }: NightTools, night: Night): Promise<string[]> {
  const open = (await nights.list()).filter(
    ({ inbox, open: isOpen, id }) => inbox === night.inbox && isOpen && id !== night.id,
  );
  return open.flatMap(({ files }) => files.map(({ batch }) => batch));
}

async function end(tools: NightTools, night: Night, lease: InboxLease, ending: NightEnding): Promise<Night> {
  const { calls, limits, now, log, nights, notify } = tools;
  const { blockedReason, limit, left } = await sendingStatus(calls, limits, now());
  const stopped =
    ending === 'stopped' && blockedReason !== undefined ? blockedReason.reason[night.language] : undefined;
  const endedAt = now();
  const usedTonight = await callsOfNight(calls, limits.timezone, night, endedAt);
  const ended = await writeReports(tools, {
    ...night,
    endedAt,
    usedTonight,
    ending,
    ...(stopped !== undefined && { stopped }),
  });
  await nights.save(ended, lease);
  const counts = sum(await Promise.all(night.files.map(({ batch }) => tools.batches.counts(batch))));
  const outcomes = byOutcome(counts);
  log.info(
    { night: night.name, ending, files: night.files.length, rejected: night.rejected.length },
    'a night has ended',
  );
  await notify?.({
    id: night.id,
    at: endedAt,
    data: {
      night: night.name,
      schedule: night.schedule ?? null,
      ending,
      stopped_by: ending === 'stopped' ? (blockedReason?.problem ?? null) : null,
      files: night.files.length,
      rejected_files: night.rejected.length,
      outcomes,
      calls: { used_tonight: usedTonight, limit, left },
    },
    chat: {
      to_call: ended.toCall ?? null,
      awaiting: countOf(counts, 'awaiting_legal_person'),
      ...(stopped !== undefined && { reason: blockedReason?.reason, next_step: blockedReason?.nextStep }),
    },
  });
  return ended;
}

async function reportEarlier(
  tools: NightTools,
  present: Pick<Night, 'inbox'> & { id?: string },
  lease: InboxLease,
): Promise<void> {
  for (const night of await tools.nights.list()) {
    if (night.inbox !== present.inbox || night.id === present.id || !night.open) continue;
    // The process that began it is gone: its inbox is free.
    const ended =
      night.ending === undefined ? { ...night, ending: 'interrupted' as const, endedAt: tools.now() } : night;
    await tools.nights.save(await writeReports(tools, ended), lease);
  }
}

/** Rewrites the reports of nights with outcomes that have come since. */
export async function reportAgain(tools: NightTools, signal: AbortSignal): Promise<void> {
  const open = (await tools.nights.list()).filter((night) => night.open);
  for (const inbox of new Set(open.map((night) => night.inbox))) {
    if (signal.aborted) return;
    await withInbox(tools.nights, inbox, signal, (lease) => reportEarlier(tools, { inbox }, lease));
  }
}
