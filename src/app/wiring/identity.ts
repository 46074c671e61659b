import { apiAddress } from '../../domain/api-address.js';
import type { LedgerIdentity } from '../../redis/ledger/identity.js';
import { rememberedKeys } from '../../redis/ledger/journal-key.js';
import { type LedgerName, ledgerKeyFrom } from '../../redis/ledger/ledger-key.js';
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

/** Undefined where these settings do not name the platform. */
export function ledgerNameOf(settings: Settings): LedgerName | undefined {
  const { wechatComponentAppid: component, wechatApiBaseUrl, ledger } = settings;
  return component === undefined ? undefined : { component, api: apiAddress(wechatApiBaseUrl), ledger };
}

/**
 * The key of a new ledger: that of the journals of this home, or else derived from the secret key. While that is being changed, it is
 * derived from the previous one, with which the ledger was made. The secret key of a private Redis is made for it: most ledgers are made
 * by a command that needs none. Undefined where these settings do not name the platform, or lack the secret key.
 */
export function keyOfNewLedger(settings: Settings): string | undefined {
  const name = ledgerNameOf(settings);
  if (name === undefined) return undefined;
  const { redisUrl, home, secretKeyPrevious } = settings;
  const secretKey = settings.secretKey ?? (redisUrl === undefined ? secretKeyUnder(home) : undefined);
  const [remembered] = rememberedKeys(home, name);
  if (remembered !== undefined) return remembered.key;
  return secretKey && ledgerKeyFrom({ secretKey: secretKeyPrevious ?? secretKey, ...name });
}
