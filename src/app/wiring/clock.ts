import type { Logger } from 'pino';
import { clockAhead, isClockWrong } from '../../domain/clock.js';
import type { ComparedClock } from '../../redis/heartbeat.js';
import type { Clock } from '../../worker/context.js';

/** @param onChange whether facts may be dated by this clock from now on */
export function openClock(now: () => number, log: Logger, onChange: (isRight: boolean) => void): Clock & ComparedClock {
  let isRight = true;
  return {
    now,
    isRight: () => isRight,
    compare(before, redisNow) {
      const aheadMs = clockAhead(before, redisNow, now());
      if (isClockWrong(aheadMs) === !isRight) return;
      isRight = !isRight;
      onChange(isRight);
      if (isRight) log.info({ aheadMs }, "this machine's clock agrees with that of Redis again; this worker goes on");
      else log.error({ aheadMs }, "this worker sends nothing until this machine's clock agrees with that of Redis");
    },
  };
}
