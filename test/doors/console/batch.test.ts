/** What is done with a batch: its reasons, its files, and sending again and withdrawing. */
import { expect, test } from 'vitest';
import { answerAsked, ask } from '../../../src/app/asked.js';
import { auditPage } from '../../../src/app/console-users.js';
import { batchesToReport, report } from '../../../src/app/report.js';
import { preview } from '../../../src/app/retry-cancel.js';
import { previewLines } from '../../../src/app/retry-cancel-words.js';
import { attachment, download } from '../../../src/console/download.js';
import type { Ledger } from '../../../src/redis/ledger/ledger.js';
import { qrShape } from '../../../src/reporter/qr.js';
import { ACCEPT_RULES, acceptedRow } from '../../support/ledger.js';
import { merchant } from '../../support/merchants.js';
import { until } from '../../support/until.js';
import { type Console, openConsole, type Visitor, visitorsOf } from './support/visitor.js';

const LINK = 'https://mp.weixin.qq.com/cgi-bin/fast?token=abc&x=';
const HOSTILE = '<script>alert(1)</script>\u202e有限公司';

async function opened(): Promise<Console & { admin: Visitor }> {
  const console = await openConsole();
  const admin = console.visitor();
  await admin.logIn();
  return { ...console, admin };
}

/** Two were refused, one ran out of time, two have a link, one waits, and one row was never sent. */
async function mixed({ book, idOf }: Console): Promise<void> {
  const rows = Array.from({ length: 6 }, (_, at) => merchant(at + 1, 'ok', at === 3 ? { name: HOSTILE } : {}));
  await book.load('b1', [...rows, undefined]);
  const ids = rows.map(idOf);
  for (const id of ids.slice(0, 5)) await book.take(id);
  for (const id of ids.slice(0, 2)) await book.record(id, 'registration_refused', { problem: 'push:103' });
  await book.record(ids[2] ?? '', 'legal_person_timed_out', { problem: 'push:100003' });
  for (const id of ids.slice(3, 5)) {
    const { sentAt = 0 } = await book.registration(id);
    await book.record(id, 'create_accepted', { callSentAt: sentAt, authorizeUrl: `${LINK}${id}`, taskId: id });
  }
}

/** Redis does not take what is recorded after the first facts, once. */
function interruptedAfter(ledger: Ledger, facts: number, interrupted: () => void | Promise<void>): Ledger {
  let recorded = 0;
  return {
    ...ledger,
    record: async (...args) => {
      recorded += 1;
      if (recorded !== facts + 1) return ledger.record(...args);
      await interrupted();
      throw new Error('OOM command not allowed');
    },
  };
}

const onceIn = (html: string): string => /name="once" value="([^"]+)"/.exec(html)?.[1] ?? '';

async function wholeReport({ store }: Console, request: Partial<Parameters<typeof report>[2]>): Promise<string> {
  const batches = await batchesToReport(store, { id: 'b1' });
  let text = '';
  for await (const piece of await report(store, batches, { format: 'csv', language: 'en', ...request })) text += piece;
  return text;
}

test('rows are counted by reason, and each reason leads to its rows', async () => {
  const it = await opened();
  await mixed(it);
  const { text } = await it.admin.whole('/batches/b1');
  // Of several tabs a person finds the sheet, not a number.
  expect(text).toContain('<title>b1.csv');
  const counted = [...text.matchAll(/data-heading="Rows">(\d+)<\/td>.*?href="([^"]+)">([^<]+)</g)];
  expect(counted.map(([, rows, , problem]) => [rows, problem])).toEqual([
    ['2', 'push:103'],
    ['1', 'push:100003'],
    ['1', 'sheet:code_length'],
  ]);
  const rows = await it.admin.whole(counted[0]?.[2] ?? '');
  expect(rows.text.match(/data-heading="Line"/g)).toHaveLength(2);
  await it.book.load('b2', [merchant(9)]);
  expect((await it.admin.whole('/batches/b2')).text).toContain('No row has a problem.');
});

test.each([
  ['', {}],
  ['?outcome=rejected', { only: new Set(['rejected'] as const) }],
  ['?who=legal_person', { who: new Set(['legal_person'] as const) }],
  ['?problem=push%3A103', { problem: 'push:103' }],
])('the report is downloaded as the page is filtered: %s', async (query, request) => {
  const it = await opened();
  await mixed(it);
  const page = (await it.admin.get(`/batches/b1${query}`)).text;
  expect(page).toContain(`href="/batches/b1/report.csv${query.replaceAll('&', '&amp;')}"`);
  const { text, headers } = await it.admin.get(`/batches/b1/report.csv${query}`);
  // A page of Response.text() has no mark at its beginning.
  expect(text.replace(/^\uFEFF/, '')).toBe((await wholeReport(it, request)).replace(/^\uFEFF/, ''));
  expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
  expect(headers.get('content-disposition')).toMatch(/^attachment; filename="b1 report/);
});

test.each(['?outcome=rejected', '?problem=push%3A103', ''])(
  'a row that was sent again with a newer row is left out where the rows are filtered, in the page and in its files: %s',
  async (query) => {
    const it = await opened();
    await mixed(it);
    await it.book.load('b2', [merchant(1, 'ok', { name: '更正的名称' })]);
    const { text } = await it.admin.get(`/batches/b1${query}`);
    const lines = [...text.matchAll(/data-heading="Line">(\d+)/g)].map(([, line]) => line);
    const file = (await it.admin.get(`/batches/b1/report.csv${query}`)).text;
    const inFile = [...file.matchAll(/"(\d+)","(?:rejected|expired|pending|invalid)"/g)].map(([, line]) => line);
    expect(lines).toEqual(query === '' ? ['2', '3', '4', '5', '6', '7', '8'] : ['3']);
    expect(inFile).toEqual(lines);
    expect(text.includes('1 row left out here')).toBe(query !== '');
  },
);

test('a row that a newer one has replaced or corrected is in no filtered list of the page, nor in its files', async () => {
  const it = await opened();
  const [one, two] = [merchant(1), merchant(2)];
  await it.book.load('b1', [one, two]);
  const batch = await it.book.open('b2');
  const refused = { ...acceptedRow(merchant(3), 0), merchant: undefined, registration: undefined };
  const problems = [{ code: 'sheet:code_length', cell: 'B2' }];
  await it.book.batches.accept(batch, 0, [{ ...refused, problems }], ACCEPT_RULES);
  await it.book.batches.complete('b2');
  await it.book.load('b3', [{ ...one, name: '较新的名称' }, merchant(3)]);
  for (const [path, query] of [
    ['b1', 'outcome=cancelled'],
    ['b2', 'outcome=invalid'],
    ['b2', 'who=merchant'],
  ]) {
    const { text } = await it.admin.get(`/batches/${path}?${query}`);
    expect(text).not.toContain('data-heading="Line"');
    expect(text).toContain('1 row left out here');
    const file = (await it.admin.get(`/batches/${path}/report.csv?${query}`)).text;
    expect(file.trim().split('\r\n')).toHaveLength(1);
    expect((await it.admin.get(`/batches/${path}`)).text).toContain('data-heading="Line"');
  }
});

test('a download is whole though its pieces lie in one buffer, and wait for the browser', async () => {
  const piece = Buffer.alloc(4);
  async function* pieces(): AsyncGenerator<string | Buffer> {
    for (const text of ['aaaa', 'bbbb', 'cccc']) {
      piece.write(text);
      yield piece;
    }
    yield 'end';
  }
  expect(await download('x.csv', 'csv', pieces()).text()).toBe('aaaabbbbccccend');
});

test('a workbook, and the rows with a link, are downloaded', async () => {
  const it = await opened();
  await mixed(it);
  const workbook = await it.admin.get('/batches/b1/report.xlsx');
  expect(workbook.text.startsWith('PK')).toBe(true);
  expect(workbook.headers.get('content-disposition')).toContain('b1 report.xlsx');
  const { text } = await it.admin.get('/batches/b1/links.csv');
  expect(text.replace(/^\uFEFF/, '')).toBe((await wholeReport(it, { links: true })).replace(/^\uFEFF/, ''));
  expect(text.match(/authorize_url|cgi-bin/g)?.length).toBeGreaterThan(2);
  expect((await it.admin.get('/batches/none/report.csv')).status).toBe(404);
});

test.each([
  ['"; filename="x.html', 'attachment; filename="_; filename=_x.html"'],
  ['商户\r\nSet-Cookie: a=b', 'attachment; filename="____Set-Cookie: a=b"'],
])('the name of a file cannot say more than a name: %j', (name, plain) => {
  const header = attachment(name);
  expect(header.startsWith(`${plain}; filename*=UTF-8''`)).toBe(true);
  expect(() => new Headers({ 'content-disposition': header })).not.toThrow();
  expect(decodeURIComponent(header.slice(header.indexOf("''") + 2))).toBe(name);
});

test('codes are on a page for print, of the rows as filtered', async () => {
  const it = await opened();
  await mixed(it);
  const { text } = await it.admin.get('/batches/b1/codes');
  for (const number of [4, 5]) {
    const code = qrShape(`${LINK}${it.idOf(merchant(number))}`);
    expect(text).toContain(`<path d="${code?.path}"`);
  }
  expect(text.match(/<article/g)).toHaveLength(2);
  expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;\\u202e有限公司');
  expect(text).not.toMatch(/<script>|\u202e|<nav/);
  expect((await it.admin.get('/batches/b1/codes?outcome=rejected')).text).toContain('There is no link to open');
});

test('rows are sent again and withdrawn by the numbers of the command, once, under the own name', async () => {
  const it = await opened();
  await mixed(it);
  const { admin, store, book, idOf } = it;
  const seen = await admin.get('/batches/b1/retry');
  for (const { en } of previewLines((await preview(store, 'retry', ['b1'])).summary)) {
    expect(seen.text).toContain(en.trim());
  }
  expect(seen.text).toContain('Send 3 again<');
  // What comes after the preview is not part of it.
  await book.record(idOf(merchant(5)), 'registration_refused', { problem: 'push:103' });
  const answer = { once: onceIn(seen.text), outcome: '', because: 'the registry was updated' };
  for (let time = 0; time < 2; time += 1) {
    const { status, headers } = await admin.post('/batches/b1/retry', answer);
    expect([status, headers.get('location')]).toEqual([303, '/batches/b1']);
  }
  expect((await admin.get('/batches/b1')).text).toContain('3 will be sent again.');
  expect(await book.batches.counts('b1')).toMatchObject({ queued: 4, rejected: 1 });
  const history = await it.history(merchant(1));
  expect(history.filter(({ kind }) => kind === 'retry_asked').map(({ because }) => because)).toEqual([
    'the registry was updated (admin)',
  ]);
  const cancel = await admin.get('/batches/b1/cancel');
  expect(cancel.text).toContain('Withdraw 4<');
  await admin.post('/batches/b1/cancel', { once: onceIn(cancel.text), outcome: '' });
  expect(await book.batches.counts('b1')).toMatchObject({ cancelled: 4 });
  const { entries } = await auditPage(store, 10, undefined);
  const acts = entries.map(({ user, action, subject, result, detail }) =>
    [user, action, subject, result, detail].join(' '),
  );
  expect(acts.slice(0, 3)).toEqual([
    'admin batches.cancel b1 done 4',
    'admin batches.retry b1 done repeated',
    'admin batches.retry b1 done 3',
  ]);
});

test.each(['refuses a command', 'is away for longer'])(
  'what Redis interrupts halfway, because it %s, goes on when the same form is sent again, and says how many it was in all',
  async (why) => {
    const it = await openConsole();
    await mixed(it);
    const isAway = why === 'is away for longer';
    let redisIsAway = false;
    const ledger = interruptedAfter(it.store.ledger, 1, () => {
      redisIsAway = isAway;
    });
    const redis = new Proxy(it.store.redis, {
      get(target, name) {
        if (name === 'del' && redisIsAway) return () => Promise.reject(new Error('Connection is closed.'));
        const value = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const admin = visitorsOf({ ...it.store, ledger, redis })();
    await admin.logIn();
    const answer = { once: onceIn((await admin.get('/batches/b1/retry')).text), outcome: '' };
    expect((await admin.post('/batches/b1/retry', answer)).status).toBe(503);
    await until('the others are recorded', async () => (await it.book.batches.counts('b1')).queued === 3);

    redisIsAway = false;
    expect((await admin.post('/batches/b1/retry', answer)).status).toBe(303);
    const { text } = await admin.get('/batches/b1');
    expect(text).toContain('3 will be sent again.');
    expect(text).not.toContain('could not be done');
    expect(await it.book.batches.counts('b1')).toMatchObject({ queued: 4 });
    // Sent once more, it does nothing.
    await it.book.send(it.idOf(merchant(1)));
    await it.book.record(it.idOf(merchant(1)), 'registration_refused', { problem: 'push:103' });
    expect((await admin.post('/batches/b1/retry', answer)).status).toBe(303);
    expect(await it.book.batches.counts('b1')).toMatchObject({ queued: 3, rejected: 1 });
  },
);

test('what takes longer than the page waits goes on where Redis interrupts it', async () => {
  const it = await openConsole();
  await mixed(it);
  let answered = (): void => {};
  const untilAnswered = new Promise<void>((resolve) => {
    answered = resolve;
  });
  const store = { ...it.store, ledger: interruptedAfter(it.store.ledger, 1, () => untilAnswered) };
  const { once } = await ask(store, { ask: 'retry', kind: 'batches', id: 'b1' });
  const answer = { ask: 'retry', kind: 'batches', id: 'b1', once, because: '', who: 'li', language: 'en' } as const;
  expect((await answerAsked(store, answer, 0)).said.en).toMatch(/^It is being done/);
  answered();
  await until('all of it is done', async () => (await it.book.batches.counts('b1')).queued === 4);
});

test('the answer says that a row could not be withdrawn any more, because it was sent after the preview', async () => {
  const { book, admin, idOf } = await opened();
  await book.load('b1', [merchant(1), merchant(2)]);
  const { text } = await admin.get('/batches/b1/cancel');
  expect(text).toContain('Withdraw 2<');
  await book.send(idOf(merchant(1)));
  await admin.post('/batches/b1/cancel', { once: onceIn(text), outcome: '' });
  expect((await admin.get('/batches/b1')).text).toContain(
    '1 withdrawn. 1 could not be done any more: sent, withdrawn or changed',
  );
});

test('only rows of the outcome that was chosen are sent again', async () => {
  const it = await opened();
  await mixed(it);
  const { text } = await it.admin.get('/batches/b1/retry?outcome=expired');
  expect(text).toContain('Send 1 again<');
  await it.admin.post('/batches/b1/retry', { once: onceIn(text), outcome: 'expired' });
  expect(await it.book.batches.counts('b1')).toMatchObject({ queued: 2, rejected: 2 });
});

test('a preview that is no longer kept, or was of other rows, does nothing', async () => {
  const it = await opened();
  await mixed(it);
  const { text } = await it.admin.get('/batches/b1/retry');
  const once = onceIn(text);
  expect((await it.admin.post('/batches/b1/cancel', { once, outcome: '' })).status).toBe(409);
  expect((await it.admin.post('/batches/b1/retry', { once, outcome: 'expired' })).status).toBe(409);
  const unknown = await it.admin.post('/batches/b1/retry', { once: 'A'.repeat(22), outcome: '' });
  expect([unknown.status, unknown.text]).toEqual([409, expect.stringContaining('no longer kept')]);
  expect(await it.book.batches.counts('b1')).toMatchObject({ rejected: 2, expired: 1 });
  const long = await it.admin.post('/batches/b1/retry', { once, outcome: '', because: '长'.repeat(501) });
  expect([long.status, long.text]).toEqual([409, expect.stringContaining('501 characters')]);
  // A refused answer has not used it up.
  expect((await it.admin.post('/batches/b1/retry', { once, outcome: '' })).status).toBe(303);
});
