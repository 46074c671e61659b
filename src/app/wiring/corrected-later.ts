/** Where it is asked which refused rows need no correction any more. */
import { rowsNamedAmong } from '../../redis/ledger/row-index.js';
import { type CorrectedLater, openCorrectedLater } from '../../reporter/corrected-later.js';
import type { Store } from './store.js';

export function correctedLaterOf(store: Pick<Store, 'batches' | 'identify' | 'ledger' | 'redis'>): CorrectedLater {
  return openCorrectedLater({ ...store, rowsNamedAmong: (batch, names) => rowsNamedAmong(store.redis, batch, names) });
}
