/**
 * What WeChat says of the quota day. With FASTREGISTER_DAILY_CALLS=auto it is asked at the start and then once an hour; when
 * a day is shut, one process asks for all whether it has calls again. The day is that of Redis' clock, which is one for all.
 */
import { budgetOfDay, callsOfDay, type Limits, sendingWindow } from '../domain/limits.js';
import type { CallsOfDay, CheckEnd, ToldQuota } from '../redis/calls.js';
import type { QuotaReading } from '../wechat/quota.js';
import { type Crew, longestCallMs, tokenFor } from './crew.js';

const ASK_EVERY_MS = 3_600_000;

/** A token for a call of the day's quota, once WeChat has told what is left of it; undefined where this worker is leaving. */
export async function tokenWithinQuota(crew: Crew): Promise<string | undefined> {
  const token = await tokenFor(crew);
  if (token === undefined) return undefined;
  await believeQuota(crew, token);
  return crew.hold.leaving ? undefined : token;
}

/** Before a call, so that the first one of a day already keeps to what WeChat told: who comes while it is asked waits too. */
async function believeQuota(crew: Crew, token: string): Promise<void> {
  const { limits, now, quota } = crew;
  if (!limits.believeWeChat) return;
  if (now() >= quota.knownUntil) {
    quota.knownUntil = Number.POSITIVE_INFINITY;
    quota.asking = askForQuota(crew, token).then(
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

/** One process asks for all; the others wait for it as long as its call may take. Answers how long that is enough, in ms. */
async function askForQuota(crew: Crew, token: string): Promise<number> {
  const { calls, limits, hold, patience } = crew;
  const now = await calls.now();
  const { day, dayEndsAt } = sendingWindow(limits, now);
  const forMs = Math.min(ASK_EVERY_MS, dayEndsAt - now);
  const ear = hold.listen(['quota']);
  try {
    // Should this process die while it asks, the next one asks soon.
    const turn = await calls.quotaTurn(longestCallMs(patience));
    if (turn === 'asking') await ear.wait(patience.requestTimeoutMs);
    if (turn === 'mine') await keepWhatWeChatTells(crew, day, token).finally(() => calls.endQuotaTurn(forMs));
  } finally {
    ear.off();
  }
  return forMs;
}

async function keepWhatWeChatTells(crew: Crew, day: string, token: string): Promise<void> {
  const { calls, limits, log } = crew;
  const { quota, today, counted, underWay, at } = await readDay(crew, day, token);
  if (quota.kind !== 'quota') {
    log.warn({ reading: quota.kind, limit: limits.perDay }, 'WeChat does not tell the quota; the default is kept');
    return;
  }
  await calls.keepTold(day, toldFrom({ quota, counted, underWay, at }));
  if (today.closed && quota.remain > 0) await calls.askDayAgain(day);
  log.info({ used: quota.used, counted, underWay, remain: quota.remain }, 'WeChat told the quota');
}

/**
 * Asks WeChat, for all processes, whether a day that is shut has calls again. Where quota/get does not say, one call that is
 * due anyway finds out; a day that only our own number has shut gets none.
 */
export async function askForDay(crew: Crew, token: string, day: string, check: number): Promise<void> {
  const { calls, limits, log } = crew;
  const end = endOf(await readDay(crew, day, token), limits);
  await calls.endCheck(day, check, end, limits.quotaRechecksMs);
  log.info({ day, outcome: end.outcome, answered: end.answered }, 'WeChat was asked whether the day has calls');
}

interface DayRead {
  readonly quota: QuotaReading;
  /** As it was before WeChat was asked: a call that goes out meanwhile may be in WeChat's number already. */
  readonly today: CallsOfDay;
  readonly counted: number;
  /** Any of these may come to WeChat after it has told its number. */
  readonly underWay: number;
  /** By Redis' clock, ms since 1970. */
  readonly at: number;
}

async function readDay({ calls, limits, patience, readQuota }: Crew, day: string, token: string): Promise<DayRead> {
  const at = await calls.now();
  const { dayEndsAt } = sendingWindow(limits, at);
  const today = await calls.ofDay(day, { ...budgetOfDay(limits), dayEndsAt });
  const counted = today.create + today.search;
  // Looked at after the count, so that none is missing.
  const underWay = await calls.underWay(patience.requestTimeoutMs);
  return { quota: await readQuota(token), today, counted, underWay, at };
}

type Read = Extract<QuotaReading, { kind: 'quota' }>;

/** What others of this platform have called is in WeChat's number and not in ours: only what remains is believed. */
function toldFrom({
  quota,
  counted,
  underWay,
  at,
}: Pick<DayRead, 'counted' | 'underWay' | 'at'> & { quota: Read }): ToldQuota {
  return { limit: counted + Math.max(quota.remain - underWay, 0), used: quota.used, counted, at };
}

function endOf({ quota, today, counted, underWay, at }: DayRead, limits: Limits): CheckEnd {
  if ('why' in quota) return { outcome: 'unheard', answered: quota.why };
  if (quota.kind !== 'quota') {
    const answered = `quota/get: ${quota.errcode} ${quota.said}`.trim();
    return { outcome: today.closed ? 'probe' : 'shut', answered };
  }
  const told = toldFrom({ quota, counted, underWay, at });
  const cleared = clearedBy(quota, today, counted - underWay);
  const answered = `quota/get: ${quota.used} of ${quota.dailyLimit} used, ${quota.remain} left`;
  const left = callsOfDay(limits, { told, cleared }) - counted;
  const hasCalls = today.closed ? told.limit > counted : left > (today.kept ?? 0);
  const opening = today.closed && today.shut?.doubted ? 'probe' : 'open';
  return { outcome: hasCalls ? opening : 'shut', answered, told, cleared };
}

/**
 * Calls that WeChat has forgotten: its day began later than ours, or somebody called clear_quota. A number that is smaller than
 * ours is no proof: WeChat may count late, or not at all. It has forgotten some where it had refused calls and has some again, or
 * counts less than half of what it had counted itself.
 */
function clearedBy({ used, remain }: Read, today: CallsOfDay, arrived: number): number {
  const before = today.cleared ?? 0;
  const hasBegunAnew = (today.closed && remain > 0) || used * 2 < (today.told?.used ?? 0);
  return hasBegunAnew ? Math.max(arrived - used, before) : before;
}
