/**
 * The registration of each Mini Program: an index that is written in the same step as the fact that the registration has the
 * Mini Program.
 */
import type { Redis } from 'ioredis';
import { key } from '../keys.js';

/** The registration of each of these appids, undefined for an appid without one; of purged merchants, too. */
export async function ownersOf(redis: Redis, appids: readonly string[]): Promise<(string | undefined)[]> {
  if (appids.length === 0) return [];
  return (await redis.hmget(key('appids'), ...appids)).map((owner) => owner ?? undefined);
}

/** The registration of a task of the successor, by WeChat's id of the task; undefined for a task without one. */
export async function ownerOfTask(redis: Redis, taskId: string): Promise<string | undefined> {
  return (await redis.hget(key('tasks'), taskId)) ?? undefined;
}
