/** Every action of the console: only from our own pages, only with the role that it needs, and recorded. */
import { expect, test } from 'vitest';
import { addUser, auditPage, listUsers } from '../../../src/app/console-users.js';
import { detailInWords } from '../../../src/console/actions.js';
import { ROUTES } from '../../../src/console/routes.js';
import { CONSOLE_ROLE_NAMES, mayAct } from '../../../src/domain/console-user.js';
import { openConsole, PASSWORD } from './support/visitor.js';

const ACTIONS = ROUTES.filter((route) => route.method === 'POST');
const PAGES = ROUTES.filter((route) => route.method === 'GET');
/** A path of the table with something in its places. */
const filled = (path: string): string => path.replace(/:\w+/g, 'nothing');

test('there are actions to be tried', () => {
  expect(ACTIONS.length).toBeGreaterThan(4);
});

test.each(CONSOLE_ROLE_NAMES)('a %s may do what the table of routes says, and nothing else', async (role) => {
  const { store, visitor } = await openConsole();
  await addUser(store, { name: 'wang', role, password: PASSWORD }, 'tests');
  const wang = visitor();
  await wang.logIn('wang');
  for (const { path, needs, method } of [...PAGES, ...ACTIONS]) {
    await wang.get('/');
    const { status } = await (method === 'GET' ? wang.get(filled(path)) : wang.post(filled(path)));
    if (mayAct(role, needs)) expect([path, status]).not.toEqual([path, 403]);
    else expect([path, status]).toEqual([path, 403]);
  }
  const done = (await auditPage(store, 100, undefined)).entries.filter(({ user }) => user === 'wang');
  const allowed = ACTIONS.filter(({ needs, action }) => action !== undefined && mayAct(role, needs));
  // One entry each, also where nothing could be done: the fields were empty.
  expect(done.map(({ action }) => action).sort()).toEqual(
    ['session.begin', ...allowed.map(({ action }) => action)].sort(),
  );
});

test('live parts are sent only to users who may see the page', async () => {
  const { visitor } = await openConsole();
  for (const { path, live } of PAGES) {
    if (live === undefined) continue;
    expect([path, (await visitor().get(path === '/' ? '/live' : `/live${filled(path)}`)).status]).toEqual([path, 403]);
  }
});

test.each([
  ['without a token', { csrf: '' }, {}],
  ['with the token of another session', { csrf: 'SqBcOSW2sJ4LuBvUAtVrhcyXNS21_iBSjW9_TUgKiS8' }, {}],
  ['from another site', {}, { origin: 'https://elsewhere.example' }],
  ['from another port of this machine', {}, { origin: 'http://127.0.0.1:9999' }],
  ['from a page without an origin', {}, { origin: 'null' }],
] as const)('an action %s is refused, and changes nothing', async (_, fields, headers) => {
  const { store, visitor } = await openConsole();
  const admin = visitor();
  await admin.logIn();
  const paths = [...ACTIONS.map(({ path }) => filled(path)), '/logout', '/language', '/login'];
  for (const path of paths) {
    const given = { name: 'wang', role: 'viewer', password: PASSWORD, ...fields };
    expect([path, (await admin.post(path, given, headers)).status]).toEqual([path, 403]);
  }
  expect(await listUsers(store)).toEqual([]);
  expect((await admin.get('/')).status).toBe(200);
  expect((await auditPage(store, 10, undefined)).entries.map(({ action }) => action)).toEqual(['session.begin']);
});

test('users are added, changed and removed by an admin, and the audit names the admin', async () => {
  const { store, visitor } = await openConsole();
  const admin = visitor();
  await admin.logIn();
  const added = await admin.post('/users/add', { name: '王小明', role: 'operator', password: PASSWORD });
  expect(added.headers.get('location')).toBe('/users');
  const page = await admin.get('/users');
  expect(page.text).toContain('Added: 王小明.');
  expect(page.text).toContain('<bdi>王小明</bdi>');
  expect((await admin.get('/users')).text).not.toContain('Added: 王小明.');
  const refused = await admin.post('/users/add', { name: '王小明', role: 'operator', password: PASSWORD });
  expect([refused.status, refused.text]).toEqual([409, expect.stringContaining('There is a user 王小明 already.')]);
  expect((await admin.post('/users/add', { name: 'li', role: 'operator', password: 'short' })).status).toBe(409);
  expect((await admin.post('/users/add', { name: '<b>', role: 'operator', password: PASSWORD })).status).toBe(409);
  expect((await admin.post('/users/role', { name: '王小明', role: 'viewer' })).status).toBe(303);
  expect(await listUsers(store)).toMatchObject([{ name: '王小明', role: 'viewer', addedBy: 'admin' }]);
  expect((await admin.post('/users/remove', { name: '王小明' })).status).toBe(303);
  expect((await admin.post('/users/remove', { name: 'admin' })).text).toContain('You cannot remove yourself.');
  const { entries } = await auditPage(store, 100, undefined);
  expect(entries.map(({ user, action, subject, result }) => [user, action, subject, result])).toEqual([
    ['admin', 'users.remove', 'admin', 'refused'],
    ['admin', 'users.remove', '王小明', 'done'],
    ['admin', 'users.role', '王小明', 'done'],
    ['admin', 'users.add', '<b>', 'refused'],
    ['admin', 'users.add', 'li', 'refused'],
    ['admin', 'users.add', '王小明', 'refused'],
    ['admin', 'users.add', '王小明', 'done'],
    ['admin', 'session.begin', '', 'done'],
  ]);
  const audit = await admin.get('/audit');
  expect(audit.text).toContain('<bdi>&lt;b&gt;</bdi>');
  expect(audit.text).not.toContain(PASSWORD);
});

test.each([
  ['users.add', 'operator', '操作员'],
  ['users.sessions', '2', '2 个会话'],
  ['users.role', 'viewer, command line', '查看员，命令行'],
  ['batches.retry', '1200', '1200 行'],
  ['sheets.upload', '3', '3 个文件'],
  ['merchants.note', 'contacted', '已联系'],
  ['merchants.retry', 'repeated', '表单重复提交，未再执行'],
  ['sheets.start', 'b1a2b3c4d5e6', 'b1a2b3c4d5e6'],
  ['of.later', '7', '7'],
])('in Chinese the detail of %s, %s, is shown as %s', (action, detail, shown) => {
  expect(detailInWords(action, detail).zh).toBe(shown);
});

test('a form that is larger than a form can be is not read', async () => {
  const admin = (await openConsole()).visitor();
  await admin.logIn();
  const { status, text } = await admin.post('/users/add', { name: 'x'.repeat(300_000) });
  expect([status, text]).toEqual([400, expect.stringContaining('The form is too large.')]);
});
