/** The refresh tokens of the Mini Programs that were created: with one of them the platform acts for its merchant. */
import type { Redis } from 'ioredis';
import { key } from './keys.js';
import type { Vault } from './vault.js';

export interface Authorizer {
  readonly appid: string;
  readonly refreshToken: string;
  readonly registration: string;
  /** ms since 1970 */
  readonly keptAt: number;
}

/**
 * Spreads exchanges over the second. KEYS pace; ARGV exchanges a second. Answers how many ms to wait; 0: go.
 * Up to 50 ms of lateness are made up for.
 */
const PACE = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local due = tonumber(redis.call('GET', KEYS[1]) or 0)
if due - now > 50000 then return math.ceil((due - now - 50000) / 1000) end
redis.call('SET', KEYS[1], string.format('%.0f', math.max(due, now) + 1000000 / ARGV[1]), 'PX', 60000)
return 0`;

export interface Authorizers {
  /** Permission for one exchange: 0, or how many ms to wait before asking again. */
  mayExchange(perSecond: number): Promise<number>;
  keep(authorizer: Authorizer): Promise<void>;
  has(appid: string): Promise<boolean>;
  find(appid: string): Promise<Authorizer | undefined>;
  /** Appids, the first kept first. */
  list(): Promise<string[]>;
}

export function openAuthorizers(redis: Redis, vault: Vault): Authorizers {
  return {
    mayExchange: async (perSecond) => Number(await redis.eval(PACE, 1, key('exchangePace'), perSecond)),
    async keep({ appid, refreshToken, registration, keptAt }) {
      const sealed = vault.seal(refreshToken, appid);
      const done = await redis
        .multi()
        .hset(key('authorizer', appid), { refreshToken: sealed, registration, keptAt })
        .zadd(key('authorizers'), keptAt, appid)
        .exec();
      for (const [error] of done ?? []) if (error) throw error;
    },
    async has(appid) {
      return (await redis.exists(key('authorizer', appid))) === 1;
    },
    async find(appid) {
      const { refreshToken, registration = '', keptAt } = await redis.hgetall(key('authorizer', appid));
      if (refreshToken === undefined) return undefined;
      return { appid, refreshToken: vault.open(refreshToken, appid), registration, keptAt: Number(keptAt) };
    },
    list: () => redis.zrange(key('authorizers'), 0, -1),
  };
}
