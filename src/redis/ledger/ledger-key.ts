/**
 * The key with which registration ids are derived from enterprise codes, and by which journals belong to a ledger. It is derived
 * from what every process of a platform has, so that a Redis that was emptied gets the same one: with another key, nothing in
 * the journals would be about its merchants, and each that is loaded again would be sent a second time. The first process
 * writes it, once, because the secret key may be changed later.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { type IdentifyInLedger, identifyWith } from '../../domain/merchant.js';
import { key } from '../keys.js';

export interface LedgerKeySource {
  readonly secretKey: Buffer;
  /** AppID of the third-party platform. */
  readonly component: string;
  /** `apiAddress` of WeChat's API: a rehearsal is another ledger. */
  readonly api: string;
  /** Its name, FASTREGISTER_LEDGER. */
  readonly ledger: string;
}

export function ledgerKeyFrom({ secretKey, component, api, ledger }: LedgerKeySource): string {
  const parts = ['key of registration ids', component, api, ledger];
  return createHmac('sha256', secretKey).update(parts.join('\n')).digest('base64url');
}

/** @param sourceOfNew asked for a ledger without a key; undefined where the settings do not say all of it: the key is random */
export async function identifyIn(
  redis: Redis,
  sourceOfNew: () => LedgerKeySource | undefined,
): Promise<IdentifyInLedger> {
  const known = await redis.hget(key('ledger'), 'key');
  if (known !== null) return identifyWith(known);
  const source = sourceOfNew();
  await writeLedgerKey(redis, source === undefined ? randomBytes(32).toString('base64url') : ledgerKeyFrom(source));
  return identifyWith((await redis.hget(key('ledger'), 'key')) ?? '');
}

/** Writes the key of a ledger that has none. */
export async function writeLedgerKey(redis: Redis, ledgerKey: string): Promise<void> {
  await redis.hsetnx(key('ledger'), 'key', ledgerKey);
}
