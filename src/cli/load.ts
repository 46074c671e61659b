import type { Command } from 'commander';
import type { LoadRequest } from '../app/load.js';
import { countOf } from '../domain/batch.js';
import { type CommandContext, command, EXIT, perform, UsageError } from './command.js';
import { mostInvalidFrom, yesOrNo } from './flags.js';
import { type SheetOptions, withSheetOptions } from './sheets.js';
import { loadShown } from './shown.js';
import { print, printJson } from './terminal.js';

interface Options extends SheetOptions {
  readonly json?: true;
  readonly canary?: string;
}

export function loadCommand(): Command {
  return withSheetOptions(
    command(
      'load <FILE...>',
      'Queues the rows of each file as one batch and prints the batch id. The same file again changes nothing.',
      'fastregister load merchants.csv --max-invalid 5%',
    ),
  )
    .option('--canary <N>', 'send so many rows first, and the rest when so many were accepted')
    .option('--json', 'print the batches as JSON')
    .action(async (files: string[], options: Options, made: Command) =>
      perform(made, {}, (context) => loadAll(context, files, options)),
    );
}

async function loadAll(context: CommandContext, files: readonly string[], options: Options): Promise<number> {
  const loadOptions = loadFlagsFrom(options);
  const store = await context.open('interactive');
  const loaded = await loadShown(store, files, loadOptions);
  if (options.json)
    await printJson(
      loaded.map(({ batch, known, counts }) => ({
        batch: batch.id,
        file: batch.file,
        rows: batch.rows,
        warned: batch.warned ?? 0,
        known,
        counts,
      })),
    );
  else for (const { batch } of loaded) await print(`${batch.id}\n`);
  return loaded.some(({ counts }) => countOf(counts, 'invalid') > 0) ? EXIT.someNeedAPerson : EXIT.done;
}

/** @throws UsageError */
export function loadFlagsFrom(options: SheetOptions & { readonly canary?: string }): LoadRequest {
  const { canary = '0' } = options;
  if (!/^\d{1,6}$/.test(canary))
    throw new UsageError(`--canary ${canary}: write how many rows are sent first, e.g. 5.`);
  return {
    acceptWarnings: yesOrNo('--accept-warnings', options.acceptWarnings),
    again: options.again,
    mostInvalid: mostInvalidFrom(options.maxInvalid),
    canaries: Number(canary),
  };
}
