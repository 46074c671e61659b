import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { batchesOf } from '../../src/domain/night.js';
import { openNights } from '../../src/redis/nights.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { openOffice } from '../support/nights.js';
import { rehearse } from '../support/rehearsal.js';

// Where a push is late because the machine has other things to do, nothing is given up.
const settings = { FASTREGISTER_REQUEST_TIMEOUT: '30s', FASTREGISTER_PUSH_WAIT: '60s', FASTREGISTER_GIVE_UP: '90s' };

/** @param notes how many notes on files the first night makes before its process is killed */
async function killedAfter(notes: number) {
  const rehearsal = await rehearse({ settings });
  const office = openOffice(rehearsal);
  const nights = openNights(rehearsal.store.redis);
  office.put('a.csv', sheetOf([merchant(1), merchant(2, 'p103')]));
  office.put('b.csv', 'no sheet');
  let left = notes;
  const note: typeof nights.note = async (...args) => {
    const isNoted = left > 0 && (await nights.note(...args));
    left -= 1;
    if (left <= 0) throw new Error('killed');
    return isNoted;
  };
  // Nothing after it happens.
  await expect(office.run({}, { nights: { ...nights, note } })).rejects.toThrow('killed');
  return { rehearsal, office };
}

test.each([
  ['before a sheet is noted', 0],
  ['between noting a sheet and moving it', 1],
  ['after it was moved', 2],
  ['between noting a rejected file and moving it', 3],
])('a process that is killed %s leaves each sheet with its report', async (_, notes) => {
  const { rehearsal, office } = await killedAfter(notes);
  const second = await office.run();
  expect(second?.ending).toBe('done');

  const all = await office.nights();
  const named = all.map(({ files, rejected }) => [...files, ...rejected].map(({ name }) => name));
  for (const names of named) expect(new Set(names).size).toBe(names.length);
  expect(new Set(named.flat())).toEqual(new Set(['a.csv', 'b.csv']));
  expect(await rehearsal.store.batches.list()).toHaveLength(1);
  expect(readdirSync(office.inbox).sort()).toEqual(['done', 'rejected']);
  for (const { files } of all) {
    for (const { report } of files) expect(readFileSync(report, 'utf8')).toMatch(/"created"[\s\S]*"rejected"/);
  }
  const sheets = all.flatMap(({ files }) => files).filter(({ moved }) => existsSync(moved));
  expect(sheets).toHaveLength(1);
  for (const night of all.filter((it) => batchesOf(it).length > 0)) {
    expect(office.summary(night)).toMatchObject({ outcomes: { created: 1, rejected: 1 }, to_call_count: 1 });
  }
});

test('a sheet that takes the place of one that a killed night had not moved has a report of its own', async () => {
  const { office } = await killedAfter(1);
  office.put('a.csv', sheetOf([merchant(3)]));
  await office.run();
  const reports = (await office.nights()).flatMap(({ files }) =>
    files.map(({ report }) => readFileSync(report, 'utf8')),
  );
  expect(reports).toHaveLength(2);
  for (const name of [merchant(1), merchant(3)].map((it) => it.name)) {
    expect(reports.filter((text) => text.includes(name))).toHaveLength(1);
  }
  const { date = '' } = (await office.nights())[0] ?? {};
  expect(readdirSync(join(office.inbox, 'done', date))).toEqual(
    expect.arrayContaining(['a.csv.report.csv', 'a (2).csv']),
  );
});
