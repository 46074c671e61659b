/**
 * Finds rows by name or Weixin ID without an index of texts: beside each page of rows lie eight bytes a row, the CRC-32
 * of the name and the CRC-32 of the Weixin ID. A million rows are 8 MB, which Redis sends in some tens of milliseconds;
 * matching rows are then read and compared.
 */
import { crc32 } from 'node:zlib';
import type { Redis } from 'ioredis';
import { ROWS_PER_PAGE } from '../../domain/batch.js';
import { comparable } from '../../domain/merchant.js';
import type { DetailColumns, Row } from '../../domain/row.js';
import { nameIn, weixinIdIn } from '../../domain/row.js';
import { answersOf } from '../exec.js';
import { key } from '../keys.js';

const BYTES_OF_ROW = 8;

/** Pages that are requested from Redis at once. */
export const PAGES_AT_ONCE = 64;

interface Pages {
  readonly id: string;
  readonly rows: number;
}

/** As accept.lua stores them: the bytes of one row after the other. */
export function digestsOf(rows: readonly Pick<Row, 'cells' | 'merchant'>[], columns: DetailColumns): Buffer {
  const digests = Buffer.allocUnsafe(rows.length * BYTES_OF_ROW);
  rows.forEach((row, at) => {
    digests.writeUInt32LE(digestOf(nameIn(row, columns)), at * BYTES_OF_ROW);
    digests.writeUInt32LE(digestOf(weixinIdIn(row, columns)), at * BYTES_OF_ROW + 4);
  });
  return digests;
}

function digestOf(text: string): number {
  return crc32(comparable(text));
}

/** Indexes of the rows that may have `text` as name or Weixin ID; the newest first. */
export async function* rowsThatMayBe(redis: Redis, batch: Pages, text: string): AsyncGenerator<number> {
  const wanted = Buffer.alloc(4);
  wanted.writeUInt32LE(digestOf(text));
  for await (const [page, digests] of pagesFromTheEnd(batch, (keys) => redis.mgetBuffer(keys), 'rowIndex')) {
    if (digests === null) continue;
    for (let at = digests.lastIndexOf(wanted); at >= 0; at = at === 0 ? -1 : digests.lastIndexOf(wanted, at - 1)) {
      if (at % 4 === 0) yield page * ROWS_PER_PAGE + Math.floor(at / BYTES_OF_ROW);
    }
  }
}

/** Indexes of the rows that may have one of `names`, as `comparable` gives them; the newest page first. */
export async function* rowsNamedAmong(redis: Redis, batch: Pages, names: ReadonlySet<string>): AsyncGenerator<number> {
  const wanted = new Set([...names].map(digestOf));
  for await (const [page, digests] of pagesFromTheEnd(batch, (keys) => redis.mgetBuffer(keys), 'rowIndex')) {
    for (let at = 0; at + BYTES_OF_ROW <= (digests?.length ?? 0); at += BYTES_OF_ROW) {
      if (wanted.has(digests?.readUInt32LE(at) ?? 0)) yield page * ROWS_PER_PAGE + at / BYTES_OF_ROW;
    }
  }
}

/** Indexes of the rows that have `text` in one of their cells; the newest first. */
export async function* rowsWith(redis: Redis, batch: Pages, text: string): AsyncGenerator<number> {
  const wanted = comparable(text);
  async function read(keys: string[]): Promise<string[][]> {
    const steps = redis.pipeline();
    for (const rows of keys) steps.lrange(rows, 0, -1);
    return (await answersOf(steps)) as string[][];
  }
  for await (const [page, rows] of pagesFromTheEnd(batch, read, 'rows')) {
    // Most pages have none: one look for all of their rows.
    if (!comparable(rows.join('\n')).includes(wanted)) continue;
    for (let at = rows.length - 1; at >= 0; at -= 1) {
      if (comparable(rows[at] ?? '').includes(wanted)) yield page * ROWS_PER_PAGE + at;
    }
  }
}

async function* pagesFromTheEnd<Page>(
  { id, rows }: Pages,
  read: (keys: string[]) => Promise<readonly Page[]>,
  what: 'rows' | 'rowIndex',
): AsyncGenerator<readonly [page: number, content: Page]> {
  const pages = Math.ceil(rows / ROWS_PER_PAGE);
  for (let end = pages; end > 0; end -= PAGES_AT_ONCE) {
    const numbers = Array.from({ length: Math.min(PAGES_AT_ONCE, end) }, (_, back) => end - 1 - back);
    const contents = await read(numbers.map((page) => key(what, id, page)));
    for (const [at, content] of contents.entries()) yield [numbers[at] ?? 0, content];
  }
}
