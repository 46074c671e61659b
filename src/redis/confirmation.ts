/**
 * Waits until Redis' writes are also on a replica (WAIT) or on disk (WAITAOF, since 7.2), so that a promoted replica, or a
 * server after a power cut, has them. FASTREGISTER_REDIS_WAIT chooses.
 */
import type { Redis } from 'ioredis';
import { answersOf } from './exec.js';
import { freshRuns } from './fresh-runs.js';
import { key } from './keys.js';
import { RedisMisconfigured } from './server/errors.js';

/** Where the writes must be. `replica-disk`: on the disk of this server and on that of one replica. */
export type ConfirmedBy = 'replica' | 'disk' | 'replica-disk';

export interface Confirmation {
  /** Whether all earlier writes are there; false if they were not in time. */
  confirm(): Promise<boolean>;
}

const COMMANDS: Readonly<
  Record<ConfirmedBy, { readonly words: readonly string[]; readonly wanted: readonly number[] }>
> = {
  replica: { words: ['WAIT', '1'], wanted: [1] },
  disk: { words: ['WAITAOF', '1', '0'], wanted: [1, 0] },
  'replica-disk': { words: ['WAITAOF', '1', '1'], wanted: [1, 1] },
};

/** @param redis a separate connection, which WAIT blocks */
export function openConfirmation(redis: Redis, by: ConfirmedBy, withinMs: number): Confirmation {
  const { words, wanted } = COMMANDS[by];

  async function ask(): Promise<boolean> {
    const [command = '', ...args] = words;
    // WAIT and WAITAOF cover the writes of this connection, so it first writes something, after all earlier writes.
    const steps = redis
      .pipeline()
      .incr(key('confirmed'))
      .call(command, ...args, withinMs);
    const [, answer] = await answersOf(steps);
    const counts = [answer].flat().map(Number);
    return wanted.every((count, at) => (counts[at] ?? 0) >= count);
  }

  // A wait that is under way may not cover the writes of a later request.
  return { confirm: freshRuns(ask) };
}

/** @throws RedisMisconfigured where this server cannot wait so */
export async function refuseUnconfirmable(redis: Redis, by: ConfirmedBy): Promise<void> {
  if (redis.isCluster) {
    throw new RedisMisconfigured({
      en: 'FASTREGISTER_REDIS_WAIT is not for a Redis Cluster. Leave it out; journals give back what a failover loses (docs/redis.md).',
      zh: 'FASTREGISTER_REDIS_WAIT 不能用于 Redis Cluster，请去掉该设置；主从切换丢失的内容由本机日志补回（见 docs/redis.md）。',
    });
  }
  try {
    // A missing replica may come later; a missing command will not.
    await openConfirmation(redis, by, 1).confirm();
  } catch (cause) {
    throw new RedisMisconfigured(
      {
        en:
          `This Redis cannot wait as FASTREGISTER_REDIS_WAIT=${by} asks: ${(cause as Error).message}. ` +
          'disk and replica-disk need Redis 7.2 with appendonly yes; replica works with any version (docs/redis.md).',
        zh: `此 Redis 不支持 FASTREGISTER_REDIS_WAIT=${by}：${(cause as Error).message}。disk 和 replica-disk 需要 Redis 7.2 并开启 appendonly；replica 适用于所有版本（见 docs/redis.md）。`,
      },
      { cause },
    );
  }
}
