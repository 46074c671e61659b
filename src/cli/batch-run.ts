/** One process that sends, listens, and waits for the outcome of its batches. */
import { askDayAgain } from '../app/ask-day.js';
import { limitsOf } from '../app/wiring/limits.js';
import { startListening } from '../app/wiring/listening.js';
import type { Part } from '../app/wiring/part.js';
import { startSending } from '../app/wiring/sending.js';
import type { Store } from '../app/wiring/store.js';
import { SERVICE } from '../events/server.js';
import { batchProgress } from '../reporter/ending.js';
import { sleep } from '../sleep.js';
import { UsageError } from './command.js';
import { progressLine } from './progress.js';
import { openProgress, say } from './terminal.js';

export type Ending = 'done' | 'submitted' | 'stopped' | 'interrupted';

export interface RunOptions {
  readonly batches: readonly string[];
  readonly untilSubmitted: boolean;
  readonly signal: AbortSignal;
  /** `passing`: cron starts the next one. Absent: a person started it. */
  readonly running?: 'passing';
  /** Told the receiver's port before the first call is made. */
  readonly onListening?: (port: number) => void;
}

const LOOK_EVERY_MS = 200;

export async function sendAndListen(store: Store, options: RunOptions): Promise<Ending> {
  const listening = await listenHereOrElsewhere(store);
  try {
    options.onListening?.(listening.port);
    // A person who starts a run wants rows sent today: a day that is shut is checked at once.
    if ((await store.workload.inHand('submit')) > 0) await askDayAgain(store);
    const sending = await startSending(store, options.running ?? 'once');
    try {
      return await untilSettled(store, options);
    } finally {
      await sending.close();
    }
  } finally {
    await listening.close();
  }
}

async function untilSettled(store: Store, { batches, untilSubmitted, signal }: RunOptions): Promise<Ending> {
  const progress = openProgress();
  try {
    for (;;) {
      const { counts, now, ending } = await batchProgress(store, limitsOf(store.settings), batches, untilSubmitted);
      progress.show(progressLine(counts, now) + (now.blockedReason ? ` · ${now.blockedReason.reason.en}` : ''));
      if (ending === 'done') return 'done';
      if (signal.aborted) return 'interrupted';
      if (ending !== undefined) return ending;
      await sleep(LOOK_EVERY_MS, signal);
    }
  } finally {
    progress.end();
  }
}

/** `serve` or `listen` may be running on this machine already: its receiver serves this run too. */
async function listenHereOrElsewhere(store: Store): Promise<Part & { port: number }> {
  const { eventsHost, eventsPort } = store.settings;
  try {
    return await startListening(store);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    if (!(await isOurs(eventsHost, eventsPort))) {
      throw new UsageError(
        `Another program listens on ${eventsHost}:${eventsPort}, so no push could come in. Stop it, or choose another port with FASTREGISTER_EVENTS_PORT.`,
      );
    }
    say(`Pushes are taken by the fastregister receiver that already listens on ${eventsHost}:${eventsPort}.`);
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
