import { resolve } from 'node:path';
import { Command } from 'commander';
import {
  addSchedule,
  checkSchedule,
  listSchedules,
  NIGHT_ENDINGS,
  removeSchedule,
  scheduleNamed,
} from '../app/schedule.js';
import type { Store } from '../app/wiring/store.js';
import type { Schedule } from '../domain/night.js';
import { shareAsText } from '../domain/share.js';
import { counted } from '../domain/words.js';
import { planOf } from '../nights/night-scheduler.js';
import { AS_JSON, command, EXIT, perform } from './command.js';
import { languageFrom, mostInvalidFrom, untilFrom, yesOrNo } from './flags.js';
import { spoken } from './language.js';
import { runNightHere } from './night-run.js';
import { withIntakeOptions } from './sheets.js';
import { print, printJson, say, table } from './terminal.js';

export function scheduleCommand(): Command {
  return new Command('schedule')
    .description(
      spoken({
        en: 'Nightly runs over an inbox folder; `serve` runs them.',
        zh: '定时处理收件文件夹的夜间任务，由 `serve` 执行。',
      }),
    )
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
      { en: 'Adds a nightly run, or changes the one of that name.', zh: '新增夜间任务，或修改同名的夜间任务。' },
      'fastregister schedule add nightly --inbox /srv/merchants --at "0 22 * * *" --until submitted --max-invalid 5%',
    ),
  )
    .requiredOption('--inbox <DIR>', spoken({ en: 'the folder to read files from', zh: '读取文件的文件夹' }))
    .requiredOption(
      '--at <CRON>',
      spoken({
        en: 'minute, hour, day, month, weekday: "0 22 * * *" is every day at 22:00',
        zh: '分、时、日、月、星期："0 22 * * *" 表示每天 22:00',
      }),
    )
    .option(
      '--timezone <ZONE>',
      spoken({
        en: 'of the cron expression; without it that of the quota',
        zh: 'cron 表达式的时区；未设置时用额度的时区',
      }),
    )
    .option(
      '--until <submitted>',
      spoken({
        en: 'the night ends when every row was sent, not when every outcome has come',
        zh: '所有行提交后即结束，不等全部结果',
      }),
    )
    .action(async (name: string, options: AddOptions, made: Command) =>
      perform(made, {}, async ({ open, settings }) => {
        const schedule: Schedule = {
          name,
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
        say({
          en: `${name}: the next night is at ${next}, if \`fastregister serve\` runs then, else when it is started.`,
          zh: `${name}：下次执行时间为 ${next}；届时须有 \`fastregister serve\` 在运行，否则在其启动时执行。`,
        });
        return EXIT.done;
      }),
    );
}

function listCommand(): Command {
  return command(
    'list',
    {
      en: 'The nightly runs, their next night, and how the last one ended.',
      zh: '夜间任务、下次执行时间和上次的结果。',
    },
    'fastregister schedule list',
  )
    .option('--json', spoken(AS_JSON))
    .action(async (options: { json?: true }, made: Command) =>
      perform(made, {}, async ({ open }) => {
        const facts = await listSchedules(await open('interactive'));
        if (options.json) await printJson(facts);
        else if (facts.length === 0)
          say({
            en: 'No nightly run yet: fastregister schedule add --help',
            zh: '还没有夜间任务：`fastregister schedule add --help`',
          });
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
                spoken({ en: `next ${next}`, zh: `下次 ${next}` }),
                last === undefined
                  ? spoken({ en: 'never run', zh: '尚未执行' })
                  : spoken({
                      en: `last ${last.started}: ${NIGHT_ENDINGS[last.ending].en}, ${counted(last.files, 'file')}, ${last.rejected} rejected`,
                      zh: `上次 ${last.started}：${NIGHT_ENDINGS[last.ending].zh}，文件 ${last.files} 个，未导入 ${last.rejected} 个`,
                    }),
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
    { en: 'Removes a nightly run. Its nights and their files stay.', zh: '删除夜间任务；以往的执行记录和文件保留。' },
    'fastregister schedule remove nightly',
  ).action(async (name: string, _options: object, made: Command) =>
    perform(made, {}, async ({ open }) => {
      await removeSchedule(await open('background'), name);
      say({ en: `${name} is removed.`, zh: `已删除 ${name}。` });
      return EXIT.done;
    }),
  );
}

function runCommand(): Command {
  return command(
    'run <NAME>',
    { en: 'Runs a night now, in this process.', zh: '立即在本进程中执行一次夜间任务。' },
    'fastregister schedule run nightly',
  ).action(async (name: string, _options: object, made: Command) =>
    perform(made, { needs: ['wechat', 'sending', 'push', 'encryption'] }, async ({ open }) => {
      const store: Store = await open('background');
      return runNightHere(store, planOf(await scheduleNamed(store, name)));
    }),
  );
}
