/** `fastregister`: finds the command, and says what went wrong with which exit status. */
import './v8-flags.js';
import { Command, CommanderError } from 'commander';
import { RequestError } from '../app/request-error.js';
import { readDotenv, SettingsError } from '../config.js';
import { UserError } from '../domain/words.js';
import { PortUnavailable } from '../http/port.js';
import { VERSION } from '../package.js';
import { SheetError } from '../producer/sheets/sheet-error.js';
import { isRedisGone, RedisMisconfigured, RedisUnreachable } from '../redis/server/connection.js';
import { OutputError } from '../reporter/file.js';
import { EXIT, UsageError } from './command.js';
import { COMMANDS } from './commands.js';
import { languageOf } from './language.js';
import { ReaderGone, say } from './terminal.js';

const program = new Command('fastregister')
  .version(VERSION)
  .description('Registers WeChat Mini Programs for the merchants of a spreadsheet, within quota, each of them once.')
  .exitOverride()
  .configureOutput({ writeErr: (text) => process.stderr.write(text) })
  .addHelpText('after', '\nYour first batch, without an account:\n  npm run demo\n');
const [, , wanted = ''] = process.argv;
const known = Object.hasOwn(COMMANDS, wanted) ? COMMANDS[wanted] : undefined;
// Help, and what is said of a misspelt name, take all of them.
for (const make of known === undefined ? Object.values(COMMANDS) : [known]) {
  program.addCommand((await make()).exitOverride());
}

// print() hears of it, and lets the command leave in order.
process.stdout.on('error', () => {});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = tell(error);
}

function tell(error: unknown): number {
  if (error instanceof ReaderGone) return EXIT.done;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.badUsage;
  if (
    error instanceof SettingsError ||
    error instanceof SheetError ||
    error instanceof PortUnavailable ||
    error instanceof RedisMisconfigured ||
    error instanceof OutputError ||
    error instanceof RequestError ||
    error instanceof UsageError
  ) {
    say(sentenceOf(error));
    return EXIT.badUsage;
  }
  if (error instanceof RedisUnreachable) {
    say(sentenceOf(error));
    return EXIT.redisUnreachable;
  }
  if (isRedisGone(error)) {
    say(
      'The connection to Redis was lost. What was done so far is kept; run the same command again when Redis is back.',
    );
    return EXIT.redisUnreachable;
  }
  say(`Internal error in fastregister: ${error instanceof Error ? error.stack : String(error)}`);
  return EXIT.ourFault;
}

function sentenceOf(error: Error): string {
  if (!(error instanceof UserError)) return error.message;
  return error.words[languageOf(process.argv, process.env, dotenv())];
}

/** A `.env` that cannot be read is the error itself. */
function dotenv(): string {
  try {
    return readDotenv(process.cwd());
  } catch {
    return '';
  }
}
