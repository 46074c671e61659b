/** The console's users by command. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { changePassword, changeRole } from '../../src/app/console-users.js';
import { isPassword } from '../../src/app/passwords.js';
import { openConsoleAudit } from '../../src/redis/console-audit.js';
import { openConsoleSessions } from '../../src/redis/console-sessions.js';
import { openConsoleUsers } from '../../src/redis/console-users.js';
import { typed } from '../support/command-line.js';
import { run } from '../support/program.js';
import { useRedis } from '../support/redis.js';
import { newHome } from '../support/rehearsal.js';

const server = useRedis();

const env = (more: Record<string, string> = {}) => ({
  REDIS_URL: server.url,
  FASTREGISTER_HOME: newHome(),
  FASTREGISTER_SECRET_KEY: '0'.repeat(64),
  FASTREGISTER_LANG: 'en',
  ...more,
});

test('a user is added with a password that is shown once, listed, and removed', async () => {
  const as = env();
  const added = await typed(['users', 'add', 'wang', '--role', 'operator'], { env: as });
  expect(added.status).toBe(0);
  const password = added.stdout.trim();
  expect(password).toMatch(/^[\w-]{16}$/);
  const [user] = await openConsoleUsers(server.redis).list();
  expect(user).toMatchObject({ name: 'wang', role: 'operator' });
  expect(JSON.stringify(user)).not.toContain(password);
  expect((await typed(['users', 'list'], { env: as })).stdout).toMatch(/^wang +operator +not logged in\n$/);
  expect(JSON.parse((await typed(['users', 'list', '--json'], { env: as })).stdout)).toMatchObject([
    { name: 'wang', role: 'operator', sessions: 0 },
  ]);
  expect((await typed(['users', 'remove', 'wang'], { env: as })).status).toBe(0);
  expect((await typed(['users', 'list'], { env: as })).stderr).toContain('the console is closed');
  const { entries } = await openConsoleAudit(server.redis).page(10);
  expect(entries.map(({ action, subject }) => [action, subject])).toEqual([
    ['users.remove', 'wang'],
    ['users.add', 'wang'],
  ]);
});

test('a role is changed and sessions are ended as on the page of the console', async () => {
  const as = env();
  await typed(['users', 'add', 'wang'], { env: as });
  await openConsoleSessions(server.redis).begin({ user: 'wang', mark: 'x' });
  const changed = await typed(['users', 'role', 'wang', 'admin'], { env: as });
  expect([changed.status, changed.stderr]).toEqual([0, 'wang is admin now.\n']);
  expect((await typed(['users', 'list'], { env: as })).stdout).toMatch(/^wang +admin +1 session\n$/);
  const ended = await typed(['users', 'logout', 'wang'], { env: as });
  expect([ended.status, ended.stderr]).toEqual([0, 'Sessions of wang that were ended: 1.\n']);
  expect((await typed(['users', 'list'], { env: as })).stdout).toMatch(/^wang +admin +not logged in\n$/);
  const { entries } = await openConsoleAudit(server.redis).page(2);
  expect(entries.map(({ action, subject, detail }) => [action, subject, detail])).toEqual([
    ['users.sessions', 'wang', '1, command line'],
    ['users.role', 'wang', 'admin, command line'],
  ]);
});

test('what two admins change of one user at the same time is both kept, and a removed user does not come back', async () => {
  const users = openConsoleUsers(server.redis);
  const user = { name: 'wang', role: 'admin', addedAt: 1, addedBy: 'admin', password: 'x' } as const;
  await users.add(user);
  await Promise.all([
    changePassword({ redis: server.redis }, 'wang', 'another password of wang'),
    changeRole({ redis: server.redis }, 'wang', 'viewer'),
  ]);
  const changed = await users.find('wang');
  expect(changed?.role).toBe('viewer');
  expect(changed?.password).not.toBe('x');

  const changing = changePassword({ redis: server.redis }, 'wang', 'one more password of wang');
  await users.remove('wang');
  await expect(changing).rejects.toThrow('wang');
  expect(await users.find('wang')).toBeUndefined();
});

test('the program keeps a password as a hash that costs 32 MB and a tenth of a second to compare', async () => {
  const added = await run(['users', 'add', 'wang'], { env: env() });
  const kept = (await openConsoleUsers(server.redis).find('wang'))?.password;
  expect(kept).toMatch(/^scrypt\$32768\$8\$1\$/);
  expect(await isPassword(added.stdout.trim(), kept)).toBe(true);
  expect(await isPassword('another password', kept)).toBe(false);
});

test('a password is read from a file, of which the first line counts', async () => {
  const as = env();
  const file = join(as.FASTREGISTER_HOME, 'password');
  writeFileSync(file, 'a password of tests\n');
  const added = await typed(['users', 'add', 'wang', '--password-file', file], { env: as });
  expect([added.status, added.stdout]).toEqual([0, '']);
  const before = await openConsoleUsers(server.redis).find('wang');
  expect(before?.role).toBe('viewer');
  writeFileSync(file, 'another password\n');
  expect((await typed(['users', 'password', 'wang', '--password-file', file], { env: as })).status).toBe(0);
  expect((await openConsoleUsers(server.redis).find('wang'))?.password).not.toBe(before?.password);
});

test.each([
  [['add', 'wang', '--role', 'king'], 'There is no role king.'],
  [['add', 'wang', '--password-file', '/nowhere/password'], '--password-file: '],
  [['add', 'a b'], 'The name of a user has'],
  [['add', 'Admin'], 'is the built-in user'],
  [['role', 'li', 'admin'], 'There is no user li.'],
  [['logout', 'li'], 'There is no user li.'],
  [['password', 'li'], 'There is no user li.'],
  [['remove', 'li'], 'There is no user li.'],
])('users %j is refused', async (args, says) => {
  const { status, stderr } = await typed(['users', ...args], { env: env() });
  expect([status, stderr]).toEqual([2, expect.stringContaining(says)]);
});
