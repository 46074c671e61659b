import type { Command } from 'commander';
import { command, perform } from '../command.js';
import { spoken } from '../language.js';
import type { LoadFlags } from '../load.js';
import { CANARY, withSheetOptions } from '../sheets.js';

export function loadCommand(): Command {
  return withSheetOptions(
    command(
      'load <FILE...>',
      {
        en: 'Queues the rows of each file as one batch and prints the batch id. The same file again changes nothing.',
        zh: '导入表格：每个文件为一个批次，各行进入提交队列，并打印批次编号。同一文件重复导入不会有任何变化。',
      },
      'fastregister load merchants.csv --max-invalid 5%',
    ),
  )
    .option('--canary <N>', spoken(CANARY))
    .option('--json', spoken({ en: 'print the batches as JSON', zh: '以 JSON 输出批次' }))
    .action(async (files: string[], options: LoadFlags, made: Command) =>
      perform(made, {}, async (context) => (await import('../load.js')).loadAction(context, files, options)),
    );
}
