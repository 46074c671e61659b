/** Registrations by the name of the enterprise, whatever has become of them. */
import type { Redis } from 'ioredis';
import type { Batch } from '../../domain/batch.js';
import { openBatches } from './batches.js';
import { rowsThatMayBe } from './row-index.js';

/** Sizes are read for so many batches at once. */
const BATCHES_AT_ONCE = 1_024;

/** Each once; some may have another name, and the same digest of it. */
export async function registrationsNamed(redis: Redis, name: string): Promise<string[]> {
  const batches = openBatches(redis);
  const ids = new Set<string>();
  const list = await batches.list();
  for (let from = 0; from < list.length; from += BATCHES_AT_ONCE) {
    let batch: Batch | undefined;
    for await (const { batch: size, index } of rowsThatMayBe(
      redis,
      await batches.sizes(list.slice(from, from + BATCHES_AT_ONCE)),
      name,
    )) {
      if (batch?.id !== size.id) batch = await batches.find(size.id);
      const relation = batch && (await batches.rowWithOutcome(batch, index))?.relation;
      if (relation !== undefined && relation.kind !== 'refused') ids.add(relation.id);
    }
  }
  return [...ids];
}
