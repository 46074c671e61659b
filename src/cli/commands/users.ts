import { Command } from 'commander';
import { CONSOLE_ROLE_NAMES } from '../../domain/console-user.js';
import type { Words } from '../../domain/words.js';
import { AS_JSON, command, perform } from '../command.js';
import { spoken } from '../language.js';
import type { UserFlags } from '../users.js';

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
    .action(async (name: string, options: UserFlags, made: Command) =>
      perform(made, {}, async (context) => (await import('../users.js')).addUserAction(context, name, options)),
    );
}

function listCommand(): Command {
  return command('list', { en: 'Lists the users.', zh: '列出用户。' }, 'fastregister users list')
    .option('--json', spoken(AS_JSON))
    .action(async (options: { json?: true }, made: Command) =>
      perform(made, {}, async (context) => (await import('../users.js')).listUsersAction(context, options)),
    );
}

function removeCommand(): Command {
  return command(
    'remove <NAME>',
    { en: 'Removes a user, and ends the sessions.', zh: '删除用户，并结束其会话。' },
    'fastregister users remove wang',
  ).action(async (name: string, _options: object, made: Command) =>
    perform(made, {}, async (context) => (await import('../users.js')).removeUserAction(context, name)),
  );
}

function passwordCommand(): Command {
  return command(
    'password <NAME>',
    { en: "Changes a user's password, and ends the sessions.", zh: '更换用户的密码，并结束其会话。' },
    'fastregister users password wang --password-file -',
  )
    .option('--password-file <FILE>', spoken(FROM_FILE))
    .action(async (name: string, options: UserFlags, made: Command) =>
      perform(made, {}, async (context) => (await import('../users.js')).changePasswordAction(context, name, options)),
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
    perform(made, {}, async (context) => (await import('../users.js')).changeRoleAction(context, name, role)),
  );
}

function logOutCommand(): Command {
  return command(
    'logout <NAME>',
    { en: 'Ends the sessions of a user, who has to log in again.', zh: '结束用户的所有会话，用户须重新登录。' },
    'fastregister users logout wang',
  ).action(async (name: string, _options: object, made: Command) =>
    perform(made, {}, async (context) => (await import('../users.js')).endSessionsAction(context, name)),
  );
}
