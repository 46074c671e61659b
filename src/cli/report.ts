import { createWriteStream, existsSync } from 'node:fs';
import { rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { limitsOf, type Store } from '../app.js';
import type { Outcome } from '../domain/registration.js';
import type { Language } from '../domain/words.js';
import type { Batch } from '../redis/batches.js';
import { type ReportOptions, reportCsv, reportRows } from '../reporter/report.js';
import { situation } from '../reporter/standstill.js';
import { command, type Doorway, EXIT, perform, UsageError } from './command.js';
import { print, say } from './terminal.js';

interface Options {
  readonly output?: string;
  readonly force?: true;
  readonly only?: string;
  readonly lang: string;
  readonly all?: true;
  readonly json?: true;
}

const OUTCOMES: readonly Outcome[] = [
  'created',
  'already_created',
  'duplicate',
  'invalid',
  'rejected',
  'expired',
  'needs_review',
  'cancelled',
  'pending',
];

export function reportCommand(): Command {
  return command(
    'report [BATCH]',
    'The outcome of every row as CSV, on stdout or in a file. Without BATCH: the newest.',
    'fastregister report --only rejected,expired,invalid --lang zh -o to-correct.csv',
  )
    .option('-o, --output <FILE>', 'write to this file')
    .option('--force', 'overwrite the file')
    .option('--only <OUTCOME,...>', `only these outcomes: ${OUTCOMES.join(', ')}`)
    .option('--lang <zh|en>', 'language of the sentences', 'en')
    .option('--all', 'every batch, one after the other')
    .option('--json', 'one JSON object a row')
    .action(async (batch: string | undefined, options: Options, made: Command) =>
      perform(made, {}, (doorway) => report(doorway, batch, options)),
    );
}

async function report({ open }: Doorway, id: string | undefined, options: Options): Promise<number> {
  if (id !== undefined && options.all) throw new UsageError('Name a batch, or say --all.');
  const only = outcomesFrom(options.only);
  const store = await open('door');
  const batches = options.all ? await everyBatch(store) : [await batchNamed(store, id)];
  const reportOptions = await optionsFor(store, languageFrom(options.lang), only);
  const text = options.json ? jsonLines : reportCsv;
  const pieces = async function* () {
    for (const batch of batches) yield* text(store.batches, batch, reportOptions);
  };
  if (options.output === undefined) for await (const piece of pieces()) await print(piece);
  else await writeWhole(options.output, pieces(), options.force === true);
  return EXIT.done;
}

/** @throws UsageError that names the batches there are */
export async function batchNamed({ batches }: Store, id: string | undefined): Promise<Batch> {
  const ids = await batches.list();
  const wanted = id ?? ids.at(-1);
  const batch = wanted === undefined ? undefined : await batches.find(wanted);
  if (batch !== undefined) return batch;
  if (ids.length === 0) throw new UsageError('There is no batch yet. Load a sheet first: fastregister load FILE');
  throw new UsageError(`There is no batch ${wanted}. The newest are ${ids.slice(-3).reverse().join(', ')}.`);
}

async function everyBatch(store: Store): Promise<Batch[]> {
  const ids = await store.batches.list();
  return Promise.all(ids.map((id) => batchNamed(store, id)));
}

export async function optionsFor(
  store: Store,
  language: Language,
  only?: ReadonlySet<Outcome>,
): Promise<ReportOptions> {
  const { standstill } = await situation(store.calls, limitsOf(store.settings), Date.now());
  return { language, only, standstill, timezone: store.settings.quotaTimezone };
}

export function languageFrom(text: string): Language {
  if (text === 'zh' || text === 'en') return text;
  throw new UsageError(`--lang ${text}: write zh or en.`);
}

export function outcomesFrom(text: string | undefined): ReadonlySet<Outcome> | undefined {
  if (text === undefined) return undefined;
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !OUTCOMES.includes(name as Outcome));
  if (unknown.length > 0) throw new UsageError(`--only ${unknown.join(',')}: the outcomes are ${OUTCOMES.join(', ')}.`);
  return new Set(names as Outcome[]);
}

/** Nobody sees half of a report, and none is overwritten unasked. */
export async function writeWhole(file: string, pieces: AsyncIterable<string>, overwrite: boolean): Promise<void> {
  if (!overwrite && existsSync(file))
    throw new UsageError(`${file} is there already. Name another file, or say --force.`);
  const half = join(dirname(file), `.${process.pid}.${Date.now()}.half`);
  try {
    await pipeline(pieces, createWriteStream(half));
    await rename(half, file);
  } catch (error) {
    await unlink(half).catch(() => {});
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EACCES')
      throw new UsageError(`${file} cannot be written (${code}). Name another file.`, { cause: error });
    throw error;
  }
  say(`Written: ${file}`);
}

async function* jsonLines(...[batches, batch, options]: Parameters<typeof reportRows>): AsyncGenerator<string> {
  for await (const rows of reportRows(batches, batch, options)) {
    for (const { cells, surplus, ...told } of rows) {
      const input = Object.fromEntries(batch.headings.map((heading, at) => [heading, cells[at] ?? '']));
      yield `${JSON.stringify({ input, ...(surplus.length > 0 && { surplus }), ...told })}\n`;
    }
  }
}
