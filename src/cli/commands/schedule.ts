import { Command } from 'commander';
import { AS_JSON, command, perform } from '../command.js';
import { spoken } from '../language.js';
import type { AddScheduleFlags } from '../schedule.js';
import { withIntakeOptions } from '../sheets.js';

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
    .action(async (name: string, options: AddScheduleFlags, made: Command) =>
      perform(made, {}, async (context) => (await import('../schedule.js')).addScheduleAction(context, name, options)),
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
      perform(made, {}, async (context) => (await import('../schedule.js')).listSchedulesAction(context, options)),
    );
}

function removeCommand(): Command {
  return command(
    'remove <NAME>',
    { en: 'Removes a nightly run. Its nights and their files stay.', zh: '删除夜间任务；以往的执行记录和文件保留。' },
    'fastregister schedule remove nightly',
  ).action(async (name: string, _options: object, made: Command) =>
    perform(made, {}, async (context) => (await import('../schedule.js')).removeScheduleAction(context, name)),
  );
}

function runCommand(): Command {
  return command(
    'run <NAME>',
    { en: 'Runs a night now, in this process.', zh: '立即在本进程中执行一次夜间任务。' },
    'fastregister schedule run nightly',
  ).action(async (name: string, _options: object, made: Command) =>
    perform(made, { needs: ['wechat', 'sending', 'push', 'encryption'] }, async (context) =>
      (await import('../schedule.js')).runScheduleAction(context, name),
    ),
  );
}
