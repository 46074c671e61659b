import { createWriteStream, existsSync } from 'node:fs';
import type { Command } from 'commander';
import { stringify } from 'csv-stringify/sync';
import { limitsOf, rulesOf } from '../app.js';
import { guard } from '../domain/formula-guard.js';
import { problemNextStep, problemReason, problemWords } from '../domain/problems.js';
import type { Language } from '../domain/words.js';
import { carriedHeadings } from '../producer/checked-rows.js';
import { daysNeeded, type Past, type Plan, type PlannedRow, plan } from '../producer/plan.js';
import type { Sheet } from '../producer/sheet.js';
import { situation } from '../reporter/standstill.js';
import { command, type Doorway, EXIT, perform, UsageError } from './command.js';
import { openSheetFile, yesOrNo } from './sheets.js';
import { print, printJson, say, table } from './terminal.js';

interface Options {
  readonly annotated?: string;
  readonly json?: true;
  readonly lang: Language;
  readonly acceptWarnings: string;
}

export function checkCommand(): Command {
  return command(
    'check <FILE...>',
    'Reads and validates sheets; prints every problem with its cell, and the plan. Sends nothing, stores nothing.',
    'fastregister check merchants.csv --annotated problems.csv',
  )
    .option('--annotated <OUT.csv>', 'write the file back with the problems beside the rows')
    .option('--accept-warnings <yes|no>', 'whether rows with warnings are sent', 'yes')
    .option('--lang <zh|en>', 'language of the sentences', 'en')
    .option('--json', 'print the plan and the problems as JSON')
    .action(async (files: string[], options: Options, made: Command) =>
      perform(made, {}, (doorway) => check(doorway, files, options)),
    );
}

async function check(doorway: Doorway, files: readonly string[], options: Options): Promise<number> {
  if (options.annotated !== undefined && files.length > 1) {
    throw new UsageError('--annotated writes one file back: check the files one by one.');
  }
  const rules = rulesOf(doorway.settings, yesOrNo('--accept-warnings', options.acceptWarnings));
  const { past, usedToday } = await memory(doorway);
  let invalid = 0;
  const results = [];
  for (const file of files) {
    const sheet = await openSheetFile(file, rules);
    const annotated =
      options.annotated === undefined ? undefined : openAnnotated(options.annotated, sheet, options.lang);
    const problems: object[] = [];
    const planned = await plan(sheet, rules, past, async (row) => {
      annotated?.write(row);
      if (options.json) problems.push(...problemsOf(row, options.lang));
      else for (const line of linesOf(row, options.lang)) await print(`${file}:${line}\n`);
    });
    await annotated?.end();
    invalid += planned.invalid;
    const outlook = outlookOf(planned, doorway, usedToday);
    results.push({ file, ...planned, ...outlook, problems });
    if (!options.json) await print(`${describePlan(file, planned, outlook)}\n`);
  }
  if (options.json) await printJson(results);
  return invalid > 0 ? EXIT.someNeedAPerson : EXIT.done;
}

/** Checking needs no Redis; where there is a ledger, it knows the past. */
async function memory({ settings, open }: Doorway): Promise<{ past: Past; usedToday: number }> {
  if (settings.redisUrl === undefined && !existsSync(settings.home)) {
    return { past: async () => new Map(), usedToday: 0 };
  }
  const { batches, calls } = await open('door');
  const { used } = await situation(calls, limitsOf(settings), Date.now());
  return { past: batches.states, usedToday: used };
}

interface Outlook {
  readonly callsNeeded: number;
  readonly daysNeeded: number;
}

function outlookOf(planned: Plan, { settings }: Doorway, usedToday: number): Outlook {
  const { perDay } = limitsOf(settings);
  return { callsNeeded: planned.ready, daysNeeded: daysNeeded(planned.ready, perDay, perDay - usedToday) };
}

function describePlan(file: string, planned: Plan, outlook: Outlook): string {
  const rows: [string, number][] = [
    ['rows', planned.rows],
    ['ready', planned.ready],
    ['to fix', planned.invalid],
    ['duplicates in this file', planned.duplicate],
    ['already registered', planned.already_created],
    ['already in progress', planned.in_progress],
    ['warnings', planned.warnings],
    ['calls needed', outlook.callsNeeded],
    ["days needed at today's quota", outlook.daysNeeded],
  ];
  return `\n${file}\n${table(rows.map(([what, count]) => [`  ${what}`, String(count)]))}`;
}

function linesOf({ row, fate, firstLine }: PlannedRow, lang: Language): string[] {
  const lines = row.problems.map(
    (problem) => `${row.line}: ${problem.severity}: ${problemWords(problem)[lang]} [${problem.code}]`,
  );
  if (fate === 'duplicate') lines.push(`${row.line}: duplicate of line ${firstLine}`);
  return lines;
}

function problemsOf({ row, fate, firstLine }: PlannedRow, lang: Language): object[] {
  const problems: object[] = row.problems.map((problem) => ({
    line: row.line,
    cell: problem.cell,
    problem: problem.code,
    severity: problem.severity,
    reason: problemReason(problem)[lang],
    next_step: problemNextStep(problem)[lang],
  }));
  if (fate === 'duplicate')
    problems.push({ line: row.line, problem: 'sheet:duplicate', severity: 'duplicate', firstLine });
  return problems;
}

/** The columns are those of a report, which are ignored on input: the annotated file, corrected, is the next upload. */
function openAnnotated(out: string, sheet: Sheet, lang: Language) {
  const stream = createWriteStream(out);
  const csv = (cells: readonly string[]): string =>
    stringify([cells.map(guard)], { quoted: true, quoted_empty: true, record_delimiter: 'windows' });
  const headings = carriedHeadings(sheet.headings, sheet.layout);
  stream.write(`\uFEFF${csv([...headings, 'line', 'problem', 'reason', 'next_step'])}`);
  return {
    write({ row, fate, firstLine }: PlannedRow): void {
      const duplicate = fate === 'duplicate' ? [`duplicate of line ${firstLine}`] : [];
      const told = [
        String(row.line),
        [...row.problems.map((problem) => problem.code), ...duplicate.map(() => 'sheet:duplicate')].join(' '),
        [...row.problems.map((problem) => problemReason(problem)[lang]), ...duplicate].join(' '),
        row.problems.map((problem) => problemNextStep(problem)[lang]).join(' '),
      ];
      stream.write(
        csv([...headings.map((_, at) => row.cells[at] ?? ''), ...told, ...row.cells.slice(headings.length)]),
      );
    },
    async end(): Promise<void> {
      await new Promise<void>((resolve, reject) => {
        stream.once('error', reject);
        stream.end(resolve);
      });
      say(`Written: ${out}`);
    },
  };
}
