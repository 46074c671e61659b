import type { Command } from 'commander';
import { findMerchants } from '../app/find.js';
import type { Found } from '../reporter/find.js';
import { type CommandContext, command, EXIT, perform } from './command.js';
import { countFrom, languageFrom } from './flags.js';
import { print, printJson, say } from './terminal.js';

interface Options {
  readonly limit: string;
  readonly lang?: string;
  readonly json?: true;
}

export function findCommand(): Command {
  return command(
    'find <TEXT>',
    'Merchants by name (or part of it), code, Weixin ID, appid or task id, over all batches; the newest sheet first.',
    'fastregister find 91110000MA00000000',
  )
    .option('--limit <N>', 'so many rows at most', '50')
    .option('--json', 'print as JSON')
    .action(async (text: string, options: Options, made: Command) =>
      perform(made, {}, (context) => run(context, text, options)),
    );
}

async function run({ open }: CommandContext, text: string, options: Options): Promise<number> {
  const limit = countFrom('--limit', options.limit);
  const language = languageFrom(options.lang);
  const store = await open('interactive');
  const shown: ReturnType<typeof asJson>[] = [];
  let found = 0;
  for await (const it of findMerchants(store, text, language)) {
    if (found === limit) {
      say(`There are more; --limit ${limit * 10} shows further ones.`);
      break;
    }
    found += 1;
    if (options.json) shown.push(asJson(it));
    else await print(`${found === 1 ? '' : '\n'}${asText(it)}\n`);
  }
  if (options.json) await printJson(shown);
  if (found === 0) say(`No sheet names ${text}. Look for a shorter part of the name, or for the code.`);
  return EXIT.done;
}

export function asText({ batch, row, name }: Found): string {
  return [
    `${name}  ${row.outcome}${row.problem === '' ? '' : `  ${row.problem}`}`,
    `  ${row.reason}`,
    ...(row.next_step === '' ? [] : [`  ${row.next_step}`]),
    ...(row.appid === '' ? [] : [`  appid ${row.appid}`]),
    ...(row.authorize_url === '' ? [] : [`  ${row.authorize_url}`]),
    `  line ${row.line} of ${batch.file}, batch ${batch.id}${row.registration_id === '' ? '' : `, registration ${row.registration_id}`}`,
  ].join('\n');
}

export function asJson({ batch, row, name }: Found) {
  const { cells: _, surplus: __, ...told } = row;
  return { name, file: batch.file, ...told };
}
