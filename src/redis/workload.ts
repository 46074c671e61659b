/** The jobs between ledger and BullMQ: how many there are, and giving one back. */
import { QueueKeys } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Wait } from '../domain/registration.js';
import { key, prefix } from './keys.js';
import type { Job, WorkKind } from './ledger.js';
import { script } from './scripts.js';

export interface Workload {
  /** `dueAt` in ms since 1970; undefined: there is nothing to do any more. A time that has passed: at once, as the next one. */
  giveBack(job: Job, id: string, dueAt: number | undefined): Promise<void>;
  /** Jobs that wait to be handed to BullMQ or are there; timed ones are not counted. */
  inHand(kind: WorkKind): Promise<number>;
  /** Registrations that become due after now and up to `until` (ms since 1970). */
  dueUntil(kind: WorkKind, until: number): Promise<number>;
  /**
   * Whether a `create` is to be made up to `until` (ms since 1970), or one is in flight anywhere: its answer may call for
   * another. What only a push, a later day or a person can let go is not counted.
   */
  isSending(until: number): Promise<boolean>;
  /** Everything that is to be sent by `create` now or later, or when the first rows of its batch were accepted. */
  toSend(): Promise<number>;
  /** What the registrations that are due next wait for, and until when, in ms since 1970; `most` of them are looked at. */
  dueNext(most: number): Promise<{ readonly wait: Wait | undefined; readonly until: number }[]>;
}

/** Jobs at which a worker is: BullMQ's list, which lasts until the answer is recorded. */
const inFlight = (): string => new QueueKeys(prefix()).toKey('submit', 'active');

export function openWorkload(redis: Redis): Workload {
  const giveBackScript = script(redis, 'give-back');
  async function inHand(kind: WorkKind): Promise<number> {
    const [ready, window] = await Promise.all([redis.llen(key('ready', kind)), redis.zcard(key('window', kind))]);
    return ready + window;
  }

  async function kept(): Promise<number> {
    const batches = await redis.smembers(key('keeping'));
    const counts = await Promise.all(batches.map((batch) => redis.zcard(key('kept', batch))));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  return {
    async giveBack(job, id, dueAt) {
      const due = dueAt === undefined ? 0 : dueAt <= Date.now() ? -1 : dueAt;
      await giveBackScript([key('window', job.kind)], [job.kind, job.name, id, due]);
    },
    inHand,
    async isSending(until) {
      // In one step: what leaves one of these is in the next. A job has left the window when its call is made.
      const counts = await redis
        .multi()
        .llen(key('ready', 'submit'))
        .zcard(key('window', 'submit'))
        .llen(inFlight())
        .zcount(key('later', 'submit'), '-inf', until)
        .exec();
      return counts?.some(([, count]) => count !== 0) ?? true;
    },
    dueUntil: (kind, until) => redis.zcount(key('later', kind), '-inf', until),
    toSend: async () => (await inHand('submit')) + (await redis.zcard(key('later', 'submit'))) + (await kept()),
    async dueNext(most) {
      const flat = await redis.zrange(key('later', 'submit'), 0, most - 1, 'WITHSCORES');
      const due = flat.flatMap((id, at) => (at % 2 === 0 ? [{ id, until: Number(flat[at + 1]) }] : []));
      const waits = await Promise.all(due.map(({ id }) => redis.hget(key('registration', id), 'wait')));
      return due.map(({ until }, at) => ({ wait: (waits[at] as Wait | null) ?? undefined, until }));
    },
  };
}
