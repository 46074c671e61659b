import type { Command } from 'commander';
import { limitsOf } from '../app/wiring/limits.js';
import { NO_CLIENT, registrationApi } from '../app/wiring/registration-api.js';
import type { Store } from '../app/wiring/store.js';
import type { Batch } from '../domain/batch.js';
import { isoWithOffset, readMoment } from '../domain/calendar.js';
import { parseDuration } from '../domain/patience.js';
import type { Outcome } from '../domain/registration.js';
import { ACTORS, type Actor, type Language } from '../domain/words.js';
import { reportCsv } from '../reporter/csv.js';
import { writeWhole } from '../reporter/file.js';
import { type ReportOptions, reportRows } from '../reporter/report.js';
import { sendingStatus } from '../reporter/sending-status.js';
import { reportWorkbook } from '../reporter/workbook.js';
import { type CommandContext, command, EXIT, perform, UsageError } from './command.js';
import { print, say } from './terminal.js';

interface Options {
  readonly output?: string;
  readonly force?: true;
  readonly only?: string;
  readonly since?: string;
  readonly links?: true;
  readonly who?: string;
  readonly lang: string;
  readonly all?: true;
  readonly json?: true;
  readonly xlsx?: true;
}

export const OUTCOMES: readonly Outcome[] = [
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
    .option('--lang <zh|en>', 'language of the sentences', 'en')
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
    ...(await optionsFor(store, languageFrom(options.lang), only)),
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

/** @throws UsageError that names the batches there are */
export async function batchNamed({ batches }: Store, id: string | undefined): Promise<Batch> {
  const ids = await batches.list();
  const wanted = id ?? ids.at(-1);
  const batch = wanted === undefined ? undefined : await batches.find(wanted);
  if (batch !== undefined) return batch;
  if (ids.length === 0) throw new UsageError('There is no batch yet. Load a sheet first: fastregister load FILE');
  throw new UsageError(`There is no batch ${wanted}. The newest are ${ids.slice(-3).reverse().join(', ')}.`);
}

/** In the order of loading. */
export async function everyBatch({ batches }: Store): Promise<Batch[]> {
  const all = await Promise.all((await batches.list()).map(batches.find));
  return all.filter((batch) => batch !== undefined);
}

function refusePurged(batch: Batch): Batch {
  if (batch.purgedAt === undefined) return batch;
  throw new UsageError(
    `The merchants of ${batch.id} were purged at ${new Date(batch.purgedAt).toISOString()}; \`fastregister batches\` has its counts.`,
  );
}

export async function optionsFor(
  store: Store,
  language: Language,
  only?: ReadonlySet<Outcome>,
): Promise<ReportOptions> {
  const now = Date.now();
  const { blockedReason } = await sendingStatus(
    store.calls,
    limitsOf(store.settings),
    now,
    store.settings.wechatRegistrationApi,
  );
  const { invitation, unanswered } = registrationApi(store.settings, NO_CLIENT);
  return {
    language,
    only,
    blockedReason,
    timezone: store.settings.quotaTimezone,
    now,
    invitation,
    unanswered,
  };
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

const WHO = Object.keys(ACTORS) as readonly Actor[];

export function whoFrom(text: string | undefined): ReadonlySet<Actor> | undefined {
  if (text === undefined) return undefined;
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !WHO.includes(name as Actor));
  if (unknown.length > 0) throw new UsageError(`--who ${unknown.join(',')}: use ${WHO.join(', ')}.`);
  return new Set(names as Actor[]);
}

/** By its name, wherever a file is written. */
export function isWorkbook(file: string): boolean {
  return /\.xlsx$/i.test(file);
}

/** A moment on the clock of the quota's time zone, or so long ago. */
export function sinceFrom(text: string | undefined, timezone: string): number | undefined {
  if (text === undefined) return undefined;
  const moment = readMoment(text, timezone);
  if (moment !== undefined) return moment;
  try {
    return Date.now() - parseDuration(text);
  } catch (cause) {
    throw new UsageError(`--since ${text}: write a day as 2026-11-20, a time as "2026-11-20 22:00", or 24h.`, {
      cause,
    });
  }
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
