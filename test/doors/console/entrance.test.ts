/** Logging in, sessions and how they end, and the language of a page. */
import { expect, test, vi } from 'vitest';
import { addUser, auditPage, changePassword, changeRole, removeUser } from '../../../src/app/console-users.js';
import { isPassword, PASSWORD_COST } from '../../../src/app/passwords.js';
import { readSettings } from '../../../src/config.js';
import { languageAccepted } from '../../../src/console/access.js';
import { ownPath } from '../../../src/console/guard.js';
import { waitAfterTriesMs } from '../../../src/domain/console-user.js';
import { openConsoleSessions } from '../../../src/redis/console-sessions.js';
import { merchant } from '../../support/merchants.js';
import { rehearse } from '../../support/rehearsal.js';
import { until } from '../../support/until.js';
import { openConsole, PASSWORD, visitorsOf } from './support/visitor.js';

test('every page is closed until there is a password or a user', async () => {
  const { store } = await rehearse();
  const visitor = visitorsOf(store)();
  for (const path of ['/', '/login', '/batches', '/nothing']) {
    const { status, text } = await visitor.get(path);
    expect([path, status]).toEqual([path, 403]);
    expect(text).toContain('fastregister users add NAME --role admin');
  }
  await addUser(store, { name: 'wang', role: 'viewer', password: PASSWORD }, 'tests');
  expect((await visitor.get('/login')).status).toBe(200);
  expect((await visitor.logIn('wang')).status).toBe(303);
  expect((await visitor.get('/')).text).toContain('<strong>wang</strong> viewer');
});

test('a page without a session leads to the log-in, and the log-in back to the page', async () => {
  const visitor = (await openConsole()).visitor();
  const away = await visitor.get('/batches?page=2');
  expect([away.status, away.headers.get('location')]).toEqual([303, '/login?to=%2Fbatches%3Fpage%3D2']);
  const { text } = await visitor.get('/login?to=%2Fbatches%3Fpage%3D2');
  expect(text).toContain('name="to" value="/batches?page=2"');
  const entered = await visitor.post('/login', { username: 'admin', password: PASSWORD, to: '/batches?page=2' });
  expect([entered.status, entered.headers.get('location')]).toEqual([303, '/batches?page=2']);
});

test('a form that is sent after the end of its session leads to a log-in that says so, and back to its page', async () => {
  const one = (await openConsole()).visitor();
  await one.logIn();
  one.cookies.delete('fastregister-session8481');
  const referer = (path: string) => ({ referer: `http://127.0.0.1:8481${path}` });
  const away = await one.post('/merchants/r1/note', { text: 'x' }, referer('/merchants/r1?a=1'));
  const to = away.headers.get('location') ?? '';
  expect([away.status, to]).toEqual([303, '/login?ended=1&to=%2Fmerchants%2Fr1%3Fa%3D1']);
  const { text } = await one.get(to);
  expect(text).toContain('Your session has ended. What you sent was not done');
  expect(text).toContain('name="to" value="/merchants/r1?a=1"');
  expect((await one.get(to, { 'accept-language': 'zh-CN' })).text).toContain('会话已结束，刚才的操作未执行');
  expect((await one.get('/login?to=%2Fbatches')).text).not.toContain('session has ended');
  const nowhere = await one.post('/line/pause', {}, { referer: 'http://127.0.0.1:8481//elsewhere.example/' });
  expect(nowhere.headers.get('location')).toBe('/login?ended=1');
});

test('the address of a form without a page of its own leads to the page of the form', async () => {
  const one = (await openConsole()).visitor();
  await one.logIn();
  const at = async (path: string) => (await one.get(path)).headers.get('location');
  expect(await at('/merchants/r1/correct/check')).toBe('/merchants/r1/correct');
  expect(await at('/line/check')).toBe('/line');
  expect(await at('/users/add')).toBe('/users');
});

test('after logging in only a path of the console is shown', async () => {
  const hostile = [
    '//elsewhere.example',
    'https://elsewhere.example',
    '/\\elsewhere.example',
    'javascript:alert(1)',
    '/ x',
  ];
  expect(hostile.map(ownPath)).toEqual(hostile.map(() => '/'));
  expect(['/batches?page=2', '/batches/b1#rows'].map(ownPath)).toEqual(['/batches?page=2', '/batches/b1#rows']);
  const visitor = (await openConsole()).visitor();
  await visitor.get('/login');
  const { headers } = await visitor.post('/login', { username: 'admin', password: PASSWORD, to: hostile[0] ?? '' });
  expect(headers.get('location')).toBe('/');
});

test('a wrong password, a wrong user and no password get the same answer, and no session', async () => {
  const visitor = (await openConsole()).visitor();
  for (const [user, password] of [
    ['admin', 'wrong'],
    ['nobody', PASSWORD],
    ['admin', ''],
  ] as const) {
    const { status, text } = await visitor.logIn(user, password);
    expect(status).toBe(403);
    expect(text).toContain('The user or the password is wrong.');
  }
  expect((await visitor.get('/')).status).toBe(303);
});

test('the audit has refused log-ins of users, not what else was typed as a name, which may be a password', async () => {
  const { store, visitor } = await openConsole();
  for (const [user, password] of [
    [PASSWORD, 'admin'],
    ['admin', 'wrong'],
  ] as const) {
    expect((await visitor().logIn(user, password)).status).toBe(403);
  }
  await until('it is in the audit', async () => (await auditPage(store, 10, undefined)).entries.length > 0);
  expect((await auditPage(store, 10, undefined)).entries).toMatchObject([
    { user: 'admin', action: 'session.refused', result: 'refused' },
  ]);
});

test('five wrong passwords in a row begin a wait, which doubles up to ten minutes', () => {
  const seconds = Array.from({ length: 12 }, (_, at) => waitAfterTriesMs(at + 1) / 1000);
  expect(seconds).toEqual([0, 0, 0, 0, 15, 30, 60, 120, 240, 480, 600, 600]);
  expect(waitAfterTriesMs(1_000_000)).toBe(600_000);
});

test('wrong passwords make a browser wait until the wait is over; one in which the user was before logs in meanwhile', async () => {
  const { store, visitor } = await openConsole();
  const [owner, stranger] = [visitor(), visitor()];
  await owner.logIn();
  await owner.post('/logout');
  // Without an address, as the requests of this test are.
  const sessions = openConsoleSessions(store.redis);
  for (let count = 0; count < 4; count += 1) expect(await sessions.tryToBegin(' admin')).toBe(0);
  expect((await stranger.logIn('admin', 'wrong')).status).toBe(403);
  // Even with the right password: else it could be found by the answer.
  const waits = await stranger.logIn();
  expect(waits.status).toBe(429);
  expect(waits.text).toContain('Try again in 1 minute.');
  expect((await owner.logIn()).status).toBe(303);
  const [wait = ''] = await store.redis.keys('*console-wait*');
  expect(await store.redis.pttl(wait)).toBeGreaterThan(0);
  await store.redis.pexpire(wait, 1);
  await until('the wait is over', async () => (await store.redis.exists(wait)) === 0);
  expect((await stranger.logIn()).status).toBe(303);
});

test('wrong passwords for many names from one address make it wait, too; a browser in which the user was before does not', async () => {
  const { visitor } = await openConsole();
  const [owner, stranger] = [visitor(), visitor()];
  await owner.logIn();
  await owner.post('/logout');
  await stranger.get('/login');
  const guess = (at: number) => stranger.post('/login', { username: `name${at}`, password: 'wrong' });
  const statuses = await Promise.all(Array.from({ length: 30 }, async (_, at) => (await guess(at)).status));
  expect(statuses.filter((it) => it === 403)).toHaveLength(21);
  const waits = await guess(30);
  expect([waits.status, waits.headers.get('retry-after')]).toEqual([429, expect.stringMatching(/^1[0-5]$/)]);
  expect((await visitor().logIn()).status).toBe(429);
  expect((await owner.logIn()).status).toBe(303);
});

test('while too many strangers try at once, a stranger is asked to come again; a browser in which the user was before logs in', async () => {
  const { visitor } = await openConsole();
  const [owner, stranger] = [visitor(), visitor()];
  await owner.logIn();
  await owner.post('/logout');
  const gone = new AbortController();
  PASSWORD_COST.N = 2 ** 14;
  const { signal } = gone;
  const flood = Array.from({ length: 100 }, () => isPassword('a guess', undefined, { signal }).catch(() => false));
  try {
    const refused = await stranger.logIn();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5']);
    expect(refused.text).toContain('Too many others are logging in at this moment.');
    expect((await owner.logIn()).status).toBe(303);
  } finally {
    gone.abort();
    await Promise.all(flood);
    PASSWORD_COST.N = 2 ** 4;
  }
});

test('the session is a cookie that no script reads and no other site sends', async () => {
  const { store, visitor } = await openConsole();
  const one = visitor();
  const { headers } = await one.logIn();
  const cookie = headers.getSetCookie().find((it) => it.startsWith('fastregister-session8481='));
  expect(cookie).toMatch(/; Path=\/; HttpOnly; SameSite=Lax$/);
  // Redis has no token that a reader could use.
  const token = one.cookies.get('fastregister-session8481') ?? '?';
  const held = await Promise.all((await store.redis.keys('*console*')).map((name) => store.redis.dump(name)));
  expect((await store.redis.keys('*')).join('\n') + held.join('\n')).not.toContain(token);
});

test('logging out ends the session of a copied cookie, too', async () => {
  const { visitor } = await openConsole();
  const [one, copy] = [visitor(), visitor()];
  await one.logIn();
  for (const [name, value] of one.cookies) copy.cookies.set(name, value);
  expect((await copy.get('/')).status).toBe(200);
  expect((await one.post('/logout')).headers.get('location')).toBe('/login');
  expect((await copy.get('/')).status).toBe(303);
});

test('another password and a removal end the sessions of a user; another role applies to them', async () => {
  const { store, visitor } = await openConsole();
  await addUser(store, { name: 'wang', role: 'viewer', password: PASSWORD }, 'tests');
  const wang = visitor();
  await wang.logIn('wang');
  expect((await wang.get('/users')).status).toBe(403);
  await changeRole(store, 'wang', 'admin');
  expect((await wang.get('/users')).status).toBe(200);
  await changePassword(store, 'wang', 'another password');
  expect((await wang.get('/users')).status).toBe(303);
  expect((await wang.logIn('wang')).status).toBe(403);
  expect((await wang.logIn('wang', 'another password')).status).toBe(303);
  await removeUser(store, 'wang');
  expect((await wang.get('/')).status).toBe(303);
});

test('another FASTREGISTER_CONSOLE_PASSWORD ends the sessions of the old one', async () => {
  const { store, visitor } = await openConsole();
  const one = visitor();
  await one.logIn();
  const env = { FASTREGISTER_CONSOLE_PASSWORD: 'another password', FASTREGISTER_HOME: store.settings.home };
  const { consolePassword } = readSettings({ env });
  const changed = visitorsOf({ ...store, settings: { ...store.settings, consolePassword } })();
  for (const [name, value] of one.cookies) changed.cookies.set(name, value);
  expect((await one.get('/')).status).toBe(200);
  expect((await changed.get('/')).status).toBe(303);
});

test('a session without use ends by itself', async () => {
  const { store, visitor } = await openConsole();
  const one = visitor();
  await one.logIn();
  const names = await store.redis.keys('*:console-session:*');
  expect(names).toHaveLength(1);
  expect(await store.redis.ttl(names[0] ?? '')).toBeGreaterThan(12 * 3_600 - 60);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 7 * 86_400_000 });
  try {
    expect((await one.get('/')).status).toBe(303);
  } finally {
    vi.useRealTimers();
  }
});

test.each([
  ['zh-CN,zh;q=0.9,en;q=0.8', 'zh'],
  ['en-US,en;q=0.9,zh;q=0.8', 'en'],
  ['fr,zh-TW;q=0.5', 'zh'],
  ['de', 'en'],
  ['', 'en'],
])('a browser that accepts %j reads %s', (header, language) => {
  expect(languageAccepted(header)).toBe(language);
});

test('the language is that of the browser until another one is chosen, before logging in, too', async () => {
  const visitor = (await openConsole()).visitor();
  const chinese = { 'accept-language': 'zh-CN' };
  expect((await visitor.get('/login', chinese)).text).toContain('<html lang="zh-CN">');
  expect((await visitor.post('/language', { language: 'en', to: '/login' })).headers.get('location')).toBe('/login');
  expect((await visitor.get('/login', chinese)).text).toContain('<html lang="en">');
});

test('the other language shows the same page with its filter; where a form was answered, it is not offered', async () => {
  const { book, visitor } = await openConsole();
  await book.load('b1', [merchant(1)]);
  const one = visitor();
  await one.logIn();
  const { text } = await one.get('/batches/b1?outcome=pending');
  expect(text).toContain('<input type="hidden" name="to" value="/batches/b1?outcome=pending"/>');
  const answered = await one.post('/users/add', { name: '' });
  expect(answered.status).toBe(409);
  expect(answered.text).not.toContain('action="/language"');
});
