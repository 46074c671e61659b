/** Redis' clock, by which quota days and waits begin and end for every process. */
import type { Redis } from 'ioredis';

/** ms since 1970 */
export async function timeOf(redis: Redis): Promise<number> {
  return msOf(await redis.time());
}

/** The answer of `TIME` in ms. */
export function msOf([seconds, microseconds]: readonly (string | number)[]): number {
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
}
