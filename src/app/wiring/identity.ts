import { apiAddress } from '../../domain/api-address.js';
import type { LedgerIdentity } from '../../redis/ledger/identity.js';
import { knownSecretKeyUnder } from '../../redis/secret-key.js';
import { fingerprintOf } from '../../redis/vault.js';
import type { Settings } from '../../settings.js';

/** What a process with these settings would make a ledger for. */
export function ledgerIdentityOf(settings: Settings): LedgerIdentity {
  const isPrivate = settings.redisUrl === undefined;
  const secretKey = settings.secretKey ?? (isPrivate ? knownSecretKeyUnder(settings.home) : undefined);
  return {
    component: settings.wechatComponentAppid,
    api: apiAddress(settings.wechatApiBaseUrl),
    secretKey: secretKey && fingerprintOf(secretKey),
    previousSecretKey: settings.secretKeyPrevious && fingerprintOf(settings.secretKeyPrevious),
  };
}
