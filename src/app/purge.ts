/** Merchants' data that is old enough to be deleted. */
import type { Batch } from '../domain/batch.js';
import { type Purged, type PurgeTools, purge, purgeable } from '../operator/purge.js';
import { openPushes } from '../redis/pushes/pushes.js';
import { spoolFolder } from './wiring/spool-folder.js';
import type { Store } from './wiring/store.js';

type PurgeStore = Pick<Store, 'redis' | 'batches' | 'settings'>;

export interface PurgePreview {
  /** ms since 1970; pushes that came before it go too. */
  readonly before: number;
  readonly batches: readonly Batch[];
  readonly rows: number;
}

/** Batches whose rows have all had an outcome since before `before`. Changes nothing. */
export async function previewPurge(store: PurgeStore, before: number): Promise<PurgePreview> {
  const batches = await purgeable(toolsOf(store), before);
  return { before, batches, rows: batches.reduce((sum, batch) => sum + batch.rows, 0) };
}

export async function applyPurge(store: PurgeStore, { batches, before }: PurgePreview, now: number): Promise<Purged> {
  return purge(toolsOf(store), batches, before, now);
}

function toolsOf({ redis, batches, settings }: PurgeStore): PurgeTools {
  return { redis, batches, pushes: openPushes(redis), spool: spoolFolder(settings) };
}
