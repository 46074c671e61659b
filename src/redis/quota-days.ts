/** The calls of a quota day: how many there were, what WeChat says of them, and checks of a day that is shut. */
import type { Redis } from 'ioredis';
import {
  type CallsOfDay,
  type CheckEnd,
  QUOTA_DAY_KEPT_S,
  type ReportedQuota,
  type ReserveBudget,
} from '../domain/budgets.js';
import { reportedFields, reportedFrom, shutDayFrom } from './day-fields.js';
import { answersOf } from './exec.js';
import { key } from './keys.js';
import { script } from './scripts.js';

export interface QuotaDays {
  ofDay(day: string, reserve?: ReserveBudget): Promise<CallsOfDay>;
  /** Calls that got a permit, by how many whole hours of the day were left. */
  byHour(day: string): Promise<ReadonlyMap<number, number>>;
  /** Calls that got a permit in the last minute. */
  lastMinute(): Promise<number>;
  /** Calls that got a permit within this time and have no recorded answer. */
  underWay(withinMs: number): Promise<number>;
  /** Ends a check that `acquire` gave to this process; does nothing when its deadline has passed. */
  endCheck(day: string, check: number, end: CheckEnd, recheck: readonly number[]): Promise<void>;
  /** A person asks for a check at once. True: WeChat has closed the day. */
  askDayAgain(day: string): Promise<boolean>;
  /** Keeps what `quota/get` reported of a day. */
  keepReported(day: string, reported: ReportedQuota): Promise<void>;
}

export function openQuotaDays(redis: Redis): QuotaDays {
  const underWayScript = script(redis, 'under-way');
  const callsSinceScript = script(redis, 'calls-since');
  const endCheckScript = script(redis, 'end-check');
  const askDayScript = script(redis, 'ask-day');
  const reservedScript = script(redis, 'reserved');

  return {
    async ofDay(day, reserve) {
      const [fields, reserved] = await Promise.all([
        redis.hgetall(key('calls', day)),
        reserve === undefined ? undefined : reservedScript([key('calls', day)], [JSON.stringify(reserve)]),
      ]);
      return callsFrom(fields, reserved as number | undefined);
    },
    async byHour(day) {
      const fields = Object.entries(await redis.hgetall(key('calls', day)));
      return new Map(
        fields.flatMap(([name, count]): [number, number][] =>
          name.startsWith('left:') ? [[Number(name.slice('left:'.length)), Number(count)]] : [],
        ),
      );
    },
    lastMinute: async () => (await callsSinceScript([key('recent')], [60_000])) as number,
    underWay: async (withinMs) => (await underWayScript([key('recent')], [withinMs])) as number,
    async endCheck(day, check, { outcome, answered, reported, cleared }, recheck) {
      const fields = { ...(reported && reportedFields(reported)), ...(cleared !== undefined && { cleared }) };
      await endCheckScript(
        [key('calls', day)],
        [check, outcome, answered, JSON.stringify(recheck), ...Object.entries(fields).flat()],
      );
    },
    askDayAgain: async (day) => (await askDayScript([key('calls', day)], [])) === 1,
    async keepReported(day, reported) {
      await answersOf(
        redis.multi().hset(key('calls', day), reportedFields(reported)).expire(key('calls', day), QUOTA_DAY_KEPT_S),
      );
    },
  };
}

function callsFrom(fields: Readonly<Record<string, string>>, reserved: number | undefined): CallsOfDay {
  const number = (name: string): number => Number(fields[name] ?? 0);
  const shut = shutDayFrom(fields);
  return {
    create: number('create'),
    search: number('search'),
    closed: fields.closed === '1',
    reported: reportedFrom(fields),
    ...(fields.cleared !== undefined && { cleared: number('cleared') }),
    ...(reserved !== undefined && { reserved }),
    ...(shut !== undefined && { shut }),
  };
}
