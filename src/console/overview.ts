/** What the console and /metrics show: the same facts as `fastregister status`. */
import type { Limits } from '../domain/limits.js';
import type { Batch, Batches, Counts } from '../redis/batches.js';
import type { Calls } from '../redis/calls.js';
import type { PushCounts, Pushes } from '../redis/pushes.js';
import { type Situation, situation } from '../reporter/standstill.js';

export interface Sources {
  readonly batches: Batches;
  readonly calls: Calls;
  readonly pushes: Pushes;
  readonly ticketReceivedAt: () => Promise<number | undefined>;
  readonly limits: Limits;
  readonly now: () => number;
}

export interface Overview {
  readonly situation: Situation;
  readonly batches: readonly { readonly batch: Batch; readonly counts: Counts }[];
  readonly pushes: PushCounts;
  readonly parkedPushes: number;
  /** ms; undefined while none has come. */
  readonly ticketAgeMs: number | undefined;
}

export async function overview({ batches, calls, pushes, ticketReceivedAt, limits, now }: Sources): Promise<Overview> {
  const ids = await batches.list();
  const found = await Promise.all(
    ids.map(async (id) => ({ batch: await batches.find(id), counts: await batches.counts(id) })),
  );
  const received = await ticketReceivedAt();
  return {
    situation: await situation(calls, limits, now()),
    batches: found.flatMap(({ batch, counts }) => (batch === undefined ? [] : [{ batch, counts }])),
    pushes: await pushes.counts(),
    parkedPushes: await pushes.parked(),
    ticketAgeMs: received === undefined ? undefined : now() - received,
  };
}
