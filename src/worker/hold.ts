/** Waiting for what holds everybody: the next slot, the next day, a ticket, an operator. Nothing is asked meanwhile. */
import type { Bell, Ring } from '../redis/bell.js';

export interface Hold {
  /** Waits `ms` (Infinity: for a ring), or until the bell rings for one of `rings`. False: this worker is leaving. */
  wait(ms: number, rings: readonly Ring[]): Promise<boolean>;
  /** Listens from now on, so that a ring which comes before the wait begins ends it too. */
  listen(rings: readonly Ring[]): Ear;
  leave(): void;
  readonly leaving: boolean;
}

export interface Ear {
  wait(ms: number): Promise<boolean>;
  /** To be called when nobody waits any more. */
  off(): void;
}

/**
 * A ring can be lost on its way, and clocks are set. So whoever waits longer looks again after this.
 */
const LONGEST_MS = 15_000;

export function openHold(bell: Bell): Hold {
  const waiting = new Set<() => void>();
  let leaving = false;

  function listen(rings: readonly Ring[]): Ear {
    let rung = false;
    let wake = (): void => {};
    const offs = rings.map((ring) =>
      bell.on(ring, () => {
        rung = true;
        wake();
      }),
    );
    return {
      wait(ms) {
        if (leaving || rung) return Promise.resolve(!leaving);
        return new Promise((resolve) => {
          const end = (): void => {
            clearTimeout(timer);
            waiting.delete(end);
            resolve(!leaving);
          };
          const timer = setTimeout(end, Math.min(ms, LONGEST_MS));
          wake = end;
          waiting.add(end);
        });
      },
      off() {
        for (const off of offs) off();
      },
    };
  }

  return {
    listen,
    async wait(ms, rings) {
      const ear = listen(rings);
      try {
        return await ear.wait(ms);
      } finally {
        ear.off();
      }
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
