/** Forgetting the merchants of a batch: page by page, so that a batch of a million stops nobody, and again where it was interrupted. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Batch } from './batches.js';
import { key, ROWS_PER_PAGE } from './keys.js';
import { script } from './scripts.js';

/** Forgets the rows of a batch and the registrations that no other batch asks for; its counts stay. Answers how many those were. */
export async function purgeBatch(redis: Redis, batch: Batch, now: number): Promise<number> {
  const purge = script(redis, 'purge');
  let forgotten = 0;
  for (let page = 0; page * ROWS_PER_PAGE < batch.rows; page += 1) {
    forgotten += Number(await purge([key('rows', batch.id, page)], [batch.id]));
  }
  const done = await redis
    .multi()
    .del(key('settled', batch.id), key('firsts', batch.id))
    .hset(key('batch', batch.id), { file: '', headings: '[]', columns: '[]', purgedAt: now })
    .exec();
  for (const [error] of done ?? []) if (error) throw error;
  return forgotten;
}

/** `nothing`: Redis keeps no append-only file. `forbidden`: a managed server rewrites it on its own schedule. */
export type Rewrite = 'done' | 'nothing' | 'forbidden';

const LOOK_EVERY_MS = 50;

/**
 * What was deleted lies in the append-only file until that is written anew. Waits for the end: a private server that is shut
 * down in the middle would keep the old file.
 *
 * @throws Error where Redis could not write it
 */
export async function rewriteFile(redis: Redis): Promise<Rewrite> {
  if ((await persistence(redis)).get('aof_enabled') !== '1') return 'nothing';
  // One that is under way began before the last deletion.
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
