/** A row that our checks refused, of an enterprise that they could read: never sent, it shows what the enterprise has. */
import { beforeEach, describe, expect, test } from 'vitest';
import { key } from '../../src/redis/keys.js';
import { ACCEPT_RULES, acceptedRow, type Book, idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';
import { until } from '../support/until.js';

const server = useRedis();
let book: Book;
beforeEach(() => {
  book = openBook(server.redis);
});

const one = merchant(1);
const id = idOf(one);
const unsent = (index: number) => ({ ...acceptedRow(undefined, index), registration: id });
const ready = () => server.redis.lrange(key('ready', 'submit'), 0, -1);

/** What so many of these rows in a sheet of their own are, and count as. */
async function loaded(rows = 1) {
  const batch = await book.open('b2');
  const all = Array.from({ length: rows }, (_, index) => unsent(index));
  expect(await book.batches.accept(batch, 0, all, ACCEPT_RULES)).toBe(rows);
  const relations = (await book.rows('b2')).map(({ relation }) => relation);
  expect(await book.batches.counts('b2')).toEqual(await book.recount('b2'));
  return { relations, counts: await book.batches.counts('b2') };
}

describe('a row that is never sent', () => {
  test('is invalid where its enterprise is new, and registers nothing', async () => {
    expect(await loaded()).toEqual({ relations: [{ kind: 'refused' }], counts: { invalid: 1 } });
    expect([await ready(), await server.redis.exists(key('registration', id))]).toEqual([[], 0]);
  });

  test('joins what is under way, once in its file', async () => {
    await book.load('b1', [one]);
    await book.send(id);
    expect(await loaded(2)).toEqual({
      relations: [
        { kind: 'registered', id },
        { kind: 'duplicate', id, firstIndex: 0 },
      ],
      counts: { awaiting_legal_person: 1, duplicate: 1 },
    });
    expect((await book.registration(id)).joinedRows).toEqual(['b2/0']);
  });

  test('shows the Mini Program that there is', async () => {
    await book.load('b1', [one]);
    await book.send(id);
    await book.record(id, 'mini_program_created', { appid: 'wx1' });
    expect(await loaded()).toEqual({
      relations: [{ kind: 'already_created', id, appid: 'wx1' }],
      counts: { already_created: 1 },
    });
  });

  test('is invalid where its enterprise has failed, and leaves that as it is', async () => {
    await book.load('b1', [one]);
    await book.send(id);
    await book.record(id, 'registration_refused', { problem: 'push:103' });
    await server.redis.del(key('ready', 'submit'));
    expect(await loaded()).toEqual({ relations: [{ kind: 'refused' }], counts: { invalid: 1 } });
    expect(await book.registration(id)).toMatchObject({ state: 'rejected', row: 'b1/0' });
    expect(await ready()).toEqual([]);
  });
});

test('loaded rows wake the relay, and rows that are never sent do not', async () => {
  const listener = server.connect();
  const heard: string[] = [];
  listener.on('message', (_, topic) => heard.push(topic));
  await listener.subscribe(key('wakeups'));
  await loaded();
  await server.redis.publish(key('wakeups'), 'then');
  await book.load('b3', [one]);
  await until('it was woken', () => heard.includes('ready'));
  expect(heard.slice(0, 2)).toEqual(['then', 'ready']);
});

test('of a sheet with canaries only the canaries are ready', async () => {
  await book.load('b1', [one, merchant(2), merchant(3)], 2);
  expect(await ready()).toEqual([id, idOf(merchant(2))]);
});

test('a row that waits behind the first ones of its sheet is ready when a later sheet names it', async () => {
  await book.load('b1', [one, merchant(2), merchant(3)], 1);
  await book.load('b2', [merchant(3)]);
  expect(await ready()).toEqual([id, idOf(merchant(3))]);
});
