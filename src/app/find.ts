/** Merchants by what a person knows of them. */
import type { Language } from '../domain/words.js';
import { ownerOfTask, ownersOf } from '../redis/ledger/appids.js';
import { rowsThatMayBe, rowsWith } from '../redis/ledger/row-index.js';
import { type FindTools, type Found, find } from '../reporter/find.js';
import { reportOptionsOf } from './report-options.js';
import type { Store } from './wiring/store.js';

/** Rows one after the other, as they are found; the newest sheet first. */
export async function* findMerchants(store: Store, text: string, language: Language): AsyncGenerator<Found> {
  const options = reportOptionsOf(store, language);
  // Their error is reported with the first row that is found, if there is one.
  options.catch(() => {});
  yield* find(findToolsOf(store), text.trim(), options);
}

export function findToolsOf({ redis, batches, ledger, identify }: Store): FindTools {
  return {
    batches,
    ledger,
    identify,
    async ownersOf(text) {
      const [[byAppid], byTask] = await Promise.all([ownersOf(redis, [text]), ownerOfTask(redis, text)]);
      return [byAppid, byTask].filter((id) => id !== undefined);
    },
    rowsThatMayBe: (sizes, wanted) => rowsThatMayBe(redis, sizes, wanted),
    rowsWith: (sizes, wanted) => rowsWith(redis, sizes, wanted),
  };
}
