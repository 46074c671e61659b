/** The quota day is WeChat's: what is kept of it, and what happens when WeChat says that it is used up. */
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Budgets, CheckEnd, ReserveBudget } from '../../src/domain/budgets.js';
import { callsOfDay } from '../../src/domain/limits.js';
import type { Merchant } from '../../src/domain/merchant.js';
import type { Permit } from '../../src/redis/call-permits.js';
import { key } from '../../src/redis/keys.js';
import { type Book, idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { losingAnswers, useRedis } from '../support/redis.js';
import { runs } from '../support/runs.js';
import { until } from '../support/until.js';

const server = useRedis();
const TODAY = '2026-11-21';
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const RECHECK = [MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, HOUR_MS];
/** As the worker passes it: WeChat is asked again, and a call is over after so long. */
const ASKING = { recheck: RECHECK, askMs: 20_000 };
const CLOSING = { closeDay: TODAY, closing: { said: 'create:45009 reach max', recheck: RECHECK } };

let book: Book;
let merchants: Merchant[];

beforeEach(async () => {
  book = openBook(server.redis);
  merchants = Array.from({ length: 12 }, (_, number) => merchant(number));
  await book.load('b1', merchants);
});

describe('a day that WeChat has closed', () => {
  beforeEach(() => close(0));

  test('is closed until the next check, and says since when, why, and when that is', async () => {
    const { closed, shut } = await book.calls.ofDay(TODAY);
    expect(closed).toBe(true);
    expect(shut).toMatchObject({ said: 'create:45009 reach max', probeWanted: false, doubted: false });
    expect((shut?.nextCheckAt ?? 0) - (shut?.since ?? 0)).toBe(MINUTE_MS);

    const refused = (await take(1)) as Permit & { ms: number };
    expect(refused).toMatchObject({ kind: 'wait', why: 'day' });
    expect(refused.ms).toBeLessThanOrEqual(MINUTE_MS);
    expect(refused.ms).toBeGreaterThan(MINUTE_MS / 2);
  });

  test('is asked about by one of all, when it is time, and opened for all', async () => {
    await timePasses(MINUTE_MS);
    const asked = await Promise.all([1, 2, 3, 4, 5, 6].map((which) => take(which, ASKING, openBook(server.connect()))));
    expect(asked.map(({ kind }) => kind).sort()).toEqual(['check', 'wait', 'wait', 'wait', 'wait', 'wait']);
    const { check = 0 } = asked.find(({ kind }) => kind === 'check') as { check?: number };

    await end(check, { outcome: 'open', answered: '5 left' });
    expect(await book.calls.ofDay(TODAY)).toMatchObject({ closed: false });
    expect((await take(1)).kind).toBe('go');
    expect((await take(2)).kind).toBe('go');
  });

  test('is asked about after 1, 5, 15 and 60 minutes, and then once an hour', async () => {
    const { shut } = await book.calls.ofDay(TODAY);
    const checks = [];
    for (let number = 0; number < 7; number += 1) {
      checks.push(await minutesUntilCheck());
      await timePasses(MINUTE_MS * (checks.at(-1) ?? 0));
      await end(await check(1), { outcome: 'shut', answered: 'none left' });
    }
    expect(checks).toEqual([1, 4, 10, 45, 60, 60, 60]);
    expect(await book.calls.ofDay(TODAY)).toMatchObject({ shut: { said: shut?.said, answered: 'none left' } });
  });

  test('is checked by another process when the checking process dies', async () => {
    await timePasses(MINUTE_MS);
    // Longer than a busy machine takes from one step to the next.
    const soon = { recheck: RECHECK, askMs: 1_000 };
    const dead = await check(1, soon);
    expect(await take(2, soon)).toMatchObject({ kind: 'wait', why: 'day' });
    const heir = await until('another one asks', async () => {
      const permission = await take(2, soon);
      return permission.kind === 'check' && permission.check;
    });

    await end(heir, { outcome: 'shut', answered: 'none left' });
    await end(dead, { outcome: 'open', answered: 'what it heard before it hung' });
    expect(await book.calls.ofDay(TODAY)).toMatchObject({ closed: true, shut: { answered: 'none left' } });
  });

  test('is asked about again soon where WeChat could not be reached', async () => {
    await timePasses(20 * MINUTE_MS);
    await end(await check(1), { outcome: 'unreachable', answered: 'no answer in time' });
    expect(await minutesUntilCheck()).toBe(1);
  });

  test('is asked about at once when a person wants it, and in its schedule from then on', async () => {
    await timePasses(20 * MINUTE_MS);
    await end(await check(1), { outcome: 'shut', answered: 'none left' });
    expect(await minutesUntilCheck()).toBe(40);

    expect(await book.calls.askDayAgain(TODAY)).toBe(true);
    await end(await check(1), { outcome: 'shut', answered: 'none left' });
    expect(await minutesUntilCheck()).toBe(1);
    const { shut } = await book.calls.ofDay(TODAY);
    expect(Date.now() - (shut?.since ?? 0)).toBeGreaterThan(19 * MINUTE_MS);
  });

  test('is written down once although every command was sent twice', async () => {
    await timePasses(MINUTE_MS);
    const soon = { recheck: RECHECK, askMs: 1_000 };
    const doubting = openBook(losingAnswers(server.redis));
    // Whose check was given to the answer that got lost asks nobody; the next one does.
    expect((await take(1, soon, doubting)).kind).toBe('wait');
    const asking = await until('another one asks', async () => {
      const permission = await take(2, soon);
      return permission.kind === 'check' && permission.check;
    });
    await doubting.calls.endCheck(TODAY, asking, { outcome: 'probe', answered: '76021' }, RECHECK);
    expect(await take(3, ASKING, doubting)).toMatchObject({ kind: 'go', isDayProbe: true });
    expect((await take(4)).kind).toBe('wait');
    const probe = { day: TODAY, verdict: 'open' as const, said: 'create:0' };
    await doubting.record(idAt(3), 'create_accepted', await callOf(3), { probe });
    expect((await take(4)).kind).toBe('go');
  });

  describe('and about which quota/get says nothing', () => {
    beforeEach(async () => {
      await timePasses(MINUTE_MS);
      await end(await check(1), { outcome: 'probe', answered: 'quota/get: 76021' });
    });

    test('lets one call through, from any worker, and the others when it was accepted', async () => {
      const asked = await Promise.all([1, 2, 3, 4, 5].map((which) => take(which, ASKING, openBook(server.connect()))));
      expect(asked.filter(({ kind }) => kind === 'go')).toEqual([expect.objectContaining({ isDayProbe: true })]);
      const which = asked.findIndex(({ kind }) => kind === 'go') + 1;

      await answer(which, 'create_accepted', 'open');
      expect(await book.calls.ofDay(TODAY)).toMatchObject({ closed: false });
      expect((await take(6)).kind).toBe('go');
    });

    test('stays closed until the next check when that call is answered 45009, too', async () => {
      await take(1);
      await close(1, { said: 'create:45009 again' });
      expect(await take(2)).toMatchObject({ kind: 'wait', why: 'day' });
      expect(await minutesUntilCheck()).toBe(4);
      expect(await book.calls.ofDay(TODAY)).toMatchObject({
        shut: { said: 'create:45009 reach max', answered: 'create:45009 again' },
      });
    });

    test.each([
      ['another one, when WeChat did not look at it', 'again', 'go'],
      ['none before the next check, when nobody knows whether it did', 'unknown', 'wait'],
    ] as const)('then lets through %s', async (_, verdict, then) => {
      await take(1);
      await answer(1, 'create_void', verdict);
      expect((await take(2)).kind).toBe(then);
      expect(await book.calls.ofDay(TODAY)).toMatchObject({ closed: true });
    });

    test('then lets through another one, when it was not made, and has no answer of WeChat', async () => {
      const { shut } = await book.calls.ofDay(TODAY);
      await take(1);
      await book.record(idAt(1), 'create_void', await callOf(1), { probe: { day: TODAY, verdict: 'again' } });
      expect(await book.calls.ofDay(TODAY)).toMatchObject({ closed: true, shut: { ...shut, probeWanted: true } });
      expect(await take(2)).toMatchObject({ kind: 'go', isDayProbe: true });
    });

    test('never has two such calls in flight, though the next check falls due, and another one when its worker has died', async () => {
      const soon = { recheck: RECHECK, askMs: 500 };
      expect(await take(1, soon)).toMatchObject({ kind: 'go', isDayProbe: true });
      await timePasses(HOUR_MS, 'checkAt');
      expect(await take(2, soon)).toMatchObject({ kind: 'wait', why: 'day' });
      const next = await until('the call cannot be in flight any more', async () => {
        const permission = await take(2, soon);
        return permission.kind === 'check' && permission.check;
      });
      await end(next, { outcome: 'probe', answered: 'quota/get: 76021' });
      expect(await take(2, soon)).toMatchObject({ kind: 'go', isDayProbe: true });

      // The dead one's answer was only late.
      await answer(1, 'create_accepted', 'open');
      expect(await book.calls.ofDay(TODAY)).toMatchObject({ closed: true });
    });

    test('lets a search find out as well', async () => {
      await server.redis.hdel(key('calls', TODAY), 'closed');
      expect((await take(1)).kind).toBe('go');
      await server.redis.hset(key('calls', TODAY), 'closed', '1', 'probe', 'wanted');
      expect(await book.take(idAt(1), { day: TODAY, ...ASKING }, 'search_sent')).toMatchObject({
        kind: 'go',
        isDayProbe: true,
      });
    });
  });

  test('and that is closed again as soon as quota/get had opened it goes on in its schedule, with single calls', async () => {
    await timePasses(MINUTE_MS);
    await end(await check(1), { outcome: 'open', answered: '500 left' });
    await take(1);
    await close(1);
    expect(await minutesUntilCheck()).toBe(4);
    expect(await book.calls.ofDay(TODAY)).toMatchObject({ closed: true, shut: { doubted: true } });

    await timePasses(4 * MINUTE_MS);
    await end(await check(2), { outcome: 'open', answered: '500 left' });
    await timePasses(2 * MINUTE_MS);
    await close(3);
    expect(await minutesUntilCheck()).toBe(1);
    expect(await book.calls.ofDay(TODAY)).toMatchObject({ shut: { doubted: false } });
  });
});

describe('a day whose calls are used up by our count', () => {
  const changes = { perDay: 2, ...ASKING };

  test('is checked at once, because a person may have had the quota reset, and gets no call beyond its number', async () => {
    for (const which of [0, 1]) expect((await take(which, changes)).kind).toBe('go');
    await end(await check(2, changes), { outcome: 'shut', answered: 'quota/get: 76021' });
    expect(await take(2, changes)).toMatchObject({ kind: 'wait', why: 'day' });
    expect(await minutesUntilCheck()).toBe(1);
  });

  test('has further calls for the calls that WeChat no longer counts', async () => {
    for (const which of [0, 1]) await take(which, changes);
    const reported = { limit: 10, used: 1, counted: 2, at: Date.now() };
    await end(await check(2, changes), { outcome: 'open', answered: '8 left', reported, cleared: 1 });
    expect((await take(2, changes)).kind).toBe('go');
    expect(await take(3, changes)).toMatchObject({ kind: 'wait', why: 'day' });
  });

  test('is not checked if quota/get has reported it a moment ago', async () => {
    await book.calls.keepReported(TODAY, { limit: 1, used: 99, counted: 0, at: Date.now() });
    await take(0, { ...ASKING, believe: true });
    expect(await take(1, { ...ASKING, believe: true })).toMatchObject({ kind: 'wait', why: 'day' });
    expect(await minutesUntilCheck()).toBe(1);
  });
});

describe('calls that are reserved for follow-ups', () => {
  const keeping: Omit<ReserveBudget, 'dayEndsAt'> = {
    perSecond: 5,
    perMinute: 120,
    perDay: 1_000,
    believe: false,
    reserve: 100,
  };

  async function reservedFor(
    dueInMs: readonly number[],
    dayEndsInMs: number,
    changes: Partial<ReserveBudget> = {},
  ): Promise<number> {
    const now = Date.now();
    await server.redis.del(key('scheduled', 'follow-up'));
    const due = dueInMs.flatMap((ms, at) => [String(now + ms), `silent${at}`]);
    if (due.length > 0) await server.redis.zadd(key('scheduled', 'follow-up'), ...due);
    const { reserved = -1 } = await book.calls.ofDay(TODAY, { ...keeping, dayEndsAt: now + dayEndsInMs, ...changes });
    return reserved;
  }

  test('are looked at again within seconds, because a push may free one, and not only after the next check', async () => {
    await server.redis.zadd(key('scheduled', 'follow-up'), Date.now() + MINUTE_MS, 'silent');
    const few = { ...ASKING, perDay: 2, reserve: 1 };
    expect((await take(1, few)).kind).toBe('go');
    expect((await take(2, few)).kind).toBe('check');
    const waiting = (await take(3, few)) as Permit & { ms: number };
    expect(waiting).toMatchObject({ kind: 'wait', why: 'day' });
    expect(waiting.ms).toBeLessThanOrEqual(3_000);
  });

  test('are a share of the calls that the day allows, which scripts and programs compute alike', async () => {
    const few = fc.integer({ min: 1, max: 60 });
    const day = fc.record({ perDay: few, believe: fc.boolean(), reported: fc.option(few), cleared: fc.option(few) });
    await fc.assert(
      fc.asyncProperty(day, async ({ perDay, believe, reported, cleared }) => {
        await server.redis.del(key('calls', TODAY));
        if (reported !== null) await server.redis.hset(key('calls', TODAY), 'reportedLimit', reported);
        if (cleared !== null) await server.redis.hset(key('calls', TODAY), 'cleared', cleared);
        // All calls may be reserved, and there are follow-ups for all of them.
        const due = Array(200).fill(MINUTE_MS);
        const known = {
          ...(reported !== null && { reported: { limit: reported } }),
          ...(cleared !== null && { cleared }),
        };
        expect(await reservedFor(due, HOUR_MS, { perDay, believe, reserve: perDay })).toBe(
          callsOfDay({ perDay, believeWeChat: believe }, known),
        );
      }),
      { numRuns: runs(200, 20) },
    );
  });

  test('are reserved for follow-ups that fall due before the day ends, at most the configured share', async () => {
    expect(await reservedFor([], HOUR_MS)).toBe(0);
    expect(await reservedFor([1_000, 2_000, HOUR_MS + 1_000], HOUR_MS)).toBe(2);
    expect(await reservedFor(Array(300).fill(MINUTE_MS), HOUR_MS)).toBe(100);
    expect(await reservedFor(Array(300).fill(MINUTE_MS), HOUR_MS, { reserve: 0 })).toBe(0);
    await server.redis.rpush(key('ready', 'follow-up'), 'ready1', 'ready2');
    await server.redis.zadd(key('window', 'follow-up'), 1, 'handed-1');
    expect(await reservedFor([1_000], HOUR_MS)).toBe(4);
  });

  test('are not more than the pace has time for', async () => {
    const share = { perDay: 10_000, reserve: 1_000 };
    expect(await reservedFor(Array(1_000).fill(HOUR_MS - 30_000), HOUR_MS, share)).toBe(120);
    expect(await reservedFor(Array(1_000).fill(HOUR_MS - 150_000), HOUR_MS, share)).toBe(360);
    expect(await reservedFor(Array(1_000).fill(1_000), HOUR_MS, share)).toBe(1_000);
    expect(await reservedFor(Array(1_000).fill(1_000), 90_000, share)).toBe(240);
    expect(await reservedFor(Array(1_000).fill(HOUR_MS - 30_000), HOUR_MS, { ...share, perSecond: 1 })).toBe(60);
  });

  test('leave at most a minute of calls unused when a day ends with rows waiting, whatever falls due when', async () => {
    const day = fc.record({
      perMinute: fc.integer({ min: 1, max: 40 }),
      calls: fc.integer({ min: 1, max: 400 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      minutes: fc.integer({ min: 1, max: 12 }),
      due: fc.array(fc.double({ min: 0, max: 13, noNaN: true }), { maxLength: 300 }),
    });
    await fc.assert(
      fc.asyncProperty(day, async ({ perMinute, calls, share, minutes, due }) => {
        const reserve = Math.floor(calls * share);
        let left = calls;
        let waiting = [...due];
        let most = 0;
        for (let toGo = minutes; toGo > 0; toGo -= 1) {
          const elapsed = minutes - toGo;
          const changes = { perSecond: 1_000, perMinute, perDay: calls, reserve };
          const inMs = waiting.map((at) => Math.max(at - elapsed, 0) * MINUTE_MS);
          const kept = await reservedFor(inMs, toGo * MINUTE_MS, changes);
          expect(kept).toBeLessThanOrEqual(reserve);
          // Searches go first in this minute, then creates as far as they may.
          const dueNow = waiting.filter((at) => at < elapsed + 1).sort((one, other) => one - other);
          const searches = Math.min(dueNow.length, perMinute, left);
          const done = new Set(dueNow.slice(0, searches));
          waiting = waiting.filter((at) => !done.has(at));
          left -= searches;
          left -= Math.max(Math.min(perMinute - searches, left - kept), 0);
          most += perMinute;
        }
        const unused = Math.min(left, left - (calls - Math.min(calls, most)));
        expect(unused).toBeLessThanOrEqual(perMinute);
      }),
      { numRuns: runs(60) },
    );
  });
});

// --- helpers ----------------------------------------------------------------------------------------------------------

function idAt(which: number): string {
  return idOf(merchants[which] as Merchant);
}

function take(which: number, changes: Partial<Budgets> = ASKING, by = book): Promise<Permit> {
  return by.take(idAt(which), { day: TODAY, dayEndsAt: Date.now() + 20 * HOUR_MS, ...changes });
}

/** Whoever is refused a call now asks WeChat. */
async function check(which: number, changes: Partial<Budgets> = ASKING): Promise<number> {
  const permission = await take(which, changes);
  if (permission.kind !== 'check') throw new Error(`nobody is to ask: ${JSON.stringify(permission)}`);
  return permission.check;
}

function end(which: number, end: CheckEnd): Promise<void> {
  return book.calls.endCheck(TODAY, which, end, RECHECK);
}

async function callOf(which: number): Promise<{ callSentAt: number }> {
  return { callSentAt: (await book.registration(idAt(which))).sentAt ?? 0 };
}

async function close(which: number, closing: Partial<(typeof CLOSING)['closing']> = {}): Promise<void> {
  const effects = { ...CLOSING, closing: { ...CLOSING.closing, ...closing } };
  await book.record(idAt(which), 'create_void', await callOf(which), effects);
}

async function answer(
  which: number,
  kind: 'create_accepted' | 'create_void',
  verdict: 'open' | 'again' | 'unknown',
): Promise<void> {
  await book.record(idAt(which), kind, await callOf(which), { probe: { day: TODAY, verdict, said: 'said' } });
}

async function minutesUntilCheck(): Promise<number> {
  const { shut } = await book.calls.ofDay(TODAY);
  return Math.round(((shut?.nextCheckAt ?? 0) - Date.now()) / MINUTE_MS);
}

/** Everything that is known of the day is so much older. */
async function timePasses(ms: number, ...only: string[]): Promise<void> {
  const times = only.length > 0 ? only : ['since', 'shutAt', 'checkAt', 'openedAt', 'askedAt', 'reportedAt'];
  for (const name of times) {
    if ((await server.redis.hexists(key('calls', TODAY), name)) === 1) {
      await server.redis.hincrby(key('calls', TODAY), name, -ms);
    }
  }
}
