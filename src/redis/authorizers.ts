/** The refresh tokens of the Mini Programs that were created: with one of them the platform acts for its merchant. */
import type { Redis } from 'ioredis';
import { key } from './keys.js';
import { script } from './scripts.js';
import type { Vault } from './vault.js';

export interface Authorizer {
  readonly appid: string;
  readonly refreshToken: string;
  readonly registration: string;
  /** ms since 1970 */
  readonly keptAt: number;
}

export interface Authorizers {
  /** Permission for one exchange: 0, or how many ms to wait before asking again. */
  mayExchange(perSecond: number): Promise<number>;
  keep(authorizer: Authorizer): Promise<void>;
  has(appid: string): Promise<boolean>;
  /** Which registration's Mini Program it is, where its token is kept. */
  keptFor(appid: string): Promise<string | undefined>;
  find(appid: string): Promise<Authorizer | undefined>;
  /** Appids, the first kept first. */
  list(): Promise<string[]>;
  /** Seals a token anew that the key before the present one has sealed; false: that was not necessary. */
  reseal(appid: string): Promise<boolean>;
}

export function openAuthorizers(redis: Redis, vault: Vault): Authorizers {
  const paceScript = script(redis, 'exchange-pace');
  const resealScript = script(redis, 'replace-field');
  return {
    mayExchange: async (perSecond) => Number(await paceScript([key('exchangePace')], [perSecond])),
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
    async keptFor(appid) {
      return (await redis.hget(key('authorizer', appid), 'registration')) ?? undefined;
    },
    async find(appid) {
      const { refreshToken, registration = '', keptAt } = await redis.hgetall(key('authorizer', appid));
      if (refreshToken === undefined) return undefined;
      return { appid, refreshToken: vault.open(refreshToken, appid), registration, keptAt: Number(keptAt) };
    },
    list: () => redis.zrange(key('authorizers'), 0, -1),
    async reseal(appid) {
      const sealed = await redis.hget(key('authorizer', appid), 'refreshToken');
      if (sealed === null || vault.isCurrent(sealed)) return false;
      const fresh = vault.seal(vault.open(sealed, appid), appid);
      // A token that was exchanged meanwhile is newer, and the present key has sealed it.
      return (await resealScript([key('authorizer', appid)], ['refreshToken', sealed, fresh])) === 1;
    },
  };
}
