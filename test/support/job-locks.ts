/** BullMQ's locks: half a minute in which the jobs of a worker that was killed are nobody's. */
import type { Redis } from 'ioredis';
import { prefix } from '../../src/redis/keys.js';
import type { JobLocks } from '../../src/worker/worker.js';

/** The second test of the-worker-is-killed-mid-call has the real ones. */
export const SHORT_LOCKS: JobLocks = { lockMs: 3_000, lookEveryMs: 500 };

/** Their time has passed. Only where the worker that held them is dead. */
export async function runOutLocks(redis: Redis): Promise<void> {
  const locks = await redis.keys(`${prefix()}:*:lock`);
  if (locks.length > 0) await redis.del(locks);
}
