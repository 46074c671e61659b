/** What calls wait for although the line is not stopped: a token, or a pause; and whose turn it is to ask WeChat for the quota. */
import type { Redis } from 'ioredis';
import type { NotedWait, TokenWait } from '../domain/budgets.js';
import { answersOf } from './exec.js';
import { key } from './keys.js';
import { script } from './scripts.js';
import { msOf, timeOf } from './time.js';

export interface TokenWaits {
  /**
   * All processes wait for a token, for this long; if `maxMs` is given, twice as long each time, up to that. Answers
   * how long, which is less if another process has asked meanwhile, and whether this process is the first to report it.
   */
  noteWait(wait: {
    why: TokenWait;
    ms: number;
    said?: string;
    maxMs?: number;
  }): Promise<{ ms: number; isNew: boolean }>;
  /** How long no process is to ask for a token, because there is none, in ms. */
  tokenRestMs(): Promise<number>;
  /** There is a token again. */
  forgetWait(): Promise<void>;
  /** Why calls wait although the line is not stopped; undefined if they do not wait. */
  waitNoted(): Promise<NotedWait | undefined>;
  /**
   * Which process asks WeChat for the quota. `mine`: this process, within the given time; `asking`: another process
   * does, and publishes `quota` at the end; `asked`: it was done.
   */
  quotaTurn(withinMs: number): Promise<'mine' | 'asking' | 'asked'>;
  /** WeChat was asked; no process has to ask again within this time. */
  endQuotaTurn(forMs: number): Promise<void>;
}

/** The stored waits: `pause` and `refusedMs` in ms; -2 without one. */
interface StoredWaits {
  readonly token: Readonly<Record<string, string>>;
  readonly now: number;
  readonly pause: number;
  readonly refusal: string | null;
  readonly refusedMs: number;
}

export function openTokenWaits(redis: Redis): TokenWaits {
  const tokenWaitScript = script(redis, 'token-wait');

  return {
    async noteWait({ why, ms, said = '', maxMs = 0 }) {
      const args = [why, said, Math.ceil(ms), maxMs];
      const [waitMs, isNew] = (await tokenWaitScript([key('tokenWait')], args)) as number[];
      return { ms: waitMs ?? ms, isNew: isNew === 1 };
    },
    // Measured by Redis' clock, by which the time was set.
    async tokenRestMs() {
      const [until, at] = await Promise.all([redis.hget(key('tokenWait'), 'until'), timeOf(redis)]);
      return Math.max(Number(until ?? 0) - at, 0);
    },
    async forgetWait() {
      await redis.del(key('tokenWait'));
    },
    waitNoted: async () => waitFrom(await storedWaits(redis)),
    async quotaTurn(withinMs) {
      if ((await redis.set(key('quotaAsked'), 'asking', 'PX', withinMs, 'NX')) === 'OK') return 'mine';
      return (await redis.get(key('quotaAsked'))) === 'asking' ? 'asking' : 'asked';
    },
    async endQuotaTurn(forMs) {
      await redis.set(key('quotaAsked'), 'asked', 'PX', Math.max(forMs, 1));
      await redis.publish(key('wakeups'), 'quota');
    },
  };
}

async function storedWaits(redis: Redis): Promise<StoredWaits> {
  const steps = redis
    .pipeline()
    .hgetall(key('tokenWait'))
    .time()
    .pttl(key('pause'))
    .get(key('tokenRefusal'))
    .pttl(key('tokenRefusal'));
  const [token, time, pause, refusal, refusedMs] = (await answersOf(steps)) as [
    Record<string, string>,
    [string, string],
    number,
    string | null,
    number,
  ];
  return { token, now: msOf(time), pause, refusal, refusedMs };
}

function waitFrom({ token, now, pause, refusal, refusedMs }: StoredWaits): NotedWait | undefined {
  const { why, since, until, tries, said } = token;
  const noted = {
    ...(since !== undefined && { since: Number(since), tries: Number(tries) }),
    ...(said !== undefined && said !== '' && { said }),
  };
  if (refusal !== null) {
    const { problem, said } = JSON.parse(refusal) as { problem: string; said: string };
    return { ...noted, why: 'refused', ms: Math.max(refusedMs, 1), refusal: { problem, said } };
  }
  if (why === undefined) return pause > 0 ? { why: 'pause', ms: pause } : undefined;
  return { ...noted, why: why as TokenWait, ms: Math.max(Number(until ?? 0) - now, 0) };
}
