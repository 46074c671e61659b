/** Registrations that were sent and have no result yet, exactly the registrations that have a follow-up; and those that are sent later. */
import type { Redis } from 'ioredis';
import { registrationOf } from '../../domain/work.js';
import { answersOf } from '../exec.js';
import { key } from '../keys.js';

/** Each registration once. Read in one step, because a registration that leaves one of the three lists enters the next. */
export async function liveRegistrations(redis: Redis): Promise<string[]> {
  const steps = redis
    .multi()
    .zrange(key('scheduled', 'follow-up'), 0, -1)
    .lrange(key('ready', 'follow-up'), 0, -1)
    .zrange(key('window', 'follow-up'), 0, -1);
  const [later = [], ready = [], window = []] = (await answersOf(steps)) as string[][];
  return [...new Set([...later, ...ready, ...window.map(registrationOf)])];
}

export function postponedRegistrations(redis: Redis): Promise<string[]> {
  return redis.zrange(key('scheduled', 'submit'), 0, -1);
}
