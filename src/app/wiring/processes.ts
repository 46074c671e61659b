/** Heartbeats of the processes: sending ours, and reading all. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Redis } from 'ioredis';
import type { Settings } from '../../config.js';
import { heartbeatOf, type ProcessRole, type Running } from '../../domain/presence.js';
import { VERSION } from '../../package.js';
import { openCalls } from '../../redis/calls.js';
import { type Beating, openHeartbeats, startBeating } from '../../redis/heartbeat.js';
import { openNights } from '../../redis/nights.js';
import type { ProcessSources } from '../../reporter/missing-worker.js';
import { limitsOf } from './limits.js';
import type { Store } from './store.js';

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

export function startBeatingAs(
  role: ProcessRole,
  { settings }: Pick<Store, 'settings'>,
  redis: Redis,
  running?: Running,
): Beating {
  const process = {
    role,
    ...(running !== undefined && { running }),
    version: VERSION,
    host: hostname(),
    pid: globalThis.process.pid,
    id: randomBytes(4).toString('hex'),
  };
  return startBeating(redis, process, heartbeatOf(settings.patience.workerWaitMs));
}
