/** When WeChat's list of accounts was last compared with the ledger, and which process compares it now. */
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Comparison } from '../domain/reconciliation.js';
import { key } from './keys.js';
import { openLeases } from './lease.js';

export interface Reconciliations {
  /** Takes or renews the lease of the comparison; false while another process compares. */
  acquire(): Promise<boolean>;
  release(): Promise<void>;
  /** The night of the last completed comparison, e.g. `2026-11-21`, and when the next one may be tried. */
  state(): Promise<{ readonly night: string | undefined; readonly notBefore: number }>;
  last(): Promise<Comparison | undefined>;
  /** `night`: the night whose comparison this completes. */
  ended(comparison: Comparison, night: string): Promise<void>;
  /** The list was not read to its end. */
  tryAgainAt(at: number, comparison: Comparison): Promise<void>;
}

/** Longer than reading a ledger of a million rows takes. */
const LEASE_MS = 5 * 60_000;

export function openReconciliations(redis: Redis): Reconciliations {
  const leases = openLeases(redis);
  const fence = randomUUID();

  return {
    acquire: () => leases.acquire(key('reconciler'), fence, LEASE_MS),
    release: () => leases.release(key('reconciler'), fence),
    async state() {
      const [night, notBefore] = await redis.hmget(key('reconciled'), 'night', 'notBefore');
      return { night: night ?? undefined, notBefore: Number(notBefore ?? 0) };
    },
    async last() {
      const text = await redis.hget(key('reconciled'), 'last');
      return text === null ? undefined : (JSON.parse(text) as Comparison);
    },
    async ended(comparison, night) {
      await redis.hset(key('reconciled'), { night, notBefore: 0, last: JSON.stringify(comparison) });
    },
    async tryAgainAt(at, comparison) {
      await redis.hset(key('reconciled'), { notBefore: at, last: JSON.stringify(comparison) });
    },
  };
}
