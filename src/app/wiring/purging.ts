import type { Redis } from 'ioredis';
import type { PurgeTools } from '../../operator/purge.js';
import { openBatches } from '../../redis/ledger/batches.js';
import { openPurging } from '../../redis/ledger/purging.js';
import { openNights } from '../../redis/nights.js';
import { openPushes } from '../../redis/pushes/pushes.js';

/** Dependencies of forgetting old merchants' data; `spool`: the folder where pushes wait while Redis is away. */
export function purgeToolsOf(redis: Redis, spool: string): PurgeTools {
  return {
    ledger: openPurging(redis),
    batches: openBatches(redis),
    pushes: openPushes(redis),
    nights: openNights(redis),
    spool,
  };
}
