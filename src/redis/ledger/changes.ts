/**
 * Which rows have changed, for a process that has looked through all of them once. The scripts write it down in the step that
 * changes them: a fact of a registration changes the pages of its rows, a purge those of its batch. Of new rows, those that
 * begin a registration are no change: they have nothing yet but their turn to wait for.
 */
import type { Redis } from 'ioredis';
import { answersOf } from '../exec.js';
import { key } from '../keys.js';

export interface PageOfRows {
  readonly batch: string;
  readonly page: number;
}

export interface Changes {
  /** Another one, or a smaller `count`, says that Redis may have forgotten changes. */
  readonly epoch: string;
  /** How often rows were changed or added. */
  readonly count: number;
  /** Those that have changed after `since`. */
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
    // Behind the count: a change between the two is found again by the next look.
    .zrangebyscore(key('changedPages'), `(${since}`, '+inf');
  const [[epoch, count], batches, pages] = (await answersOf(steps)) as [(string | null)[], number, string[]];
  return { epoch: epoch ?? '', count: Number(count ?? 0), pages: pages.map(pageOfRows), batches };
}

function pageOfRows(text: string): PageOfRows {
  const at = text.lastIndexOf(':');
  return { batch: text.slice(0, at), page: Number(text.slice(at + 1)) };
}
