/** Nightly runs over an inbox folder. */
import { statSync } from 'node:fs';
import { byOutcome } from '../domain/batch.js';
import { isoWithOffset } from '../domain/calendar.js';
import type { Night, NightEnding, Schedule } from '../domain/night.js';
import type { Words } from '../domain/words.js';
import { countsOfNight } from '../nights/counts-of-night.js';
import { nextOccurrence } from '../nights/occurrences.js';
import { openNights } from '../redis/nights.js';
import { RequestError } from './request-error.js';
import type { Store } from './wiring/store.js';

/** When its next night begins, ISO 8601. @throws RequestError where the name, the folder, the expression or the time zone is none */
export function checkSchedule(schedule: Schedule): string {
  refuseOddName(schedule.name);
  refuseMissingInbox(schedule.inbox);
  return nextOf(schedule);
}

/** Adds it, or changes the one of that name. */
export async function addSchedule({ redis }: Pick<Store, 'redis'>, schedule: Schedule): Promise<void> {
  await openNights(redis).add(schedule);
}

/** A process that serves runs a night of it at once, or the next one that starts. @throws RequestError where there is none */
export async function askForNight(store: Pick<Store, 'redis'>, name: string): Promise<void> {
  const { inbox } = await scheduleNamed(store, name);
  refuseMissingInbox(inbox);
  await openNights(store.redis).ask(name, Date.now());
}

/** How a night ended, or that it has not. */
export const NIGHT_ENDINGS = {
  done: { en: 'done', zh: '已完成' },
  submitted: { en: 'submitted', zh: '已提交' },
  stopped: { en: 'stopped', zh: '已停止' },
  interrupted: { en: 'interrupted', zh: '已中断' },
  next_night: { en: 'continued by the next night', zh: '已由下一次接续' },
  failed: { en: 'failed', zh: '失败' },
  running: { en: 'running', zh: '执行中' },
} as const satisfies Record<NightEnding | 'running', Words>;

/** A night, and what became of the rows of its files so far. */
export interface ListedNight extends Night {
  readonly outcomes: ReturnType<typeof byOutcome>;
}

/** The newest first. */
export async function listNights(
  { redis, batches }: Pick<Store, 'redis' | 'batches'>,
  most: number,
): Promise<ListedNight[]> {
  const newest = (await openNights(redis).list()).slice(-most).reverse();
  return Promise.all(
    newest.map(async (night) => ({
      ...night,
      outcomes: byOutcome(await countsOfNight(batches, night)),
    })),
  );
}

export interface ListedSchedule extends Omit<Schedule, 'addedAt'> {
  /** Times as ISO 8601 with offset. */
  readonly addedAt: string;
  readonly next: string;
  /** When a person asked for a night that has not begun. */
  readonly askedFor: string | undefined;
  /** Undefined before the first. */
  readonly last: LastNight | undefined;
}

export type LastNight = ReturnType<typeof factsOf>;

export interface NightlyRuns {
  readonly schedules: readonly ListedSchedule[];
  /** The last night of each inbox among the nights without a schedule: started by a person, or by cron. */
  readonly others: readonly { readonly inbox: string; readonly last: LastNight }[];
}

export async function nightlyRuns({ redis }: Pick<Store, 'redis'>): Promise<NightlyRuns> {
  const nights = openNights(redis);
  const [all, asked, schedules] = await Promise.all([nights.list(), nights.asked(), nights.schedules()]);
  const listed = schedules.map((schedule) => {
    const last = all.findLast((night) => night.schedule === schedule.name);
    return {
      ...schedule,
      addedAt: isoWithOffset(schedule.addedAt, schedule.timezone),
      next: nextOf(schedule),
      askedFor: isoOf(asked[schedule.name], schedule.timezone),
      last: last && factsOf(last),
    };
  });
  const newest = new Map(all.flatMap((night) => (night.schedule === undefined ? [[night.inbox, night] as const] : [])));
  return { schedules: listed, others: [...newest].map(([inbox, night]) => ({ inbox, last: factsOf(night) })) };
}

export async function listSchedules(store: Pick<Store, 'redis'>): Promise<readonly ListedSchedule[]> {
  return (await nightlyRuns(store)).schedules;
}

/** Its nights and their files stay. @throws RequestError where there is none */
export async function removeSchedule(store: Pick<Store, 'redis'>, name: string): Promise<void> {
  await scheduleNamed(store, name);
  await openNights(store.redis).remove(name);
}

/** @throws RequestError that names those there are */
export async function scheduleNamed({ redis }: Pick<Store, 'redis'>, name: string): Promise<Schedule> {
  const schedules = await openNights(redis).schedules();
  const schedule = schedules.find((one) => one.name === name);
  if (schedule !== undefined) return schedule;
  const names = schedules.map((one) => one.name);
  throw new RequestError('not_found', {
    en: `There is no nightly run ${name}. There are: ${names.join(', ') || 'none yet'}.`,
    zh: `没有夜间任务 ${name}。现有：${names.join('、') || '无'}。`,
  });
}

/** When its next night begins. @throws RequestError where its expression or time zone means nothing */
function nextOf(schedule: Schedule): string {
  try {
    return isoWithOffset(nextOccurrence(schedule, Date.now()), schedule.timezone);
  } catch (cause) {
    const what = `--at "${schedule.at}"`;
    const { message } = cause as Error;
    throw new RequestError(
      'refused',
      {
        en: `${what} in ${schedule.timezone}: ${message}. Every day at 22:00 is "0 22 * * *".`,
        zh: `${what}（${schedule.timezone}）：cron 表达式或时区无效。每天 22:00 写作 "0 22 * * *"。`,
      },
      { cause },
    );
  }
}

function isoOf(at: number | undefined, timezone: string): string | undefined {
  return at === undefined ? undefined : isoWithOffset(at, timezone);
}

function refuseOddName(name: string): void {
  if (/^\p{L}[\p{L}\p{N}_.-]{0,39}$/u.test(name)) return;
  throw new RequestError('refused', {
    en: `${name}: a name begins with a letter and goes on with letters, digits, _, . and -.`,
    zh: `${name}：名称须以文字开头，其余可用文字、数字、_、. 和 -。`,
  });
}

function factsOf(night: Night) {
  const { name, timezone, startedAt, ending = 'running' as const, stopped, files, rejected } = night;
  return {
    night: name,
    started: isoWithOffset(startedAt, timezone),
    ending,
    ...(stopped !== undefined && { stopped }),
    files: files.length,
    rejected: rejected.length,
  };
}

/** @throws RequestError where there is no such folder, or it cannot be looked at */
export function refuseMissingInbox(inbox: string): void {
  let isFolder: boolean;
  try {
    isFolder = statSync(inbox, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch (error) {
    // A folder above it that this user may not enter, a name that is too long, a link to itself: whatever was typed.
    const { code } = error as NodeJS.ErrnoException;
    throw new RequestError('not_found', {
      en: `${inbox}: this folder cannot be opened (${code}). Correct the path, or let the user of fastregister into it.`,
      zh: `${inbox}：无法打开该文件夹（${code}）。请更正路径，或为运行 fastregister 的用户开放权限。`,
    });
  }
  if (isFolder) return;
  throw new RequestError('not_found', {
    en: `${inbox} is not a folder. Create it, or correct the path.`,
    zh: `${inbox} 不是文件夹。请创建该文件夹，或更正路径。`,
  });
}

/** A folder that a night has had before may be a share that is not mounted: that night fails, and a notice says so. */
export async function refuseUnknownInbox({ redis }: Pick<Store, 'redis'>, inbox: string): Promise<void> {
  const isKnown = (await openNights(redis).list()).some((night) => night.inbox === inbox);
  if (!isKnown) refuseMissingInbox(inbox);
}
