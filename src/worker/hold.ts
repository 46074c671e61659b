/** Waiting for what holds everybody: the next slot, the next day, a ticket, an operator. Nothing is asked meanwhile. */
import type { Bell, Ring } from '../redis/bell.js';

export interface Hold {
  /** Waits `ms` (Infinity: for a ring), or until the bell rings for one of `rings`. False: this worker is leaving. */
  wait(ms: number, rings: readonly Ring[]): Promise<boolean>;
  leave(): void;
  readonly leaving: boolean;
}

/** setTimeout takes no more than 24.8 days, and clocks are set: whoever waits longer looks again after an hour. */
const LONGEST_MS = 3_600_000;

export function openHold(bell: Bell): Hold {
  const waiting = new Set<() => void>();
  let leaving = false;

  return {
    wait(ms, rings) {
      if (leaving) return Promise.resolve(false);
      return new Promise((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          waiting.delete(end);
          for (const off of offs) off();
          resolve(!leaving);
        };
        const timer = setTimeout(end, Math.min(ms, LONGEST_MS));
        const offs = rings.map((ring) => bell.on(ring, end));
        waiting.add(end);
      });
    },
    leave() {
      leaving = true;
      for (const end of [...waiting]) end();
    },
    get leaving() {
      return leaving;
    },
  };
}
