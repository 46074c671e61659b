/** Reads the rows of a batch, page by page, each with what became of it. A page of long rows is read in parts. */
import type { Redis } from 'ioredis';
import { type Batch, ROWS_PER_PAGE } from '../../domain/batch.js';
import type { RowWithOutcome } from '../../domain/row.js';
import { giveWay } from '../../give-way.js';
import { key } from '../keys.js';
import { scriptForBytes } from '../scripts.js';
import { type PackedPage, packedRows, rowsFrom } from './packed-rows.js';

/** A page of usual rows has 100,000; one of the longest rows that a sheet may have is 500 MB, and its report as much again. */
const PART_BYTES = 512 * 1024;
/** Enough to keep Redis at work; more only lie in memory. */
const PAGES_AHEAD = 3;
const ROWS_AT_ONCE = 64;

export function openBatchPages(redis: Redis) {
  const pageScript = scriptForBytes(redis, 'page');

  /** From a row of the batch to the end of its page, or less: `next` is where the rest begins. */
  async function part(batch: Batch, first: number, most = PART_BYTES): Promise<PackedPage & { next?: number }> {
    const place = first % ROWS_PER_PAGE;
    const number = (first - place) / ROWS_PER_PAGE;
    const answer = await pageScript([key('rows', batch.id, number)], [batch.id, first, place, most]);
    const [rest, rows, outcomes] = answer as [number, Buffer, Buffer];
    return { first, rows, outcomes, ...(rest >= 0 && { next: first - place + rest }) };
  }

  async function page(batch: Batch, number: number): Promise<RowWithOutcome[]> {
    const found: RowWithOutcome[] = [];
    for (let next: number | undefined = number * ROWS_PER_PAGE; next !== undefined; ) {
      const read = await part(batch, next);
      found.push(...rowsFrom(batch, read.first, packedRows(read)));
      next = read.next;
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
    const ahead: ReturnType<typeof part>[] = [];
    for (let number = 0; number < count; number += 1) {
      while (ahead.length < PAGES_AHEAD && number + ahead.length < count) {
        const asked = part(batch, (number + ahead.length) * ROWS_PER_PAGE);
        // The next page reports it; a caller that has seen enough waits for none.
        asked.catch(() => {});
        ahead.push(asked);
      }
      let read = await (ahead.shift() as (typeof ahead)[number]);
      // Which is here already, mostly: else nothing would wait between the pages.
      if (number > 0) await giveWay();
      yield read;
      while (read.next !== undefined) {
        read = await part(batch, read.next);
        yield read;
      }
    }
  }

  async function rowWithOutcome(batch: Batch, index: number): Promise<RowWithOutcome | undefined> {
    const read = await part(batch, index, 1);
    return rowsFrom(batch, index, packedRows(read), 0, 1)[0];
  }

  return { page, pages, packedPages, rowWithOutcome };
}
