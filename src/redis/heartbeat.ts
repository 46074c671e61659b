/**
 * Running processes record that they are alive, so that a missing process is noticed. A time without a receiver is recorded,
 * because pushes of that time may never come again.
 */
import type { Redis } from 'ioredis';
import type { LiveProcess, Outage, Presence } from '../domain/presence.js';
import { STATES_WITH_WORK } from '../domain/work.js';
import { key } from './keys.js';
import { script } from './scripts.js';

export interface Heartbeats {
  /** The process counts as alive for this long from now on. Answers Redis' clock, in ms since 1970. */
  beat(process: LiveProcess, livesMs: number): Promise<number>;
  /** The process ends. */
  end(process: LiveProcess): Promise<unknown>;
  /** `alone`: while a worker lives that can send, does not find out since when rows wait. */
  presence(alone?: 'alone'): Promise<Presence>;
  /** The outage after which no process has looked yet for missed pushes. */
  outage(): Promise<Outage | undefined>;
  /** The search for pushes that were missed until `outage.to` is done. */
  endOutage(outage: Outage): Promise<void>;
}

/** WeChat repeats some pushes for minutes; after a longer gap its pushes are not expected any more. */
const AWAY_MS = 10 * 60_000;

/** How many registrations of each list of work are examined for the longest wait: half a millisecond of Redis. */
const LOOKED_AT = 64;

export function openHeartbeats(redis: Redis, awayMs = AWAY_MS): Heartbeats {
  const beatScript = script(redis, 'beat');
  const presenceScript = script(redis, 'presence');
  const beat = async (process: LiveProcess, livesMs: number): Promise<number> => {
    const { role, running = '' } = process;
    return Number(await beatScript([key('living')], [JSON.stringify(process), livesMs, role, running, awayMs]));
  };
  return {
    beat,
    end: (process) => beat(process, 0),
    async presence(alone) {
      const args = [LOOKED_AT, alone ?? '', ...STATES_WITH_WORK.submit];
      const [now, live, seen, callAtUs, waitingSince] = (await presenceScript([key('living')], args)) as [
        string,
        string[],
        string[],
        string,
        string,
      ];
      const { push: pushAt, ...roles } = timesFrom(seen);
      return {
        now: Number(now),
        live: live.map((text) => JSON.parse(text) as LiveProcess),
        seen: roles,
        ...(callAtUs !== '' && { callAt: Math.floor(Number(callAtUs) / 1000) }),
        ...(pushAt !== undefined && { pushAt }),
        ...(waitingSince !== '' && { waitingSince: Number(waitingSince) }),
      };
    },
    async outage() {
      const { from, to } = await redis.hgetall(key('outage'));
      return from === undefined || to === undefined ? undefined : { from: Number(from), to: Number(to) };
    },
    async endOutage({ to }) {
      if (Number(await redis.hget(key('outage'), 'to')) === to) await redis.del(key('outage'));
    },
  };
}

/** Names and times, alternating. */
function timesFrom(flat: readonly string[]): Record<string, number> {
  return Object.fromEntries(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, Number(flat[at + 1])]] : [])));
}

export interface Beating {
  /** Whether this keeps the process from its work from now on (`LiveProcess.problem`). */
  report(problem: string, isThere: boolean): void;
  /** Stops counting the process. */
  stop(): Promise<void>;
}

/** A clock that each beat compares with that of Redis. */
export interface ComparedClock {
  now(): number;
  /** @param before our clock, before Redis read its own */
  compare(before: number, redisNow: number): void;
}

export function startBeating(
  redis: Redis,
  process: LiveProcess,
  { everyMs, livesMs }: { readonly everyMs: number; readonly livesMs: number },
  clock?: ComparedClock,
): Beating {
  const heartbeats = openHeartbeats(redis);
  const problems = new Set<string>();
  let beating: Promise<void> | undefined;
  let present = process;
  let beaten = process;
  async function beatOnce(): Promise<void> {
    do await beatAs(present);
    while (beaten !== present);
  }
  async function beatAs(now: LiveProcess): Promise<void> {
    const before = clock?.now();
    const redisNow = await heartbeats.beat(now, livesMs);
    if (before !== undefined) clock?.compare(before, redisNow);
    if (beaten !== now) await heartbeats.end(beaten);
    beaten = now;
  }
  const beat = (): void => {
    // While Redis is unavailable one beat waits for it, not one for each interval.
    beating ??= beatOnce()
      .catch(() => {})
      .finally(() => {
        beating = undefined;
      });
  };
  const timer = setInterval(beat, everyMs).unref();
  beat();
  return {
    report(problem, isThere) {
      if (isThere) problems.add(problem);
      else problems.delete(problem);
      const [first] = problems;
      present = first === undefined ? process : { ...process, problem: first };
      beat();
    },
    async stop() {
      clearInterval(timer);
      if (redis.status !== 'ready') return;
      await beating;
      await heartbeats.end(beaten).catch(() => {});
    },
  };
}
