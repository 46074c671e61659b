import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Batch, ROWS_PER_PAGE } from '../../src/domain/batch.js';
import type { Merchant } from '../../src/domain/merchant.js';
import { key } from '../../src/redis/keys.js';
import type { PackedPage } from '../../src/redis/ledger/packed-rows.js';
import { openQuickPages, type QuickPages } from '../../src/redis/ledger/quick-pages.js';
import { ACCEPT_RULES, acceptedRow, type Book, idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';
import { until } from '../support/until.js';

const server = useRedis();
const MOST_BYTES = 512 * 1024;
let book: Book;

beforeEach(() => {
  book = openBook(server.redis);
});

/** A page, and the script's answer for the same page. */
async function bothOf(quick: QuickPages, batch: string, number = 0) {
  const byScript: PackedPage[] = [];
  for await (const { first, rows, outcomes } of book.batches.packedPage(batch, number)) {
    byScript.push({ first, rows, outcomes });
  }
  return { quick: await pageOf(quick, batch, number), byScript: byScript[0] };
}

async function pageOf(quick: QuickPages, batch: string, number: number): Promise<PackedPage | undefined> {
  return (await quick.pages(batch, [number]))[0];
}

async function opened(): Promise<QuickPages> {
  return (await openQuickPages(server.redis, MOST_BYTES)) as QuickPages;
}

describe('a page that is read by plain commands is what the script answers', () => {
  const merchants = [1, 2, 3, 4].map((number) => merchant(number));
  const [one, two, three] = merchants as [Merchant, Merchant, Merchant];

  test('with rows that were refused, are duplicates, were sent and were not', async () => {
    await book.load('b1', [undefined, one, two, one, three, undefined]);
    await book.send(idOf(one));
    await book.record(idOf(one), 'mini_program_created', { appid: 'wx0123456789abcdef' });
    await book.send(idOf(three));
    const quick = await opened();

    const read = await bothOf(quick, 'b1');
    expect(read.quick).toEqual(read.byScript);
    expect(
      String(read.quick?.outcomes)
        .split('\u001e')
        .map((outcome) => outcome !== ''),
    ).toEqual([false, true, false, true, true, false]);
    quick.close();
  });

  test.each([
    ['none was sent', []],
    ['all were sent', merchants],
  ])('where %s', async (_, sent) => {
    await book.load('b1', merchants);
    for (const it of sent) await book.send(idOf(it));
    const quick = await opened();

    const read = await bothOf(quick, 'b1');
    expect(read.quick).toBeDefined();
    expect(read.quick).toEqual(read.byScript);
    quick.close();
  });

  test('where all were refused', async () => {
    await book.load('b1', [undefined, undefined]);
    const quick = await opened();

    const read = await bothOf(quick, 'b1');
    expect(read.quick).toBeDefined();
    expect(read.quick).toEqual(read.byScript);
    quick.close();
  });
});

describe('a page is left to the script', () => {
  const [one, two] = [merchant(1), merchant(2)];

  test('that changed while it was read', async () => {
    await book.load('b1', [one, two]);
    await book.send(idOf(one));
    const redis = server.connect();
    const real = redis.zmscore.bind(redis);
    redis.zmscore = (async (name: string, members: string[]) => {
      await book.send(idOf(two));
      return real(name, members);
    }) as unknown as typeof redis.zmscore;
    const quick = (await openQuickPages(redis, MOST_BYTES)) as QuickPages;

    expect(await pageOf(quick, 'b1', 0)).toBeUndefined();
    redis.zmscore = real;
    expect(await pageOf(quick, 'b1', 0)).toBeDefined();
    quick.close();
  });

  test('and no other that was asked for with it', async () => {
    await book.load('b1', [...Array<undefined>(ROWS_PER_PAGE).fill(undefined), one]);
    await server.redis.rpush(key('rows', 'b1', 0), `x${'x'.repeat(MOST_BYTES)}`);
    const quick = await opened();

    const read = await quick.pages('b1', [1, 0, 2]);
    expect(read).toEqual([(await bothOf(quick, 'b1', 1)).byScript, undefined, undefined]);
    expect(read[0]).toBeDefined();
    quick.close();
  });

  test('some of whose rows keep an earlier outcome', async () => {
    await book.load('b1', [one]);
    await server.redis.hset(key('keptOutcomes', 'b1'), '0', 'x');
    const quick = await opened();

    expect(await pageOf(quick, 'b1', 0)).toBeUndefined();
    quick.close();
  });

  test('that is not there', async () => {
    await book.load('b1', [one, two]);
    const quick = await opened();

    expect(await pageOf(quick, 'b1', 1)).toBeUndefined();
    quick.close();
  });

  test('that is long because of its last rows', async () => {
    const batch = await book.open('b1');
    const rows = Array.from({ length: 508 }, (_, index) => {
      const row = acceptedRow(undefined, index);
      return index < 500 ? row : { ...row, cells: ['x'.repeat(100_000)] };
    });
    await book.batches.accept(batch, 0, rows, ACCEPT_RULES);
    const quick = await opened();

    expect(await pageOf(quick, 'b1', 0)).toBeUndefined();
    quick.close();
  });

  test('whose length Redis does not say', async () => {
    await book.load('b1', [one, two]);
    const redis = server.connect({ username: 'reader', password: 'a', lazyConnect: true });
    await server.redis.call('ACL', 'SETUSER', 'reader', 'on', '>a', '~*', '+@all', '-memory');
    const quick = (await openQuickPages(redis, MOST_BYTES)) as QuickPages;

    expect(await pageOf(quick, 'b1', 0)).toBeUndefined();
    quick.close();
  });

  test('with a registration that is no hash, though all rows were sent', async () => {
    await book.load('b1', [one, two]);
    await book.send(idOf(one));
    await book.send(idOf(two));
    await server.redis.set(key('registration', idOf(two)), '1');
    const quick = await opened();

    expect(await pageOf(quick, 'b1', 0)).toBeUndefined();
    quick.close();
  });

  test('when Redis has ended the connection', async () => {
    await book.load('b1', [one]);
    const quick = await opened();
    await server.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');

    expect(await pageOf(quick, 'b1', 0)).toBeUndefined();
    expect(await pageOf(quick, 'b1', 0)).toBeUndefined();
    quick.close();
  });
});

describe('the pages of a large batch', () => {
  const rows = Array.from({ length: 9 * ROWS_PER_PAGE + 3 }, (_, n) => (n % 50 === 7 ? merchant(n) : undefined));
  /** Of the reader's connections: others come back meanwhile, which an earlier test has cut off. */
  const NAME = 'reader-of-pages';
  let batch: Batch;
  let reader: Book;

  beforeAll(async () => {
    const connection = server.connect({ connectionName: NAME });
    await connection.ping();
    reader = openBook(connection);
  });

  beforeEach(async () => {
    batch = await book.load('b1', rows);
    await book.send(idOf(merchant(57)));
  });

  async function connections(): Promise<string[]> {
    const list = String(await server.redis.client('LIST')).split('\n');
    return list.filter((line) => line.includes(` name=${NAME} `)).map((line) => /^id=(\d+)/.exec(line)?.[1] ?? '');
  }

  async function indexes(seen: (first: number) => Promise<unknown> = async () => {}): Promise<number[]> {
    const found: number[] = [];
    for await (const page of reader.batches.pages(batch)) {
      found.push(...page.map(({ index }) => index));
      await seen(page[0]?.index ?? 0);
    }
    return found;
  }

  test('come on a connection of their own, which is closed at the end, and when the reader has seen enough', async () => {
    let most = 0;
    expect(
      await indexes(async () => {
        most = Math.max(most, (await connections()).length);
      }),
    ).toEqual(rows.map((_, index) => index));
    expect(most).toBe(2);
    await until('it is closed', async () => (await connections()).length === 1);

    for await (const page of reader.batches.packedPages(batch)) if (page.first >= ROWS_PER_PAGE) break;
    await until('it is closed', async () => (await connections()).length === 1);
  });

  test('come all when that connection is lost on the way', async () => {
    const [own] = await connections();
    let killed = 0;
    const found = await indexes(async () => {
      for (const id of await connections()) {
        if (id !== own) killed += Number(await server.redis.call('CLIENT', 'KILL', 'ID', id));
      }
    });

    expect(found).toEqual(rows.map((_, index) => index));
    expect(killed).toBe(1);
  });
});
