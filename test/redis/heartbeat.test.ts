import { beforeEach, describe, expect, test } from 'vitest';
import type { LiveProcess } from '../../src/domain/presence.js';
import { openHeartbeats, startBeating } from '../../src/redis/heartbeat.js';
import { key } from '../../src/redis/keys.js';
import { openReconciliations } from '../../src/redis/reconciliations.js';
import { idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { keepTicket } from '../support/pushes.js';
import { losingAnswers, useRedis } from '../support/redis.js';
import { until } from '../support/until.js';

const server = useRedis();
const HOUR_MS = 3_600_000;
const AWAY_MS = 10 * 60_000;

async function sendOne(): Promise<void> {
  const book = openBook(server.redis);
  await book.load('b1', [merchant(1)]);
  await book.send(idOf(merchant(1)));
}

async function lastSeen(agoMs: number): Promise<number> {
  const at = Date.now() - agoMs;
  await server.redis.set(key('receiver'), at);
  return at;
}

const LIVES_MS = 45_000;
const RECEIVER: LiveProcess = { role: 'receiver', version: '1.0.0', host: 'one', pid: 7, id: 'r' };
const WORKER: LiveProcess = { role: 'worker', running: 'steady', version: '1.0.0', host: 'one', pid: 8, id: 'w' };
const beats = () => openHeartbeats(server.redis);

describe('a process that works', () => {
  test('counts as alive from its first beat until it ends, once, however often it beats', async () => {
    await beats().beat(WORKER, LIVES_MS);
    await beats().beat(WORKER, LIVES_MS);
    await beats().beat(RECEIVER, LIVES_MS);
    const { live, seen, now } = await beats().presence();
    expect(live).toHaveLength(2);
    expect(live).toEqual(expect.arrayContaining([WORKER, RECEIVER]));
    expect(Object.keys(seen).sort()).toEqual(['receiver', 'steady', 'worker']);
    expect(Math.abs((seen.worker ?? 0) - now)).toBeLessThan(5_000);

    await beats().end(WORKER);
    expect((await beats().presence()).live).toEqual([RECEIVER]);
    expect((await beats().presence()).seen.worker).toBeGreaterThan(0);
  });

  test('that dies without a word is forgotten by itself, and leaves no key that piles up', async () => {
    for (let pid = 0; pid < 20; pid += 1) await beats().beat({ ...WORKER, pid, id: String(pid) }, 1);
    await until('they count as dead', async () => (await beats().presence()).live.length === 0);
    await beats().beat(WORKER, LIVES_MS);
    expect(await server.redis.zcard(key('living'))).toBe(1);
    expect(await server.redis.pttl(key('living'))).toBeGreaterThan(0);
    expect(await server.redis.hlen(key('lastSeen'))).toBe(2);
  });

  test('beats while it runs, and says when it ends', async () => {
    const beating = startBeating(server.connect(), WORKER, { everyMs: 20, livesMs: 1_000 });
    await until('it lives', async () => (await beats().presence()).live.length === 1);
    const seen = (await beats().presence()).seen.worker ?? 0;
    await until('it was seen later', async () => ((await beats().presence()).seen.worker ?? 0) > seen);
    await beating.stop();
    expect((await beats().presence()).live).toEqual([]);
  });

  test('does not live on because the clock of Redis went back', async () => {
    const { now } = await beats().presence();
    await server.redis.zadd(key('living'), now + HOUR_MS, JSON.stringify(WORKER));
    await server.redis.hset(key('lastSeen'), 'worker', now + HOUR_MS);
    const { live, seen } = await beats().presence();
    expect(live).toEqual([]);
    expect(seen.worker).toBeLessThan(now + 60_000);
    expect(Number(await server.redis.hget(key('lastSeen'), 'worker'))).toBeLessThan(now + 60_000);
  });
});

describe('the oldest row that could be sent', () => {
  const waitingSince = async () => (await beats().presence()).waitingSince;

  test('waits since its sheet was loaded, also when it was handed out, and no longer when it was sent', async () => {
    const book = openBook(server.redis);
    expect(await waitingSince()).toBeUndefined();
    await book.load('b1', [merchant(1)]);
    await server.redis.hset(key('batch', 'b1'), 'loadedAt', 1_000);
    await book.load('b2', [merchant(2)]);
    expect(await waitingSince()).toBe(1_000);
    await server.redis.lpop(key('ready', 'submit'));
    await server.redis.zadd(key('window', 'submit'), Date.now(), `${idOf(merchant(1))}-5.1-0`);
    expect(await waitingSince()).toBe(1_000);
    await book.send(idOf(merchant(1)));
    await server.redis.del(key('window', 'submit'));
    expect(await waitingSince()).toBeGreaterThan(1_000);
  });

  test('is none that was cancelled, or that is due later', async () => {
    const book = openBook(server.redis);
    await book.load(
      'b1',
      Array.from({ length: 100 }, (_, at) => merchant(at + 1)),
    );
    await server.redis.hset(key('batch', 'b1'), 'loadedAt', 1_000);
    for (let at = 1; at <= 100; at += 1) await book.record(idOf(merchant(at)), 'cancel_asked');
    expect(await waitingSince()).toBeUndefined();
    // Behind a hundred that were cancelled.
    await book.load('b2', [merchant(101)]);
    await server.redis.hset(key('batch', 'b2'), 'loadedAt', 2_000);
    expect(await waitingSince()).toBe(2_000);
    await server.redis.del(key('ready', 'submit'));
    await server.redis.zadd(key('scheduled', 'submit'), Date.now() + HOUR_MS, idOf(merchant(101)));
    expect(await waitingSince()).toBeUndefined();
  });
});

test('the last call and the last push are known by the clock of Redis', async () => {
  expect(await beats().presence()).toEqual({ now: expect.any(Number), live: [], seen: {} });
  await sendOne();
  await keepTicket(server.redis, 'a ticket', 1, 1);
  const { now, callAt = 0, pushAt = 0 } = await beats().presence();
  expect(now - callAt).toBeLessThan(10_000);
  expect(now - pushAt).toBeLessThan(10_000);
});

describe('a time without a receiver', () => {
  test('is noted when the next receiver lives, if registrations waited for their pushes', async () => {
    await sendOne();
    const from = await lastSeen(HOUR_MS);
    await beats().beat(RECEIVER, LIVES_MS);
    const outage = await beats().outage();
    expect(outage).toMatchObject({ from });
    expect((outage?.to ?? 0) - from).toBeGreaterThanOrEqual(HOUR_MS);
    // The next beat is none of a receiver that comes back.
    await beats().beat(RECEIVER, LIVES_MS);
    expect(await beats().outage()).toEqual(outage);
  });

  test('is no outage while nothing waited, when it was short, or before the first receiver ever', async () => {
    await lastSeen(HOUR_MS);
    await beats().beat(RECEIVER, LIVES_MS);
    expect(await beats().outage()).toBeUndefined();

    await sendOne();
    await lastSeen(AWAY_MS - 1_000);
    await beats().beat(RECEIVER, LIVES_MS);
    expect(await beats().outage()).toBeUndefined();

    await server.redis.del(key('receiver'));
    await beats().beat(RECEIVER, LIVES_MS);
    expect(await beats().outage()).toBeUndefined();
  });

  test('for which missed pushes were not looked for yet continues with the next one, and ends when they were', async () => {
    await sendOne();
    const from = await lastSeen(3 * HOUR_MS);
    await beats().beat(RECEIVER, LIVES_MS);
    const first = await beats().outage();
    await lastSeen(HOUR_MS);
    await beats().beat(RECEIVER, LIVES_MS);
    const both = await beats().outage();
    expect(both).toMatchObject({ from });
    if (first === undefined || both === undefined) throw new Error('there was an outage');
    // A comparison that began before the second one does not know of it.
    await beats().endOutage({ ...first, to: first.to - 1 });
    expect(await beats().outage()).toEqual(both);
    await beats().endOutage(both);
    expect(await beats().outage()).toBeUndefined();
  });

  test('is noted once although the command was sent twice', async () => {
    await sendOne();
    const from = await lastSeen(HOUR_MS);
    await openHeartbeats(losingAnswers(server.redis)).beat(RECEIVER, LIVES_MS);
    expect(await beats().outage()).toMatchObject({ from });
  });
});

describe('the comparison with the list of accounts', () => {
  let one: ReturnType<typeof openReconciliations>;
  let other: ReturnType<typeof openReconciliations>;
  beforeEach(() => {
    one = openReconciliations(server.redis);
    other = openReconciliations(server.redis);
  });

  test('is one process’s at a time', async () => {
    expect(await one.acquire()).toBe(true);
    expect(await other.acquire()).toBe(false);
    expect(await one.acquire()).toBe(true);
    await other.release();
    expect(await other.acquire()).toBe(false);
    await one.release();
    expect(await other.acquire()).toBe(true);
  });

  test('is known to all by the night that it was of, and by how it ended', async () => {
    const comparison = { at: 5, silent: 3, recorded: 1, tokens: 0, ambiguous: 1, refused: '' };
    expect(await one.state()).toEqual({ night: undefined, notBefore: 0 });
    expect(await other.last()).toBeUndefined();
    await one.tryAgainAt(7, { ...comparison, refused: '45009' });
    expect(await other.state()).toEqual({ night: undefined, notBefore: 7 });
    expect(await other.last()).toMatchObject({ refused: '45009' });
    await one.ended(comparison, '2026-11-21');
    expect(await other.state()).toEqual({ night: '2026-11-21', notBefore: 0 });
    expect(await other.last()).toEqual(comparison);
  });
});
