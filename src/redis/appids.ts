/** Which Mini Programs belong to a registration, whether its merchant's details are there or were purged. */
import type { Redis } from 'ioredis';
import { prefix } from './keys.js';
import { script } from './scripts.js';

/** A run of so many keeps Redis from others for a few milliseconds. */
const KEYS_AT_ONCE = 1_000;

/** There is no index of them: it is asked for seldom, and a million registrations would pay for it. */
export async function appidsIn(redis: Redis): Promise<ReadonlySet<string>> {
  const appidsScript = script(redis, 'appids');
  const all = new Set<string>();
  let cursor = '0';
  do {
    const [next, appids] = (await appidsScript([prefix()], [cursor, KEYS_AT_ONCE])) as [string, string[]];
    for (const appid of appids) all.add(appid);
    cursor = next;
  } while (cursor !== '0');
  return all;
}
