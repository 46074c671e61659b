import type { Command } from 'commander';
import { batchesToReport, report } from '../app/report.js';
import { isoWithOffset } from '../domain/calendar.js';
import { OUTCOME_NAMES } from '../domain/outcomes.js';
import { writeWhole } from '../reporter/file.js';
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
    .option('--only <OUTCOME,...>', `only these outcomes: ${OUTCOME_NAMES.join(', ')}`)
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
      perform(made, {}, (context) => writeReport(context, batch, options)),
    );
}

async function writeReport(
  { open, settings }: CommandContext,
  id: string | undefined,
  options: Options,
): Promise<number> {
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
  const batches = await batchesToReport(store, options.all ? { all: true } : { id });
  const [chosen] = batches;
  if (id === undefined && !options.all && chosen !== undefined) {
    say(
      `Batch ${chosen.id}, the newest: ${chosen.file}, loaded ${isoWithOffset(chosen.loadedAt, settings.quotaTimezone)}.`,
    );
  }
  const pieces = await report(store, batches, {
    format: options.json ? 'json' : isXlsx ? 'xlsx' : 'csv',
    language: languageFrom(options.lang),
    only,
    who,
    since,
    links: options.links,
  });
  if (options.output === undefined) for await (const piece of pieces) await print(piece);
  else {
    await writeWhole(options.output, pieces, options.force === true);
    say(`Written: ${options.output}`);
  }
  return EXIT.done;
}
