import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import {
  addUser,
  changePassword,
  changeRole,
  endSessions,
  listUsers,
  newPassword,
  recordCommand,
  removeUser,
} from '../app/console-users.js';
import type { Store } from '../app/wiring/store.js';
import { BUILT_IN_USER, CONSOLE_ROLES } from '../domain/console-user.js';
import { counted, type Words } from '../domain/words.js';
import { type CommandContext, EXIT, UsageError } from './command.js';
import { spoken } from './language.js';
import { print, printJson, say, table } from './terminal.js';
import { whoAsks } from './who.js';

export interface UserFlags {
  readonly role: string;
  readonly passwordFile?: string;
}

export async function addUserAction(
  { open }: CommandContext,
  name: string,
  { role, passwordFile }: UserFlags,
): Promise<number> {
  const given = await passwordFrom(passwordFile);
  const store = await open('interactive');
  const password = given ?? newPassword();
  const who = whoAsks();
  await addUser(store, { name, role, password }, who);
  await recordCommand(store, who, 'users.add', name);
  say({ en: `Added: ${name} (${role}).`, zh: `已添加：${name}（${roleInWords(role).zh}）。` });
  if (given === undefined) await printPassword(password);
  return EXIT.done;
}

export async function listUsersAction({ open, settings }: CommandContext, options: { json?: true }): Promise<number> {
  const store = await open('interactive');
  const users = (await listUsers(store)).map(({ addedAt, addedBy, ...user }) => ({
    ...user,
    added_at: new Date(addedAt).toISOString(),
    added_by: addedBy,
  }));
  const builtIn = settings.consolePassword !== undefined;
  if (options.json) await printJson(users);
  else if (users.length > 0) {
    const lines = users.map(({ name, role, sessions }) => [name, spoken(roleInWords(role)), spoken(inUse(sessions))]);
    await print(`${table(lines)}\n`);
  }
  if (builtIn) say(BUILT_IN);
  else if (users.length === 0) say(NO_USER);
  return EXIT.done;
}

export function removeUserAction(context: CommandContext, name: string): Promise<number> {
  return change(context, 'users.remove', name, async (store) => {
    await removeUser(store, name);
    return { says: { en: `Removed: ${name}.`, zh: `已删除：${name}。` } };
  });
}

export async function changePasswordAction(
  { open }: CommandContext,
  name: string,
  { passwordFile }: UserFlags,
): Promise<number> {
  const given = await passwordFrom(passwordFile);
  const store = await open('interactive');
  const password = given ?? newPassword();
  await changePassword(store, name, password);
  await recordCommand(store, whoAsks(), 'users.password', name);
  say({ en: `${name} has a new password.`, zh: `已更换 ${name} 的密码。` });
  if (given === undefined) await printPassword(password);
  return EXIT.done;
}

export function changeRoleAction(context: CommandContext, name: string, role: string): Promise<number> {
  return change(context, 'users.role', name, async (store) => {
    await changeRole(store, name, role);
    return { detail: role, says: { en: `${name} is ${role} now.`, zh: `${name} 现为${roleInWords(role).zh}。` } };
  });
}

export function endSessionsAction(context: CommandContext, name: string): Promise<number> {
  return change(context, 'users.sessions', name, async (store) => {
    const count = await endSessions(store, name);
    const says = { en: `Sessions of ${name} that were ended: ${count}.`, zh: `已结束 ${name} 的 ${count} 个会话。` };
    return { detail: String(count), says };
  });
}

interface Changed {
  readonly says: Words;
  /** For the audit. */
  readonly detail?: string;
}

/** What was changed of a user is recorded, and then said. */
async function change(
  { open }: CommandContext,
  action: string,
  name: string,
  apply: (store: Store) => Promise<Changed>,
): Promise<number> {
  const store = await open('interactive');
  const { detail, says } = await apply(store);
  await recordCommand(store, whoAsks(), action, name, detail);
  say(says);
  return EXIT.done;
}

/** Its first line. @throws UsageError where it cannot be read */
async function passwordFrom(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    const content = file === '-' ? await text(process.stdin) : readFileSync(file, 'utf8');
    return content.split(/\r?\n/, 1)[0] ?? '';
  } catch (cause) {
    const { message } = cause as Error;
    throw new UsageError(
      { en: `--password-file: ${message}`, zh: `--password-file：无法读取（${message}）` },
      { cause },
    );
  }
}

async function printPassword(password: string): Promise<void> {
  say({ en: 'The password, which is shown only now:', zh: '密码（仅显示这一次）：' });
  await print(`${password}\n`);
}

function roleInWords(role: string): Words {
  return CONSOLE_ROLES[role as keyof typeof CONSOLE_ROLES];
}

function inUse(sessions: number): Words {
  if (sessions === 0) return { en: 'not logged in', zh: '未登录' };
  return { en: counted(sessions, 'session'), zh: `${sessions} 个会话` };
}

const BUILT_IN: Words = {
  en: `Beside them: ${BUILT_IN_USER}, whose password is FASTREGISTER_CONSOLE_PASSWORD.`,
  zh: `此外还有内置用户 ${BUILT_IN_USER}，密码即 FASTREGISTER_CONSOLE_PASSWORD。`,
};

const NO_USER: Words = {
  en: 'No user yet, and FASTREGISTER_CONSOLE_PASSWORD is not set: the console is closed.',
  zh: '还没有用户，也未设置 FASTREGISTER_CONSOLE_PASSWORD：控制台处于关闭状态。',
};
