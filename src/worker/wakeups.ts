/**
 * Waits until calls may go on: for the next call of the budget, the next day, a ticket or an operator. Sends no requests meanwhile.
 */
import type { Topic, WakeupChannel } from '../redis/wakeup-channel.js';
import { sleep } from '../sleep.js';

export interface Wakeups {
  /** Waits `ms` (Infinity: for a wakeup), or until one of `topics` is published. False: this worker is leaving. */
  wait(ms: number, topics: readonly Topic[]): Promise<boolean>;
  /** Subscribes from now on, so that a wakeup which comes before the wait begins ends it too. */
  subscribe(topics: readonly Topic[]): Subscription;
  leave(): void;
  readonly leaving: boolean;
}

export interface Subscription {
  wait(ms: number): Promise<boolean>;
  /** Call this when no wait is left. */
  cancel(): void;
}

/**
 * A wakeup can be lost, and clocks can be set. So a longer wait looks again after this time.
 */
const LONGEST_MS = 15_000;

export function openWakeups(wakeupChannel: WakeupChannel): Wakeups {
  const leaving = new AbortController();
  const isStaying = (): boolean => !leaving.signal.aborted;

  function listen(topics: readonly Topic[]): Subscription {
    const woken = new AbortController();
    const offs = topics.map((topic) => wakeupChannel.on(topic, () => woken.abort()));
    return {
      async wait(ms) {
        await sleep(Math.min(ms, LONGEST_MS), woken.signal, leaving.signal);
        return isStaying();
      },
      cancel() {
        for (const off of offs) off();
      },
    };
  }

  return {
    subscribe: listen,
    async wait(ms, topics) {
      const subscription = listen(topics);
      try {
        return await subscription.wait(ms);
      } finally {
        subscription.cancel();
      }
    },
    leave() {
      leaving.abort();
    },
    get leaving() {
      return !isStaying();
    },
  };
}
