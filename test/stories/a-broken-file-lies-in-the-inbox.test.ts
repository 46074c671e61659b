import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filesOf } from '../../src/nights/inbox.js';
import { workbook } from '../stages/workbook.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { openOffice } from '../support/nights.js';
import { rehearse } from '../support/rehearsal.js';

const PICTURE = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

test('broken files are put away, each with a text that says why, and the others are run', async () => {
  const rehearsal = await rehearse();
  await rehearsal.start();
  const office = openOffice(rehearsal);
  office.put('a.csv', sheetOf([merchant(1)]));
  office.put('b.csv', PICTURE);
  office.put('c.xlsx', 'PK\u0003\u0004 cut off');
  office.put('d.csv', '');
  office.put('e.csv', 'first,second\n1,2\n');
  office.put('f.csv', sheetOf([merchant(2)]));

  const night = await office.run();
  if (night === undefined) throw new Error('the night did not run');
  expect(night.files.map(({ name }) => name)).toEqual(['a.csv', 'f.csv']);
  expect(night.rejected.map(({ name }) => name)).toEqual(['b.csv', 'c.xlsx', 'd.csv', 'e.csv']);
  expect(readdirSync(office.inbox).sort()).toEqual(['done', 'rejected']);
  expect(readdirSync(join(office.inbox, 'rejected', night.date)).sort()).toEqual(
    ['b.csv', 'c.xlsx', 'd.csv', 'e.csv'].flatMap((name) => [name, `${name}.why.txt`]),
  );
  expect(office.read('rejected', night.date, 'b.csv.why.txt')).toContain('a picture (PNG)');
  expect(office.read('rejected', night.date, 'd.csv.why.txt')).toBe(
    'the file is empty; save the sheet again, and use the new file\n',
  );
  expect(office.read('rejected', night.date, 'e.csv.why.txt')).toContain('headings');
  expect(readdirSync(join(office.inbox, 'done', night.date)).sort()).toEqual(
    [
      `${night.name}.json`,
      `${night.name}.md`,
      `${night.name}.todo.xlsx`,
      'a.csv',
      'a.csv.report.csv',
      'f.csv',
      'f.csv.report.csv',
    ].sort(),
  );
  expect(office.summary(night)).toMatchObject({ outcomes: { created: 2 }, rejected: [{ file: 'b.csv' }, {}, {}, {}] });
  expect(office.read('done', night.date, `${night.name}.md`)).toContain('- b.csv: this is a picture (PNG)');
  // Programs read it: its names are documented, and in snake_case.
  const { outcomes: _, ...facts } = office.summary(night);
  const page = readFileSync(new URL('../../docs/nights.md', import.meta.url), 'utf8');
  const names = keysIn(facts);
  expect(names).toEqual(expect.arrayContaining(['used_tonight', 'to_call_count', 'why']));
  expect(names.filter((name) => !/^[a-z_]+$/.test(name) || !page.includes(`\`${name}\``))).toEqual([]);
});

function keysIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(keysIn);
  return Object.entries(value).flatMap(([key, its]) => [key, ...keysIn(its)]);
}

test('what of a workbook was not read stands beside its report, in the summary and for who looks', async () => {
  const rehearsal = await rehearse();
  await rehearsal.start();
  const office = openOffice(rehearsal);
  const rows = sheetOf([merchant(1)])
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  office.put(
    'a.xlsx',
    workbook([
      { name: '模板', rows: rows.slice(0, 1) },
      { name: '一月', rows },
      { name: '二月', rows },
      { name: 'Sheet3', rows: [] },
    ]),
  );
  office.put('b.csv', sheetOf([]));
  const night = await office.run({ language: 'zh' });
  if (night === undefined) throw new Error('the night did not run');
  const notes = [
    '工作表“模板”也有同样的表头，但未读取：只读取了“一月”',
    '工作表“二月”也有同样的表头，但未读取：只读取了“一月”',
  ];
  expect(night.files).toMatchObject([
    { name: 'a.xlsx', notes },
    { name: 'b.csv', notes: ['表头下没有数据行'] },
  ]);
  expect(office.summary(night)).toMatchObject({ outcomes: { created: 1 }, files: [{ notes }, {}] });
  expect(office.read('done', night.date, `${night.name}.md`)).toContain(`.report.csv；${notes.join('；')}`);
});

test('a night that speaks Chinese says in Chinese why a file was put away', async () => {
  const rehearsal = await rehearse();
  await rehearsal.start();
  const office = openOffice(rehearsal);
  office.put('a.csv', PICTURE);
  const night = await office.run({ language: 'zh' });
  expect(night?.rejected).toMatchObject([{ name: 'a.csv', why: expect.stringMatching(/^这是图片（PNG），不是表格/) }]);
  expect(office.read('rejected', night?.date ?? '', 'a.csv.why.txt')).toContain('不是表格');
});

test('a file that is mostly wrong is put away before any row of it is stored', async () => {
  const rehearsal = await rehearse();
  await rehearsal.start();
  const office = openOffice(rehearsal);
  const [right, wrong] = [merchant(1), { ...merchant(2), name: '' }];
  const warned = { ...merchant(3), code: ` ${merchant(3).code}` };
  office.put('mostly.csv', sheetOf([right, wrong, wrong]));
  office.put('half.csv', sheetOf([right, wrong]));

  const night = await office.run({ mostInvalid: 0.5 });
  expect(night?.files.map(({ name }) => name)).toEqual(['half.csv']);
  expect(night?.rejected).toMatchObject([{ name: 'mostly.csv', why: expect.stringMatching(/^2 of 3 rows.*50%/) }]);
  expect(await rehearsal.store.batches.list()).toHaveLength(1);

  // Rows that are held back for their warnings count as invalid.
  office.put('warned.csv', sheetOf([merchant(4), warned]));
  const strict = await office.run({ acceptWarnings: false });
  const [batch = ''] = strict?.files.map((file) => file.batch) ?? [];
  expect(await rehearsal.store.batches.counts(batch)).toEqual({ created: 1, invalid: 1 });
});

test('a sheet that was loaded and cannot be put away is no rejected one, and has its report as soon as there is a place for it', async () => {
  const { rehearsal, office, night } = await nightWithoutRoom();
  expect(night).toMatchObject({ files: [{ name: 'a.csv' }], rejected: [], open: true });
  expect(await rehearsal.store.batches.counts(night.files[0]?.batch ?? '')).toEqual({ created: 1 });
  expect(readdirSync(office.inbox).sort()).toEqual(['a.csv', 'done']);

  rmSync(join(office.inbox, 'done'));
  const next = await office.run();
  expect(next?.files.map(({ batch }) => batch)).toEqual(night.files.map(({ batch }) => batch));
  expect(readdirSync(office.inbox)).toEqual(['done']);
  expect(office.read('done', night.date, 'a.csv.report.csv')).toContain('"created"');
  expect(office.summary(night)).toMatchObject({ outcomes: { created: 1 }, rejected: [] });
  expect((await office.nights()).map(({ open }) => open)).toEqual([false, false]);
});

test('a report is written where there is a place for it, also when its sheet never comes there', async () => {
  const { office, night } = await nightWithoutRoom();
  for (const name of ['a.csv', 'done']) rmSync(join(office.inbox, name));
  await office.run();
  expect(office.read('done', night.date, 'a.csv.report.csv')).toContain('"created"');
});

test('a file that is still being written stays where it is, unless a .ready beside it says that it is complete', async () => {
  const rehearsal = await rehearse();
  const office = openOffice(rehearsal);
  const written = Date.now();
  for (const name of ['b.csv', 'a.csv', 'c.csv', 'c.csv.ready', '.hidden.csv', '~$open.xlsx']) office.put(name, 'x');
  // Copied with the time of the original: old by its content, and yet just written.
  utimesSync(join(office.inbox, 'a.csv'), 1, 1);
  expect(await filesOf(office.inbox, written)).toEqual({
    complete: ['c.csv'],
    notReady: ['a.csv', 'b.csv'],
    noFiles: [],
  });
  const quiet = await filesOf(office.inbox, written + 61_000);
  expect(quiet).toEqual({ complete: ['a.csv', 'b.csv', 'c.csv'], notReady: [], noFiles: [] });
});

test('a name in GBK, as archives of Windows leave it, is written in UTF-8, and the file is taken like any other', async () => {
  const office = openOffice(await rehearse());
  const names = ['cafdbedd2e637376', 'ff2d6261642e637376'].map((hex) => Buffer.from(hex, 'hex'));
  for (const name of names)
    writeFileSync(Buffer.concat([Buffer.from(`${office.inbox}/`), name]), sheetOf([merchant(1)]));
  const night = await office.run({ until: 'submitted' });
  expect(night?.files.map(({ name }) => name)).toEqual(['_-bad.csv', '数据.csv']);
});

test('a name of 255 bytes takes no report away, neither its own nor that of the night', async () => {
  const rehearsal = await rehearse();
  await rehearsal.start();
  const office = openOffice(rehearsal);
  const long = `${'示'.repeat(83)}12.csv`;
  expect(Buffer.byteLength(long)).toBe(255);
  office.put(long, sheetOf([merchant(1)]));
  office.put(`${'x'.repeat(251)}.csv`, 'no sheet');
  office.put('a.csv', sheetOf([merchant(2)]));
  const night = await office.run();

  expect(night?.files.map(({ name, moved, report }) => [name, existsSync(moved), existsSync(report)])).toEqual([
    ['a.csv', true, true],
    [long, true, true],
  ]);
  const [rejected] = night?.rejected ?? [];
  expect(readFileSync(`${rejected?.moved}.why.txt`, 'utf8')).toContain('no headings');
  expect(office.read('done', night?.date ?? '', `${night?.name}.md`)).toContain('a.csv');
});

test('a file of the same name as one before does not overwrite it', async () => {
  const rehearsal = await rehearse();
  await rehearsal.start();
  const office = openOffice(rehearsal);
  office.put('a.csv', sheetOf([merchant(1)]));
  office.put('a.csv.ready', '');
  const first = await office.run();
  office.put('a.csv', sheetOf([merchant(2)]));
  const second = await office.run();
  expect([first?.files[0]?.moved, second?.files[0]?.moved].map((file) => file && existsSync(file))).toEqual([
    true,
    true,
  ]);
  expect(second?.files[0]?.moved).toContain('a (2).csv');
  expect(second?.name).toBe(`${first?.name}-2`);
  expect(existsSync(join(office.inbox, 'a.csv.ready'))).toBe(false);
});

/** A night whose sheet cannot be put away: as on a full disk or without permission, nothing can be created under `done`. */
async function nightWithoutRoom() {
  const rehearsal = await rehearse();
  await rehearsal.start();
  const office = openOffice(rehearsal);
  office.put('a.csv', sheetOf([merchant(1)]));
  symlinkSync('/dev/null', join(office.inbox, 'done'));
  const night = await office.run();
  if (night === undefined) throw new Error('the night did not run');
  return { rehearsal, office, night };
}
