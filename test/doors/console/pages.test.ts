/** What every page says and does not say, and what it shows of the ledger. */
import { expect, test } from 'vitest';
import { addUser } from '../../../src/app/console-users.js';
import { pause } from '../../../src/app/line.js';
import { addNote } from '../../../src/app/note.js';
import { gatherStatus } from '../../../src/app/status.js';
import { limitsOf } from '../../../src/app/wiring/limits.js';
import { staticAddress } from '../../../src/console/static-files.js';
import { sendingWindow } from '../../../src/domain/limits.js';
import { key } from '../../../src/redis/keys.js';
import { merchant } from '../../support/merchants.js';
import { until } from '../../support/until.js';
import { openConsole, PASSWORD } from './support/visitor.js';

const HOSTILE = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  '\u202eexe.fdp\u202c有限公司',
  "'; DROP TABLE merchants;--",
  '\u001b]52;c;ZXZpbA==\u0007',
  '{{7*7}}',
];

const HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
};

test('every answer forbids scripts of others, frames, sniffing and keeping', async () => {
  const visitor = (await openConsole()).visitor();
  const answers = [await visitor.get('/login'), await visitor.get('/'), await visitor.get('/nothing')];
  await visitor.logIn();
  for (const path of ['/', '/batches', '/batches/none', '/users', '/audit', '/nothing'])
    answers.push(await visitor.get(path));
  answers.push(await visitor.post('/users/add'), await visitor.post('/users/add', {}, { origin: 'null' }));
  for (const { headers } of answers) {
    expect(Object.fromEntries(headers)).toMatchObject(HEADERS);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|http|\*/);
  }
});

test('no page has a script or a style in it, or asks another host', async () => {
  const { book, visitor, idOf } = await openConsole();
  await book.load('b1', [merchant(1), undefined]);
  const one = visitor();
  await one.logIn();
  const id = idOf(merchant(1));
  const own = [`/merchants/${id}`, `/merchants/${id}/correct`, '/batches/b1/retry', '/batches/b1/codes'];
  for (const path of [
    '/',
    '/sheets/new',
    '/batches',
    '/batches/b1',
    '/todo',
    '/merchants',
    ...own,
    '/users',
    '/audit',
  ]) {
    const { text } = await one.get(path);
    expect(text).not.toMatch(/ style=| on\w+=|<style|<script(?! src="\/static\/)|javascript:|hx-on/);
    expect(
      [...text.matchAll(/(?:src|href|action)="([^"#]+)/g)]
        .map(([, to = '']) => to)
        .filter((to) => !/^\/(?!\/)/.test(to)),
    ).toEqual([]);
  }
});

test('style and scripts are files that a browser keeps', async () => {
  const visitor = (await openConsole()).visitor();
  for (const name of ['console.css', 'console.js', 'htmx.js', 'icon.svg'] as const) {
    const { status, headers, text } = await visitor.get(staticAddress(name));
    expect([name, status, headers.get('cache-control')]).toEqual([name, 200, 'public, max-age=31536000, immutable']);
    expect(text.length).toBeGreaterThan(100);
  }
  for (const path of ['/static/nothing', '/static/..%2fapp.js', '/static/toString']) {
    expect([path, (await visitor.get(path)).status]).toEqual([path, 404]);
  }
});

test('hostile names are text on every page', async () => {
  const { book, visitor } = await openConsole();
  await book.load(
    'b1',
    HOSTILE.map((name, at) => merchant(at + 1, 'ok', { name })),
  );
  const one = visitor();
  await one.logIn();
  const { text } = await one.get('/batches/b1');
  for (const part of ['<script>alert', '<img', '\u202e', '\u001b', '\u0007']) expect(text).not.toContain(part);
  expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(text).toContain('\\u202eexe.fdp\\u202c有限公司');
  const problem = await one.get(`/batches/b1?problem=${encodeURIComponent('"><script>')}`);
  expect(problem.text).not.toContain('"><script>');
  const missing = await one.get(`/batches/${encodeURIComponent('<script>alert(1)</script>')}`);
  expect([missing.status, missing.text]).toEqual([404, expect.stringContaining('There is no batch &lt;script&gt;')]);
});

test('the first page says what status says', async () => {
  const { book, store, start, settled, visitor } = await openConsole();
  await book.load('b1', [merchant(1), merchant(2, 'p103'), undefined]);
  await start();
  await settled('b1');
  const one = visitor();
  await one.logIn();
  const facts = await gatherStatus(store, undefined);
  const { text } = await one.get('/');
  expect(text).toContain(`${facts.calls.used} of ${facts.calls.limit}, ${facts.calls.left} left`);
  expect(text).toContain('1 created, 1 invalid, 1 rejected');
  expect(text).toContain('Nothing needs to be fixed.');
  // The end of the day's calls is no fault: the next day has others.
  const { day } = sendingWindow(limitsOf(store.settings), Date.now());
  await store.redis.hset(key('calls', day), 'create', facts.calls.limit);
  await book.load('b2', [merchant(3)]);
  const spent = await one.get('/');
  expect(spent.text).toMatch(/<section class="line fair"><h2>Sending waits<\/h2>/);
  await pause(store, 'a holiday', Date.now());
  // The code of the pause is said in words.
  expect((await one.whole('/batches/b2')).text).toContain('An operator paused it.');
  const paused = await one.get('/');
  expect(paused.text).toContain('Sending is stopped');
  expect(paused.text).toContain('a holiday');
});

test('the first page leads to the first sheet, and then to the merchants whose turn it is', async () => {
  const { book, store, start, settled, visitor } = await openConsole();
  await addUser(store, { name: 'li', role: 'viewer', password: PASSWORD }, 'tests');
  const [one, viewer] = [visitor(), visitor()];
  await one.logIn();
  await viewer.logIn('li');
  for (const path of ['/', '/batches']) {
    expect((await one.get(path)).text).toContain('No batch yet. <a href="/sheets/new">Upload a sheet</a>');
    expect((await viewer.get(path)).text).toContain('<p class="empty">No batch yet.</p>');
  }
  await book.load('b1', [merchant(1, 'p103')]);
  await start();
  await settled('b1');
  await until('they are counted', async () => (await one.get('/')).text.includes('<a href="/todo?who=merchant">'));
});

test('commands in our sentences are in the letters of code, and marks of a merchant are left as they are', async () => {
  const { book, idOf, store, visitor } = await openConsole();
  await book.load('b1', [merchant(1)]);
  await book.send(idOf(merchant(1)));
  await addNote(store.ledger, idOf(merchant(1)), { text: 'the `sign` is new', who: 'li', contacted: true });
  const one = visitor();
  await one.logIn();
  const { text } = await one.get(`/merchants/${idOf(merchant(1))}`);
  expect(text).toContain('<code>create</code>');
  expect(text).toContain('the `sign` is new');
  expect((await one.get('/line')).text).toContain('What <code>doctor</code> says');
});

test('rows are filtered by outcome, by the side that acts and by problem, page by page', async () => {
  const { book, start, settled, visitor } = await openConsole();
  const rows = Array.from({ length: 60 }, (_, at) => merchant(at + 1, at === 55 ? 'p103' : 'ok'));
  await book.load('b1', [undefined, ...rows]);
  await start();
  await settled('b1');
  const one = visitor();
  await one.logIn();
  const lines = async (query: string): Promise<number[]> =>
    [...(await one.get(`/batches/b1${query}`)).text.matchAll(/data-heading="Line">(\d+)/g)].map(([, line]) =>
      Number(line),
    );
  expect(await lines('')).toEqual(Array.from({ length: 50 }, (_, at) => at + 2));
  expect((await one.get('/batches/b1')).text).toContain('href="/batches/b1?from=50"');
  expect(await lines('?from=50')).toEqual(Array.from({ length: 11 }, (_, at) => at + 52));
  expect(await lines('?outcome=rejected')).toEqual([58]);
  expect(await lines('?outcome=invalid')).toEqual([2]);
  expect(await lines('?who=merchant&problem=push:103')).toEqual([58]);
  expect(await lines('?problem=push:104')).toEqual([]);
  // What is no filter, or no number, is none.
  expect(await lines('?outcome=nonsense&who=__proto__&from=-7')).toHaveLength(50);
});

test('a batch of which nothing is known, and pages that do not exist, are not found', async () => {
  const one = (await openConsole()).visitor();
  await one.logIn();
  for (const path of ['/batches/none', '/nothing', '//', '/batches/none/further']) {
    expect([path, (await one.get(path)).status]).toEqual([path, 404]);
  }
});

test('a band says that it is a rehearsal', async () => {
  const { visitor, store } = await openConsole();
  expect(store.settings.isRehearsal).toBe(true);
  expect((await visitor().get('/login')).text).toContain('Rehearsal: nothing here reaches WeChat.');
  expect((await visitor().get('/login', { 'accept-language': 'zh' })).text).toContain('演练：');
});
