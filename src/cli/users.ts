import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { Command } from 'commander';
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
import { BUILT_IN_USER, CONSOLE_ROLE_NAMES, CONSOLE_ROLES } from '../domain/console-user.js';
import { counted, type Words } from '../domain/words.js';
import { AS_JSON, command, EXIT, perform, UsageError } from './command.js';
import { spoken } from './language.js';
import { print, printJson, say, table } from './terminal.js';
import { whoAsks } from './who.js';

interface Options {
  readonly role: string;
  readonly passwordFile?: string;
}

const FROM_FILE: Words = {
  en: 'read the password from this file, or from standard input (-); without it a password is made and printed',
  zh: '从此文件（- 为标准输入）读取密码；不指定时自动生成并显示',
};

export function usersCommand(): Command {
  return new Command('users')
    .description(
      spoken({
        en: 'The users of the console, and what they may do: a viewer looks and downloads, an operator also uploads, starts, retries and cancels, an admin also manages users, nights and pushes.',
        zh: '控制台的用户和权限：查看员可查看和下载；操作员还可上传、启动、重试和撤回；管理员还可管理用户、夜间任务和推送。',
      }),
    )
    .addCommand(addCommand().exitOverride())
    .addCommand(listCommand().exitOverride())
    .addCommand(roleCommand().exitOverride())
    .addCommand(passwordCommand().exitOverride())
    .addCommand(logOutCommand().exitOverride())
    .addCommand(removeCommand().exitOverride());
}

function addCommand(): Command {
  return command('add <NAME>', { en: 'Adds a user.', zh: '添加用户。' }, 'fastregister users add wang --role operator')
    .option(
      '--role <ROLE>',
      spoken({ en: CONSOLE_ROLE_NAMES.join(', '), zh: CONSOLE_ROLE_NAMES.join('、') }),
      CONSOLE_ROLE_NAMES[0],
    )
    .option('--password-file <FILE>', spoken(FROM_FILE))
    .action(async (name: string, { role, passwordFile }: Options, made: Command) =>
      perform(made, {}, async ({ open }) => {
        const given = await passwordFrom(passwordFile);
        const store = await open('interactive');
        const password = given ?? newPassword();
        const who = whoAsks();
        await addUser(store, { name, role, password }, who);
        await recordCommand(store, who, 'users.add', name);
        say({ en: `Added: ${name} (${role}).`, zh: `已添加：${name}（${roleInWords(role).zh}）。` });
        if (given === undefined) await printPassword(password);
        return EXIT.done;
      }),
    );
}

function listCommand(): Command {
  return command('list', { en: 'Lists the users.', zh: '列出用户。' }, 'fastregister users list')
    .option('--json', spoken(AS_JSON))
    .action(async (options: { json?: true }, made: Command) =>
      perform(made, {}, async ({ open, settings }) => {
        const store = await open('interactive');
        const users = (await listUsers(store)).map(({ addedAt, addedBy, ...user }) => ({
          ...user,
          added_at: new Date(addedAt).toISOString(),
          added_by: addedBy,
        }));
        const builtIn = settings.consolePassword !== undefined;
        if (options.json) await printJson(users);
        else if (users.length > 0) {
          const lines = users.map(({ name, role, sessions }) => [
            name,
            spoken(roleInWords(role)),
            spoken(inUse(sessions)),
          ]);
          await print(`${table(lines)}\n`);
        }
        if (builtIn) say(BUILT_IN);
        else if (users.length === 0) say(NO_USER);
        return EXIT.done;
      }),
    );
}

function removeCommand(): Command {
  return command(
    'remove <NAME>',
    { en: 'Removes a user, and ends the sessions.', zh: '删除用户，并结束其会话。' },
    'fastregister users remove wang',
  ).action(async (name: string, _options: object, made: Command) =>
    change(made, 'users.remove', name, async (store) => {
      await removeUser(store, name);
      return { says: { en: `Removed: ${name}.`, zh: `已删除：${name}。` } };
    }),
  );
}

function passwordCommand(): Command {
  return command(
    'password <NAME>',
    { en: "Changes a user's password, and ends the sessions.", zh: '更换用户的密码，并结束其会话。' },
    'fastregister users password wang --password-file -',
  )
    .option('--password-file <FILE>', spoken(FROM_FILE))
    .action(async (name: string, { passwordFile }: Options, made: Command) =>
      perform(made, {}, async ({ open }) => {
        const given = await passwordFrom(passwordFile);
        const store = await open('interactive');
        const password = given ?? newPassword();
        await changePassword(store, name, password);
        await recordCommand(store, whoAsks(), 'users.password', name);
        say({ en: `${name} has a new password.`, zh: `已更换 ${name} 的密码。` });
        if (given === undefined) await printPassword(password);
        return EXIT.done;
      }),
    );
}

function roleCommand(): Command {
  return command(
    'role <NAME> <ROLE>',
    {
      en: `Changes what a user may do: ${CONSOLE_ROLE_NAMES.join(', ')}.`,
      zh: `更改用户的角色：${CONSOLE_ROLE_NAMES.join('、')}。`,
    },
    'fastregister users role wang admin',
  ).action(async (name: string, role: string, _options: object, made: Command) =>
    change(made, 'users.role', name, async (store) => {
      await changeRole(store, name, role);
      return { detail: role, says: { en: `${name} is ${role} now.`, zh: `${name} 现为${roleInWords(role).zh}。` } };
    }),
  );
}

function logOutCommand(): Command {
  return command(
    'logout <NAME>',
    { en: 'Ends the sessions of a user, who has to log in again.', zh: '结束用户的所有会话，用户须重新登录。' },
    'fastregister users logout wang',
  ).action(async (name: string, _options: object, made: Command) =>
    change(made, 'users.sessions', name, async (store) => {
      const count = await endSessions(store, name);
      const says = { en: `Sessions of ${name} that were ended: ${count}.`, zh: `已结束 ${name} 的 ${count} 个会话。` };
      return { detail: String(count), says };
    }),
  );
}

interface Changed {
  readonly says: Words;
  /** For the audit. */
  readonly detail?: string;
}

/** What was changed of a user is recorded, and then said. */
function change(made: Command, action: string, name: string, apply: (store: Store) => Promise<Changed>): Promise<void> {
  return perform(made, {}, async ({ open }) => {
    const store = await open('interactive');
    const { detail, says } = await apply(store);
    await recordCommand(store, whoAsks(), action, name, detail);
    say(says);
    return EXIT.done;
  });
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
