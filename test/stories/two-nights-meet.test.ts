import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { runNightNow } from '../../src/app/run-night.js';
import type { SendEvents } from '../../src/app/send-and-listen.js';
import { key } from '../../src/redis/keys.js';
import { openNights } from '../../src/redis/nights.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { openOffice } from '../support/nights.js';
import { rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

test('two processes serve, one of them has the night, and each file is taken once', async () => {
  const rehearsal = await rehearse();
  await rehearsal.start();
  const office = openOffice(rehearsal);
  const nights = openNights(rehearsal.store.redis);
  await nights.add(office.schedule());
  for (let number = 1; number <= 5; number += 1) office.put(`${number}.csv`, sheetOf([merchant(number)]));

  const keepers = await Promise.all([office.keep(), office.keep()]);
  await until('the night has ended', async () => (await office.nights()).some(({ ending }) => ending === 'done'));
  for (const keeper of keepers) keeper.nudge();
  await Promise.all(keepers.map((keeper) => keeper.close()));

  const [night, ...others] = await office.nights();
  expect(others).toEqual([]);
  expect(night?.files.map(({ name }) => name)).toEqual(['1.csv', '2.csv', '3.csv', '4.csv', '5.csv']);
  expect((await rehearsal.store.batches.list()).length).toBe(5);
});

test('a person who runs a night by hand while another is under way is refused', async () => {
  const rehearsal = await rehearse();
  await rehearsal.start();
  const office = openOffice(rehearsal);
  const nights = openNights(rehearsal.store.redis);
  const hold = await nights.acquire(office.inbox);
  office.put('a.csv', sheetOf([merchant(1)]));
  expect(await office.run()).toBeUndefined();
  await hold?.release();
  expect((await office.run())?.files.length).toBe(1);
});

test('a night that a person asks for while another has the inbox runs when that one has ended', async () => {
  const rehearsal = await rehearse();
  await rehearsal.start();
  const office = openOffice(rehearsal);
  const nights = openNights(rehearsal.store.redis);
  await nights.add(office.schedule({ addedAt: office.now }));
  office.put('a.csv', sheetOf([merchant(1)]));
  const hold = await nights.acquire(office.inbox);
  await nights.ask('nightly', office.now);
  const keeper = await office.keep();
  await until('it is asked for as before', async () => {
    const asked = await nights.asked();
    return asked.nightly !== undefined && (await rehearsal.store.redis.exists(key('nightsAsked'))) === 1;
  });
  expect(await office.nights()).toEqual([]);
  await hold?.release();
  await until('it has run', async () => {
    keeper.nudge();
    return (await office.nights()).some(({ ending, files }) => ending === 'done' && files.length === 1);
  });
  expect(await nights.asked()).toEqual({});
});

test('a night by cron waits while another process has the inbox for a moment, and gives way to one that keeps it', async () => {
  const rehearsal = await rehearse();
  const office = openOffice(rehearsal);
  const hold = await openNights(rehearsal.store.redis).acquire(office.inbox);
  const plan = { inbox: office.inbox, timezone: 'Asia/Shanghai', language: 'en', until: 'submitted' } as const;
  const { signal } = new AbortController();
  const events = () => ({}) as SendEvents;
  expect(await runNightNow(rehearsal.store, plan, signal, events, 0)).toBeUndefined();

  const waits = vi.spyOn(signal, 'addEventListener');
  const running = runNightNow(rehearsal.store, plan, signal, events);
  await until('it waits', () => waits.mock.calls.length > 0);
  await hold?.release();
  expect((await running)?.night).toMatchObject({ ending: 'done', inbox: office.inbox });
});

test('a file that is replaced while it is loaded is left to the next night, which loads it', async () => {
  const rehearsal = await rehearse();
  await rehearsal.start();
  const office = openOffice(rehearsal);
  office.put('a.csv', sheetOf([merchant(1)]));
  const { batches } = rehearsal.store;
  const complete: typeof batches.complete = async (...args) => {
    // As rsync, and every spreadsheet program, does it.
    office.put('.a.csv.new', sheetOf([merchant(2)]));
    renameSync(join(office.inbox, '.a.csv.new'), join(office.inbox, 'a.csv'));
    return batches.complete(...args);
  };
  const first = await office.run({}, { batches: { ...batches, complete } });
  expect(first?.files.map(({ moved }) => moved)).toEqual([join(office.inbox, 'a.csv')]);
  expect(readFileSync(join(office.inbox, 'a.csv'), 'utf8')).toContain(merchant(2).name);
  office.now += 61_000;
  const second = await office.run();
  expect(second?.files.map(({ moved }) => moved)).toEqual([expect.stringMatching(/done\/[0-9-]+\/a \(2\)\.csv$/)]);
  expect(second?.files[0]?.batch).not.toBe(first?.files[0]?.batch);
});

test('a night that was frozen longer than its lease has lost the inbox, and writes nothing over its successor', async () => {
  const rehearsal = await rehearse();
  await rehearsal.start();
  const office = openOffice(rehearsal);
  const nights = openNights(rehearsal.store.redis);
  const frozen = await nights.acquire(office.inbox);
  const [lease = ''] = await rehearsal.store.redis.keys(key('inbox', '*'));
  // As Redis does when the lease has run out.
  await rehearsal.store.redis.del(lease);

  const night = await office.run();
  const successor = await nights.acquire(office.inbox);
  expect(successor?.fence).toBeGreaterThan(frozen?.fence ?? 0);
  expect(await frozen?.renew()).toBe(false);
  if (night === undefined || frozen === undefined) throw new Error('the night did not run');
  expect(await nights.save({ ...night, ending: 'interrupted' }, frozen)).toBe(false);
  expect(await nights.note(night, { name: 'a.csv', moved: '', why: '' }, frozen)).toBe(false);
  await frozen.release();
  expect(await successor?.renew()).toBe(true);
  expect((await nights.list())[0]?.ending).toBe('done');
});

test('files that a night has taken are known to others before it ends, each once, and after that it holds them itself', async () => {
  const rehearsal = await rehearse();
  const office = openOffice(rehearsal);
  const { redis } = rehearsal.store;
  const nights = openNights(redis);
  const ended = await office.run();
  const lease = await nights.acquire(office.inbox);
  if (lease === undefined || ended === undefined) throw new Error('the inbox is taken');
  const night = { ...ended, id: 'open', ending: undefined, files: [], rejected: [] };
  const file = { name: 'a.csv', batch: 'b1', moved: 'done/a.csv', report: 'done/a.csv.report.csv' };
  const rejected = { name: 'b.csv', moved: 'rejected/b.csv', why: 'no' };

  await nights.save(night, lease);
  // A file is noted before it is moved; and the answer to a note may be lost, and the note sent again.
  for (const taken of [{ ...file, moved: 'planned' }, file, rejected, rejected]) await nights.note(night, taken, lease);
  expect((await nights.list()).find(({ id }) => id === 'open')).toMatchObject({ files: [file], rejected: [rejected] });
  await nights.save({ ...night, files: [file], rejected: [rejected] }, lease);
  expect((await nights.list()).find(({ id }) => id === 'open')).toMatchObject({ files: [file], rejected: [rejected] });
  expect(await redis.exists(key('nightFiles', 'open'))).toBe(0);
});
