/** Links that legal persons have yet to open. The ledger keeps the list in the step that moves a registration. */
import type { Redis } from 'ioredis';
import { key } from './keys.js';
import { script } from './scripts.js';

export interface Links {
  /** How many end after `from` and not after `until`; times in ms since 1970. */
  count(from: number, until: number): Promise<number>;
  /** When the first one ends after `from`. */
  nextEnd(from: number): Promise<number | undefined>;
  /** Registrations whose link ends by `until`, each of them answered once, to one process. */
  takeEnding(until: number): Promise<string[]>;
}

export function openLinks(redis: Redis): Links {
  const endingScript = script(redis, 'links-ending');
  return {
    count: (from, until) => redis.zcount(key('links'), `(${from}`, until === Number.POSITIVE_INFINITY ? '+inf' : until),
    async nextEnd(from) {
      const [, endsAt] = await redis.zrangebyscore(key('links'), `(${from}`, '+inf', 'WITHSCORES', 'LIMIT', 0, 1);
      return endsAt === undefined ? undefined : Number(endsAt);
    },
    takeEnding: async (until) => (await endingScript([key('unreminded')], [until])) as string[],
  };
}
