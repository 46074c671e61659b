import type { Command } from 'commander';
import { pause, resume } from '../app/line.js';
import type { Words } from '../domain/words.js';
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
    'fastregister pause --because "WeChat announced maintenance"',
  )
    .option(
      '--because <TEXT>',
      spoken({ en: 'why, for everybody who looks', zh: '暂停的原因，所有人可见' }),
      spoken({ en: 'paused by an operator', zh: '由运营人员暂停' }),
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
      const { line, isDayShut } = await resume(await open('interactive'));
      say(RESUMED[line]);
      if (isDayShut) say(DAY_ASKED);
      return EXIT.done;
    }),
  );
}

const DAY_ASKED: Words = {
  en: 'WeChat has closed the quota day (45009). The next worker with rows to send asks WeChat at once whether there are calls again.',
  zh: '微信答复当日额度已用完（45009）。下一个有行待提交的工作进程会立即询问微信是否又有额度。',
};

const RESUMED = {
  running: { en: 'The line was not stopped.', zh: '提交没有停止，无需恢复。' },
  resumed: { en: 'The line runs again.', zh: '已恢复提交。' },
  probe: {
    en: 'One call is sent first, as soon as a worker runs; the line opens when WeChat answers it.',
    zh: '工作进程运行后先试发一次请求，微信正常答复后恢复提交。',
  },
} as const satisfies Record<string, Words>;
