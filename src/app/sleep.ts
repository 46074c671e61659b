import { setTimeout } from 'node:timers/promises';

/** Waits, or returns at once when it is interrupted. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => {});
}
