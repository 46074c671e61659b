/** What other programs have to be told, in order within a lane, kept until it was delivered. */
import type { Redis } from 'ioredis';
import type { Destination, Notice, TakenNotice } from '../domain/notice.js';
import { answersOf } from './exec.js';
import { key } from './keys.js';
import { script } from './scripts.js';

export interface Notices {
  /** The next one that is due; or how many ms until there is one, Infinity where none is kept. */
  take(destination: Destination, leaseMs: number): Promise<TakenNotice | number>;
  done(destination: Destination, taken: TakenNotice): Promise<void>;
  postpone(destination: Destination, taken: TakenNotice, ms: number): Promise<void>;
  /** Lanes that have something to tell. */
  waiting(destination: Destination): Promise<number>;
}

/** Kept when it returns. Notices of one lane (a registration, a batch) are delivered in the order in which they were queued. */
export async function queueNotice(
  redis: Redis,
  destination: Destination,
  orderingKey: string,
  notice: Notice,
): Promise<void> {
  const steps = redis
    .multi()
    .rpush(key('notices', destination, orderingKey), JSON.stringify(notice))
    .zadd(key('noticesDue', destination), 'NX', Date.now(), orderingKey)
    .publish(key('wakeups'), 'notice');
  await answersOf(steps);
}

export function openNotices(redis: Redis): Notices {
  const takeScript = script(redis, 'notice-take');
  const settleScript = script(redis, 'notice-settle');
  const settle = async (
    destination: Destination,
    { lane: orderingKey, kept }: TakenNotice,
    ms: number,
  ): Promise<void> => {
    await settleScript([key('noticesDue', destination)], [destination, orderingKey, kept, ms]);
  };

  return {
    async take(destination, leaseMs) {
      const [dueInMs, orderingKey, kept, tries = 0, triedForMs = 0] = (await takeScript(
        [key('noticesDue', destination)],
        [destination, leaseMs],
      )) as [number, string?, string?, number?, number?];
      if (orderingKey === undefined || kept === undefined) return dueInMs < 0 ? Number.POSITIVE_INFINITY : dueInMs;
      return { lane: orderingKey, kept, notice: JSON.parse(kept) as Notice, tries, triedForMs };
    },
    done: (destination, taken) => settle(destination, taken, -1),
    postpone: (destination, taken, ms) => settle(destination, taken, Math.round(ms)),
    waiting: (destination) => redis.zcard(key('noticesDue', destination)),
  };
}
