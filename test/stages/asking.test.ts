import { expect, test } from 'vitest';
import type { Outcome } from '../../src/domain/registration.js';
import { carryOut, type Survey, survey } from '../../src/operator/survey.js';
import { key } from '../../src/redis/keys.js';
import { troubleOf } from '../../src/reporter/sentences.js';
import { DAY_MS, idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const db = useRedis();
const NOW = Date.now();

async function surveyOf(ask: 'retry' | 'cancel', id: string, only?: readonly Outcome[]): Promise<Survey> {
  const { batches, ledger } = openBook(db.redis);
  const batch = await batches.find(id);
  if (batch === undefined) throw new Error(`there is no batch ${id}`);
  const actsOn = (problem: string | undefined) => troubleOf(problem)?.acts;
  return survey({ batches, ledger, actsOn }, { ask, batch, only: only && new Set(only), now: NOW });
}

function counts(groups: ReadonlyMap<string, { count: number }>): Record<string, number> {
  return Object.fromEntries([...groups].map(([name, { count }]) => [name, count]));
}

/** One merchant of each kind that a night leaves behind. */
async function aNight(): Promise<void> {
  const book = openBook(db.redis);
  await book.load('b1', [...[1, 2, 3, 4, 5, 6, 7].map((number) => merchant(number)), undefined]);
  const [created, expired, refused, soon, hopeless, unknown] = [1, 2, 3, 4, 5, 6].map((it) => idOf(merchant(it)));
  for (const id of [created, expired, refused, soon, hopeless]) await book.send(id ?? '');
  await book.record(created ?? '', 'mini_program_created', { appid: 'wx1' });
  await book.record(expired ?? '', 'legal_person_timed_out', { problem: 'push:100003' });
  await book.record(refused ?? '', 'registration_refused', { problem: 'push:103' });
  await book.record(soon ?? '', 'registration_refused', { problem: 'push:105', until: NOW + 5 * DAY_MS });
  await book.record(hopeless ?? '', 'registration_refused', { problem: 'push:1001' });
  await book.take(unknown ?? '');
  const { sentAt = 0 } = await book.registration(unknown ?? '');
  await book.record(unknown ?? '', 'answer_unknown', { callSentAt: sentAt, problem: 'create:99999' });
}

test('a retry takes what failed, and says of the others why not', async () => {
  await aNight();
  const found = await surveyOf('retry', 'b1');
  expect(found.can.map(({ id }) => id)).toEqual([2, 3, 4].map((number) => idOf(merchant(number))));
  expect(counts(found.mind)).toEqual({ same_details: 1, not_before: 1 });
  expect(counts(found.cannot)).toEqual({ hopeless: 1, unknown_outcome: 1, row_refused: 1 });
  expect(found.cannot.get('row_refused')).toEqual({ count: 1, lines: [9] });
});

test('who names the outcome of a row that has to wait for the registry has it sent at once, and is warned', async () => {
  await aNight();
  const found = await surveyOf('retry', 'b1', ['rejected']);
  expect(counts(found.mind)).toEqual({ same_details: 2, too_early: 1 });
  const book = openBook(db.redis);
  expect(await carryOut(book, found, 'the registry is up to date (li)', () => NOW)).toBe(3);
  expect(await book.registration(idOf(merchant(4)))).toMatchObject({ state: 'queued', until: undefined });
});

test('who had such a row wait can have it sent before its day all the same', async () => {
  await aNight();
  const book = openBook(db.redis);
  await carryOut(book, await surveyOf('retry', 'b1'), 'they were called (li)', () => NOW);
  expect(counts((await surveyOf('retry', 'b1', ['pending'])).mind)).toEqual({ too_early: 1 });
  expect(await carryOut(book, await surveyOf('retry', 'b1', ['pending']), 'now (li)', () => NOW)).toBe(1);
  expect(await book.registration(idOf(merchant(4)))).toMatchObject({ state: 'queued', wait: undefined });
  expect(await db.redis.lrange(key('ready', 'submit'), 0, -1)).toContain(idOf(merchant(4)));
  expect(await book.batches.counts('b1')).toEqual(await book.recount('b1'));
});

test('who names the outcome of a row is believed to know it', async () => {
  await aNight();
  const unknown = await surveyOf('retry', 'b1', ['needs_review']);
  expect([unknown.can.length, counts(unknown.mind)]).toEqual([1, { unknown_outcome: 1 }]);
  const pending = await surveyOf('retry', 'b1', ['pending', 'created']);
  expect([pending.can.length, counts(pending.cannot)]).toEqual([0, { created: 1, not_sent_yet: 1 }]);
});

test('a retried row is sent again, one with a day before which WeChat refuses it on that day, and its history says who asked', async () => {
  await aNight();
  const book = openBook(db.redis);
  const moved = await carryOut(book, await surveyOf('retry', 'b1'), 'they were called (li)', () => NOW);
  expect(moved).toBe(3);
  expect(await book.registration(idOf(merchant(2)))).toMatchObject({ state: 'queued', attempt: 1 });
  expect(await book.registration(idOf(merchant(4)))).toMatchObject({
    state: 'deferred',
    wait: 'not_before',
    until: NOW + 5 * DAY_MS,
  });
  expect((await book.ledger.history(idOf(merchant(2)))).at(-1)).toMatchObject({
    kind: 'retry_asked',
    because: 'they were called (li)',
    to: 'queued',
  });
  expect(await book.batches.counts('b1')).toEqual(await book.recount('b1'));
});

test('a retry that is asked twice is done once', async () => {
  await aNight();
  const book = openBook(db.redis);
  const found = await surveyOf('retry', 'b1');
  expect(await carryOut(book, found, 'first', () => NOW)).toBe(3);
  expect(await carryOut(book, found, 'second', () => NOW)).toBe(0);
});

test('a cancellation withdraws what was not sent, and says when another batch asks for it too', async () => {
  await aNight();
  const book = openBook(db.redis);
  await book.send(idOf(merchant(7)));
  await book.load('b2', [merchant(7), merchant(8), merchant(9)]);
  await book.load('b3', [merchant(9)]);
  const found = await surveyOf('cancel', 'b2');
  expect(counts(found.mind)).toEqual({ other_batches: 1 });
  expect(counts(found.cannot)).toEqual({ under_way: 1 });
  expect(await carryOut(book, found, 'an old sheet (li)', () => NOW)).toBe(2);
  expect(await book.batches.counts('b2')).toEqual({ cancelled: 2, awaiting_legal_person: 1 });
  expect(await book.batches.counts('b3')).toEqual({ cancelled: 1 });
});

test('a batch whose merchant was sent again by a later one has no say in it', async () => {
  await aNight();
  await openBook(db.redis).load('b2', [merchant(2)]);
  expect(counts((await surveyOf('retry', 'b1', ['expired'])).cannot)).toEqual({ later_batch: 1 });
});
