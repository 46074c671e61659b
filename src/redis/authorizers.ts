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

export interface Authorizers {
  keep(authorizer: Authorizer): Promise<void>;
  has(appid: string): Promise<boolean>;
  find(appid: string): Promise<Authorizer | undefined>;
}

export function openAuthorizers(redis: Redis, vault: Vault): Authorizers {
  return {
    async keep({ appid, refreshToken, registration, keptAt }) {
      const sealed = vault.seal(refreshToken, appid);
      await redis.hset(key('authorizer', appid), { refreshToken: sealed, registration, keptAt });
    },
    async has(appid) {
      return (await redis.exists(key('authorizer', appid))) === 1;
    },
    async find(appid) {
      const { refreshToken, registration = '', keptAt } = await redis.hgetall(key('authorizer', appid));
      if (refreshToken === undefined) return undefined;
      return { appid, refreshToken: vault.open(refreshToken, appid), registration, keptAt: Number(keptAt) };
    },
  };
}
