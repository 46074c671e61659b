import type { Command } from 'commander';
import { listBatches } from '../app/batches.js';
import type { byOutcome } from '../domain/batch.js';
import { formatDuration } from '../domain/patience.js';
import { command, EXIT, perform } from './command.js';
import { print, printJson, table } from './terminal.js';

export function batchesCommand(): Command {
  return command(
    'batches',
    'One line for each batch: its age, its file, and its rows by outcome.',
    'fastregister batches',
  )
    .option('--json', 'print as JSON')
    .action(async (options: { json?: true }, made: Command) =>
      perform(made, {}, async ({ open }) => {
        const store = await open('interactive');
        const now = Date.now();
        const facts = (await listBatches(store)).map(({ loadedAt, outcomes, ...batch }) => ({
          ...batch,
          loadedAt: new Date(loadedAt).toISOString(),
          age: age(now - loadedAt),
          outcomes,
        }));
        if (options.json) await printJson(facts);
        else await print(`${facts.length > 0 ? table(facts.map(line)) : NONE}\n`);
        return EXIT.done;
      }),
    );
}

const NONE = 'No batch yet. Load a sheet: fastregister load FILE';

interface Facts {
  readonly batch: string;
  readonly file: string;
  readonly rows: number;
  readonly complete: boolean;
  readonly age: string;
  readonly outcomes: ReturnType<typeof byOutcome>;
}

function line({ batch, file, rows, complete, age: old, outcomes }: Facts): string[] {
  const counted = Object.entries(outcomes).map(([outcome, count]) => `${count} ${outcome}`);
  return [
    batch,
    `${old} ago`,
    `${rows} rows`,
    file,
    complete ? counted.join(', ') : 'loading was interrupted: load it again',
  ];
}

/** Nobody wants to read the milliseconds of a batch. */
function age(ms: number): string {
  const unit = [86_400_000, 3_600_000, 60_000, 1_000].find((it) => ms >= it) ?? 1_000;
  return formatDuration(Math.max(Math.floor(ms / unit) * unit, 1_000));
}
