import { beforeEach, expect, test } from 'vitest';
import { type Batch, ROWS_PER_PAGE } from '../../src/domain/batch.js';
import type { Merchant } from '../../src/domain/merchant.js';
import type { AcceptedRow } from '../../src/domain/row.js';
import { key } from '../../src/redis/keys.js';
import { changesSince } from '../../src/redis/ledger/changes.js';
import { openPurging } from '../../src/redis/ledger/purging.js';
import { ACCEPT_RULES, acceptedRow, type Book, idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();
let book: Book;

beforeEach(() => {
  book = openBook(server.redis);
});

/** What changed by it: how often, and which pages of rows. */
async function changedBy(act: () => Promise<unknown>): Promise<{ times: number; pages: string[] }> {
  const before = await changesSince(server.redis, 0);
  await act();
  const { count, pages } = await changesSince(server.redis, before.count);
  return { times: count - before.count, pages: pages.map(({ batch, page }) => `${batch}:${page}`).sort() };
}

test('new rows that wait to be sent are counted, and are on no changed page', async () => {
  expect(await changedBy(() => book.load('b1', [merchant(1), merchant(2)]))).toEqual({ times: 1, pages: [] });
  expect((await changesSince(server.redis, 0)).batches).toBe(1);
  expect(await changedBy(async () => {})).toEqual({ times: 0, pages: [] });
});

test('a page with a refused row, or with a row of a known enterprise, is changed', async () => {
  const batch = await book.open('b1');
  const many = Array.from({ length: ROWS_PER_PAGE }, (_, at) => acceptedRow(merchant(at), at));
  const further = [merchant(600), undefined].map((it, at) => acceptedRow(it, ROWS_PER_PAGE + at));
  const accepted = (): Promise<number> => book.batches.accept(batch, 0, [...many, ...further], ACCEPT_RULES);
  expect(await changedBy(accepted)).toMatchObject({ pages: ['b1:1'] });
  expect(await changedBy(() => book.load('b2', [merchant(700), merchant(3)]))).toMatchObject({
    // The registration has one more row.
    pages: ['b1:0', 'b2:0'],
  });
});

test('a page of new enterprises is changed only if one of its rows was refused', async () => {
  const [plain, mixed] = [await book.open('b1'), await book.open('b2')];
  const page = (...them: (Merchant | undefined)[]) => them.map((it, at) => acceptedRow(it, at));
  const accept = (batch: Batch, rows: AcceptedRow[]) => () => book.batches.accept(batch, 0, rows, ACCEPT_RULES);
  expect((await changedBy(accept(plain, page(merchant(1), merchant(2))))).pages).toEqual([]);
  expect((await changedBy(accept(mixed, page(merchant(3), undefined, merchant(4))))).pages).toEqual(['b2:0']);
  expect(await book.batches.counts('b2')).toEqual({ queued: 2, invalid: 1 });
});

test('a fact changes the pages of all rows of its registration, and so does a note', async () => {
  const one = merchant(1);
  await book.load('b1', [one]);
  await book.load('b2', [merchant(2)]);
  await book.load('b3', [one]);
  const everyRow = { times: 1, pages: ['b1:0', 'b3:0'] };
  expect(await changedBy(() => book.take(idOf(one)))).toEqual(everyRow);
  expect(await changedBy(() => book.record(idOf(one), 'noted', { note: 'x', who: 'y' }))).toEqual(everyRow);
});

test('the last change of a batch is that of any of its pages, until the batch is purged', async () => {
  const batch = await book.open('b1');
  const many = Array.from({ length: ROWS_PER_PAGE + 1 }, (_, at) => acceptedRow(merchant(at), at));
  await book.batches.accept(batch, 0, many, ACCEPT_RULES);
  await book.load('b2', [merchant(600)]);
  const last = (): Promise<number[]> => book.batches.lastChanges(['b2', 'b1', 'unknown']);
  expect(await last()).toEqual([0, 0, -1]);
  for (const it of [merchant(1), merchant(ROWS_PER_PAGE), merchant(1)]) {
    await book.record(idOf(it), 'noted', { note: 'x', who: 'y' });
    expect(await last()).toEqual([0, (await changesSince(server.redis, 0)).count, -1]);
  }
  await openPurging(server.redis).purgeBatch({ ...batch, rows: 0 }, Date.now());
  expect(await last()).toEqual([0, -1, -1]);
});

test('the last changes of large batches are found, some pages at a time', async () => {
  const rows = 500 * ROWS_PER_PAGE;
  for (const id of ['b1', 'b2', 'b3']) {
    await book.open(id);
    await server.redis.hset(key('batch', id), 'rows', rows);
    await server.redis.zadd(key('changedPages'), Number(id.slice(1)), `${id}:499`);
  }
  await server.redis.zadd(key('changedPages'), 7, 'b2:0');
  expect(await book.batches.lastChanges(['b1', 'unknown', 'b2', 'b3'])).toEqual([1, -1, 7, 3]);
});

test('a row that another one replaces, or that takes its turn, is on a changed page', async () => {
  const one = merchant(1);
  const [second, third] = ['weixin_second', 'weixin_third'].map((legalPersonaWechat) => ({
    ...one,
    legalPersonaWechat,
  }));
  await book.load('b1', [one]);
  await book.send(idOf(one));
  await book.load('b2', [second]);
  const replaced = await changedBy(() => book.load('b3', [third]));
  expect(replaced.pages).toContain('b2:0');
  const taken = await changedBy(() => book.record(idOf(one), 'registration_refused', { problem: 'push:103' }));
  expect(taken.pages).toEqual(['b1:0', 'b3:0']);
});

test('a purge changes the pages of the batch, and those of other rows of its merchants', async () => {
  const one = merchant(1);
  await book.load('b1', [one, merchant(2)]);
  const batch = await book.load('b2', [one]);
  await book.record(idOf(one), 'cancel_asked');
  const purged = await changedBy(() => openPurging(server.redis).purgeBatch(batch, Date.now()));
  expect(purged.pages).toEqual(['b1:0', 'b2:0']);
});
