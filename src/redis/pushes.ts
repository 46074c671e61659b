/** Every push that was answered `success`, in order, until what it says is in the ledger, and after. */
import type { Redis } from 'ioredis';
import { key } from './keys.js';

export interface StoredPush {
  /** The stream's id; later pushes have greater ones. */
  readonly id: string;
  /** ms since 1970 */
  readonly receivedAt: number;
  readonly infoType: string;
  /** The decrypted message. */
  readonly xml: string;
}

/** Why a push could not be given to a registration. */
export type Parking = 'unknown_merchant' | 'no_info' | 'unreadable';

export interface Pushes {
  /** Stored when it returns. */
  keep(push: Omit<StoredPush, 'id'>): Promise<void>;
  count(infoType: string): Promise<void>;
  /** Takes pushes that nobody has recorded yet, waiting up to `blockMs`; those of a process that died come again. */
  next(blockMs: number): Promise<StoredPush[]>;
  /** What it says is in the ledger. */
  done(id: string): Promise<void>;
  park(id: string, why: Parking): Promise<void>;
  parked(): Promise<number>;
  counts(): Promise<Record<string, number>>;
  close(): void;
}

const GROUP = 'ledger';
const AT_ONCE = 100;

/** Recording takes milliseconds: who has held a push so long is dead. */
const HELD_TOO_LONG_MS = 10_000;

type StreamEntry = [id: string, fields: string[]];

/** `redis` stores and answers at once or fails; reading waits on a connection of its own. */
export function openPushes(redis: Redis, consumer: string): Pushes {
  const stream = key('pushes');
  const reader = redis.duplicate({
    lazyConnect: true,
    maxRetriesPerRequest: null,
    enableOfflineQueue: true,
    commandTimeout: undefined,
  } as object);
  reader.on('error', () => {
    // The connection that stores reports that Redis is away.
  });
  let grouped = false;

  async function ensureGroup(): Promise<void> {
    if (grouped) return;
    try {
      await reader.xgroup('CREATE', stream, GROUP, '0', 'MKSTREAM');
    } catch (error) {
      if (!String(error).includes('BUSYGROUP')) throw error;
    }
    grouped = true;
  }

  async function next(blockMs: number): Promise<StoredPush[]> {
    await ensureGroup();
    const [, abandoned] = (await reader.xautoclaim(
      stream,
      GROUP,
      consumer,
      HELD_TOO_LONG_MS,
      '0',
      'COUNT',
      AT_ONCE,
    )) as [string, StreamEntry[]];
    if (abandoned.length > 0) return abandoned.map(pushFrom);
    const answer = (await reader.xreadgroup(
      'GROUP',
      GROUP,
      consumer,
      'COUNT',
      AT_ONCE,
      'BLOCK',
      blockMs,
      'STREAMS',
      stream,
      '>',
    )) as [string, StreamEntry[]][] | null;
    return (answer?.[0]?.[1] ?? []).map(pushFrom);
  }

  return {
    async keep({ receivedAt, infoType, xml }) {
      await redis.xadd(stream, '*', 'at', receivedAt, 'type', infoType, 'xml', xml);
    },
    async count(infoType) {
      await redis.hincrby(key('pushCounts'), infoType, 1);
    },
    next,
    async done(id) {
      await redis.xack(stream, GROUP, id);
    },
    async park(id, why) {
      await redis.hset(key('parked'), id, why);
    },
    parked: () => redis.hlen(key('parked')),
    async counts() {
      const counts = await redis.hgetall(key('pushCounts'));
      return Object.fromEntries(Object.entries(counts).map(([infoType, count]) => [infoType, Number(count)]));
    },
    close() {
      reader.disconnect();
    },
  };
}

function pushFrom([id, fields]: StreamEntry): StoredPush {
  const named = new Map<string, string>();
  for (let at = 0; at + 1 < fields.length; at += 2) named.set(fields[at] ?? '', fields[at + 1] ?? '');
  return {
    id,
    receivedAt: Number(named.get('at')),
    infoType: named.get('type') ?? '',
    xml: named.get('xml') ?? '',
  };
}
