/** The jobs between ledger and BullMQ: how many there are, and giving one back. */
import type { Redis } from 'ioredis';
import { key } from './keys.js';
import type { Job, WorkKind } from './ledger.js';
import { script } from './scripts.js';

export interface Workload {
  /** `dueAt` in ms since 1970; undefined: there is nothing to do any more. A time that has passed: at once, as the next one. */
  giveBack(job: Job, id: string, dueAt: number | undefined): Promise<void>;
  /** Jobs that wait to be handed to BullMQ or are there; timed ones are not counted. */
  inHand(kind: WorkKind): Promise<number>;
  /** Registrations that become due after now and up to `until` (ms since 1970). */
  dueUntil(kind: WorkKind, until: number): Promise<number>;
}

export function openWorkload(redis: Redis): Workload {
  const giveBackScript = script(redis, 'give-back');
  return {
    async giveBack(job, id, dueAt) {
      const due = dueAt === undefined ? 0 : dueAt <= Date.now() ? -1 : dueAt;
      await giveBackScript([key('window', job.kind)], [job.kind, job.name, id, due]);
    },
    async inHand(kind) {
      const [ready, window] = await Promise.all([redis.llen(key('ready', kind)), redis.zcard(key('window', kind))]);
      return ready + window;
    },
    dueUntil: (kind, until) => redis.zcount(key('later', kind), '-inf', until),
  };
}
