import { startListeningAtOnce } from '../app/wiring/listening.js';
import { startNights } from '../app/wiring/nights.js';
import type { Part } from '../app/wiring/part.js';
import { startReconcilingOf } from '../app/wiring/reconciling.js';
import { startSending } from '../app/wiring/sending.js';
import type { Store } from '../app/wiring/store.js';
import { startConsoleOf } from '../console/start.js';
import { type CommandContext, EXIT } from './command.js';
import { aborted, onInterruption } from './terminal.js';

export type ServePart = 'work' | 'listen' | 'nights' | 'console';

/** None where it starts before there is a store. */
const STARTS: Readonly<Record<ServePart, readonly ((store: Store) => Promise<Part>)[]>> = {
  work: [startSending, startReconcilingOf],
  listen: [],
  nights: [startNights],
  console: [startConsoleOf],
};

export async function serveAction(
  { settings, log, open }: CommandContext,
  parts: readonly ServePart[],
): Promise<number> {
  const { signal } = onInterruption();
  const running: Part[] = [];
  const listen = async (): Promise<Store | undefined> => {
    const listening = await startListeningAtOnce(settings, log, () => open('background', signal), signal);
    running.push(listening);
    return listening.store;
  };
  try {
    // The receiver before all others: it alone has something to do while Redis is away.
    const store = await (parts.includes('listen') ? listen() : open('background'));
    for (const start of parts.flatMap((part) => STARTS[part])) {
      if (store !== undefined) running.push(await start(store));
    }
    await aborted(signal);
  } finally {
    await Promise.all(running.map((part) => part.close()));
  }
  return EXIT.done;
}
