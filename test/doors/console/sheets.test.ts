/** From an upload to its batch: what is checked, shown, started once, and never stored before. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { addUser, auditPage } from '../../../src/app/console-users.js';
import { KEPT_MS, removeOldUploads, UPLOAD_LIMITS } from '../../../src/app/uploads/folder.js';
import { continueEvery } from '../../../src/app/uploads/starting.js';
import { startConsoleOf } from '../../../src/console/start.js';
import { ACCEPT_RULES, acceptedRow } from '../../support/ledger.js';
import { cellsOf, HEADINGS, merchant, sheetOf } from '../../support/merchants.js';
import { until } from '../../support/until.js';
import { type Answered, type Console, openConsole, PASSWORD, type Visitor } from './support/visitor.js';

/** A row to correct, one that was repaired, a duplicate, and two in order. */
const FAULTY = sheetOf([
  merchant(1),
  merchant(2, 'ok', { code: '91990000TE5T' }),
  merchant(3, 'ok', { legalPersonaName: ' 虚构人 ' }),
  merchant(1),
]);

const file = (text: string | Uint8Array<ArrayBuffer>, name = 'merchants.csv'): File => new File([text], name);
const folders = (home: string): string[] => {
  const folder = join(home, 'uploads', 'default');
  return existsSync(folder) ? readdirSync(folder) : [];
};

async function opened(settings: Record<string, string> = {}): Promise<Console & { one: Visitor }> {
  const console = await openConsole(settings);
  const one = console.visitor();
  await one.logIn();
  return { ...console, one };
}

/** The page of an upload, when its sheets are read. */
async function checked(one: Visitor, path: string): Promise<Answered> {
  return until('the sheet is read', async () => {
    const answer = await one.get(path);
    return answer.status === 200 && !answer.text.includes('id="live-progress"') ? answer : undefined;
  });
}

async function uploaded(one: Visitor, files: readonly File[]): Promise<{ path: string; page: Answered }> {
  await one.get('/sheets/new');
  const { status, headers } = await one.upload(files);
  expect(status).toBe(303);
  const path = headers.get('location') ?? '';
  expect(path).toMatch(/^\/sheets\/u[0-9a-f]{16}$/);
  return { path, page: await checked(one, path) };
}

test('a sheet is shown with its problems by cell and its plan, and the ledger has nothing of it until it is started', async () => {
  const { book, one, home, store } = await opened();
  const { path, page } = await uploaded(one, [file(FAULTY)]);
  expect(page.text).toContain('<bdi>merchants.csv</bdi>');
  const figures = [...page.text.matchAll(/<p class="value">([^<]*)/g)].map(([, value]) => value);
  expect(figures.slice(0, 3)).toEqual(['2', '1', '1']);
  // The cell, the merchant, and what is to be done.
  expect(page.text).toMatch(/data-heading="Cell">B3<.*?虚构商户2号/s);
  expect(page.text).toContain('sheet:code_length');
  expect(page.text).toMatch(/data-heading="Cell">E4<.*?repaired.*?spaces around or inside the value were taken off/s);
  expect(page.text).toMatch(/data-heading="Cell">line \d+<.*?duplicate of line 2/s);
  expect(page.text).toMatch(/<dt>calls needed<\/dt><dd>2<\/dd>/);
  expect(page.text).toMatch(/2 calls, 1 day at today&#39;s quota/);
  expect(await book.batches.list()).toEqual([]);

  const started = await one.post(`${path}/start`);
  const to = started.headers.get('location') ?? '';
  expect(to).toMatch(/^\/batches\/b[0-9a-f]{12}$/);
  expect(await book.batches.list()).toEqual([to.slice('/batches/'.length)]);
  expect((await one.get(to)).text).toContain('<bdi>merchants.csv</bdi>');
  // What was uploaded is deleted here once the ledger has it.
  expect(readdirSync(join(home, 'uploads', 'default', path.slice('/sheets/'.length))).sort()).toEqual([
    'about.json',
    'done.json',
    'start.json',
  ]);
  const { entries } = await auditPage(store, 10, undefined);
  expect(entries.map(({ user, action, result }) => [user, action, result]).slice(0, 2)).toEqual([
    ['admin', 'sheets.start', 'done'],
    ['admin', 'sheets.upload', 'done'],
  ]);
  expect(JSON.stringify(entries)).not.toContain('虚构');
});

test('a row that replaces an earlier one is a warning, as check says, and its call is counted once', async () => {
  const { book, store, one } = await opened({ FASTREGISTER_DAILY_CALLS: '1' });
  const openedBatch = await book.open('b1');
  const row = { ...acceptedRow(merchant(1), 0), registration: store.identify(merchant(1).code) };
  await book.batches.accept(openedBatch, 0, [row], ACCEPT_RULES);
  const replacing = merchant(1, 'ok', { legalPersonaWechat: 'weixin_other' });
  const { page } = await uploaded(one, [file(sheetOf([replacing]))]);
  expect(page.text).toMatch(/<dt>rows with warnings<\/dt><dd>1<\/dd>/);
  expect(page.text).toMatch(/<dt>days needed at today&#39;s quota<\/dt><dd>1<\/dd>/);
  expect(page.text).not.toContain('sent before them');
  expect(page.text.match(/this row is sent instead<\/a><small class="id">row:replaced/g)).toHaveLength(1);
  expect(page.text).toMatch(/data-heading="Cell">line 2<.*?to look at.*?this row is sent instead/s);
});

test('how many rows of earlier sheets a sheet replaces is said before its start, and on the page of its batch', async () => {
  const { book, store, one } = await opened();
  const openedBatch = await book.open('b1');
  const row = { ...acceptedRow(merchant(1), 0), registration: store.identify(merchant(1).code) };
  await book.batches.accept(openedBatch, 0, [row], ACCEPT_RULES);
  const replacing = merchant(1, 'ok', { legalPersonaWechat: 'weixin_other' });
  const { path, page } = await uploaded(one, [file(sheetOf([replacing, merchant(2)]))]);
  expect(page.text).toContain(
    '<p>1 of these replaces an unsent row of an earlier sheet, which is cancelled there.</p>',
  );
  await one.post(`${path}/start`);
  const id = await until('it is loaded', async () => (await book.batches.list()).find((it) => it !== 'b1'));
  const batch = await until('it is complete', async () => (await book.batches.find(id))?.complete && id);
  expect((await one.get(`/batches/${batch}`)).text).toContain('1 row replaced an unsent row of an earlier sheet');
  expect((await one.get('/batches/b1')).text).not.toContain('unsent row');
});

test('however often it is started, in two tabs and with other options, there is one batch', async () => {
  const { book, one, visitor } = await opened();
  const { path } = await uploaded(one, [file(FAULTY)]);
  const other = visitor();
  await other.logIn();
  await checked(other, `${path}?warnings=no`);
  const answers = await Promise.all([
    one.post(`${path}/start`),
    other.post(`${path}/start`, { warnings: 'no' }),
    one.post(`${path}/start`),
  ]);
  answers.push(await one.post(`${path}/start`), await other.post(`${path}/start`, { warnings: 'no' }));
  const ids = await book.batches.list();
  expect(ids).toHaveLength(1);
  // To the upload where the machine is too busy to have loaded it meanwhile.
  for (const { headers } of answers) expect([`/batches/${ids[0]}`, path]).toContain(headers.get('location'));
  await until('it is loaded', async () => (await one.get(path)).headers.get('location') === `/batches/${ids[0]}`);
  // The same file once more, with the options of the tab that came first, is the same batch, and its page says so.
  const again = await uploaded(one, [file(FAULTY, 'once more.csv')]);
  const pages = [again.page, await checked(one, `${again.path}?warnings=no`)];
  const first = pages.findIndex(({ text }) =>
    text.includes(`This file is batch ${ids[0]} already: loading it again changes nothing. Rows that have failed`),
  );
  expect(first).toBeOneOf([0, 1]);
  expect(pages.map(({ text }) => text.includes(`${again.path}/start"`))).toEqual([first !== 0, first !== 1]);
  expect(pages.map(({ text }) => text.includes('All sent on'))).toEqual([first !== 0, first !== 1]);
  expect((await one.post(`${again.path}/start`, first === 0 ? {} : { warnings: 'no' })).headers.get('location')).toBe(
    `/batches/${ids[0]}`,
  );
  expect(await book.batches.list()).toEqual(ids);
});

test('a start that came second with other options says whose options count', async () => {
  const { store, one, visitor } = await opened();
  await addUser(store, { name: 'wang', role: 'operator', password: PASSWORD }, 'tests');
  const wang = visitor();
  await wang.logIn('wang');
  const { path } = await uploaded(one, [file(FAULTY)]);
  await checked(wang, `${path}?warnings=no`);
  await one.post(`${path}/start`);
  const to = await until('it is loaded', async () => (await one.get(path)).headers.get('location'));
  const before = 'admin had started it already: the options of that start count, and yours do not.';
  await wang.post(`${path}/start`, { warnings: 'no' });
  expect((await wang.get(to)).text).toContain(before);
  await wang.post(`${path}/start`);
  expect((await wang.get(to)).text).not.toContain(before);
});

test('several files are one batch each; one that cannot be read is refused in the words of check, and left out', async () => {
  const { book, one } = await opened();
  const old = readFileSync(new URL('../../../samples/intake/old.xls', import.meta.url));
  const files = [
    file(sheetOf([merchant(1)]), 'a.csv'),
    file(new Uint8Array(old), 'b.xls'),
    file(sheetOf([merchant(2)]), 'c.csv'),
  ];
  const { path, page } = await uploaded(one, files);
  expect(page.text).toContain(
    'This makes 2 batches, one for each file. Rows in all: 2, of which 2 are sent to WeChat.',
  );
  expect(page.text).toContain('1 file without a merchant that can be read: left out.');
  // Said beside each file: nobody opens one after the other to know what to do.
  expect(page.text).toContain('this is an old Excel file (.xls)');
  const refused = await checked(one, `${path}?file=2`);
  expect(refused.text).toContain('This file cannot be loaded');
  expect(refused.text).toMatch(/\.xls/);
  expect((await one.post(`${path}/start`)).headers.get('location')).toBe('/batches');
  const batches = await Promise.all((await book.batches.list()).map(book.batches.find));
  expect(batches.map((batch) => batch?.file).sort()).toEqual(['a.csv', 'c.csv']);
});

test('the same sheet twice in one upload is said to make the one batch that it makes', async () => {
  const { book, one } = await opened();
  const sheet = sheetOf([merchant(1), merchant(2)]);
  const { path, page } = await uploaded(one, [file(sheet, 'a.csv'), file(sheet, 'a (1).csv')]);
  expect(page.text).toContain('This makes one batch. Rows: 2, of which 2 are sent to WeChat.');
  expect(page.text).not.toContain('left out');
  expect((await one.post(`${path}/start`)).headers.get('location')).toMatch(/^\/batches\/b/);
  expect(await book.batches.list()).toHaveLength(1);
});

test.each([
  'bomb.xlsx',
  'password.xlsx',
  'cut-off.xlsx',
  'picture.csv',
  'web-page.xls',
  'empty.csv',
  'no-headings.csv',
])('a file that is no sheet (%s) cannot be started', async (name) => {
  const { book, one } = await opened();
  const bytes = readFileSync(new URL(`../../../samples/intake/${name}`, import.meta.url));
  const { path, page } = await uploaded(one, [file(new Uint8Array(bytes), name)]);
  expect(page.text).toContain('This file cannot be loaded');
  expect(page.text).not.toContain(`action="${path}/start"`);
  expect((await one.post(`${path}/start`)).status).toBe(409);
  expect(await book.batches.list()).toEqual([]);
});

test('files lie under a random name, for the owner of the process alone, whatever they are called', async () => {
  const { one, home } = await opened();
  const { page } = await uploaded(one, [file(FAULTY, '../../../etc/<b>\u202ecsv.exe')]);
  expect(page.text).toContain('<bdi>_b_csv.exe</bdi>');
  const [id = ''] = folders(home);
  const folder = join(home, 'uploads', 'default', id);
  for (const path of [join(home, 'uploads'), join(home, 'uploads', 'default'), folder])
    expect([path, statSync(path).mode & 0o777]).toEqual([path, 0o700]);
  const names = readdirSync(folder);
  expect(names).toContain('0.sheet');
  for (const name of names) expect([name, statSync(join(folder, name)).mode & 0o777]).toEqual([name, 0o600]);
  expect(existsSync(join(home, '..', 'etc'))).toBe(false);
});

test('without its token, and with the token behind the files, an upload is refused and nothing is written', async () => {
  const { one, home, store } = await opened();
  await one.get('/sheets/new');
  const without = new FormData();
  without.append('file', file(FAULTY));
  const behind = new FormData();
  behind.append('file', file(FAULTY));
  behind.append('csrf', one.csrf());
  for (const form of [without, behind]) {
    const { status, text } = await one.send('/sheets/new', form);
    expect([status, text]).toEqual([403, expect.stringContaining('This form is no longer valid')]);
  }
  expect((await one.upload([file(FAULTY)], { csrf: 'x'.repeat(43) })).status).toBe(403);
  expect(folders(home)).toEqual([]);
  const { entries } = await auditPage(store, 10, undefined);
  expect(entries.map(({ action }) => action)).toEqual(['session.begin']);
});

test('a viewer can neither upload nor see what others have uploaded', async () => {
  const { one, store, visitor, home, book } = await opened();
  const { path } = await uploaded(one, [file(FAULTY)]);
  await addUser(store, { name: 'wang', role: 'viewer', password: PASSWORD }, 'tests');
  const wang = visitor();
  await wang.logIn('wang');
  for (const page of ['/sheets/new', path, `${path}/annotated`]) expect((await wang.get(page)).status).toBe(403);
  await wang.get('/');
  expect((await wang.upload([file(FAULTY)])).status).toBe(403);
  for (const action of ['start', 'remove']) expect((await wang.post(`${path}/${action}`)).status).toBe(403);
  expect([folders(home).length, await book.batches.list()]).toEqual([1, []]);
});

test('what is larger than 50 MB is dropped, with the name of the file', async () => {
  const { one, home } = await opened();
  await one.get('/sheets/new');
  const large = file(new Uint8Array(UPLOAD_LIMITS.bytesOfFile + 1), 'large.csv');
  const { status, text } = await one.upload([file(FAULTY), large]);
  expect([status, text]).toEqual([409, expect.stringContaining('large.csv: larger than 50 MB.')]);
  expect(folders(home)).toEqual([]);
});

test('more files than can be uploaded at once, none, and a form that breaks off leave nothing behind', async () => {
  const { one, home } = await opened();
  await one.get('/sheets/new');
  const many = Array.from({ length: UPLOAD_LIMITS.files + 1 }, (_, at) => file(FAULTY, `${at}.csv`));
  expect((await one.upload(many)).text).toContain('At most 20 files of 50 MB are uploaded at once.');
  expect((await one.upload([])).text).toContain('No file was chosen.');
  const head = (name: string): string => `--x\r\ncontent-disposition: form-data; name="${name}"`;
  const broken = `${head('csrf')}\r\n\r\n${one.csrf()}\r\n${head('file')}; filename="a.csv"\r\n\r\nname,co`;
  const answer = await one.send('/sheets/new', broken, { 'content-type': 'multipart/form-data; boundary=x' });
  expect(answer.text).toContain('The upload did not come to its end, so nothing was kept.');
  expect(folders(home)).toEqual([]);
});

test('a sheet with more rows than the limit is refused', async () => {
  const limits = UPLOAD_LIMITS as { rowsOfFile: number };
  const { rowsOfFile } = limits;
  onTestFinished(() => {
    limits.rowsOfFile = rowsOfFile;
  });
  expect(rowsOfFile).toBe(1_000_000);
  limits.rowsOfFile = 3;
  const { one } = await opened();
  const { page } = await uploaded(one, [file(FAULTY)]);
  expect(page.text).toContain('there are more than 1,000,000 rows in it');
});

test('rows with warnings can be held back, and the plan says so before it is started', async () => {
  const { book, one } = await opened();
  const { path } = await uploaded(one, [file(FAULTY)]);
  const held = await checked(one, `${path}?warnings=no`);
  expect(held.text).toContain('Rows with warnings are held back.');
  expect(held.text).toMatch(/<dt>ready<\/dt><dd>1<\/dd>/);
  const [id = ''] = [(await one.post(`${path}/start`, { warnings: 'no' })).headers.get('location')?.slice(9)];
  expect(await book.batches.counts(id)).toMatchObject({ invalid: 2, duplicate: 1 });
});

test('a canary and a largest share of rows to correct are those of load', async () => {
  const { book, one } = await opened();
  const { path } = await uploaded(one, [file(FAULTY)]);
  for (const [fields, says] of [
    [{ canary: 'x' }, 'write how many rows are sent first'],
    [{ most_invalid: '101' }, 'write a percentage from 0 to 100'],
    [{ most_invalid: '10' }, '1 of 4 rows have to be corrected'],
  ] as const) {
    const refused = await one.post(`${path}/start`, fields);
    expect([refused.status, refused.text]).toEqual([409, expect.stringContaining(says)]);
  }
  expect(await book.batches.list()).toEqual([]);
  await one.post(`${path}/start`, { canary: '１', most_invalid: '２５％' });
  const [id = ''] = await book.batches.list();
  expect(await book.batches.find(id)).toMatchObject({ rows: 4, complete: true });
});

test('rows of enterprises that the ledger knows are not sent, and it is said why', async () => {
  const { one } = await opened();
  const first = await uploaded(one, [file(sheetOf([merchant(1), merchant(2)]), 'first.csv')]);
  await one.post(`${first.path}/start`);
  const next = sheetOf([merchant(1), merchant(2, 'ok', { legalPersonaName: '虚构另' }), merchant(3)]);
  const { page } = await uploaded(one, [file(next, 'next.csv')]);
  expect(page.text).toContain('an earlier row asks for the same, and is not over yet or waits for a person');
  expect(page.text).toContain('row:in_progress');
  expect(page.text).toContain('this row is sent instead');
  expect(page.text).toMatch(/<dt>already in progress or in review<\/dt><dd>1<\/dd>/);
});

test('what was found is filtered by kind and by code, and read page by page', async () => {
  const { one } = await opened();
  const rows = Array.from({ length: 1_200 }, (_, at) =>
    merchant(at + 1, 'ok', at === 1_100 ? { legalPersonaWechat: '' } : { code: '91990000TE5T' }),
  );
  const { path, page } = await uploaded(one, [file(sheetOf(rows))]);
  const cells = (text: string): string[] =>
    [...text.matchAll(/data-heading="Cell">([^<]*)/g)].map(([, cell = '']) => cell);
  expect(cells(page.text)).toEqual(Array.from({ length: 50 }, (_, at) => `B${at + 2}`));
  const next = /rel="next" href="([^"]+)"/.exec(page.text)?.[1] ?? '';
  expect(cells((await one.get(next)).text)[0]).toBe('B52');
  expect(cells((await one.get(`${path}?show=sheet:wechat_missing`)).text)).toEqual(['D1102']);
  expect(cells((await one.get(`${path}?show=repaired`)).text)).toEqual([]);
  expect(cells((await one.get(`${path}?show=correct&from=2-76`)).text)[0]).toBe('D1102');
  expect(cells((await one.get(`${path}?from=9-9`)).text)).toEqual([]);
});

test.each(['csv', 'xlsx'])('the annotated sheet is a download, as %s, and never shown', async (type) => {
  const { one } = await opened();
  const { path } = await uploaded(one, [file(FAULTY, '商户 表.csv')]);
  const { status, headers, text } = await one.get(`${path}/annotated?as=${type}`);
  expect(status).toBe(200);
  expect(headers.get('content-disposition')).toBe(
    `attachment; filename="__ _.problems.${type}"; filename*=UTF-8''${encodeURIComponent(`商户 表.problems.${type}`)}`,
  );
  expect(headers.get('content-type')).not.toMatch(/html/);
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  if (type === 'csv') {
    const [headings, , second] = text.split('\r\n');
    expect(headings).toContain(
      [...HEADINGS, 'line', 'problem', 'reason', 'next_step'].map((it) => `"${it}"`).join(','),
    );
    expect(second).toContain('"sheet:code_length');
  } else expect(text.slice(0, 2)).toBe('PK');
});

test('an upload that is not started is gone after a day, and after a restart, too', async () => {
  const { one, home, store } = await opened({ FASTREGISTER_CONSOLE_PORT: '0' });
  const { path } = await uploaded(one, [file(FAULTY)]);
  expect(await removeOldUploads(store.settings, Date.now() + KEPT_MS - 60_000)).toBe(0);
  const [id = ''] = folders(home);
  const about = join(home, 'uploads', 'default', id, 'about.json');
  const kept = JSON.parse(readFileSync(about, 'utf8'));
  writeFileSync(about, JSON.stringify({ ...kept, at: Date.now() - KEPT_MS }));
  // Nobody sees it any more, also before it is removed.
  const { status, text } = await one.get(path);
  expect([status, text]).toEqual([404, expect.stringContaining('This upload is not here')]);
  expect((await one.get('/sheets/new')).text).not.toContain(id);
  const restarted = await startConsoleOf(store);
  onTestFinished(() => restarted.close());
  await until('the upload is removed', () => folders(home).length === 0);
});

test('an upload can be removed before it is started, and not after', async () => {
  const { one, home, book } = await opened();
  const { path } = await uploaded(one, [file(FAULTY)]);
  expect((await one.get('/sheets/new')).text).toContain(`href="${path}"`);
  expect((await one.post(`${path}/remove`)).headers.get('location')).toBe('/sheets/new');
  expect(folders(home)).toEqual([]);
  const second = await uploaded(one, [file(FAULTY)]);
  await one.post(`${second.path}/start`);
  expect((await one.post(`${second.path}/remove`)).status).toBe(409);
  expect(await book.batches.list()).toHaveLength(1);
});

test('a load that a process did not end goes on in the next one', async () => {
  const { one, store, home, book } = await opened();
  const { path } = await uploaded(one, [file(FAULTY)]);
  const folder = join(home, 'uploads', 'default', path.slice('/sheets/'.length));
  const request = { acceptWarnings: true, again: false, canaries: 0 };
  const { batch } = JSON.parse(readFileSync(join(folder, '0.sent.json'), 'utf8'));
  const start = { user: 'wang', at: Date.now() - 2 * KEPT_MS, request, files: [{ at: 0, batch }] };
  writeFileSync(join(folder, 'start.json'), JSON.stringify(start));
  await removeOldUploads(store.settings, Date.now() + 2 * KEPT_MS);
  await continueEvery(store);
  expect(await book.batches.find(batch)).toMatchObject({ rows: 4, complete: true });
  expect((await one.get(path)).headers.get('location')).toBe(`/batches/${batch}`);
});

test('what a sheet says is text on its page', async () => {
  const { one } = await opened();
  const hostile = merchant(1, 'ok', { name: '<script>alert(1)</script>\u202e"><img src=x>', code: 'x' });
  const csv = [HEADINGS, cellsOf(hostile)]
    .map((cells) => cells.map((it) => `"${it.replaceAll('"', '""')}"`).join(','))
    .join('\n');
  const { page } = await uploaded(one, [file(csv)]);
  expect(page.text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(page.text).not.toMatch(/<script>alert|<img|\u202e/);
});

test('while it is read its page follows, and then goes on to what was found', async () => {
  const { one } = await opened();
  await one.get('/sheets/new');
  const path = (await one.upload([file(FAULTY)])).headers.get('location') ?? '';
  const reader = await one.follow(`/live${path}`);
  let text = '';
  await until('the part leads to the page', async () => {
    const { value } = await reader.read();
    text += new TextDecoder().decode(value);
    return text.includes(`data-goto=\\"${path}\\"`);
  });
});
