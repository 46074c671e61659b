import type { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { key } from '../../src/redis/keys.js';
import { connect } from '../../src/redis/server/connection.js';
import { idOf, openBook } from '../support/ledger.js';
import { readableLog } from '../support/log.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';
import { until } from '../support/until.js';

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

  const asked = await Promise.all(merchants.map((it) => book.take(idOf(it), { perSecond: 1_000_000, perDay: 30 })));
  expect(asked.filter(({ kind }) => kind === 'go')).toHaveLength(30);
  expect(asked).toContainEqual(expect.objectContaining({ kind: 'wait', why: 'day' }));
  expect(await server.redis.llen(key('recent'))).toBe(30);
  expect(await book.batches.counts('b1')).toEqual({ queued: 70, submitting: 30 });
});

test('a request that fails does not affect the others', async () => {
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

test('what is said of several is sent once, also where the first of them was decided on an old version', async () => {
  const book = openBook(server.redis);
  await book.load('b1', merchants.slice(0, 3));
  const ids = [0, 1, 2].map((n) => idOf(merchant(n)));
  const known = await Promise.all(ids.map((id) => book.ledger.read(id)));
  await book.record(ids[0] ?? '', 'noted');
  const sent: string[] = [];
  const { ledger } = openBook(heard(server.redis, (args) => void sent.push(args.join(' '))));

  const fact = { kind: 'cancel_asked', at: 1_000 } as const;
  await Promise.all(ids.map((id, at) => ledger.record(id, fact, {}, known[at])));
  expect((sent[0] ?? '').match(/"cancel_asked/g)).toHaveLength(1);
  expect(await book.batches.counts('b1')).toEqual({ cancelled: 3 });
  for (const id of ids) expect((await ledger.history(id)).at(-1)).toMatchObject(fact);
});

test('what a server that has become a replica does not take waits for the primary', async () => {
  await openBook(server.redis).load('b1', merchants.slice(0, 1));
  const redis = await connect({ url: server.url }, 'background', readableLog().log);
  let losses = 0;
  redis.on('close', () => (losses += 1));
  await server.redis.replicaof('127.0.0.1', '1');

  const recorded = openBook(redis).record(idOf(merchant(0)), 'cancel_asked');
  await until('it looks for another primary', () => losses > 0);
  await server.redis.replicaof('NO', 'ONE');
  expect((await recorded).after.state).toBe('cancelled');
  redis.disconnect();
});

function countingRuns(redis: Redis, runs: { count: number }): Redis {
  return heard(redis, () => {
    runs.count += 1;
  });
}

/** The arguments of each run of a script. */
function heard(redis: Redis, onRun: (args: readonly unknown[]) => void): Redis {
  return new Proxy(redis, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        if (name === 'evalsha') onRun(args);
        return value.apply(target, args) as unknown;
      };
    },
  });
}
