import { apiAddress } from '../../domain/api-address.js';
import type { LedgerIdentity } from '../../redis/ledger/identity.js';
import type { LedgerKeySource } from '../../redis/ledger/ledger-key.js';
import { knownSecretKeyUnder } from '../../redis/secret-key.js';
import { fingerprintOf } from '../../redis/vault.js';
import type { Settings } from '../../settings.js';

/** What a process with these settings would make a ledger for. */
export function ledgerIdentityOf(settings: Settings): LedgerIdentity {
  const secretKey = knownSecretKeyOf(settings);
  return {
    component: settings.wechatComponentAppid,
    api: apiAddress(settings.wechatApiBaseUrl),
    secretKey: secretKey && fingerprintOf(secretKey),
    previousSecretKey: settings.secretKeyPrevious && fingerprintOf(settings.secretKeyPrevious),
  };
}

/** Undefined where these settings do not name the platform, or there is no secret key yet. */
export function ledgerKeySourceOf(settings: Settings): LedgerKeySource | undefined {
  const [secretKey, component] = [knownSecretKeyOf(settings), settings.wechatComponentAppid];
  if (secretKey === undefined || component === undefined) return undefined;
  return { secretKey, component, api: apiAddress(settings.wechatApiBaseUrl), ledger: settings.ledger };
}

function knownSecretKeyOf({ secretKey, redisUrl, home }: Settings): Buffer | undefined {
  return secretKey ?? (redisUrl === undefined ? knownSecretKeyUnder(home) : undefined);
}
