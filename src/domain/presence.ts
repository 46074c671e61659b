/** Which processes work on a ledger, and whether a worker is missing: rows could be sent, and no worker sends them. */

/** A fault of one machine: the journal under its FASTREGISTER_HOME cannot be written. */
export const NO_JOURNAL = 'call:no_journal';

/** A fault of one machine, or of that of Redis: their clocks are too far apart (clock.ts). */
export const WRONG_CLOCK = 'call:wrong_clock';

/** A push passed the check of another receiver, and no key of this one opens it. */
export const OTHER_KEY = 'push:other_key';

export type ProcessRole = 'worker' | 'receiver' | 'scheduler';

/**
 * What a worker runs for. `steady`: until it is stopped (`work`, `serve`). `passing`: until nothing is left, and cron starts
 * the next one (`run --inbox`, `schedule run`, `work --drain`). `once`: a person started it for some files (`run`).
 */
export type Running = 'steady' | 'passing' | 'once';

export interface LiveProcess {
  readonly role: ProcessRole;
  /** Only of a worker. */
  readonly running?: Running;
  /** Only of a worker: the registration API that it calls. */
  readonly api?: string;
  /** What keeps this process alone from its work, by its name in reports (reporter/troubles.ts); absent: nothing. */
  readonly problem?: string;
  /** Of the program. */
  readonly version: string;
  readonly host: string;
  readonly pid: number;
  /** Distinguishes two processes with the same host name and pid, as containers have. */
  readonly id: string;
}

/** All times are ms since 1970 by the clock of Redis. */
export interface Presence {
  readonly now: number;
  readonly live: readonly LiveProcess[];
  /** When one of each role, and a worker of each kind, was last alive. */
  readonly seen: Readonly<Partial<Record<ProcessRole | Running, number>>>;
  /** The last `create` or `search` of any process. */
  readonly callAt?: number;
  /** The last push that was stored. */
  readonly pushAt?: number;
  /** Since when the oldest row waits that a worker could send now; absent where there is none. */
  readonly waitingSince?: number;
}

export function liveOf({ live }: Presence, role: ProcessRole): LiveProcess[] {
  return live.filter((process) => process.role === role);
}

/** A worker that cannot send, because of a fault of its machine, is as good as none. */
export function workersAbleToSend(presence: Presence): LiveProcess[] {
  return liveOf(presence, 'worker').filter(({ problem }) => problem === undefined);
}

/** A worker with other settings: a row that was checked for one API may lack what the other one needs, and is refused. */
export function workersWithOtherApi(presence: Presence, api: string): LiveProcess[] {
  return liveOf(presence, 'worker').filter((worker) => worker.api !== undefined && worker.api !== api);
}

const LONGEST_PAUSE_MS = 60_000;
/** A process counts as alive for this many heartbeats; so a worker that was killed is missed long before the wait is over. */
const BEATS_ALIVE = 3;

/** The ledger takes no process for alive for longer than this after its last heartbeat, in ms. */
export const LONGEST_LIFE_MS = BEATS_ALIVE * LONGEST_PAUSE_MS;

export function heartbeatOf(workerWaitMs: number): { readonly everyMs: number; readonly livesMs: number } {
  const everyMs = Math.min(Math.max(Math.round(workerWaitMs / 8), 50), LONGEST_PAUSE_MS);
  return { everyMs, livesMs: BEATS_ALIVE * everyMs };
}

const DAY_MS = 86_400_000;

/** Where a steady worker was seen so long ago, it was not stopped for a moment: nights of cron have taken its place. */
const STEADY_FORGOTTEN_AFTER_MS = 7 * DAY_MS;

/** Cron may be late, and a night takes a while. */
const NIGHT_MARGIN_MS = 2 * 3_600_000;

/** How many of the last nights are compared: three weeks show a weekend without nights. */
const NIGHTS_LOOKED_AT = 21;

/**
 * Since when rows wait without a worker; undefined if that is not so, or for less than `waitMs`. If the only workers
 * belong to nightly cron runs, no worker runs between two nights, and none is missing before the next night is overdue.
 * @param nights when nights began, in order
 */
export function workerMissingSince(presence: Presence, nights: readonly number[], waitMs: number): number | undefined {
  const { now, seen, waitingSince } = presence;
  if (waitingSince === undefined || liveOf(presence, 'worker').length > 0) return undefined;
  const since = Math.max(waitingSince, seen.worker ?? 0);
  if (now - since < waitMs || now < nextNightBy(presence, nights)) return undefined;
  return since;
}

/**
 * Until when the next night of cron is waited for; 0 where cron is not the only sender. Its times are not known to us: the longest
 * distance between the last nights says how long it may take, a day at least.
 */
function nextNightBy({ now, seen }: Presence, nights: readonly number[]): number {
  if (seen.passing === undefined) return 0;
  if (seen.steady !== undefined && now - seen.steady < STEADY_FORGOTTEN_AFTER_MS) return 0;
  const last = nights.slice(-NIGHTS_LOOKED_AT);
  const distances = last.slice(1).map((at, index) => at - (last[index] ?? at));
  return seen.passing + Math.max(DAY_MS, ...distances) + NIGHT_MARGIN_MS;
}

/** A time without a receiver, while registrations waited for their pushes; ms since 1970. */
export interface Outage {
  readonly from: number;
  readonly to: number;
}
