/** Whom to contact, where a sheet of wrong rows would have a million people phoned. */

import type { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import type { Batch } from '../../src/domain/batch.js';
import { openNotes } from '../../src/redis/ledger/notes.js';
import { rowsNamedAmong } from '../../src/redis/ledger/row-index.js';
import { type CorrectedLater, openCorrectedLater } from '../../src/reporter/corrected-later.js';
import { type TodoOptions, todosOf } from '../../src/reporter/todo.js';
import { identify, idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();

/** As a store has it. */
function correctedLaterOf(redis: Redis): CorrectedLater {
  const { ledger, batches } = openBook(redis);
  const rowsAmong = (batch: Batch, names: ReadonlySet<string>) => rowsNamedAmong(redis, batch, names);
  return openCorrectedLater({ ledger, batches, identify, rowsNamedAmong: rowsAmong });
}

const HOUR_MS = 3_600_000;

function options(most?: number): TodoOptions {
  const notesOf = openNotes(server.redis);
  const correctedLater = correctedLaterOf(server.redis);
  return {
    language: 'en',
    timezone: 'Asia/Shanghai',
    now: Date.now(),
    notesOf,
    correctedLater,
    most,
  };
}

test('of more than are wanted the most urgent stay, whatever their order in the sheets', async () => {
  const { load, take, send, record, batches } = openBook(server.redis);
  const many = Array.from({ length: 9 }, (_, number) => merchant(number));
  await load('b1', many);
  // Those that failed, each an hour earlier than the one before; the last one can still confirm.
  for (const [number, one] of many.slice(0, 8).entries()) {
    await take(idOf(one));
    await record(idOf(one), 'create_refused', { at: Date.now() - number * HOUR_MS, problem: 'create:61070' });
  }
  await send(idOf(merchant(8)));
  const all = await todosOf(batches, options());
  expect(all.map(({ merchant }) => merchant)).toEqual([many[8], ...many.slice(0, 8)].map((one) => one?.name));
  const some = await todosOf(batches, options(3));
  expect(some).toEqual(all.slice(0, 3));
  // A cell of a sheet may have 32,767 characters.
  expect(Object.keys(some[0]?.row ?? {})).not.toContain('cells');
});

test('a merchant whose row our checks refused is listed until a newer sheet has it again, by the newest row', async () => {
  const { load, batches } = openBook(server.redis);
  const listed = async () => (await todosOf(batches, options())).map(({ row }) => row.batch);
  await load('b0', [merchant(1, 'ok', { name: 'X' })]);
  // Refused, and named x.
  await load('b1', [undefined]);
  expect(await listed()).toEqual(['b1']);
  await load('b2', [merchant(2), undefined]);
  expect(await listed()).toEqual(['b2']);
  await load('b3', [merchant(3, 'ok', { name: ' Ｘ' })]);
  expect(await listed()).toEqual([]);
});

test('a row without a name was corrected when a newer sheet has registered its code', async () => {
  const { load } = openBook(server.redis);
  const isCorrected = correctedLaterOf(server.redis);
  const row = { batch: 'b1', name: ' ', code: merchant(1).code.toLowerCase() };
  await load('b0', [merchant(1)]);
  await load('b1', [undefined]);
  expect(await isCorrected([row])).toEqual(new Set());
  expect(await isCorrected([{ ...row, batch: 'b0' }])).toEqual(new Set());
  await load('b2', [merchant(2)]);
  expect(await isCorrected([row, { ...row, code: merchant(2).code }, { ...row, code: '' }])).toEqual(
    new Set([{ ...row, code: merchant(2).code }]),
  );
});
