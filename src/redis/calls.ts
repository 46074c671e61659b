/** Permission to call WeChat: one step decides over every budget and writes that the call is on its way. */
import type { Redis } from 'ioredis';
import type { Fact } from '../domain/registration.js';
import { key } from './keys.js';
import { decide, hasMark, type Job, newMark, type View } from './ledger.js';
import { manyScript, script } from './scripts.js';

export interface Budgets {
  readonly perSecond: number;
  readonly perMinute: number;
  /** `create` and `search` together. */
  readonly perDay: number;
  /** What WeChat told of the day goes before `perDay`. */
  readonly believe: boolean;
  /** Calls of the day that only `search` may use. */
  readonly reserve: number;
  readonly day: string;
  /** ms since 1970 */
  readonly dayEndsAt: number;
  /** How long sending is closed, in ms; 0 while it is open. */
  readonly closedMs: number;
  readonly triesPerDay: number;
  /** '' where the API knows no legal person. */
  readonly person: string;
}

export type Permission =
  /** The call is written down as sent; `view` is the registration with that fact. */
  | { readonly kind: 'go'; readonly view: View }
  /** Somebody recorded a fact meanwhile: read again. */
  | { readonly kind: 'conflict' }
  /** Nothing was changed; `ms` is Infinity where only a person can open the line. */
  | { readonly kind: 'wait'; readonly ms: number; readonly why: GlobalWait }
  | { readonly kind: 'held'; readonly until: number; readonly why: 'person' };

/** What holds every call back, whoever it is for. `clock`: the day has ended meanwhile. */
export type GlobalWait = 'line' | 'hours' | 'day' | 'pause' | 'pace' | 'clock';

export interface LineStop {
  readonly because: string;
  readonly problem: string;
  /** ms since 1970 */
  readonly at: number;
  /** Somebody resumed it: searches go, and one create tells whether it may open. */
  readonly onTrial: boolean;
  /** Why a person paused it beside its fault; `resume` ends both. */
  readonly paused?: string;
}

export interface CallsOfDay {
  readonly create: number;
  readonly search: number;
  /** WeChat said that the day is used up, whatever we counted. */
  readonly closed: boolean;
  /** What `quota/get` told last, where it was asked. */
  readonly told: ToldQuota | undefined;
}

/** Why there is no token at the moment. */
export type TokenWait = 'ticket' | 'connection' | 'service' | 'refresher';

export interface ToldQuota {
  /** Calls that the day allows: what we had counted, and what WeChat says remains, less what was under way then. */
  readonly limit: number;
  /** What WeChat had counted, and what we had, at that moment. */
  readonly used: number;
  readonly counted: number;
  /** ms since 1970 */
  readonly at: number;
}

/** A problem that begins with `operator:` is no fault (prelude.lua, is_pause). */
export const PAUSE = 'operator:pause';

export interface Calls {
  take(view: View, fact: Fact, job: Job, budgets: Budgets): Promise<Permission>;
  ofDay(day: string): Promise<CallsOfDay>;
  /** Calls that were let through in so many last ms, and of whose answer nothing is recorded. */
  underWay(withinMs: number): Promise<number>;
  line(): Promise<LineStop | undefined>;
  /** Everybody waits for a token, for so long; true for the first who says so. */
  noteWait(why: TokenWait, ms: number): Promise<boolean>;
  /** There is a token again. */
  forgetWait(): Promise<void>;
  /** What holds calls back without the line being stopped; undefined: nothing. */
  waitNoted(): Promise<{ why: TokenWait | 'pause'; ms: number } | undefined>;
  /** Keeps what `quota/get` told of a day. */
  keepTold(day: string, told: ToldQuota): Promise<void>;
  /**
   * Who asks WeChat for the quota. `mine`: this process, and it has so long for it; `asking`: another one is at it, and
   * rings `quota` at the end; `asked`: it was done.
   */
  quotaTurn(withinMs: number): Promise<'mine' | 'asking' | 'asked'>;
  /** It was asked, and need not be asked again for so long. */
  endQuotaTurn(forMs: number): Promise<void>;
  /** False: it was stopped for a fault already, which stays its reason. A pause is kept beside a fault. */
  stopLine(stop: Pick<LineStop, 'because' | 'problem' | 'at'>): Promise<boolean>;
  /** Ends a pause and a fault. `canary`: one create is sent first, and opens the line when WeChat takes it. */
  resumeLine(): Promise<'running' | 'open' | 'canary'>;
}

export function openCalls(redis: Redis): Calls {
  const takeScript = manyScript(redis, 'take');
  const stopScript = script(redis, 'stop');
  const resumeScript = script(redis, 'resume');
  const underWayScript = script(redis, 'under-way');

  /** The second run of a command that ioredis sent twice meets a conflict; `mark` tells that the first one went. */
  async function take(view: View, fact: Fact, job: Job, budgets: Budgets): Promise<Permission> {
    const mark = newMark();
    const id = view.registration.id;
    const { step, recorded } = decide(view, fact, mark, {});
    const gone: Permission = { kind: 'go', view: { ...view, registration: recorded.after, steps: view.steps + 1 } };
    const call = fact.kind === 'create_sent' ? 'create' : 'search';
    const { person, ...shared } = budgets;
    const answer = (await takeScript(JSON.stringify(shared), [
      id,
      view.steps,
      call,
      job.name,
      JSON.stringify(step),
      person,
    ])) as [string, number?, string?];
    const [kind, number = 0, why] = answer;
    switch (kind) {
      case 'go':
        return gone;
      case 'wait':
        return { kind, ms: number < 0 ? Number.POSITIVE_INFINITY : number, why: why as GlobalWait };
      case 'held':
        return { kind, until: number, why: why as 'person' };
      default: {
        return (await hasMark(redis, id, mark)) ? gone : { kind: 'conflict' };
      }
    }
  }

  async function ofDay(day: string): Promise<CallsOfDay> {
    const fields = await redis.hgetall(key('calls', day));
    const number = (name: string): number => Number(fields[name] ?? 0);
    const told =
      fields.told === undefined
        ? undefined
        : { limit: number('told'), used: number('toldUsed'), counted: number('counted'), at: number('toldAt') };
    return { create: number('create'), search: number('search'), closed: fields.closed === '1', told };
  }

  async function underWay(withinMs: number): Promise<number> {
    return (await underWayScript([key('recent')], [withinMs])) as number;
  }

  async function line(): Promise<LineStop | undefined> {
    const { stopped, problem, at, canary, paused } = await redis.hgetall(key('line'));
    if (stopped === undefined) return undefined;
    return {
      because: stopped,
      problem: problem ?? '',
      at: Number(at),
      onTrial: canary !== undefined,
      ...(paused !== undefined && { paused }),
    };
  }

  async function stopLine({ because, problem, at }: Pick<LineStop, 'because' | 'problem' | 'at'>): Promise<boolean> {
    return (await stopScript([key('line')], [because, problem, at])) === 1;
  }

  async function resumeLine(): Promise<'running' | 'open' | 'canary'> {
    return (await resumeScript([key('line')], [])) as 'running' | 'open' | 'canary';
  }

  async function noteWait(why: TokenWait, ms: number): Promise<boolean> {
    return (await redis.set(key('tokenWait'), why, 'PX', Math.ceil(ms), 'NX')) === 'OK';
  }

  async function forgetWait(): Promise<void> {
    await redis.del(key('tokenWait'));
  }

  async function waitNoted(): Promise<{ why: TokenWait | 'pause'; ms: number } | undefined> {
    const [why, left, pause] = await Promise.all([
      redis.get(key('tokenWait')),
      redis.pttl(key('tokenWait')),
      redis.pttl(key('pause')),
    ]);
    if (why !== null) return { why: why as TokenWait, ms: left };
    return pause > 0 ? { why: 'pause', ms: pause } : undefined;
  }

  async function keepTold(day: string, { limit, used, counted, at }: ToldQuota): Promise<void> {
    await redis.hset(key('calls', day), { told: limit, toldUsed: used, counted, toldAt: at });
  }

  async function quotaTurn(withinMs: number): Promise<'mine' | 'asking' | 'asked'> {
    if ((await redis.set(key('quotaAsked'), 'asking', 'PX', withinMs, 'NX')) === 'OK') return 'mine';
    return (await redis.get(key('quotaAsked'))) === 'asking' ? 'asking' : 'asked';
  }

  async function endQuotaTurn(forMs: number): Promise<void> {
    await redis.set(key('quotaAsked'), 'asked', 'PX', Math.max(forMs, 1));
    await redis.publish(key('bell'), 'quota');
  }

  return {
    take,
    ofDay,
    underWay,
    noteWait,
    forgetWait,
    waitNoted,
    keepTold,
    quotaTurn,
    endQuotaTurn,
    line,
    stopLine,
    resumeLine,
  };
}
