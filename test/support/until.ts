/** Waiting for what a test expects, never for a time. The limit is generous: machines that run tests do other things too. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Often at first; what takes longer is looked at less often, because each look costs something of the processor. */
const LOOK_FIRST_MS = 10;
const LOOK_LAST_MS = 50;
const LIMIT_MS = 90_000;

/** Resolves with the first answer that is neither false nor undefined; fails with `what` was waited for. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  withinMs = LIMIT_MS,
): Promise<Exclude<T, false | undefined | null>> {
  const deadline = Date.now() + withinMs;
  let pauseMs = LOOK_FIRST_MS;
  for (;;) {
    const answer = await condition();
    if (answer !== false && answer !== undefined && answer !== null) {
      return answer as Exclude<T, false | undefined | null>;
    }
    if (Date.now() > deadline) throw new Error(`waited ${withinMs / 1000} s in vain until ${what}`);
    await sleep(pauseMs);
    pauseMs = Math.min(pauseMs * 1.2, LOOK_LAST_MS);
  }
}

/** What happened before this call is more than a millisecond old when this resolves: `--older-than 1ms` takes it. */
export async function untilMillisecondsOld(): Promise<void> {
  const before = Date.now();
  await until('the clock has moved on', () => Date.now() > before + 2);
}
