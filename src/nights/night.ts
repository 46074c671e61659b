/** One night: take the inbox's files → load them → wait for their outcomes → report → notify. */

import { byOutcome, countOf } from '../domain/batch.js';
import { quotaDay } from '../domain/calendar.js';
import {
  batchesOf,
  type Night,
  type NightEnding,
  type NightFile,
  type RejectedFile,
  type Schedule,
} from '../domain/night.js';
import type { Words } from '../domain/words.js';
import { renewEvery } from '../polling.js';
import type { InboxLease, Nights } from '../redis/nights.js';
import { sendingStatus } from '../reporter/sending-status.js';
import { callsOfNight } from './calls-of-night.js';
import { countsOfNight } from './counts-of-night.js';
import { filesOf } from './inbox.js';
import { maybeOutdated, type NightReportTools, writeReports } from './night-reports.js';
import { type FileTools, type NoteTaken, takeFile } from './take-file.js';

export interface NightTools extends NightReportTools, FileTools {
  readonly rules: FileTools['rules'];
  readonly nights: Nights;
  /** Called when a night has ended; absent if there is no listener. */
  readonly notify?: ((ended: EndedNight) => Promise<void>) | undefined;
}

/** Counts only: no merchant, no file. */
export interface EndedNight {
  readonly id: string;
  readonly at: number;
  readonly data: Readonly<Record<string, unknown>>;
  /** For chat messages only: how many merchants to call and legal persons to wait for, and why the night stopped. */
  readonly chat: Readonly<Record<string, unknown>>;
}

export type NightPlan = Pick<
  Schedule,
  'inbox' | 'timezone' | 'language' | 'until' | 'acceptWarnings' | 'mostInvalid'
> & {
  readonly schedule?: string;
  /** The time of the schedule that is due, ms since 1970; absent if a person runs the night now. */
  readonly occurrence?: number;
  /** The scheduler tries a night again at every look, until the folder is there. */
  readonly isTriedAgain?: true;
};

/** Waits until these batches are over, or are not worth waiting for. */
export type Settle = (batches: readonly string[], signal: AbortSignal) => Promise<NightEnding>;

/** Undefined where another night works on this inbox, or has begun this occurrence meanwhile. */
export async function runNight(
  tools: NightTools,
  plan: NightPlan,
  settle: Settle,
  signal: AbortSignal,
): Promise<Night | undefined> {
  return withInbox(tools.nights, plan.inbox, signal, async (lease, held) => {
    const { schedule, occurrence } = plan;
    const isDue =
      occurrence === undefined || schedule === undefined || (await tools.nights.lastOccurrence(schedule)) < occurrence;
    if (!isDue) return undefined;
    const inbox = await filesOf(plan.inbox, tools.now()).catch((error: NodeJS.ErrnoException) => error);
    if (inbox instanceof Error) return failed(tools, plan, lease, inbox);
    const { complete, notReady, noFiles } = inbox;
    let night = await begin(tools, plan, lease);
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
    // What an interrupted night has left in the inbox is taken again: its report has a place before another one gets that place.
    await reportEarlier(tools, night, lease, ({ ending }) => ending === undefined);
    const taking = night;
    const note: NoteTaken = (taken) => tools.nights.note(taking, taken, lease);
    const files: NightFile[] = [];
    const rejected: RejectedFile[] = [];
    for (const name of complete) {
      if (held.aborted) break;
      const result = await takeFile(tools, plan, night, name, note, held);
      if ('batch' in result) files.push(result);
      else rejected.push(result);
      // It may have stayed in the inbox.
      await note(result);
    }
    night = { ...night, files, rejected };
    await tools.nights.save(night, lease);
    if (held.aborted) return end(tools, night, lease, 'interrupted');
    if (schedule !== undefined && occurrence !== undefined) await tools.nights.begun(schedule, occurrence);
    const batches = [...(await leftFromEarlier(tools, night)), ...batchesOf(night)];
    const ending = batches.length === 0 ? 'done' : await settle([...new Set(batches)], held);
    await reportEarlier(tools, night, lease);
    return end(tools, night, lease, ending);
  });
}

/** The lease is renewed four times before it would end. */
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
  // While Redis is unavailable no other process gets the inbox either.
  const endRenewing = renewEvery(RENEW_EVERY_MS, lease.renew, () => lost.abort());
  try {
    return await work(lease, AbortSignal.any([signal, lost.signal]));
  } finally {
    endRenewing();
    await lease.release();
  }
}

async function begin(tools: NightTools, plan: NightPlan, lease: InboxLease): Promise<Night> {
  const { nights, calls, limits, now } = tools;
  const startedAt = now();
  const date = quotaDay(plan.occurrence ?? startedAt, plan.timezone).day;
  const earlier = (await nights.list()).filter(
    (night) => night.inbox === plan.inbox && night.date === date && night.ending !== 'failed',
  );
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

/** Recorded once for each time of the schedule where it is tried again; by hand, or by cron, each time. */
async function failed(
  tools: NightTools,
  plan: NightPlan,
  lease: InboxLease,
  error: NodeJS.ErrnoException,
): Promise<Night> {
  const { nights, log } = tools;
  const { schedule, inbox } = plan;
  const due =
    schedule === undefined || !plan.isTriedAgain
      ? undefined
      : (plan.occurrence ?? (await nights.lastOccurrence(schedule)));
  const known =
    due !== undefined &&
    (await nights.list()).findLast(
      (night) =>
        night.schedule === schedule && night.inbox === inbox && night.ending === 'failed' && night.startedAt >= due,
    );
  if (known) return known;
  log.error({ err: error, schedule }, 'the inbox of a night cannot be read');
  return end(tools, await begin(tools, plan, lease), lease, 'failed', inboxFault(error));
}

function inboxFault({ code, message }: NodeJS.ErrnoException): Fault {
  const why = code ?? message;
  return {
    reason: {
      en: `The inbox of the nightly run cannot be read (${why}).`,
      zh: `夜间任务的收件文件夹无法读取（${why}）。`,
    },
    nextStep: {
      en: 'Mount the share, create the folder, or correct its path or rights. `serve` tries again every minute, cron at its next time.',
      zh: '请挂载共享目录、创建该文件夹，或更正路径和权限；`serve` 每分钟会重试，cron 到下次时间再执行。',
    },
  };
}

/** Batches of earlier nights that still wait: the quota ended, or the line was stopped. */
async function leftFromEarlier({ nights }: NightTools, night: Night): Promise<string[]> {
  const open = (await nights.list()).filter(
    ({ inbox, open: isOpen, id }) => inbox === night.inbox && isOpen && id !== night.id,
  );
  return open.flatMap(batchesOf);
}

type Fault = Record<'reason' | 'nextStep', Words>;

async function end(
  tools: NightTools,
  night: Night,
  lease: InboxLease,
  ending: NightEnding,
  fault?: Fault,
): Promise<Night> {
  const { calls, limits, now, log, nights, notify } = tools;
  const { blockedReason, limit, left } = await sendingStatus(calls, limits, now());
  const stoppedBy = ending === 'stopped' ? blockedReason : fault;
  const stopped = stoppedBy?.reason[night.language];
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
  const counts = await countsOfNight(tools.batches, night);
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
      ...(stoppedBy !== undefined && { reason: stoppedBy.reason, next_step: stoppedBy.nextStep }),
    },
  });
  return ended;
}

async function reportEarlier(
  tools: NightTools,
  present: Pick<Night, 'inbox'> & { id?: string },
  lease: InboxLease,
  wanted: (night: Night) => boolean = () => true,
): Promise<void> {
  const others = (await tools.nights.list()).filter(({ inbox, id }) => inbox === present.inbox && id !== present.id);
  for (const night of await maybeOutdated(tools, others.filter(wanted))) {
    // The process that began this night is gone: the inbox is free.
    const ended =
      night.ending === undefined ? { ...night, ending: 'interrupted' as const, endedAt: tools.now() } : night;
    await tools.nights.save(await writeReports(tools, ended), lease);
  }
}

/** Rewrites the reports of nights with outcomes that have come since. */
export async function reportAgain(tools: NightTools, signal: AbortSignal): Promise<void> {
  const outdated = await maybeOutdated(tools, await tools.nights.list());
  for (const inbox of new Set(outdated.map((night) => night.inbox))) {
    if (signal.aborted) return;
    await withInbox(tools.nights, inbox, signal, (lease) => reportEarlier(tools, { inbox }, lease));
  }
}
