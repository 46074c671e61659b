/** One process that sends, listens, and waits for the outcome of its batches. */

import { liveOf } from '../domain/presence.js';
import { SERVICE } from '../events/server.js';
import { type BatchProgress, batchProgress } from '../reporter/ending.js';
import { processesNow } from '../reporter/missing-worker.js';
import { sleep } from '../sleep.js';
import { askDayAgain } from './ask-day.js';
import { RequestError } from './request-error.js';
import { limitsOf } from './wiring/limits.js';
import { startListening } from './wiring/listening.js';
import type { Part } from './wiring/part.js';
import { processSourcesOf } from './wiring/process-sources.js';
import { startSending } from './wiring/sending.js';
import type { Store } from './wiring/store.js';

export type Ending = 'done' | 'submitted' | 'stopped' | 'interrupted';

export interface SendOptions {
  readonly batches: readonly string[];
  readonly untilSubmitted: boolean;
  readonly signal: AbortSignal;
  /** `passing`: cron starts the next one. Absent: a person started it. */
  readonly running?: 'passing';
}

export interface SendEvents {
  /** The receiver's port, before the first call is made. */
  readonly onListening?: (port: number) => void;
  /** Another process of this machine receives the pushes, at this address. */
  readonly onOtherReceiver?: (address: string) => void;
  readonly onProgress?: (progress: BatchProgress) => void;
  /** No progress comes any more; calls in flight may still be under way. */
  readonly onSettled?: () => void;
}

const LOOK_EVERY_MS = 200;

export async function sendAndListen(store: Store, options: SendOptions, events: SendEvents = {}): Promise<Ending> {
  const listening = await listenHereOrElsewhere(store, events);
  try {
    events.onListening?.(listening.port);
    // A person who starts a run wants rows sent today, so a closed day is checked at once.
    if ((await store.workload.inHand('submit')) > 0) await askDayAgain(store);
    const sending = await startSending(store, options.running ?? 'once');
    try {
      return await untilSettled(store, options, events);
    } finally {
      await sending.close();
    }
  } finally {
    await listening.close();
  }
}

async function untilSettled(
  store: Store,
  { batches, untilSubmitted, signal }: SendOptions,
  { onProgress, onSettled }: SendEvents,
): Promise<Ending> {
  try {
    for (;;) {
      const progress = await batchProgress(store, limitsOf(store.settings), batches, untilSubmitted);
      onProgress?.(progress);
      if (progress.ending === 'done') return 'done';
      if (signal.aborted) return 'interrupted';
      if (progress.ending !== undefined) return progress.ending;
      await sleep(LOOK_EVERY_MS, signal);
    }
  } finally {
    onSettled?.();
  }
}

/** `serve` or `listen` of this ledger may be running on this machine already: its receiver serves this run, too. */
async function listenHereOrElsewhere(store: Store, { onOtherReceiver }: SendEvents): Promise<Part & { port: number }> {
  const { eventsHost, eventsPort } = store.settings;
  try {
    return await startListening(store);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    if (!(await isOurs(eventsHost, eventsPort))) {
      throw new RequestError('refused', {
        en: `Another program listens on ${eventsHost}:${eventsPort}, so no push could come in. Stop it, or choose another port with FASTREGISTER_EVENTS_PORT.`,
        zh: `另一个程序正在监听 ${eventsHost}:${eventsPort}，无法接收推送。请停止该程序，或用 FASTREGISTER_EVENTS_PORT 选择其他端口。`,
      });
    }
    const { presence } = await processesNow(processSourcesOf(store.settings, store.redis));
    if (liveOf(presence, 'receiver').length === 0) {
      throw new RequestError('refused', {
        en: `The receiver that listens on ${eventsHost}:${eventsPort} belongs to another ledger, so no push could come in here. Stop it, or choose another port with FASTREGISTER_EVENTS_PORT.`,
        zh: `正在监听 ${eventsHost}:${eventsPort} 的接收服务属于另一个登记簿，这里收不到推送。请停止该服务，或用 FASTREGISTER_EVENTS_PORT 选择其他端口。`,
      });
    }
    onOtherReceiver?.(`${eventsHost}:${eventsPort}`);
    return { port: eventsPort, close: async () => {} };
  }
}

async function isOurs(host: string, port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://${host.includes(':') ? `[${host}]` : host}:${port}/livez`, {
      signal: AbortSignal.timeout(2_000),
    });
    return (await response.text()) === SERVICE;
  } catch {
    return false;
  }
}
