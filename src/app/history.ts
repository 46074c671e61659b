/** Everything that happened to a merchant's registration. */

import { batchOf } from '../domain/row.js';
import type { Snapshot } from '../domain/snapshot.js';
import { rowsNamed, type Story } from '../reporter/timeline.js';
import { heldBackNow } from './sending-now.js';
import type { Store } from './wiring/store.js';

export async function storyOf(
  store: Pick<Store, 'ledger' | 'batches' | 'calls' | 'settings' | 'redis'>,
  snapshot: Snapshot,
): Promise<Story> {
  const [history, blockedReason] = await Promise.all([
    store.ledger.history(snapshot.registration.id),
    heldBackNow(store),
  ]);
  return toldStory(store, { snapshot, history, blockedReason });
}

/** The same where the history was read. */
export async function toldStory(
  store: Pick<Store, 'batches'>,
  { snapshot, history, blockedReason }: Pick<Story, 'snapshot' | 'history' | 'blockedReason'>,
): Promise<Story> {
  const pointers = rowsNamed({ snapshot, history });
  const batches = await Promise.all([...new Set(pointers.map(batchOf))].map((batch) => store.batches.find(batch)));
  const corrected = batches.flatMap((batch) => batch?.correction?.row ?? []);
  const rows = await Promise.all(
    [...new Set([...pointers, ...corrected])].map(
      async (pointer) => [pointer, (await store.batches.rowAt(pointer))?.row] as const,
    ),
  );
  return {
    snapshot,
    history,
    batches: new Map(batches.flatMap((batch) => (batch === undefined ? [] : [[batch.id, batch] as const]))),
    lines: new Map(rows.flatMap(([pointer, row]) => (row === undefined ? [] : [[pointer, row.line] as const]))),
    merchants: new Map(
      rows.flatMap(([pointer, row]) => (row?.merchant === undefined ? [] : [[pointer, row.merchant] as const])),
    ),
    blockedReason,
  };
}
