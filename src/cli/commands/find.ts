import type { Command } from 'commander';
import { AS_JSON, command, perform } from '../command.js';
import type { FindFlags } from '../find.js';
import { spoken } from '../language.js';

export function findCommand(): Command {
  return command(
    'find <TEXT>',
    {
      en: 'Merchants by name (or part of it), code, Weixin ID, appid or task id, over all batches; the newest sheet first.',
      zh: '在所有批次中查找商户：名称或其中一部分、统一社会信用代码、微信号、AppID 或任务编号；最新的表格在前。',
    },
    'fastregister find 91110000MA00000000',
  )
    .option('--limit <N>', spoken({ en: 'so many rows at most', zh: '最多显示的行数' }), '50')
    .option('--json', spoken(AS_JSON))
    .action(async (text: string, options: FindFlags, made: Command) =>
      perform(made, {}, async (context) => (await import('../find.js')).findAction(context, text, options)),
    );
}
