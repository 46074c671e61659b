/** Parts of pages that follow the ledger. */
import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test, vi } from 'vitest';
import { addUser, removeUser } from '../../../src/app/console-users.js';
import { type LiveEvent, openLiveFeeds } from '../../../src/console/live.js';
import { openCalls } from '../../../src/redis/calls.js';
import { openBatches } from '../../../src/redis/ledger/batches.js';
import { readableLog } from '../../support/log.js';
import { merchant } from '../../support/merchants.js';
import { ownRedis } from '../../support/own-redis.js';
import { until } from '../../support/until.js';
import { openConsole, PASSWORD, visitorsOf } from './support/visitor.js';

/** What has come of a stream so far. */
function heardFrom(reader: ReadableStreamDefaultReader<Uint8Array>): () => string {
  let text = '';
  const decoder = new TextDecoder();
  void (async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
    }
  })().catch(() => {});
  return () => text;
}

test('a page gets its parts, and then those that change', async () => {
  const { book, start, settled, visitor } = await openConsole();
  await book.load('b1', [merchant(1)]);
  const one = visitor();
  await one.logIn();
  const heard = heardFrom(await one.follow('/live/batches/b1'));
  await until('the parts are there', () => heard().includes('live-head') && heard().includes('live-rows'));
  expect(heard()).toContain('pending');
  expect(heard()).not.toContain('csrf');
  await start();
  await settled('b1');
  await until('the end has come', () => heard().includes('The Mini Program exists.'));
});

test('a page gets an event when Redis goes away, and follows again when it is back', async () => {
  const own = await ownRedis();
  onTestFinished(() => own.end());
  const { store } = await openConsole({
    REDIS_URL: `unix:${own.socketPath}`,
    FASTREGISTER_SECRET_KEY: randomBytes(32).toString('base64'),
  });
  await addUser(store, { name: 'wang', role: 'viewer', password: PASSWORD }, 'tests');
  const redis = await own.connect('interactive');
  const one = visitorsOf({ ...store, redis, batches: openBatches(redis), calls: openCalls(redis) })();
  await one.logIn();
  const heard = heardFrom(await one.follow('/live/batches'));
  await until('the parts are there', () => heard().includes('live-list'));
  await own.stop();
  await until('the interruption has come', () => heard().includes('event: interrupted'));
  expect((await one.get('/batches')).status).toBe(503);
  await own.start();
  await until('it goes on', () => heard().includes('event: resumed'));
  await until('pages are shown again', async () => (await one.get('/batches')).status === 200);
});

test('pages are rendered one after the other, and one that hangs does not hold up the others', async () => {
  const feeds = openLiveFeeds(readableLog().log, 10);
  onTestFinished(() => feeds.close());
  const made = new Map<number, number>();
  let [running, most] = [0, 0];
  const render = (page: number) => async () => {
    running += 1;
    most = Math.max(most, running);
    // As Redis does, it answers in a later turn of the loop.
    await new Promise(setImmediate);
    running -= 1;
    made.set(page, (made.get(page) ?? 0) + 1);
    return {};
  };
  const pages = Array.from({ length: 20 }, (_, page) => page);
  for (const page of pages) feeds.watch(`page ${page}`, render(page), () => {});
  const isMade = (times: number) => () => pages.every((page) => (made.get(page) ?? 0) >= times);
  await until('each was made three times', isMade(3));
  expect(most).toBe(1);
  feeds.watch(
    'hangs',
    () => new Promise(() => {}),
    () => {},
  );
  made.clear();
  await until('each was made once more', isMade(1));
});

test('between two pages there is a pause in which pushes are answered, half of the time in all', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const feeds = openLiveFeeds(readableLog().log, 1_000);
  onTestFinished(() => feeds.close());
  const madeAt: number[] = [];
  const render = async () => {
    madeAt.push(performance.now());
    return {};
  };
  for (let page = 0; page < 20; page += 1) feeds.watch(`page ${page}`, render, () => {});
  while (madeAt.length < 60) {
    await new Promise(setImmediate);
    await vi.advanceTimersByTimeAsync(1);
  }
  const pauses = madeAt.slice(1).map((at, before) => at - (madeAt[before] ?? 0));
  expect(Math.min(...pauses)).toBeGreaterThanOrEqual(25);
  expect(madeAt[59]).toBeLessThan(4_000);
});

test('a part that two pages show is made once, and not at all without a page', async () => {
  const feeds = openLiveFeeds(readableLog().log, 10);
  let made = 0;
  const render = async () => {
    made += 1;
    return { count: String(Math.min(made, 3)) };
  };
  const heard: LiveEvent[][] = [[], []];
  const ends = heard.map((events) => feeds.watch('page', render, (event) => events.push(event)));
  await until('it was made five times', () => made >= 5);
  // Only what changed has come.
  expect(heard[0]).toEqual(['1', '2', '3'].map((count) => ({ kind: 'changed', parts: { count } })));
  expect(heard[1]).toEqual(heard[0]);
  for (const end of ends) end();
  const before = made;
  const other = feeds.watch(
    'other',
    async () => ({}),
    () => {},
  );
  await until('another page was made meanwhile', async () => made === before || made === before + 1);
  other();
  feeds.close();
});

test('a removed user follows no longer', async () => {
  const { store, visitor } = await openConsole();
  await addUser(store, { name: 'wang', role: 'viewer', password: PASSWORD }, 'tests');
  const wang = visitor();
  await wang.logIn('wang');
  const heard = heardFrom(await wang.follow('/live'));
  await until('the parts are there', () => heard().includes('live-line'));
  await removeUser(store, 'wang');
  await until('the stream ends', () => heard().includes('event: ended'));
});
