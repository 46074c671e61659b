/** The rows of a batch: a page at a time, some of a page, or one. */
import type { Redis } from 'ioredis';
import { type Batch, ROWS_PER_PAGE } from '../../domain/batch.js';
import type { Row, RowWithOutcome } from '../../domain/row.js';
import { giveWay } from '../../give-way.js';
import { key } from '../keys.js';
import { scriptForBytes } from '../scripts.js';
import { type PackedPage, packedRows, rowsFrom, unpackedRow } from './packed-rows.js';
import { unpackRow } from './rows.js';

export interface BatchPages {
  page(batch: Batch, page: number): Promise<RowWithOutcome[]>;
  /** Rows from an index on, `most` of them, and none of the next page. */
  part(batch: Batch, from: number, most: number): Promise<RowWithOutcome[]>;
  /** Every row, in order, some at a time. */
  pages(batch: Batch): AsyncIterable<RowWithOutcome[]>;
  /** The same as Redis has them, for who makes text of text. */
  packedPages(batch: Batch): AsyncIterable<PackedPage>;
  /** One of them; empty where there is none. */
  packedPage(batch: string, page: number): Promise<PackedPage>;
  row(batch: Batch, index: number): Promise<Row | undefined>;
  rowWithOutcome(batch: Batch, index: number): Promise<RowWithOutcome | undefined>;
}

export function openBatchPages(redis: Redis): BatchPages {
  const pageScript = scriptForBytes(redis, 'page');

  async function page(batch: Batch, number: number): Promise<RowWithOutcome[]> {
    return part(batch, number * ROWS_PER_PAGE, ROWS_PER_PAGE);
  }

  async function part(batch: Batch, from: number, most: number): Promise<RowWithOutcome[]> {
    const { rows, outcomes } = packedRows(await packedFrom(batch.id, from, most));
    return rows.map((text, at) => unpackedRow(from + at, text, outcomes[at] ?? '', batch.columns));
  }

  async function packedPage(id: string, number: number): Promise<PackedPage> {
    return { number, ...(await packedFrom(id, number * ROWS_PER_PAGE, ROWS_PER_PAGE)) };
  }

  async function packedFrom(id: string, from: number, most: number): Promise<Omit<PackedPage, 'number'>> {
    const page = Math.floor(from / ROWS_PER_PAGE);
    const answer = await pageScript([key('rows', id, page)], [id, from, most]);
    const [rows, outcomes] = answer as [Buffer, Buffer];
    return { rows, outcomes };
  }

  /** A few rows at a time are short-lived garbage. */
  async function* pages(batch: Batch): AsyncGenerator<RowWithOutcome[]> {
    for await (const page of packedPages(batch)) {
      const packed = packedRows(page);
      for (let from = 0; from < packed.rows.length; from += ROWS_AT_ONCE) {
        yield rowsFrom(batch, page.number, packed, from, from + ROWS_AT_ONCE);
      }
    }
  }

  /** Redis reads the next pages while the caller works on one. */
  async function* packedPages(batch: Batch): AsyncGenerator<PackedPage> {
    const count = Math.ceil(batch.rows / ROWS_PER_PAGE);
    const ahead: Promise<PackedPage>[] = [];
    for (let number = 0; number < count; number += 1) {
      while (ahead.length < PAGES_AHEAD && number + ahead.length < count) {
        const asked = packedPage(batch.id, number + ahead.length);
        // The next page reports it; a caller that has seen enough waits for none.
        asked.catch(() => {});
        ahead.push(asked);
      }
      const page = await (ahead.shift() as Promise<PackedPage>);
      // Which is here already, mostly: else nothing would wait between the pages.
      if (number > 0) await giveWay();
      yield page;
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

/** Enough to keep Redis at work; more only lie in memory. */
const PAGES_AHEAD = 3;
const ROWS_AT_ONCE = 64;
