import { expect, test } from 'vitest';
import { openLinks } from '../../src/redis/ledger/links.js';
import { type Book, DAY_MS, HOUR_MS, idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();

async function opened(numbers: readonly number[]): Promise<Book> {
  const book = openBook(server.redis);
  await book.load(
    'b1',
    numbers.map((number) => merchant(number)),
  );
  return book;
}

/** Sent, and answered with a task and its link. */
async function sendWithLink(book: Book, number: number): Promise<{ id: string; sentAt: number }> {
  const id = idOf(merchant(number));
  await book.take(id);
  const sentAt = (await book.registration(id)).sentAt ?? 0;
  const authorizeUrl = `https://wechat.example/authorize?task=${number}`;
  await book.record(id, 'create_accepted', { callSentAt: sentAt, taskId: `task-${number}`, authorizeUrl });
  return { id, sentAt };
}

test('links are counted from the answer until the end, whichever end it is', async () => {
  const book = await opened([1, 2, 3]);
  const links = openLinks(server.redis);
  const first = await sendWithLink(book, 1);
  const second = await sendWithLink(book, 2);
  const now = Date.now();
  expect(await links.count(now, Number.POSITIVE_INFINITY)).toBe(2);
  expect(await links.count(now, now + 3 * HOUR_MS)).toBe(0);
  expect(await links.count(now + 22 * HOUR_MS, now + 25 * HOUR_MS)).toBe(2);
  expect(await links.nextEnd(now)).toBe(first.sentAt + DAY_MS);

  await book.record(first.id, 'mini_program_created', { appid: 'wx1' });
  await book.record(second.id, 'legal_person_timed_out', { problem: 'push:100003' });
  expect(await links.count(now, Number.POSITIVE_INFINITY)).toBe(0);
  expect(await links.nextEnd(now)).toBeUndefined();
});

test('one reminder is sent for each link that is about to end, and none for a link that is over', async () => {
  const book = await opened([1, 2]);
  const links = openLinks(server.redis);
  const first = await sendWithLink(book, 1);
  const second = await sendWithLink(book, 2);
  await book.record(second.id, 'mini_program_created', { appid: 'wx2' });
  const until = first.sentAt + DAY_MS;
  expect(await links.toRemind(until - 1, 100)).toEqual([]);
  expect(await links.toRemind(until, 100)).toEqual([first.id]);
  expect([await links.reminded(first.id), await links.reminded(first.id)]).toEqual([true, false]);
  expect(await links.toRemind(until, 100)).toEqual([]);
  expect(await links.toAnnounce(100)).toEqual([first.id]);
});

test('a new attempt has a new link, and a reminder of its own', async () => {
  const book = await opened([1]);
  const links = openLinks(server.redis);
  const first = await sendWithLink(book, 1);
  await links.reminded(first.id);
  await links.announced(first.id);
  await book.record(first.id, 'legal_person_timed_out', { problem: 'push:100003' });
  await book.record(first.id, 'retry_asked');
  expect(await links.count(0, Number.POSITIVE_INFINITY)).toBe(0);
  const again = await sendWithLink(book, 1);
  expect(await links.toRemind(again.sentAt + DAY_MS, 100)).toEqual([first.id]);
  expect(await links.toAnnounce(100)).toEqual([first.id]);
});

test('a link that is not confirmed in its 24 hours is none any more, though the task is not over', async () => {
  const book = await opened([1]);
  const { sentAt } = await sendWithLink(book, 1);
  expect(await openLinks(server.redis).count(sentAt + DAY_MS, Number.POSITIVE_INFINITY)).toBe(0);
});
