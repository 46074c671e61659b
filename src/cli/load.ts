import type { Command } from 'commander';
import { rulesOf } from '../app/wiring/registration-api.js';
import type { Store } from '../app/wiring/store.js';
import { type Batch, countOf } from '../domain/batch.js';
import { type Loaded, load } from '../producer/load.js';
import { type CommandContext, command, EXIT, perform, UsageError } from './command.js';
import { mostInvalidFrom, yesOrNo } from './flags.js';
import { named, openSheetFiles, type SheetOptions, withSheetOptions } from './sheets.js';
import { openProgress, print, printJson, say } from './terminal.js';

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
  const loaded = await loadFiles(store, files, loadOptions);
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

export interface LoadFlags {
  /** False: rows with warnings are held back. */
  readonly acceptWarnings: boolean;
  /** Merchants that have a Mini Program are to get one more. */
  readonly again?: boolean | undefined;
  /** A file with a larger share of invalid rows is refused. */
  readonly mostInvalid?: number;
  /** So many rows of each file are sent first; 0: all at once. */
  readonly canaries: number;
}

/** @throws UsageError */
export function loadFlagsFrom(options: SheetOptions & { readonly canary?: string }): LoadFlags {
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

/** Every file is opened before the first is loaded: one that is refused stops nothing half-way. */
export async function loadFiles(store: Store, files: readonly string[], loadOptions: LoadFlags): Promise<Loaded[]> {
  const rules = { ...rulesOf(store.settings, loadOptions.acceptWarnings, store.identify), again: loadOptions.again };
  const sheets = await openSheetFiles(files, rules, loadOptions.mostInvalid ?? 1);
  const loaded: Loaded[] = [];
  for (const { file, sheet } of sheets) {
    const progress = openProgress();
    const result = await named(file, () =>
      load(sheet, file, {
        batches: store.batches,
        rules,
        now: Date.now,
        canaries: loadOptions.canaries,
        onProgress: (rows) => progress.show(`${file}: ${rows} rows`),
      }),
    ).finally(() => progress.end());
    say(describe(file, result, loadOptions));
    loaded.push(result);
  }
  return loaded;
}

function describe(file: string, { batch, known, counts }: Loaded, { acceptWarnings }: LoadFlags): string {
  if (batch.purgedAt !== undefined) {
    return `${file}: was batch ${batch.id}, whose merchants were purged; nothing was changed. To load it anew, change the file.`;
  }
  if (known) return `${file}: known already as batch ${batch.id} (${batch.rows} rows); nothing was changed.`;
  const parts = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
  return `${file}: batch ${batch.id}, ${batch.rows} rows${parts.length > 0 ? `: ${parts.join(', ')}` : ''}.${aboutWarnings(batch, acceptWarnings)}`;
}

function aboutWarnings({ warned = 0 }: Batch, accepted: boolean): string {
  if (warned === 0) return '';
  const what = accepted ? 'accepted all the same' : 'held back by --accept-warnings=no';
  return ` ${warned} ${warned === 1 ? 'row has' : 'rows have'} warnings and ${warned === 1 ? 'was' : 'were'} ${what}.`;
}
