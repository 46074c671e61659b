/** What has become of the rows of a night's files so far. */
import type { Counts } from '../domain/batch.js';
import { batchesOf, type Night } from '../domain/night.js';
import type { Batches } from '../redis/ledger/batches.js';
import { sum } from '../reporter/tally.js';

/** A sheet that lay in the inbox under two names counts once. */
export async function countsOfNight(batches: Pick<Batches, 'counts'>, night: Pick<Night, 'files'>): Promise<Counts> {
  return sum(await Promise.all(batchesOf(night).map((batch) => batches.counts(batch))));
}
