/** What the console and /metrics show: the same facts as `fastregister status`. */

import { everyBatch } from '../app/batches.js';
import type { Batch, Counts } from '../domain/batch.js';
import type { Limits } from '../domain/limits.js';
import type { PushCounts } from '../domain/push.js';
import type { Calls } from '../redis/calls.js';
import type { Batches } from '../redis/ledger/batches.js';
import type { Pushes } from '../redis/pushes/pushes.js';
import { type Processes, type ProcessSources, processesNow } from '../reporter/missing-worker.js';
import { type SendingStatus, sendingStatus } from '../reporter/sending-status.js';

export interface Sources {
  readonly batches: Batches;
  readonly calls: Calls;
  readonly pushes: Pushes;
  readonly ticketReceivedAt: () => Promise<number | undefined>;
  readonly processes: ProcessSources;
  readonly limits: Limits;
  readonly now: () => number;
}

export interface Overview {
  readonly situation: SendingStatus;
  readonly batches: readonly { readonly batch: Batch; readonly counts: Counts }[];
  readonly pushes: PushCounts;
  readonly parkedPushes: number;
  /** ms; undefined while none has come. */
  readonly ticketAgeMs: number | undefined;
  readonly processes: Processes;
}

/** What does not grow with the number of batches. */
export async function present({
  calls,
  pushes,
  ticketReceivedAt,
  processes,
  limits,
  now,
}: Sources): Promise<Omit<Overview, 'batches'>> {
  const received = await ticketReceivedAt();
  return {
    situation: await sendingStatus(calls, limits, now()),
    pushes: await pushes.counts(),
    parkedPushes: await pushes.parked(),
    ticketAgeMs: received === undefined ? undefined : now() - received,
    processes: await processesNow(processes),
  };
}

export async function overview(sources: Sources): Promise<Overview> {
  const { batches } = sources;
  const all = await everyBatch(sources);
  const counted = await Promise.all(all.map(async (batch) => ({ batch, counts: await batches.counts(batch.id) })));
  return { ...(await present(sources)), batches: counted };
}
