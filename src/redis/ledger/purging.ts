/**
 * Forgets the merchants of a batch: a few rows at a time, so that a batch of a million does not block Redis. An interrupted
 * run is continued by the next one.
 */
import type { Redis } from 'ioredis';
import { type Batch, ROWS_PER_PAGE } from '../../domain/batch.js';
import { STATES_WITH_WORK, type WorkKind } from '../../domain/work.js';
import { sleep } from '../../sleep.js';
import { answersOf } from '../exec.js';
import { key } from '../keys.js';
import { script } from '../scripts.js';
import { FIELD_OF_OUTCOME_TIME, SHOWN_NAMES } from './registration-fields.js';

/** How many rows one run forgets: half a millisecond, during which Redis serves no other client. */
const ROWS_AT_ONCE = 32;

/** How many entries of a list one run examines: the deeper an entry lies, the longer Redis takes to find it. */
const ENTRIES_AT_ONCE = 64;

export interface Purging {
  /** When the last row of a batch got its outcome, in ms since 1970; 0 if no row has one. */
  lastOutcome(batch: Batch): Promise<number>;
  /**
   * Written before anything is deleted. A Redis with this mark had all facts of the time before it, so an entry of a journal from
   * that time which Redis lacks was purged, not lost (loss.ts).
   */
  markPurged(before: number): Promise<void>;
  /**
   * Forgets the rows of a batch and the registrations that no other batch asks for; its counts stay. Stops at a row that was sent
   * again meanwhile: the batch keeps this row and the rows that are left, for a later purge.
   */
  purgeBatch(batch: Batch, now: number): Promise<PurgedBatch>;
  /** Removes purged registrations from the lists of work and of calls, a part of a list at a time. */
  tidyLists(): Promise<void>;
  /**
   * Deleted data stays in the append-only file until Redis rewrites the file. Waits for the end of the rewrite: a private server
   * that is shut down before it would keep the old file.
   *
   * @throws Error where Redis could not write it
   */
  rewriteFile(): Promise<Rewrite>;
}

export interface PurgedBatch {
  /** How many registrations were forgotten. */
  readonly registrations: number;
  /** False if the batch has rows left. */
  readonly isWhole: boolean;
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

/** In ms since 1970; 0 if nothing was purged. */
export async function purgedBefore(redis: Redis): Promise<number> {
  return Number((await redis.hget(key('epoch'), 'purgedBefore')) ?? 0);
}

async function purgeBatch(redis: Redis, batch: Batch, now: number): Promise<PurgedBatch> {
  const purge = script(redis, 'purge');
  // Reports that were written of its rows stay as they are (batch-changes.lua).
  await redis.hset(key('batch', batch.id), 'purging', now);
  let registrations = 0;
  for (const page of pagesOf(batch)) {
    let [some, left] = [0, 1];
    while (left > 0) {
      [some, left] = (await purge(keysOf(batch, page), [batch.id, ROWS_AT_ONCE])) as [number, number];
      registrations += some;
    }
    if (left < 0) {
      if (page === 0 && (await redis.llen(key('rows', batch.id, 0))) === Math.min(batch.rows, ROWS_PER_PAGE)) {
        await redis.hdel(key('batch', batch.id), 'purging');
      }
      return { registrations, isWhole: false };
    }
  }
  const steps = redis
    .multi()
    // UNLINK frees large values in the background.
    .unlink(key('keptOutcomes', batch.id), key('firstRows', batch.id), key('held', batch.id), key('rowNotes', batch.id))
    .srem(key('heldBatches'), batch.id)
    .hset(key('batch', batch.id), { file: '', headings: '[]', columns: '[]', purgedAt: now })
    .hdel(key('batch', batch.id), 'correction');
  await answersOf(steps);
  return { registrations, isWhole: true };
}

async function tidyLists(redis: Redis): Promise<void> {
  const kinds: readonly WorkKind[] = ['submit', 'follow-up'];
  for (const kind of kinds) {
    await tidyReady(redis, kind);
    await tidyList(redis, 'window', key('window', kind), STATES_WITH_WORK[kind]);
  }
  await tidyList(redis, 'recent', key('recent'), []);
}

/** Removes registrations without work from the list of ready ones, so that handing out work need not skip them. */
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
