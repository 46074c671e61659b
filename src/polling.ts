import type { Logger } from 'pino';

/**
 * A loop that looks for work at once, again after a pause, and whenever it is nudged, but never twice at the same time: a nudge during
 * a look makes it look once more. Polling is what makes a lost wakeup harmless.
 */
export interface Polling {
  nudge(): void;
  /** Ends after the look that is under way. */
  close(): Promise<void>;
}

export interface LookOptions {
  readonly everyMs: number;
  readonly look: () => Promise<void>;
  readonly log: Logger;
  /** The log line of a look that failed; the next look comes as usual. */
  readonly failure: string;
}

/** A loop whose looks are a fixed time apart. */
export function lookEvery({ everyMs, look, log, failure }: LookOptions): Polling {
  return startPolling(
    async () => {
      await look();
      return everyMs;
    },
    (error) => {
      log.warn({ err: error }, failure);
      return everyMs;
    },
  );
}

/** @param look answers the pause until the next look, in ms; where it rejects, `failed` does */
export function startPolling(look: () => Promise<number>, failed: (error: unknown) => number): Polling {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  let closed = false;

  async function run(): Promise<void> {
    while (again && !closed) {
      again = false;
      clearTimeout(timer);
      const pauseMs = await look().catch(failed);
      if (!closed) timer = setTimeout(nudge, pauseMs).unref();
    }
  }

  function nudge(): void {
    again = true;
    if (closed) return;
    running ??= run().finally(() => {
      running = undefined;
    });
  }

  nudge();
  return {
    nudge,
    async close() {
      closed = true;
      clearTimeout(timer);
      await running;
    },
  };
}

/**
 * Renews a lease until the answer is called. `lost` is called where another process has it by now.
 * @param renew answers whether the lease is still ours; where it rejects, the next renewal shows that
 */
export function renewEvery(everyMs: number, renew: () => Promise<boolean>, lost: () => void = () => {}): () => void {
  const timer = setInterval(async () => {
    const isOurs = await renew().catch(() => true);
    if (!isOurs) lost();
  }, everyMs).unref();
  return () => clearInterval(timer);
}
