import type { Command } from 'commander';
import { command } from '../command.js';
import { spoken } from '../language.js';
import type { TemplateFlags } from '../template.js';

export function templateCommand(): Command {
  return command(
    'template',
    {
      en: 'Writes an empty sheet to fill in: each heading with a note, and as a workbook with its columns typed as text.',
      zh: '生成待填写的空白表格：每个表头均有说明；Excel 工作簿的各列均为文本格式。',
    },
    'fastregister template --lang zh -o merchants.xlsx',
  )
    .option(
      '--xlsx',
      spoken({
        en: 'an Excel workbook, as a FILE that ends in .xlsx is anyway',
        zh: '生成 Excel 工作簿；文件名以 .xlsx 结尾时自动如此',
      }),
    )
    .option(
      '-o, --output <FILE>',
      spoken({ en: 'write to this file; else to stdout', zh: '写入该文件；不填则输出到标准输出' }),
    )
    .option('--force', spoken({ en: 'overwrite the file', zh: '覆盖已有文件' }))
    .action(async (options: TemplateFlags) => {
      process.exitCode = await (await import('../template.js')).templateAction(options);
    });
}
