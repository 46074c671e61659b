/** The refresh tokens of the Mini Programs that were created. */
import { isRedisUnable } from '../domain/ledger-errors.js';
import { openComponentStore } from '../redis/component-store.js';
import { adoptLedger } from '../redis/ledger/identity.js';
import { openAuthorizers } from '../redis/pushes/authorizers.js';
import { RequestError } from './request-error.js';
import { ledgerIdentityOf } from './wiring/identity.js';
import type { Store } from './wiring/store.js';
import { vaultOf } from './wiring/vault.js';

type ExportStore = Pick<Store, 'redis' | 'settings'>;

/** What the vault says, in Chinese. */
const NOT_OPENED =
  '刷新令牌无法解开：FASTREGISTER_SECRET_KEY 和 FASTREGISTER_SECRET_KEY_PREVIOUS 都不是加密时所用的密钥。';

export interface ExportedToken {
  readonly appid: string;
  readonly refreshToken: string;
  readonly registration: string;
  /** ms since 1970 */
  readonly keptAt: number;
}

/** @throws RequestError if the key that sealed a token is not set */
export async function exportTokens({ redis, settings }: ExportStore): Promise<ExportedToken[]> {
  const authorizers = openAuthorizers(redis, vaultOf(settings));
  const tokens: ExportedToken[] = [];
  for (const appid of await authorizers.list()) {
    const kept = await authorizers.find(appid).catch((cause: Error) => {
      if (isRedisUnable(cause)) throw cause;
      throw new RequestError(
        'refused',
        { en: `${cause.message}. Set the key that was set then.`, zh: `${NOT_OPENED}请设置当时的密钥。` },
        { cause },
      );
    });
    if (kept !== undefined) tokens.push(kept);
  }
  return tokens;
}

export interface Resealed {
  readonly tokens: number;
  /** How many there are. */
  readonly of: number;
  /** Verify ticket and access token of the platform. */
  readonly ofPlatform: number;
}

/** Seals with the present key what the previous key has sealed. @throws RequestError if neither key opens a token */
export async function resealTokens({ redis, settings }: ExportStore): Promise<Resealed> {
  const authorizers = openAuthorizers(redis, vaultOf(settings));
  const appids = await authorizers.list();
  let tokens = 0;
  for (const appid of appids) {
    const isNew = await authorizers.reseal(appid).catch((cause: Error) => {
      if (isRedisUnable(cause)) throw cause;
      throw new RequestError(
        'refused',
        {
          en: `${appid}: ${cause.message}. Set both keys.`,
          zh: `${appid}：${NOT_OPENED}请同时设置新旧两个密钥。`,
        },
        { cause },
      );
    });
    if (isNew) tokens += 1;
  }
  const ofPlatform = await openComponentStore(redis, () => vaultOf(settings)).reseal();
  await adoptLedger(redis, { secretKey: ledgerIdentityOf(settings).secretKey });
  return { tokens, of: appids.length, ofPlatform };
}
