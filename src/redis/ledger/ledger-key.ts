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

/**
 * @param sourceOfNew asked for a ledger without a key; undefined where the settings do not say all of it: the key is random, and
 * replaced by that of a process which knows it, as long as the ledger has no batch
 */
export async function identifyIn(
  redis: Redis,
  sourceOfNew: () => LedgerKeySource | undefined,
): Promise<IdentifyInLedger> {
  const [known, provisional] = await redis.hmget(key('ledger'), 'key', PROVISIONAL);
  if (known && !provisional) return identifyWith(known);
  const source = sourceOfNew();
  if (source !== undefined) await writeLedgerKey(redis, ledgerKeyFrom(source));
  else if (!known) await redis.hsetnx(key('ledger'), 'key', await randomKey(redis));
  return identifyWith((await redis.hget(key('ledger'), 'key')) ?? '');
}

/** Field of the ledger: its key was made by a process that did not know the platform, such as `status` with REDIS_URL alone. */
const PROVISIONAL = 'provisionalKey';

async function randomKey(redis: Redis): Promise<string> {
  await redis.hset(key('ledger'), PROVISIONAL, '1');
  return randomBytes(32).toString('base64url');
}

/** Writes the key of a ledger that has none, or one that nothing was loaded with. */
export async function writeLedgerKey(redis: Redis, ledgerKey: string): Promise<void> {
  await redis.hsetnx(key('ledger'), 'key', ledgerKey);
  const [provisional, batches] = await Promise.all([
    redis.hget(key('ledger'), PROVISIONAL),
    redis.exists(key('batches')),
  ]);
  if (!provisional || batches > 0) return;
  await redis.hset(key('ledger'), 'key', ledgerKey);
  await redis.hdel(key('ledger'), PROVISIONAL);
}
