/** Notices to programs and people, in order within an ordering key, kept until they are delivered. */
import type { Redis } from 'ioredis';
import {
  type Destination,
  type Failing,
  LONGEST_NOTICE_PAUSE_MS,
  type Notice,
  type Outlet,
  type Place,
  placeFor,
  type TakenNotice,
} from '../domain/notice.js';
import { key } from './keys.js';
import { script } from './scripts.js';

export interface Notices {
  /**
   * The notice that is due, and the next notices of its ordering key, `most` in all; or how many ms until a notice is
   * due, Infinity if there is none.
   */
  take(destination: Destination, leaseMs: number, most?: number): Promise<TakenNotice | number>;
  /**
   * The first `count` notices are delivered, or dropped. Nothing is posted to the destination for `quietMs`. False: another
   * process has settled them, because the lease had ended.
   */
  done(destination: Destination, taken: TakenNotice, count?: number, quietMs?: number): Promise<boolean>;
  postpone(destination: Destination, taken: TakenNotice, failed: Failed): Promise<void>;
  /** How many ordering keys have a notice. */
  waiting(destination: Destination): Promise<number>;
  /** Undefined if no notice has failed. */
  failing(destination: Destination): Promise<Failing | undefined>;
}

export interface Failed {
  /** How many notices were posted. */
  readonly count: number;
  /** The pause before they are posted again. */
  readonly pauseMs: number;
  readonly quietMs: number;
  /** What the destination answered, without secrets. */
  readonly why: string;
}

/**
 * The notice is stored when this resolves. Notices of one ordering key (a registration, a batch) are delivered in the order in
 * which they were queued.
 */
export async function queueNotice(
  redis: Redis,
  destination: Destination,
  orderingKey: string,
  notice: Notice,
): Promise<void> {
  await queue(redis, notice, [{ destination, orderingKey, dueInMs: 0 }]);
}

/** The same for every outlet of notices to people. */
export async function queueForPeople(
  redis: Redis,
  outlets: readonly Outlet[],
  orderingKey: string,
  notice: Notice,
): Promise<void> {
  await queue(
    redis,
    notice,
    outlets.map((outlet) => placeFor(outlet, orderingKey)),
  );
}

async function queue(redis: Redis, notice: Notice, places: readonly Place[]): Promise<void> {
  const outlets = places.flatMap(({ destination, orderingKey, dueInMs }) => [destination, orderingKey, dueInMs]);
  await script(redis, 'queue-notice')([key('sentNotices')], [JSON.stringify(notice), ...outlets]);
}

/** @param clock ms since 1970; without one the clock of Redis */
export function openNotices(redis: Redis, clock?: () => number): Notices {
  const takeScript = script(redis, 'notice-take');
  const settleScript = script(redis, 'notice-settle');
  const now = (): string => (clock === undefined ? '' : String(clock()));

  return {
    async take(destination, leaseMs, most = 1) {
      const [dueInMs, orderingKey, tries = 0, triedForMs = 0, firstCount = 1, ...kept] = (await takeScript(
        [key('noticesDue', destination)],
        [destination, leaseMs, most, now(), Math.max(leaseMs, LONGEST_NOTICE_PAUSE_MS)],
      )) as [number, string?, number?, number?, number?, ...string[]];
      const [first, ...others] = kept;
      if (orderingKey === undefined || first === undefined) return dueInMs < 0 ? Number.POSITIVE_INFINITY : dueInMs;
      return {
        orderingKey,
        kept: first,
        notice: read(first),
        others: others.map(read),
        tries,
        triedForMs,
        firstCount,
      };
    },
    async done(destination, { orderingKey, kept }, count = 1, quietMs = 0) {
      const settled = await settleScript(
        [key('noticesDue', destination)],
        [destination, orderingKey, kept, -1, count, Math.round(quietMs), '', now()],
      );
      return settled === 1;
    },
    async postpone(destination, { orderingKey, kept }, { count, pauseMs, quietMs, why }) {
      await settleScript(
        [key('noticesDue', destination)],
        [destination, orderingKey, kept, Math.round(pauseMs), count, Math.round(quietMs), why, now()],
      );
    },
    waiting: (destination) => redis.zcard(key('noticesDue', destination)),
    async failing(destination) {
      const [since, tries, failures] = await Promise.all([
        redis.hgetall(key('noticeFirstTry', destination)),
        redis.hgetall(key('noticeTries', destination)),
        redis.hgetall(key('noticeFailure', destination)),
      ]);
      // The ordering key that has failed for longest says why.
      const [first] = Object.entries(since).sort(([, one], [, other]) => Number(one) - Number(other));
      if (first === undefined) return undefined;
      const [orderingKey, at] = first;
      return { since: Number(at), tries: Number(tries[orderingKey] ?? 0), why: failures[orderingKey] ?? '' };
    },
  };
}

function read(kept: string): Notice {
  return JSON.parse(kept) as Notice;
}
