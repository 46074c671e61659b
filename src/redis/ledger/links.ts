/** Links that legal persons have yet to open. The ledger keeps the lists in the step that moves a registration. */
import type { Redis } from 'ioredis';
import { key } from '../keys.js';

export interface Links {
  /** How many end after `from` and not after `until`; times in ms since 1970. */
  count(from: number, until: number): Promise<number>;
  /** When the first one ends after `from`. */
  nextEnd(from: number): Promise<number | undefined>;
  /** Registrations with a link that ends by `until` and had no reminder; `most` of them. */
  toRemind(until: number, most: number): Promise<string[]>;
  /** False where another process was faster. */
  reminded(id: string): Promise<boolean>;
  /** Registrations with a link that was not announced, `most` of them. */
  toAnnounce(most: number): Promise<string[]>;
  announced(id: string): Promise<boolean>;
}

export function openLinks(redis: Redis): Links {
  return {
    count: (from, until) => redis.zcount(key('links'), `(${from}`, until === Number.POSITIVE_INFINITY ? '+inf' : until),
    async nextEnd(from) {
      const [, endsAt] = await redis.zrangebyscore(key('links'), `(${from}`, '+inf', 'WITHSCORES', 'LIMIT', 0, 1);
      return endsAt === undefined ? undefined : Number(endsAt);
    },
    toRemind: (until, most) => redis.zrangebyscore(key('unreminded'), '-inf', until, 'LIMIT', 0, most),
    reminded: async (id) => (await redis.zrem(key('unreminded'), id)) === 1,
    toAnnounce: (most) => redis.zrange(key('linksToAnnounce'), 0, most - 1),
    announced: async (id) => (await redis.zrem(key('linksToAnnounce'), id)) === 1,
  };
}
