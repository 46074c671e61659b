/** Old merchants' data: which batches are over for so long that they can be forgotten, and forgetting them. */
import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Batch, byOutcome } from '../domain/batch.js';
import type { Batches } from '../redis/ledger/batches.js';
import type { Purging, Rewrite } from '../redis/ledger/purging.js';
import type { Nights } from '../redis/nights.js';
import type { Pushes } from '../redis/pushes/pushes.js';

export interface PurgeTools {
  readonly ledger: Purging;
  readonly batches: Pick<Batches, 'list' | 'find' | 'counts'>;
  readonly pushes: Pick<Pushes, 'forgetBefore'>;
  readonly nights: Pick<Nights, 'forgetBefore'>;
  /** Where pushes wait while Redis is away. */
  readonly spool: string;
}

/** Batches whose rows have all had an outcome since before `time` (ms since 1970). */
export async function purgeable(
  { ledger, batches }: Pick<PurgeTools, 'ledger' | 'batches'>,
  time: number,
): Promise<Batch[]> {
  const found: Batch[] = [];
  for (const id of await batches.list()) {
    const batch = await batches.find(id);
    if (batch === undefined || batch.purgedAt !== undefined || !batch.complete || batch.loadedAt >= time) continue;
    if (byOutcome(await batches.counts(id)).pending !== undefined) continue;
    if ((await ledger.lastOutcome(batch)) < time) found.push(batch);
  }
  return found;
}

export interface Purged {
  readonly registrations: number;
  readonly pushes: number;
  /** Whether they are gone from Redis' disk, too. */
  readonly rewrite: Rewrite;
}

export async function purge(tools: PurgeTools, wanted: readonly Batch[], time: number, now: number): Promise<Purged> {
  const { ledger, pushes, nights, spool } = tools;
  await ledger.markPurged(time);
  let registrations = 0;
  for (const batch of wanted) registrations += await ledger.purgeBatch(batch, now);
  if (wanted.length > 0) await ledger.tidyLists();
  const forgotten = await pushes.forgetBefore(time);
  await emptySpoolOfOld(spool, time);
  await nights.forgetBefore(time);
  return { registrations, pushes: forgotten, rewrite: await ledger.rewriteFile() };
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
