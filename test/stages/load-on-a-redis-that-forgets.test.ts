/** Redis loses its last second while a sheet is loaded: what it has afterwards is what it had at an earlier moment. */
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
import type { Batches } from '../../src/redis/ledger/batches.js';
import { identify, openBook } from '../support/ledger.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const db = useRedis();
const folder = mkdtempSync(join(tmpdir(), 'fr-forgets-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ROWS = ROWS_PER_PAGE + 100;
const file = join(folder, 'm.csv');
writeFileSync(file, sheetOf(Array.from({ length: ROWS }, (_, at) => merchant(at))));
const rules = rulesOf(readSettings({ env: {} }), true, identify);

/** Answers how Redis is set back to what it has now. */
async function remembered(): Promise<() => Promise<void>> {
  const names = await db.redis.keys('*');
  const dumps = await Promise.all(names.map((name) => db.redis.dumpBuffer(name)));
  return async () => {
    await db.redis.flushdb();
    await Promise.all(names.map((name, at) => db.redis.restore(name, 0, dumps[at] as Buffer)));
  };
}

/** `happens` once, at its first call. */
function once(happens: () => Promise<void>): () => Promise<void> {
  let first: Promise<void> | undefined;
  return () => {
    first ??= happens();
    return first;
  };
}

async function everyRowIsThere(batches: Batches): Promise<void> {
  const [id = ''] = await batches.list();
  expect(await batches.find(id)).toMatchObject({ rows: ROWS, complete: true, file: 'm.csv' });
  expect(await batches.counts(id)).toEqual({ queued: ROWS });
  expect(new Set(await db.redis.lrange(key('ready', 'submit'), 0, -1)).size).toBe(ROWS);
  const { ledger } = openBook(db.redis);
  const last = await ledger.read(identify(merchant(ROWS - 1).code));
  expect(last?.row?.merchant?.name).toBe(merchant(ROWS - 1).name);
}

test('the batch is lost before its first rows are accepted', async () => {
  const { batches } = openBook(db.redis);
  const forget = once(await remembered());
  const answers: number[] = [];
  const forgetful: Batches = {
    ...batches,
    async accept(...args) {
      await forget();
      const rows = await batches.accept(...args);
      answers.push(rows);
      return rows;
    },
  };
  await load(await openSheet(file), file, { batches: forgetful, rules, now: Date.now, canaries: 0 });
  expect(answers[0]).toBe(-1);
  await everyRowIsThere(batches);
});

test('rows that were accepted are lost before the batch is complete', async () => {
  const { batches } = openBook(db.redis);
  let forget: (() => Promise<void>) | undefined;
  let accepted = Promise.resolve(0);
  const forgetful: Batches = {
    ...batches,
    accept(...args) {
      // One page after the other, so that Redis can be set back to where it had the first.
      accepted = accepted.then(async () => {
        if (args[1] === ROWS_PER_PAGE) forget ??= once(await remembered());
        return batches.accept(...args);
      });
      return accepted;
    },
    async complete(...args) {
      await forget?.();
      return batches.complete(...args);
    },
  };
  await load(await openSheet(file), file, { batches: forgetful, rules, now: Date.now, canaries: 0 });
  await everyRowIsThere(batches);
});

test('a Redis that loses rows again and again ends the load with an error', async () => {
  const { batches } = openBook(db.redis);
  const forgetful: Batches = {
    ...batches,
    async accept(...args) {
      await db.redis.flushdb();
      return batches.accept(...args);
    },
  };
  const loading = load(await openSheet(file), file, { batches: forgetful, rules, now: Date.now, canaries: 0 });
  await expect(loading).rejects.toThrow(/has 0 rows where/);
  expect(await db.redis.keys(key('rows', '*'))).toEqual([]);
});
