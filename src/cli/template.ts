import { writeWhole } from '../reporter/file.js';
import { template } from '../reporter/template.js';
import { EXIT } from './command.js';
import { isWorkbook, languageFrom, refuseWorkbookOnTerminal } from './flags.js';
import { printData, say } from './terminal.js';

export interface TemplateFlags {
  readonly xlsx?: true;
  readonly lang?: string;
  readonly output?: string;
  readonly force?: true;
}

export async function templateAction({ xlsx, lang, output, force }: TemplateFlags): Promise<number> {
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
