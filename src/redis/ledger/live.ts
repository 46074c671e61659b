/** Registrations that were sent and have not met their end: exactly those of which a follow-up is due. */
import type { Redis } from 'ioredis';
import { registrationOf } from '../../domain/work.js';
import { key } from '../keys.js';

/** Each once. In one step, because what leaves one of the three lists is in the next. */
export async function liveRegistrations(redis: Redis): Promise<string[]> {
  const answers = await redis
    .multi()
    .zrange(key('scheduled', 'follow-up'), 0, -1)
    .lrange(key('ready', 'follow-up'), 0, -1)
    .zrange(key('window', 'follow-up'), 0, -1)
    .exec();
  const [later = [], ready = [], window = []] = (answers ?? []).map(([error, ids]) => {
    if (error) throw error;
    return ids as string[];
  });
  return [...new Set([...later, ...ready, ...window.map(registrationOf)])];
}
