/** What /metrics says: the same facts as `fastregister status`. */

import type { Limits } from '../domain/limits.js';
import type { PushCounts } from '../domain/push.js';
import type { Calls } from '../redis/calls.js';
import type { Pushes } from '../redis/pushes/pushes.js';
import { type Processes, type ProcessSources, processesNow } from '../reporter/missing-worker.js';
import { type SendingStatus, sendingStatus } from '../reporter/sending-status.js';

export interface Sources {
  readonly calls: Calls;
  readonly pushes: Pushes;
  readonly ticketReceivedAt: () => Promise<number | undefined>;
  readonly processes: ProcessSources;
  readonly limits: Limits;
  readonly now: () => number;
}

export interface SystemOverview {
  readonly sending: SendingStatus;
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
}: Sources): Promise<SystemOverview> {
  const received = await ticketReceivedAt();
  return {
    sending: await sendingStatus(calls, limits, now()),
    pushes: await pushes.counts(),
    parkedPushes: await pushes.parked(),
    ticketAgeMs: received === undefined ? undefined : now() - received,
    processes: await processesNow(processes),
  };
}
