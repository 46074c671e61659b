/** Notices to people, posted by whichever process runs. */
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { heartbeatOf, workersAbleToSend } from '../../domain/presence.js';
import { startWorkerWatch } from '../../notices/worker-watch.js';
import { openNotices } from '../../redis/notices.js';
import { openSentNotices } from '../../redis/sent-notices.js';
import type { Role } from '../../redis/server/connection.js';
import { openWakeupChannel } from '../../redis/wakeup-channel.js';
import { processesNow } from '../../reporter/missing-worker.js';
import type { Settings } from '../../settings.js';
import type { Part } from './part.js';
import { processSourcesOf } from './process-sources.js';

/** Notices to people. Any running process sends them, because no worker could report that a worker is missing. */
export async function startNotifying(
  connectTo: (role: Role) => Promise<Redis>,
  settings: Settings,
  log: Logger,
): Promise<Part> {
  if (settings.notifyUrl === undefined) return { close: async () => {} };
  // undici is a tenth of the time that a command takes to start, and most commands post nothing.
  const { startDelivering } = await import('../../notices/deliver.js');
  const { notifyDestinations, outletsOf } = await import('../../notices/targets.js');
  const redis = await connectTo('background');
  const wakeupChannel = await openWakeupChannel(redis);
  const delivering = startDelivering({
    notices: openNotices(redis),
    wakeupChannel,
    destinations: notifyDestinations(settings),
    secret: settings.webhookSecret ?? '',
    requestTimeoutMs: settings.patience.requestTimeoutMs,
    log,
  });
  const sources = processSourcesOf(settings, redis);
  const watch = startWorkerWatch({
    sentNotices: openSentNotices(redis, outletsOf(settings)),
    async look() {
      const { presence, missing } = await processesNow(sources);
      return { workers: workersAbleToSend(presence).length, missing };
    },
    now: Date.now,
    everyMs: heartbeatOf(settings.patience.workerWaitMs).everyMs,
    log,
  });
  return {
    async close() {
      await watch.close();
      await delivering.close();
      await wakeupChannel.close();
    },
  };
}
