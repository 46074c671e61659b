import { expect, test } from 'vitest';
import { key } from '../../src/redis/keys.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { openOffice } from '../support/nights.js';
import { rehearse } from '../support/rehearsal.js';

test('the night says what stopped it, and the next night goes on with what is left and writes the first report again', async () => {
  const rehearsal = await rehearse({ settings: { FASTREGISTER_DAILY_CALLS: '4' } });
  const office = openOffice(rehearsal);
  office.now = Date.now() + 61_000;
  office.put('six.csv', sheetOf([1, 2, 3, 4, 5, 6].map((number) => merchant(number))));

  const first = await office.run();
  if (first === undefined) throw new Error('the night did not run');
  expect(first.ending).toBe('stopped');
  expect(office.summary(first)).toMatchObject({
    ending: 'stopped',
    outcomes: { created: 4, pending: 2 },
    calls: { used_tonight: 4, limit: 4, left: 0 },
  });
  expect(office.read('done', first.date, `${first.name}.md`)).toContain("today's calls are used up");
  expect(office.read('done', first.date, 'six.csv.report.csv').match(/"pending"/g)?.length).toBe(2);

  // The next quota day has come.
  const days = await rehearsal.store.redis.keys(key('calls', '*'));
  await rehearsal.store.redis.del(...days);
  office.put('seven.csv', sheetOf([merchant(7)]));
  office.now = Date.now() + 61_000;
  const second = await office.run();
  if (second === undefined) throw new Error('the night did not run');
  expect(second).toMatchObject({ ending: 'done', open: false, files: [{ name: 'seven.csv' }] });
  expect(office.read('done', first.date, 'six.csv.report.csv')).not.toContain('"pending"');
  expect(office.summary(first).outcomes).toEqual({ created: 6 });
  expect((await office.nights()).map(({ open }) => open)).toEqual([false, false]);
  expect(Object.values(rehearsal.simulator.state().merchants).map(({ creates }) => creates)).toEqual(Array(7).fill(1));
});
