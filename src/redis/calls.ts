/** Permission to call WeChat: one step decides over every budget and writes that the call is on its way. */
import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Fact } from '../domain/registration.js';
import { key } from './keys.js';
import { decide, hasMark, type Job, type View } from './ledger.js';
import { script } from './scripts.js';

export interface Budgets {
  readonly perSecond: number;
  readonly perMinute: number;
  /** `create` and `search` together. */
  readonly perDay: number;
  /** Calls of the day that only `search` may use. */
  readonly reserve: number;
  readonly day: string;
  /** ms since 1970 */
  readonly dayEndsAt: number;
  /** How long sending is closed, in ms; 0 while it is open. */
  readonly closedMs: number;
  readonly triesPerDay: number;
  /** How long WeChat may run a task, in ms. */
  readonly busyMs: number;
  /** '' where the API knows no legal person. */
  readonly person: string;
  readonly enterprise: string;
}

export type Permission =
  /** The call is written down as sent; `view` is the registration with that fact. */
  | { readonly kind: 'go'; readonly view: View }
  /** Somebody recorded a fact meanwhile: read again. */
  | { readonly kind: 'conflict' }
  /** Nothing was changed; `ms` is Infinity where only a person can open the line. */
  | { readonly kind: 'wait'; readonly ms: number; readonly why: GlobalWait }
  | { readonly kind: 'held'; readonly until: number; readonly why: 'enterprise' | 'person' };

/** What holds every call back, whoever it is for. `clock`: the day has ended meanwhile. */
export type GlobalWait = 'line' | 'hours' | 'day' | 'pause' | 'pace' | 'clock';

export interface LineStop {
  readonly because: string;
  readonly problem: string;
  /** ms since 1970 */
  readonly at: number;
}

export interface CallsOfDay {
  readonly create: number;
  readonly search: number;
  /** WeChat said that the day is used up, whatever we counted. */
  readonly closed: boolean;
}

export interface Calls {
  take(view: View, fact: Fact, job: Job, budgets: Budgets): Promise<Permission>;
  ofDay(day: string): Promise<CallsOfDay>;
  line(): Promise<LineStop | undefined>;
  stopLine(stop: LineStop): Promise<void>;
  /** False where it was not stopped. */
  resumeLine(): Promise<boolean>;
}

export function openCalls(redis: Redis): Calls {
  const takeScript = script(redis, 'take');

  /** The second run of a command that ioredis sent twice meets a conflict; `mark` tells that the first one went. */
  async function take(view: View, fact: Fact, job: Job, budgets: Budgets): Promise<Permission> {
    const mark = randomBytes(6).toString('base64url');
    const id = view.registration.id;
    const { step, recorded } = decide(view, fact, mark, {});
    const gone: Permission = { kind: 'go', view: { ...view, registration: recorded.after, steps: view.steps + 1 } };
    const call = fact.kind === 'create_sent' ? 'create' : 'search';
    const answer = (await takeScript(
      [key('registration', id)],
      [id, view.steps, call, job.name, JSON.stringify(step), JSON.stringify(budgets)],
    )) as [string, number?, string?];
    const [kind, number = 0, why] = answer;
    switch (kind) {
      case 'go':
        return gone;
      case 'wait':
        return { kind, ms: number < 0 ? Number.POSITIVE_INFINITY : number, why: why as GlobalWait };
      case 'held':
        return { kind, until: number, why: why as 'enterprise' | 'person' };
      default: {
        return (await hasMark(redis, id, mark)) ? gone : { kind: 'conflict' };
      }
    }
  }

  async function ofDay(day: string): Promise<CallsOfDay> {
    const [create, search, closed] = await redis.hmget(key('calls', day), 'create', 'search', 'closed');
    return { create: Number(create ?? 0), search: Number(search ?? 0), closed: closed === '1' };
  }

  async function line(): Promise<LineStop | undefined> {
    const { stopped, problem, at } = await redis.hgetall(key('line'));
    return stopped === undefined ? undefined : { because: stopped, problem: problem ?? '', at: Number(at) };
  }

  async function stopLine(stop: LineStop): Promise<void> {
    await redis.hset(key('line'), { stopped: stop.because, problem: stop.problem, at: stop.at });
    await redis.publish(key('bell'), 'line');
  }

  async function resumeLine(): Promise<boolean> {
    const removed = await redis.del(key('line'));
    await redis.publish(key('bell'), 'line');
    return removed === 1;
  }

  return { take, ofDay, line, stopLine, resumeLine };
}
