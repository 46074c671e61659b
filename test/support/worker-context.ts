/** A worker's tools over a real Redis, with a WeChat that a test plays itself. */
import type { Redis } from 'ioredis';
import type { Merchant } from '../../src/domain/merchant.js';
import { DEFAULT_PATIENCE, quotaRechecksMs } from '../../src/domain/patience.js';
import { newWriteId } from '../../src/redis/ledger/write-set.js';
import type { WakeupChannel } from '../../src/redis/wakeup-channel.js';
import type { Client, Reply } from '../../src/wechat/client.js';
import { fastregisterweapp } from '../../src/wechat/fastregisterweapp.js';
import type { WorkerContext } from '../../src/worker/context.js';
import { openPermits } from '../../src/worker/permits.js';
import { openWakeups, type Wakeups } from '../../src/worker/wakeups.js';
import { openBook } from './ledger.js';
import { readableLog } from './log.js';

export interface PlayedWeChat {
  readonly create: (merchant: Merchant) => Promise<Reply>;
  readonly search?: () => Promise<Reply>;
  readonly limits?: Partial<WorkerContext['limits']>;
  readonly patience?: Partial<WorkerContext['patience']>;
  readonly readQuota?: WorkerContext['readQuota'];
  readonly permits?: WorkerContext['permits'];
  readonly confirm?: WorkerContext['confirm'];
}

/** WeChat answers, and tells no number. */
const ANSWERED: WorkerContext['readQuota'] = async () => ({ kind: 'not_reported', errcode: 76021, said: '' });

/** A journal that can be written, of a Redis that has forgotten nothing. */
export const WHOLE_MEMORY: WorkerContext['memory'] = {
  write: async () => true,
  canWrite: () => true,
  tryAgain: () => true,
  restore: async () => {},
  keep: async () => {},
  isWhole: async () => {},
};

/** A clock that nothing is compared with. */
export const RIGHT_CLOCK: WorkerContext['clock'] = { compare: () => {}, isRight: () => true };

export function contextWith(
  redis: Redis,
  wakeupChannel: WakeupChannel,
  { create, search, limits, patience, readQuota = ANSWERED, permits, confirm = async () => true }: PlayedWeChat,
): WorkerContext {
  const { ledger, calls, workload } = openBook(redis);
  return {
    ledger,
    calls,
    workload,
    api: { ...fastregisterweapp({} as Client), create, ...(search && { search }) },
    credentials: {
      current: async () => ({ kind: 'token', token: 'token' }),
      refuse: async () => undefined,
      accepted: async () => {},
    },
    patience: { ...DEFAULT_PATIENCE, ...patience },
    limits: {
      perSecond: 100,
      perMinute: 48_000,
      perDay: 1_000,
      believeWeChat: false,
      searchShare: 0,
      quotaRechecksMs: quotaRechecksMs({ ...DEFAULT_PATIENCE, ...patience }),
      timezone: 'UTC',
      sendingHours: { fromMinute: 0, untilMinute: 1440 },
      stopAfter: 20,
      ...limits,
    },
    wakeups: openWakeups(wakeupChannel),
    memory: WHOLE_MEMORY,
    confirm,
    permits: permits ?? openPermits(10_000, () => performance.now()),
    readQuota,
    quota: { knownUntil: 0 },
    token: {},
    clockAheadMs: () => 0,
    now: Date.now,
    clock: RIGHT_CLOCK,
    random: Math.random,
    newWriteId,
    log: readableLog('silent').log,
  };
}

/** Waits are noted and over at once; `goesOn`: whether the worker stays. */
export function pausingWakeups(goesOn: boolean, waited: unknown[]): Wakeups {
  return {
    async wait(...args) {
      waited.push(args);
      return goesOn;
    },
    subscribe: () => ({ wait: async () => true, cancel() {} }),
    leave() {},
    leaving: false,
  };
}
