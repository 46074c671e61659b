/** A wire between a test and its Redis, which the test can watch, cut, and let go dead. */
import { once } from 'node:events';
import { createServer, connect as dial, type Socket } from 'node:net';
import { join } from 'node:path';
import type { OwnRedis } from './own-redis.js';

export interface Wire {
  readonly socketPath: string;
  /** Every connection of now ends. */
  cut(): void;
  /** As a firewall does that forgets connections: those of now stay open, and nothing passes any more. */
  goDead(): void;
  /** What Redis answers comes when the returned function is called. */
  hold(): () => void;
  /** Resolves when something with this word in it is said to Redis. */
  saying(word: string): Promise<void>;
  /** Sees what is said to Redis; what it answers false to is kept from Redis. */
  passes: (said: string) => boolean;
  /** Resolves when the connection that was made last is closed. */
  lastClosed(): Promise<unknown>;
  close(): Promise<void>;
}

export async function wireTo(redis: OwnRedis): Promise<Wire> {
  let ends: Socket[] = [];
  const dead = new WeakSet<Socket>();
  const listeners = new Set<(said: string) => void>();
  let held: (() => void)[] | undefined;
  const server = createServer((near) => {
    const far = dial(redis.socketPath);
    ends.push(near, far);
    near.on('data', (data) => {
      const said = data.toString('latin1');
      for (const listener of listeners) listener(said);
      if (!dead.has(near) && wire.passes(said)) far.write(data);
    });
    far.on('data', (data) => {
      if (dead.has(near)) return;
      if (held !== undefined) held.push(() => near.write(data));
      else near.write(data);
    });
    for (const end of [near, far]) {
      end
        .on('error', () => {})
        .on('close', () => {
          near.destroy();
          far.destroy();
        });
    }
  });
  const cut = (): void => {
    for (const end of ends) end.destroy();
    ends = [];
  };
  const wire: Wire = {
    socketPath: join(redis.folder, 'wire.sock'),
    cut,
    goDead() {
      for (const end of ends) dead.add(end);
    },
    hold() {
      const answers: (() => void)[] = [];
      held = answers;
      return () => {
        held = undefined;
        for (const answer of answers) answer();
      };
    },
    saying: (word) =>
      new Promise((resolve) => {
        const listener = (said: string): void => {
          if (!said.includes(word)) return;
          listeners.delete(listener);
          resolve();
        };
        listeners.add(listener);
      }),
    passes: () => true,
    lastClosed: () => once(ends.at(-1) as Socket, 'close'),
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  server.listen(wire.socketPath);
  await once(server, 'listening');
  return wire;
}
