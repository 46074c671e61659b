/** One worker, until it is interrupted; or with `drain` until nothing is left to send, or the line is stopped. */
import { exchangesUnderWay } from '../reporter/ending.js';
import type { BlockedReason } from '../reporter/sentences.js';
import { sum, unsent } from '../reporter/tally.js';
import { sleep } from '../sleep.js';
import { askDayAgain } from './ask-day.js';
import { sendingNow } from './sending-now.js';
import type { Part } from './wiring/part.js';
import { startReconcilingOf } from './wiring/reconciling.js';
import { startSending } from './wiring/sending.js';
import type { Store } from './wiring/store.js';

export type WorkEnding =
  | { readonly kind: 'interrupted' }
  /** `waiting`: rows that wait for a push, another day or a person. */
  | { readonly kind: 'drained'; readonly waiting: number }
  | { readonly kind: 'stopped'; readonly blockedReason: BlockedReason | undefined };

export interface WorkOptions {
  readonly drain: boolean;
  readonly signal: AbortSignal;
}

export async function work(store: Store, { drain, signal }: WorkOptions): Promise<WorkEnding> {
  if (drain && (await store.workload.inHand('submit')) > 0) await askDayAgain(store);
  const running: Part[] = [await startSending(store, drain ? 'passing' : 'steady')];
  try {
    if (!drain) running.push(await startReconcilingOf(store));
    return await untilOver(store, drain, signal);
  } finally {
    await Promise.all(running.map((part) => part.close()));
  }
}

const LOOK_EVERY_MS = 300;

async function untilOver(store: Store, drain: boolean, signal: AbortSignal): Promise<WorkEnding> {
  while (!signal.aborted) {
    await sleep(LOOK_EVERY_MS, signal);
    if (!drain) continue;
    if (await nothingLeftToSend(store)) return { kind: 'drained', waiting: await waitingRows(store) };
    const { stopped, blockedReason } = await sendingNow(store);
    if (stopped) return { kind: 'stopped', blockedReason };
  }
  return { kind: 'interrupted' };
}

async function waitingRows({ batches }: Store): Promise<number> {
  return unsent(sum(await Promise.all((await batches.list()).map(batches.counts))));
}

/** A row that is due within this time is worth waiting for; a row that waits for tomorrow is not. */
const SOON_MS = 3_600_000;

export async function nothingLeftToSend({ workload }: Pick<Store, 'workload'>): Promise<boolean> {
  return !(await workload.isSending(Date.now() + SOON_MS)) && (await exchangesUnderWay({ workload })) === 0;
}
