/** Begins nights at their times. Every process that serves has a scheduler; each night runs in one of them. */
import type { Logger } from 'pino';
import type { NightEnding, Schedule } from '../domain/night.js';
import { startPolling } from '../polling.js';
import { sleep } from '../sleep.js';
import { type NightPlan, type NightTools, reportAgain, runNight, type Settle } from './night.js';
import { dueOccurrence, nextOccurrence } from './occurrences.js';

export interface NightSchedulerOptions {
  readonly tools: NightTools;
  /** How far the batches are; undefined while it is worth waiting. */
  readonly batchProgress: (batches: readonly string[], untilSubmitted: boolean) => Promise<NightEnding | undefined>;
  readonly log: Logger;
}

export interface NightScheduler {
  /** Looks now for a night that is due. */
  nudge(): void;
  /** Leaves nights that are under way to the next process, or the next start. */
  close(): Promise<void>;
}

/** How soon a night that was added is noticed, and a clock that was set, and a machine that slept. */
const LOOK_EVERY_MS = 60_000;
const SHORTEST_PAUSE_MS = 100;
const SETTLED_LOOK_EVERY_MS = 500;

export function startNightScheduler({ tools, batchProgress, log }: NightSchedulerOptions): NightScheduler {
  const leaving = new AbortController();
  const running = new Map<string, Promise<void>>();

  /** False where another process has the inbox, or it cannot be read, or something failed: then the next look is early enough. */
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
      const plan: NightPlan = { ...planOf(schedule, occurrence), isTriedAgain: true };
      const night = await runNight(tools, plan, settle, leaving.signal);
      return night !== undefined && night.ending !== 'failed';
    } catch (error) {
      // Its occurrence was not begun, so it is tried again at the next look.
      if (!leaving.signal.aborted) log.error({ err: error, schedule: schedule.name }, 'a night failed');
      return false;
    }
  }

  /** Returns the time until the next night, in ms. */
  async function look(): Promise<number> {
    let pauseMs = LOOK_EVERY_MS;
    const asked = await tools.nights.asked();
    for (const schedule of await tools.nights.schedules()) {
      if (leaving.signal.aborted || running.has(schedule.name)) continue;
      const now = tools.now();
      const occurrence = dueOccurrence(schedule, await tools.nights.lastOccurrence(schedule.name), now);
      pauseMs = Math.min(pauseMs, nextOccurrence(schedule, now) - now);
      // A night that is due now also answers a person's request for a night.
      const isAsked = asked[schedule.name] !== undefined && (await tools.nights.takeAsked(schedule.name));
      if (occurrence === undefined && !isAsked) continue;
      const night = begin(schedule, occurrence).then((ran) => {
        running.delete(schedule.name);
        // The next one may have become due meanwhile.
        if (ran) polling.nudge();
        // Another night has the inbox: the request stays until a night of this schedule runs.
        else if (isAsked) return tools.nights.askAgain(schedule.name, now).catch(() => {});
      });
      running.set(schedule.name, night);
    }
    await reportAgain(tools, leaving.signal);
    return Math.max(pauseMs, SHORTEST_PAUSE_MS);
  }

  const polling = startPolling(look, (error) => {
    log.warn({ err: error }, 'nights cannot be scheduled now; trying again');
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
