import type { Command } from 'commander';
import { writeWhole } from '../reporter/file.js';
import { template } from '../reporter/template.js';
import { command, EXIT, UsageError } from './command.js';
import { isWorkbook, languageFrom } from './flags.js';
import { print, say } from './terminal.js';

interface Options {
  readonly xlsx?: true;
  readonly lang?: string;
  readonly output?: string;
  readonly force?: true;
}

export function templateCommand(): Command {
  return command(
    'template',
    'Writes an empty sheet to fill in: each heading with a note, and as a workbook with its columns typed as text.',
    'fastregister template --lang zh -o merchants.xlsx',
  )
    .option('--xlsx', 'an Excel workbook, as a FILE that ends in .xlsx is anyway')
    .option('-o, --output <FILE>', 'write to this file; else to stdout')
    .option('--force', 'overwrite the file')
    .action(async (options: Options) => {
      process.exitCode = await write(options);
    });
}

async function write({ xlsx, lang, output, force }: Options): Promise<number> {
  const format = xlsx || isWorkbook(output ?? '') ? 'xlsx' : 'csv';
  const pieces = template({ format, lang: languageFrom(lang) });
  if (output !== undefined) {
    await writeWhole(output, pieces, force === true);
    say(`Written: ${output}`);
    return EXIT.done;
  }
  if (format === 'xlsx' && process.stdout.isTTY) {
    throw new UsageError('Refusing to print a workbook to the terminal; use -o FILE.');
  }
  for await (const piece of pieces) await print(piece);
  return EXIT.done;
}
