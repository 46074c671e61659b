import { expect, test } from 'vitest';
import { openCalls } from '../../src/redis/calls.js';
import { type Book, idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();

const MERCHANTS = [1, 2, 3, 4].map((number) => merchant(number));

/** `create` of one merchant is answered as an API answers that is offline, or otherwise. */
async function answer(book: Book, number: number, met: boolean, day = '2026-11-21'): Promise<void> {
  const id = idOf(merchant(number));
  const offline = { day, met, most: 3, because: 'system error', problem: 'api:retired' };
  await book.record(id, 'create_postponed', { until: Date.now() + 1 }, { offline });
}

async function opened(): Promise<Book> {
  const book = openBook(server.redis);
  await book.load('b1', MERCHANTS);
  return book;
}

test('three merchants and no other answer on a day: the line stops, and says why', async () => {
  const book = await opened();
  await answer(book, 1, true);
  await answer(book, 2, true);
  expect(await openCalls(server.redis).line()).toBeUndefined();
  await answer(book, 3, true);
  expect(await openCalls(server.redis).line()).toMatchObject({ problem: 'api:retired', because: 'system error' });
});

test('one merchant again and again is no evidence', async () => {
  const book = await opened();
  for (let time = 0; time < 5; time += 1) await answer(book, 1, true);
  expect(await openCalls(server.redis).line()).toBeUndefined();
});

test('any other answer of the day is evidence that the API is there', async () => {
  const book = await opened();
  await answer(book, 1, true);
  await answer(book, 2, false);
  for (const number of [1, 3, 4]) await answer(book, number, true);
  expect(await openCalls(server.redis).line()).toBeUndefined();
});

test('each day is looked at by itself', async () => {
  const book = await opened();
  await answer(book, 1, false);
  for (const number of [2, 3, 4]) await answer(book, number, true, '2026-11-22');
  expect(await openCalls(server.redis).line()).toMatchObject({ problem: 'api:retired' });
});

test('the line that was resumed without a change stops again at the next such answer', async () => {
  const book = await opened();
  const calls = openCalls(server.redis);
  for (const number of [1, 2, 3]) await answer(book, number, true);
  await calls.resumeLine();
  await answer(book, 4, true);
  expect(await calls.line()).toMatchObject({ problem: 'api:retired' });
});
