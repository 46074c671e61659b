/** Whom to contact, where a sheet of wrong rows would have a million people phoned. */
import { expect, test } from 'vitest';
import { openNotes } from '../../src/redis/ledger/notes.js';
import { type TodoOptions, todosOf } from '../../src/reporter/todo.js';
import { idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();
const NO_WORDS = { en: '', zh: '' };
const HOUR_MS = 3_600_000;

function options(most?: number): TodoOptions {
  const notesOf = openNotes(server.redis);
  return { language: 'en', timezone: 'Asia/Shanghai', now: Date.now(), invitation: NO_WORDS, notesOf, most };
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
