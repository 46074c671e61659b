/** Forgetting the merchants of a batch: page by page, so that a batch of a million stops nobody, and again where it was interrupted. */
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

/** What was deleted lies in the append-only file until that is written anew. */
export async function rewriteFile(redis: Redis): Promise<void> {
  await redis.bgrewriteaof().catch(() => {
    // A managed server forbids it and does it by itself; and one that writes none has nothing to rewrite.
  });
}
