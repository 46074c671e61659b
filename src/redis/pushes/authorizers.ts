/** The refresh tokens of the Mini Programs that were created: with one of them the platform acts for its merchant. */
import type { Redis } from 'ioredis';
import type { Authorizer, Origin } from '../../domain/authorizer.js';
import { key } from '../keys.js';
import { script } from '../scripts.js';
import type { Vault } from '../vault.js';

export interface Authorizers {
  /** Permission for one exchange: 0, or how many ms to wait before asking again. */
  mayExchange(perSecond: number): Promise<number>;
  /** False where the merchant has withdrawn the authorisation that the token came from. */
  keep(authorizer: Authorizer, origin?: Origin): Promise<boolean>;
  has(appid: string): Promise<boolean>;
  /** Whether the merchant withdrew the authorisation after that time (ms since 1970). */
  isWithdrawnSince(appid: string, time: number): Promise<boolean>;
  /** The registration of the Mini Program, where its token is kept; '' while it is unknown. */
  keptFor(appid: string): Promise<string | undefined>;
  find(appid: string): Promise<Authorizer | undefined>;
  /** Whether a Mini Program of a registration may have no stored token. */
  someLack(): Promise<boolean>;
  /** The appids among these that have no stored refresh token. */
  lacking(appids: readonly string[]): Promise<ReadonlySet<string>>;
  /** Appids in the order in which their tokens were first stored. */
  list(): Promise<string[]>;
  /** Seals a token anew if the previous key has sealed it; false: that was not necessary. */
  reseal(appid: string): Promise<boolean>;
}

export function openAuthorizers(redis: Redis, vault: Vault): Authorizers {
  const paceScript = script(redis, 'exchange-pace');
  const keepScript = script(redis, 'keep-token');
  const resealScript = script(redis, 'replace-field');

  /** The registration that the index names; if it names none yet, the registration for which the token was stored. */
  async function fieldsOf(appid: string): Promise<Omit<Authorizer, 'appid'> | undefined> {
    const [{ refreshToken, registration = '', keptAt }, owner] = await Promise.all([
      redis.hgetall(key('authorizer', appid)),
      redis.hget(key('appids'), appid),
    ]);
    if (refreshToken === undefined) return undefined;
    return { refreshToken, registration: owner ?? registration, keptAt: Number(keptAt) };
  }

  return {
    mayExchange: async (perSecond) => Number(await paceScript([key('exchangePace')], [perSecond])),
    async keep({ appid, refreshToken, registration, keptAt }, origin) {
      const sealed = vault.seal(refreshToken, appid);
      const from = [origin?.mark ?? '', origin?.at ?? keptAt, origin?.pushedAt ?? ''];
      return (await keepScript([key('authorizer', appid)], [appid, sealed, registration, keptAt, ...from])) === 1;
    },
    async has(appid) {
      return (await redis.hexists(key('authorizer', appid), 'refreshToken')) === 1;
    },
    async isWithdrawnSince(appid, time) {
      return time < Number(await redis.hget(key('authorizer', appid), 'withdrawnAt'));
    },
    async keptFor(appid) {
      const kept = await fieldsOf(appid);
      return kept?.registration;
    },
    async find(appid) {
      const kept = await fieldsOf(appid);
      return kept && { ...kept, appid, refreshToken: vault.open(kept.refreshToken, appid) };
    },
    async someLack() {
      const [known, kept] = await Promise.all([redis.hlen(key('appids')), redis.zcard(key('authorizers'))]);
      return known > kept;
    },
    async lacking(appids) {
      if (appids.length === 0) return new Set();
      const kept = await redis.zmscore(key('authorizers'), ...appids);
      return new Set(appids.filter((_, at) => kept[at] === null));
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
