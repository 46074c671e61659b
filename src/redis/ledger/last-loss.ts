/** The last loss of Redis, for status and notices; loss.ts detects losses and records the missing facts again. */
import type { Redis } from 'ioredis';
import { key } from '../keys.js';

/** How much Redis had forgotten in its last loss, and whether creates wait for a process that has yet to report. */
export interface Loss {
  readonly epoch: string;
  /** ms since 1970 */
  readonly at: number;
  readonly facts: number;
  readonly pushes: number;
}

export async function lastLoss(redis: Redis): Promise<Loss | undefined> {
  const { lossEpoch, lossAt, lossFacts, lossPushes } = await redis.hgetall(key('epoch'));
  if (lossEpoch === undefined) return undefined;
  return { epoch: lossEpoch, at: Number(lossAt), facts: Number(lossFacts), pushes: Number(lossPushes) };
}

/** How many processes have to report before creates go on; 0: creates do not wait. */
export async function unreported(redis: Redis): Promise<number> {
  const [settling, count] = await Promise.all([redis.hget(key('epoch'), 'settling'), redis.scard(key('unreported'))]);
  return settling === null ? 0 : count;
}
