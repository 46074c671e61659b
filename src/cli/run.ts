import { statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { batchNamed } from '../app/batches.js';
import { isOwnReport } from '../app/own-report.js';
import { reportOptionsOf } from '../app/report-options.js';
import { type RunResult, run } from '../app/run.js';
import { refuseMissingInbox } from '../app/schedule.js';
import { type Batch, byOutcome } from '../domain/batch.js';
import { joined, type Language, type Words } from '../domain/words.js';
import type { NightPlan } from '../nights/night.js';
import { reportCsv } from '../reporter/csv.js';
import { refuseUnwritable, writeWhole } from '../reporter/file.js';
import { reportWorkbook } from '../reporter/workbook.js';
import { type CommandContext, command, EXIT, perform, UsageError } from './command.js';
import { isWorkbook, languageFrom, mostInvalidFrom, untilFrom, yesOrNo } from './flags.js';
import { runNightHere } from './night-run.js';
import { loadFlagsFrom, type SheetOptions, withSheetOptions } from './sheets.js';
import { loadShown, sendEvents } from './shown.js';
import { type Interruption, onInterruption, print, say, table } from './terminal.js';

interface Options extends SheetOptions {
  readonly inbox?: string;
  readonly until?: string;
  readonly output?: string;
  readonly force?: true;
  readonly lang?: string;
  readonly canary?: string;
}

export function runCommand(): Command {
  return withSheetOptions(
    command(
      'run [FILE...]',
      'Loads, sends, listens and reports in one process, until every row has its outcome. Interrupted, the same command goes on where it stopped.',
      'fastregister run merchants.csv -o outcomes.csv',
    ),
  )
    .option('--inbox <DIR>', 'instead of files: one night over this folder, for cron; see docs/nights.md')
    .option('--until <submitted>', 'return when every row has been sent')
    .option(
      '-o, --output <FILE>',
      'write the report to this file (NAME.xlsx is a workbook; of several sheets: into this folder); else to stdout',
    )
    .option('--force', 'overwrite the report')
    .option('--canary <N>', 'send so many rows first, and the rest when so many were accepted')
    .action(async (files: string[], options: Options, made: Command) =>
      perform(made, { needs: ['wechat', 'sending', 'push', 'encryption'] }, (context) =>
        options.inbox === undefined
          ? runFiles(context, files, options)
          : runInbox(context, options.inbox, files, options),
      ),
    );
}

async function runInbox(
  { open, settings }: CommandContext,
  folder: string,
  files: readonly string[],
  options: Options,
): Promise<number> {
  if (files.length > 0) throw new UsageError('Name files, or an inbox with --inbox, not both.');
  if (options.output !== undefined)
    throw new UsageError('-o: the reports of an inbox go beside its files, into done/.');
  if (options.again) throw new UsageError('--again: every night would ask for one more Mini Program. Name the files.');
  if (options.canary !== undefined) throw new UsageError('--canary: of files only. Name them.');
  const inbox = resolve(folder);
  refuseMissingInbox(inbox);
  const plan: NightPlan = {
    inbox,
    timezone: settings.quotaTimezone,
    language: languageFrom(options.lang),
    until: untilFrom(options.until),
    acceptWarnings: yesOrNo('--accept-warnings', options.acceptWarnings),
    mostInvalid: mostInvalidFrom(options.maxInvalid),
  };
  return runNightHere(await open('background'), plan);
}

async function runFiles({ open }: CommandContext, files: readonly string[], options: Options): Promise<number> {
  if (files.length === 0) throw new UsageError('Name the sheets to run, or an inbox with --inbox.');
  const untilSubmitted = untilFrom(options.until) === 'submitted';
  const language = languageFrom(options.lang);
  const outputs = outputsFor(files, options.output);
  if (!options.force) for (const output of outputs ?? []) await refuseToOverwrite(output);
  outputs?.forEach(refuseUnwritable);
  const loadOptions = loadFlagsFrom(options);
  const interruption = onInterruption();
  const store = await open('background');
  const loaded = await loadShown(store, files, loadOptions);
  const ids = loaded.map(({ batch }) => batch.id);
  const result = await run(store, { batches: ids, untilSubmitted, signal: interruption.signal }, sendEvents(language));

  say(table(Object.entries(byOutcome(result.counts)).map(([outcome, count]) => [`  ${outcome}`, String(count)])));
  const reportOptions = await reportOptionsOf(store, language);
  for (const [at, id] of ids.entries()) {
    const batch: Batch = await batchNamed(store, id);
    const output = outputs?.[at];
    const write = isWorkbook(output ?? '') ? reportWorkbook : reportCsv;
    const pieces: AsyncIterable<string | Uint8Array> = write(store.batches, [batch], reportOptions);
    if (output === undefined) for await (const piece of pieces) await print(piece);
    else {
      await writeWhole(output, pieces, true);
      say(`Written: ${output}`);
    }
  }
  return statusOf(result, interruption, language);
}

function statusOf(
  { ending, needing, blockedReason }: RunResult,
  interruption: Interruption,
  language: Language,
): number {
  switch (ending) {
    case 'interrupted':
      say('Interrupted. The same command goes on where this one stopped.');
      return interruption.status();
    case 'stopped':
      say(joined([STOPPED, blockedReason?.reason ?? NOTHING, blockedReason?.nextStep ?? NOTHING])[language]);
      return EXIT.stopped;
    default:
      return needing > 0 ? EXIT.someNeedAPerson : EXIT.done;
  }
}

const STOPPED: Words = { en: 'Stopped.', zh: '已停止。' };
const NOTHING: Words = { en: '', zh: '' };

/** Run again, it writes its own report again; anything else in that place is somebody's file. Said before a call is made. */
async function refuseToOverwrite(output: string): Promise<void> {
  if (statSync(output, { throwIfNoEntry: false })?.isFile() !== true) return;
  if (await isOwnReport(output)) return;
  throw new UsageError(`${output} is there already and is no report. Name another file, or say --force.`);
}

/** Where each report goes; undefined: to stdout. */
function outputsFor(files: readonly string[], output: string | undefined): string[] | undefined {
  if (output === undefined) return undefined;
  const isFolder = statSync(output, { throwIfNoEntry: false })?.isDirectory() === true;
  if (files.length > 1 && !isFolder) {
    throw new UsageError(`-o ${output}: several sheets need a folder for their reports.`);
  }
  const outputs = files.map((file) => (isFolder ? join(output, `${basename(file)}.report.csv`) : output));
  const twice = outputs.find((name, at) => outputs.indexOf(name) !== at);
  if (twice !== undefined)
    throw new UsageError(`Two sheets would be reported in ${twice}. Run them one by one, or rename one.`);
  return outputs;
}
