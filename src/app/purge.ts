/** Merchants' data that is old enough to be deleted. */
import type { Batch } from '../domain/batch.js';
import { hasOldRest, type Purged, purge, purgeable } from '../operator/purge.js';
import { purgeToolsOf } from './wiring/purging.js';
import { spoolFolder } from './wiring/spool-folder.js';
import type { Store } from './wiring/store.js';

type PurgeStore = Pick<Store, 'redis' | 'settings'>;

export interface PurgePreview {
  /** ms since 1970; pushes that came before it go too. */
  readonly before: number;
  readonly batches: readonly Batch[];
  readonly rows: number;
  /** Neither a batch nor anything else is that old. */
  readonly isEmpty: boolean;
}

/** Batches whose rows have all had an outcome since before `before`. Changes nothing. */
export async function previewPurge({ redis, settings }: PurgeStore, before: number): Promise<PurgePreview> {
  const tools = purgeToolsOf(redis, spoolFolder(settings));
  const batches = await purgeable(tools, before);
  const isEmpty = batches.length === 0 && !(await hasOldRest(tools, before));
  return { before, batches, rows: rowsOf(batches), isEmpty };
}

export function rowsOf(batches: readonly Batch[]): number {
  return batches.reduce((sum, { rows }) => sum + rows, 0);
}

export async function applyPurge(
  { redis, settings }: PurgeStore,
  { batches, before }: Pick<PurgePreview, 'batches' | 'before'>,
  now: number,
): Promise<Purged> {
  return purge(purgeToolsOf(redis, spoolFolder(settings)), batches, before, now);
}
