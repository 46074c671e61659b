import { existsSync } from 'node:fs';
import { annotatedCsv, annotatedWorkbook } from '../app/annotated-sheet.js';
import {
  type CheckContext,
  type CheckResult,
  checkContextOf,
  checkSheet,
  type Forecast,
  withoutLedger,
} from '../app/check.js';
import { knownAs, noPhone, SEVERITIES } from '../app/check-words.js';
import { planFacts } from '../app/plan-facts.js';
import { aboutRow, problemsOf } from '../app/row-problems.js';
import { openSheetFiles, withFileName } from '../app/sheets.js';
import { rulesOf } from '../app/wiring/registration-api.js';
import { nameOnOneLine } from '../domain/printable.js';
import { problemWords, type ReportedProblem } from '../domain/problems.js';
import type { Language, Words } from '../domain/words.js';
import { refuseMostlyInvalid } from '../producer/checked-rows.js';
import type { Plan, PlannedRow, ProblemGroup } from '../producer/plan.js';
import { LedgerMissing } from '../redis/ledger/identity.js';
import { RedisUnreachable } from '../redis/server/errors.js';
import { writeWhole } from '../reporter/file.js';
import { type CommandContext, EXIT, UsageError } from './command.js';
import { isWorkbook, languageFrom, mostInvalidFrom, yesOrNo } from './flags.js';
import { jsonText } from './json.js';
import { spoken } from './language.js';
import { type SheetOptions, sayWhichRules, sayWhichRulesFailed } from './sheets.js';
import { noMerchants, sayNotes } from './shown.js';
import { print, say, table } from './terminal.js';

export interface CheckFlags extends SheetOptions {
  readonly annotated?: string;
  readonly force?: true;
  readonly json?: true;
  readonly lang?: string;
}

export async function checkAction(
  context: CommandContext,
  files: readonly string[],
  options: CheckFlags,
): Promise<number> {
  if (options.annotated !== undefined && files.length > 1) {
    throw new UsageError({
      en: '--annotated writes one file back: check the files one by one.',
      zh: '--annotated 只能用于一个文件：请逐个检查。',
    });
  }
  const lang = languageFrom(options.lang);
  const mostInvalid = mostInvalidFrom(options.maxInvalid);
  const acceptWarnings = yesOrNo('--accept-warnings', options.acceptWarnings);
  const known = await contextOf(context);
  const rules = { ...rulesOf(context.settings, acceptWarnings, known.identify), again: options.again };
  const sheets = await openSheetFiles(files, rules, undefined, { language: lang, onOpened: sayNotes }).catch(
    sayWhichRulesFailed(context.settings),
  );
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
    const { rows: count, without_phone: withoutPhone } = result.plan;
    if (count === 0) say(noMerchants(file, sheet.hasExample === true));
    if (withoutPhone > 0) say(noPhone(withoutPhone));
    plans.push({ file, plan: result.plan });
  }
  await page.close();
  sayWhichRules(context.settings);
  if (options.annotated !== undefined) {
    say({ en: `Written: ${options.annotated}`, zh: `已写入：${options.annotated}` });
  }
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
    return await checkContextOf(await open('interactive', undefined, 'compare'));
  } catch (error) {
    if (error instanceof LedgerMissing) return withoutLedger(settings);
    if (!(error instanceof RedisUnreachable)) throw error;
    say({
      en: `Without the past, so nothing is known of what was registered before: ${error.message}`,
      zh: `未读取登记簿，因此不知道此前注册过哪些商户：${error.words.zh}`,
    });
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
      for (const line of linesOf(row, lang)) await print(`${nameOnOneLine(file)}${line}\n`);
    },
    async end(file, { plan, forecast, batch }) {
      // Before the plan, which is that of the same rows in another file.
      const known = batch?.complete ? `  ${spoken(knownAs(batch))}\n` : '';
      await print(`\n${nameOnOneLine(file)}\n${known}${describePlan(plan, forecast)}\n`);
      if (plan.groups.length > 0) {
        await print(`  ${spoken({ en: 'problems', zh: '问题' })}\n${describeGroups(plan.groups)}\n`);
      }
    },
    async close() {},
  };
}

function describePlan(plan: Plan, forecast: Forecast): string {
  return table(
    planFacts(plan, forecast, Date.now()).map(({ what, value }) => [
      `  ${spoken(what)}`,
      typeof value === 'number' ? String(value) : spoken(value),
    ]),
  );
}

function describeGroups(groups: readonly ProblemGroup[]): string {
  return table(
    groups.map(({ problem, severity, count, cells }) => [
      `    ${problem}`,
      spoken(SEVERITIES[severity]),
      String(count),
      `${cells.join(', ')}${count > cells.length ? ', …' : ''}`,
    ]),
  );
}

function linesOf(planned: PlannedRow, lang: Language): string[] {
  const { row } = planned;
  const said = (severity: keyof typeof SEVERITIES, words: Words, code: string): string =>
    `${SEVERITIES[severity][lang]}${lang === 'zh' ? '：' : ': '}${words[lang]} [${code}]`;
  const lines = [
    ...row.problems.map((problem) =>
      said(problem.severity, problemWords(besideItsLine(problem), row.problems), problem.code),
    ),
    ...aboutRow(planned).map(({ severity, says, code }) =>
      severity === 'duplicate' ? says[lang] : said(severity, says, code),
    ),
  ];
  return lines.map((line) => (lang === 'zh' ? ` 第 ${row.line} 行：${line}` : `:${row.line}: ${line}`));
}

/** What concerns a whole row has the row in place of a cell, which the line has said already. */
function besideItsLine<P extends ReportedProblem>(problem: P): P {
  return /^\d/.test(problem.cell ?? '') ? { ...problem, cell: '' } : problem;
}

function jsonPage(lang: Language): Page {
  let files = 0;
  let problems = 0;
  return {
    async begin(file) {
      await print(`${files === 0 ? '[' : ','}\n{"file": ${jsonText(file)}, "problems": [`);
      files += 1;
      problems = 0;
    },
    async row(_, row) {
      for (const problem of problemsOf(row, lang)) {
        await print(`${problems === 0 ? '' : ','}\n  ${jsonText(problem)}`);
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
      await print(`],\n ${jsonText(facts).slice(1)}`);
    },
    close: () => print(files === 0 ? '[]\n' : '\n]\n'),
  };
}
