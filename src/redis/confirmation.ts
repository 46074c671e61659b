/**
 * Waits until what Redis has written is safe elsewhere, too: with a replica (WAIT), or on disk (WAITAOF, since 7.2). A promoted
 * replica, or a server after a power cut, knows it then. FASTREGISTER_REDIS_WAIT chooses.
 */
import type { Redis } from 'ioredis';
import { answersOf } from './exec.js';
import { key } from './keys.js';
import { RedisMisconfigured } from './server/errors.js';

/** What has to have it. `replica-disk`: the disk of this server, and of one replica. */
export type ConfirmedBy = 'replica' | 'disk' | 'replica-disk';

export interface Confirmation {
  /** Whether everything that was written before is safe so; false where that was not so in time. */
  confirm(): Promise<boolean>;
}

const COMMANDS: Readonly<
  Record<ConfirmedBy, { readonly words: readonly string[]; readonly wanted: readonly number[] }>
> = {
  replica: { words: ['WAIT', '1'], wanted: [1] },
  disk: { words: ['WAITAOF', '1', '0'], wanted: [1, 0] },
  'replica-disk': { words: ['WAITAOF', '1', '1'], wanted: [1, 1] },
};

/** @param redis a connection of its own: it is kept waiting */
export function openConfirmation(redis: Redis, by: ConfirmedBy, withinMs: number): Confirmation {
  const { words, wanted } = COMMANDS[by];
  let waiting: Promise<boolean> | undefined;
  let next: Promise<boolean> | undefined;

  async function ask(): Promise<boolean> {
    const [command = '', ...args] = words;
    // They wait for what this connection has written, which stands behind everything that was written before.
    const steps = redis
      .pipeline()
      .incr(key('confirmed'))
      .call(command, ...args, withinMs);
    const [, answer] = await answersOf(steps);
    const counts = [answer].flat().map(Number);
    return wanted.every((count, at) => (counts[at] ?? 0) >= count);
  }

  /** A request that comes during a wait shares the next one: what the present wait covers is not known. */
  function confirm(): Promise<boolean> {
    if (waiting === undefined) {
      waiting = ask().finally(() => {
        waiting = undefined;
      });
      return waiting;
    }
    next ??= waiting
      .catch(() => false)
      .then(() => {
        next = undefined;
        return confirm();
      });
    return next;
  }

  return { confirm };
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
    // A replica may come later; a command that is not known does not.
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
