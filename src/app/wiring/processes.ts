/** Heartbeats of the processes: sending ours, and reading all. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Redis } from 'ioredis';
import { heartbeatOf, type ProcessRole, type Running } from '../../domain/presence.js';
import { VERSION } from '../../package.js';
import { type Beating, type ComparedClock, startBeating } from '../../redis/heartbeat.js';
import type { Store } from './store.js';

export function startBeatingAs(
  role: ProcessRole,
  { settings }: Pick<Store, 'settings'>,
  redis: Redis,
  running?: Running,
  clock?: ComparedClock,
): Beating {
  const process = {
    role,
    ...(running !== undefined && { running }),
    ...(role === 'worker' && { api: settings.wechatRegistrationApi }),
    version: VERSION,
    host: hostname(),
    pid: globalThis.process.pid,
    id: randomBytes(4).toString('hex'),
  };
  return startBeating(redis, process, heartbeatOf(settings.patience.workerWaitMs), clock);
}
