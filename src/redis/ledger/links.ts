/** Links that legal persons have yet to open. The step that moves a registration also updates these lists. */
import type { Redis } from 'ioredis';
import { key } from '../keys.js';

export interface Links {
  /** How many links end after `from` and not after `until`; times in ms since 1970. */
  count(from: number, until: number): Promise<number>;
  /** When the first link after `from` ends. */
  nextEnd(from: number): Promise<number | undefined>;
  /** Registrations whose link ends by `until` and had no reminder; at most `most`. */
  toRemind(until: number, most: number): Promise<string[]>;
  /** False where another process was faster. */
  reminded(id: string): Promise<boolean>;
  /** Registrations whose link was not announced; at most `most`. */
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
