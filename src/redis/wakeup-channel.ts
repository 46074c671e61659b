/**
 * One channel on which processes wake each other when there is something to do. A message can be lost (a lost connection, a
 * restart), so every subscriber also polls from time to time; a new connection wakes the subscribers of all topics.
 */
import type { Redis } from 'ioredis';
import { key } from './keys.js';
import { duplicateConnection } from './server/connection.js';

/**
 * `ready`: work to hand out; `line`: the line was stopped or resumed; `token`: a ticket or token came; `quota`: WeChat was
 * asked for the quota; `notice`: there is something to post; `night`: a person wants a nightly run now.
 */
export type Topic = 'ready' | 'line' | 'token' | 'quota' | 'notice' | 'night';

const TOPICS: readonly Topic[] = ['ready', 'line', 'token', 'quota', 'notice', 'night'];

export interface WakeupChannel {
  on(topic: Topic, listener: () => void): () => void;
  close(): Promise<void>;
}

/**
 * A process that only listens never notices that its connection is dead, because no answer is due on it. A ping this
 * often makes it notice (see `socketTimeout` in connection.ts), and keeps the connection open in a firewall that
 * forgets silent ones.
 */
const PING_EVERY_MS = 30_000;

/** Uses a separate connection: a connection that listens can do nothing else. */
export async function openWakeupChannel(redis: Redis): Promise<WakeupChannel> {
  const listeners = new Map<Topic, Set<() => void>>(TOPICS.map((topic) => [topic, new Set()]));
  const deliver = (topic: Topic): void => {
    for (const listener of listeners.get(topic) ?? []) listener();
  };
  // ioredis would subscribe again without catching an error: a process that ends at that moment would crash.
  const subscriber = duplicateConnection(redis, {
    maxRetriesPerRequest: null,
    enableOfflineQueue: true,
    autoResubscribe: false,
  });
  subscriber.on('error', () => {
    // The other connections of this process report that Redis is away; this one comes back by itself.
  });
  subscriber.on('message', (_channel, topic: Topic) => deliver(topic));
  try {
    await subscriber.connect();
    await subscriber.subscribe(key('wakeups'));
  } catch (error) {
    // Otherwise it would reconnect for ever, keep the process alive, and could not be closed.
    subscriber.disconnect();
    throw error;
  }
  subscriber.on('ready', () => {
    subscriber.subscribe(key('wakeups')).then(
      () => TOPICS.forEach(deliver),
      () => {
        // Closed meanwhile, or lost again: it subscribes once more when it is connected.
      },
    );
  });

  const pinging = setInterval(() => {
    if (subscriber.status === 'ready') subscriber.ping().catch(() => {});
  }, PING_EVERY_MS).unref();

  return {
    on(topic, listener) {
      listeners.get(topic)?.add(listener);
      return () => listeners.get(topic)?.delete(listener);
    },
    async close() {
      clearInterval(pinging);
      subscriber.disconnect();
    },
  };
}
