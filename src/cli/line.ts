import type { Command } from 'commander';
import { PAUSED_BY_A_PERSON, pause, resume, resumedInWords } from '../app/line.js';
import { command, EXIT, perform } from './command.js';
import { spoken } from './language.js';
import { say } from './terminal.js';

export function pauseCommand(): Command {
  return command(
    'pause',
    {
      en: 'Stops the line: no create and no search is sent until it is resumed. Pushes and reports go on.',
      zh: '人工暂停：恢复之前不再提交，也不再查询；推送和报告照常。',
    },
    {
      en: 'fastregister pause --because "WeChat announced maintenance"',
      zh: 'fastregister pause --because "核对资料"',
    },
  )
    .option(
      '--because <TEXT>',
      spoken({ en: 'why, for everybody who looks', zh: '暂停的原因，所有人可见' }),
      spoken(PAUSED_BY_A_PERSON),
    )
    .action(async (options: { because: string }, made: Command) =>
      perform(made, {}, async ({ open }) => {
        await pause(await open('interactive'), options.because, Date.now());
        say({
          en: 'The line is stopped. `fastregister resume` starts it again.',
          zh: '已人工暂停提交。恢复提交的命令：`fastregister resume`。',
        });
        return EXIT.done;
      }),
    );
}

export function resumeCommand(): Command {
  return command(
    'resume',
    {
      en: 'Starts sending again after the fault that stopped it is fixed.',
      zh: '恢复提交：人工暂停之后，或导致停止的故障排除之后使用。',
    },
    'fastregister resume',
  ).action(async (_options: object, made: Command) =>
    perform(made, {}, async ({ open }) => {
      for (const words of resumedInWords(await resume(await open('interactive')))) say(words);
      return EXIT.done;
    }),
  );
}
