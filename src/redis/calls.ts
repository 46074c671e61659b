/** Permission to call WeChat: one step decides over every budget and writes that the call is on its way. */
import type { Redis } from 'ioredis';
import {
  type Budgets,
  type CallsOfDay,
  type CheckEnd,
  type GlobalWait,
  type NotedWait,
  QUOTA_DAY_KEPT_S,
  type ReportedQuota,
  type ReserveBudget,
  type TokenWait,
} from '../domain/budgets.js';
import { isHalfOpen, type LineState, type LineStop } from '../domain/line.js';
import { PROBE_IN_ANY_CASE_EVERY } from '../domain/line-faults.js';
import type { Fact } from '../domain/registration.js';
import type { Snapshot } from '../domain/snapshot.js';
import type { Job } from '../domain/work.js';
import { reportedFields, shutDayFrom } from './day-fields.js';
import { answersOf } from './exec.js';
import { key } from './keys.js';
import { hasWriteId } from './ledger/ledger.js';
import { type LossGuard, SETTLE_MS } from './ledger/loss.js';
import { packWriteSet } from './ledger/packed-write-sets.js';
import { newWriteId } from './ledger/write-set.js';
import { manyScript, script } from './scripts.js';

export type Resumption = 'running' | 'resumed' | 'probe';

export type Permit =
  /**
   * The call is recorded as sent; `snapshot` is the registration with that fact. `isDayProbe`: the day is closed, and
   * no other call goes before this one is answered.
   */
  | { readonly kind: 'go'; readonly snapshot: Snapshot; readonly isDayProbe?: true }
  /** The day is shut, and this process asks WeChat for all processes whether it has calls again; it reports with `endCheck`. */
  | { readonly kind: 'check'; readonly check: number }
  /** Another fact was recorded meanwhile: read again. */
  | { readonly kind: 'conflict' }
  /** Journals have facts of the registration that Redis had forgotten: restore them, and read again. */
  | { readonly kind: 'forgotten' }
  /** Nothing was changed; `ms` is Infinity where it is not known when the line opens. */
  | { readonly kind: 'wait'; readonly ms: number; readonly why: GlobalWait }
  | { readonly kind: 'held'; readonly until: number; readonly why: 'person' };

export interface Calls {
  /** @param person whose Weixin ID WeChat counts tries of; '' of a search, and where the API knows no legal person */
  acquire(snapshot: Snapshot, fact: Fact, job: Job, budgets: Budgets, person: string): Promise<Permit>;
  ofDay(day: string, reserve?: ReserveBudget): Promise<CallsOfDay>;
  /** Calls that got a permit, by how many whole hours of the day were left. */
  byHour(day: string): Promise<ReadonlyMap<number, number>>;
  /** Calls that got a permit in the last minute. */
  lastMinute(): Promise<number>;
  /** Redis' clock, by which quota days begin and end; ms since 1970. */
  now(): Promise<number>;
  /** Ends a check that `acquire` gave to this process; does nothing when its deadline has passed. */
  endCheck(day: string, check: number, end: CheckEnd, recheck: readonly number[]): Promise<void>;
  /** A person asks for a check at once. True: WeChat has closed the day. */
  askDayAgain(day: string): Promise<boolean>;
  /** Calls that got a permit within this time and have no recorded answer. */
  underWay(withinMs: number): Promise<number>;
  line(): Promise<LineStop | undefined>;
  /**
   * All processes wait for a token, for this long; if `maxMs` is given, twice as long each time, up to that. Answers
   * how long, which is less if another process has asked meanwhile, and whether this process is the first to report it.
   */
  noteWait(wait: {
    why: TokenWait;
    ms: number;
    said?: string;
    maxMs?: number;
  }): Promise<{ ms: number; isNew: boolean }>;
  /** How long no process is to ask for a token, because there is none, in ms. */
  tokenRestMs(): Promise<number>;
  /** There is a token again. */
  forgetWait(): Promise<void>;
  /** Why calls wait although the line is not stopped; undefined if they do not wait. */
  waitNoted(): Promise<NotedWait | undefined>;
  /** Keeps what `quota/get` reported of a day. */
  keepReported(day: string, reported: ReportedQuota): Promise<void>;
  /**
   * Which process asks WeChat for the quota. `mine`: this process, within the given time; `asking`: another process
   * does, and publishes `quota` at the end; `asked`: it was done.
   */
  quotaTurn(withinMs: number): Promise<'mine' | 'asking' | 'asked'>;
  /** WeChat was asked; no process has to ask again within this time. */
  endQuotaTurn(forMs: number): Promise<void>;
  /** False: a fault had stopped the line already, and remains its reason. A pause is kept beside a fault. */
  stopLine(stop: Pick<LineStop, 'because' | 'problem' | 'at'>): Promise<boolean>;
  /** Whether WeChat answered the question before a probe; `met` says what came instead. */
  answeredFirst(answered: boolean, met: string): Promise<void>;
  /** Ends a pause and a fault. `running`: there was neither. `probe`: one call is sent first, and the line opens when WeChat answers it. */
  resumeLine(): Promise<Resumption>;
}

/** @param guard of a process that calls: a run of Redis that it has not compared with its journal gives it no permit */
export function openCalls(redis: Redis, guard?: Pick<LossGuard, 'epoch' | 'check'>): Calls {
  const acquireScript = manyScript(redis, 'acquire', guard?.check);
  const textOf = openTexts();
  const stopScript = script(redis, 'stop');
  const resumeScript = script(redis, 'resume');
  const underWayScript = script(redis, 'under-way');
  const callsSinceScript = script(redis, 'calls-since');
  const endCheckScript = script(redis, 'end-check');
  const askDayScript = script(redis, 'ask-day');
  const reservedScript = script(redis, 'reserved');
  const tokenWaitScript = script(redis, 'token-wait');
  const questionScript = script(redis, 'question');

  /** The second run of a command that ioredis sent twice meets a conflict; `writeId` shows that the first one was written. */
  async function acquire(snapshot: Snapshot, fact: Fact, job: Job, budgets: Budgets, person: string): Promise<Permit> {
    const writeId = newWriteId();
    const id = snapshot.registration.id;
    const { text, recorded, alike } = packWriteSet(snapshot, fact, {});
    const granted = {
      kind: 'go',
      snapshot: { ...snapshot, registration: recorded.after, version: writeId, alike },
    } as const;
    const call = fact.kind === 'create_sent' ? 'create' : 'search';
    const args = [id, snapshot.version, call, job.name, text, person, writeId];
    const ask = async (): Promise<[string, number?, string?]> =>
      (await acquireScript(textOf(budgets, guard?.epoch()), args)) as [string, number?, string?];
    let answer = await ask();
    while (answer[0] === 'epoch') {
      await guard?.check();
      answer = await ask();
    }
    const [kind, number = 0, why] = answer;
    switch (kind) {
      case 'go':
        return why === 'day_probe' ? { ...granted, isDayProbe: true } : granted;
      case 'check':
        return { kind, check: number };
      case 'wait':
        return { kind, ms: number < 0 ? Number.POSITIVE_INFINITY : number, why: why as GlobalWait };
      case 'forgotten':
        return { kind };
      case 'held':
        return { kind, until: number, why: why as 'person' };
      default: {
        if (!(await hasWriteId(redis, id, writeId))) return { kind: 'conflict' };
        return (await redis.hget(key('calls', budgets.day), 'probe')) === id
          ? { ...granted, isDayProbe: true }
          : granted;
      }
    }
  }

  async function ofDay(day: string, reserve?: ReserveBudget): Promise<CallsOfDay> {
    const [fields, reserved] = await Promise.all([
      redis.hgetall(key('calls', day)),
      reserve === undefined ? undefined : reservedScript([key('calls', day)], [JSON.stringify(reserve)]),
    ]);
    const number = (name: string): number => Number(fields[name] ?? 0);
    const reported =
      fields.reportedLimit === undefined
        ? undefined
        : {
            limit: number('reportedLimit'),
            used: number('reportedUsed'),
            counted: number('countedThen'),
            at: number('reportedAt'),
          };
    const shut = shutDayFrom(fields);
    return {
      create: number('create'),
      search: number('search'),
      closed: fields.closed === '1',
      reported,
      ...(fields.cleared !== undefined && { cleared: number('cleared') }),
      ...(reserved !== undefined && { reserved: reserved as number }),
      ...(shut !== undefined && { shut }),
    };
  }

  async function byHour(day: string): Promise<ReadonlyMap<number, number>> {
    const fields = Object.entries(await redis.hgetall(key('calls', day)));
    return new Map(
      fields.flatMap(([name, count]): [number, number][] =>
        name.startsWith('left:') ? [[Number(name.slice('left:'.length)), Number(count)]] : [],
      ),
    );
  }

  async function lastMinute(): Promise<number> {
    return (await callsSinceScript([key('recent')], [60_000])) as number;
  }

  async function now(): Promise<number> {
    return msOf(await redis.time());
  }

  async function endCheck(
    day: string,
    check: number,
    { outcome, answered, reported, cleared }: CheckEnd,
    recheck: readonly number[],
  ): Promise<void> {
    const fields = { ...(reported && reportedFields(reported)), ...(cleared !== undefined && { cleared }) };
    await endCheckScript(
      [key('calls', day)],
      [check, outcome, answered, JSON.stringify(recheck), ...Object.entries(fields).flat()],
    );
  }

  async function askDayAgain(day: string): Promise<boolean> {
    return (await askDayScript([key('calls', day)], [])) === 1;
  }

  async function underWay(withinMs: number): Promise<number> {
    return (await underWayScript([key('recent')], [withinMs])) as number;
  }

  async function line(): Promise<LineStop | undefined> {
    const { state, because = '', problem = '', at, paused, ...met } = await redis.hgetall(key('line'));
    if (state === undefined) return undefined;
    return {
      because,
      problem,
      at: Number(at),
      halfOpen: isHalfOpen(state as LineState),
      ...(paused !== undefined && { paused }),
      ...(met.times !== undefined && { times: Number(met.times) }),
      ...(met.merchants !== undefined && { merchants: Number(met.merchants) }),
      ...(met.since !== undefined && { since: Number(met.since) }),
      ...(met.dueAt !== undefined && { probe: { at: Number(met.dueAt), failed: Number(met.failedProbes) } }),
    };
  }

  async function stopLine({ because, problem, at }: Pick<LineStop, 'because' | 'problem' | 'at'>): Promise<boolean> {
    return (await stopScript([key('line')], [because, problem, at])) === 1;
  }

  async function answeredFirst(answered: boolean, met: string): Promise<void> {
    await questionScript([key('line')], [answered ? '1' : '0', met, PROBE_IN_ANY_CASE_EVERY]);
  }

  async function resumeLine(): Promise<Resumption> {
    return (await resumeScript([key('line')], [])) as Resumption;
  }

  async function noteWait({ why, ms, said = '', maxMs = 0 }: Parameters<Calls['noteWait']>[0]) {
    const [waitMs, isNew] = (await tokenWaitScript([key('tokenWait')], [why, said, Math.ceil(ms), maxMs])) as number[];
    return { ms: waitMs ?? ms, isNew: isNew === 1 };
  }

  /** Measured by Redis' clock, by which the time was set. */
  async function tokenRestMs(): Promise<number> {
    const [until, at] = await Promise.all([redis.hget(key('tokenWait'), 'until'), now()]);
    return Math.max(Number(until ?? 0) - at, 0);
  }

  async function forgetWait(): Promise<void> {
    await redis.del(key('tokenWait'));
  }

  async function waitNoted(): Promise<NotedWait | undefined> {
    const steps = redis
      .pipeline()
      .hgetall(key('tokenWait'))
      .time()
      .pttl(key('pause'))
      .get(key('tokenRefusal'))
      .pttl(key('tokenRefusal'));
    const [token, time, pause, refusal, refusedMs] = (await answersOf(steps)) as [
      Record<string, string>,
      [string, string],
      number,
      string | null,
      number,
    ];
    const now = msOf(time);
    const { why, since, until, tries, said } = token;
    const noted = {
      ...(since !== undefined && { since: Number(since), tries: Number(tries) }),
      ...(said !== undefined && said !== '' && { said }),
    };
    if (refusal !== null) {
      const { problem, said } = JSON.parse(refusal) as { problem: string; said: string };
      return { ...noted, why: 'refused', ms: Math.max(refusedMs, 1), refusal: { problem, said } };
    }
    if (why === undefined) return pause > 0 ? { why: 'pause', ms: pause } : undefined;
    return { ...noted, why: why as TokenWait, ms: Math.max(Number(until ?? 0) - now, 0) };
  }

  async function keepReported(day: string, reported: ReportedQuota): Promise<void> {
    await answersOf(
      redis.multi().hset(key('calls', day), reportedFields(reported)).expire(key('calls', day), QUOTA_DAY_KEPT_S),
    );
  }

  async function quotaTurn(withinMs: number): Promise<'mine' | 'asking' | 'asked'> {
    if ((await redis.set(key('quotaAsked'), 'asking', 'PX', withinMs, 'NX')) === 'OK') return 'mine';
    return (await redis.get(key('quotaAsked'))) === 'asking' ? 'asking' : 'asked';
  }

  async function endQuotaTurn(forMs: number): Promise<void> {
    await redis.set(key('quotaAsked'), 'asked', 'PX', Math.max(forMs, 1));
    await redis.publish(key('wakeups'), 'quota');
  }

  return {
    acquire,
    ofDay,
    byHour,
    lastMinute,
    now,
    endCheck,
    askDayAgain,
    underWay,
    noteWait,
    tokenRestMs,
    forgetWait,
    waitNoted,
    keepReported,
    quotaTurn,
    endQuotaTurn,
    line,
    stopLine,
    answeredFirst,
    resumeLine,
  };
}

/** The budgets as the argument of acquire.lua. Thousands of calls share the same budgets, so their text is made once. */
function openTexts(): (budgets: Budgets, epoch: string | undefined) => string {
  const texts = new WeakMap<Budgets, { readonly epoch: string | undefined; readonly text: string }>();
  return (budgets, epoch) => {
    let known = texts.get(budgets);
    if (known === undefined || known.epoch !== epoch) {
      const text = JSON.stringify(epoch === undefined ? budgets : { ...budgets, epoch, settleMs: SETTLE_MS });
      known = { epoch, text };
      texts.set(budgets, known);
    }
    return known.text;
  };
}

/** The answer of `TIME` in ms. */
function msOf([seconds, microseconds]: readonly (string | number)[]): number {
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
}
