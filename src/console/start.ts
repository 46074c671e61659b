import { removeOldUploads } from '../app/uploads/folder.js';
import { continueEvery } from '../app/uploads/starting.js';
import { limitsOf } from '../app/wiring/limits.js';
import type { Part } from '../app/wiring/part.js';
import { processSourcesOf } from '../app/wiring/process-sources.js';
import { answers } from '../app/wiring/redis-answers.js';
import type { Store } from '../app/wiring/store.js';
import { VERSION } from '../package.js';
import { openCalls } from '../redis/calls.js';
import { ticketReceivedAt } from '../redis/component-store.js';
import { openBatches } from '../redis/ledger/batches.js';
import { openLedger } from '../redis/ledger/ledger.js';
import { openLinks } from '../redis/ledger/links.js';
import { openWorkload } from '../redis/ledger/workload.js';
import { openNights } from '../redis/nights.js';
import { openNotices } from '../redis/notices.js';
import { openPushes } from '../redis/pushes/pushes.js';
import { writesRefused } from '../redis/server/durability.js';
import { addressesOf } from '../reporter/undelivered.js';
import { consoleApp } from './app.js';
import { openLiveFeeds } from './live.js';
import { startConsole } from './server.js';

/** The console's port. */
export async function startConsoleOf(store: Store): Promise<Part & { port: number }> {
  const { settings, log } = store;
  const redis = await store.connect('interactive');
  // A page waits for no Redis that is away.
  const own: Store = {
    ...store,
    redis,
    ledger: openLedger(redis),
    batches: openBatches(redis),
    calls: openCalls(redis),
    workload: openWorkload(redis),
  };
  const feeds = openLiveFeeds(log);
  const tidying = startTidying(own);
  const app = consoleApp({ store: own, feeds });
  const server = await startConsole({
    host: settings.consoleHost,
    port: settings.consolePort,
    trustedProxies: settings.consoleTrustProxy,
    pages: app.fetch,
    log,
    isReady: () => store.receiver.isReady?.() ?? answers(redis),
    sources: {
      calls: own.calls,
      pushes: openPushes(redis),
      ticketReceivedAt: () => ticketReceivedAt(redis),
      processes: processSourcesOf(settings, redis),
      workload: own.workload,
      notices: openNotices(redis),
      destinations: addressesOf(settings).map(({ destination }) => destination),
      links: openLinks(redis),
      nights: openNights(redis),
      takesWrites: async () => (await writesRefused(redis)) === undefined,
      limits: limitsOf(settings),
      now: Date.now,
      version: VERSION,
    },
  });
  log.info({ part: 'console', address: settings.consoleHost, port: server.port }, 'ready');
  return {
    port: server.port,
    async close() {
      clearInterval(tidying);
      feeds.close();
      await server.close();
    },
  };
}

const TIDY_EVERY_MS = 3_600_000;

/** Now and every hour: removes uploads that were not started, and continues loads that another process left unfinished. */
function startTidying(store: Store): NodeJS.Timeout {
  const tidied = (): void => {
    removeOldUploads(store.settings, Date.now())
      .catch((error: unknown) => store.log.error({ err: error }, 'old uploads could not be removed'))
      .then(() => continueEvery(store))
      .catch((error: unknown) =>
        store.log.error({ err: error }, 'loads that were left unfinished could not be continued'),
      );
  };
  tidied();
  return setInterval(tidied, TIDY_EVERY_MS).unref();
}
