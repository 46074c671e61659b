/** The jobs between ledger and BullMQ: their number, and how a worker gives one back. */
import type { Redis } from 'ioredis';
import type { Wait } from '../../domain/registration.js';
import { type Job, STATES_WITH_WORK, type WorkKind } from '../../domain/work.js';
import { answersOf } from '../exec.js';
import { key, prefix } from '../keys.js';
import { script } from '../scripts.js';

export interface Workload {
  /**
   * Returns a job. `dueAt` in ms since 1970; undefined: no work is left. If the time has passed by Redis' clock, the job is
   * handed out next.
   */
  giveBack(job: Job, id: string, dueAt: number | undefined): Promise<void>;
  /** Jobs that wait to be handed to BullMQ or are there, without scheduled ones; some may have no work left. */
  inHand(kind: WorkKind): Promise<number>;
  /** Registrations that wait for a search because their push is overdue. */
  searchesDue(): Promise<number>;
  /** Registrations that become due after now and up to `until` (ms since 1970). */
  dueUntil(kind: WorkKind, until: number): Promise<number>;
  /** The parts of {@link toSend}: what is due at `at` (ms since 1970) or later, and the rest. */
  toSendAround(at: number): Promise<{ readonly soon: number; readonly later: number }>;
  /**
   * Whether a `create` has to be made up to `until` (ms since 1970), or one is in flight anywhere: its answer may call
   * for another. Registrations that wait for a push, a later day or a person are not counted.
   */
  isSending(until: number): Promise<boolean>;
  /** Registrations by state, each counted once. */
  states(): Promise<Readonly<Record<string, number>>>;
  /**
   * Every registration that will be sent by `create`: now, later, or once the canaries of its batch were accepted.
   */
  toSend(): Promise<number>;
  /**
   * What the registrations that are due next wait for: each wait once, and until when the first of them waits, in ms since 1970.
   * Examines `most` of them.
   */
  dueNext(most: number): Promise<{ readonly wait: Wait | undefined; readonly until: number }[]>;
}

/** Jobs at which a worker is: BullMQ's list, which lasts until the answer is recorded. */
const inFlight = (): string => `${prefix()}:submit:active`;

export function openWorkload(redis: Redis): Workload {
  const giveBackScript = script(redis, 'give-back');
  const dueNextScript = script(redis, 'due-next');
  async function inHand(kind: WorkKind): Promise<number> {
    const [ready, window] = await Promise.all([redis.llen(key('ready', kind)), redis.zcard(key('window', kind))]);
    return ready + window;
  }

  /** Lists also have what was cancelled or settled since; the states count what has still to be done. */
  async function withWork(kind: WorkKind): Promise<{ all: number; later: number }> {
    const steps = redis
      .multi()
      .hmget(key('states'), ...STATES_WITH_WORK[kind])
      .zcard(key('scheduled', kind));
    const [counts, later] = (await answersOf(steps)) as [(string | null)[], number];
    return { all: sumOf(counts), later };
  }

  /** No transaction: a Redis that is short of memory refuses even one that only reads, and `status` asks this. */
  const toSend = async (): Promise<number> => sumOf(await redis.hmget(key('states'), ...STATES_WITH_WORK.submit));

  return {
    async giveBack(job, id, dueAt) {
      const due = dueAt === undefined ? 0 : Math.max(dueAt, 1);
      await giveBackScript([key('window', job.kind)], [job.kind, job.name, id, due]);
    },
    inHand,
    async isSending(until) {
      // Read in one step: a registration that leaves one of these enters the next. A job has left the window when its call is made.
      const steps = redis
        .multi()
        .llen(key('ready', 'submit'))
        .zcard(key('window', 'submit'))
        .llen(inFlight())
        .zcount(key('scheduled', 'submit'), '-inf', until);
      return (await answersOf(steps)).some((count) => count !== 0);
    },
    dueUntil: (kind, until) => redis.zcount(key('scheduled', kind), '-inf', until),
    async states() {
      const counts = Object.entries(await redis.hgetall(key('states'))).map(([state, count]) => [state, Number(count)]);
      return Object.fromEntries(counts.filter(([, count]) => count !== 0)) as Record<string, number>;
    },
    toSend,
    async toSendAround(at) {
      const [all, due] = await Promise.all([toSend(), redis.zcount(key('scheduled', 'submit'), at, '+inf')]);
      // What is due may be sent, or added, between the two.
      const later = Math.min(due, all);
      return { soon: all - later, later };
    },
    async searchesDue() {
      const { all, later } = await withWork('follow-up');
      return all - later;
    },
    async dueNext(most) {
      const flat = (await dueNextScript([key('scheduled', 'submit')], [most])) as string[];
      return flat.flatMap((wait, at) =>
        at % 2 === 0 ? [{ wait: wait === '' ? undefined : (wait as Wait), until: Number(flat[at + 1]) }] : [],
      );
    },
  };
}

function sumOf(counts: readonly (string | null)[]): number {
  return counts.reduce((sum, count) => sum + Number(count ?? 0), 0);
}
