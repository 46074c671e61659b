import type { Batch } from '../domain/batch.js';
import { linksOf, type MerchantLink } from '../reporter/links.js';
import { batchNamed } from './batches.js';
import type { Store } from './wiring/store.js';

/** The links of a batch that legal persons have yet to open. Without `id`: of the newest. @throws RequestError */
export async function openLinksOf(
  store: Pick<Store, 'batches'>,
  id: string | undefined,
): Promise<{ readonly batch: Batch; readonly links: readonly MerchantLink[] }> {
  const batch = await batchNamed(store, id);
  const links: MerchantLink[] = [];
  for await (const link of linksOf(store.batches, batch, Date.now())) links.push(link);
  return { batch, links };
}
