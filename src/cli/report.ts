import type { Command } from 'commander';
import { batchNamed, everyBatch } from '../app/batches.js';
import { OUTCOMES, reportOptionsOf } from '../app/report-options.js';
import type { Store } from '../app/wiring/store.js';
import type { Batch } from '../domain/batch.js';
import { isoWithOffset } from '../domain/calendar.js';
import { reportCsv } from '../reporter/csv.js';
import { writeWhole } from '../reporter/file.js';
import { type ReportOptions, reportRows } from '../reporter/report.js';
import { reportWorkbook } from '../reporter/workbook.js';
import { type CommandContext, command, EXIT, perform, UsageError } from './command.js';
import { isWorkbook, languageFrom, outcomesFrom, sinceFrom, WHO, whoFrom } from './flags.js';
import { print, say } from './terminal.js';

interface Options {
  readonly output?: string;
  readonly force?: true;
  readonly only?: string;
  readonly since?: string;
  readonly links?: true;
  readonly who?: string;
  readonly lang?: string;
  readonly all?: true;
  readonly json?: true;
  readonly xlsx?: true;
}

export function reportCommand(): Command {
  return command(
    'report [BATCH]',
    'The outcome of every row as CSV, on stdout or in a file. Without BATCH: the newest. Corrected, it is the next upload.',
    'fastregister report --only rejected,expired,invalid --lang zh -o to-correct.csv',
  )
    .option('-o, --output <FILE>', 'write to this file; NAME.xlsx is a workbook')
    .option('--force', 'overwrite the file')
    .option('--only <OUTCOME,...>', `only these outcomes: ${OUTCOMES.join(', ')}`)
    .option('--who <WHO,...>', `only rows whose next step is theirs: ${WHO.join(', ')}`)
    .option(
      '--since <DATE>',
      'only what has had its outcome since: 2026-11-20, "2026-11-20 22:00", or 24h for a day ago',
    )
    .option('--links', 'only rows with a link (authorize_url) that the legal person can still open: a list to send out')
    .option('--all', 'every batch, the newest first')
    .option('--xlsx', 'an Excel workbook instead, all of it text')
    .option('--json', 'one JSON object a row instead')
    .action(async (batch: string | undefined, options: Options, made: Command) =>
      perform(made, {}, (context) => report(context, batch, options)),
    );
}

async function report({ open, settings }: CommandContext, id: string | undefined, options: Options): Promise<number> {
  if (id !== undefined && options.all) throw new UsageError('Name a batch, or say --all.');
  const isXlsx = options.xlsx === true || isWorkbook(options.output ?? '');
  if (options.json && isXlsx) throw new UsageError('Use --json or a workbook, not both.');
  if (isXlsx && options.output === undefined && process.stdout.isTTY) {
    throw new UsageError('Refusing to print a workbook to the terminal; use -o FILE.');
  }
  const only = outcomesFrom(options.only);
  const who = whoFrom(options.who);
  const since = sinceFrom(options.since, settings.quotaTimezone);
  const store = await open('interactive');
  const batches = options.all
    ? // The newest first: where such a report is loaded again, the first row of an enterprise counts.
      (await everyBatch(store)).filter(({ purgedAt }) => purgedAt === undefined).reverse()
    : [refusePurged(await batchNamed(store, id))];
  const [chosen] = batches;
  if (id === undefined && !options.all && chosen !== undefined) {
    say(
      `Batch ${chosen.id}, the newest: ${chosen.file}, loaded ${isoWithOffset(chosen.loadedAt, settings.quotaTimezone)}.`,
    );
  }
  const reportOptions = {
    ...(await reportOptionsOf(store, languageFrom(options.lang), only)),
    who,
    since,
    links: options.links,
  };
  const write = options.json ? jsonLines : isXlsx ? reportWorkbook : reportCsv;
  const pieces: AsyncIterable<string | Uint8Array> = write(store.batches, batches, reportOptions);
  if (options.output === undefined) for await (const piece of pieces) await print(piece);
  else {
    await writeWhole(options.output, pieces, options.force === true);
    say(`Written: ${options.output}`);
  }
  return EXIT.done;
}

function refusePurged(batch: Batch): Batch {
  if (batch.purgedAt === undefined) return batch;
  throw new UsageError(
    `The merchants of ${batch.id} were purged at ${new Date(batch.purgedAt).toISOString()}; \`fastregister batches\` has its counts.`,
  );
}

async function* jsonLines(
  batches: Store['batches'],
  wanted: readonly Batch[],
  options: ReportOptions,
): AsyncGenerator<string> {
  for (const batch of wanted) {
    for await (const rows of reportRows(batches, batch, options)) {
      let lines = '';
      for (const { cells, surplus, ...told } of rows) {
        const input = Object.fromEntries(batch.headings.map((heading, at) => [heading, cells[at] ?? '']));
        lines += `${JSON.stringify({ input, ...(surplus.length > 0 && { surplus }), ...told })}\n`;
      }
      if (lines !== '') yield lines;
    }
  }
}
