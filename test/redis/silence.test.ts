/** Connections on which nothing comes any more, though nobody has closed them. */
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { StoredPush } from '../../src/domain/push.js';
import { openPushes, openPushReader } from '../../src/redis/pushes/pushes.js';
import { factsOf } from '../../src/redis/server/check-server.js';
import { connect, type Role } from '../../src/redis/server/connection.js';
import { RedisUnavailable } from '../../src/redis/server/errors.js';
import { type OwnRedis, ownRedis } from '../support/own-redis.js';
import { until } from '../support/until.js';
import { type Wire, wireTo } from '../support/wire.js';

/** Short beside every deadline, so that an answer on its way is in time on a busy machine, too. */
const STEP_MS = 20;

let own: OwnRedis;
let wire: Wire;
let said: string[];
let opened: Redis[];

beforeAll(async () => {
  own = await ownRedis();
});
afterAll(() => own.end());

beforeEach(async () => {
  wire = await wireTo(own);
  said = [];
  opened = [];
  // What the program waits for passes when the test says so.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(async () => {
  vi.useRealTimers();
  for (const redis of opened) redis.disconnect();
  await wire.close();
});

async function open(role: Role): Promise<Redis> {
  const lines = said;
  const tell = (_facts: object, sentence: string): void => void lines.push(sentence);
  const redis = await connect({ socketPath: wire.socketPath }, role, { info: tell, warn: tell });
  opened.push(redis);
  return redis;
}

/** Every wait of now is over; what follows from that takes its time. */
async function longAfter<T>(asked: Promise<T>): Promise<T> {
  let over = false;
  const answered = asked.finally(() => {
    over = true;
  });
  answered.catch(() => {});
  await vi.runOnlyPendingTimersAsync();
  await untilTimePasses('what was asked for has an answer', () => over);
  return answered;
}

async function untilTimePasses(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  await until(what, async () => {
    await vi.advanceTimersByTimeAsync(STEP_MS);
    return condition();
  });
}

test.each<Role>(['background', 'interactive'])(
  'a %s gives up a Redis that takes connections and never answers',
  async (role) => {
    wire.passes = () => false;
    const asked = wire.saying('client');
    const failure = open(role).catch((error: unknown) => error);
    await asked;
    const error = await longAfter(failure);
    expect(error).toBeInstanceOf(RedisUnavailable);
    expect(String(error)).toContain('it takes connections and does not answer. It may be reading its data');
  },
);

test('a worker that waits for an answer on a dead connection gets it on the next one', async () => {
  const redis = await open('background');
  wire.goDead();
  expect(await longAfter(redis.set('fact', 'written'))).toBe('OK');
  expect(said).toEqual(['The connection to Redis was lost; trying again.', 'The connection to Redis is back.']);
});

test('a receiver gets an error at once when its connection is dead, and then another connection', async () => {
  const redis = await open('interactive');
  wire.goDead();
  await expect(longAfter(redis.ping())).rejects.toThrow('timed out');
  await untilTimePasses('it is connected anew', () => said.length === 2);
  expect(await redis.ping()).toBe('PONG');
});

test('a load waits for a Redis, or for itself, that stands still for some seconds, and not for ever', async () => {
  const redis = await open('bulk');
  const release = wire.hold();
  const asked = redis.ping();
  await vi.advanceTimersByTimeAsync(15_000);
  release();
  expect(await asked).toBe('PONG');
  expect(said).toEqual([]);
  wire.goDead();
  await expect(longAfter(redis.ping())).rejects.toThrow('timed out');
});

test('the recorder takes up a push that came after its connection had died', async () => {
  const reader = openPushReader(await open('background'), 'recorder');
  const other = await own.connect();
  expect(await reader.next(1)).toEqual([]);

  const asked = wire.saying('xreadgroup');
  const taken: Promise<StoredPush[]> = reader.next(1_000);
  await asked;
  wire.goDead();
  // As long as Redis waits to answer the dead one, it would give the push to that one first.
  await until('Redis waits for nobody', async () => factsOf(await other.info()).get('blocked_clients') === '0');
  await openPushes(other).store([{ receivedAt: 1, infoType: 'authorized', query: '', body: Buffer.from('<xml/>') }]);

  expect(await longAfter(taken)).toMatchObject([{ infoType: 'authorized' }]);
  reader.close();
});

test('a connection on which nothing is due is left alone', async () => {
  const redis = await open('background');
  await redis.ping();
  await vi.runOnlyPendingTimersAsync();
  await redis.ping();
  expect(said).toEqual([]);
});

test('what was due on a lost connection is no fault of the next one', async () => {
  const redis = await open('background');
  const waiting = redis.blpop('list', 0);
  wire.cut();
  await untilTimePasses('it is connected anew', () => said.length === 2);
  await (await own.connect()).lpush('list', 'something');
  await waiting;
  await vi.runOnlyPendingTimersAsync();
  await redis.ping();
  expect(said).toHaveLength(2);
});

test('what is due on connections that are closed keeps no process alive', async () => {
  const redis = await open('background');
  // As BullMQ makes them.
  const further = redis.duplicate();
  const waiting = further.blpop('nothing', 0).catch(() => 'left');
  await until('it waits', async () => factsOf(await redis.info()).get('blocked_clients') === '1');
  const ended = [redis, further].map((it) => new Promise((resolve) => it.once('end', resolve)));
  redis.disconnect();
  further.disconnect();
  await Promise.all([waiting, ...ended]);
  expect(vi.getTimerCount()).toBe(0);
});
