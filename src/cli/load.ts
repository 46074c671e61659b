import { constants, setPriority } from 'node:os';
import { countOf } from '../domain/batch.js';
import { type CommandContext, EXIT } from './command.js';
import { loadFlagsFrom, type SheetOptions, sayWhichRules, sayWhichRulesFailed } from './sheets.js';
import { loadShown } from './shown.js';
import { print, printJson } from './terminal.js';

export interface LoadFlags extends SheetOptions {
  readonly json?: true;
  readonly canary?: string;
}

export async function loadAction(
  context: CommandContext,
  files: readonly string[],
  options: LoadFlags,
): Promise<number> {
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
