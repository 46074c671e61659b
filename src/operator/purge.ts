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
  readonly pushes: Pick<Pushes, 'forgetBefore' | 'after' | 'listParked'>;
  readonly nights: Pick<Nights, 'forgetBefore' | 'oldOnes'>;
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
    const batch = await unpurged(batches, id);
    if (batch !== undefined && (await isOverSince({ ledger, batches }, batch, time))) found.push(batch);
  }
  return found;
}

async function unpurged(batches: PurgeTools['batches'], id: string): Promise<Batch | undefined> {
  const batch = await batches.find(id);
  return batch?.purgedAt === undefined ? batch : undefined;
}

async function isOverSince(
  { ledger, batches }: Pick<PurgeTools, 'ledger' | 'batches'>,
  batch: Batch,
  time: number,
): Promise<boolean> {
  if (!batch.complete || batch.loadedAt >= time) return false;
  if (byOutcome(await batches.counts(batch.id)).pending !== undefined) return false;
  return (await ledger.lastOutcome(batch)) < time;
}

export interface Purged {
  readonly batches: readonly Batch[];
  /** Of these a row was sent again since they were found to be over. */
  readonly kept: readonly Batch[];
  readonly registrations: number;
  readonly pushes: number;
  /** Whether they are gone from Redis' disk, too. */
  readonly rewrite: Rewrite;
}

/** Looks at each batch again: `wanted` was shown to a person, and meanwhile a row may have been sent again. */
export async function purge(tools: PurgeTools, wanted: readonly Batch[], time: number, now: number): Promise<Purged> {
  const { ledger, batches, pushes, nights, spool } = tools;
  await ledger.markPurged(time);
  const [whole, kept]: [Batch[], Batch[]] = [[], []];
  let registrations = 0;
  for (const { id } of wanted) {
    const batch = await unpurged(batches, id);
    if (batch === undefined) continue;
    const isOver = await isOverSince(tools, batch, time);
    const purged = isOver ? await ledger.purgeBatch(batch, now) : { registrations: 0, isWhole: false };
    registrations += purged.registrations;
    (purged.isWhole ? whole : kept).push(batch);
  }
  if (wanted.length > 0) await ledger.tidyLists();
  const forgotten = await pushes.forgetBefore(time);
  await emptySpoolOfOld(spool, time);
  await nights.forgetBefore(time);
  return { batches: whole, kept, registrations, pushes: forgotten, rewrite: await ledger.rewriteFile() };
}

/** Whether `purge` would delete anything but batches. */
export async function hasOldRest(
  { pushes, nights, spool }: Pick<PurgeTools, 'pushes' | 'nights' | 'spool'>,
  time: number,
): Promise<boolean> {
  const [first] = await pushes.after('0', 1);
  // An entry of the stream begins with the time at which it was stored, by which it is deleted.
  if (first !== undefined && Number(first.entry.split('-')[0]) < time) return true;
  if ((await pushes.listParked()).some(({ receivedAt }) => receivedAt < time)) return true;
  return (await nights.oldOnes(time)).length > 0 || (await oldFilesIn(spool, time)).length > 0;
}

/** What could not be stored for so long belongs to tasks that WeChat ended long ago. */
async function emptySpoolOfOld(folder: string, time: number): Promise<void> {
  for (const file of await oldFilesIn(folder, time)) await unlink(file).catch(() => {});
}

async function oldFilesIn(folder: string, time: number): Promise<string[]> {
  const old: string[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const file = join(folder, name);
    // A receiver that empties it at this moment takes the file away.
    const found = await stat(file).catch(() => undefined);
    if (found !== undefined && found.mtimeMs < time) old.push(file);
  }
  return old;
}
