import { findMerchants } from '../app/find.js';
import { NONE_FOUND } from '../app/find-words.js';
import { outcomeInWords } from '../domain/outcome-words.js';
import type { Words } from '../domain/words.js';
import type { Found } from '../reporter/find.js';
import { type CommandContext, EXIT, UsageError } from './command.js';
import { countFrom, languageFrom } from './flags.js';
import { spoken } from './language.js';
import { print, printJson, say } from './terminal.js';

export interface FindFlags {
  readonly limit: string;
  readonly lang?: string;
  readonly json?: true;
}

export async function findAction({ open }: CommandContext, text: string, options: FindFlags): Promise<number> {
  if (text.trim() === '')
    throw new UsageError({
      en: 'Write what to look for: a part of the name, the code, or an id.',
      zh: '请写出要查找的内容：名称的一部分、统一社会信用代码或编号。',
    });
  const limit = countFrom('--limit', options.limit);
  const language = languageFrom(options.lang);
  const store = await open('interactive');
  const shown: ReturnType<typeof asJson>[] = [];
  let found = 0;
  for await (const it of findMerchants(store, text, language)) {
    if (found === limit) {
      say({
        en: `There are more; --limit ${limit * 10} shows further ones.`,
        zh: `还有更多结果，可用 --limit ${limit * 10} 查看。`,
      });
      break;
    }
    found += 1;
    if (options.json) shown.push(asJson(it));
    else await print(`${found === 1 ? '' : '\n'}${asText(it)}\n`);
  }
  if (options.json) await printJson(shown);
  if (found === 0) say(NONE_FOUND(text));
  return EXIT.done;
}

export function asText({ batch, row, name }: Found): string {
  return [
    `${name}  ${spoken(outcomeInWords(row.outcome))}${row.problem === '' ? '' : `  ${row.problem}`}`,
    `  ${row.reason}`,
    ...(row.next_step === '' ? [] : [`  ${row.next_step}`]),
    ...(row.appid === '' ? [] : [`  appid ${row.appid}`]),
    ...(row.authorize_url === '' ? [] : [`  ${row.authorize_url}`]),
    `  ${spoken(placeOf(row, batch))}`,
  ].join('\n');
}

function placeOf({ line, registration_id: id }: Found['row'], batch: Found['batch']): Words {
  return {
    en: `line ${line} of ${batch.file}, batch ${batch.id}${id === '' ? '' : `, registration ${id}`}`,
    zh: `${batch.file} 第 ${line} 行，批次 ${batch.id}${id === '' ? '' : `，商户编号 ${id}`}`,
  };
}

export function asJson({ batch, row, name }: Found) {
  const { cells: _, surplus: __, ...facts } = row;
  return { name, file: batch.file, ...facts };
}
