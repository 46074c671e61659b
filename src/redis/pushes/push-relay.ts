/** The relay of pushes to the platform's other service: one process at a time walks the stream, in order. */
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { RelayOutcome, StoredPush } from '../../domain/push.js';
import { key } from '../keys.js';
import { openLeases } from '../lease.js';
import { script } from '../scripts.js';
import { duplicateConnection } from '../server/connection.js';
import { pushFrom, type StreamEntry } from './packed-pushes.js';

const AT_ONCE = 100;

export interface PushRelay {
  /** Pushes behind the last relayed one, in order, waiting up to `blockMs`. Undefined while another process relays. */
  next(blockMs: number): Promise<StoredPush[] | undefined>;
  /** Whether this process still has the lease; check this while waiting. */
  holds(): Promise<boolean>;
  /** Without an outcome: the push was not for the other service. */
  passed(push: StoredPush, outcome?: RelayOutcome): Promise<void>;
  close(): Promise<void>;
}

/** A process that does not renew for this long counts as dead. */
const RELAY_LEASE_MS = 30_000;

/** When it is opened for the first time, it begins after the pushes that are stored then; later it continues where it stopped. */
export async function openPushRelay(redis: Redis): Promise<PushRelay> {
  const stream = key('pushes');
  const [lease, pointer] = [key('forwarder'), key('forwarded')];
  const leases = openLeases(redis);
  const passedScript = script(redis, 'push-passed');
  const fence = randomUUID();
  const reader = duplicateConnection(redis, { maxRetriesPerRequest: null, enableOfflineQueue: true });
  reader.on('error', () => {
    // The connection that stores reports that Redis is away.
  });
  const [newest] = await redis.xrevrange(stream, '+', '-', 'COUNT', 1);
  await redis.set(pointer, newest?.[0] ?? '0-0', 'NX');

  let closed = false;
  const holds = async (): Promise<boolean> => !closed && (await leases.acquire(lease, fence, RELAY_LEASE_MS));
  return {
    holds,
    async next(blockMs) {
      if (!(await holds())) return undefined;
      const from = (await redis.get(pointer)) ?? '0-0';
      const answer = (await reader.xread('COUNT', AT_ONCE, 'BLOCK', blockMs, 'STREAMS', stream, from)) as
        | [string, StreamEntry[]][]
        | null;
      return (answer?.[0]?.[1] ?? []).map(pushFrom);
    },
    async passed({ entry, infoType }, outcome) {
      const counter = outcome === undefined ? '' : `${infoType}|${outcome}`;
      await passedScript([lease], [fence, entry, counter]);
    },
    async close() {
      closed = true;
      reader.disconnect();
      await leases.release(lease, fence);
    },
  };
}
