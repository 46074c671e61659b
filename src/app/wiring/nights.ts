/** Nightly runs over inbox folders. */
import type { Redis } from 'ioredis';
import type { NightTools } from '../../nights/night.js';
import { startNightScheduler } from '../../nights/night-scheduler.js';
import { outletsOf } from '../../notices/targets.js';
import { openCalls } from '../../redis/calls.js';
import { openBatches } from '../../redis/ledger/batches.js';
import { openLedger } from '../../redis/ledger/ledger.js';
import { openNotes } from '../../redis/ledger/notes.js';
import { openPurging } from '../../redis/ledger/purging.js';
import { openWorkload } from '../../redis/ledger/workload.js';
import { openNights } from '../../redis/nights.js';
import { queueForPeople } from '../../redis/notices.js';
import { openReadings } from '../../redis/readings.js';
import { openWakeupChannel } from '../../redis/wakeup-channel.js';
import { batchProgress } from '../../reporter/ending.js';
import { correctedLaterOf } from './corrected-later.js';
import { limitsOf } from './limits.js';
import type { Part } from './part.js';
import { startBeatingAs } from './processes.js';
import { rulesOf } from './registration-api.js';
import type { Store } from './store.js';

/** Nightly runs over inbox folders. */
export async function startNights(store: Store): Promise<Part> {
  const { log } = store;
  const redis = await store.connect('background');
  const tools = nightToolsOf(store, redis);
  const batches = openBatches(redis);
  const calls = openCalls(redis);
  const workload = openWorkload(redis);
  const nightScheduler = startNightScheduler({
    tools,
    batchProgress: async (ids, untilSubmitted) =>
      (await batchProgress({ batches, calls, workload }, tools.limits, ids, untilSubmitted)).ending,
    log,
  });
  const wakeups = await openWakeupChannel(redis);
  wakeups.on('night', nightScheduler.nudge);
  const notifying = await store.notifying();
  const beating = startBeatingAs('scheduler', store, redis);
  log.info({ part: 'nights' }, 'ready');
  return {
    async close() {
      await wakeups.close();
      await nightScheduler.close();
      await beating.stop();
      await notifying.close();
    },
  };
}

export function nightToolsOf({ settings, identify, log }: Store, redis: Redis): NightTools {
  return {
    nights: openNights(redis),
    readings: openReadings(redis),
    batches: openBatches(redis),
    notesOf: openNotes(redis),
    correctedLater: correctedLaterOf({ redis, identify, batches: openBatches(redis), ledger: openLedger(redis) }),
    lastOutcome: openPurging(redis).lastOutcome,
    calls: openCalls(redis),
    rules: rulesOf(settings, true, identify),
    limits: limitsOf(settings),
    now: Date.now,
    log,
    notify:
      settings.notifyUrl === undefined
        ? undefined
        : ({ id, ...facts }) =>
            queueForPeople(redis, outletsOf(settings), 'nights', { id: `night-${id}`, type: 'night.ended', ...facts }),
  };
}
