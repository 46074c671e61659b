import type { Command } from 'commander';
import { AS_JSON, command, perform } from '../command.js';
import { namesWithWords, WITH_TODOS } from '../flags.js';
import { spoken } from '../language.js';
import type { TodoFlags } from '../todo.js';

export function todoCommand(): Command {
  return command(
    'todo',
    {
      en: 'Merchants to contact, over all batches, the most urgent first: pending ones whose 24 hours still run, then those that failed.',
      zh: '所有批次中需要联系的商户，最紧急的在前：先列 24 小时未到的，再列未成功的。',
    },
    'fastregister todo --lang zh -o todo.xlsx',
  )
    .option(
      '-o, --output <FILE>',
      spoken({
        en: 'write to this file; NAME.xlsx is a workbook, any other name CSV',
        zh: '写入此文件；文件名以 .xlsx 结尾时为 Excel 工作簿，否则为 CSV',
      }),
    )
    .option('--force', spoken({ en: 'overwrite the file', zh: '覆盖已有文件' }))
    .option(
      '--contact <HEADING,...>',
      spoken({
        en: "the sheet's contact columns; default: every column whose heading mentions a contact or a phone",
        zh: '表格中的联系方式列；默认为表头含“联系”“电话”或“手机”的列',
      }),
    )
    .option(
      '--not-contacted',
      spoken({
        en: 'only merchants that were not contacted yet (`note --contacted`)',
        zh: '只列尚未联系过的商户（`note --contacted` 记录已联系）',
      }),
    )
    .option(
      '--who <WHO,...>',
      spoken({
        en: `only rows whose next step is theirs: ${Object.keys(WITH_TODOS).join(', ')}; default: legal_person, merchant. With us: rows that an operator has to settle`,
        zh: `只列下一步由谁处理的行：${namesWithWords(WITH_TODOS)}；默认为 legal_person、merchant。用 us 列出需由运营人员处理的行`,
      }),
    )
    .option('--json', spoken(AS_JSON))
    .action(async (options: TodoFlags, made: Command) =>
      perform(made, {}, async (context) => (await import('../todo.js')).todoAction(context, options)),
    );
}
