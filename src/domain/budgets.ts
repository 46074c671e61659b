/** The budgets of calls to WeChat, what is left of a quota day, and what holds every call back. */

/** A quota day is over in every time zone by then. */
export const QUOTA_DAY_KEPT_S = 3 * 86_400;

/** Tries of a Weixin ID that WeChat calls used up: more than any limit, and than the calls under way can give back. */
export const TRIES_SPENT = 1_000_000;

export interface Budgets {
  readonly perSecond: number;
  readonly perMinute: number;
  /** `create` and `search` together. */
  readonly perDay: number;
  /** WeChat's number for the day goes before `perDay`. */
  readonly believe: boolean;
  /** The most calls of the day that are reserved for follow-ups. */
  readonly reserve: number;
  readonly day: string;
  /** ms since 1970 */
  readonly dayEndsAt: number;
  /** How long sending is closed, in ms; 0 while it is open. */
  readonly closedMs: number;
  readonly triesPerDay: number;
  /** How long the probe of a stopped line may take before another one goes, in ms. */
  readonly probeMs: number;
  /** Times of the checks of a day that is shut, in ms (limits.ts, quotaRechecksMs); without it there are none. */
  readonly recheck?: readonly number[];
  /** How long a check or a call may take. */
  readonly askMs?: number;
}

/** What decides how many calls of a day are reserved for follow-ups. */
export type ReserveBudget = Pick<Budgets, 'perSecond' | 'perMinute' | 'perDay' | 'believe' | 'reserve' | 'dayEndsAt'>;

/**
 * What holds every call back. `clock`: the day has ended meanwhile. `ledger`: Redis was started anew, and not
 * every process has said yet what is missing there. `question`: the worker that gets it makes a harmless call
 * to WeChat before a create probes the line, and reports its outcome (`answeredFirst`).
 */
export type GlobalWait = 'ledger' | 'line' | 'hours' | 'day' | 'pause' | 'pace' | 'clock' | 'question';

export interface ReportedQuota {
  /** Calls that the day allows: what we had counted, and what WeChat says remains, less what was under way then. */
  readonly limit: number;
  /** What WeChat had counted, and what we had, at that moment. */
  readonly used: number;
  readonly counted: number;
  /** ms since 1970 */
  readonly at: number;
}

export interface ShutDay {
  /** When WeChat closed the day, or the calls were used up by our count. */
  readonly since: number | undefined;
  /** WeChat's answer to the call that it refused; absent where our own count has shut the day. */
  readonly said: string | undefined;
  /** Time of the next check. If it has passed, the next worker that wants to call makes the check. */
  readonly nextCheckAt: number | undefined;
  /** When a person asked for a check at once. */
  readonly askedForAt: number | undefined;
  /** Until when a check or a probe may be in flight. */
  readonly busyUntil: number | undefined;
  /** The next call is a probe. */
  readonly probeWanted: boolean;
  /** The last check or probe, and WeChat's answer. */
  readonly askedAt: number | undefined;
  readonly answered: string | undefined;
  /** quota/get reported calls, and WeChat then refused them. */
  readonly doubted: boolean;
}

export interface CallsOfDay {
  readonly create: number;
  readonly search: number;
  /** WeChat said that the day is used up, whatever we counted. */
  readonly closed: boolean;
  /** The last answer of `quota/get`, where it was asked. */
  readonly reported: ReportedQuota | undefined;
  /** Calls of ours that WeChat no longer counts, because its count was reset or its day began later. */
  readonly cleared?: number;
  /** Calls that are reserved for follow-ups now; only where a `ReserveBudget` was given. */
  readonly reserved?: number;
  /** Absent while no call was refused because the day had none. Times are ms since 1970. */
  readonly shut?: ShutDay;
}

/** The end of a check (end-check.lua). */
export interface CheckEnd {
  readonly outcome: 'open' | 'shut' | 'probe' | 'unreachable';
  readonly answered: string;
  readonly reported?: ReportedQuota;
  readonly cleared?: number;
}

/** Why there is no token at the moment. */
export type TokenWait = 'ticket' | 'connection' | 'page' | 'service' | 'refused';

/** What holds calls back without the line being stopped; times are ms since 1970. */
export interface NotedWait {
  readonly why: TokenWait | 'pause';
  /** How long it is still waited. */
  readonly ms: number;
  /** Of a token: since when, and how often it was asked for in vain; what came instead, where that is known. */
  readonly since?: number;
  readonly tries?: number;
  readonly said?: string;
  /** Of a token that WeChat does not issue: `token:45009`, and its words. */
  readonly refusal?: { readonly problem: string; readonly said: string };
}
