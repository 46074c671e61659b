/** Waiting for what a test expects, never for a time. The limit is generous: machines that run tests do other things too. */
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 20;
const LIMIT_MS = 45_000;

/** Resolves with the first answer that is neither false nor undefined; fails with `what` was waited for. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  withinMs = LIMIT_MS,
): Promise<Exclude<T, false | undefined | null>> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const answer = await condition();
    if (answer !== false && answer !== undefined && answer !== null) {
      return answer as Exclude<T, false | undefined | null>;
    }
    if (Date.now() > deadline) throw new Error(`waited ${withinMs / 1000} s in vain until ${what}`);
    await sleep(LOOK_EVERY_MS);
  }
}
