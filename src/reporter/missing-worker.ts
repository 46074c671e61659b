/** Rows that could be sent, and no worker that sends them: since when, what to do, and when that is no fault. */
import { localTime } from '../domain/calendar.js';
import { type Limits, sendingWindow } from '../domain/limits.js';
import { opensByItself } from '../domain/line.js';
import { type LiveProcess, liveOf, type Presence, workerMissingSince, workersAbleToSend } from '../domain/presence.js';
import { joined, same, type Words } from '../domain/words.js';
import type { Calls } from '../redis/calls.js';
import type { Heartbeats } from '../redis/heartbeat.js';
import type { Nights } from '../redis/nights.js';
import { type SendingStatus, sendingStatus } from './sending-status.js';
import { type BlockedReason, troubleOf } from './sentences.js';
import type { Trouble } from './troubles.js';

export interface MissingWorker extends BlockedReason {
  /** ms since 1970, by the clock of Redis */
  readonly since: number;
  readonly lastSeenAt: number | undefined;
  readonly waitingSince: number;
}

export interface ProcessSources {
  readonly heartbeats: Pick<Heartbeats, 'presence'>;
  readonly calls: Calls;
  readonly nights: Pick<Nights, 'list'>;
  readonly limits: Limits;
  /** FASTREGISTER_WORKER_WAIT */
  readonly workerWaitMs: number;
}

export const NO_WORKER = 'worker:none';

export interface Processes {
  readonly presence: Presence;
  readonly missing: MissingWorker | undefined;
}

/** Nothing else is read while a worker lives that can send, or nothing waits. `alone`: see `Heartbeats`; what is missing is the same. */
export async function processesNow(sources: ProcessSources, alone?: 'alone'): Promise<Processes> {
  const { heartbeats, calls, nights, limits } = sources;
  const presence = await heartbeats.presence(alone);
  if (presence.waitingSince === undefined || workersAbleToSend(presence).length > 0)
    return { presence, missing: undefined };
  const [now, ran] = await Promise.all([sendingStatus(calls, limits, presence.now), nights.list()]);
  return { presence, missing: missingWorker(presence, now, ran, sources) };
}

function missingWorker(
  presence: Presence,
  sending: SendingStatus,
  nights: readonly { readonly startedAt: number }[],
  { limits, workerWaitMs: waitMs }: ProcessSources,
): MissingWorker | undefined {
  const { now, seen, waitingSince } = presence;
  if (waitingSince === undefined || !wouldBeSent(sending, now)) return undefined;
  const time = (at: number): Words => localTime(at, limits.timezone, now);
  const [unable] = liveOf(presence, 'worker');
  if (unable !== undefined) {
    const { acts, nextStep, ...words } = troubleOfProcess(unable);
    const waits = {
      en: `Rows wait that could be sent, the oldest since ${time(waitingSince).en}.`,
      zh: `有可提交的行在等待，最早的一行自 ${time(waitingSince).zh} 起等待。`,
    };
    const reason = joined([words, waits]);
    const problem = unable.problem ?? NO_WORKER;
    return { problem, reason, nextStep, whoActs: acts, since: waitingSince, lastSeenAt: seen.worker, waitingSince };
  }
  if (!hasBeenOpen(limits, now, waitMs)) return undefined;
  const began = nights.map(({ startedAt }) => startedAt).sort((one, other) => one - other);
  const since = workerMissingSince(presence, began, waitMs);
  if (since === undefined) return undefined;
  const last =
    seen.worker === undefined
      ? { en: 'no worker has run yet', zh: '尚未运行过工作进程' }
      : {
          en: `the last worker was seen at ${time(seen.worker).en}`,
          zh: `最后一次检测到工作进程是在 ${time(seen.worker).zh}`,
        };
  return {
    problem: NO_WORKER,
    reason: {
      en: `No worker runs, and rows wait that could be sent, the oldest since ${time(waitingSince).en}; ${last.en}.`,
      zh: `没有工作进程在运行，而有可提交的行在等待，最早的一行自 ${time(waitingSince).zh} 起等待；${last.zh}。`,
    },
    nextStep: {
      en: 'Start `fastregister work` or `fastregister serve`. Where one should be running, its log says why it ended.',
      zh: '请通知工程师启动 `fastregister work` 或 `fastregister serve`。如果它本应在运行，日志中有退出原因。',
    },
    whoActs: 'us',
    since,
    lastSeenAt: seen.worker,
    waitingSince,
  };
}

/** What keeps a process from its work, and on which machine. */
export function troubleOfProcess({ role, host, pid, problem = '' }: LiveProcess): Trouble {
  const { acts, nextStep, en, zh } = troubleOf(problem) ?? { acts: 'us', ...same(problem), nextStep: SEE_ITS_LOG };
  return { acts, en: `${role} at ${host}:${pid}: ${en}`, zh: `${host}:${pid}：${zh}`, nextStep };
}

/** Of a process of a newer version. */
const SEE_ITS_LOG: Words = { en: 'Read the log of that process.', zh: '请查看该进程的日志。' };

/** Nothing but a worker is wanting: also where the line, or the day, is opened by the next call of one. */
function wouldBeSent({ stopped, line, blockedReason, shut }: SendingStatus, now: number): boolean {
  if (stopped) return false;
  if (line !== undefined) return line.halfOpen || (opensByItself(line) && line.probe.at <= now);
  switch (blockedReason?.problem) {
    case 'quota:day':
      return shut?.nextCheckAt !== undefined && shut.nextCheckAt <= now;
    case 'quota:hours':
      return false;
    case 'call:pause':
      return (blockedReason.until ?? now) <= now;
    // A token is fetched by a worker.
    default:
      return true;
  }
}

/** A worker that begins with the sending hours, or with the quota day, is not late in their first minutes. */
function hasBeenOpen(limits: Limits, now: number, waitMs: number): boolean {
  const then = sendingWindow(limits, now - waitMs);
  return then.closedMs === 0 && then.day === sendingWindow(limits, now).day;
}
