import { beforeEach, describe, expect, test } from 'vitest';
import { key } from '../../src/redis/keys.js';
import { openWakeupChannel, type WakeupChannel } from '../../src/redis/wakeup-channel.js';
import type { Reply } from '../../src/wechat/client.js';
import { followUp } from '../../src/worker/follow-up.js';
import { openPermits } from '../../src/worker/permits.js';
import { openSemaphore } from '../../src/worker/semaphore.js';
import { submit } from '../../src/worker/submit.js';
import { type Book, idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';
import { contextWith } from '../support/worker-context.js';

describe('a permit', () => {
  let now = 0;
  const at = (ms: number) => {
    now = ms;
  };
  const open = () => openPermits(10_000, () => now);

  test('is good for half a second', () => {
    at(0);
    const permit = open().ask();
    at(500);
    expect(permit.isExpired()).toBe(false);
    at(501);
    expect(permit.isExpired()).toBe(true);
  });

  test('of a frozen worker is not used', () => {
    at(0);
    const permits = open();
    const had = Array.from({ length: 8 }, () => permits.ask());
    at(1_500);
    expect(had.map((permit) => permit.isExpired())).toEqual(Array(8).fill(true));
  });

  test('is good for longer where Redis is slow for long, but never longer than a request', () => {
    at(0);
    const permits = open();
    const expired = [];
    for (let round = 0; round < 4; round += 1) {
      const permit = permits.ask();
      at(now + 9_000);
      expired.push(permit.isExpired());
    }
    expect(expired).toEqual([true, true, true, false]);
    const late = permits.ask();
    at(now + 10_001);
    expect(late.isExpired()).toBe(true);
  });

  test('is good for half a second again once Redis is fast again', () => {
    at(0);
    const permits = open();
    const first = permits.ask();
    at(600);
    expect(first.isExpired()).toBe(true);
    at(700);
    expect(permits.ask().isExpired()).toBe(false);
    const next = permits.ask();
    at(1_300);
    expect(next.isExpired()).toBe(true);
  });
});

describe('a call whose permit has expired', () => {
  const server = useRedis();
  const id = idOf(merchant(0));
  let now: number;
  let calls: string[];
  let book: Book;
  let wakeupChannel: WakeupChannel;

  beforeEach(async () => {
    now = 0;
    calls = [];
    book = openBook(server.redis);
    wakeupChannel = await openWakeupChannel(server.connect());
    await book.load('b1', [merchant(0)]);
    return () => wakeupChannel.close();
  });

  function context() {
    const answer = async (what: string): Promise<Reply> => {
      calls.push(what);
      return { kind: 'answer', errcode: 0, said: 'ok', body: {} };
    };
    const made = contextWith(server.redis, wakeupChannel, {
      create: () => answer('create'),
      search: () => answer('search'),
      patience: { pushWaitMs: 1 },
      permits: openPermits(10_000, () => now),
    });
    return made;
  }

  /** Redis answers, and the worker reads it only after so long. */
  function answeredLate(made: ReturnType<typeof context>, ms: number): ReturnType<typeof context> {
    const take: typeof made.calls.acquire = async (...args) => {
      const permission = await made.calls.acquire(...args);
      now += ms;
      return permission;
    };
    return { ...made, calls: { ...made.calls, acquire: take } };
  }

  test('is not made, the row is sent later, and neither the call nor the try of the Weixin ID is counted', async () => {
    const made = context();
    await submit(answeredLate(made, 40_000), openSemaphore(1), { kind: 'submit', name: `${id}-1-0` }, id);

    expect(calls).toEqual([]);
    expect(await book.registration(id)).toMatchObject({ state: 'queued', attempt: 0, task: 'none' });
    expect((await book.ledger.history(id)).map(({ kind }) => kind)).toEqual(['create_sent', 'create_void']);
    const [day] = (await server.redis.keys(key('calls', '*'))) as [string];
    expect(await server.redis.hget(day, 'create')).toBe('0');
    const [tries] = (await server.redis.keys(key('tries', '*'))) as [string];
    expect(Object.values(await server.redis.hgetall(tries))).toEqual(['0']);
    expect(await server.redis.lrange(key('ready', 'submit'), 0, -1)).toContain(id);

    await submit(made, openSemaphore(1), { kind: 'submit', name: `${id}-2-0` }, id);
    expect(calls).toEqual(['create']);
  });

  test('that asks for a silent row is made later, too', async () => {
    await book.send(id);
    await book.record(id, 'task_unclear', { until: 1, callSentAt: (await book.registration(id)).sentAt ?? 0 });
    await followUp(answeredLate(context(), 40_000), { kind: 'follow-up', name: `${id}-1-0` }, id);

    expect(calls).toEqual([]);
    expect((await book.ledger.history(id)).map(({ kind }) => kind).slice(-2)).toEqual(['search_sent', 'search_void']);
    expect(await book.workload.dueUntil('follow-up', Date.now() + 1_000)).toBe(1);
  });

  describe.each(['create', 'search'] as const)('(%s) as a probe', (call) => {
    const other = idOf(merchant(1));
    const day = new Date().toISOString().slice(0, 10);

    beforeEach(async () => {
      await book.load('b2', [merchant(1)]);
      if (call === 'create') return;
      await book.send(id);
      await book.record(id, 'task_unclear', { until: 1, callSentAt: (await book.registration(id)).sentAt ?? 0 });
    });

    async function callLate(): Promise<void> {
      const late = answeredLate(context(), 40_000);
      if (call === 'create') await submit(late, openSemaphore(1), { kind: 'submit', name: `${id}-1-0` }, id);
      else await followUp(late, { kind: 'follow-up', name: `${id}-1-0` }, id);
      expect(calls).toEqual([]);
    }

    test('does not open a stopped line: the next call tries it', async () => {
      const line = { state: 'retrying', problem: 'call:lost', because: 'cut', at: 1, probeCall: 'any' };
      await server.redis.hset(key('line'), { ...line, firstMs: 0, maxMs: 0, failedProbes: 1, dueAt: 0 });
      await callLate();
      expect(await book.calls.line()).toMatchObject({ problem: 'call:lost', halfOpen: false, probe: { failed: 1 } });
      expect((await book.take(other)).kind).toBe('go');
    });

    test('lets the next call find out whether a closed day has calls', async () => {
      await server.redis.hset(key('calls', day), { closed: '1', probe: 'wanted', checkAt: Date.now() + 3_600_000 });
      await callLate();
      await submit(context(), openSemaphore(1), { kind: 'submit', name: `${other}-1-0` }, other);
      expect(calls).toEqual(['create']);
      expect(await book.calls.ofDay(day)).toMatchObject({ closed: false });
    });
  });
});
