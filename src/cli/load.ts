import { constants, setPriority } from 'node:os';
import type { Command } from 'commander';
import { countOf } from '../domain/batch.js';
import { type CommandContext, command, EXIT, perform } from './command.js';
import { spoken } from './language.js';
import {
  CANARY,
  loadFlagsFrom,
  type SheetOptions,
  sayWhichRules,
  sayWhichRulesFailed,
  withSheetOptions,
} from './sheets.js';
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
      {
        en: 'Queues the rows of each file as one batch and prints the batch id. The same file again changes nothing.',
        zh: '导入表格：每个文件为一个批次，各行进入提交队列，并打印批次编号。同一文件重复导入不会有任何变化。',
      },
      'fastregister load merchants.csv --max-invalid 5%',
    ),
  )
    .option('--canary <N>', spoken(CANARY))
    .option('--json', spoken({ en: 'print the batches as JSON', zh: '以 JSON 输出批次' }))
    .action(async (files: string[], options: Options, made: Command) =>
      perform(made, {}, (context) => loadAll(context, files, options)),
    );
}

async function loadAll(context: CommandContext, files: readonly string[], options: Options): Promise<number> {
  const loadOptions = loadFlagsFrom(options);
  const store = await context.open('bulk');
  letOthersGoFirst();
  const loaded = await loadShown(store, files, loadOptions).catch(sayWhichRulesFailed(context.settings));
  if (options.json)
    await printJson(
      loaded.map(({ batch, known, counts }) => ({
        batch: batch.id,
        file: batch.file,
        rows: batch.rows,
        warned: batch.warned ?? 0,
        replaces: batch.replaces ?? 0,
        known,
        counts,
      })),
    );
  else for (const { batch } of loaded) await print(`${batch.id}\n`);
  sayWhichRules(context.settings);
  return loaded.some(({ counts }) => countOf(counts, 'invalid') > 0) ? EXIT.someNeedAPerson : EXIT.done;
}

/**
 * A large sheet takes two processors for seconds, which receivers and workers need at once. After the private Redis was
 * started, which would get the same priority, and before the thread that reads the sheet.
 */
function letOthersGoFirst(): void {
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Not allowed here: it only takes longer for others.
  }
}
