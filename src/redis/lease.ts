/**
 * A lease: the right of one process at a time to do something. A fence names its holder, and the lease ends by itself when the
 * holder dies.
 *
 * If holding the lease and changing something else have to be one step, a separate Lua script compares the fence: `save-token`,
 * `save-night`, `push-passed`. Three similar things are not leases of this kind. A file lock (`server/lock.ts`) is held before
 * there is a Redis. An ordering key of notices (`notice-take`) and the check of a closed day (`acquire`) are chosen and taken in
 * one step. And the turn to ask for a quota or a ticket (`token-waits.ts`, `component-store.ts`) is neither renewed nor released: it
 * is a time that has to pass.
 */
import type { Redis } from 'ioredis';
import { script } from './scripts.js';

type Fence = string | number;

export interface Leases {
  /** Takes the lease if it is free, and renews it if this fence has it. False: another holder has it. */
  acquire(name: string, fence: Fence, forMs: number): Promise<boolean>;
  /** False once the lease has ended, even if it was not taken since. */
  renew(name: string, fence: Fence, forMs: number): Promise<boolean>;
  /** Does nothing if another holder has the lease by now. */
  release(name: string, fence: Fence): Promise<void>;
}

export function openLeases(redis: Redis): Leases {
  const acquireScript = script(redis, 'lease-acquire');
  const renewScript = script(redis, 'lease-renew');
  const releaseScript = script(redis, 'lease-release');

  return {
    acquire: async (name, fence, forMs) => (await acquireScript([name], [fence, Math.ceil(forMs)])) === 1,
    renew: async (name, fence, forMs) => (await renewScript([name], [fence, Math.ceil(forMs)])) === 1,
    async release(name, fence) {
      await releaseScript([name], [fence]);
    },
  };
}
