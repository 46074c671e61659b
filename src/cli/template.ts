import type { Command } from 'commander';
import { writeWhole } from '../reporter/file.js';
import { template } from '../reporter/template.js';
import { command, EXIT } from './command.js';
import { isWorkbook, languageFrom, refuseWorkbookOnTerminal } from './flags.js';
import { spoken } from './language.js';
import { printData, say } from './terminal.js';

interface Options {
  readonly xlsx?: true;
  readonly lang?: string;
  readonly output?: string;
  readonly force?: true;
}

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
    .action(async (options: Options) => {
      process.exitCode = await write(options);
    });
}

async function write({ xlsx, lang, output, force }: Options): Promise<number> {
  const format = xlsx || isWorkbook(output ?? '') ? 'xlsx' : 'csv';
  const pieces = template({ format, lang: languageFrom(lang) });
  if (output !== undefined) {
    await writeWhole(output, pieces, force === true);
    say({ en: `Written: ${output}`, zh: `已写入：${output}` });
    return EXIT.done;
  }
  if (format === 'xlsx') refuseWorkbookOnTerminal();
  for await (const piece of pieces) await printData(piece);
  return EXIT.done;
}
