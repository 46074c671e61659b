/**
 * Reports that rows wait and no worker runs, and that a worker runs again. Receivers and schedulers send it, because no
 * worker can.
 */
import type { Logger } from 'pino';
import { lookEvery } from '../polling.js';
import type { SentNotices } from '../redis/sent-notices.js';
import { type StopWords, stopData } from './event-watcher.js';

export interface WorkerWatchOptions {
  readonly sentNotices: SentNotices;
  /** Looks at the ledger. `missing` is absent where no worker is missing. */
  readonly look: () => Promise<{ readonly workers: number; readonly missing?: MissingFacts | undefined }>;
  readonly now: () => number;
  readonly everyMs: number;
  readonly log: Logger;
}

export interface MissingFacts extends StopWords {
  /** ms since 1970 */
  readonly since: number;
  readonly lastSeenAt: number | undefined;
  readonly waitingSince: number;
}

export interface WorkerWatch {
  close(): Promise<void>;
}

/** The key of the notice among the sent notices. */
const SUBJECT = 'workers';

export function startWorkerWatch(options: WorkerWatchOptions): WorkerWatch {
  const { everyMs, log } = options;
  return lookEvery({
    everyMs,
    look: () => lookForWorkers(options),
    log,
    failure: 'cannot look for workers now; trying again',
  });
}

export async function lookForWorkers({
  sentNotices,
  look,
  now,
}: Omit<WorkerWatchOptions, 'everyMs' | 'log'>): Promise<void> {
  const { workers, missing } = await look();
  const wasMissing = (await sentNotices.all())[SUBJECT]?.startsWith('missing') === true;
  if (missing !== undefined && !wasMissing) {
    const { since, lastSeenAt, waitingSince } = missing;
    await sentNotices.sendOnce(SUBJECT, 'missing', SUBJECT, {
      id: `workers-missing-${since}`,
      type: 'workers.missing',
      at: since,
      data: {
        ...stopData(missing),
        last_seen_at: lastSeenAt === undefined ? null : new Date(lastSeenAt).toISOString(),
        waiting_since: new Date(waitingSince).toISOString(),
      },
    });
  }
  if (workers > 0 && wasMissing) {
    const at = now();
    await sentNotices.sendOnce(SUBJECT, 'there', SUBJECT, {
      id: `workers-back-${at}`,
      type: 'workers.back',
      at,
      data: { workers },
    });
  }
}
