import { setMaxListeners } from 'node:events';

/**
 * Sleeps until the time is up or one of `signals` is aborted; returns at once if one is aborted already. Never rejects.
 */
export function sleep(ms: number, ...signals: readonly AbortSignal[]): Promise<void> {
  if (signals.some(({ aborted }) => aborted)) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    for (const signal of signals) {
      // Many sleeps share the signal of their process, and each takes its listener away again: that is no leak.
      setMaxListeners(0, signal);
      signal.addEventListener('abort', end);
    }
  });
}
