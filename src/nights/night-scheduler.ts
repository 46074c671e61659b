/** Nights that run themselves: in every process that serves, and each of them once. */
import type { Logger } from 'pino';
import type { NightEnding, Schedule } from '../domain/night.js';
import { startPolling } from '../polling.js';
import { sleep } from '../sleep.js';
import { type NightPlan, type NightTools, reportAgain, runNight, type Settle } from './night.js';
import { dueOccurrence, nextOccurrence } from './occurrences.js';

export interface NightSchedulerOptions {
  readonly tools: NightTools;
  /** Where the batches have come to; undefined while something is worth waiting for. */
  readonly batchProgress: (batches: readonly string[], untilSubmitted: boolean) => Promise<NightEnding | undefined>;
  readonly log: Logger;
}

export interface NightScheduler {
  /** Looks for a night that is due, now. */
  nudge(): void;
  /** Leaves nights that are under way to the next process, or the next start. */
  close(): Promise<void>;
}

/** A night that is added is seen within this time; the clock can be set, and the machine can have slept. */
const LOOK_EVERY_MS = 60_000;
const SHORTEST_PAUSE_MS = 100;
const SETTLED_LOOK_EVERY_MS = 500;

export function startNightScheduler({ tools, batchProgress, log }: NightSchedulerOptions): NightScheduler {
  const leaving = new AbortController();
  const running = new Map<string, Promise<void>>();

  /** False where another process has the inbox, or something failed: then the next look is early enough. */
  async function begin(schedule: Schedule, occurrence: number | undefined): Promise<boolean> {
    const deadline = nextOccurrence(schedule, tools.now());
    const settle: Settle = async (batches, held) => {
      for (;;) {
        const ending = await batchProgress(batches, schedule.until === 'submitted');
        if (ending !== undefined) return ending;
        if (held.aborted) return 'interrupted';
        if (tools.now() >= deadline) return 'next_night';
        await sleep(SETTLED_LOOK_EVERY_MS, held);
      }
    };
    try {
      return (await runNight(tools, planOf(schedule, occurrence), settle, leaving.signal)) !== undefined;
    } catch (error) {
      // Its occurrence was not begun, so it is tried again at the next look.
      if (!leaving.signal.aborted) log.error({ err: error, schedule: schedule.name }, 'a night failed');
      return false;
    }
  }

  /** Answers the time until the next night, in ms. */
  async function look(): Promise<number> {
    let pauseMs = LOOK_EVERY_MS;
    const asked = await tools.nights.asked();
    for (const schedule of await tools.nights.schedules()) {
      if (leaving.signal.aborted || running.has(schedule.name)) continue;
      const now = tools.now();
      const occurrence = dueOccurrence(schedule, await tools.nights.lastOccurrence(schedule.name), now);
      pauseMs = Math.min(pauseMs, nextOccurrence(schedule, now) - now);
      // A night that is due is the one that was asked for, too.
      const isAsked = asked[schedule.name] !== undefined && (await tools.nights.takeAsked(schedule.name));
      if (occurrence === undefined && !isAsked) continue;
      const night = begin(schedule, occurrence).then((ran) => {
        running.delete(schedule.name);
        // The next one may have become due meanwhile.
        if (ran) polling.nudge();
        // Another night has the inbox: it is asked for until one runs.
        else if (isAsked) return tools.nights.askAgain(schedule.name, now).catch(() => {});
      });
      running.set(schedule.name, night);
    }
    await reportAgain(tools, leaving.signal);
    return Math.max(pauseMs, SHORTEST_PAUSE_MS);
  }

  const polling = startPolling(look, (error) => {
    log.warn({ err: error }, 'nights cannot be looked after now; trying again');
    return LOOK_EVERY_MS;
  });

  return {
    nudge: polling.nudge,
    async close() {
      leaving.abort();
      await polling.close();
      await Promise.all(running.values());
    },
  };
}

export function planOf({ name, at: _, addedAt: __, ...plan }: Schedule, occurrence?: number): NightPlan {
  return { ...plan, schedule: name, ...(occurrence !== undefined && { occurrence }) };
}
