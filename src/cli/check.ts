import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { limitsOf } from '../app/wiring/limits.js';
import { rulesOf } from '../app/wiring/registration-api.js';
import type { Batch } from '../domain/batch.js';
import type { Limits } from '../domain/limits.js';
import { type DetailField, type Identify, identifyWith, listOfDetails } from '../domain/merchant.js';
import { nextStepsOf, problemNextStep, problemReason, problemWords } from '../domain/problems.js';
import type { Language, Words } from '../domain/words.js';
import { carriedHeadings, refuseMostlyInvalid } from '../producer/checked-rows.js';
import { batchIdOf } from '../producer/load.js';
import { openTally, type Past, type Plan, type PlannedRow, type ProblemGroup, plannedRows } from '../producer/plan.js';
import type { Sheet } from '../producer/sheets/sheet.js';
import { RedisUnreachable } from '../redis/server/connection.js';
import { csvLine } from '../reporter/csv.js';
import { writeWhole } from '../reporter/file.js';
import { type Outlook, outlook } from '../reporter/outlook.js';
import { forCreates, sendingStatus } from '../reporter/sending-status.js';
import { type CommandContext, command, EXIT, perform, UsageError } from './command.js';
import { languageFrom, mostInvalidFrom, yesOrNo } from './flags.js';
import { named, openSheetFiles, type SheetOptions, withSheetOptions } from './sheets.js';
import { print, say, table } from './terminal.js';

interface Options extends SheetOptions {
  readonly annotated?: string;
  readonly force?: true;
  readonly json?: true;
  readonly lang: string;
}

export function checkCommand(): Command {
  return withSheetOptions(
    command(
      'check <FILE...>',
      'Reads and validates sheets; prints every problem with its cell, and the plan. Sends nothing, stores nothing.',
      'fastregister check merchants.csv --annotated problems.csv',
    ),
  )
    .option('--annotated <OUT.csv>', 'write the file back with the problems beside the rows')
    .option('--force', 'overwrite that file')
    .option('--lang <zh|en>', 'language of the sentences', 'en')
    .option('--json', 'print the plan and the problems as JSON')
    .action(async (files: string[], options: Options, made: Command) =>
      perform(made, {}, (context) => check(context, files, options)),
    );
}

async function check(context: CommandContext, files: readonly string[], options: Options): Promise<number> {
  if (options.annotated !== undefined && files.length > 1) {
    throw new UsageError('--annotated writes one file back: check the files one by one.');
  }
  const lang = languageFrom(options.lang);
  const mostInvalid = mostInvalidFrom(options.maxInvalid);
  const acceptWarnings = yesOrNo('--accept-warnings', options.acceptWarnings);
  const memory = await remember(context);
  const rules = { ...rulesOf(context.settings, acceptWarnings, memory.identify), again: options.again };
  const sheets = await openSheetFiles(files, rules, 1, lang);
  const page = options.json ? jsonPage(lang) : textPage(lang);
  const plans: { file: string; plan: Plan }[] = [];
  for (const { file, sheet } of sheets) {
    const tally = openTally();
    await page.begin(file);
    const rows = examined(plannedRows(sheet, rules, memory.past), async (row) => {
      tally.add(row);
      await page.row(file, row);
    });
    await named(
      file,
      async () => {
        if (options.annotated === undefined) for await (const _ of rows);
        else await writeWhole(options.annotated, annotated(rows, sheet, lang), options.force === true);
      },
      lang,
    );
    const plan = tally.plan();
    await page.end(file, plan, memory.outlook(plan.ready), await memory.batch(batchIdOf(sheet, rules)));
    plans.push({ file, plan });
  }
  await page.close();
  if (options.annotated !== undefined) say(`Written: ${options.annotated}`);
  for (const { file, plan } of plans)
    await named(file, () => refuseMostlyInvalid({ rows: plan.rows, refused: plan.invalid }, mostInvalid), lang);
  return plans.some(({ plan }) => plan.invalid > 0) ? EXIT.someNeedAPerson : EXIT.done;
}

async function* examined(
  pages: AsyncIterable<PlannedRow[]>,
  look: (row: PlannedRow) => Promise<void>,
): AsyncGenerator<PlannedRow[]> {
  for await (const rows of pages) {
    for (const row of rows) await look(row);
    yield rows;
  }
}

interface Forecast extends Outlook {
  /** Registrations of earlier batches that are sent before these. */
  readonly before: number;
}

interface Memory {
  readonly identify: Identify;
  readonly past: Past;
  outlook(ready: number): Forecast;
  batch(id: string): Promise<Batch | undefined>;
}

/** Checking needs no Redis; where there is a ledger, it knows the past. */
async function remember(context: CommandContext): Promise<Memory> {
  const { settings } = context;
  const limits = limitsOf(settings);
  const nothing: Memory = {
    // Only compared with each other.
    identify: identifyWith(''),
    past: async () => new Map(),
    outlook: (ready) => forecast(ready, 0, limits.perDay, limits),
    batch: async () => undefined,
  };
  if (settings.redisUrl === undefined && !existsSync(settings.home)) return nothing;
  try {
    const { batches, calls, identify, workload } = await context.open('interactive');
    const ahead = forCreates(await sendingStatus(calls, limits, Date.now()), limits);
    const before = await workload.toSend();
    return {
      identify,
      past: batches.existingMatches,
      outlook: (ready) => forecast(ready, before, ahead.left, ahead.limits),
      batch: batches.find,
    };
  } catch (error) {
    if (!(error instanceof RedisUnreachable)) throw error;
    say(`Without the past, so nothing is known of what was registered before: ${error.message}`);
    return nothing;
  }
}

function forecast(ready: number, before: number, left: number, limits: Limits): Forecast {
  const ahead = ready === 0 ? 0 : before;
  return { ...outlook(ready + ahead, left, limits, Date.now()), before: ahead };
}

/** Written as it is found out: a million rows may have more problems than fit into memory. */
interface Page {
  begin(file: string): Promise<void>;
  row(file: string, row: PlannedRow): Promise<void>;
  end(file: string, plan: Plan, forecast: Forecast, batch: Batch | undefined): Promise<void>;
  close(): Promise<void>;
}

function textPage(lang: Language): Page {
  return {
    async begin() {},
    async row(file, row) {
      for (const line of linesOf(row, lang)) await print(`${file}:${line}\n`);
    },
    async end(file, plan, ahead, batch) {
      await print(`\n${file}\n${describePlan(plan, ahead)}\n`);
      if (plan.groups.length > 0) await print(`  problems\n${describeGroups(plan.groups)}\n`);
      if (batch?.complete) await print(`  This file is batch ${batch.id} already: loading it again changes nothing.\n`);
    },
    async close() {},
  };
}

function describePlan(plan: Plan, { sentBy, days, before }: Forecast): string {
  const rows: [string, string | number][] = [
    ['rows', plan.rows],
    ['ready', plan.ready],
    ['to fix', plan.invalid],
    ['duplicates in this file', plan.duplicate],
    ['already registered', plan.already_created],
    ['already in progress', plan.in_progress],
    ...(plan.waits > 0 ? [['wait for a row with other details', plan.waits] as [string, number]] : []),
    ...(plan.replaces > 0 ? [['of the ready ones, replace an earlier row', plan.replaces] as [string, number]] : []),
    ['rows with warnings', plan.warned],
    ['calls needed', plan.ready],
    ...(before > 0 ? [['of earlier batches, sent before them', before] as [string, number]] : []),
    ["days needed at today's quota", days],
    ...(sentBy === undefined ? [] : [['all sent on', sentBy] as [string, string]]),
  ];
  return table(rows.map(([what, count]) => [`  ${what}`, String(count)]));
}

function describeGroups(groups: readonly ProblemGroup[]): string {
  return table(
    groups.map(({ problem, severity, count, cells }) => [
      `    ${problem}`,
      severity,
      String(count),
      `${cells.join(', ')}${count > cells.length ? ', …' : ''}`,
    ]),
  );
}

function linesOf({ row, fate, firstLine, differing, replaces }: PlannedRow, lang: Language): string[] {
  const lines = row.problems.map(
    (problem) => `${row.line}: ${problem.severity}: ${problemWords(problem, row.problems)[lang]} [${problem.code}]`,
  );
  if (replaces) lines.push(`${row.line}: ${REPLACES[lang]}`);
  if (fate === 'duplicate') lines.push(`${row.line}: ${duplicateLine(firstLine, differing)[lang]}`);
  return lines;
}

function jsonPage(lang: Language): Page {
  let files = 0;
  let problems = 0;
  return {
    async begin(file) {
      await print(`${files === 0 ? '[' : ','}\n{"file": ${JSON.stringify(file)}, "problems": [`);
      files += 1;
      problems = 0;
    },
    async row(_, row) {
      for (const problem of problemsOf(row, lang)) {
        await print(`${problems === 0 ? '' : ','}\n  ${JSON.stringify(problem)}`);
        problems += 1;
      }
    },
    async end(_, plan, { sentBy, days, before }, batch) {
      const facts = {
        ...plan,
        callsNeeded: plan.ready,
        sentBefore: before,
        daysNeeded: days,
        sentBy: sentBy ?? null,
        batch: batch?.complete ? batch.id : null,
      };
      await print(`],\n ${JSON.stringify(facts).slice(1)}`);
    },
    close: () => print(files === 0 ? '[]\n' : '\n]\n'),
  };
}

const REPLACES: Words = {
  en: 'warning: an earlier sheet has this enterprise with other details, and has not sent it yet; this row is sent instead [row:replaced]',
  zh: 'warning：之前的表格以不同的信息填写了同一企业且尚未提交，将改为提交本行 [row:replaced]',
};

function duplicateLine(firstLine: number | undefined, differing: readonly DetailField[] = []): Words {
  const words = duplicateWords(firstLine, differing);
  if (differing.length === 0) return words;
  return { en: `warning: ${words.en} [${DIFFERS}]`, zh: `warning: ${words.zh} [${DIFFERS}]` };
}

function duplicateWords(firstLine: number | undefined, differing: readonly DetailField[] = []): Words {
  if (differing.length === 0) return { en: `duplicate of line ${firstLine}`, zh: `与第 ${firstLine} 行重复` };
  const fields = listOfDetails(differing);
  return {
    en: `the same enterprise as in line ${firstLine}, but these differ: ${fields.en}. Only line ${firstLine} is sent; if it is wrong, correct it and delete this one.`,
    zh: `与第 ${firstLine} 行为同一企业，但${fields.zh}不同。只提交第 ${firstLine} 行；如该行有误，请更正该行并删除本行。`,
  };
}

const DUPLICATE = 'sheet:duplicate';
const DIFFERS = 'sheet:duplicate_differs';

function problemsOf({ row, fate, firstLine, differing = [] }: PlannedRow, lang: Language): object[] {
  const problems: object[] = row.problems.map((problem) => ({
    line: row.line,
    cell: problem.cell,
    problem: problem.code,
    severity: problem.severity,
    reason: problemReason(problem)[lang],
    next_step: problemNextStep(problem, row.problems)[lang],
  }));
  if (fate === 'duplicate') {
    const differs = differing.length > 0;
    problems.push({
      line: row.line,
      problem: differs ? DIFFERS : DUPLICATE,
      severity: differs ? 'warning' : 'duplicate',
      firstLine,
      ...(differs && { differing, reason: duplicateWords(firstLine, differing)[lang] }),
    });
  }
  return problems;
}

/** The columns are those of a report, which are ignored on input: the annotated file, corrected, is the next upload. */
async function* annotated(pages: AsyncIterable<PlannedRow[]>, sheet: Sheet, lang: Language): AsyncGenerator<string> {
  const headings = carriedHeadings(sheet.headings, sheet.layout);
  yield `\uFEFF${csvLine([...headings, 'line', 'problem', 'reason', 'next_step'])}`;
  for await (const rows of pages) yield rows.map((row) => csvLine(annotatedCells(row, headings, lang))).join('');
}

function annotatedCells(planned: PlannedRow, headings: readonly string[], lang: Language): string[] {
  const { row, fate, firstLine, differing = [] } = planned;
  const duplicate = fate === 'duplicate' ? [duplicateWords(firstLine, differing)[lang]] : [];
  const code = differing.length > 0 ? DIFFERS : DUPLICATE;
  return [
    ...headings.map((_, at) => row.cells[at] ?? ''),
    String(row.line),
    [...row.problems.map((problem) => problem.code), ...duplicate.map(() => code)].join(' '),
    [...row.problems.map((problem) => problemReason(problem)[lang]), ...duplicate].join(' '),
    nextStepsOf(row.problems)
      .map((step) => step[lang])
      .join(' '),
    ...row.cells.slice(headings.length),
  ];
}
