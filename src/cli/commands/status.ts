import type { Command } from 'commander';
import { AS_JSON, command, perform } from '../command.js';
import { spoken } from '../language.js';
import type { StatusFlags } from '../status.js';

export function statusCommand(): Command {
  return command(
    'status [BATCH]',
    {
      en: 'Counts by outcome, quota left, what is waiting for what and until when, and whether the line is stopped and why.',
      zh: '当前状态：各结果的行数、剩余额度、在等待什么和等到何时，以及提交是否停止和原因。',
    },
    'fastregister status --watch',
  )
    .option(
      '--watch',
      spoken({ en: 'show it anew whenever it changes, until Ctrl-C', zh: '有变化时刷新，按 Ctrl-C 结束' }),
    )
    .option('--json', spoken(AS_JSON))
    .action(async (id: string | undefined, options: StatusFlags, made: Command) =>
      perform(made, {}, async (context) => (await import('../status.js')).statusAction(context, id, options)),
    );
}
