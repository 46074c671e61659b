/**
 * The relay hands work from the ledger to BullMQ, a bounded window at a time. BullMQ is no memory of what has to be done:
 * a job stays in the window until a worker has done it, and what BullMQ lost is handed again.
 */
import { Queue, Worker, type WorkerOptions } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { RELAY_LOOKS_EVERY_MS, STATES_WITH_WORK, type WorkKind } from '../../domain/work.js';
import { startPolling } from '../../polling.js';
import { key, prefix } from '../keys.js';
import { script } from '../scripts.js';
import type { WakeupChannel } from '../wakeup-channel.js';

/** The order in which work is handed out: an auth_code lives ten minutes. */
const WORK_KINDS: readonly WorkKind[] = ['authorize', 'follow-up', 'submit'];

/** addBulk is one pipeline: with this many jobs at once, Redis and the event loop stay free for other work. */
const HANDED_AT_ONCE = 500;

/** How many registrations one run examines: a few milliseconds, during which Redis serves no other client. */
const LOOKED_AT_ONCE = 1000;

/**
 * Minutes of work at a slow pace. Not more, because a registration whose row was cancelled meanwhile costs a worker a third of
 * a millisecond, and new rows wait behind all of them.
 */
const JOBS_IN_WINDOW = 1000;

/** What BullMQ does for a job costs Redis as much as everything that we do for a registration. */
const LARGEST_CHUNK = 128;

/**
 * Registrations of one job are sent within 20 ms; at a slow pace each is a job of its own, so that none waits for
 * another.
 */
const CHUNKS_A_SECOND = 50;

const SHORTEST_PAUSE_MS = 5;
const TRY_AGAIN_MS = 1_000;

/** A job that was handed out this long ago and is not done is handed out again. */
const OVERDUE_MS = 60_000;

export interface Relay {
  /** A job is done: the window has room for the next one that waits. */
  roomMade(): void;
  stop(): Promise<void>;
}

export interface RelayOptions {
  readonly redis: Redis;
  readonly wakeupChannel: WakeupChannel;
  readonly log: Logger;
  /** How many registrations of each kind BullMQ holds at most. */
  readonly windowSize: number;
  /** How many calls may be made: at a fast pace, chunks are larger. */
  readonly perSecond: number;
  /** ms since 1970 */
  readonly now?: () => number;
}

/** The data of a BullMQ job: registrations that are processed together, named by their ids only. */
export interface JobChunk {
  /** each `registration-chunk` */
  readonly jobs: readonly string[];
}

/** How many registrations one job to submit has at most. */
export function createsOfAJob(perSecond: number): number {
  return Math.min(Math.max(Math.floor(perSecond / CHUNKS_A_SECOND), 1), LARGEST_CHUNK);
}

export function startRelay({ redis, wakeupChannel, log, windowSize, perSecond, now = Date.now }: RelayOptions): Relay {
  const queues = new Map(WORK_KINDS.map((kind) => [kind, openQueue(redis, kind)]));
  const dispatch = script(redis, 'dispatch');
  const sweep = script(redis, 'sweep');
  const toSubmit = createsOfAJob(perSecond);
  let stopped = false;
  let swept = now();
  /** BullMQ may lack any job of the window. */
  let mayLack = true;
  /** Ready registrations for which the window had no room. */
  let waiting = 0;

  /** A chunk is added as a whole: BullMQ accepts no second part of a chunk that it has. */
  async function add(kind: WorkKind, jobs: readonly string[]): Promise<void> {
    const chunks = new Map<string, string[]>();
    for (const job of jobs) {
      const name = job.slice(job.indexOf('-') + 1);
      const chunk = chunks.get(name);
      if (chunk === undefined) chunks.set(name, [job]);
      else chunk.push(job);
    }
    const added = [...chunks].map(([name, chunk]) => ({
      name: kind,
      data: { jobs: chunk } satisfies JobChunk,
      opts: { jobId: name, removeOnComplete: true, removeOnFail: true },
    }));
    for (let at = 0; at < added.length; at += HANDED_AT_ONCE) {
      await queues.get(kind)?.addBulk(added.slice(at, at + HANDED_AT_ONCE));
    }
  }

  /** Hands out what is ready of one kind; answers in how many ms the next is due, as Redis' clock says. */
  async function handOut(kind: WorkKind): Promise<number> {
    const chunk = kind === 'submit' ? toSubmit : 1;
    const size = Math.min(windowSize, JOBS_IN_WINDOW * chunk);
    for (;;) {
      const [due, left, ...jobs] = (await dispatch(
        [key('window', kind)],
        [kind, size, HANDED_AT_ONCE, chunk, LOOKED_AT_ONCE, now(), ...STATES_WITH_WORK[kind]],
      )) as [number, number, ...string[]];
      if (jobs.length > 0) await add(kind, jobs);
      const isFull = jobs.length === 0 && due !== 0;
      if (isFull) waiting += left;
      if (isFull || left === 0 || stopped) return due < 0 ? Number.POSITIVE_INFINITY : due;
    }
  }

  async function handAgain(notDoneForMs: number): Promise<void> {
    for (const kind of WORK_KINDS) {
      let [before, looked, jobs] = ['', LOOKED_AT_ONCE, [] as string[]];
      while (looked === LOOKED_AT_ONCE && !stopped) {
        const args = [before, notDoneForMs, LOOKED_AT_ONCE, ...STATES_WITH_WORK[kind]];
        [before, looked, ...jobs] = (await sweep([key('window', kind)], args)) as [string, number, ...string[]];
        await add(kind, jobs);
      }
    }
    swept = now();
  }

  async function handWhatBullMqLacks(): Promise<void> {
    if (!mayLack) {
      if (Math.abs(now() - swept) > RELAY_LOOKS_EVERY_MS) await handAgain(OVERDUE_MS);
      return;
    }
    mayLack = false;
    try {
      await handAgain(0);
    } catch (error) {
      mayLack = true;
      throw error;
    }
  }

  async function look(): Promise<number> {
    await handWhatBullMqLacks();
    waiting = 0;
    let pauseMs = RELAY_LOOKS_EVERY_MS;
    for (const kind of WORK_KINDS) pauseMs = Math.min(pauseMs, await handOut(kind));
    return Math.max(pauseMs, SHORTEST_PAUSE_MS);
  }

  /** Redis is away or full. Jobs stay in the window; a pause keeps a full Redis from being hammered. */
  function failed(error: unknown): number {
    if (!stopped) log.warn({ err: error }, 'work could not be handed out; trying again');
    return TRY_AGAIN_MS;
  }

  /**
   * After a connection was cut, the answer of `dispatch` may be lost, and its jobs were not added to BullMQ; and a
   * restarted Redis, or a replica, may have jobs in the window that BullMQ lacks.
   */
  function lookThrough(): void {
    mayLack = true;
    polling.nudge();
  }

  const polling = startPolling(look, failed);
  const unhook = wakeupChannel.on('ready', polling.nudge);
  redis.on('ready', lookThrough);

  return {
    roomMade() {
      if (waiting > 0) polling.nudge();
    },
    async stop() {
      stopped = true;
      unhook();
      redis.off('ready', lookThrough);
      await polling.close();
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };
}

/** The producing end of a queue. */
export function openQueue(redis: Redis, kind: WorkKind): Queue {
  const queue = new Queue(kind, { connection: redis, prefix: prefix() });
  queue.on('error', () => {
    // The caller that waits for the failed command reports it.
  });
  return queue;
}

/** The other end of a queue: works its chunks off. */
export type OpenWorker = (
  kind: WorkKind,
  workOff: (chunk: JobChunk) => Promise<void>,
  options: Omit<WorkerOptions, 'connection' | 'prefix'>,
) => Worker<JobChunk>;

export function workersOn(redis: Redis): OpenWorker {
  return (kind, workOff, options) =>
    new Worker<JobChunk>(kind, ({ data }) => workOff(data), { ...options, connection: redis, prefix: prefix() });
}
