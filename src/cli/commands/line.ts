import type { Command } from 'commander';
import { PAUSED_BY_A_PERSON } from '../../domain/line.js';
import { command, perform } from '../command.js';
import { spoken } from '../language.js';

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
      perform(made, {}, async (context) => (await import('../line.js')).pauseAction(context, options)),
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
    perform(made, {}, async (context) => (await import('../line.js')).resumeAction(context)),
  );
}
