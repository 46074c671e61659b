import { apiAddress } from '../../domain/api-address.js';
import type { LedgerIdentity } from '../../redis/ledger/identity.js';
import type { LedgerKeySource } from '../../redis/ledger/ledger-key.js';
import { knownSecretKeyUnder, secretKeyUnder } from '../../redis/secret-key.js';
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

/**
 * Of a new ledger. The secret key of a private Redis is made for it: most ledgers are made by a command that needs none. Undefined
 * where these settings do not name the platform, or lack the secret key.
 */
export function ledgerKeySourceOf(settings: Settings): LedgerKeySource | undefined {
  const { wechatComponentAppid: component, redisUrl, home } = settings;
  if (component === undefined) return undefined;
  const secretKey = settings.secretKey ?? (redisUrl === undefined ? secretKeyUnder(home) : undefined);
  if (secretKey === undefined) return undefined;
  return { secretKey, component, api: apiAddress(settings.wechatApiBaseUrl), ledger: settings.ledger };
}
