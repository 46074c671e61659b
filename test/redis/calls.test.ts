import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Budgets } from '../../src/domain/budgets.js';
import { type Merchant, personOf } from '../../src/domain/merchant.js';
import { FACTS } from '../../src/domain/registration.js';
import type { Permit } from '../../src/redis/call-permits.js';
import { openCalls } from '../../src/redis/calls.js';
import { key } from '../../src/redis/keys.js';
import { script } from '../../src/redis/scripts.js';
import {
  ACCEPT_RULES,
  acceptedRow,
  type Book,
  budgetsFor,
  DAY_MS,
  HOUR_MS,
  idOf,
  jobOf,
  openBook,
} from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { losingAnswers, useRedis } from '../support/redis.js';

const server = useRedis();
let book: Book;

beforeEach(() => {
  book = openBook(server.redis);
});

const one = merchant(1);
const TODAY = '2026-11-21';

describe('permission', () => {
  test('writes in the same step that the call is on its way', async () => {
    await book.load('b1', [one]);
    const permission = await book.take(idOf(one));

    expect(permission.kind).toBe('go');
    expect(await book.registration(idOf(one))).toMatchObject({ state: 'submitting', attempt: 1, task: 'open' });
    expect(await book.calls.ofDay(TODAY)).toMatchObject({ create: 1, search: 0, closed: false });
    expect(await book.batches.counts('b1')).toEqual({ submitting: 1 });
  });

  test('is given to one of many workers that request it for the same registration at once', async () => {
    await book.load('b1', [one]);
    const seen = await book.view(idOf(one));
    const fact = { kind: 'create_sent', at: Date.now() } as const;
    const asked = await Promise.all(
      Array.from({ length: 10 }, () =>
        openBook(server.connect()).calls.acquire(
          seen,
          fact,
          jobOf('submit'),
          budgetsFor(),
          personOf(one.legalPersonaWechat),
        ),
      ),
    );

    expect(asked.map(({ kind }) => kind).sort()).toEqual([...Array(9).fill('conflict'), 'go']);
    expect(await book.calls.ofDay(TODAY)).toMatchObject({ create: 1 });
    expect((await book.ledger.history(idOf(one))).map(({ kind }) => kind)).toEqual(['create_sent']);
  });

  test('is given once, and is heard, although its command was sent twice', async () => {
    await book.load('b1', [one]);
    const doubting = openBook(losingAnswers(server.redis));

    expect((await doubting.take(idOf(one))).kind).toBe('go');
    expect(await book.ledger.history(idOf(one))).toHaveLength(1);
    expect(await book.calls.ofDay(TODAY)).toMatchObject({ create: 1 });
    expect(await server.redis.llen(key('recent'))).toBe(1);
    expect(Object.values(await server.redis.hgetall(key('tries', TODAY)))).toEqual(['1']);
  });

  test('is refused to a worker that read the registration before Redis lost data', async () => {
    await book.load('b1', [one]);
    const keys = [key('registration', idOf(one)), key('history', idOf(one))];
    const remembered = await server.redis.dumpBuffer(keys[0] as string);
    await book.record(idOf(one), 'create_held', { wait: 'person', until: 5 });
    const stale = await book.view(idOf(one));
    await server.redis.restore(keys[0] as string, 0, remembered as Buffer, 'REPLACE');
    await server.redis.del(keys[1] as string);
    await book.record(idOf(one), 'cancel_asked');

    const fact = { kind: 'create_sent', at: Date.now() } as const;
    expect(
      await book.calls.acquire(stale, fact, jobOf('submit'), budgetsFor(), personOf(one.legalPersonaWechat)),
    ).toEqual({ kind: 'conflict' });
  });

  test('is refused to a worker that read a registration that Redis has lost since, and writes nothing of it', async () => {
    await book.load('b1', [one]);
    const stale = await book.view(idOf(one));
    await server.redis.flushall();

    const fact = { kind: 'create_sent', at: Date.now() } as const;
    expect(
      await book.calls.acquire(stale, fact, jobOf('submit'), budgetsFor(), personOf(one.legalPersonaWechat)),
    ).toEqual({ kind: 'conflict' });
    expect(await server.redis.keys('*')).toEqual([]);
  });

  test('takes its job out of the window, so that it is not dispatched again', async () => {
    await book.load('b1', [one]);
    await server.redis.zadd(key('window', 'submit'), 1, 'no-job-0');
    await book.take(idOf(one));
    expect(await server.redis.zcard(key('window', 'submit'))).toBe(0);
  });

  test('that is refused for now changes nothing', async () => {
    await book.load('b1', [one]);
    const before = await book.view(idOf(one));
    for (const changes of [{ closedMs: 5 }, { perDay: 0 }, { dayEndsAt: 0 }] as const) {
      expect((await book.take(idOf(one), changes)).kind).toBe('wait');
    }
    expect({ ...(await book.view(idOf(one))), now: 0 }).toEqual({ ...before, now: 0 });
    expect(await book.calls.ofDay(TODAY)).toMatchObject({ create: 0 });
  });
});

describe('the budget', () => {
  test('of a second is never exceeded in any second, by any worker', async () => {
    const perSecond = 25;
    await letManyCall(60, { perSecond });
    expect(mostIn(1_000_000, await callTimes())).toBeLessThanOrEqual(perSecond);
  });

  test('of a second that is one call is kept too', async () => {
    await letManyCall(3, { perSecond: 1 });
    expect(mostIn(1_000_000, await callTimes())).toBe(1);
  });

  test('of a minute is never exceeded, and further calls get the time until it is free', async () => {
    const perMinute = 30;
    const merchants = many(40);
    await book.load('b1', merchants);
    const answers = await Promise.all(
      merchants.map((it, at) => openOne(at % 8).take(idOf(it), { perMinute, perSecond: 1_000_000 })),
    );

    expect(answers.filter(({ kind }) => kind === 'go')).toHaveLength(perMinute);
    for (const answer of answers.filter(({ kind }) => kind !== 'go')) {
      expect(answer).toMatchObject({ kind: 'wait', why: 'pace' });
      const { ms } = answer as Permit & { ms: number };
      expect(ms).toBeGreaterThan(50_000);
      expect(ms).toBeLessThanOrEqual(60_100);
    }
  });

  test.each(['perMinute', 'perSecond'] as const)('%s is kept by calls that are asked for in one run', async (name) => {
    const merchants = many(40);
    await book.load('b1', merchants);
    const budgets = { perMinute: 1_000_000, perSecond: 1_000_000, [name]: 30 };
    const asked = await Promise.all(merchants.map((it) => book.take(idOf(it), budgets)));
    // Within the second they are spread as well.
    const most = name === 'perMinute' ? 30 : 5;
    expect(asked.filter(({ kind }) => kind === 'go').length).toBeLessThanOrEqual(most);
    expect(asked.filter(({ kind }) => kind === 'go').length).toBeGreaterThan(name === 'perMinute' ? 29 : 0);
    expect(new Set(asked.map(({ kind }) => kind))).toEqual(new Set(['go', 'wait']));
  });

  test('of a minute holds after any number of calls, although only the last calls are remembered', async () => {
    const budgets = { perMinute: 5, perSecond: 3 };
    await book.load('b1', many(2));
    const ago = (seconds: number, count: number) =>
      Array<string>(count).fill(`${(Date.now() - seconds * 1_000) * 1_000} x`);
    await server.redis.rpush(key('recent'), ...ago(30, 4), ...ago(90, 102));
    expect((await book.take(idOf(merchant(0)), budgets)).kind).toBe('go');
    expect(await server.redis.llen(key('recent'))).toBe(5);
    const next = (await book.take(idOf(merchant(1)), budgets)) as Permit & { ms: number };
    expect(next).toMatchObject({ kind: 'wait', why: 'pace' });
    expect(next.ms).toBeGreaterThan(25_000);
    expect(next.ms).toBeLessThanOrEqual(30_100);
  });

  test('is spread over the second instead of used up at its start', async () => {
    const perSecond = 20;
    await letManyCall(20, { perSecond });
    // At most one slot ahead and 50 ms of lateness that are made up for.
    expect(mostIn(200_000, await callTimes())).toBeLessThanOrEqual(perSecond / 5 + 2);
  });

  test('of a second is caught up twice as fast after a delay, and not at once', async () => {
    const merchants = many(20);
    await book.load('b1', merchants);
    // Ten calls are late; those of a few milliseconds may go together.
    const agoUs = (Date.now() - 100) * 1_000;
    await server.redis.set(key('pace'), `${agoUs} ${agoUs}`);
    const asked = await Promise.all(merchants.map((it) => book.take(idOf(it), { perSecond: 100 })));
    const went = asked.filter(({ kind }) => kind === 'go').length;
    expect(went).toBeGreaterThan(0);
    expect(went).toBeLessThan(8);
  });

  test('of a day is never exceeded, and some of it is kept for the searches that fall due before its end', async () => {
    const changes = { perDay: 20, reserve: 3 };
    const merchants = many(30);
    await book.load('b1', merchants);
    await dueLater(5);
    const asked = await Promise.all(merchants.map((it, at) => openOne(at % 8).take(idOf(it), changes)));
    expect(asked.filter(({ kind }) => kind === 'go')).toHaveLength(17);
    const refused = asked.find(({ kind }) => kind === 'wait') as Permit & { ms: number };
    expect(refused).toMatchObject({ why: 'day' });
    expect(refused.ms).toBeGreaterThan(HOUR_MS - 60_000);
    expect(refused.ms).toBeLessThanOrEqual(HOUR_MS);

    const sent = merchants.filter((_, at) => asked[at]?.kind === 'go');
    const searched = await Promise.all(sent.map((it, at) => openOne(at % 8).take(idOf(it), changes, 'search_sent')));
    expect(searched.filter(({ kind }) => kind === 'go')).toHaveLength(3);
    expect(await book.calls.ofDay(TODAY)).toEqual({ create: 17, search: 3, closed: false });
  });

  test('of a day is used to its last call, whichever kind it is', async () => {
    await book.load('b1', many(3));
    const [first, second, third] = many(3).map(idOf) as [string, string, string];
    expect((await book.take(first, { perDay: 1 })).kind).toBe('go');
    expect(await book.take(second, { perDay: 1 })).toMatchObject({ kind: 'wait', why: 'day' });
    const tomorrow = { day: '2026-11-22', perDay: 2 };
    expect((await book.take(first, tomorrow, 'search_sent')).kind).toBe('go');
    expect((await book.take(second, tomorrow)).kind).toBe('go');
    expect(await book.take(third, tomorrow)).toMatchObject({ kind: 'wait', why: 'day' });
  });

  test('of the day that WeChat calls used up is used up, whatever we counted', async () => {
    await book.load('b1', [one]);
    await book.record(idOf(one), 'create_accepted', { callSentAt: 1 }, { closeDay: TODAY });

    expect(await book.take(idOf(one))).toMatchObject({ kind: 'wait', why: 'day' });
    expect(await book.calls.ofDay(TODAY)).toMatchObject({ closed: true });
    expect((await book.take(idOf(one), { day: '2026-11-22' })).kind).toBe('go');
  });

  test('of a day that has ended meanwhile is not charged: the caller looks at the clock again', async () => {
    await book.load('b1', [one]);
    expect(await book.take(idOf(one), { dayEndsAt: Date.now() - 1 })).toEqual({ kind: 'wait', ms: 0, why: 'clock' });
  });
});

describe('when Redis’ clock was set back by an hour', () => {
  const inAnHourUs = () => (Date.now() + HOUR_MS) * 1000;

  beforeEach(() => book.load('b1', many(40)));

  test('no call waits for the old time of the next call', async () => {
    await server.redis.set(key('pace'), `${inAnHourUs()} ${inAnHourUs()}`);
    expect((await book.take(idOf(merchant(0)), { perSecond: 5 })).kind).toBe('go');
  });

  test('calls that seem to be made in the future are made now: the budgets hold, and are free when they are due', async () => {
    const [call, earlier] = [inAnHourUs(), (Date.now() - HOUR_MS) * 1000];
    await server.redis.rpush(key('recent'), `${call} x`, `${call - 1000}`, `${earlier} y`);

    expect((await book.take(idOf(merchant(0)), { perSecond: 3 })).kind).toBe('go');
    const next = (await book.take(idOf(merchant(1)), { perSecond: 3 })) as Permit & { ms: number };
    expect(next).toMatchObject({ kind: 'wait', why: 'pace' });
    expect(next.ms).toBeLessThanOrEqual(1_012);
    const [, made = '', another = '', last] = await server.redis.lrange(key('recent'), 0, -1);
    expect([made, another].map((it) => it.replace(/^\d+/, ''))).toEqual([' x', '']);
    expect(Number.parseInt(made, 10)).toBeLessThanOrEqual(Date.now() * 1000 + 1000);
    expect(last).toBe(`${earlier} y`);
  });

  test('a pause takes as long as it was to take', async () => {
    await server.redis.set(key('pause'), 60_000, 'PX', HOUR_MS + 60_000);
    const permission = (await book.take(idOf(merchant(0)))) as Permit & { ms: number };
    expect(permission).toEqual({ kind: 'wait', why: 'pause', ms: 60_000 });
    expect(await server.redis.pttl(key('pause'))).toBeLessThanOrEqual(60_000);
  });

  test('an auth_code is exchanged at once', async () => {
    await server.redis.set(key('exchangePace'), inAnHourUs());
    expect(await script(server.redis, 'exchange-pace')([key('exchangePace')], [5])).toBe(0);
  });
});

describe('a Redis that may have forgotten calls', () => {
  const permissionIn = async (guard: { epoch: string; checked?: string }, kind: 'create' | 'search' = 'create') => {
    let epoch = guard.epoch;
    const check = async (): Promise<void> => {
      epoch = guard.checked ?? epoch;
    };
    const calls = openCalls(server.redis, { epoch: () => epoch, check } as never);
    const view = await book.view(idOf(one));
    const { sentAt = 0 } = view.registration;
    const fact = { kind: `${kind}_sent`, at: Date.now(), ...(kind === 'search' && { callSentAt: sentAt }) } as const;
    return calls.acquire(
      view,
      fact,
      jobOf(kind === 'create' ? 'submit' : 'follow-up'),
      budgetsFor(),
      personOf(one.legalPersonaWechat),
    );
  };

  beforeEach(async () => {
    await book.load('b1', [one, merchant(2)]);
    await server.redis.hset(key('epoch'), 'id', 'second');
  });

  test('gives permission to a worker that has compared its journal, and after that to each worker that compares it', async () => {
    expect((await permissionIn({ epoch: 'first', checked: 'second' })).kind).toBe('go');
    expect((await permissionIn({ epoch: 'second' }, 'search')).kind).toBe('go');
  });

  test('lets creates wait while other processes have yet to compare theirs, and searches not', async () => {
    await server.redis.hset(key('epoch'), 'settling', Date.now());
    await server.redis.sadd(key('unreported'), 'another process');
    expect(await permissionIn({ epoch: 'second' })).toMatchObject({ kind: 'wait', why: 'ledger' });
    await book.take(idOf(one));
    expect((await permissionIn({ epoch: 'second' }, 'search')).kind).toBe('go');
  });

  test('lets them wait a minute at most, and no longer where its clock was set back', async () => {
    await server.redis.sadd(key('unreported'), 'another process');
    for (const since of [Date.now() - 61_000, Date.now() + HOUR_MS]) {
      await server.redis.hset(key('epoch'), 'settling', since);
      await book.record(idOf(one), 'cancel_asked');
      await book.record(idOf(one), 'retry_asked');
      expect((await permissionIn({ epoch: 'second' })).kind).toBe('go');
      expect(await server.redis.hexists(key('epoch'), 'settling')).toBe(0);
      await book.record(idOf(one), 'create_void', { callSentAt: (await book.registration(idOf(one))).sentAt ?? 0 });
    }
  });

  test('gives none for a registration that has facts in a journal that are not restored', async () => {
    await server.redis.set(key('forgotten', 'any'), 1);
    await server.redis.set(key('forgotten', idOf(merchant(2))), 1);
    expect((await permissionIn({ epoch: 'second' })).kind).toBe('go');
    await server.redis.set(key('forgotten', idOf(one)), 1);
    expect((await permissionIn({ epoch: 'second' }, 'search')).kind).toBe('forgotten');
  });
});

describe('sending', () => {
  test('waits outside the sending hours; a search does not', async () => {
    await book.load('b1', [one]);
    expect(await book.take(idOf(one), { closedMs: 4_711 })).toEqual({ kind: 'wait', ms: 4_711, why: 'hours' });
    await book.take(idOf(one));
    expect((await book.take(idOf(one), { closedMs: 4_711 }, 'search_sent')).kind).toBe('go');
  });

  test('waits out the rate limit of WeChat', async () => {
    await book.load('b1', [one]);
    await book.record(idOf(one), 'create_accepted', { callSentAt: 1 }, { pauseMs: 60_000 });
    const permission = (await book.take(idOf(one))) as Permit & { ms: number };
    expect(permission).toMatchObject({ kind: 'wait', why: 'pause' });
    expect(permission.ms).toBeGreaterThan(55_000);
  });

  test('and searching wait while the line is stopped, until a person resumes it', async () => {
    await book.load('b1', [one, merchant(2)]);
    await book.take(idOf(one));
    await book.calls.stopLine({ because: 'announced maintenance', problem: 'operator:pause', at: 5 });

    for (const permission of [await book.take(idOf(merchant(2))), await book.take(idOf(one), {}, 'search_sent')]) {
      expect(permission).toEqual({ kind: 'wait', ms: Number.POSITIVE_INFINITY, why: 'line' });
    }
    expect(await book.calls.line()).toEqual({
      because: 'announced maintenance',
      problem: 'operator:pause',
      at: 5,
      halfOpen: false,
    });

    expect(await book.calls.resumeLine()).toBe('resumed');
    expect(await book.calls.resumeLine()).toBe('running');
    expect((await book.take(idOf(merchant(2)))).kind).toBe('go');
  });

  test('keeps to WeChat’s number for the day if that is believed, and its share of it for searches', async () => {
    const merchants = [1, 2, 3, 4].map((number) => merchant(number)) as [Merchant, Merchant, Merchant, Merchant];
    await book.load('b1', merchants);
    await dueLater(5);
    await book.calls.keepReported(TODAY, { limit: 4, used: 96, counted: 0, at: 5 });
    const believing = { believe: true, perDay: 1000, reserve: 250 };

    const kinds = [];
    for (const each of merchants) kinds.push((await book.take(idOf(each), believing)).kind);
    expect(kinds).toEqual(['go', 'go', 'go', 'wait']);
    expect((await book.take(idOf(merchants[0]), believing, 'search_sent')).kind).toBe('go');
    expect((await book.take(idOf(merchants[1]), believing, 'search_sent')).kind).toBe('wait');
  });
});

describe('calls under way', () => {
  const MINUTE_MS = 60_000;

  test('are recent calls without a known answer', async () => {
    await book.load('b1', [one, merchant(2)]);
    expect(await book.calls.underWay(MINUTE_MS)).toBe(0);
    await book.take(idOf(one));
    await book.take(idOf(merchant(2)));
    expect(await book.calls.underWay(MINUTE_MS)).toBe(2);

    const { sentAt = 0 } = await book.registration(idOf(one));
    await book.record(idOf(one), 'create_accepted', { callSentAt: sentAt });
    expect(await book.calls.underWay(MINUTE_MS)).toBe(1);
    await book.take(idOf(one), {}, 'search_sent');
    expect(await book.calls.underWay(MINUTE_MS)).toBe(2);
    await book.record(idOf(one), 'task_running', { callSentAt: sentAt });
    expect(await book.calls.underWay(MINUTE_MS)).toBe(1);
  });

  test('begin with the facts that say so, and with no other', async () => {
    await book.load('b1', [one]);
    await book.take(idOf(one));
    const history = key('history', idOf(one));
    for (const [kind, fact] of Object.entries(FACTS)) {
      await server.redis.del(history);
      await server.redis.rpush(history, JSON.stringify({ kind, at: Date.now() }));
      expect([kind, await book.calls.underWay(MINUTE_MS)]).toEqual([kind, 'sends' in fact ? 1 : 0]);
    }
  });

  test('are no longer so after as long as a call may take: their worker has died', async () => {
    await book.load('b1', [one]);
    await book.take(idOf(one));
    expect(await book.calls.underWay(0)).toBe(0);
  });

  test('are so until they are answered, whatever else is heard of the registration', async () => {
    await book.load('b1', [one]);
    await book.take(idOf(one));
    await book.record(idOf(one), 'cancel_asked');
    expect(await book.calls.underWay(MINUTE_MS)).toBe(1);
  });
});

describe('a line that stopped for a fault', () => {
  const merchants = [1, 2, 3].map((number) => merchant(number)) as [Merchant, Merchant, Merchant];
  const [first, second, third] = merchants;

  beforeEach(async () => {
    await book.load('b1', merchants);
    await book.calls.stopLine({ because: 'IP', problem: 'create:61004', at: 5 });
  });

  const answer = (of: Merchant, kind: 'create_accepted' | 'platform_refused', verdict: 'accepted' | 'failed') =>
    book.ledger.record(idOf(of), { kind, at: Date.now(), problem: 'create:61004', because: 'IP' }, { verdict });

  test('lets one create through when it is resumed, and opens when WeChat takes it', async () => {
    expect(await book.calls.resumeLine()).toBe('probe');
    expect((await book.take(idOf(first))).kind).toBe('go');
    expect(await book.take(idOf(second))).toMatchObject({ kind: 'wait', why: 'line' });

    await answer(first, 'create_accepted', 'accepted');
    expect(await book.calls.line()).toBeUndefined();
    expect((await book.take(idOf(second))).kind).toBe('go');
  });

  test('waits for another one where the first could not be written down', async () => {
    await book.calls.resumeLine();
    await server.redis.set(key('scheduled', 'follow-up'), 'no list of times');
    await expect(book.take(idOf(first))).rejects.toThrow('WRONGTYPE');
    await server.redis.del(key('scheduled', 'follow-up'));
    expect((await book.take(idOf(second))).kind).toBe('go');
  });

  test('stays stopped when WeChat refuses that one too, until it is resumed again', async () => {
    await book.calls.resumeLine();
    await book.take(idOf(first));
    await answer(first, 'platform_refused', 'failed');
    expect(await book.calls.line()).toMatchObject({ problem: 'create:61004', halfOpen: false });
    expect(await book.take(idOf(second))).toMatchObject({ kind: 'wait', why: 'line' });

    expect(await book.calls.resumeLine()).toBe('probe');
    expect((await book.take(idOf(third))).kind).toBe('go');
  });

  test('opens when a push says that WeChat had accepted the call without an answer', async () => {
    await book.calls.resumeLine();
    await book.take(idOf(first));
    await book.ledger.record(idOf(first), { kind: 'answer_lost', at: Date.now() }, { verdict: 'failed' });
    expect(await book.calls.line()).toMatchObject({ halfOpen: false });

    await book.record(idOf(first), 'mini_program_created', { appid: 'wxnew' });
    expect(await book.calls.line()).toBeUndefined();
    expect((await book.take(idOf(second))).kind).toBe('go');
  });

  test('stays stopped whatever a push says, once a person has stopped it again', async () => {
    await book.calls.resumeLine();
    await book.take(idOf(first));
    await book.ledger.record(idOf(first), { kind: 'answer_lost', at: Date.now() }, { verdict: 'failed' });
    await book.calls.stopLine({ because: 'lunch', problem: 'operator:paused', at: 6 });

    await book.record(idOf(first), 'mini_program_created', { appid: 'wxnew' });
    expect(await book.calls.line()).toMatchObject({ paused: 'lunch', halfOpen: false });
  });

  test.each(['before', 'after'])(
    'keeps its fault when a person paused it %s that, and resume ends both with a probe',
    async (when) => {
      const fault = { because: 'permission sets', problem: 'create:89254', at: 5 };
      const pause = { because: 'maintenance', problem: 'operator:pause', at: 6 };
      await server.redis.del(key('line'));
      for (const stop of when === 'before' ? [pause, fault] : [fault, pause]) await book.calls.stopLine(stop);
      expect(await book.calls.line()).toEqual({ ...fault, paused: 'maintenance', halfOpen: false });

      expect(await book.calls.resumeLine()).toBe('probe');
      expect(await book.calls.line()).toEqual({ ...fault, halfOpen: true });
      await book.take(idOf(first));
      await answer(first, 'create_accepted', 'accepted');
      expect(await book.calls.line()).toBeUndefined();
    },
  );

  test('is half-open after a pause, too, when a call that was under way at the pause met the fault', async () => {
    await server.redis.del(key('line'));
    await book.take(idOf(first));
    await book.calls.stopLine({ because: 'lunch', problem: 'operator:pause', at: 6 });
    await answer(first, 'platform_refused', 'failed');
    expect(await book.calls.line()).toMatchObject({ problem: 'create:61004', paused: 'lunch' });
    expect(await book.calls.resumeLine()).toBe('probe');
  });

  test('keeps its first fault, and answers so to a second stop', async () => {
    expect(await book.calls.stopLine({ because: 'secret', problem: 'token:40125', at: 6 })).toBe(false);
    expect(await book.calls.line()).toMatchObject({ problem: 'create:61004', at: 5 });
  });

  test('is stopped for a new fault when its probe meets one', async () => {
    await book.calls.resumeLine();
    expect(await book.calls.stopLine({ because: 'secret', problem: 'token:40125', at: 6 })).toBe(true);
    expect(await book.calls.line()).toMatchObject({ problem: 'token:40125', at: 6, halfOpen: false });
    expect(await book.take(idOf(second))).toMatchObject({ kind: 'wait', why: 'line' });
  });

  describe('and whose one create was the last thing that its worker did', () => {
    beforeEach(async () => {
      await book.calls.resumeLine();
      await book.take(idOf(first));
    });

    test.each([
      ['a push says that it was created', 'mini_program_created', { appid: 'wxnew' }],
      ['a search finds its task', 'task_running', {}],
    ] as const)('opens when %s', async (_, kind, more) => {
      await book.record(idOf(first), kind, more);
      expect(await book.calls.line()).toBeUndefined();
      expect((await book.take(idOf(second))).kind).toBe('go');
    });

    test.each([
      ['nobody ever hears of it', 'push_overdue'],
      ['a push refuses it', 'registration_refused'],
    ] as const)('is stopped again when %s, and still opens when a later push reports it', async (_, kind) => {
      await book.record(idOf(first), kind, { problem: 'push:4711' });
      expect(await book.calls.line()).toMatchObject({ problem: 'create:61004', halfOpen: false });

      await book.record(idOf(first), 'mini_program_created', { appid: 'wxnew' });
      expect(await book.calls.line()).toBeUndefined();
    });

    test('lets the search for that one through, and no other create', async () => {
      expect((await book.take(idOf(first), {}, 'search_sent')).kind).toBe('go');
      expect(await book.take(idOf(second))).toMatchObject({ kind: 'wait', why: 'line' });
      expect(await book.calls.line()).toMatchObject({ halfOpen: true });
    });
  });

  describe('while others that were sent before are silent', () => {
    beforeEach(async () => {
      await server.redis.del(key('line'));
      await book.send(idOf(second));
      await book.calls.stopLine({ because: 'IP', problem: 'create:61004', at: 5 });
    });

    test('searches for them while it is half-open, also where the one create is withdrawn before it goes', async () => {
      expect(await book.take(idOf(second), {}, 'search_sent')).toMatchObject({ kind: 'wait', why: 'line' });
      expect(await book.calls.resumeLine()).toBe('probe');
      for (const it of [first, third]) await book.record(idOf(it), 'cancel_asked');

      expect((await book.take(idOf(second), {}, 'search_sent')).kind).toBe('go');
      await book.record(idOf(second), 'task_running');
      expect(await book.calls.line()).toMatchObject({ halfOpen: true });
    });

    test('is stopped again when a search meets the fault, and searches no more', async () => {
      await book.calls.resumeLine();
      expect((await book.take(idOf(second), {}, 'search_sent')).kind).toBe('go');
      await book.record(idOf(second), 'search_refused', { problem: 'search:61004', because: 'IP' });

      expect(await book.calls.line()).toMatchObject({ problem: 'search:61004', halfOpen: false });
      expect(await book.take(idOf(second), {}, 'search_sent')).toMatchObject({ kind: 'wait', why: 'line' });
      expect(await book.take(idOf(first))).toMatchObject({ kind: 'wait', why: 'line' });
    });
  });

  test('opens at once where nothing waits to be tried', async () => {
    await server.redis.del(key('ready', 'submit'));
    expect(await book.calls.resumeLine()).toBe('resumed');
  });

  test('opens at once where the list of what is ready has only rows that were cancelled', async () => {
    for (const it of merchants) await book.record(idOf(it), 'cancel_asked');
    expect(await server.redis.llen(key('ready', 'submit'))).toBe(3);
    expect(await book.calls.resumeLine()).toBe('resumed');
  });

  test('opens at once where all others are due later or kept behind the first rows of their batch', async () => {
    await server.redis.del(key('line'));
    await book.load('b2', [merchant(4), merchant(5)], 1);
    await book.take(idOf(merchant(4)));
    await book.calls.stopLine({ because: 'IP', problem: 'create:61004', at: 5 });
    await book.record(idOf(first), 'create_held', { until: Date.now() + DAY_MS, wait: 'person' });
    await book.record(idOf(second), 'cancel_asked');

    expect(await book.calls.resumeLine()).toBe('probe');
    await book.record(idOf(third), 'cancel_asked');
    await book.calls.stopLine({ because: 'IP', problem: 'create:61004', at: 6 });
    expect(await book.calls.resumeLine()).toBe('resumed');
  });
});

describe('a batch with canaries', () => {
  const merchants = [1, 2, 3, 4, 5].map((number) => merchant(number));
  const ready = async (): Promise<number> => server.redis.llen(key('ready', 'submit'));

  beforeEach(() => book.load('b1', merchants, 2));

  async function answer(of: Merchant, verdict: 'accepted' | 'refused'): Promise<void> {
    await book.take(idOf(of));
    const kind = verdict === 'accepted' ? 'create_accepted' : 'create_refused';
    await book.ledger.record(idOf(of), { kind, at: Date.now() }, { verdict });
  }

  test('sends so many rows first, and the rest when they were accepted', async () => {
    expect(await ready()).toBe(2);
    await answer(merchant(1), 'accepted');
    expect(await ready()).toBe(2);
    await answer(merchant(2), 'accepted');
    expect(await ready()).toBe(5);
  });

  test('replaces a refused row with another', async () => {
    await answer(merchant(1), 'refused');
    expect(await ready()).toBe(3);
    expect(await book.calls.line()).toBeUndefined();
  });

  test('stops the line when as many are refused, and has two to send when it is resumed', async () => {
    await answer(merchant(1), 'refused');
    await answer(merchant(2), 'refused');
    expect(await book.calls.line()).toMatchObject({ problem: 'batch:canaries' });
    expect(await ready()).toBe(4);
  });

  test.each([
    ['a search finds running', 'task_running', 5],
    ['a push says is created', 'mini_program_created', 5],
    ['a push says is refused', 'registration_refused', 3],
    ['nobody ever hears of', 'push_overdue', 3],
  ] as const)('is not held up by one whose answer was lost and that %s', async (_, kind, readyThen) => {
    await answer(merchant(1), 'accepted');
    await book.take(idOf(merchant(2)));
    await book.ledger.record(idOf(merchant(2)), { kind: 'answer_lost', at: Date.now() }, { verdict: 'failed' });
    expect(await ready()).toBe(2);
    await book.ledger.record(idOf(merchant(2)), { kind, at: Date.now() }, {});
    expect(await ready()).toBe(readyThen);
  });

  test('will be sent as a whole, and only batches that hold rows back are counted', async () => {
    await book.load('b2', [merchant(6)]);
    await book.load('b3', [merchant(7), merchant(8)], 1);
    await book.load('b4', [merchant(5), merchant(4)]);
    const keeping = async (): Promise<string[]> => (await server.redis.smembers(key('heldBatches'))).sort();
    expect([await book.workload.toSend(), await keeping()]).toEqual([8, ['b1', 'b3']]);

    await book.record(idOf(merchant(8)), 'cancel_asked');
    expect([await book.workload.toSend(), await keeping()]).toEqual([7, ['b1']]);
    await book.record(idOf(merchant(6)), 'cancel_asked');
    expect(await book.workload.toSend()).toBe(6);

    await answer(merchant(1), 'refused');
    expect(await keeping()).toEqual([]);
    // No relay has taken out of the list what was sent and what was cancelled.
    expect([await book.workload.toSend(), await ready()]).toEqual([5, 7]);
  });

  describe('whose held rows are in part in a later sheet', () => {
    const readyIds = async (): Promise<string[]> => server.redis.lrange(key('ready', 'submit'), 0, -1);
    const [first, second, , fourth, fifth] = merchants.map(idOf) as [string, string, string, string, string];

    test('lets those go at once, each once, as rows of that sheet', async () => {
      await book.load('b2', [merchant(5), merchant(1), merchant(4), merchant(5)]);
      await book.load('b3', [merchant(4)]);

      expect(await readyIds()).toEqual([first, second, fifth, fourth]);
      expect(await book.registration(fifth)).toMatchObject({ row: 'b2/0', joinedRows: ['b1/4'] });
      for (const id of ['b1', 'b2', 'b3']) expect(await book.batches.counts(id)).toEqual(await book.recount(id));
    });

    test('still waits with the others for its own first rows', async () => {
      await book.load('b2', [merchant(4), merchant(5)]);
      await answer(merchant(4), 'accepted');
      await answer(merchant(5), 'accepted');
      expect(await ready()).toBe(4);
      await answer(merchant(1), 'accepted');
      await answer(merchant(2), 'accepted');
      expect(await readyIds()).toEqual([first, second, fourth, fifth, idOf(merchant(3))]);
    });

    test('replaces a refused row with a held one', async () => {
      await book.load('b2', [merchant(3)]);
      await answer(merchant(1), 'refused');
      expect(await readyIds()).toEqual([first, second, idOf(merchant(3)), fourth]);
    });

    test('keeps them behind the first rows of that sheet where it has canaries too', async () => {
      await book.load('b2', [merchant(5), merchant(4)], 1);
      expect(await readyIds()).toEqual([first, second, fifth]);
      await answer(merchant(5), 'accepted');
      expect(await readyIds()).toEqual([first, second, fifth, fourth]);
    });
  });

  test('replaces a withdrawn first row with another, and a withdrawn held row with none', async () => {
    await book.record(idOf(merchant(5)), 'cancel_asked');
    expect(await ready()).toBe(2);
    await book.record(idOf(merchant(1)), 'cancel_asked');
    expect(await ready()).toBe(3);
    await answer(merchant(2), 'refused');
    expect(await server.redis.lrange(key('ready', 'submit'), -2, -1)).toEqual([idOf(merchant(3)), idOf(merchant(4))]);
  });

  test('counts a first row as withdrawn where sending it again is taken back and its outcome is unknown', async () => {
    await book.load('b2', [merchant(21)]);
    await book.take(idOf(merchant(21)));
    await book.record(idOf(merchant(21)), 'push_overdue');
    await book.load('b3', [{ ...merchant(21), componentPhone: '0592-7654321' }, merchant(22)], 1);
    await book.record(idOf(merchant(21)), 'retry_asked');
    await book.record(idOf(merchant(21)), 'cancel_asked');
    expect(await book.calls.line()).toBeUndefined();
  });

  test('is not moved on by the withdrawal of a row that waits behind a first row', async () => {
    await book.take(idOf(merchant(1)));
    await book.load('b2', [{ ...merchant(1), legalPersonaWechat: 'weixin_other' }]);
    await book.record(idOf(merchant(1)), 'cancel_asked', { row: 'b2/0' });
    expect(await book.batches.counts('b2')).toEqual({ cancelled: 1 });
    expect(await ready()).toBe(2);
  });

  test('replaces a first row that is sent as a row of another sheet, with a newer phone', async () => {
    await book.load('b2', [{ ...merchant(1), componentPhone: '0592-7654321' }]);
    expect((await book.registration(idOf(merchant(1)))).row).toBe('b2/0');
    expect(await ready()).toBe(3);
    await answer(merchant(2), 'accepted');
    await answer(merchant(3), 'accepted');
    expect(await ready()).toBe(5);
  });

  test('replaces a refused first row with one that is loaded later, where none is there yet', async () => {
    const later = [11, 12, 13, 14, 15].map((number) => merchant(number));
    const batch = await book.open('slow', 2);
    const load = (from: number, to: number) =>
      book.batches.accept(
        batch,
        from,
        later.slice(from, to).map((it, at) => acceptedRow(it, from + at)),
        ACCEPT_RULES,
      );
    await load(0, 2);
    await answer(merchant(11), 'refused');
    await load(2, 5);
    expect(await server.redis.lrange(key('ready', 'submit'), 2, -1)).toEqual(
      [11, 12, 13].map((it) => idOf(merchant(it))),
    );
    await answer(merchant(12), 'accepted');
    await answer(merchant(13), 'accepted');
    expect(await ready()).toBe(7);
  });

  test('stops no line when it is withdrawn as a whole', async () => {
    for (const it of merchants) await book.record(idOf(it), 'cancel_asked');
    expect(await book.calls.line()).toBeUndefined();
  });

  test('counts a canary once: an accepted one may be rejected a day later', async () => {
    await answer(merchant(1), 'accepted');
    await book.record(idOf(merchant(1)), 'registration_refused', { problem: 'push:103' });
    expect(await ready()).toBe(2);
    await answer(merchant(2), 'accepted');
    expect(await ready()).toBe(5);
  });
});

describe('a Weixin ID that WeChat reports as used up', () => {
  test('costs no further call that day, whatever we counted', async () => {
    const rows = [1, 2].map((number) => merchant(number, 'ok', { legalPersonaWechat: 'chain-boss' }));
    const [first, second] = rows as [Merchant, Merchant];
    await book.load('b1', rows);
    const dayEndsAt = Date.now() + HOUR_MS;
    await book.take(idOf(first), { triesPerDay: 5, dayEndsAt });
    const person = personOf(first.legalPersonaWechat);
    const until = Date.now() + DAY_MS;
    await book.record(idOf(first), 'create_postponed', { wait: 'person', until }, { spent: { day: TODAY, person } });

    expect(await book.take(idOf(second), { triesPerDay: 5, dayEndsAt })).toEqual({
      kind: 'held',
      until: dayEndsAt,
      why: 'person',
    });
  });

  test('costs none either when calls that were under way then are given back', async () => {
    const rows = [1, 2, 3].map((number) => merchant(number, 'ok', { legalPersonaWechat: 'chain-boss' }));
    const [first, second, third] = rows as [Merchant, Merchant, Merchant];
    await book.load('b1', rows);
    const person = personOf(first.legalPersonaWechat);
    await book.take(idOf(first), { triesPerDay: 5 });
    await book.take(idOf(second), { triesPerDay: 5 });
    const until = Date.now() + DAY_MS;
    await book.record(idOf(first), 'create_postponed', { wait: 'person', until }, { spent: { day: TODAY, person } });
    await book.record(idOf(second), 'create_void', {}, { giveBack: { day: TODAY, person, call: 'create' } });

    expect(await book.take(idOf(third), { triesPerDay: 5 })).toMatchObject({ kind: 'held', why: 'person' });
    expect((await book.take(idOf(third), { triesPerDay: 5, day: '2026-11-22' })).kind).toBe('go');
  });
});

describe('one Weixin ID', () => {
  const rows = Array.from({ length: 7 }, (_, at) =>
    merchant(at, 'ok', { legalPersonaWechat: at % 2 ? 'Chain-boss' : 'chain-BOSS' }),
  );
  const triesPerDay = 5;

  beforeEach(() => book.load('b1', rows));

  test('is used five times a day, over all its rows and in whatever case, and the sixth waits for tomorrow', async () => {
    const dayEndsAt = Date.now() + HOUR_MS;
    const asked = await Promise.all(rows.map((it, at) => openOne(at).take(idOf(it), { triesPerDay, dayEndsAt })));
    expect(asked.map(({ kind }) => kind).sort()).toEqual(['go', 'go', 'go', 'go', 'go', 'held', 'held']);
    expect(asked.find(({ kind }) => kind === 'held')).toEqual({ kind: 'held', until: dayEndsAt, why: 'person' });
    const left = rows.filter((_, at) => asked[at]?.kind === 'held');
    for (const it of left) expect((await book.take(idOf(it), { triesPerDay, day: '2026-11-22' })).kind).toBe('go');
  });

  test('has its failures counted, and not what was refused by the gateway of WeChat', async () => {
    for (const [at, it] of rows.entries()) {
      const permission = await book.take(idOf(it), { triesPerDay });
      expect(permission.kind).toBe(at < 5 ? 'go' : 'held');
      if (permission.kind !== 'go') continue;
      const { sentAt = 0 } = await book.registration(idOf(it));
      await book.record(idOf(it), 'create_refused', { callSentAt: sentAt, problem: 'create:61070' });
    }
    const [again] = rows as [Merchant];
    const person = personOf(again.legalPersonaWechat);
    await book.record(idOf(again), 'retry_asked');
    expect((await book.take(idOf(again), { triesPerDay })).kind).toBe('held');
    await book.record(idOf(again), 'create_void', {}, { giveBack: { day: TODAY, person } });
    expect((await book.take(idOf(again), { triesPerDay })).kind).toBe('go');
  });

  test('is not counted where the API knows no legal person', async () => {
    for (const it of rows) expect((await book.take(idOf(it), { triesPerDay, person: '' })).kind).toBe('go');
  });
});

// --- helpers ----------------------------------------------------------------------------------------------------------

function many(count: number): Merchant[] {
  return Array.from({ length: count }, (_, number) => merchant(number));
}

const others = new Map<number, Book>();

/** One of several processes. */
function openOne(which: number): Book {
  const known = others.get(which) ?? openBook(server.connect());
  others.set(which, known);
  return known;
}

/** So many follow-ups of others fall due before the day ends. */
async function dueLater(count: number): Promise<void> {
  const due = Array.from({ length: count }, (_, at) => [String(Date.now() + 60_000 + at), `silent${at}`]);
  await server.redis.zadd(key('scheduled', 'follow-up'), ...due.flat());
}

/** Eight clients take permission for `count` calls as workers do: they wait as long as they are told. */
async function letManyCall(count: number, changes: Partial<Budgets>): Promise<void> {
  const waiting = many(count);
  await book.load('b1', waiting);
  const clients = Array.from({ length: 8 }, (_, at) => openOne(at));
  await Promise.all(
    clients.map(async (client) => {
      for (let it = waiting.pop(); it !== undefined; it = waiting.pop()) {
        for (;;) {
          const permission = await client.take(idOf(it), changes);
          if (permission.kind === 'go') break;
          expect(permission).toMatchObject({ kind: 'wait', why: 'pace' });
          await sleep((permission as Permit & { ms: number }).ms);
        }
      }
    }),
  );
  expect(await book.batches.counts('b1')).toEqual({ submitting: count });
}

/** When calls were let through, by Redis' clock in µs, oldest first. */
async function callTimes(): Promise<number[]> {
  return (await server.redis.lrange(key('recent'), 0, -1)).map(Number.parseFloat).reverse();
}

/** The most calls in any window of this length, wherever it is laid. */
function mostIn(windowUs: number, times: readonly number[]): number {
  return Math.max(...times.map((begin) => times.filter((at) => at >= begin && at < begin + windowUs).length));
}
