/**
 * The key with which registration ids are derived from enterprise codes, and by which journals belong to a ledger. It is derived
 * from what every process of a platform has, so that a Redis that was emptied gets the same one: with another key, nothing in
 * the journals would be about its merchants, and each that is loaded again would be sent a second time. The first process
 * writes it, once, because the secret key may be changed later.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { key } from '../keys.js';
import { openLineSwitch } from '../line-switch.js';

/** What distinguishes a platform's ledgers. */
export interface LedgerName {
  /** AppID of the third-party platform. */
  readonly component: string;
  /** `apiAddress` of WeChat's API: a rehearsal is another ledger. */
  readonly api: string;
  /** FASTREGISTER_LEDGER */
  readonly ledger: string;
}

export interface LedgerKeySource extends LedgerName {
  readonly secretKey: Buffer;
}

export function ledgerKeyFrom({ secretKey, component, api, ledger }: LedgerKeySource): string {
  const parts = ['key of registration ids', component, api, ledger];
  return createHmac('sha256', secretKey).update(parts.join('\n')).digest('base64url');
}

/**
 * @param keyOfNew asked for a ledger without a key; undefined where it is not known here: the key is random, and replaced by that of a
 * process which knows it, as long as the ledger has no batch
 */
export async function keyIn(redis: Redis, keyOfNew: () => string | undefined): Promise<string> {
  for (;;) {
    const [known, provisional] = await redis.hmget(key('ledger'), 'key', PROVISIONAL);
    if (known && !provisional) return known;
    const platforms = keyOfNew();
    if (platforms !== undefined) await writeLedgerKey(redis, platforms);
    else if (!known) await redis.hsetnx(key('ledger'), 'key', await randomKey(redis));
    const written = await redis.hget(key('ledger'), 'key');
    // Else Redis was emptied in between.
    if (written !== null) return written;
  }
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

/** What stops the line: the ledger has another key than the one that calls of the last day were made with. */
export const OTHER_LEDGER_KEY = 'ledger:other_key';

/** Field of the ledger: the line was stopped for another key. A person may resume it. */
const STOPPED_FOR = 'otherKey';

/** Where the ledger's key is not this one, stops the line, once. */
export async function stopForOtherKey(redis: Redis, ledgerKey: string, now: number): Promise<boolean> {
  if ((await redis.hget(key('ledger'), 'key')) === ledgerKey) return false;
  if ((await redis.hexists(key('ledger'), STOPPED_FOR)) === 1) return false;
  const because = "a process of this ledger has calls of the last day that were made with another ledger's key";
  const line = openLineSwitch(redis);
  const stopped = await line.stopLine({ because, problem: OTHER_LEDGER_KEY, at: now });
  // Another process was faster, or the answer to the first run was lost. Any other fault ends before a person has heard of this.
  if (!stopped && (await line.line())?.problem !== OTHER_LEDGER_KEY) return false;
  // Afterwards: a process that is killed in between has stopped the line.
  await redis.hset(key('ledger'), STOPPED_FOR, '1');
  return true;
}
