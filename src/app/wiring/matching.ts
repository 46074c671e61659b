/** Dependencies of reading, matching and recording a push. */
import type { Redis } from 'ioredis';
import type { MatchContext } from '../../events/record.js';
import { openBatches } from '../../redis/ledger/batches.js';
import { openLedger } from '../../redis/ledger/ledger.js';
import { openAuthCodes, sealAuthCode } from '../../redis/pushes/auth-codes.js';
import type { Settings } from '../../settings.js';
import { decodeAesKey, type PushCredential } from '../../wechat/crypt.js';
import { authorizationNotifier, createdNotifier } from './created-webhook.js';
import { NO_CLIENT, registrationApi } from './registration-api.js';
import type { Store } from './store.js';
import { vaultOf } from './vault.js';

/** Dependencies of finding out what a stored push is about. */
export function matchContextOf(
  { settings, identify }: Pick<Store, 'settings' | 'identify'>,
  redis: Redis,
): MatchContext {
  return {
    identify,
    credentials: pushCredentials(settings),
    componentAppid: settings.wechatComponentAppid ?? '',
    ledger: openLedger(redis),
    matchOf: registrationApi(settings, NO_CLIENT).matchOf,
  };
}

/** Dependencies of recording what a push says about a registration, or of its Mini Program. */
export function settlingOf({ settings, log }: Pick<Store, 'settings' | 'log'>, redis: Redis) {
  const vault = vaultOf(settings);
  return {
    ledger: openLedger(redis),
    rowAt: openBatches(redis).rowAt,
    codes: openAuthCodes(redis),
    sealAuthCode: (code: string, appid: string) => sealAuthCode(vault, appid, code),
    // Whatever is relayed to the other service has its codes exchanged there.
    isShared: settings.forwardUrl !== undefined,
    resultWaitMs: settings.patience.resultWaitMs,
    notifyCreated: createdNotifier(settings, redis),
    notifyAuthorization: authorizationNotifier(settings, redis),
    log,
  };
}

/** Token and key are rotated one by one, so every pair of them may be in use. */
export function pushCredentials(settings: Settings): PushCredential[] {
  const tokens = [settings.wechatMessageToken, settings.wechatMessageTokenPrevious].filter((it) => it !== undefined);
  const keys = [settings.wechatEncodingAesKey, settings.wechatEncodingAesKeyPrevious].filter((it) => it !== undefined);
  return keys.flatMap((encodingAesKey) => tokens.map((token) => ({ token, aesKey: decodeAesKey(encodingAesKey) })));
}
