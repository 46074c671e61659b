/** Merchants' data that is old enough to be deleted. */
import type { Batch } from '../domain/batch.js';
import { type Purged, purge, purgeable } from '../operator/purge.js';
import { purgeToolsOf } from './wiring/purging.js';
import { spoolFolder } from './wiring/spool-folder.js';
import type { Store } from './wiring/store.js';

type PurgeStore = Pick<Store, 'redis' | 'settings'>;

export interface PurgePreview {
  /** ms since 1970; pushes that came before it go too. */
  readonly before: number;
  readonly batches: readonly Batch[];
  readonly rows: number;
}

/** Batches whose rows have all had an outcome since before `before`. Changes nothing. */
export async function previewPurge({ redis, settings }: PurgeStore, before: number): Promise<PurgePreview> {
  const batches = await purgeable(purgeToolsOf(redis, spoolFolder(settings)), before);
  return { before, batches, rows: rowsOf(batches) };
}

export function rowsOf(batches: readonly Batch[]): number {
  return batches.reduce((sum, { rows }) => sum + rows, 0);
}

export async function applyPurge(
  { redis, settings }: PurgeStore,
  { batches, before }: PurgePreview,
  now: number,
): Promise<Purged> {
  return purge(purgeToolsOf(redis, spoolFolder(settings)), batches, before, now);
}
