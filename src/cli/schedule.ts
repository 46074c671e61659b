import { resolve } from 'node:path';
import { Command } from 'commander';
import {
  addSchedule,
  checkSchedule,
  listSchedules,
  refuseMissingInbox,
  removeSchedule,
  scheduleNamed,
} from '../app/schedule.js';
import type { Store } from '../app/wiring/store.js';
import type { Schedule } from '../domain/night.js';
import { planOf } from '../nights/night-scheduler.js';
import { shareAsText } from '../producer/checked-rows.js';
import { command, EXIT, perform, UsageError } from './command.js';
import { languageFrom, mostInvalidFrom, untilFrom, yesOrNo } from './flags.js';
import { runNightHere } from './night-run.js';
import { withIntakeOptions } from './sheets.js';
import { print, printJson, say, table } from './terminal.js';

export function scheduleCommand(): Command {
  return new Command('schedule')
    .description('Nightly runs over an inbox folder; `serve` runs them.')
    .addCommand(addCommand().exitOverride())
    .addCommand(listCommand().exitOverride())
    .addCommand(removeCommand().exitOverride())
    .addCommand(runCommand().exitOverride());
}

interface AddOptions {
  readonly inbox: string;
  readonly at: string;
  readonly timezone?: string;
  readonly until?: string;
  readonly lang?: string;
  readonly acceptWarnings: string;
  readonly maxInvalid?: string;
}

function addCommand(): Command {
  return withIntakeOptions(
    command(
      'add <NAME>',
      'Adds a nightly run, or changes the one of that name.',
      'fastregister schedule add nightly --inbox /srv/merchants --at "0 22 * * *" --until submitted --max-invalid 5%',
    ),
  )
    .requiredOption('--inbox <DIR>', 'the folder to read files from')
    .requiredOption('--at <CRON>', 'minute, hour, day, month, weekday: "0 22 * * *" is every day at 22:00')
    .option('--timezone <ZONE>', 'of the cron expression; without it that of the quota')
    .option('--until <submitted>', 'the night ends when every row was sent, not when every outcome has come')
    .action(async (name: string, options: AddOptions, made: Command) =>
      perform(made, {}, async ({ open, settings }) => {
        const schedule: Schedule = {
          name: nameFrom(name),
          inbox: resolve(options.inbox),
          at: options.at,
          timezone: options.timezone ?? settings.quotaTimezone,
          until: untilFrom(options.until),
          language: languageFrom(options.lang),
          acceptWarnings: yesOrNo('--accept-warnings', options.acceptWarnings),
          mostInvalid: mostInvalidFrom(options.maxInvalid),
          addedAt: Date.now(),
        };
        const next = checkSchedule(schedule);
        await addSchedule(await open('background'), schedule);
        say(`${name}: the next night is at ${next}, if \`fastregister serve\` runs then, else when it is started.`);
        return EXIT.done;
      }),
    );
}

function listCommand(): Command {
  return command(
    'list',
    'The nightly runs, their next night, and how the last one ended.',
    'fastregister schedule list',
  )
    .option('--json', 'print as JSON')
    .action(async (options: { json?: true }, made: Command) =>
      perform(made, {}, async ({ open }) => {
        const facts = await listSchedules(await open('interactive'));
        if (options.json) await printJson(facts);
        else if (facts.length === 0) say('No nightly run yet: fastregister schedule add --help');
        else {
          await print(
            `${table(
              facts.map(({ name, at, timezone, inbox, acceptWarnings = true, mostInvalid = 1, next, last }) => [
                name,
                `${at} ${timezone}`,
                inbox,
                [
                  ...(acceptWarnings ? [] : ['--accept-warnings=no']),
                  ...(mostInvalid < 1 ? [`--max-invalid ${shareAsText(mostInvalid)}`] : []),
                ].join(' '),
                `next ${next}`,
                last === undefined
                  ? 'never run'
                  : `last ${last.started}: ${last.ending}, ${last.files} files, ${last.rejected} rejected`,
              ]),
            )}\n`,
          );
        }
        return EXIT.done;
      }),
    );
}

function removeCommand(): Command {
  return command(
    'remove <NAME>',
    'Removes a nightly run. Its nights and their files stay.',
    'fastregister schedule remove nightly',
  ).action(async (name: string, _options: object, made: Command) =>
    perform(made, {}, async ({ open }) => {
      await removeSchedule(await open('background'), name);
      say(`${name} is removed.`);
      return EXIT.done;
    }),
  );
}

function runCommand(): Command {
  return command('run <NAME>', 'Runs a night now, in this process.', 'fastregister schedule run nightly').action(
    async (name: string, _options: object, made: Command) =>
      perform(made, { needs: ['wechat', 'sending', 'push', 'encryption'] }, async ({ open }) => {
        const store: Store = await open('background');
        const schedule = await scheduleNamed(store, name);
        refuseMissingInbox(schedule.inbox);
        return runNightHere(store, planOf(schedule));
      }),
  );
}

function nameFrom(text: string): string {
  if (/^\p{L}[\p{L}\p{N}_.-]{0,39}$/u.test(text)) return text;
  throw new UsageError(`${text}: a name begins with a letter and goes on with letters, digits, _, . and -.`);
}
