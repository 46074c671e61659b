/** Receivers show that they live, so that a time without any is noticed: pushes of that time may never come again. */
import type { Redis } from 'ioredis';
import { key } from './keys.js';
import { script } from './scripts.js';

/** A time without a receiver, while registrations waited for their pushes; ms since 1970. */
export interface Outage {
  readonly from: number;
  readonly to: number;
}

export interface Heartbeats {
  /** A receiver lives. */
  beat(): Promise<void>;
  /** The outage after which nobody has looked yet for what was missed. */
  outage(): Promise<Outage | undefined>;
  /** Somebody has looked for what was missed until `outage.to`. */
  endOutage(outage: Outage): Promise<void>;
}

export const BEAT_EVERY_MS = 30_000;

/** WeChat tries some pushes again for minutes; what was pushed in a longer gap is not expected any more. */
const AWAY_MS = 10 * 60_000;

export function openHeartbeats(redis: Redis, awayMs = AWAY_MS): Heartbeats {
  const beatScript = script(redis, 'beat');
  return {
    async beat() {
      await beatScript([key('receiver')], [awayMs]);
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

export interface Beating {
  stop(): void;
}

export function startBeating({ beat }: Pick<Heartbeats, 'beat'>, everyMs = BEAT_EVERY_MS): Beating {
  const now = (): void => {
    // A Redis that is away is missed by everybody else, too.
    beat().catch(() => {});
  };
  const timer = setInterval(now, everyMs).unref();
  now();
  return { stop: () => clearInterval(timer) };
}
