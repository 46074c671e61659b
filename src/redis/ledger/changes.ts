/**
 * Which rows have changed, for a process that has read all rows once. The scripts record this in the step that changes rows: a
 * fact of a registration changes the pages of its rows, a purge the pages of its batch. A new row that begins a registration
 * is not a change: it only waits for its turn.
 */
import type { Redis } from 'ioredis';
import { answersOf } from '../exec.js';
import { key } from '../keys.js';

export interface PageOfRows {
  readonly batch: string;
  readonly page: number;
}

export interface Changes {
  /** If the epoch is a new one, or `count` is smaller than before, Redis may have forgotten changes. */
  readonly epoch: string;
  /** How often rows were changed or added. */
  readonly count: number;
  /** The pages that have changed after `since`. */
  readonly pages: readonly PageOfRows[];
  /** How many batches there are. */
  readonly batches: number;
}

/** @param since the `count` of an earlier look */
export async function changesSince(redis: Redis, since: number): Promise<Changes> {
  const steps = redis
    .pipeline()
    .hmget(key('epoch'), 'id', 'changes')
    .llen(key('batches'))
    // Read after the count: the next look finds a change between the two reads again.
    .zrangebyscore(key('changedPages'), `(${since}`, '+inf');
  const [[epoch, count], batches, pages] = (await answersOf(steps)) as [(string | null)[], number, string[]];
  return { epoch: epoch ?? '', count: Number(count ?? 0), pages: pages.map(pageOfRows), batches };
}

function pageOfRows(text: string): PageOfRows {
  const at = text.lastIndexOf(':');
  return { batch: text.slice(0, at), page: Number(text.slice(at + 1)) };
}
