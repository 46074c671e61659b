/** Notices that were sent already, so that many processes send each one once. */
import type { Redis } from 'ioredis';
import { type Notice, type Outlet, placeFor } from '../domain/notice.js';
import { key } from './keys.js';
import { script } from './scripts.js';

export interface SentNotices {
  /** The last notice about each subject. */
  all(): Promise<Readonly<Record<string, string>>>;
  /** Queues the notice for every outlet unless the same was sent about the subject, in one step. */
  sendOnce(subject: string, what: string, orderingKey: string, notice: Notice): Promise<void>;
  /** Remembers the notice as sent without queuing it. */
  note(subject: string, what: string): Promise<void>;
  /** The same, if nothing was sent or noted about the subject: another process may have just sent a notice. */
  noteFirst(subject: string, what: string): Promise<void>;
}

export function openSentNotices(redis: Redis, outlets: readonly Outlet[]): SentNotices {
  const sendScript = script(redis, 'send-once');
  return {
    all: () => redis.hgetall(key('sentNotices')),
    async sendOnce(subject, what, orderingKey, notice) {
      const places = outlets.map((outlet) => placeFor(outlet, orderingKey));
      await sendScript(
        [key('sentNotices')],
        [
          subject,
          what,
          JSON.stringify(notice),
          ...places.flatMap(({ destination, ...place }) => [destination, place.orderingKey, place.dueInMs]),
        ],
      );
    },
    async note(subject, what) {
      await redis.hset(key('sentNotices'), subject, what);
    },
    async noteFirst(subject, what) {
      await redis.hsetnx(key('sentNotices'), subject, what);
    },
  };
}
