/**
 * Asks WeChat for the quota of the day: with FASTREGISTER_DAILY_CALLS=auto at the start and then once an hour. When the day
 * is shut, one process asks for all processes whether it has calls again. Redis' clock says which day it is.
 */

import type { CallsOfDay, CheckEnd, ReportedQuota } from '../domain/budgets.js';
import { budgetOfDay, callsOfDay, type Limits, sendingWindow } from '../domain/limits.js';
import type { QuotaReading } from '../wechat/quota.js';
import { longestCallMs, tokenFor, type WorkerContext } from './context.js';

const ASK_EVERY_MS = 3_600_000;

/** A token for a call of the day's quota, once WeChat has said what is left of it; undefined where this worker is leaving. */
export async function tokenWithinQuota(context: WorkerContext): Promise<string | undefined> {
  const token = await tokenFor(context);
  if (token === undefined) return undefined;
  await believeQuota(context, token);
  return context.wakeups.leaving ? undefined : token;
}

/** Before a call, so that the first call of a day already keeps to WeChat's number: calls that come while it is asked wait, too. */
async function believeQuota(context: WorkerContext, token: string): Promise<void> {
  const { limits, now, quota } = context;
  if (!limits.believeWeChat) return;
  if (now() >= quota.knownUntil) {
    quota.knownUntil = Number.POSITIVE_INFINITY;
    quota.asking = askForQuota(context, token).then(
      (forMs) => {
        quota.knownUntil = now() + forMs;
      },
      (error: unknown) => {
        quota.knownUntil = 0;
        throw error;
      },
    );
  }
  await quota.asking;
}

/** One process asks for all; the others wait as long as its call may take. Returns how long no process has to ask again, in ms. */
async function askForQuota(context: WorkerContext, token: string): Promise<number> {
  const { calls, limits, wakeups, patience } = context;
  const now = await calls.now();
  const { day, dayEndsAt } = sendingWindow(limits, now);
  const forMs = Math.min(ASK_EVERY_MS, dayEndsAt - now);
  const subscription = wakeups.subscribe(['quota']);
  try {
    // Should this process die while it asks, the next one asks soon.
    const turn = await calls.quotaTurn(longestCallMs(patience));
    if (turn === 'asking') await subscription.wait(patience.requestTimeoutMs);
    if (turn === 'mine') await keepReportedQuota(context, day, token).finally(() => calls.endQuotaTurn(forMs));
  } finally {
    subscription.cancel();
  }
  return forMs;
}

async function keepReportedQuota(context: WorkerContext, day: string, token: string): Promise<void> {
  const { calls, limits, log } = context;
  const { quota, today, counted, underWay, at } = await readDay(context, day, token);
  if (quota.kind !== 'quota') {
    log.warn({ reading: quota.kind, limit: limits.perDay }, 'WeChat does not report the quota; using the default');
    return;
  }
  await calls.keepReported(day, reportedFrom({ quota, counted, underWay, at }));
  if (today.closed && quota.remain > 0) await calls.askDayAgain(day);
  log.info({ used: quota.used, counted, underWay, remain: quota.remain }, 'WeChat reported its quota');
}

/**
 * The check of a day that is shut: asks WeChat whether it has calls again. Where quota/get does not say, the next call is
 * sent as a probe, but only on a day that WeChat has closed: our own limit is never exceeded to find out.
 */
export async function askForDay(context: WorkerContext, token: string, day: string, check: number): Promise<void> {
  const { calls, limits, log } = context;
  const end = endOf(await readDay(context, day, token), limits);
  await calls.endCheck(day, check, end, limits.quotaRechecksMs);
  log.info({ day, outcome: end.outcome, answered: end.answered }, 'checked whether the quota day has calls');
}

interface DayRead {
  readonly quota: QuotaReading;
  /** Our count before WeChat was asked: WeChat's number may include calls that were sent meanwhile. */
  readonly today: CallsOfDay;
  readonly counted: number;
  /** Calls under way: each may reach WeChat after WeChat has counted. */
  readonly underWay: number;
  /** By Redis' clock, ms since 1970. */
  readonly at: number;
}

async function readDay(
  { calls, limits, patience, readQuota }: WorkerContext,
  day: string,
  token: string,
): Promise<DayRead> {
  const at = await calls.now();
  const { dayEndsAt } = sendingWindow(limits, at);
  const today = await calls.ofDay(day, { ...budgetOfDay(limits), dayEndsAt });
  const counted = today.create + today.search;
  // Read after the count, so that no call is missing.
  const underWay = await calls.underWay(patience.requestTimeoutMs);
  return { quota: await readQuota(token), today, counted, underWay, at };
}

type Read = Extract<QuotaReading, { kind: 'quota' }>;

/** WeChat's number includes the calls of the platform's other programs, ours does not: so only the remaining calls are believed. */
function reportedFrom({
  quota,
  counted,
  underWay,
  at,
}: Pick<DayRead, 'counted' | 'underWay' | 'at'> & { quota: Read }): ReportedQuota {
  return { limit: counted + Math.max(quota.remain - underWay, 0), used: quota.used, counted, at };
}

function endOf({ quota, today, counted, underWay, at }: DayRead, limits: Limits): CheckEnd {
  // A proxy that refuses quota/get may let creates through.
  const isRefusedOnTheWay = quota.kind === 'page' && quota.taken === 'no';
  if (isRefusedOnTheWay || quota.kind === 'not_reported' || quota.kind === 'refused') {
    const answered = 'why' in quota ? quota.why : `${quota.errcode} ${quota.said}`.trim();
    return { outcome: today.closed ? 'probe' : 'shut', answered: `quota/get: ${answered}` };
  }
  if (quota.kind !== 'quota') return { outcome: 'unreachable', answered: quota.why };
  const reportedQuota = reportedFrom({ quota, counted, underWay, at });
  const cleared = clearedBy(quota, today, counted - underWay);
  const answered = `quota/get: ${quota.used} of ${quota.dailyLimit} used, ${quota.remain} left`;
  const left = callsOfDay(limits, { reported: reportedQuota, cleared }) - counted;
  const hasCalls = today.closed ? reportedQuota.limit > counted : left > (today.reserved ?? 0);
  const opening = today.closed && today.shut?.doubted ? 'probe' : 'open';
  return { outcome: hasCalls ? opening : 'shut', answered, reported: reportedQuota, cleared };
}

/**
 * Calls of ours that WeChat no longer counts, because its day began later than ours, or clear_quota was called. A count below
 * ours proves nothing: WeChat may count late, or not at all. WeChat has begun again at zero if it has calls left after it
 * answered 45009, or if its count is less than half of its earlier count.
 */
function clearedBy({ used, remain }: Read, today: CallsOfDay, arrived: number): number {
  const before = today.cleared ?? 0;
  const wasReset = (today.closed && remain > 0) || used * 2 < (today.reported?.used ?? 0);
  return wasReset ? Math.max(arrived - used, before) : before;
}
