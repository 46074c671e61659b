import { limitsOf } from '../app/wiring/limits.js';
import type { Part } from '../app/wiring/part.js';
import { processSourcesOf } from '../app/wiring/process-sources.js';
import { answers } from '../app/wiring/redis-answers.js';
import type { Store } from '../app/wiring/store.js';
import { VERSION } from '../package.js';
import { openCalls } from '../redis/calls.js';
import { ticketReceivedAt } from '../redis/component-store.js';
import { openBatches } from '../redis/ledger/batches.js';
import { openLinks } from '../redis/ledger/links.js';
import { openWorkload } from '../redis/ledger/workload.js';
import { openNights } from '../redis/nights.js';
import { openNotices } from '../redis/notices.js';
import { openPushes } from '../redis/pushes/pushes.js';
import { addressesOf } from '../reporter/undelivered.js';
import { startConsole } from './server.js';

/** The console's port. */
export async function startConsoleOf(store: Store): Promise<Part & { port: number }> {
  const { settings, log } = store;
  const door = await store.connect('interactive');
  const pushes = openPushes(door);
  const server = await startConsole({
    host: settings.consoleHost,
    port: settings.consolePort,
    password: settings.consolePassword,
    log,
    isReady: () => store.receiver.isReady?.() ?? answers(door),
    sources: {
      batches: openBatches(door),
      calls: openCalls(door),
      pushes,
      ticketReceivedAt: () => ticketReceivedAt(door),
      processes: processSourcesOf(settings, door),
      workload: openWorkload(door),
      notices: openNotices(door),
      destinations: addressesOf(settings).map(({ destination }) => destination),
      links: openLinks(door),
      nights: openNights(door),
      limits: limitsOf(settings),
      now: Date.now,
      version: VERSION,
    },
  });
  log.info({ part: 'console', address: settings.consoleHost, port: server.port }, 'ready');
  return {
    port: server.port,
    close: server.close,
  };
}
