import type { Command } from 'commander';
import type { CheckFlags } from '../check.js';
import { command, perform } from '../command.js';
import { spoken } from '../language.js';
import { withSheetOptions } from '../sheets.js';

export function checkCommand(): Command {
  return withSheetOptions(
    command(
      'check <FILE...>',
      {
        en: 'Reads and validates sheets; prints every problem with its cell, and the plan. Sends nothing, stores nothing.',
        zh: '检查表格：列出每个问题及其单元格，以及提交计划。不提交，也不保存任何内容。',
      },
      'fastregister check merchants.xlsx --annotated problems.xlsx',
    ),
  )
    .option(
      '--annotated <FILE>',
      spoken({
        en: 'write the sheet back with the problems beside the rows; NAME.xlsx is a workbook',
        zh: '另存一份表格，并在每行旁注明问题；文件名以 .xlsx 结尾时为 Excel 工作簿',
      }),
    )
    .option('--force', spoken({ en: 'overwrite that file', zh: '覆盖已有文件' }))
    .option('--json', spoken({ en: 'print the plan and the problems as JSON', zh: '以 JSON 输出计划和问题' }))
    .action(async (files: string[], options: CheckFlags, made: Command) =>
      perform(made, {}, async (context) => (await import('../check.js')).checkAction(context, files, options)),
    );
}
