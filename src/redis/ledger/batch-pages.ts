/** The rows of a batch, each with what became of it: a page at a time, some of a page, or one. Pages of long rows come in parts. */
import type { Redis } from 'ioredis';
import { type Batch, ROWS_PER_PAGE } from '../../domain/batch.js';
import type { Row, RowWithOutcome } from '../../domain/row.js';
import { giveWay } from '../../give-way.js';
import { key } from '../keys.js';
import { scriptForBytes } from '../scripts.js';
import { type PackedPage, packedRows, rowsFrom } from './packed-rows.js';
import { openQuickPages, type QuickPages } from './quick-pages.js';
import { unpackRow } from './rows.js';

export interface BatchPages {
  page(batch: Batch, page: number): Promise<RowWithOutcome[]>;
  /** Rows from an index on, `most` of them, and none of the next page. */
  part(batch: Batch, from: number, most: number): Promise<RowWithOutcome[]>;
  /** Every row, in order, some at a time. */
  pages(batch: Batch): AsyncIterable<RowWithOutcome[]>;
  /** Every row in Redis' packed form, for a report that copies text without decoding it: page by page, a page of long rows in parts. */
  packedPages(batch: Batch): AsyncIterable<PackedPage>;
  /** The parts of one of them, mostly one; none where there is no such page. */
  packedPage(batch: string, page: number): AsyncIterable<PackedPage>;
  row(batch: Batch, index: number): Promise<Row | undefined>;
  rowWithOutcome(batch: Batch, index: number): Promise<RowWithOutcome | undefined>;
}

/** A page of usual rows has 100,000; one of the longest rows that a sheet may have is 500 MB, and its report as much again. */
const PART_BYTES = 512 * 1024;
/** Enough to keep Redis at work; more only lie in memory. */
const PAGES_AHEAD = 12;
/** What is asked about each page costs as much for some of them as for one. */
const ASKED_TOGETHER = 4;
/** Below, a connection of its own costs more than it saves. */
const FEW_PAGES = 8;
const ROWS_AT_ONCE = 64;

export function openBatchPages(redis: Redis): BatchPages {
  const pageScript = scriptForBytes(redis, 'page');

  /** Rows from an index on, up to so many, to the end of their page, or less: `next` is where the rest of these begins. */
  async function packedFrom(id: string, first: number, most: number): Promise<PackedPage & { next?: number }> {
    const page = Math.floor(first / ROWS_PER_PAGE);
    const answer = await pageScript([key('rows', id, page)], [id, first, most, PART_BYTES]);
    const [rest, rows, outcomes] = answer as [number, Buffer, Buffer];
    return { first, rows, outcomes, ...(rest >= 0 && { next: page * ROWS_PER_PAGE + rest }) };
  }

  /** The first part of each of these pages. */
  function firstParts(
    id: string,
    numbers: readonly number[],
    quick: QuickPages | undefined,
  ): ReturnType<typeof packedFrom>[] {
    const read = quick?.pages(id, numbers);
    return numbers.map(async (number, n) => (await read)?.[n] ?? packedFrom(id, number * ROWS_PER_PAGE, ROWS_PER_PAGE));
  }

  async function* packedParts(id: string, from: number, most: number): AsyncGenerator<PackedPage> {
    for (let next: number | undefined = from; next !== undefined; ) {
      const read = await packedFrom(id, next, from + most - next);
      next = read.next;
      yield read;
    }
  }

  function packedPage(id: string, number: number): AsyncGenerator<PackedPage> {
    return packedParts(id, number * ROWS_PER_PAGE, ROWS_PER_PAGE);
  }

  function page(batch: Batch, number: number): Promise<RowWithOutcome[]> {
    return part(batch, number * ROWS_PER_PAGE, ROWS_PER_PAGE);
  }

  async function part(batch: Batch, from: number, most: number): Promise<RowWithOutcome[]> {
    const found: RowWithOutcome[] = [];
    for await (const read of packedParts(batch.id, from, most)) {
      found.push(...rowsFrom(batch, read.first, packedRows(read)));
    }
    return found;
  }

  /** A few rows at a time are short-lived garbage. */
  async function* pages(batch: Batch): AsyncGenerator<RowWithOutcome[]> {
    for await (const page of packedPages(batch)) {
      const packed = packedRows(page);
      for (let from = 0; from < packed.rows.length; from += ROWS_AT_ONCE) {
        yield rowsFrom(batch, page.first, packed, from, from + ROWS_AT_ONCE);
      }
    }
  }

  /** Redis reads the next pages while the caller works on one. */
  async function* packedPages(batch: Batch): AsyncGenerator<PackedPage> {
    const count = Math.ceil(batch.rows / ROWS_PER_PAGE);
    const quick = count < FEW_PAGES ? undefined : await openQuickPages(redis, PART_BYTES);
    try {
      yield* pagesAhead(batch, count, quick);
    } finally {
      quick?.close();
    }
  }

  async function* pagesAhead(batch: Batch, count: number, quick: QuickPages | undefined): AsyncGenerator<PackedPage> {
    const ahead: ReturnType<typeof packedFrom>[] = [];
    for (let number = 0; number < count; number += 1) {
      while (ahead.length + ASKED_TOGETHER <= PAGES_AHEAD && number + ahead.length < count) {
        const next = number + ahead.length;
        const numbers = Array.from({ length: Math.min(ASKED_TOGETHER, count - next) }, (_, n) => next + n);
        for (const asked of firstParts(batch.id, numbers, quick)) {
          // The next page reports it; a caller that has seen enough waits for none.
          asked.catch(() => {});
          ahead.push(asked);
        }
      }
      const page = await (ahead.shift() as (typeof ahead)[number]);
      // Which is here already, mostly: else nothing would wait between the pages.
      if (number > 0) await giveWay();
      yield page;
      if (page.next !== undefined) yield* packedParts(batch.id, page.next, (number + 1) * ROWS_PER_PAGE - page.next);
    }
  }

  async function rowWithOutcome(batch: Batch, index: number): Promise<RowWithOutcome | undefined> {
    return (await part(batch, index, 1))[0];
  }

  async function row(batch: Batch, index: number): Promise<Row | undefined> {
    const text = await redis.lindex(key('rows', batch.id, Math.floor(index / ROWS_PER_PAGE)), index % ROWS_PER_PAGE);
    return text === null ? undefined : unpackRow(text.slice(text.indexOf('\n') + 1), batch.columns);
  }

  return { page, part, pages, packedPages, packedPage, row, rowWithOutcome };
}
