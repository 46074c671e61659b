/**
 * A checked sheet, written back with the problems beside its rows. Its columns are those of a report, which are ignored
 * on input, so the corrected file is the next upload. Rows above the headings, blank ones and the template's example are left
 * out: a problem is named by its column, not by the cell of the file that was read.
 */
import type { ReportColumn } from '../domain/columns.js';
import { REPORT_HEADINGS } from '../domain/columns.js';
import { nextStepsOf, reasonByColumn } from '../domain/problems.js';
import { joined, type Language, type Words } from '../domain/words.js';
import { carriedHeadings } from '../producer/checked-page.js';
import type { PlannedRow } from '../producer/plan.js';
import type { Sheet } from '../producer/sheets/sheet.js';
import { csvLine } from '../reporter/csv.js';
import { OWN_COLUMN, SENTENCES_COLUMN, SHEET_COLUMN } from '../reporter/workbook.js';
import type { Style } from '../reporter/xlsx/styles.js';
import { workbookFile } from '../reporter/xlsx/workbook-file.js';
import type { WorksheetRow } from '../reporter/xlsx/worksheet.js';
import { aboutRow } from './row-problems.js';

const COLUMNS: readonly ReportColumn[] = ['line', 'problem', 'reason', 'next_step'];

/** By `registration_id` a Chinese heading is known to be ours; no row has one yet. */
function columnsIn(language: Language): readonly ReportColumn[] {
  return language === 'zh' ? [...COLUMNS, 'registration_id'] : COLUMNS;
}

type Pages = AsyncIterable<readonly PlannedRow[]>;

export async function* annotatedCsv(pages: Pages, sheet: Sheet, language: Language): AsyncGenerator<string> {
  const headings = carriedHeadings(sheet.headings, sheet.layout);
  yield `\uFEFF${csvLine(headingsOf(headings, language))}`;
  for await (const rows of pages) yield rows.map((row) => csvLine(cellsOf(row, headings, language))).join('');
}

const NAME: Words = { en: 'check', zh: '检查' };

/** The cells with a problem are coloured. */
export function annotatedWorkbook(pages: Pages, sheet: Sheet, language: Language): AsyncGenerator<Buffer> {
  const headings = carriedHeadings(sheet.headings, sheet.layout);
  async function* rows(): AsyncGenerator<readonly WorksheetRow[]> {
    yield [{ cells: headingsOf(headings, language) }];
    for await (const page of pages) {
      if (page.length === 0) continue;
      yield page.map((planned) => ({ cells: cellsOf(planned, headings, language), looks: looksOf(planned, sheet) }));
    }
  }
  const columns = [
    ...headings.map(() => SHEET_COLUMN),
    ...columnsIn(language).map((column) =>
      column === 'reason' || column === 'next_step' ? SENTENCES_COLUMN : OWN_COLUMN,
    ),
  ];
  return workbookFile([{ name: NAME[language], columns, pages: rows(), hasFilter: true }]);
}

function looksOf({ row }: PlannedRow, { layout }: Sheet): Readonly<Record<number, Style>> {
  const looks: Record<number, Style> = {};
  for (const { column, severity } of row.problems) {
    const at = column === undefined ? -1 : layout.carried.indexOf(layout.columns[column]);
    if (at >= 0 && looks[at] !== 'failed') looks[at] = severity === 'error' ? 'failed' : 'unclear';
  }
  return looks;
}

function headingsOf(headings: readonly string[], language: Language): string[] {
  return [...headings, ...columnsIn(language).map((column) => REPORT_HEADINGS[column][language])];
}

function cellsOf(planned: PlannedRow, headings: readonly string[], language: Language): string[] {
  const { row } = planned;
  const about = aboutRow(planned);
  const own: Partial<Record<ReportColumn, string>> = {
    line: String(row.line),
    problem: [...row.problems, ...about].map(({ code }) => code).join(' '),
    reason: joined([...row.problems.map(reasonByColumn), ...about.map(({ says }) => says)])[language],
    next_step: joined(nextStepsOf(row.problems))[language],
  };
  return [
    ...headings.map((_, at) => row.cells[at] ?? ''),
    ...columnsIn(language).map((column) => own[column] ?? ''),
    ...row.cells.slice(headings.length),
  ];
}
