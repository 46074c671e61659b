/** Nightly runs over an inbox folder. */
import { statSync } from 'node:fs';
import { isoWithOffset } from '../domain/calendar.js';
import type { Night, Schedule } from '../domain/night.js';
import { nextOccurrence } from '../nights/occurrences.js';
import { openNights } from '../redis/nights.js';
import { RequestError } from './request-error.js';
import type { Store } from './wiring/store.js';

/** When its next night begins, ISO 8601. @throws RequestError where the folder, the expression or the time zone does not exist */
export function checkSchedule(schedule: Schedule): string {
  refuseMissingInbox(schedule.inbox);
  return nextOf(schedule);
}

/** Adds it, or changes the one of that name. */
export async function addSchedule({ redis }: Pick<Store, 'redis'>, schedule: Schedule): Promise<void> {
  await openNights(redis).add(schedule);
}

export interface ListedSchedule extends Omit<Schedule, 'addedAt'> {
  /** Times as ISO 8601 with offset. */
  readonly addedAt: string;
  readonly next: string;
  /** Undefined before the first. */
  readonly last: ReturnType<typeof lastOf>;
}

export async function listSchedules({ redis }: Pick<Store, 'redis'>): Promise<ListedSchedule[]> {
  const nights = openNights(redis);
  const all = await nights.list();
  return (await nights.schedules()).map((schedule) => ({
    ...schedule,
    addedAt: isoWithOffset(schedule.addedAt, schedule.timezone),
    next: nextOf(schedule),
    last: lastOf(all.filter((night) => night.schedule === schedule.name).at(-1)),
  }));
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

function lastOf(night: Night | undefined) {
  if (night === undefined) return undefined;
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

/** @throws RequestError where there is no such folder */
export function refuseMissingInbox(inbox: string): void {
  if (statSync(inbox, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new RequestError('not_found', {
    en: `${inbox} is not a folder. Create it, or correct --inbox.`,
    zh: `${inbox} 不是文件夹。请创建该文件夹，或更正 --inbox。`,
  });
}
