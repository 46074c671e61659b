/**
 * How many rows of a batch have which reason, for a page that is looked at all the time: counted again where the counts of
 * the batch have changed, and of a large batch beside the page.
 */
import type { Batch } from '../domain/batch.js';
import type { Language } from '../domain/words.js';
import { reportRows } from '../reporter/report.js';
import { openReportTally, type ReasonCount } from '../reporter/report-tally.js';
import { sleep } from '../sleep.js';
import { reportOptionsOf } from './report-options.js';
import type { Store } from './wiring/store.js';

type ReasonStore = Pick<Store, 'batches' | 'calls' | 'redis' | 'settings' | 'log'>;

export interface BatchReasons {
  /** The most frequent first; undefined while they are counted for the first time. */
  readonly reasons: readonly ReasonCount[] | undefined;
  /** They are as of then, in ms since 1970, and being counted again; undefined where they are those of now. */
  readonly asOf: number | undefined;
}

interface Counted {
  signature: string;
  at: number;
  reasons: ReturnType<typeof openReportTally> | undefined;
  counting: Promise<void> | undefined;
  nextAt: number;
}

/** A page waits so long, and then shows what was counted last. */
const WAITED_MS = 100;
/** What took longer is done at most a tenth of the time. */
const QUICK_MS = 50;
/** Problems can change, and leave the counts as they were. */
const COUNTED_AGAIN_MS = 60_000;
const MOST_BATCHES = 50;

const known = new WeakMap<Store['redis'], Map<string, Counted>>();

export async function reasonsNow(store: ReasonStore, batch: Batch, language: Language): Promise<BatchReasons> {
  const counted = countedOf(store, batch.id);
  const signature = JSON.stringify(await store.batches.counts(batch.id));
  const now = Date.now();
  const isOld = counted.signature !== signature || now - counted.at > COUNTED_AGAIN_MS;
  if (isOld && counted.counting === undefined && now >= counted.nextAt) begin(store, batch, counted, signature);
  if (counted.counting !== undefined) await Promise.race([counted.counting, sleep(WAITED_MS)]);
  const isPresent = counted.reasons !== undefined && counted.signature === signature;
  return { reasons: counted.reasons?.reasons(language), asOf: isPresent ? undefined : counted.at };
}

function countedOf({ redis }: ReasonStore, id: string): Counted {
  const batches = known.get(redis) ?? new Map<string, Counted>();
  known.set(redis, batches);
  const counted = batches.get(id) ?? { signature: '', at: 0, reasons: undefined, counting: undefined, nextAt: 0 };
  // The batch that was looked at last is forgotten last.
  batches.delete(id);
  batches.set(id, counted);
  for (const oldest of batches.keys()) {
    if (batches.size <= MOST_BATCHES) break;
    batches.delete(oldest);
  }
  return counted;
}

function begin(store: ReasonStore, batch: Batch, counted: Counted, signature: string): void {
  const begun = Date.now();
  counted.counting = count(store, batch)
    .then((tally) => {
      Object.assign(counted, { reasons: tally, signature, at: begun });
    })
    .finally(() => {
      const took = Date.now() - begun;
      counted.nextAt = took < QUICK_MS ? 0 : Date.now() + 10 * took;
      counted.counting = undefined;
    });
  // A page that waits for it fails with it; where none waits, the log has the error.
  counted.counting.catch((error) => store.log.warn({ err: error, batch: batch.id }, 'reasons could not be counted'));
}

async function count(store: ReasonStore, batch: Batch): Promise<ReturnType<typeof openReportTally>> {
  const tally = openReportTally();
  const options = await reportOptionsOf(store, 'en');
  for await (const rows of reportRows(store.batches, batch, options)) for (const row of rows) tally.add(row);
  return tally;
}
