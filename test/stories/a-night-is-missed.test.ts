import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isoWithOffset } from '../../src/domain/calendar.js';
import { dueOccurrence, nextOccurrence } from '../../src/nights/occurrences.js';
import { key } from '../../src/redis/keys.js';
import { openNights } from '../../src/redis/nights.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { officeWithSchedule, openOffice } from '../support/nights.js';
import { rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

test('three nights without a process are caught up once, and the next one runs at its hour', async () => {
  const { office, nights, schedule } = await officeWithSchedule();
  const missed = dueOccurrence(schedule, 0, office.now) ?? 0;
  expect(nextOccurrence(schedule, schedule.addedAt)).toBeLessThan(missed - 2 * 86_400_000);
  office.put('first.csv', sheetOf([merchant(1), merchant(2, 'p103')]));

  const keeper = await office.keep();
  const [night] = await until('the missed night has ended', async () => {
    const all = await office.nights();
    return all[0]?.ending === 'done' && all;
  });
  expect(night?.date).toBe(isoWithOffset(missed, schedule.timezone).slice(0, 10));
  expect(await nights.lastOccurrence(schedule.name)).toBe(missed);
  expect(readdirSync(office.inbox)).toEqual(['done']);
  expect(office.read('done', night?.date ?? '', 'first.csv.report.csv')).toContain('"rejected","push:103"');
  expect(night && office.summary(night)).toMatchObject({
    ending: 'done',
    outcomes: { created: 1, rejected: 1 },
    to_call: [{ file: 'first.csv', line: '3', name: merchant(2, 'p103').name }],
  });

  office.put('second.csv', sheetOf([merchant(3)]));
  keeper.nudge();
  await keeper.close();
  expect((await office.nights()).length).toBe(1);

  office.now = nextOccurrence(schedule, office.now);
  await office.keep();
  await until('the next night has ended', async () => (await office.nights())[1]?.ending === 'done');
  expect((await office.nights()).map(({ files }) => files.map(({ name }) => name))).toEqual([
    ['first.csv'],
    ['second.csv'],
  ]);
});

test('a night that is still going on when the next is due ends there, and the next goes on with what it has left', async () => {
  // Nobody sends, so nothing settles.
  const rehearsal = await rehearse();
  const office = openOffice(rehearsal);
  const nights = openNights(rehearsal.store.redis);
  const schedule = office.schedule();
  await nights.add(schedule);
  office.put('first.csv', sheetOf([merchant(1)]));
  await office.keep();
  await until('the file is loaded', async () => (await office.nights())[0]?.files.length === 1);

  office.now = nextOccurrence(schedule, office.now);
  await until('the next night goes on', async () => (await office.nights()).length === 2);
  await rehearsal.start();
  const [first, second] = await until('the next night has ended', async () => {
    const all = await office.nights();
    return all[1]?.ending === 'done' && all;
  });
  expect([first?.ending, second?.files]).toEqual(['next_night', []]);
  expect(office.summary(first as NonNullable<typeof first>).outcomes).toEqual({ created: 1 });
});

test('a night that has run is not due once more where Redis interrupts the removal of its schedule', async () => {
  const rehearsal = await rehearse();
  const { redis } = rehearsal.store;
  const office = openOffice(rehearsal);
  const nights = openNights(redis);
  const schedule = office.schedule();
  await nights.add(schedule);
  await nights.begun(schedule.name, office.now);
  const isLost = (name: string): boolean => name === key('schedules');
  const interrupted = new Proxy(redis, {
    get(target, name) {
      if (name === 'hdel')
        return (of: string, field: string) =>
          isLost(of) ? Promise.reject(new Error('Connection is closed.')) : target.hdel(of, field);
      const value = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  await openNights(interrupted)
    .remove(schedule.name)
    .catch(() => false);
  for (const left of await nights.schedules()) {
    expect(dueOccurrence(left, await nights.lastOccurrence(left.name), office.now)).toBeUndefined();
  }
});
