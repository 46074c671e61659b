/** Waiting for what holds everybody: the next slot, the next day, a ticket, an operator. Nothing is asked meanwhile. */
import type { Bell, Ring } from '../redis/bell.js';

export interface Hold {
  /** Waits `ms` (Infinity: for a ring), or until the bell rings for one of `rings`. False: this worker is leaving. */
  wait(ms: number, rings: readonly Ring[]): Promise<boolean>;
  leave(): void;
  readonly leaving: boolean;
}

/**
 * A ring can be lost: on its way, or because it came on its own connection just before somebody began to listen. Clocks
 * are set, too. So whoever waits longer looks again after this.
 */
const LONGEST_MS = 15_000;

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
