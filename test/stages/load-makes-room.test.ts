/** A large load beside pushes and calls: they come first. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { rulesOf } from '../../src/app/wiring/registration-api.js';
import { readSettings } from '../../src/config.js';
import { ROWS_PER_PAGE } from '../../src/domain/batch.js';
import { load } from '../../src/producer/load.js';
import { openSheet } from '../../src/producer/sheets/sheet.js';
import { key } from '../../src/redis/keys.js';
import type { RowsToAccept } from '../../src/redis/ledger/rows-to-accept.js';
import { isTraffic } from '../../src/redis/ledger/traffic.js';
import { identify, openBook } from '../support/ledger.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';
import { until } from '../support/until.js';

const db = useRedis();
const folder = mkdtempSync(join(tmpdir(), 'fr-room-'));
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ['nothing', async () => {}, false],
  ['a push just now', async (now: number) => db.redis.hset(key('lastSeen'), 'push', now - 10), true],
  ['a call just now', async (now: number) => db.redis.lpush(key('recent'), `${now * 1000} abc`), true],
  ['a push a while ago', async (now: number) => db.redis.hset(key('lastSeen'), 'push', now - 5_000), false],
  ['a push in the future', async (now: number) => db.redis.hset(key('lastSeen'), 'push', now + 60_000), false],
])('%s: traffic or none', async (_, happen, expected) => {
  const look = async (): Promise<boolean> => {
    const [seconds, microseconds] = await db.redis.time();
    await happen(Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000));
    return isTraffic(db.redis);
  };
  // On a machine that stands still for a second, a push just now is one of a while ago.
  if (expected) await until('there is traffic', look);
  else expect(await look()).toBe(false);
});

test('while there is traffic, a load asks for it every few pages, and has no page under way when it goes on', async () => {
  const { batches } = openBook(db.redis);
  const rows = 10 * ROWS_PER_PAGE;
  const file = join(folder, 'm.csv');
  writeFileSync(file, sheetOf(Array.from({ length: rows }, (_, at) => merchant(at))));
  let underWay = 0;
  let asked = false;
  const underWayAfterwards: number[] = [];
  const watched: typeof batches = {
    ...batches,
    async accept(...args) {
      if (asked) underWayAfterwards.push(underWay);
      asked = false;
      underWay += 1;
      try {
        return await batches.accept(...args);
      } finally {
        underWay -= 1;
      }
    },
    async isTraffic() {
      asked = true;
      return true;
    },
  };
  const rules = rulesOf(readSettings({ env: {} }), true, identify);
  const { counts } = await load(await openSheet(file), file, { batches: watched, rules, now: Date.now, canaries: 0 });
  expect(counts).toEqual({ queued: rows });
  expect(underWayAfterwards).toHaveLength(2);
  // The first answer is followed at the second look.
  expect(underWayAfterwards[1]).toBe(0);
});

test('the memory of a page is free once Redis has the page, and not while the page may be sent again', async () => {
  const { batches } = openBook(db.redis);
  const rows = 4 * ROWS_PER_PAGE;
  const file = join(folder, 'freed.csv');
  writeFileSync(file, sheetOf(Array.from({ length: rows }, (_, at) => merchant(at))));
  const pages = new Map<number, RowsToAccept>();
  const bytesSent: (readonly [index: number, bytes: number])[] = [];
  let isLost = false;
  const watched: typeof batches = {
    ...batches,
    async accept(batch, index, page, rules) {
      const given = page as RowsToAccept;
      pages.set(index, given);
      bytesSent.push([index, given.packed.length]);
      // The answer is that of a ledger to which the page before has not come.
      const isOvertaking = index === 2 * ROWS_PER_PAGE && !isLost;
      if (isOvertaking) isLost = true;
      return isOvertaking ? ROWS_PER_PAGE : batches.accept(batch, index, page, rules);
    },
  };
  const rules = rulesOf(readSettings({ env: {} }), true, identify);
  await load(await openSheet(file), file, { batches: watched, rules, now: Date.now, canaries: 0 });
  // The page behind the one that is sent again may be under way then, and be sent again as well.
  const sent = bytesSent.map(([index]) => index / ROWS_PER_PAGE).filter((page) => page !== 3);
  expect(sent.sort()).toEqual([0, 1, 2, 2]);
  for (const [, bytes] of bytesSent) expect(bytes).toBeGreaterThan(10_000);
  expect([...pages.values()].map(({ packed, digests }) => [packed.length, digests.length])).toEqual(
    Array(4).fill([0, 0]),
  );
  expect(await batches.counts((await batches.list())[0] ?? '')).toEqual({ queued: rows });
});
