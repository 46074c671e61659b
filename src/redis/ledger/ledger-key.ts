/** The key with which registration ids are derived from enterprise codes. The first process creates it, once. */
import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { type IdentifyInLedger, identifyWith } from '../../domain/merchant.js';
import { key } from '../keys.js';

export async function identifyIn(redis: Redis): Promise<IdentifyInLedger> {
  const known = await redis.hget(key('ledger'), 'key');
  if (known !== null) return identifyWith(known);
  await redis.hsetnx(key('ledger'), 'key', randomBytes(32).toString('base64url'));
  return identifyWith((await redis.hget(key('ledger'), 'key')) ?? '');
}
