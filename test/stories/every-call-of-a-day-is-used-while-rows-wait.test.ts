import { expect, test } from 'vitest';
import { limitsOf } from '../../src/app/wiring/limits.js';
import { sendingStatus } from '../../src/reporter/sending-status.js';
import { merchant } from '../support/merchants.js';
import { type Rehearsal, rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

const many = Array.from({ length: 14 }, (_, number) => merchant(number));

test('nothing is kept for searches where none falls due: every call of the day is a create', async () => {
  const rehearsal = await rehearse({ settings: { FASTREGISTER_DAILY_CALLS: '10', FASTREGISTER_PUSH_WAIT: '26h' } });
  await rehearsal.book.load('b1', many);
  await rehearsal.start();
  await until('the day is used up', async () => (await today(rehearsal)).left === 0);
  await until('each has its outcome', async () => (await rehearsal.book.batches.counts('b1')).created === 10);
  expect(await rehearsal.book.batches.counts('b1')).toEqual({ created: 10, queued: 4 });
  expect(rehearsal.calls('create')).toEqual({ 0: 10 });
  expect(await today(rehearsal)).toMatchObject({ used: 10, left: 0, kept: 0, blockedReason: { problem: 'quota:day' } });
});

test('the call of a search that falls due before the day ends is kept for it, and no other one', async () => {
  const rehearsal = await rehearse({
    settings: {
      FASTREGISTER_DAILY_CALLS: '10',
      FASTREGISTER_PUSH_WAIT: '6s',
      FASTREGISTER_PUSH_RECHECK: '26h',
      FASTREGISTER_GIVE_UP: '72h',
    },
  });
  const silent = merchant(100, 'p103_lost');
  await rehearsal.book.load('b1', [silent, ...many]);
  await rehearsal.start();
  await until('nine were sent, and one call is kept', async () => {
    const { left, kept } = await today(rehearsal);
    return left === 1 && kept === 1;
  });
  // What is said of the day is what permission is given by.
  expect(await today(rehearsal)).toMatchObject({ used: 9, blockedReason: { problem: 'quota:day' } });
  expect((await today(rehearsal)).blockedReason?.reason.en).toContain('but for 1 that are kept for searches');
  await until('the silent one was searched for', () => rehearsal.calls('search')[89250] === 1);
  expect(await today(rehearsal)).toMatchObject({ used: 10, left: 0, kept: 0 });
  expect([rehearsal.calls('create'), rehearsal.calls('search')]).toEqual([{ 0: 9 }, { 89250: 1 }]);
  expect(await rehearsal.kinds(silent)).toContain('search_sent');
});

function today({ book, store }: Rehearsal) {
  return sendingStatus(book.calls, limitsOf(store.settings), Date.now());
}
