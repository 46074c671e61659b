import { expect, test } from 'vitest';
import type { Notice } from '../../src/domain/notice.js';
import { lookAfterLinks } from '../../src/notices/link-watch.js';
import { openLinks } from '../../src/redis/ledger/links.js';
import { type Book, HOUR_MS, idOf, openBook } from '../support/ledger.js';
import { readableLog } from '../support/log.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();

async function sendWithLink(book: Book, number: number): Promise<number> {
  const id = idOf(merchant(number));
  await book.take(id);
  const sentAt = (await book.registration(id)).sentAt ?? 0;
  await book.record(id, 'create_accepted', {
    callSentAt: sentAt,
    taskId: `task-${number}`,
    authorizeUrl: `https://wechat.example/authorize?task=${number}`,
  });
  return sentAt;
}

/** Looks at the links as they are so long from now. */
function watchOf(book: Book, told?: [string, Notice][]) {
  const { log, lines } = readableLog('info');
  return {
    lines,
    lookIn: (ms: number) =>
      lookAfterLinks({
        links: openLinks(server.redis),
        ledger: book.ledger,
        queueNotice: told && (async (lane, notice) => void told.push([lane, notice])),
        timezone: 'Asia/Shanghai',
        now: () => Date.now() + ms,
        log,
      }),
  };
}

async function opened(...numbers: number[]): Promise<Book> {
  const book = openBook(server.redis);
  await book.load(
    'b1',
    numbers.map((number) => merchant(number)),
  );
  return book;
}

test('a link is reported when it is there, and again three hours before its end, each once', async () => {
  const book = await opened(1, 2);
  const sentAt = await sendWithLink(book, 1);
  const told: [string, Notice][] = [];
  const { lookIn, lines } = watchOf(book, told);
  for (const hours of [0, 0, 20, 21.5, 22]) await lookIn(hours * HOUR_MS);

  const id = idOf(merchant(1));
  expect(told.map(([lane, { type }]) => [lane, type])).toEqual([
    [id, 'link.ready'],
    [id, 'link.ending'],
  ]);
  const data = told[0]?.[1].data;
  expect(data).toEqual({
    registration_id: id,
    batch: 'b1',
    line: 2,
    authorize_url: 'https://wechat.example/authorize?task=1',
    ends_at: expect.stringMatching(/\+08:00$/),
  });
  expect(Math.floor(Date.parse(String(data?.ends_at)) / 1000)).toBe(Math.floor((sentAt + 24 * HOUR_MS) / 1000));
  expect(JSON.stringify(told)).not.toContain('虚构');
  expect(new Set(told.map(([, notice]) => notice.id)).size).toBe(2);
  expect(lines.filter((line) => line.includes('ends in less than three hours'))).toHaveLength(1);
});

test('a legal person who confirmed in time gets no further notice', async () => {
  const book = await opened(1);
  await sendWithLink(book, 1);
  const told: [string, Notice][] = [];
  const { lookIn } = watchOf(book, told);
  await lookIn(0);
  await book.record(idOf(merchant(1)), 'mini_program_created', { appid: 'wx1' });
  await lookIn(22 * HOUR_MS);
  expect(told.map(([, { type }]) => type)).toEqual(['link.ready']);
});

test('without an address for notices the log warns all the same, and open links are sent to a later address', async () => {
  const book = await opened(1);
  await sendWithLink(book, 1);
  const deaf = watchOf(book);
  await deaf.lookIn(22 * HOUR_MS);
  expect(deaf.lines.filter((line) => line.includes('ends in less than three hours'))).toHaveLength(1);
  const told: [string, Notice][] = [];
  await watchOf(book, told).lookIn(22 * HOUR_MS);
  expect(told.map(([, { type }]) => type)).toEqual(['link.ready']);
});

test('a notice that cannot be queued is queued at the next look', async () => {
  const book = await opened(1);
  await sendWithLink(book, 1);
  const failing = lookAfterLinks({
    links: openLinks(server.redis),
    ledger: book.ledger,
    queueNotice: () => Promise.reject(new Error('Redis is away')),
    timezone: 'UTC',
    now: Date.now,
    log: readableLog().log,
  });
  await expect(failing).rejects.toThrow('Redis is away');
  const told: [string, Notice][] = [];
  await watchOf(book, told).lookIn(0);
  expect(told).toHaveLength(1);
});
