/** One process that sends, listens, and waits for the outcome of its batches. */
import { limitsOf, type Part, type Store, startListening, startSending } from '../app.js';
import { SERVICE } from '../events/server.js';
import type { Counts } from '../redis/batches.js';
import { situation } from '../reporter/standstill.js';
import { UsageError } from './command.js';
import { pause } from './pause.js';
import { exchangesUnderWay, progressLine, sum, toBeSentSoon, underWay, unsent } from './progress.js';
import { openProgress, say } from './terminal.js';

export type Ending = 'done' | 'submitted' | 'stopped' | 'interrupted';

export interface RunOptions {
  readonly batches: readonly string[];
  readonly untilSubmitted: boolean;
  readonly signal: AbortSignal;
  /** Told the receiver's port before the first call is made. */
  readonly onListening?: (port: number) => void;
}

const LOOK_EVERY_MS = 200;

export async function sendAndListen(store: Store, options: RunOptions): Promise<Ending> {
  const listening = await listenHereOrElsewhere(store);
  options.onListening?.(listening.port);
  const sending = await startSending(store);
  try {
    return await untilSettled(store, options);
  } finally {
    await sending.close();
    await listening.close();
  }
}

async function untilSettled(store: Store, { batches, untilSubmitted, signal }: RunOptions): Promise<Ending> {
  const progress = openProgress();
  try {
    for (;;) {
      const counts = sum(await Promise.all(batches.map((batch) => store.batches.counts(batch))));
      const now = await situation(store.calls, limitsOf(store.settings), Date.now());
      progress.show(progressLine(counts, now) + (now.standstill ? ` · ${now.standstill.reason.en}` : ''));
      const exchanges = await exchangesUnderWay(store);
      if (unsent(counts) + underWay(counts) + exchanges === 0) return 'done';
      if (signal.aborted) return 'interrupted';
      // A push that is on its way may be told once: we go on listening for it, even if nothing more can be sent.
      const mayExchange = exchanges > 0 && !now.standstill?.problem.startsWith('token:');
      if (now.stopped && !mayExchange && (await onlyTheLineIsWaitedFor(store, counts, untilSubmitted)))
        return 'stopped';
      if (untilSubmitted && toBeSentSoon(counts) === 0 && !submitting(counts) && exchanges === 0) return 'submitted';
      await pause(LOOK_EVERY_MS, signal);
    }
  } finally {
    progress.end();
  }
}

/** Nothing comes by itself any more: what is not sent waits for the line, and what stays silent for its search. */
async function onlyTheLineIsWaitedFor({ workload }: Store, counts: Counts, untilSubmitted: boolean): Promise<boolean> {
  if (untilSubmitted && unsent(counts) > 0) return true;
  return underWay(counts) <= (await workload.inHand('follow-up'));
}

function submitting(counts: Readonly<Record<string, number>>): boolean {
  return (counts.submitting ?? 0) > 0;
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
