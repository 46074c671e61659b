/** Whether pushes come in or calls go out at the moment: large work that can wait slows down for them. */
import type { Redis } from 'ioredis';
import { answersOf } from '../exec.js';
import { key } from '../keys.js';

/** How long after a push or call the next one is still expected. */
const LATELY_MS = 1_000;

export async function isTraffic(redis: Redis): Promise<boolean> {
  const steps = redis.pipeline().time().hget(key('lastSeen'), 'push').lindex(key('recent'), 0);
  const [time, push, call] = (await answersOf(steps)) as [[string, string], string | null, string | null];
  const now = Number(time[0]) * 1000 + Number(time[1]) / 1000;
  const [pushedAt, calledAt] = [Number(push ?? 0), Number.parseInt(call ?? '0', 10) / 1000];
  // A time in the future was written before Redis' clock was set back.
  return [pushedAt, calledAt].some((at) => at <= now && now - at < LATELY_MS);
}
