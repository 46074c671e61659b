import { expect, test } from 'vitest';
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
  await frozen.release();
  expect(await successor?.renew()).toBe(true);
  expect((await nights.list())[0]?.ending).toBe('done');
});
