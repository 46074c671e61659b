import { beforeEach, describe, expect, test } from 'vitest';
import type { Effects, RepeatedError } from '../../src/domain/effects.js';
import type { Probe } from '../../src/domain/line-faults.js';
import type { Merchant } from '../../src/domain/merchant.js';
import type { FactKind } from '../../src/domain/registration.js';
import { key } from '../../src/redis/keys.js';
import { type Book, idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';
import { until } from '../support/until.js';

const server = useRedis();
let book: Book;

const merchants = Array.from({ length: 12 }, (_, number) => merchant(number));
const [first, second, third, fourth, fifth] = merchants as [Merchant, Merchant, Merchant, Merchant, Merchant];

/** Due at once, and a minute that nobody waits for. */
const AT_ONCE: Probe = { call: 'create', asksFirst: false, firstMs: 0, maxMs: 0 };
const IN_A_MINUTE: Probe = { call: 'create', asksFirst: false, firstMs: 60_000, maxMs: 900_000 };

beforeEach(async () => {
  book = openBook(server.redis);
  await book.load('b1', merchants);
});

const fault = (changes: Partial<RepeatedError> = {}): RepeatedError => ({
  call: 'create',
  code: 'create:89247',
  met: 'rid: 1',
  most: 3,
  countsCalls: false,
  ...changes,
});

const ORDINARY: Effects = { repeatedError: { call: 'create', code: '' }, verdict: 'accepted' };

/** `create` of a merchant meets a fault, as a worker records it. */
async function meets(
  it: Merchant,
  repeatedError: RepeatedError,
  effects: Effects = { verdict: 'taken' },
  kind: FactKind = 'create_postponed',
): Promise<void> {
  const { postponed } = await book.registration(idOf(it));
  const at = Date.now();
  const ifStopped = {
    kind: 'try_returned',
    at,
    problem: repeatedError.code,
    postponed,
    until: at,
    wait: 'again',
  } as const;
  const more = { until: at, wait: 'again', problem: repeatedError.code } as const;
  await book.record(idOf(it), kind, more, { repeatedError, ifStopped, ...effects });
}

async function sendAndMeet(it: Merchant, repeatedError: RepeatedError, effects?: Effects): Promise<void> {
  expect([it.name, (await book.take(idOf(it))).kind]).toEqual([it.name, 'go']);
  await meets(it, repeatedError, effects);
}

async function stopped(probe?: Probe): Promise<void> {
  for (const it of [first, second, third]) await sendAndMeet(it, fault({ ...(probe && { probe }) }));
  expect(await book.calls.line()).toMatchObject({ problem: 'create:89247' });
}

describe('a fault of WeChat or of the network', () => {
  test('stops the line when so many merchants in a row met it, over all workers, and the line says what, how often and since when', async () => {
    const before = Date.now();
    const workers = [book, openBook(server.connect()), openBook(server.connect())];
    for (const [at, worker] of workers.entries()) {
      expect(await book.calls.line()).toBeUndefined();
      const repeatedError = fault({ met: `rid: ${at}` });
      await worker.record(idOf(merchants[at] as Merchant), 'answer_unknown', { at: before + at }, { repeatedError });
    }
    expect(await book.calls.line()).toEqual({
      problem: 'create:89247',
      because: 'rid: 2',
      at: before + 2,
      since: before,
      times: 3,
      merchants: 3,
      halfOpen: false,
    });
  });

  test('is one merchant’s own matter however often that one meets it', async () => {
    for (let time = 0; time < 6; time += 1) await sendAndMeet(first, fault());
    expect(await book.calls.line()).toBeUndefined();
    expect(await book.registration(idOf(first))).toMatchObject({ postponed: 6 });
  });

  test('is counted anew after an ordinary answer, and not after another fault', async () => {
    await sendAndMeet(first, fault());
    await sendAndMeet(second, fault());
    await book.record(idOf(third), 'create_accepted', {}, ORDINARY);
    await sendAndMeet(fourth, fault());
    await sendAndMeet(fifth, fault());
    expect(await book.calls.line()).toBeUndefined();
    await sendAndMeet(merchants[5] as Merchant, fault({ code: 'create:-1' }));
    await sendAndMeet(merchants[6] as Merchant, fault());
    expect(await book.calls.line()).toMatchObject({ problem: 'create:89247', times: 3 });
  });

  test('is counted by calls if WeChat cannot be reached, and searches are counted apart', async () => {
    const lost = (call: RepeatedError['call']): Effects => ({
      repeatedError: fault({ call, code: 'call:lost', countsCalls: true, most: 3 }),
    });
    await book.record(idOf(first), 'search_void', {}, lost('search'));
    await book.record(idOf(first), 'search_void', {}, lost('search'));
    await book.record(idOf(second), 'answer_lost', {}, lost('create'));
    await book.record(idOf(third), 'task_running', {}, { repeatedError: { call: 'search', code: '' } });
    await book.record(idOf(second), 'answer_lost', {}, lost('create'));
    expect(await book.calls.line()).toBeUndefined();
    await book.record(idOf(second), 'answer_lost', {}, lost('create'));
    expect(await book.calls.line()).toMatchObject({ problem: 'call:lost', times: 3, merchants: 1 });
  });

  test('goes on to be counted by the calls that were on their way when it stopped the line', async () => {
    for (const it of [first, second, third, fourth, fifth]) await book.take(idOf(it));
    for (const it of [first, second, third, fourth, fifth]) await meets(it, fault());
    expect(await book.calls.line()).toMatchObject({ times: 5, merchants: 3 });
  });

  test('returns the try to each row that met it, also to rows under way, and to a row that is no longer retried', async () => {
    for (const it of [first, second, third, fourth]) await book.take(idOf(it));
    await meets(first, fault());
    const { postponed } = await book.registration(idOf(second));
    const at = Date.now();
    await book.record(
      idOf(second),
      'create_postponed',
      { problem: 'create:89247' },
      {
        repeatedError: fault(),
        ifStopped: { kind: 'try_returned', at, postponed, until: at + 60_000, wait: 'again' },
      },
    );
    expect(await book.registration(idOf(second))).toMatchObject({ state: 'needs_review' });
    expect(await book.registration(idOf(first))).toMatchObject({ postponed: 1 });

    await meets(third, fault());
    await meets(fourth, fault());
    for (const it of [first, second, third, fourth]) {
      expect(await book.registration(idOf(it))).toMatchObject({
        state: 'deferred',
        wait: 'again',
        postponed: 0,
        problem: 'create:89247',
      });
    }
    expect(await book.batches.counts('b1')).toEqual(await book.recount('b1'));
  });

  test('dispatches no row twice whose time has come while the others were counted', async () => {
    await sendAndMeet(first, fault());
    // As dispatch.lua does with what is due.
    await server.redis.zrem(key('scheduled', 'submit'), idOf(first));
    await server.redis.lpush(key('ready', 'submit'), idOf(first));
    await sendAndMeet(second, fault());
    await sendAndMeet(third, fault());
    expect(await book.registration(idOf(first))).toMatchObject({ postponed: 0 });
    expect(await server.redis.zrange(key('scheduled', 'submit'), 0, -1)).not.toContain(idOf(first));
  });

  test('returns nothing to a row that another fact has changed meanwhile', async () => {
    await sendAndMeet(first, fault());
    await book.record(idOf(first), 'cancel_asked');
    await sendAndMeet(second, fault());
    await sendAndMeet(third, fault());
    expect(await book.registration(idOf(first))).toMatchObject({ state: 'cancelled' });
    expect(await book.registration(idOf(second))).toMatchObject({ postponed: 0 });
  });

  test('sends a row at once that has a place in the line and no time of its own', async () => {
    const page = fault({ code: 'call:page', most: 1 });
    await book.take(idOf(first));
    const later = Date.now() + 60_000;
    const ifStopped = { kind: 'try_returned', at: Date.now(), postponed: 0 } as const;
    await book.record(
      idOf(first),
      'create_intercepted',
      { until: later, wait: 'page' },
      { repeatedError: page, ifStopped },
    );
    expect(await book.registration(idOf(first))).toMatchObject({ state: 'queued', attempt: 0, postponed: 0 });
    expect(await server.redis.zscore(key('scheduled', 'submit'), idOf(first))).toBeNull();
    expect(await server.redis.lrange(key('ready', 'submit'), 0, 0)).toEqual([idOf(first)]);
  });
});

describe('a line that opens by itself', () => {
  test('lets nothing through until its wait is over, and says how long that is', async () => {
    await stopped(IN_A_MINUTE);
    const permission = await book.take(idOf(fourth));
    expect(permission).toMatchObject({ kind: 'wait', why: 'line' });
    const ms = 'ms' in permission ? permission.ms : 0;
    expect(ms).toBeGreaterThan(50_000);
    expect(ms).toBeLessThanOrEqual(60_000);
    expect((await book.take(idOf(first), {}, 'search_sent')).kind).toBe('wait');
    expect(await book.calls.line()).toMatchObject({ halfOpen: false, probe: { failed: 0 } });
  });

  test('then lets one create through, and opens when WeChat takes it', async () => {
    await stopped(AT_ONCE);
    expect((await book.take(idOf(fourth))).kind).toBe('go');
    expect(await book.take(idOf(fifth))).toMatchObject({ kind: 'wait', why: 'line' });
    expect(await book.calls.line()).toMatchObject({ halfOpen: true });
    await book.record(idOf(fourth), 'create_accepted', {}, ORDINARY);
    expect(await book.calls.line()).toBeUndefined();
    expect((await book.take(idOf(fifth))).kind).toBe('go');
  });

  test('waits twice as long after each create that meets the fault again, up to the longest wait, and counts it', async () => {
    await stopped({ ...IN_A_MINUTE, maxMs: 150_000 });
    const waits: number[] = [];
    for (const it of merchants.slice(3, 6)) {
      // As if the wait were over.
      await server.redis.hset(key('line'), 'dueAt', 0);
      await sendAndMeet(it, fault({ probe: IN_A_MINUTE }));
      const line = await book.calls.line();
      waits.push(Math.round(((line?.probe?.at ?? 0) - Date.now()) / 10_000) * 10_000);
      expect(await book.registration(idOf(it))).toMatchObject({ postponed: 0, state: 'deferred' });
    }
    expect(waits).toEqual([120_000, 150_000, 150_000]);
    expect(await book.calls.line()).toMatchObject({ halfOpen: false, times: 6, merchants: 3, probe: { failed: 3 } });
  });

  test('opens where the probe meets another merchant’s own matter', async () => {
    await stopped(AT_ONCE);
    await book.take(idOf(fourth));
    await meets(fourth, fault({ code: 'create:4712' }), { verdict: 'taken' });
    expect(await book.calls.line()).toBeUndefined();
  });

  test('is tried at once when a person resumes it, and goes on to be tried by itself', async () => {
    await stopped(IN_A_MINUTE);
    expect(await book.calls.resumeLine()).toBe('probe');
    await sendAndMeet(fourth, fault({ probe: IN_A_MINUTE }));
    expect(await book.calls.line()).toMatchObject({ halfOpen: false, probe: { failed: 1 } });
  });

  test('is not tried while a person has paused it, too', async () => {
    await stopped(AT_ONCE);
    await book.calls.stopLine({ because: 'lunch', problem: 'operator:pause', at: 5 });
    expect(await book.take(idOf(fourth))).toEqual({ kind: 'wait', why: 'line', ms: Number.POSITIVE_INFINITY });
    expect(await book.calls.resumeLine()).toBe('probe');
    expect((await book.take(idOf(fourth))).kind).toBe('go');
  });

  test('needs a person when a fault of the platform comes to light, also while nothing tries it', async () => {
    await stopped(IN_A_MINUTE);
    expect(await book.calls.stopLine({ because: 'secret', problem: 'token:40125', at: 6 })).toBe(true);
    expect(await book.calls.line()).toEqual({ because: 'secret', problem: 'token:40125', at: 6, halfOpen: false });
    expect(await book.take(idOf(fourth))).toMatchObject({ ms: Number.POSITIVE_INFINITY });
  });

  test('is stopped for what its probe met on the way, and has been so since the first of them', async () => {
    await stopped(AT_ONCE);
    const { at } = (await book.calls.line()) ?? {};
    await book.take(idOf(fourth));
    const page = fault({ code: 'call:page', met: 'HTTP 407', probe: { ...IN_A_MINUTE, call: 'any' } });
    await meets(fourth, page, { verdict: 'failed' });
    expect(await book.calls.line()).toMatchObject({
      problem: 'call:page',
      because: 'HTTP 407',
      at,
      times: 1,
      probe: { failed: 1 },
    });
  });

  test('is tried again at once where the probe was refused by the gateway of WeChat, and is not half-open meanwhile', async () => {
    await stopped(IN_A_MINUTE);
    await book.calls.resumeLine();
    await book.take(idOf(fourth));
    await book.record(idOf(fourth), 'create_void', {}, { verdict: 'again' });
    expect(await book.calls.line()).toMatchObject({ halfOpen: false, probe: { failed: 0 } });
    expect((await book.take(idOf(fifth))).kind).toBe('go');
  });

  test('opens where the way to WeChat was at fault, and WeChat itself turns the probe away', async () => {
    await stopped();
    await server.redis.hset(key('line'), {
      state: 'retrying',
      problem: 'call:lost',
      probeCall: 'any',
      firstMs: 0,
      maxMs: 0,
      failedProbes: 1,
      dueAt: 0,
    });
    await book.take(idOf(fourth));
    await book.record(idOf(fourth), 'create_void', {}, { verdict: 'again' });
    expect(await book.calls.line()).toBeUndefined();
  });

  test('delays no call longer than its own wait when its probe cannot reach WeChat', async () => {
    const away = fault({ code: 'call:not_sent', most: 1, probe: { ...AT_ONCE, call: 'any' } });
    await book.take(idOf(first));
    await book.record(idOf(first), 'create_void', {}, { repeatedError: away, verdict: 'failed', pauseMs: 60_000 });
    expect((await book.take(idOf(second))).kind).toBe('go');
    await book.record(idOf(second), 'create_void', {}, { repeatedError: away, verdict: 'failed', pauseMs: 60_000 });
    expect((await book.take(idOf(third))).kind).toBe('go');
  });

  test('takes a search for its probe where the way to WeChat is at fault, one at a time', async () => {
    for (const it of [first, second]) await book.send(idOf(it));
    const lost = fault({ code: 'call:lost', most: 1, countsCalls: true, probe: { ...AT_ONCE, call: 'any' } });
    await book.take(idOf(third));
    await book.record(idOf(third), 'answer_lost', {}, { repeatedError: lost, verdict: 'failed' });

    expect((await book.take(idOf(first), {}, 'search_sent')).kind).toBe('go');
    expect(await book.take(idOf(second), {}, 'search_sent')).toMatchObject({ kind: 'wait', why: 'line' });
    expect(await book.take(idOf(fourth))).toMatchObject({ kind: 'wait', why: 'line' });
    await book.record(
      idOf(first),
      'search_void',
      {},
      { repeatedError: { ...lost, call: 'search' }, searchVerdict: 'failed' },
    );
    expect(await book.calls.line()).toMatchObject({ halfOpen: false, probe: { failed: 1 } });

    expect((await book.take(idOf(second), {}, 'search_sent')).kind).toBe('go');
    await book.record(
      idOf(second),
      'task_unclear',
      {},
      { repeatedError: { call: 'search', code: '' }, searchVerdict: 'taken' },
    );
    expect(await book.calls.line()).toBeUndefined();
  });

  test('is not opened by a search where only create is at fault', async () => {
    await book.send(idOf(fifth));
    await stopped(AT_ONCE);
    expect(await book.take(idOf(fifth), {}, 'search_sent')).toMatchObject({ kind: 'wait', why: 'line' });
    await book.calls.resumeLine();
    expect((await book.take(idOf(fifth), {}, 'search_sent')).kind).toBe('go');
    await book.record(
      idOf(fifth),
      'task_running',
      {},
      { repeatedError: { call: 'search', code: '' }, searchVerdict: 'taken' },
    );
    expect(await book.calls.line()).toMatchObject({ halfOpen: true });
  });

  test('lets searches through when it is time to try it, and no create is left that could', async () => {
    await book.send(idOf(fifth));
    await stopped(AT_ONCE);
    for (const it of merchants) if (it !== fifth) await book.record(idOf(it), 'cancel_asked');
    expect((await book.take(idOf(fifth), {}, 'search_sent')).kind).toBe('go');
    await book.record(idOf(fifth), 'task_running', {}, { searchVerdict: 'taken' });
    // What a create met is not over for it.
    expect(await book.calls.line()).toMatchObject({ problem: 'create:89247' });
  });

  test('is tried at once where Redis’ clock went back by more than any wait', async () => {
    await stopped(IN_A_MINUTE);
    await server.redis.hset(key('line'), 'dueAt', Date.now() + 3_600_000);
    expect((await book.take(idOf(fourth))).kind).toBe('go');
  });
});

describe('a line that asks something harmless before it is tried by a create', () => {
  const ASKING: Probe = { call: 'any', asksFirst: true, firstMs: 0, maxMs: 0 };
  const lost = fault({ code: 'call:lost', most: 1, countsCalls: true, probe: ASKING });

  beforeEach(async () => {
    await book.take(idOf(first));
    await book.record(idOf(first), 'answer_lost', {}, { repeatedError: lost, verdict: 'failed' });
  });

  test('lets one ask, and one create go when that was answered', async () => {
    expect(await book.take(idOf(second))).toEqual({ kind: 'wait', why: 'question', ms: 0 });
    expect(await book.take(idOf(third))).toMatchObject({ kind: 'wait', why: 'line' });
    expect(await book.registration(idOf(second))).toMatchObject({ state: 'queued' });
    await book.calls.answeredFirst(true, '');
    expect((await book.take(idOf(second))).kind).toBe('go');
    expect(await book.take(idOf(third))).toMatchObject({ kind: 'wait', why: 'line' });

    await book.record(idOf(second), 'answer_lost', {}, { repeatedError: lost, verdict: 'failed' });
    expect(await book.calls.line()).toMatchObject({ probe: { failed: 1 } });
    expect(await book.take(idOf(third))).toMatchObject({ why: 'question' });
  });

  test('sends no create while it is not answered, but for one in three', async () => {
    for (const failed of [1, 2]) {
      expect(await book.take(idOf(second))).toMatchObject({ why: 'question' });
      await book.calls.answeredFirst(false, 'HTTP 502');
      expect(await book.calls.line()).toMatchObject({ because: 'HTTP 502', probe: { failed }, times: 1 + failed });
    }
    expect(await book.take(idOf(second))).toMatchObject({ why: 'question' });
    await book.calls.answeredFirst(false, 'HTTP 502');
    expect((await book.take(idOf(second))).kind).toBe('go');
  });

  test('is asked by another one where the first has died, and hears of it once', async () => {
    expect(await book.take(idOf(second), { probeMs: 100 })).toMatchObject({ why: 'question' });
    await until('another one asks', async () => {
      const permission = await book.take(idOf(third), { probeMs: 600_000 });
      return permission.kind === 'wait' && permission.why === 'question';
    });
    await book.calls.answeredFirst(false, 'HTTP 502');
    await book.calls.answeredFirst(false, 'HTTP 502');
    expect(await book.calls.line()).toMatchObject({ probe: { failed: 1 } });
  });

  test('sends no request before a search, which has no effect on a merchant either', async () => {
    await book.record(idOf(first), 'task_running', {});
    await server.redis.hset(key('line'), 'question', 'wanted');
    if ((await book.calls.line()) === undefined) throw new Error('it is open');
    expect((await book.take(idOf(first), {}, 'search_sent')).kind).toBe('go');
  });
});

describe('a line whose probe was the last thing that its worker did', () => {
  /** The dead one's call would be over soon, and that of whoever comes next not before this test is. */
  const probeMs = 700;
  const LONG = { probeMs: 600_000 };

  test.each(['by itself', 'by a person'])(
    '(%s) is tried by another create when any call would be over, and opens by that',
    async (opens) => {
      await stopped(opens === 'by itself' ? AT_ONCE : undefined);
      if (opens === 'by a person') await book.calls.resumeLine();
      expect((await book.take(idOf(fourth), { probeMs })).kind).toBe('go');
      const blocked = await book.take(idOf(fifth), { probeMs });
      expect(blocked).toMatchObject({ kind: 'wait', why: 'line' });
      expect('ms' in blocked ? blocked.ms : 0).toBeLessThanOrEqual(probeMs);

      await until('another one goes', async () => (await book.take(idOf(fifth), LONG)).kind === 'go');
      expect(await book.take(idOf(merchants[5] as Merchant), LONG)).toMatchObject({ kind: 'wait' });
      await book.record(idOf(fifth), 'create_accepted', {}, ORDINARY);
      expect(await book.calls.line()).toBeUndefined();
    },
  );

  test('and was a search has no answer in a sheet or a push that names its merchant, nor in the next search for it', async () => {
    await book.send(idOf(first));
    const lost = fault({ code: 'call:lost', most: 1, countsCalls: true, probe: { ...AT_ONCE, call: 'any' } });
    await book.take(idOf(third));
    await book.record(idOf(third), 'answer_lost', {}, { repeatedError: lost, verdict: 'failed' });
    const stoppedFor = await server.redis.hgetall(key('line'));
    expect((await book.take(idOf(first), { probeMs }, 'search_sent')).kind).toBe('go');

    await book.load('b2', [first]);
    expect(await book.calls.line()).toMatchObject({ problem: 'call:lost', halfOpen: true });
    await until('it is searched for again', async () => {
      return (await book.take(idOf(first), { probeMs }, 'search_sent')).kind === 'go';
    });
    const { probe, probeKind, probeDeadline, ...rest } = await server.redis.hgetall(key('line'));
    expect([probe, probeKind]).toEqual([idOf(first), 'search']);
    expect(rest).toEqual({ ...stoppedFor, state: 'retrying_probing' });

    await until('a create goes', async () => (await book.take(idOf(fourth), LONG)).kind === 'go');
    await book.record(idOf(first), 'mini_program_created', { appid: 'wxnew' });
    expect(await book.calls.line()).toMatchObject({ problem: 'call:lost', halfOpen: true });
  });

  test('opens as well when a push says that the dead worker’s create had been accepted', async () => {
    await stopped(AT_ONCE);
    await book.take(idOf(fourth), { probeMs });
    await until('another one goes', async () => (await book.take(idOf(fifth), { probeMs })).kind === 'go');
    await book.record(idOf(fourth), 'mini_program_created', { appid: 'wxnew' });
    expect(await book.calls.line()).toBeUndefined();
  });
});

describe('waiting for a token', () => {
  test('grows with each failure to reach the server, and is the same for all', async () => {
    const other = openBook(server.connect()).calls;
    const away = { why: 'connection', ms: 5_000, maxMs: 15_000, said: 'ECONNREFUSED' } as const;
    expect(await book.calls.noteWait(away)).toEqual({ ms: 5_000, isNew: true });
    const asked = await other.noteWait(away);
    expect(asked.isNew).toBe(false);
    expect(asked.ms).toBeLessThanOrEqual(5_000);
    expect(await other.tokenRestMs()).toBeGreaterThan(4_000);

    for (const ms of [10_000, 15_000, 15_000]) {
      await server.redis.hset(key('tokenWait'), 'until', 0);
      expect(await book.calls.noteWait(away)).toEqual({ ms, isNew: false });
    }
    expect(await book.calls.waitNoted()).toMatchObject({ why: 'connection', said: 'ECONNREFUSED', tries: 4 });
    await book.calls.forgetWait();
    expect(await book.calls.waitNoted()).toBeUndefined();
    expect(await book.calls.tokenRestMs()).toBe(0);
  });

  test('begins anew for another reason, and ends at once when a person resumes the line', async () => {
    await book.calls.noteWait({ why: 'connection', ms: 5_000, maxMs: 15_000 });
    expect(await book.calls.noteWait({ why: 'ticket', ms: 60_000 })).toEqual({ ms: 60_000, isNew: true });
    // A ticket wakes the workers.
    expect(await book.calls.tokenRestMs()).toBe(0);
    await book.calls.noteWait({ why: 'service', ms: 5_000, maxMs: 15_000 });
    expect(await book.calls.tokenRestMs()).toBeGreaterThan(4_000);
    await book.calls.resumeLine();
    expect(await book.calls.tokenRestMs()).toBe(0);
  });
});
