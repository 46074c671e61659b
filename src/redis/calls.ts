/** Calls to WeChat, as Redis keeps them for all processes: permits, the quota day, the line, and what calls wait for. */
import type { Redis } from 'ioredis';
import { type CallPermits, openCallPermits } from './call-permits.js';
import type { LossGuard } from './ledger/loss.js';
import { type LineSwitch, openLineSwitch } from './line-switch.js';
import { openQuotaDays, type QuotaDays } from './quota-days.js';
import { timeOf } from './time.js';
import { openTokenWaits, type TokenWaits } from './token-waits.js';

export interface Calls extends CallPermits, QuotaDays, LineSwitch, TokenWaits {
  /** Redis' clock, by which quota days begin and end; ms since 1970. */
  now(): Promise<number>;
}

/** @param guard see `openCallPermits` */
export function openCalls(redis: Redis, guard?: Pick<LossGuard, 'epoch' | 'check'>): Calls {
  return {
    ...openCallPermits(redis, guard),
    ...openQuotaDays(redis),
    ...openLineSwitch(redis),
    ...openTokenWaits(redis),
    now: () => timeOf(redis),
  };
}
