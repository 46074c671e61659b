import { beforeEach, describe, expect, test } from 'vitest';
import { openHeartbeats } from '../../src/redis/heartbeat.js';
import { key } from '../../src/redis/keys.js';
import { openReconciliations } from '../../src/redis/reconciliations.js';
import { idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { losingAnswers, useRedis } from '../support/redis.js';

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

describe('a time without a receiver', () => {
  const beats = () => openHeartbeats(server.redis);

  test('is noted when the next one lives, if registrations waited for their pushes', async () => {
    await sendOne();
    const from = await lastSeen(HOUR_MS);
    await beats().beat();
    const outage = await beats().outage();
    expect(outage).toMatchObject({ from });
    expect((outage?.to ?? 0) - from).toBeGreaterThanOrEqual(HOUR_MS);
    // The next beat is none of a receiver that comes back.
    await beats().beat();
    expect(await beats().outage()).toEqual(outage);
  });

  test('is no outage while nothing waited, when it was short, or before the first receiver ever', async () => {
    await lastSeen(HOUR_MS);
    await beats().beat();
    expect(await beats().outage()).toBeUndefined();

    await sendOne();
    await lastSeen(AWAY_MS - 1_000);
    await beats().beat();
    expect(await beats().outage()).toBeUndefined();

    await server.redis.del(key('receiver'));
    await beats().beat();
    expect(await beats().outage()).toBeUndefined();
  });

  test('that nobody has made up for yet goes on with the next one, and ends when it was', async () => {
    await sendOne();
    const from = await lastSeen(3 * HOUR_MS);
    await beats().beat();
    const first = await beats().outage();
    await lastSeen(HOUR_MS);
    await beats().beat();
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
    await openHeartbeats(losingAnswers(server.redis)).beat();
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
    expect(await one.hold()).toBe(true);
    expect(await other.hold()).toBe(false);
    expect(await one.hold()).toBe(true);
    await other.release();
    expect(await other.hold()).toBe(false);
    await one.release();
    expect(await other.hold()).toBe(true);
  });

  test('is known to all by the night that it was of, and by how it ended', async () => {
    const comparison = { at: 5, silent: 3, recorded: 1, tokens: 0, ambiguous: 1, refused: '' };
    expect(await one.state()).toEqual({ night: undefined, notBefore: 0 });
    await one.tryAgainAt(7);
    expect(await other.state()).toEqual({ night: undefined, notBefore: 7 });
    expect(await other.last()).toBeUndefined();
    await one.ended(comparison, '2026-11-21');
    expect(await other.state()).toEqual({ night: '2026-11-21', notBefore: 0 });
    expect(await other.last()).toEqual(comparison);
  });
});
