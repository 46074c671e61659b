/**
 * Makes `reconcile` automatic: one process of all compares WeChat's list of accounts with the ledger once a night, and
 * after a time in which no receiver listened.
 */
import type { Logger } from 'pino';
import { quotaDay } from '../domain/calendar.js';
import type { Outage } from '../domain/presence.js';
import type { Comparison } from '../domain/reconciliation.js';
import { lookEvery } from '../polling.js';
import type { Heartbeats } from '../redis/heartbeat.js';
import type { Reconciliations } from '../redis/reconciliations.js';

export interface ReconcilingOptions {
  readonly runs: Reconciliations;
  readonly heartbeats: Pick<Heartbeats, 'outage' | 'endOutage'>;
  /**
   * Compares and records what is found. `mayGoOn` is asked before each call. Undefined if there is no token. `missed`:
   * registrations whose push may have been missed in that time are looked for, too.
   */
  readonly compare: (mayGoOn: () => Promise<boolean>, missed: Outage | undefined) => Promise<Comparison | undefined>;
  /** False while no call may be made: the line is stopped, or the day is used up. */
  readonly mayCall: () => Promise<boolean>;
  readonly timezone: string;
  readonly now: () => number;
  readonly log: Logger;
}

export interface Reconciling {
  close(): Promise<void>;
}

const LOOK_EVERY_MS = 60_000;

/** Nights begin when hardly anybody is at work, and WeChat's new day is some hours old. */
const NIGHT_BEGINS_AFTER_MS = 3 * 3_600_000;
const TRY_AGAIN_MS = 30 * 60_000;

export function startReconciling(options: ReconcilingOptions): Reconciling {
  let closed = false;
  const polling = lookEvery({
    everyMs: LOOK_EVERY_MS,
    look: () => reconcileWhenDue(options, () => closed),
    log: options.log,
    failure: "WeChat's list of accounts cannot be compared now; trying again",
  });
  return {
    async close() {
      closed = true;
      await polling.close();
    },
  };
}

/** One look: is it due → is it this process's turn → compare → note how it ended. */
export async function reconcileWhenDue(options: ReconcilingOptions, isLeaving = (): boolean => false): Promise<void> {
  const { runs, heartbeats, compare, mayCall, now, log } = options;
  const night = nightOf(now(), options.timezone);
  const missed = await heartbeats.outage();
  const state = await runs.state();
  if (now() < state.notBefore || (state.night === night && missed === undefined)) return;
  if (!(await runs.acquire())) return;
  try {
    const mayGoOn = async (): Promise<boolean> => !isLeaving() && (await runs.acquire()) && mayCall();
    const comparison = (await mayGoOn()) ? await compare(mayGoOn, missed) : undefined;
    // Nothing was asked: it is tried again at the next look.
    if (comparison === undefined || (comparison.refused !== '' && isLeaving())) return;
    if (comparison.refused !== '') {
      log.warn({ ...comparison }, "WeChat's list of accounts was not read to its end");
      return await runs.tryAgainAt(now() + TRY_AGAIN_MS, comparison);
    }
    await runs.ended(comparison, night);
    if (missed !== undefined) await heartbeats.endOutage(missed);
    log.info({ ...comparison, night, afterOutage: missed !== undefined }, "WeChat's list of accounts was compared");
  } finally {
    await runs.release();
  }
}

/** A night that was missed is made up for by the next process that starts. */
function nightOf(now: number, timezone: string): string {
  return quotaDay(now - NIGHT_BEGINS_AFTER_MS, timezone).day;
}
