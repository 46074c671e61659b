/** Old merchants' data: which batches are over for so long that they can be forgotten, and forgetting them. */
import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { type Batch, type Batches, byOutcome } from '../redis/batches.js';
import { openNights } from '../redis/nights.js';
import { purgeBatch, rewriteFile } from '../redis/purging.js';
import type { Pushes } from '../redis/pushes.js';

export interface PurgeTools {
  readonly redis: Redis;
  readonly batches: Batches;
  readonly pushes: Pushes;
  /** Where pushes wait while Redis is away. */
  readonly spool: string;
}

/** Batches of which every row has had its outcome since before `time` (ms since 1970). */
export async function purgeable({ batches }: Pick<PurgeTools, 'batches'>, time: number): Promise<Batch[]> {
  const found: Batch[] = [];
  for (const id of await batches.list()) {
    const batch = await batches.find(id);
    if (batch === undefined || batch.purgedAt !== undefined || !batch.complete || batch.loadedAt >= time) continue;
    if (byOutcome(await batches.counts(id)).pending !== undefined) continue;
    if (!(await wasTouchedSince(batches, batch, time))) found.push(batch);
  }
  return found;
}

export interface Purged {
  readonly registrations: number;
  readonly pushes: number;
}

export async function purge(tools: PurgeTools, wanted: readonly Batch[], time: number, now: number): Promise<Purged> {
  let registrations = 0;
  for (const batch of wanted) registrations += await purgeBatch(tools.redis, batch, now);
  const pushes = await tools.pushes.forgetBefore(time);
  await emptySpoolOfOld(tools.spool, time);
  await openNights(tools.redis).forgetBefore(time);
  await rewriteFile(tools.redis);
  return { registrations, pushes };
}

async function wasTouchedSince(batches: Batches, batch: Batch, time: number): Promise<boolean> {
  for await (const rows of batches.pages(batch)) {
    if (
      rows.some(
        ({ relation, registration }) => relation.kind === 'registered' && (registration?.finishedAt ?? 0) >= time,
      )
    )
      return true;
  }
  return false;
}

/** What could not be stored for so long belongs to tasks that WeChat ended long ago. */
async function emptySpoolOfOld(folder: string, time: number): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const file = join(folder, name);
    // A receiver that empties it at this moment takes the file away.
    const found = await stat(file).catch(() => undefined);
    if (found !== undefined && found.mtimeMs < time) await unlink(file).catch(() => {});
  }
}
