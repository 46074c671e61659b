/** Where to ask which processes live. */
import type { Redis } from 'ioredis';
import { openCalls } from '../../redis/calls.js';
import { openHeartbeats } from '../../redis/heartbeat.js';
import { openNights } from '../../redis/nights.js';
import type { ProcessSources } from '../../reporter/missing-worker.js';
import type { Settings } from '../../settings.js';
import { limitsOf } from './limits.js';

/** Where it is asked which processes live. */
export function processSourcesOf(settings: Settings, redis: Redis): ProcessSources {
  return {
    heartbeats: openHeartbeats(redis),
    calls: openCalls(redis),
    nights: openNights(redis),
    limits: limitsOf(settings),
    workerWaitMs: settings.patience.workerWaitMs,
  };
}
