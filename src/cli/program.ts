/** The program: finds the command, runs it, and says what went wrong with which exit status. */
import { Command, CommanderError } from 'commander';
import { isRedisGone, isRedisSlow } from '../domain/ledger-errors.js';
import { joined, UserError, type Words } from '../domain/words.js';
import { VERSION } from '../package.js';
import { RedisUnreachable, unableRedis } from '../redis/server/errors.js';
import { EXIT, LANGUAGE } from './command.js';
import { CHINESE_HELP, inChinese } from './commander-words.js';
import { COMMANDS } from './commands.js';
import { speakAsCalled, spoken, spokenLanguage } from './language.js';
import { ReaderGone, say } from './terminal.js';

/** @param args what is typed after `fastregister` */
export async function runProgram(args: readonly string[]): Promise<void> {
  try {
    speakAsCalled(args);
    const wanted = commandIn(args);
    const program = await programFor(wanted);
    await program.parseAsync(wanted === 'help' ? withoutLanguage(args) : args, { from: 'user' });
  } catch (error) {
    process.exitCode = printError(error);
  }
}

/** `--lang zh` may stand before it. */
function commandIn(args: readonly string[]): string | undefined {
  const [first = ''] = args;
  if (first === '--lang') return args[2];
  return first.startsWith('--lang=') ? args[1] : first;
}

/** commander's `help` takes no flag, and its language is spoken already. */
function withoutLanguage(args: readonly string[]): string[] {
  return args.filter((arg, at) => arg !== '--lang' && args[at - 1] !== '--lang' && !arg.startsWith('--lang='));
}

async function programFor(wanted = ''): Promise<Command> {
  const program = new Command('fastregister')
    .version(VERSION, '-V, --version', spoken({ en: 'print the version', zh: '显示版本' }))
    .description(
      spoken({
        en: 'Registers WeChat Mini Programs for the merchants of a spreadsheet, within quota, each of them once.',
        zh: '读取商户表格，在额度内逐一注册微信小程序，每个商户只提交一次。',
      }),
    )
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(spokenLanguage() === 'zh' ? inChinese(text) : text) })
    .configureHelp(spokenLanguage() === 'zh' ? CHINESE_HELP : {})
    .option('--lang <zh|en>', spoken(LANGUAGE))
    .enablePositionalOptions()
    .hook('preAction', speakAsAsked)
    .helpOption('-h, --help', spoken({ en: 'show help', zh: '显示帮助' }))
    .helpCommand('help [command]', spoken({ en: 'show help for a command', zh: '显示某条命令的帮助' }))
    .addHelpText(
      'after',
      spoken({
        en: '\nYour first batch, without an account:\n  npm run demo\n',
        zh: '\n不需要账号，先试一下：\n  npm run demo\n',
      }),
    );
  for (const make of commandsFor(wanted)) {
    const made = await make();
    inherit(made, program);
    program.addCommand(made);
  }
  return program;
}

/** Help, and the answer to a misspelt name, have all of them. */
function commandsFor(wanted: string): ReadonlyArray<() => Promise<Command>> {
  if (wanted === '-V' || wanted === '--version') return [];
  const known = Object.hasOwn(COMMANDS, wanted) ? COMMANDS[wanted] : undefined;
  return known === undefined ? Object.values(COMMANDS) : [known];
}

/** A command has a `--lang` of its own, which goes before the one that stands before the command. */
function speakAsAsked(program: Command, made: Command): void {
  const { lang } = program.opts<{ readonly lang?: string }>();
  if (lang !== undefined && made.getOptionValue('lang') === undefined) {
    made.setOptionValueWithSource('lang', lang, 'cli');
  }
}

function inherit(command: Command, program: Command): void {
  command.copyInheritedSettings(program);
  for (const below of command.commands) inherit(below, program);
}

const RUN_AGAIN: Words = {
  en: 'What was done so far is kept; run the same command again after that.',
  zh: '已完成的部分已保存；处理后请重新运行同一命令。',
};

function printError(error: unknown): number {
  if (error instanceof ReaderGone) return EXIT.done;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.badUsage;
  if (error instanceof RedisUnreachable) {
    say(error.words);
    return EXIT.redisUnreachable;
  }
  if (error instanceof UserError) {
    say(error.words);
    return EXIT.badUsage;
  }
  if (isRedisSlow(error)) {
    say({
      en: 'Redis did not answer in time. What was done so far is kept; run the same command again when Redis has less to do.',
      zh: 'Redis 未及时应答。已完成的部分已保存；请待 Redis 空闲后重新运行同一命令。',
    });
    return EXIT.redisUnreachable;
  }
  const unable = unableRedis(error);
  if (unable !== undefined) {
    say(joined([unable.words, RUN_AGAIN]));
    return EXIT.redisUnreachable;
  }
  if (isRedisGone(error)) {
    say({
      en: 'The connection to Redis was lost. What was done so far is kept; run the same command again when Redis is back.',
      zh: '与 Redis 的连接已中断。已完成的部分已保存；Redis 恢复后请重新运行同一命令。',
    });
    return EXIT.redisUnreachable;
  }
  const stack = error instanceof Error ? error.stack : String(error);
  say({
    en: `Internal error in fastregister: ${stack}`,
    zh: `fastregister 内部错误：${stack}`,
  });
  return EXIT.ourFault;
}
