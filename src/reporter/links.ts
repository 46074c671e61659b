/** The merchants of a batch whose legal person has a link to open, in the order of the file. */

import type { Batch } from '../domain/batch.js';
import { type Link, linkOf, stageOf } from '../domain/link.js';
import type { Batches } from '../redis/ledger/batches.js';

export interface MerchantLink extends Link {
  readonly line: number;
  readonly merchant: string;
  readonly registration: string;
  readonly stage: 'open' | 'ending';
}

export async function* linksOf(batches: Batches, batch: Batch, now: number): AsyncGenerator<MerchantLink> {
  for await (const page of batches.pages(batch)) {
    for (const { row, relation, registration } of page) {
      if (relation.kind !== 'registered' || registration === undefined) continue;
      const link = linkOf(registration);
      const stage = link && stageOf(link, now);
      if (link === undefined || stage === undefined || stage === 'ended') continue;
      yield { ...link, line: row.line, merchant: row.merchant?.name ?? '', registration: relation.id, stage };
    }
  }
}
