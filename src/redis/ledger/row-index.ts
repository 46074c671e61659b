/**
 * Finds rows by name or Weixin ID without an index of texts: beside each page of rows lie eight bytes a row, the CRC-32
 * of the name and the CRC-32 of the Weixin ID. A million rows are 8 MB, which Redis looks through in some ten milliseconds, a
 * part at a time; matching rows are then read and compared.
 */
import { crc32 } from 'node:zlib';
import type { Redis } from 'ioredis';
import { type BatchSize, ROWS_PER_PAGE, type RowOfBatch } from '../../domain/batch.js';
import { lookFor } from '../../domain/look-for.js';
import { comparable } from '../../domain/merchant.js';
import type { DetailColumns, Row } from '../../domain/row.js';
import { nameIn, weixinIdIn } from '../../domain/row.js';
import { answersOf } from '../exec.js';
import { key } from '../keys.js';
import { script } from '../scripts.js';

const BYTES_OF_ROW = 8;

/** How many pages are requested from Redis at once, of one large batch or of many small ones. Redis takes half a millisecond for them. */
const PAGES_AT_ONCE = 64;

/** How many reads are under way at once: while a sheet loads, Redis takes many milliseconds for each. Pages of rows are large. */
const READS_AHEAD = { rowIndex: 16, rows: 2 };

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

/** Rows that may have `text` as name or Weixin ID: in the order of `batches`, and within a batch the newest first. */
export async function* rowsThatMayBe(
  redis: Redis,
  batches: readonly BatchSize[],
  text: string,
): AsyncGenerator<RowOfBatch> {
  const withDigest = script(redis, 'rows-with-digest');
  const wanted = Buffer.alloc(4);
  wanted.writeUInt32LE(digestOf(text));
  async function read(keys: string[]): Promise<number[][]> {
    const places = keys.map((): number[] => []);
    const found = (await withDigest(keys, [wanted])) as number[];
    for (let at = 0; at < found.length; at += 2) places[found[at] ?? 0]?.push(found[at + 1] ?? 0);
    return places;
  }
  for await (const { batch, first, content } of pagesFromTheEnd(batches, read, 'rowIndex')) {
    for (const place of content) yield { batch, index: first + place };
  }
}

/** Indexes of the rows that may have one of `names`, as `comparable` gives them; the newest page first. */
export async function* rowsNamedAmong(
  redis: Redis,
  batch: BatchSize,
  names: ReadonlySet<string>,
): AsyncGenerator<number> {
  const wanted = new Set([...names].map(digestOf));
  for await (const { first, content } of pagesFromTheEnd([batch], (keys) => redis.mgetBuffer(keys), 'rowIndex')) {
    for (let at = 0; at + BYTES_OF_ROW <= (content?.length ?? 0); at += BYTES_OF_ROW) {
      if (wanted.has(content?.readUInt32LE(at) ?? 0)) yield first + at / BYTES_OF_ROW;
    }
  }
}

/** Rows that have `text` in one of their cells: in the order of `batches`, and within a batch the newest first. */
export async function* rowsWith(redis: Redis, batches: readonly BatchSize[], text: string): AsyncGenerator<RowOfBatch> {
  const isIn = lookFor(text);
  async function read(keys: string[]): Promise<string[][]> {
    const steps = redis.pipeline();
    for (const rows of keys) steps.lrange(rows, 0, -1);
    return (await answersOf(steps)) as string[][];
  }
  for await (const { batch, first, content } of pagesFromTheEnd(batches, read, 'rows')) {
    // Most pages have no match: one search covers all rows of a page.
    if (!isIn(content.join('\n'))) continue;
    for (let at = content.length - 1; at >= 0; at -= 1) {
      if (isIn(content[at] ?? '')) yield { batch, index: first + at };
    }
  }
}

/** A page of rows of a batch, or its page of digests; `first` is the index of its first row. */
interface PageOfBatch<Content> {
  readonly batch: BatchSize;
  readonly first: number;
  readonly content: Content;
}

async function* pagesFromTheEnd<Content>(
  batches: readonly BatchSize[],
  read: (keys: string[]) => Promise<readonly Content[]>,
  what: 'rows' | 'rowIndex',
): AsyncGenerator<PageOfBatch<Content>> {
  const pages = batches.flatMap((batch) => {
    const count = Math.ceil(batch.rows / ROWS_PER_PAGE);
    return Array.from({ length: count }, (_, back) => ({ batch, page: count - 1 - back }));
  });
  const reading: Promise<PageOfBatch<Content>[]>[] = [];
  async function readFrom(at: number): Promise<PageOfBatch<Content>[]> {
    const some = pages.slice(at, at + PAGES_AT_ONCE);
    const contents = await read(some.map(({ batch, page }) => key(what, batch.id, page)));
    return some.map(({ batch, page }, number) => ({
      batch,
      first: page * ROWS_PER_PAGE,
      content: contents[number] as Content,
    }));
  }
  for (let at = 0; at < pages.length || reading.length > 0; ) {
    for (; at < pages.length && reading.length < READS_AHEAD[what]; at += PAGES_AT_ONCE) {
      const begun = readFrom(at);
      // An error is thrown when the result is awaited, and ignored if enough was found before.
      begun.catch(() => {});
      reading.push(begun);
    }
    yield* (await reading.shift()) ?? [];
  }
}
