import { expect, test } from 'vitest';
import { listNights } from '../../src/app/schedule.js';
import { todo } from '../../src/app/todo.js';
import type { EndedNight } from '../../src/nights/night.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { openOffice } from '../support/nights.js';
import { rehearse } from '../support/rehearsal.js';

test.each([
  ['the same sheet under two names', ['a.csv', 'copy of a.csv'], { created: 1, rejected: 1, invalid: 1 }, 2],
  ['one merchant in two sheets', ['a.csv', 'b.csv'], { created: 2, rejected: 2, invalid: 1 }, 2],
])('%s counts once among those to call', async (_, names, outcomes, toCall) => {
  // Where a push is late because the machine has other things to do, nothing is given up.
  const settings = { FASTREGISTER_REQUEST_TIMEOUT: '30s', FASTREGISTER_PUSH_WAIT: '60s', FASTREGISTER_GIVE_UP: '90s' };
  const rehearsal = await rehearse({ settings });
  const office = openOffice(rehearsal);
  const refused = merchant(2, 'p103');
  const sheet = sheetOf([merchant(1), refused, { ...merchant(3), name: '' }]);
  for (const name of names) office.put(name, name === 'b.csv' ? sheetOf([refused, merchant(4)]) : sheet);
  const ended: EndedNight[] = [];
  const notify = async (it: EndedNight): Promise<void> => void ended.push(it);
  const night = await office.run({}, { notify });
  if (night === undefined) throw new Error('the night did not run');

  const { files, to_call, ...summary } = office.summary(night);
  expect(files.map(({ file }) => file)).toEqual(names);
  expect(summary).toMatchObject({ outcomes, to_call_count: toCall });
  expect(to_call.map(({ file, line }) => [file, line])).toEqual([
    ['a.csv', '3'],
    ['a.csv', '4'],
  ]);
  expect(ended).toMatchObject([{ data: { outcomes }, chat: { to_call: toCall } }]);
  expect(await listNights(rehearsal.store, 1)).toMatchObject([{ outcomes, toCall }]);
  expect(await todo(rehearsal.store, 'en')).toHaveLength(toCall);
});
