/** Nights that run themselves: in every process that serves, and each of them once. */
import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { NightEnding, Schedule } from '../domain/night.js';
import { type NightPlan, type NightTools, reportAgain, runNight, type Settle } from './night.js';
import { dueSlot, nextSlot } from './occurrences.js';

export interface NightSchedulerOptions {
  readonly tools: NightTools;
  /** Where the batches have come to; undefined while something is worth waiting for. */
  readonly batchProgress: (batches: readonly string[], untilSubmitted: boolean) => Promise<NightEnding | undefined>;
  /** Rings when a night may be due. */
  readonly clock: (topic: () => void) => { close(): Promise<void> };
  readonly log: Logger;
}

export interface NightScheduler {
  /** Leaves nights that are under way to the next process, or the next start. */
  close(): Promise<void>;
}

/** A wakeup can be lost, a process can have slept: the longest time without a look. */
const LOOK_EVERY_MS = 60_000;
const SETTLED_LOOK_EVERY_MS = 500;

export function startNightScheduler({ tools, batchProgress, clock, log }: NightSchedulerOptions): NightScheduler {
  const leaving = new AbortController();
  const running = new Map<string, Promise<void>>();
  let looking: Promise<void> | undefined;
  let again = false;

  /** False where another process has the inbox, or something failed: then the next look is early enough. */
  async function begin(schedule: Schedule, slot: number): Promise<boolean> {
    const deadline = nextSlot(schedule, tools.now());
    const settle: Settle = async (batches, held) => {
      for (;;) {
        const ending = await batchProgress(batches, schedule.until === 'submitted');
        if (ending !== undefined) return ending;
        if (held.aborted) return 'interrupted';
        if (tools.now() >= deadline) return 'next_night';
        await setTimeout(SETTLED_LOOK_EVERY_MS, undefined, { signal: held }).catch(() => {});
      }
    };
    try {
      return (await runNight(tools, planOf(schedule, slot), settle, leaving.signal)) !== undefined;
    } catch (error) {
      // Its slot was not begun, so it is tried again at the next look.
      if (!leaving.signal.aborted) log.error({ err: error, schedule: schedule.name }, 'a night failed');
      return false;
    }
  }

  async function look(): Promise<void> {
    for (const schedule of await tools.nights.schedules()) {
      if (leaving.signal.aborted || running.has(schedule.name)) continue;
      const slot = dueSlot(schedule, await tools.nights.lastSlot(schedule.name), tools.now());
      if (slot === undefined) continue;
      const night = begin(schedule, slot).then((ran) => {
        running.delete(schedule.name);
        // The next one may have become due meanwhile, and its wakeup came too early.
        if (ran && !leaving.signal.aborted) nudge();
      });
      running.set(schedule.name, night);
    }
    await reportAgain(tools, leaving.signal);
  }

  function nudge(): void {
    again = true;
    looking ??= (async () => {
      while (again && !leaving.signal.aborted) {
        again = false;
        await look().catch((error) => log.warn({ err: error }, 'nights cannot be looked after now; trying again'));
      }
    })().finally(() => {
      looking = undefined;
    });
  }

  const timer = setInterval(nudge, LOOK_EVERY_MS).unref();
  const ringing = clock(nudge);
  nudge();

  return {
    async close() {
      leaving.abort();
      clearInterval(timer);
      await ringing.close();
      await looking;
      await Promise.all(running.values());
    },
  };
}

export function planOf({ name, at: _, addedAt: __, ...plan }: Schedule, slot?: number): NightPlan {
  return { ...plan, schedule: name, ...(slot !== undefined && { slot }) };
}
