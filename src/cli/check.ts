import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { annotatedCsv, annotatedWorkbook } from '../app/annotated-sheet.js';
import {
  type CheckContext,
  type CheckResult,
  checkContextOf,
  checkSheet,
  type Forecast,
  withoutLedger,
} from '../app/check.js';
import { duplicateLine, problemsOf, REPLACES } from '../app/row-problems.js';
import { openSheetFiles, withFileName } from '../app/sheets.js';
import { rulesOf } from '../app/wiring/registration-api.js';
import { problemWords } from '../domain/problems.js';
import type { Language } from '../domain/words.js';
import { refuseMostlyInvalid } from '../producer/checked-rows.js';
import type { Plan, PlannedRow, ProblemGroup } from '../producer/plan.js';
import { RedisUnreachable } from '../redis/server/errors.js';
import { writeWhole } from '../reporter/file.js';
import { type CommandContext, command, EXIT, perform, UsageError } from './command.js';
import { isWorkbook, languageFrom, mostInvalidFrom, yesOrNo } from './flags.js';
import { type SheetOptions, withSheetOptions } from './sheets.js';
import { sayNotes } from './shown.js';
import { print, say, table } from './terminal.js';

interface Options extends SheetOptions {
  readonly annotated?: string;
  readonly force?: true;
  readonly json?: true;
  readonly lang?: string;
}

export function checkCommand(): Command {
  return withSheetOptions(
    command(
      'check <FILE...>',
      'Reads and validates sheets; prints every problem with its cell, and the plan. Sends nothing, stores nothing.',
      'fastregister check merchants.xlsx --annotated problems.xlsx',
    ),
  )
    .option('--annotated <FILE>', 'write the sheet back with the problems beside the rows; NAME.xlsx is a workbook')
    .option('--force', 'overwrite that file')
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
  const known = await contextOf(context);
  const rules = { ...rulesOf(context.settings, acceptWarnings, known.identify), again: options.again };
  const sheets = await openSheetFiles(files, rules, 1, { language: lang, onOpened: sayNotes });
  const page = options.json ? jsonPage(lang) : textPage(lang);
  const plans: { file: string; plan: Plan }[] = [];
  for (const { file, sheet } of sheets) {
    await page.begin(file);
    const check = checkSheet(sheet, rules, known);
    const rows = examined(check.rows, (row) => page.row(file, row));
    await withFileName(
      file,
      async () => {
        if (options.annotated === undefined) for await (const _ of rows);
        else {
          const write = isWorkbook(options.annotated) ? annotatedWorkbook : annotatedCsv;
          await writeWhole(options.annotated, write(rows, sheet, lang), options.force === true);
        }
      },
      lang,
    );
    const result = await check.result();
    await page.end(file, result);
    plans.push({ file, plan: result.plan });
  }
  await page.close();
  if (options.annotated !== undefined) say(`Written: ${options.annotated}`);
  for (const { file, plan } of plans)
    await withFileName(file, () => refuseMostlyInvalid({ rows: plan.rows, refused: plan.invalid }, mostInvalid), lang);
  return plans.some(({ plan }) => plan.invalid > 0) ? EXIT.someNeedAPerson : EXIT.done;
}

async function* examined(
  pages: AsyncIterable<readonly PlannedRow[]>,
  look: (row: PlannedRow) => Promise<void>,
): AsyncGenerator<readonly PlannedRow[]> {
  for await (const rows of pages) {
    for (const row of rows) await look(row);
    yield rows;
  }
}

/** Checking needs no Redis; where there is a ledger, it knows the past. */
async function contextOf({ settings, open }: CommandContext): Promise<CheckContext> {
  if (settings.redisUrl === undefined && !existsSync(settings.home)) return withoutLedger(settings);
  try {
    return await checkContextOf(await open('interactive'));
  } catch (error) {
    if (!(error instanceof RedisUnreachable)) throw error;
    say(`Without the past, so nothing is known of what was registered before: ${error.message}`);
    return withoutLedger(settings);
  }
}

/** Written as it is found out: a million rows may have more problems than fit into memory. */
interface Page {
  begin(file: string): Promise<void>;
  row(file: string, row: PlannedRow): Promise<void>;
  end(file: string, result: CheckResult): Promise<void>;
  close(): Promise<void>;
}

function textPage(lang: Language): Page {
  return {
    async begin() {},
    async row(file, row) {
      for (const line of linesOf(row, lang)) await print(`${file}:${line}\n`);
    },
    async end(file, { plan, forecast, batch }) {
      await print(`\n${file}\n${describePlan(plan, forecast)}\n`);
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
    async end(_, { plan, forecast: { sentBy, days, before }, batch }) {
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
