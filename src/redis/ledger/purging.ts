/**
 * Forgetting the merchants of a batch: a few rows at a time, so that a batch of a million does not block Redis, and again
 * where it was interrupted.
 */
import type { Redis } from 'ioredis';
import { type Batch, ROWS_PER_PAGE } from '../../domain/batch.js';
import { STATES_WITH_WORK, type WorkKind } from '../../domain/work.js';
import { sleep } from '../../sleep.js';
import { answersOf } from '../exec.js';
import { key } from '../keys.js';
import { script } from '../scripts.js';
import { FIELD_OF_OUTCOME_TIME, SHOWN_NAMES } from './registration-fields.js';

/** Rows that one run forgets: half a millisecond, during which Redis serves no other client. */
const ROWS_AT_ONCE = 32;

/** Entries of a list that one run looks at: the deeper they lie, the longer Redis looks for each. */
const ENTRIES_AT_ONCE = 64;

export interface Purging {
  /** When the last row of a batch had its outcome, in ms since 1970; 0 where none has. */
  lastOutcome(batch: Batch): Promise<number>;
  /**
   * Written before anything is deleted. A Redis that has this mark had everything of the time before it, so what journals have
   * of that time and Redis has not is purged, not forgotten (loss.ts).
   */
  markPurged(before: number): Promise<void>;
  /** Forgets the rows of a batch and the registrations that no other batch asks for; its counts stay. Answers how many those were. */
  purgeBatch(batch: Batch, now: number): Promise<number>;
  /** Takes what was purged out of the lists of work and of calls, a part of a list at a time. */
  tidyLists(): Promise<void>;
  /**
   * What was deleted lies in the append-only file until that is written anew. Waits for the end: a private server that is shut
   * down in the middle would keep the old file.
   *
   * @throws Error where Redis could not write it
   */
  rewriteFile(): Promise<Rewrite>;
}

export function openPurging(redis: Redis): Purging {
  return {
    lastOutcome: (batch) => lastOutcome(redis, batch),
    markPurged: (before) => markPurged(redis, before),
    purgeBatch: (batch, now) => purgeBatch(redis, batch, now),
    tidyLists: () => tidyLists(redis),
    rewriteFile: () => rewriteFile(redis),
  };
}

async function lastOutcome(redis: Redis, batch: Batch): Promise<number> {
  const lastOfPage = script(redis, 'last-outcome');
  const field = [FIELD_OF_OUTCOME_TIME, SHOWN_NAMES.indexOf(FIELD_OF_OUTCOME_TIME) + 1];
  let last = 0;
  for (const page of pagesOf(batch)) {
    const args = [batch.id, page * ROWS_PER_PAGE, ...field];
    last = Math.max(last, Number(await lastOfPage([key('rows', batch.id, page)], args)));
  }
  return last;
}

async function markPurged(redis: Redis, before: number): Promise<void> {
  const marked = await purgedBefore(redis);
  if (before > marked) await redis.hset(key('epoch'), 'purgedBefore', before);
}

/** In ms since 1970; 0 where nothing was purged. */
export async function purgedBefore(redis: Redis): Promise<number> {
  return Number((await redis.hget(key('epoch'), 'purgedBefore')) ?? 0);
}

async function purgeBatch(redis: Redis, batch: Batch, now: number): Promise<number> {
  const purge = script(redis, 'purge');
  let forgotten = 0;
  for (const page of pagesOf(batch)) {
    let [some, left] = [0, 1];
    while (left > 0) {
      [some, left] = (await purge(keysOf(batch, page), [batch.id, ROWS_AT_ONCE])) as [number, number];
      forgotten += some;
    }
  }
  const steps = redis
    .multi()
    // Redis frees what is large beside its other work.
    .unlink(key('keptOutcomes', batch.id), key('firstRows', batch.id), key('held', batch.id))
    .srem(key('heldBatches'), batch.id)
    .hset(key('batch', batch.id), { file: '', headings: '[]', columns: '[]', purgedAt: now })
    .hdel(key('batch', batch.id), 'correction');
  await answersOf(steps);
  return forgotten;
}

async function tidyLists(redis: Redis): Promise<void> {
  const kinds: readonly WorkKind[] = ['submit', 'follow-up'];
  for (const kind of kinds) {
    await tidyReady(redis, kind);
    await tidyList(redis, 'window', key('window', kind), STATES_WITH_WORK[kind]);
  }
  await tidyList(redis, 'recent', key('recent'), []);
}

/** Takes what is over out of the list of what is ready, so that it need not be passed over when work is handed out. */
export function tidyReady(redis: Redis, kind: WorkKind): Promise<void> {
  return tidyList(redis, 'ready', key('ready', kind), STATES_WITH_WORK[kind]);
}

async function tidyList(
  redis: Redis,
  what: 'ready' | 'window' | 'recent',
  list: string,
  states: readonly string[],
): Promise<void> {
  const tidy = script(redis, 'tidy');
  for (let kept = 0; ; ) {
    const [looked, stay] = (await tidy([list], [what, kept, ENTRIES_AT_ONCE, ...states])) as [number, number];
    if (looked === 0) return;
    kept += stay;
  }
}

function keysOf({ id }: Batch, page: number): string[] {
  return [key('rows', id, page), key('rowIndex', id, page)];
}

function* pagesOf({ rows }: Batch): Generator<number> {
  for (let page = 0; page * ROWS_PER_PAGE < rows; page += 1) yield page;
}

/** `nothing`: Redis keeps no append-only file. `forbidden`: a managed server rewrites it on its own schedule. */
export type Rewrite = 'done' | 'nothing' | 'forbidden';

const LOOK_EVERY_MS = 50;

async function rewriteFile(redis: Redis): Promise<Rewrite> {
  if ((await persistence(redis)).get('aof_enabled') !== '1') return 'nothing';
  // A run under way began before the last deletion.
  await untilNoRewrite(redis);
  try {
    await redis.bgrewriteaof();
  } catch (error) {
    if (/unknown command|NOPERM|not allowed/i.test(String(error))) return 'forbidden';
    throw error;
  }
  const after = await untilNoRewrite(redis);
  const status = after.get('aof_last_bgrewrite_status');
  if (status !== 'ok') {
    throw new Error(
      `Redis could not rewrite its append-only file (aof_last_bgrewrite_status: ${status}): what was deleted is still on its disk. Look at its log and its disk space, then run BGREWRITEAOF or the same purge again.`,
    );
  }
  return 'done';
}

async function untilNoRewrite(redis: Redis): Promise<ReadonlyMap<string, string>> {
  for (;;) {
    const info = await persistence(redis);
    const isBusy = info.get('aof_rewrite_in_progress') === '1' || info.get('aof_rewrite_scheduled') === '1';
    if (!isBusy) return info;
    await sleep(LOOK_EVERY_MS);
  }
}

async function persistence(redis: Redis): Promise<ReadonlyMap<string, string>> {
  const lines = (await redis.info('persistence')).split(/\r?\n/);
  return new Map(lines.map((line) => line.split(':', 2) as [string, string]));
}
