/**
 * The report as an Excel workbook in which every value of the input is text: no code or phone can lose a digit, even if
 * a person types into it. A second sheet has the counts, which are not read when the report is the next upload.
 */
import type { Batch } from '../domain/batch.js';
import { COUNTS_SHEET, REPORT_COLUMNS, type ReportColumn } from '../domain/columns.js';
import { OUTCOMES } from '../domain/outcomes.js';
import type { Outcome } from '../domain/registration.js';
import type { Language } from '../domain/words.js';
import type { Batches } from '../redis/ledger/batches.js';
import { type ReportOptions, type ReportRow, reportRows } from './report.js';
import { openReportTally, type ReportTally, successRate } from './report-tally.js';
import { shapeOf } from './shape.js';
import type { Style } from './xlsx/styles.js';
import { workbookFile } from './xlsx/workbook-file.js';
import type { Column, Worksheet, WorksheetRow } from './xlsx/worksheet.js';

/** Green: done. Red, orange: to correct or to send again. Yellow: to look at. */
export const OUTCOME_LOOKS: Readonly<Record<Outcome, Style>> = {
  created: 'done',
  already_created: 'done',
  duplicate: 'over',
  invalid: 'failed',
  rejected: 'failed',
  expired: 'late',
  needs_review: 'unclear',
  cancelled: 'over',
  pending: 'waiting',
};

export const SHEET_COLUMN: Column = { heading: 'sheetHeading', body: 'sheet' };
export const OWN_COLUMN: Column = { heading: 'ownHeading', body: 'own' };
export const SENTENCES_COLUMN: Column = { heading: 'ownHeading', body: 'ownWrapped', width: 44 };

/** Our columns that people read; a message is copied instead, and would make every row high. */
const COLUMNS: Partial<Record<ReportColumn, Column>> = {
  reason: SENTENCES_COLUMN,
  next_step: SENTENCES_COLUMN,
  message: { ...OWN_COLUMN, width: 30 },
};

/** @throws OutputError where there is more than a sheet can have */
export function reportWorkbook(
  batches: Batches,
  wanted: readonly Batch[],
  options: ReportOptions,
): AsyncGenerator<Buffer> {
  const { language } = options;
  const shape = shapeOf(wanted, language);
  const tally = openReportTally();
  const own = shape.headings.length - REPORT_COLUMNS.length;
  const outcomeAt = own + REPORT_COLUMNS.indexOf('outcome');
  async function* pages(): AsyncGenerator<readonly WorksheetRow[]> {
    yield [{ cells: shape.headings }];
    for (const batch of wanted) {
      for await (const page of reportRows(batches, batch, options)) {
        if (page.length === 0) continue;
        yield page.map((row) => {
          tally.add(row);
          return {
            cells: shape.cellsOf(batch, language === 'zh' ? timesShown(row) : row),
            looks: { [outcomeAt]: OUTCOME_LOOKS[row.outcome as Outcome] },
          };
        });
      }
    }
  }
  const report: Worksheet = {
    name: WORDS.report[language],
    columns: [
      ...Array.from({ length: own }, () => SHEET_COLUMN),
      ...REPORT_COLUMNS.map((column) => COLUMNS[column] ?? OWN_COLUMN),
    ],
    pages: pages(),
    hasFilter: true,
  };
  return workbookFile([report, countsSheet(tally, language)]);
}

/** People read it; the offset stays, for programs: `2026-11-21 09:30:00+08:00`. */
function timesShown(row: ReportRow): ReportRow {
  const { submitted_at, finished_at } = row;
  return { ...row, submitted_at: submitted_at.replace('T', ' '), finished_at: finished_at.replace('T', ' ') };
}

const WORDS = {
  report: { en: 'report', zh: '报告' },
  outcome: { en: 'outcome', zh: '结果' },
  rows: { en: 'rows', zh: '行数' },
  share: { en: 'share', zh: '占比' },
  total: { en: 'total', zh: '合计' },
  rate: {
    en: 'success rate: created and already_created, of these and rejected, expired and needs_review',
    zh: '成功率：（已创建 + 此前已创建）÷（二者 + 微信未通过 + 已过期 + 需人工核实）',
  },
  reason: { en: 'reason', zh: '原因' },
  problem: { en: 'problem', zh: '问题代码' },
} as const;

/** Written when the rows before it have been counted. */
function countsSheet(tally: ReportTally, language: Language): Worksheet {
  const say = (word: keyof typeof WORDS): string => WORDS[word][language];
  async function* pages(): AsyncGenerator<readonly WorksheetRow[]> {
    const outcomes = tally.outcomes();
    const all = tally.rows();
    const rate = successRate(outcomes);
    yield [
      { cells: [say('outcome'), say('rows'), say('share'), ''] },
      ...Object.entries(outcomes).map(([outcome, rows]) => ({
        cells: [OUTCOMES[outcome as Outcome][language], rows, rows / all],
        looks: { 0: OUTCOME_LOOKS[outcome as Outcome] },
      })),
      { cells: [say('total'), all], looks: { 0: 'bold' } },
      ...(rate === undefined ? [] : [{ cells: [say('rate'), '', rate], looks: { 0: 'bold' } } as const]),
      { cells: [] },
      { cells: [say('problem'), say('rows'), say('share'), say('reason')], looks: HEADINGS },
      ...tally.reasons(language).map(({ problem, rows, reason }) => ({ cells: [problem, rows, rows / all, reason] })),
    ];
  }
  return {
    name: COUNTS_SHEET[language],
    columns: [
      { heading: 'ownHeading', body: 'text' },
      { heading: 'ownHeading', body: 'count', width: 12 },
      { heading: 'ownHeading', body: 'share', width: 12 },
      { heading: 'ownHeading', body: 'wrapped', width: 80 },
    ],
    pages: pages(),
    hasFilter: false,
  };
}

const HEADINGS: Readonly<Record<number, Style>> = {
  0: 'ownHeading',
  1: 'ownHeading',
  2: 'ownHeading',
  3: 'ownHeading',
};
