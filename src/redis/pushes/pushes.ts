/** Every push that was answered `success`, unchanged and in order, also after its fact was recorded. */
import type { Redis } from 'ioredis';
import type {
  ParkedPush,
  Parking,
  PushCounts,
  PushOutcome,
  ReceivedPush,
  RelayOutcome,
  StoredPush,
} from '../../domain/push.js';
import { answersOf } from '../exec.js';
import { key } from '../keys.js';
import { script } from '../scripts.js';
import { duplicateConnection } from '../server/connection.js';
import { fieldOf, packed, parkedFrom, pushFrom, type StreamEntry } from './packed-pushes.js';

/** A position in a spool: the segment, and how many of its pushes are stored already. */
export interface SpoolMark {
  readonly segment: string;
  readonly stored: number;
}

export interface Pushes {
  /**
   * The pushes are stored when this resolves, in one step. A push that was stored before is skipped; the first thousand old
   * pushes are parked. With a mark: returns how many pushes of the segment are done now.
   */
  store(pushes: readonly ReceivedPush[], mark?: SpoolMark): Promise<number>;
  storedOf(segment: string): Promise<number>;
  /**
   * The pushes are recorded, parked, or not about our registrations.
   * @param epoch in which recording them began; '' of a process without a journal
   * @returns false if Redis began a new epoch meanwhile: nothing is acknowledged, and the pushes come again
   */
  done(pushes: readonly (readonly [StoredPush, PushOutcome])[], epoch?: string): Promise<boolean>;
  /**
   * `awaits`: registrations that do not exist yet, `task:` and a task's id, or `appid:` and the appid of a Mini Program
   * without a registration. False: one of them exists now, so match the push again.
   */
  park(push: StoredPush, why: Parking, awaits: readonly string[]): Promise<boolean>;
  unpark(id: string): Promise<void>;
  find(id: string): Promise<StoredPush | ParkedPush | undefined>;
  /** The newest first. */
  list(most: number): Promise<StoredPush[]>;
  /** The pushes of the stream after `id`, in order. */
  after(id: string, most: number): Promise<StoredPush[]>;
  parked(): Promise<number>;
  /** The oldest first. `most`: of the newest only so many, and no others are read. */
  listParked(most?: number): Promise<ParkedPush[]>;
  /** Those of the pushes that are parked. */
  parkedAmong(ids: readonly string[]): Promise<ParkedPush[]>;
  countRefusals(counts: Readonly<Record<string, number>>): Promise<void>;
  counts(): Promise<PushCounts>;
  /** Forgets pushes that came before this time (ms since 1970), also parked ones. Returns how many. */
  forgetBefore(time: number): Promise<number>;
  /** The same without parked pushes, and only approximately, which costs Redis little. */
  trimBefore(time: number): Promise<void>;
  /** Forgets readers that were not seen for this long and hold no push: each recording process creates one. */
  forgetReaders(idleMs: number): Promise<number>;
}

/** The reading end of the stream: takes pushes that are not recorded yet. */
export interface PushReader {
  /** Waits up to `blockMs`. Pushes that a dead process had taken come again. */
  next(blockMs: number, most?: number): Promise<StoredPush[]>;
  close(): void;
}

/** Upper bounds of the counts of lag. */
export const LAG_SECONDS = [1, 2, 5, 10, 30, 60, 300, 900, 3600, Number.POSITIVE_INFINITY];
const FINITE_LAG_SECONDS = LAG_SECONDS.filter(Number.isFinite).join(' ');

const GROUP = 'ledger';
const AT_ONCE = 100;
const TRIMMED_AT_ONCE = 1_000;

/** Recording takes milliseconds: a process that has held a push for this long is dead. */
const HELD_TOO_LONG_MS = 10_000;

/** A push is old after three days (`events/age.ts`), and the clocks of two receivers may differ. */
const REMEMBERED_DAYS = 4;
/** 10 MB a day. A platform gets one push for each registration, and 144 tickets. */
const MOST_REMEMBERED_OF_A_DAY = 100_000;
const MOST_OLD = 1_000;
const DAY_MS = 86_400_000;

/** SHA-1 in hex. */
const SIGNATURE_LENGTH = 40;
const NO_SIGNATURE = ' '.repeat(SIGNATURE_LENGTH);

/** @param now the clock by which its pushes are received */
export function openPushes(redis: Redis, now: () => number = Date.now): Pushes {
  const stream = key('pushes');
  const storeScript = script(redis, 'store-pushes');
  const parkScript = script(redis, 'park');
  const ackScript = script(redis, 'ack-pushes');
  const forgetConsumersScript = script(redis, 'forget-consumers');

  async function parkedAmong(ids: readonly string[]): Promise<ParkedPush[]> {
    if (ids.length === 0) return [];
    const [parked, old] = await Promise.all([key('parked'), key('old')].map((name) => redis.hmget(name, ...ids)));
    return ids.flatMap((id, at) => {
      const text = parked?.[at] ?? old?.[at];
      return text == null ? [] : [parkedFrom(id, text)];
    });
  }

  return {
    async store(pushes, mark = { segment: '', stored: 0 }) {
      const day = Math.floor((pushes.at(-1)?.receivedAt ?? 0) / DAY_MS);
      const memory = `${day} ${REMEMBERED_DAYS} ${MOST_REMEMBERED_OF_A_DAY} ${MOST_OLD}`;
      const signatures = pushes.map(({ signature = '' }) =>
        signature.length === SIGNATURE_LENGTH ? signature : NO_SIGNATURE,
      );
      // Few arguments: each costs the client as much as a hundred bytes, and text that is encoded for the wire four times as much as bytes.
      const before = [mark.segment, mark.stored, FINITE_LAG_SECONDS, memory, ...newestTicket(pushes, now())];
      return Number(await storeScript([stream], [...before, signatures.join(''), ...packed(pushes)]));
    },
    storedOf: async (segment) => Number(await redis.get(key('spooled', segment))),

    async done(pushes, epoch = '') {
      if (pushes.length === 0) return true;
      const counts = new Map<string, number>();
      for (const [{ infoType }, outcome] of pushes) {
        const name = `${infoType}|${outcome}`;
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
      const entries = pushes.map(([{ entry }]) => entry);
      return (await ackScript([stream], [GROUP, epoch, entries.length, ...entries, ...[...counts].flat()])) === 1;
    },
    async park(push, why, awaits) {
      const as = fieldOf(push.body);
      const body = push.body.toString(as === 'body' ? 'latin1' : as);
      const kept = { why, at: push.receivedAt, type: push.infoType, query: push.query, as, body };
      return (await parkScript([key('parked')], [push.id, JSON.stringify(kept), ...awaits])) === 1;
    },
    async unpark(id) {
      await answersOf(redis.multi().hdel(key('parked'), id).hdel(key('old'), id));
    },

    async find(id) {
      const parked = (await redis.hget(key('parked'), id)) ?? (await redis.hget(key('old'), id));
      if (parked !== null) return parkedFrom(id, parked);
      const [entry] = await redis.xrange(stream, id, id);
      return entry === undefined ? undefined : pushFrom(entry);
    },
    list: async (most) => (await redis.xrevrange(stream, '+', '-', 'COUNT', most)).map(pushFrom),
    after: async (id, most) => (await redis.xrange(stream, `(${id}`, '+', 'COUNT', most)).map(pushFrom),
    parked: async () => (await redis.hlen(key('parked'))) + (await redis.hlen(key('old'))),
    parkedAmong,
    async listParked(most) {
      if (most !== undefined) {
        const ids = (await Promise.all([redis.hkeys(key('parked')), redis.hkeys(key('old'))])).flat();
        // `ms-sequence`, as the ids of the stream.
        const newest = ids.sort((one, other) => Number.parseInt(one, 10) - Number.parseInt(other, 10)).slice(-most);
        return (await parkedAmong(newest)).sort(byArrival);
      }
      const found = await Promise.all([redis.hgetall(key('parked')), redis.hgetall(key('old'))]);
      const parked = found.flatMap(Object.entries<string>);
      return parked.map(([id, text]) => parkedFrom(id, text)).sort(byArrival);
    },

    async countRefusals(counts) {
      const steps = redis.multi();
      for (const [why, count] of Object.entries(counts)) steps.hincrby(key('refused'), why, count);
      await answersOf(steps);
    },
    async counts() {
      const [counts, refused, lag] = await Promise.all([
        redis.hgetall(key('pushCounts')),
        redis.hgetall(key('refused')),
        redis.hgetall(key('pushLag')),
      ]);
      const { sum = '0', ...bounds } = lag;
      return {
        byOutcome: Object.entries(counts).map(([name, count]) => {
          const bar = name.lastIndexOf('|');
          const outcome = name.slice(bar + 1) as 'stored' | PushOutcome | RelayOutcome;
          return { infoType: name.slice(0, bar), outcome, count: Number(count) };
        }),
        refused: numbers(refused),
        lag: {
          sumMs: Number(sum),
          bounds: new Map(
            Object.entries(bounds).map(([bound, count]) => [
              bound === 'inf' ? Number.POSITIVE_INFINITY : Number(bound),
              Number(count),
            ]),
          ),
        },
      };
    },

    async forgetBefore(time) {
      let forgotten = 0;
      // In parts, which XTRIM allows in its approximate form only: otherwise Redis would serve no other client while it deletes a million.
      for (let some = -1; some !== 0; forgotten += some) {
        some = await redis.xtrim(stream, 'MINID', '~', `${time}-0`, 'LIMIT', TRIMMED_AT_ONCE);
      }
      forgotten += await redis.xtrim(stream, 'MINID', `${time}-0`);
      for (const name of [key('parked'), key('old')]) {
        let cursor = '0';
        do {
          const [next, flat] = await redis.hscan(name, cursor, 'COUNT', AT_ONCE);
          for (let at = 0; at < flat.length; at += 2) {
            const [id = '', text = ''] = flat.slice(at, at + 2);
            if (parkedFrom(id, text).receivedAt < time) forgotten += await redis.hdel(name, id);
          }
          cursor = next;
        } while (cursor !== '0');
      }
      return forgotten;
    },
    async trimBefore(time) {
      await redis.xtrim(stream, 'MINID', '~', `${time}-0`);
    },
    forgetReaders: async (idleMs) => Number(await forgetConsumersScript([stream], [GROUP, idleMs])),
  };
}

/** Reads block in Redis, so they use a separate connection. */
export function openPushReader(redis: Redis, consumer: string): PushReader {
  const stream = key('pushes');
  const reader = duplicateConnection(redis, { maxRetriesPerRequest: null, enableOfflineQueue: true });
  reader.on('error', () => {
    // The connection that stores reports that Redis is away.
  });

  async function next(blockMs: number, most: number): Promise<StoredPush[]> {
    const held = (await reader.xautoclaim(
      stream,
      GROUP,
      consumer,
      HELD_TOO_LONG_MS,
      '0',
      'COUNT',
      most,
    )) as unknown as [string, (StreamEntry | null)[]];
    // Redis 6.2 answers null for an entry that was trimmed.
    const abandoned = held[1].filter((entry) => entry !== null);
    if (abandoned.length > 0) return abandoned.map(pushFrom);
    const answer = (await reader.xreadgroup(
      'GROUP',
      GROUP,
      consumer,
      'COUNT',
      most,
      'BLOCK',
      blockMs,
      'STREAMS',
      stream,
      '>',
    )) as [string, StreamEntry[]][] | null;
    return (answer?.[0]?.[1] ?? []).map(pushFrom);
  }

  return {
    async next(blockMs, most = AT_ONCE) {
      try {
        return await next(blockMs, most);
      } catch (error) {
        if (!String(error).includes('NOGROUP')) throw error;
        await reader.xgroup('CREATE', stream, GROUP, '0', 'MKSTREAM').catch((cause) => {
          if (!String(cause).includes('BUSYGROUP')) throw cause;
        });
        return next(blockMs, most);
      }
    },
    close() {
      reader.disconnect();
    },
  };
}

/**
 * Value and CreateTime of the newest ticket, and how long ago it came; '' if there is none. The clock of a receiver may be hours
 * off, so Redis dates the ticket, by its age.
 */
function newestTicket(pushes: readonly ReceivedPush[], now: number): [string, number, number] {
  let newest: [string, number, number] = ['', 0, 0];
  for (const { ticket, createdAt, receivedAt, isOld } of pushes) {
    if (ticket === undefined || isOld || (createdAt ?? receivedAt) < newest[1]) continue;
    newest = [ticket, createdAt ?? receivedAt, Math.max(now - receivedAt, 0)];
  }
  return newest;
}

function byArrival(one: ParkedPush, other: ParkedPush): number {
  return one.receivedAt - other.receivedAt;
}

function numbers(fields: Readonly<Record<string, string>>): Record<string, number> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, Number(value)]));
}
