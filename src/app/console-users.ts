/** The users of the console: added, listed, changed, removed. */
import { randomBytes } from 'node:crypto';
import {
  BUILT_IN_USER,
  CONSOLE_ROLE_NAMES,
  type ConsoleRole,
  type ConsoleUser,
  faultOfPassword,
  faultOfUserName,
} from '../domain/console-user.js';
import type { Words } from '../domain/words.js';
import { openConsoleAudit } from '../redis/console-audit.js';
import { openConsoleSessions } from '../redis/console-sessions.js';
import { openConsoleUsers, type StoredUser } from '../redis/console-users.js';
import { hashPassword } from './passwords.js';
import { RequestError } from './request-error.js';
import type { Store } from './wiring/store.js';

type Tools = Pick<Store, 'redis'>;

export interface ListedUser extends ConsoleUser {
  /** Sessions that have not ended. */
  readonly sessions: number;
}

/** Without the built-in one, which the settings have. */
export async function listUsers({ redis }: Tools): Promise<ListedUser[]> {
  const sessions = openConsoleSessions(redis);
  return Promise.all(
    (await openConsoleUsers(redis).list()).map(async ({ password: _, ...user }) => ({
      ...user,
      sessions: await sessions.countOf(user.name),
    })),
  );
}

/** A generated password. */
export function newPassword(): string {
  return randomBytes(12).toString('base64url');
}

export interface NewUser {
  readonly name: string;
  readonly role: string;
  readonly password: string;
}

/** @throws RequestError where the name, role or password is none, or there is such a user */
export async function addUser({ redis }: Tools, { name, role, password }: NewUser, by: string): Promise<ConsoleUser> {
  refuse(faultOfUserName(name));
  if (name.toLowerCase() === BUILT_IN_USER) refuse(ITS_PASSWORD_IS_A_SETTING);
  refuse(faultOfPassword(password));
  const user = { name, role: roleNamed(role), addedAt: Date.now(), addedBy: by };
  const added = await openConsoleUsers(redis).add({ ...user, password: await hashPassword(password) });
  if (!added) {
    refuse({
      en: `There is a user ${name} already. To give it another password: fastregister users password ${name}`,
      zh: `用户 ${name} 已存在。如需更换密码：fastregister users password ${name}`,
    });
  }
  return user;
}

/** Ends the user's sessions. @throws RequestError */
export async function removeUser({ redis }: Tools, name: string): Promise<void> {
  await userNamed({ redis }, name);
  await openConsoleUsers(redis).remove(name);
  await openConsoleSessions(redis).endAllOf(name);
}

/** Ends the user's sessions, so that the old password is of no use any more. @throws RequestError */
export async function changePassword({ redis }: Tools, name: string, password: string): Promise<void> {
  refuse(faultOfPassword(password));
  await userNamed({ redis }, name);
  const hash = await hashPassword(password);
  // Another admin may have changed the role, or removed the user, in that time.
  await changeUser({ redis }, name, (user) => ({ ...user, password: hash }));
  await openConsoleSessions(redis).endAllOf(name);
}

/** The sessions go on with the new role. @throws RequestError */
export async function changeRole({ redis }: Tools, name: string, role: string): Promise<void> {
  const named = roleNamed(role);
  await changeUser({ redis }, name, (user) => ({ ...user, role: named }));
}

/** Also of the built-in user. Answers how many there were. */
export async function endSessions({ redis }: Tools, name: string): Promise<number> {
  if (name !== BUILT_IN_USER) await userNamed({ redis }, name);
  return openConsoleSessions(redis).endAllOf(name);
}

/** What a command does to the users is recorded with what pages do. */
export async function recordCommand(
  { redis }: Tools,
  user: string,
  action: string,
  subject: string,
  detail = '',
): Promise<void> {
  await openConsoleAudit(redis).add({
    at: Date.now(),
    user,
    action,
    subject,
    result: 'done',
    detail: detail === '' ? 'command line' : `${detail}, command line`,
  });
}

/** The newest first. `before`: the `next` of the page before this one. */
export function auditPage({ redis }: Tools, most: number, before: string | undefined) {
  return openConsoleAudit(redis).page(most, before);
}

async function changeUser({ redis }: Tools, name: string, changed: (user: StoredUser) => StoredUser): Promise<void> {
  if (!(await openConsoleUsers(redis).change(name, changed))) await userNamed({ redis }, name);
}

async function userNamed({ redis }: Tools, name: string): Promise<StoredUser> {
  const users = openConsoleUsers(redis);
  const user = await users.find(name);
  if (user !== undefined) return user;
  if (name === BUILT_IN_USER) refuse(ITS_PASSWORD_IS_A_SETTING);
  const names = (await users.list()).map((it) => it.name);
  throw new RequestError('not_found', {
    en: `There is no user ${name}. There are: ${names.join(', ') || 'none yet'}.`,
    zh: `没有用户 ${name}。现有：${names.join('、') || '无'}。`,
  });
}

const ITS_PASSWORD_IS_A_SETTING: Words = {
  en: `${BUILT_IN_USER} is the built-in user: its password is FASTREGISTER_CONSOLE_PASSWORD, and without it there is no such user.`,
  zh: `${BUILT_IN_USER} 是内置用户：密码即 FASTREGISTER_CONSOLE_PASSWORD，未设置时没有此用户。`,
};

/** @throws RequestError */
function roleNamed(role: string): ConsoleRole {
  const known = CONSOLE_ROLE_NAMES.find((name) => name === role);
  if (known !== undefined) return known;
  throw new RequestError('refused', {
    en: `There is no role ${role}. There are: ${CONSOLE_ROLE_NAMES.join(', ')}.`,
    zh: `没有角色 ${role}。可选：${CONSOLE_ROLE_NAMES.join('、')}。`,
  });
}

function refuse(words: Words | undefined): void {
  if (words !== undefined) throw new RequestError('refused', words);
}
