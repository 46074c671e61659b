/** A registration without a fact is a string in Redis, and a hash from its first fact on: nothing that is read tells them apart. */
import { beforeEach, expect, test } from 'vitest';
import type { Batch } from '../../src/domain/batch.js';
import { newRegistration } from '../../src/domain/registration.js';
import { key } from '../../src/redis/keys.js';
import { openPurging } from '../../src/redis/ledger/purging.js';
import { ACCEPT_RULES, acceptedRow, type Book, idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();
let book: Book;
beforeEach(() => {
  book = openBook(server.redis);
});

const [one, two, three] = [merchant(1), merchant(2), merchant(3)];
const id = idOf(one);
const typeOf = (registration: string): Promise<string> => server.redis.type(key('registration', registration));
const relationsOf = async (batch: string) => (await book.rows(batch)).map(({ relation }) => relation);

async function found(batch: string): Promise<Batch> {
  return (await book.batches.find(batch)) as Batch;
}

test('its first fact makes it a hash, which keeps its row', async () => {
  await book.load('b1', [one]);
  expect([await typeOf(id), await book.registration(id)]).toEqual(['string', newRegistration(id, 'b1/0')]);
  // In the place of its address: of a million registrations 32 MB less.
  expect(await server.redis.object('ENCODING', key('registration', id))).toBe('int');
  await book.send(id);
  expect(await typeOf(id)).toBe('hash');
  expect(await book.registration(id)).toMatchObject({ row: 'b1/0', state: 'awaiting_legal_person', attempt: 1 });
});

test('the registrations of a page are made together, also beside rows that our checks refused', async () => {
  await book.load('b1', [one, undefined, two]);
  expect(await relationsOf('b1')).toEqual([
    { kind: 'registered', id },
    { kind: 'refused' },
    { kind: 'registered', id: idOf(two) },
  ]);
  expect(await server.redis.lrange(key('ready', 'submit'), 0, -1)).toEqual([id, idOf(two)]);
  expect(await book.batches.counts('b1')).toEqual({ queued: 2, invalid: 1 });
  expect(await book.workload.states()).toEqual({ queued: 2 });
});

test('none is made twice: not by a page that names an enterprise twice, nor by one that names a known one', async () => {
  await book.load('b1', [one, two, one]);
  expect(await relationsOf('b1')).toEqual([
    { kind: 'registered', id },
    { kind: 'registered', id: idOf(two) },
    { kind: 'duplicate', id, firstIndex: 0 },
  ]);
  await book.load('b2', [three, one]);
  expect((await book.registration(id)).row).toBe('b1/0');
  expect((await book.registration(id)).joinedRows).toEqual(['b2/1']);
  expect((await book.registration(idOf(three))).row).toBe('b2/0');
  expect(await book.workload.states()).toEqual({ queued: 3 });
  for (const batch of ['b1', 'b2']) expect(await book.batches.counts(batch)).toEqual(await book.recount(batch));
});

test('the same page again changes nothing', async () => {
  const batch = await book.open('b1');
  const rows = [one, two].map(acceptedRow);
  for (const time of ['first', 'again']) {
    expect([time, await book.batches.accept(batch, 0, rows, ACCEPT_RULES)]).toEqual([time, 2]);
  }
  expect(await server.redis.lrange(key('ready', 'submit'), 0, -1)).toEqual([id, idOf(two)]);
});

test('a page that is there in part makes the registrations of its other rows only', async () => {
  const batch = await book.open('b1');
  await book.batches.accept(batch, 0, [acceptedRow(one, 0)], ACCEPT_RULES);
  await server.redis.del(key('registration', id));
  await book.batches.accept(batch, 0, [one, two].map(acceptedRow), ACCEPT_RULES);
  expect([await typeOf(id), await typeOf(idOf(two))]).toEqual(['none', 'string']);
});

test('a page of the report has rows with a fact and without', async () => {
  await book.load('b1', [one, two, undefined, three]);
  await book.send(idOf(two));
  const rows = await book.rows('b1');
  expect(rows.map(({ registration }) => registration?.state)).toEqual([
    'queued',
    'awaiting_legal_person',
    undefined,
    'queued',
  ]);
});

/** Redis forgot a registration that other rows name, and a sheet brought it back. */
async function madeAnew(): Promise<void> {
  await book.load('b1', [one]);
  await book.send(id);
  await book.load('b2', [{ ...one, legalPersonaName: '另一人' }]);
  expect(await relationsOf('b2')).toEqual([{ kind: 'waits', id }]);
  await server.redis.del(key('registration', id), key('history', id));
  await book.load('b3', [one]);
  expect(await typeOf(id)).toBe('string');
}

test('rows that name it from before it was made anew can be read, and purged', async () => {
  await madeAnew();
  expect(await relationsOf('b2')).toEqual([{ kind: 'waits', id }]);
  expect(await relationsOf('b1')).toEqual([{ kind: 'registered', id }]);
  for (const name of ['b1', 'b2']) {
    const batch = await found(name);
    expect(await openPurging(server.redis).lastOutcome(batch)).toBe(0);
    expect(await openPurging(server.redis).purgeBatch(batch, 0)).toEqual({ registrations: 0, isWhole: true });
  }
  expect(await book.registration(id)).toEqual(newRegistration(id, 'b3/0'));
});

test('one that waits to be sent is not purged', async () => {
  await book.load('b1', [one]);
  const purged = await openPurging(server.redis).purgeBatch(await found('b1'), 0);
  expect(purged).toEqual({ registrations: 0, isWhole: false });
  expect(await book.registration(id)).toEqual(newRegistration(id, 'b1/0'));
  expect(await found('b1')).not.toHaveProperty('purgedAt');
});

test('what other rows and waits of it are read for is found in both', async () => {
  await book.load('b1', [one, two]);
  await book.send(id);
  await book.record(id, 'mini_program_created', { appid: 'wx1' });
  expect(await book.batches.leaders([id, idOf(two), idOf(three)])).toEqual(
    new Map([
      [id, { row: 'b1/0', isCreated: true, appid: 'wx1' }],
      [idOf(two), { row: 'b1/1', isCreated: false }],
    ]),
  );
  await server.redis.zadd(key('scheduled', 'submit'), 1, idOf(two));
  expect(await book.workload.dueNext(5)).toEqual([{ wait: undefined, until: 1 }]);
});
