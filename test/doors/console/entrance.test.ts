/** Who gets in, who stays in, and who is let out. */
import { expect, test, vi } from 'vitest';
import { addUser, changePassword, changeRole, removeUser } from '../../../src/app/console-users.js';
import { readSettings } from '../../../src/config.js';
import { languageAccepted } from '../../../src/console/door.js';
import { rehearse } from '../../support/rehearsal.js';
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

test('a visitor without a session has to log in, and then gets the requested page', async () => {
  const visitor = (await openConsole()).visitor();
  const away = await visitor.get('/batches?page=2');
  expect([away.status, away.headers.get('location')]).toEqual([303, '/login?to=%2Fbatches%3Fpage%3D2']);
  const { text } = await visitor.get('/login?to=%2Fbatches%3Fpage%3D2');
  expect(text).toContain('name="to" value="/batches?page=2"');
  const entered = await visitor.post('/login', { username: 'admin', password: PASSWORD, to: '/batches?page=2' });
  expect([entered.status, entered.headers.get('location')]).toEqual([303, '/batches?page=2']);
});

test.each(['//elsewhere.example', 'https://elsewhere.example', '/\\elsewhere.example', 'javascript:alert(1)'])(
  'no login redirects to %s',
  async (to) => {
    const visitor = (await openConsole()).visitor();
    await visitor.get('/login');
    const { headers } = await visitor.post('/login', { username: 'admin', password: PASSWORD, to });
    expect(headers.get('location')).toBe('/');
  },
);

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

test('wrong passwords make a stranger wait; a browser that was in before gets in meanwhile', async () => {
  const { visitor } = await openConsole();
  const [owner, stranger] = [visitor(), visitor()];
  await owner.logIn();
  await owner.post('/logout');
  for (let count = 0; count < 5; count += 1) expect((await stranger.logIn('admin', 'wrong')).status).toBe(403);
  // Even with the right password: else it could be found by the answer.
  const waits = await stranger.logIn();
  expect(waits.status).toBe(429);
  expect(waits.text).toContain('Try again in 1 minute.');
  expect((await owner.logIn()).status).toBe(303);
});

test('the wait ends, and is never longer than ten minutes', async () => {
  const { store, visitor } = await openConsole();
  const stranger = visitor();
  for (let count = 0; count < 40; count += 1) {
    await stranger.logIn('admin', 'wrong');
    const [wait = ''] = await store.redis.keys('*console-wait*');
    if (wait === '') continue;
    expect(await store.redis.pttl(wait)).toBeLessThanOrEqual(600_000);
    await store.redis.del(wait);
  }
  expect((await stranger.logIn()).status).toBe(303);
});

test('the session is a cookie that no script reads and no other site sends', async () => {
  const { store, visitor } = await openConsole();
  const one = visitor();
  const { headers } = await one.logIn();
  const cookie = headers.getSetCookie().find((it) => it.startsWith('fastregister-session8481='));
  expect(cookie).toMatch(/; Path=\/; HttpOnly; SameSite=Lax$/);
  // Whoever reads Redis has no session.
  const token = one.cookies.get('fastregister-session8481') ?? '?';
  const held = await Promise.all((await store.redis.keys('*console*')).map((name) => store.redis.dump(name)));
  expect((await store.redis.keys('*')).join('\n') + held.join('\n')).not.toContain(token);
});

test('logging out ends the session also for a copied cookie', async () => {
  const { visitor } = await openConsole();
  const [one, copy] = [visitor(), visitor()];
  await one.logIn();
  for (const [name, value] of one.cookies) copy.cookies.set(name, value);
  expect((await copy.get('/')).status).toBe(200);
  expect((await one.post('/logout')).headers.get('location')).toBe('/login');
  expect((await copy.get('/')).status).toBe(303);
});

test('another password and a removal end sessions; another role changes what they may do', async () => {
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

test('an unused session ends by itself', async () => {
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
