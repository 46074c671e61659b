/**
 * The bell: one channel on which processes tell each other that there is something to do. A ring can be lost (a lost
 * connection, a restart), so whoever listens also looks by himself from time to time; a new connection rings for all.
 */
import type { Redis } from 'ioredis';
import { another } from './connection.js';
import { key } from './keys.js';

/**
 * `ready`: work to hand out; `line`: the line was stopped or resumed; `token`: a ticket or token came; `quota`: WeChat was
 * asked for the quota; `notice`: there is something to post.
 */
export type Ring = 'ready' | 'line' | 'token' | 'quota' | 'notice';

const RINGS: readonly Ring[] = ['ready', 'line', 'token', 'quota', 'notice'];

export interface Bell {
  on(ring: Ring, listener: () => void): () => void;
  close(): Promise<void>;
}

/**
 * Who only listens never notices that the connection is dead, for nothing is due on it: asked this often, it notices (see
 * `socketTimeout` in connection.ts). A firewall that forgets silent connections is reminded of this one, too.
 */
const PING_EVERY_MS = 30_000;

/** Takes a connection of its own: one that listens can do nothing else. */
export async function hangBell(redis: Redis): Promise<Bell> {
  const listeners = new Map<Ring, Set<() => void>>(RINGS.map((ring) => [ring, new Set()]));
  const tell = (ring: Ring): void => {
    for (const listener of listeners.get(ring) ?? []) listener();
  };
  // ioredis would subscribe again without hearing of a failure: a process that ends at that moment would crash of it.
  const subscriber = another(redis, { maxRetriesPerRequest: null, enableOfflineQueue: true, autoResubscribe: false });
  subscriber.on('error', () => {
    // The other connections of this process report that Redis is away; this one comes back by itself.
  });
  subscriber.on('message', (_channel, ring: Ring) => tell(ring));
  try {
    await subscriber.connect();
    await subscriber.subscribe(key('bell'));
  } catch (error) {
    // It would try again for ever, and keep the process alive for a bell that nobody has.
    subscriber.disconnect();
    throw error;
  }
  subscriber.on('ready', () => {
    subscriber.subscribe(key('bell')).then(
      () => RINGS.forEach(tell),
      () => {
        // Closed meanwhile, or lost again: then it subscribes once more when it is back.
      },
    );
  });

  const pinging = setInterval(() => {
    if (subscriber.status === 'ready') subscriber.ping().catch(() => {});
  }, PING_EVERY_MS).unref();

  return {
    on(ring, listener) {
      listeners.get(ring)?.add(listener);
      return () => listeners.get(ring)?.delete(listener);
    },
    async close() {
      clearInterval(pinging);
      subscriber.disconnect();
    },
  };
}
