/** Whether a Redis keeps acknowledged writes, by its own report. */
import type { Redis } from 'ioredis';
import { isRedisGone } from '../../domain/ledger-errors.js';
import { key } from '../keys.js';
import { configured, factsOf } from './check-server.js';
import { duplicateConnection } from './connection.js';
import { RedisMisconfigured, type RedisUnreachable, unableRedis } from './errors.js';

/** `always`: every write is on disk before its answer. `second`: a power cut loses the last second. `unknown`: the server does not report it. */
export type Durability = 'always' | 'second' | 'snapshots' | 'none' | 'unknown';

export async function durabilityOf(redis: Redis): Promise<Durability> {
  if (factsOf(await redis.info('persistence')).get('aof_enabled') === '1') {
    const fsync = await configured(redis, 'appendfsync');
    if (fsync === undefined) return 'unknown';
    return fsync === 'always' ? 'always' : 'second';
  }
  const snapshots = await configured(redis, 'save');
  if (snapshots === undefined) return 'unknown';
  return snapshots === '' ? 'none' : 'snapshots';
}

/** @throws RedisMisconfigured where its restart would lose every registration: WeChat would be asked for each merchant again */
export async function refuseVolatile(redis: Redis): Promise<void> {
  if ((await durabilityOf(redis)) !== 'none') return;
  throw new RedisMisconfigured({
    en:
      'This Redis keeps nothing on disk: its restart would lose every registration, and merchants would be asked twice. Nothing was sent. ' +
      'Set appendonly yes and appendfsync always there (docs/redis.md), or, for a rehearsal, FASTREGISTER_REDIS_PERSISTENCE=none.',
    zh: '此 Redis 不写入磁盘：重启后会丢失全部注册记录，商户会被重复提交。本次没有提交。请在该 Redis 设置 appendonly yes 和 appendfsync always（见 docs/redis.md）；演练可设置 FASTREGISTER_REDIS_PERSISTENCE=none。',
  });
}

/** The first page of the console, which is drawn every second, would open a connection and wait for the disk each time. */
const TRIAL_COUNTS_MS = 5_000;

const lastTrials = new WeakMap<Redis, { readonly at: number; readonly why: Promise<RedisUnreachable | undefined> }>();

/**
 * Why Redis refuses writes for the state that it is in, and what to do; undefined where it takes them, or has no connection left for
 * the trial: what is asked over `redis` is shown all the same. As it was up to five seconds ago.
 */
export function writesRefused(redis: Redis): Promise<RedisUnreachable | undefined> {
  const last = lastTrials.get(redis);
  const at = Date.now();
  if (last !== undefined && at >= last.at && at - last.at < TRIAL_COUNTS_MS) return last.why;
  const why = whyRefused(redis);
  lastTrials.set(redis, { at, why });
  return why;
}

async function whyRefused(redis: Redis): Promise<RedisUnreachable | undefined> {
  try {
    await tryToWrite(redis);
    return undefined;
  } catch (error) {
    const why = unableRedis(error);
    if (why === undefined && !isRedisGone(error)) throw error;
    return why;
  }
}

/** @throws what Redis answers a write */
async function tryToWrite(redis: Redis): Promise<void> {
  // A replica's refusal ends the connection.
  const own = duplicateConnection(redis, { retryStrategy: () => null, enableOfflineQueue: true });
  // The write is rejected with it, too; ioredis prints those without a listener.
  own.on('error', () => {});
  try {
    await own.set(key('trial'), '', 'PX', 1);
  } finally {
    own.disconnect();
  }
}
