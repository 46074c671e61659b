/** What all commands have in common: settings as flags, an example in --help, a log, and an exit status. */
import { existsSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { Logger } from 'pino';
import { closeToOthers, isOpenToOthers } from '../app/wiring/private-home.js';
import type { LedgerUse, Store } from '../app/wiring/store.js';
import { type Need, readDotenv, readSettings, refuseForeignHome, unreadDotenv } from '../config.js';
import { UserError, type Words } from '../domain/words.js';
import type { Role } from '../redis/server/connection.js';
import { flagOf, SETTINGS_BY_SECTION, type Settings } from '../settings.js';
import { speak, spoken } from './language.js';
import { say } from './terminal.js';

/** Exit statuses; other programs hang on them. */
export const EXIT = {
  done: 0,
  ourFault: 1,
  badUsage: 2,
  someNeedAPerson: 3,
  stopped: 4,
  redisUnreachable: 5,
} as const;

export interface CommandContext {
  readonly settings: Settings;
  readonly log: Logger;
  /** The ledger; closed when the command is over. `leaving`, `use`: see `openStore`. */
  open(role: Role, leaving?: AbortSignal, use?: LedgerUse): Promise<Store>;
}

/** Usage that commander cannot see is wrong: exit status 2. */
export class UsageError extends UserError {
  override readonly name = 'UsageError';
}

/** @param example words where the person writes sentences of their own in it; else the same in both languages */
export function command(usage: string, description: Words, example: string | Words): Command {
  const made = new Command(usage.split(' ')[0])
    .description(spoken(description))
    .addHelpText(
      'after',
      `\n${spoken(EXAMPLE)}\n  ${typeof example === 'string' ? example : spoken(example)}\n\n${spoken(EVERY_SETTING)}`,
    );
  made.option('--lang <zh|en>', spoken(LANGUAGE));
  const args = usage.split(' ').slice(1).join(' ');
  if (args !== '') made.arguments(args);
  for (const row of Object.values(SETTINGS_BY_SECTION).flat()) {
    // It has a line of the help above.
    if (row.name === 'FASTREGISTER_LANG') continue;
    made.addOption(new Option(`${flagOf(row.name)} <value>`, spoken(row.sentence)).hideHelp());
    if (row.secret) made.addOption(new Option(`${flagOf(`${row.name}_FILE`)} <path>`, spoken(row.sentence)).hideHelp());
  }
  return made;
}

/** Of `--json`, which many commands have. */
export const AS_JSON: Words = { en: 'print as JSON', zh: '以 JSON 输出' };

/** Of `--because` of what a person does to merchants. */
export const BECAUSE: Words = { en: 'why, for everybody who looks', zh: '原因，供查看的人了解' };

/** Of `--yes` and `--json` of commands that show what they would do, and ask. */
export const DO_NOT_ASK: Words = { en: 'do not ask', zh: '不再询问' };
export const PREVIEW_AS_JSON: Words = {
  en: 'print what it would do, or with --yes did, as JSON',
  zh: '以 JSON 输出将要执行的操作；加 --yes 时输出已执行的操作',
};

const EXAMPLE: Words = { en: 'Example:', zh: '示例：' };
const EVERY_SETTING: Words = {
  en: `Every setting is also a flag (${flagOf('FASTREGISTER_DAILY_CALLS')} for FASTREGISTER_DAILY_CALLS): docs/settings.md lists them.`,
  zh: `每项配置也可写作参数（如 FASTREGISTER_DAILY_CALLS 写作 ${flagOf('FASTREGISTER_DAILY_CALLS')}）：见 docs/zh/settings.md。`,
};
export const LANGUAGE: Words = {
  en: 'language of what is printed (FASTREGISTER_LANG; without it that of the locale)',
  zh: '输出语言（FASTREGISTER_LANG；未设置时按系统语言）',
};

export interface CommandNeeds {
  /** What it cannot do without. */
  readonly needs?: readonly Need[];
  /** It runs for long and is watched by its log; other commands log errors only, unless the level is set. */
  readonly service?: boolean;
  /** A flag of this command that is named like a setting's, and means something else. */
  readonly ownFlag?: string;
  /** It has nothing in FASTREGISTER_HOME, unless it opens the ledger. */
  readonly homeless?: true;
  /** Defaults of this command that differ from other commands. */
  readonly defaults?: Readonly<Record<string, string>>;
}

/** Runs a command with its settings; what it answers is the exit status. */
export async function perform(
  made: Command,
  { needs = [], service = false, ownFlag, homeless, defaults = {} }: CommandNeeds,
  run: (context: CommandContext) => Promise<number>,
): Promise<void> {
  // A default of commander is no flag, and does not override the environment.
  const flags = Object.fromEntries(
    Object.entries(made.opts()).filter(([name]) => name !== ownFlag && made.getOptionValueSource(name) !== 'default'),
  );
  const settings = readSettings({
    env: process.env,
    dotenv: readDotenv(process.cwd()),
    flags,
    needs,
    usesHome: !homeless,
    defaults: { ...(service ? {} : { FASTREGISTER_LOG_LEVEL: 'error' }), ...defaults },
    onSecretFlag: (name) =>
      say({
        en: `Warning: ${flagOf(name)} shows a secret to everybody on this machine (ps). Set ${name} in the environment or .env, or ${name}_FILE.`,
        zh: `警告：本机其他用户可以从进程列表（ps）看到 ${flagOf(name)} 的值。请改用环境变量、.env 中的 ${name}，或 ${name}_FILE。`,
      }),
  });
  speak(settings.lang);
  const unread = unreadDotenv(process.cwd());
  if (unread !== undefined) {
    say({
      en: `Warning: ${unread.file} is not read. The file with the settings is ${unread.read}, beside the nearest .fastregister. For a ledger and settings of its own, make a folder .fastregister here.`,
      zh: `警告：未读取 ${unread.file}。所用的配置文件是 ${unread.read}（最近的 .fastregister 旁边）。如需单独的登记簿和配置，请在当前文件夹新建 .fastregister 文件夹。`,
    });
  }
  const closeHome = (): void => {
    if (closeToOthers(settings.home)) say(closedHome(settings));
  };
  if (!homeless) closeHome();
  const { openLog } = await import('../log.js');
  const log = openLog(settings.logLevel);
  const isNewHome = !existsSync(settings.home);
  const stores: Store[] = [];
  try {
    process.exitCode = await run({
      settings,
      log,
      async open(role, leaving, use) {
        if (homeless) {
          refuseForeignHome(settings);
          closeHome();
        }
        const { openStore } = await import('../app/wiring/store.js');
        const store = await openStore(settings, log, role, leaving, use);
        stores.push(store);
        if (store.isNew) say(madeLedger(settings));
        if (isNewHome && role === 'background' && settings.redisUrl !== undefined) say(madeHome(settings));
        return store;
      },
    });
  } finally {
    for (const store of stores) await store.close();
  }
}

function closedHome({ home }: Settings): Words {
  return isOpenToOthers(home)
    ? {
        en: `Warning: other users of this machine may look into ${home}, which has private data; see \`fastregister doctor\`.`,
        zh: `警告：本机其他用户可以查看存有私有数据的 ${home}；处理办法见 \`fastregister doctor\`。`,
      }
    : {
        en: `Other users of this machine could look into ${home}, which has private data; its mode is 0700 now.`,
        zh: `${home} 存有私有数据，此前本机其他用户可以查看；现已将其权限改为 0700。`,
      };
}

/** What a process has on its disk is found again from the same folder only. */
function madeHome({ home }: Settings): Words {
  return {
    en: `Private data of this machine (pushes that Redis could not take, the journal of calls) is kept in a new folder: ${home}. Start this program with the same FASTREGISTER_HOME each time.`,
    zh: `本机私有数据（Redis 未能接收的推送、调用日志）保存在新建的文件夹 ${home}。以后请使用同一 FASTREGISTER_HOME 启动。`,
  };
}

/** Two folders, or two names, are two ledgers, and a merchant in both is sent twice. */
function madeLedger({ redisUrl, home, ledger }: Settings): Words {
  const isPrivate = redisUrl === undefined;
  const named = ledger !== 'default';
  return {
    en: `A new, empty ledger was made: ${named ? `${ledger}, ` : ''}${isPrivate ? `under ${home}` : 'in the Redis of REDIS_URL'}.`,
    zh: `已新建空的登记簿：${named ? `${ledger}，` : ''}${isPrivate ? `位于 ${home}` : '位于 REDIS_URL 所指的 Redis'}。`,
  };
}
