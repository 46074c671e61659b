import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { nightToolsOf } from '../../src/app/wiring/nights.js';
import { reportAgain, runNight } from '../../src/nights/night.js';
import { openPurging } from '../../src/redis/ledger/purging.js';
import { openNights } from '../../src/redis/nights.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { openOffice } from '../support/nights.js';
import { rehearse } from '../support/rehearsal.js';

const DAY_MS = 86_400_000;
const [ONE, TWO] = [merchant(1), merchant(2)];

/** A night that has ended with one created and one expired row. */
async function endedNight() {
  const rehearsal = await rehearse();
  const office = openOffice(rehearsal);
  const { book, store, idOf } = rehearsal;
  const tools = { ...nightToolsOf(store, store.redis), now: () => office.now };
  const id = idOf(TWO);
  office.put('a.csv', sheetOf([ONE, TWO]));
  const { signal } = new AbortController();
  const settle = async (): Promise<'done'> => {
    for (const it of [idOf(ONE), id]) await book.send(it);
    await book.record(idOf(ONE), 'mini_program_created', { appid: 'wx1' });
    await book.record(id, 'legal_person_timed_out', { problem: 'push:100003' });
    return 'done';
  };
  const night = await runNight(tools, office.schedule(), settle, signal);
  if (night === undefined) throw new Error('the night did not run');
  const path = night.files[0]?.report ?? '';
  expect(readFileSync(path, 'utf8')).toContain('"expired","push:100003"');
  return {
    office,
    book,
    redis: store.redis,
    night,
    id,
    path,
    sendAgain: async () => {
      await book.record(id, 'retry_asked');
      await book.send(id);
    },
    /** As a process that serves does it every minute. */
    look: (batches = tools.batches) => reportAgain({ ...tools, batches }, signal),
  };
}

test('a row that is sent again in the morning is in the report, the summary and on /nights', async () => {
  const { office, book, night, id, path, sendAgain, look } = await endedNight();
  expect(office.summary(night)).toMatchObject({ outcomes: { created: 1, expired: 1 }, to_call_count: 1 });

  await sendAgain();
  await look();
  expect(office.summary(night)).toMatchObject({ outcomes: { created: 1, pending: 1 }, to_call_count: 0 });
  expect(await office.nights()).toMatchObject([{ open: true, toCall: 0 }]);
  await book.record(id, 'mini_program_created', { appid: 'wx2' });
  await look();
  expect(readFileSync(path, 'utf8')).toContain('"wx2"');
  expect(office.summary(night)).toMatchObject({ outcomes: { created: 2 }, ending: 'done', to_call_count: 0 });
  expect(await office.nights()).toMatchObject([{ open: false, toCall: 0 }]);
});

test('a row that fails again, with another reason and the same counts, is in the reports that the next night of cron writes', async () => {
  const { office, book, id, path, sendAgain } = await endedNight();
  await sendAgain();
  await book.record(id, 'legal_person_timed_out', { problem: 'push:101' });
  await office.run();
  expect(readFileSync(path, 'utf8')).toContain('"expired","push:101"');
});

test('a merchant that a newer sheet has registered since is not among those to call', async () => {
  const { office, book, night, id, look } = await endedNight();
  await book.load('b2', [{ ...TWO, legalPersonaWechat: 'weixin_right' }]);
  await book.send(id);
  await look();
  expect(office.summary(night)).toMatchObject({ to_call_count: 0 });
});

test('a report of an older version is not written over', async () => {
  const { redis, night, path, look } = await endedNight();
  const nights = openNights(redis);
  const lease = await nights.acquire(night.inbox);
  if (lease === undefined) throw new Error('the inbox is free');
  await nights.save({ ...night, seen: undefined, reported: 'of an older version' }, lease);
  await lease.release();
  writeFileSync(path, 'corrected');
  await look();
  expect(readFileSync(path, 'utf8')).toBe('corrected');
});

test('a note writes no report again, and a look at nights that have not changed asks for nothing but that', async () => {
  const { book, night, id, path, look } = await endedNight();
  // As if a clerk had corrected the report where it lies.
  writeFileSync(path, 'corrected');
  await book.record(id, 'noted', { note: 'phoned', who: 'wang' });
  await look();
  expect(readFileSync(path, 'utf8')).toBe('corrected');

  const { batches } = book;
  const [lastChanges, others] = [vi.fn(batches.lastChanges), vi.fn()];
  await look({ ...batches, lastChanges, counts: others, find: others });
  expect(lastChanges.mock.calls).toEqual([[[night.files[0]?.batch]]]);
  expect(others).not.toHaveBeenCalled();
});

test('reports outlive the purge of their merchants, and are left as they are after 30 days', async () => {
  const { office, book, redis, night, id, path, sendAgain, look } = await endedNight();
  const report = readFileSync(path, 'utf8');
  office.now += 30 * DAY_MS;
  await sendAgain();
  await book.record(id, 'mini_program_created', { appid: 'wx2' });
  await look();
  expect(readFileSync(path, 'utf8')).toBe(report);

  office.now -= 30 * DAY_MS;
  const batch = await book.batches.find(night.files[0]?.batch ?? '');
  if (batch === undefined) throw new Error('the batch is gone');
  const killed = vi.spyOn(redis, 'multi').mockImplementationOnce(() => {
    throw new Error('killed');
  });
  await expect(openPurging(redis).purgeBatch(batch, Date.now())).rejects.toThrow('killed');
  killed.mockRestore();
  await look();
  await openPurging(redis).purgeBatch(batch, Date.now());
  await look();
  expect(office.summary(night)).toMatchObject({ outcomes: { created: 1, expired: 1 } });
  expect(readFileSync(path, 'utf8')).toBe(report);
});
