import type { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { key } from '../../src/redis/keys.js';
import { idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();

const merchants = Array.from({ length: 100 }, (_, number) => merchant(number));

test('what is asked together is answered together, to each its own', async () => {
  await openBook(server.redis).load('b1', merchants);
  const runs = { count: 0 };
  const { ledger } = openBook(countingRuns(server.redis, runs));

  const views = await Promise.all(merchants.map((it) => ledger.read(idOf(it))));
  expect(views.map((view) => view?.row?.merchant)).toEqual(merchants);
  expect(runs.count).toBe(2);
});

test('permissions that are asked for together share one budget', async () => {
  const book = openBook(server.redis);
  await book.load('b1', merchants);

  const asked = await Promise.all(merchants.map((it) => book.take(idOf(it), { perSecond: 500, perDay: 30 })));
  expect(asked.filter(({ kind }) => kind === 'go')).toHaveLength(30);
  expect(asked).toContainEqual(expect.objectContaining({ kind: 'wait', why: 'day' }));
  expect(await server.redis.llen(key('recent'))).toBe(30);
  expect(await book.batches.counts('b1')).toEqual({ queued: 70, submitting: 30 });
});

test('one that fails fails alone', async () => {
  const book = openBook(server.redis);
  await book.load('b1', merchants.slice(0, 3));
  await server.redis.set(key('history', idOf(merchant(1))), 'no list');

  const recorded = await Promise.allSettled([0, 1, 2].map((n) => book.record(idOf(merchant(n)), 'cancel_asked')));
  expect(recorded.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(recorded[1]).toMatchObject({
    reason: expect.objectContaining({ message: expect.stringContaining('WRONGTYPE') }),
  });
  expect(await book.batches.counts('b1')).toEqual({ cancelled: 2, queued: 1 });
});

function countingRuns(redis: Redis, runs: { count: number }): Redis {
  return new Proxy(redis, {
    get(target, name) {
      if (name === 'evalsha') runs.count += 1;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
