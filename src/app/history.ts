/** Everything that happened to a merchant's registration. */
import type { Snapshot } from '../domain/snapshot.js';
import { batchOf } from '../redis/ledger/ledger.js';
import { rowsNamed, type Story } from '../reporter/history.js';
import { sendingNow } from './sending-now.js';
import type { Store } from './wiring/store.js';

export async function storyOf(
  store: Pick<Store, 'ledger' | 'batches' | 'calls' | 'settings'>,
  snapshot: Snapshot,
): Promise<Story> {
  const { id } = snapshot.registration;
  const history = await store.ledger.history(id);
  const pointers = rowsNamed({ snapshot, history });
  const batches = await Promise.all([...new Set(pointers.map(batchOf))].map((batch) => store.batches.find(batch)));
  const rows = await Promise.all(
    pointers.map(async (pointer) => [pointer, await store.batches.rowAt(pointer)] as const),
  );
  const { blockedReason } = await sendingNow(store);
  return {
    snapshot,
    history,
    batches: new Map(batches.flatMap((batch) => (batch === undefined ? [] : [[batch.id, batch] as const]))),
    lines: new Map(
      rows.flatMap(([pointer, named]) => (named === undefined ? [] : [[pointer, named.row.line] as const])),
    ),
    blockedReason,
  };
}
