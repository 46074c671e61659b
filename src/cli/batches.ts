import { fileInWords, LOAD_AGAIN, listBatches, NO_BATCH } from '../app/batches.js';
import type { byOutcome } from '../domain/batch.js';
import { outcomesInWords } from '../domain/outcome-words.js';
import { durationInChinese, formatDuration } from '../domain/patience.js';
import { counted } from '../domain/words.js';
import { type CommandContext, EXIT } from './command.js';
import { spoken } from './language.js';
import { print, printJson, table } from './terminal.js';

export async function batchesAction({ open }: CommandContext, options: { json?: true }): Promise<number> {
  const store = await open('interactive');
  const now = Date.now();
  const facts = (await listBatches(store)).map(({ loadedAt, outcomes, ...batch }) => ({
    ...batch,
    loadedAt: new Date(loadedAt).toISOString(),
    age: age(now - loadedAt),
    outcomes,
  }));
  if (options.json) await printJson(facts);
  else await print(`${facts.length > 0 ? table(facts.map(line)) : spoken(NO_BATCH)}\n`);
  return EXIT.done;
}

interface Facts {
  readonly batch: string;
  readonly file: string;
  readonly rows: number;
  readonly complete: boolean;
  readonly age: string;
  readonly outcomes: ReturnType<typeof byOutcome>;
}

function line({ batch, file, rows, complete, age: old, outcomes }: Facts): string[] {
  return [
    batch,
    spoken({ en: `${old} ago`, zh: `${durationInChinese(old)}前` }),
    spoken({ en: counted(rows, 'row'), zh: `${rows} 行` }),
    spoken(fileInWords(file)),
    spoken(complete ? outcomesInWords(outcomes) : LOAD_AGAIN),
  ];
}

/** The milliseconds of a batch's time are of no use to a reader. */
function age(ms: number): string {
  const unit = [86_400_000, 3_600_000, 60_000, 1_000].find((it) => ms >= it) ?? 1_000;
  return formatDuration(Math.max(Math.floor(ms / unit) * unit, 1_000));
}
