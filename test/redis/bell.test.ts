/** A bell whose connection is lost: between it and Redis sits a wire that the test can watch and cut. */
import { once } from 'node:events';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Bell, hangBell } from '../../src/redis/bell.js';
import { connect } from '../../src/redis/connection.js';
import { key } from '../../src/redis/keys.js';
import { type OwnRedis, ownRedis } from '../support/own-redis.js';

const SILENT = { info() {}, warn() {} };

let own: OwnRedis;
let wire: Server;
let ends: Socket[];
/** Sees what is said to Redis; what it answers false to is kept from Redis. */
let passes: (said: string) => boolean;
let bell: Bell;

beforeAll(async () => {
  own = await ownRedis();
});
afterAll(() => own.end());

beforeEach(async () => {
  ends = [];
  passes = () => true;
  wire = createServer((near) => {
    const far = dial(own.socketPath);
    ends.push(near, far);
    near.on('data', (said) => {
      if (passes(said.toString('latin1'))) far.write(said);
    });
    far.pipe(near);
    for (const end of [near, far]) end.on('error', () => {}).on('close', () => [near, far].map((one) => one.destroy()));
  });
  wire.listen(join(own.folder, 'wire.sock'));
  await once(wire, 'listening');
  const near = await connect({ socketPath: join(own.folder, 'wire.sock') }, 'worker', SILENT);
  bell = await hangBell(near);
  near.disconnect();
});
afterEach(async () => {
  await bell.close();
  for (const end of ends) end.destroy();
  await new Promise((resolve) => wire.close(resolve));
});

const cut = (): void => {
  for (const end of ends) end.destroy();
};

test('a connection that comes back rings for all, once it hears again', async () => {
  const rung = new Promise<void>((resolve) => bell.on('line', resolve));
  cut();
  await rung;

  const heard = new Promise<void>((resolve) => bell.on('quota', resolve));
  await (await own.connect()).publish(key('bell'), 'quota');
  await heard;
});

test('a bell that is closed while its connection comes back is silent, and breaks nothing', async () => {
  const unhandled: unknown[] = [];
  const watch = (reason: unknown): void => void unhandled.push(reason);
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', watch);
  try {
    const asked = new Promise<void>((resolve) => {
      passes = (said) => {
        if (!said.includes('subscribe')) return true;
        resolve();
        return false;
      };
    });
    cut();
    await asked;
    await bell.close();
    await once(ends.at(-1) as Socket, 'close');
    // Node tells of unhandled rejections before the next timers.
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off('unhandledRejection', watch);
    for (const other of others) process.on('unhandledRejection', other);
  }
  expect(unhandled).toEqual([]);
});
