/** The report as the office opens it in Excel or WPS. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { batchReportedIn } from '../../src/app/own-report.js';
import type { Batch } from '../../src/domain/batch.js';
import { COUNTS_SHEET } from '../../src/domain/columns.js';
import { displayWidth } from '../../src/domain/printable.js';
import { openSheet } from '../../src/producer/sheets/sheet.js';
import { reportCsv } from '../../src/reporter/csv.js';
import { writeWhole } from '../../src/reporter/file.js';
import type { ReportOptions } from '../../src/reporter/report.js';
import { successRate } from '../../src/reporter/report-tally.js';
import { reportWorkbook } from '../../src/reporter/workbook.js';
import { workbookFile } from '../../src/reporter/xlsx/workbook-file.js';
import type { WorksheetRow } from '../../src/reporter/xlsx/worksheet.js';
import { ACCEPT_RULES, acceptedRow, openBook } from '../support/ledger.js';
import { HEADINGS, merchant, sheetOf } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';
import { REPORT_OPTIONS } from '../support/reports.js';
import { cellsShown, partOf, type ShownCell } from '../support/workbook-parts.js';

const db = useRedis();
const folder = mkdtempSync(join(tmpdir(), 'fr-workbook-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Two created, one refused by the registry, one that its legal person let expire, one that waits; and a row of its own column. */
let batch: Batch;
beforeEach(async () => {
  const { batches, record } = openBook(db.redis);
  const opened = await batches.open({
    id: 'b1',
    file: 'merchants.csv',
    headings: [...HEADINGS, '原因'],
    columns: [0, 1, 2, 3, 4, 5],
    loadedAt: Date.now(),
  });
  const rows = Array.from({ length: 5 }, (_, index) => {
    const row = acceptedRow(merchant(index + 1), index);
    return { ...row, cells: [...row.cells, index === 0 ? '老客户' : ''] };
  });
  await batches.accept(opened, 0, rows, ACCEPT_RULES);
  await batches.complete('b1');
  batch = { ...opened, rows: rows.length, complete: true };
  const ids = rows.map(({ registration = '' }) => registration);
  for (const id of ids.slice(0, 4)) {
    await record(id, 'create_sent');
    await record(id, 'create_accepted');
  }
  await record(ids[0] ?? '', 'mini_program_created', { appid: 'wx00000000000000aa' });
  await record(ids[1] ?? '', 'mini_program_created', { appid: 'wx00000000000000bb' });
  await record(ids[2] ?? '', 'registration_refused', { problem: 'push:103' });
  await record(ids[3] ?? '', 'legal_person_timed_out', { problem: 'push:100003' });
});

async function written(options: Partial<ReportOptions> = {}, name = 'report.xlsx'): Promise<string> {
  const file = join(folder, name);
  const { batches } = openBook(db.redis);
  await writeWhole(file, reportWorkbook(batches, [batch], { ...REPORT_OPTIONS, ...options }), true);
  return file;
}

function column(cells: ReadonlyMap<string, ShownCell>, letter: string): (string | undefined)[] {
  return [1, 2, 3, 4, 5, 6].map((row) => cells.get(`${letter}${row}`)?.text);
}

const zh = { language: 'zh' } as const;

test('a Chinese report has Chinese headings, outcomes and sides that act; an English report the ones that programs know', async () => {
  const chinese = await cellsShown(await written(zh), 1);
  expect(column(chinese, 'I')).toEqual(['结果', '已创建', '已创建', '微信未通过', '已过期', '处理中']);
  expect(column(chinese, 'N')).toEqual(['由谁处理', '无需操作', '无需操作', '商户', '法人', '无需操作']);
  const english = await cellsShown(await written(), 1);
  expect(column(english, 'I')).toEqual(['outcome', 'created', 'created', 'rejected', 'expired', 'pending']);
  expect(column(english, 'N')).toEqual(['who_acts', 'nobody', 'nobody', 'merchant', 'legal_person', 'nobody']);
});

test('the headings stay in sight and filter all rows, and the columns are as wide as what is in them', async () => {
  const file = await written(zh);
  const sheet = await partOf(file, 'xl/worksheets/sheet1.xml');
  expect(sheet).toContain('<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>');
  expect(sheet).toContain('<autoFilter ref="A1:U6"/>');
  expect(await partOf(file, 'xl/workbook.xml')).toContain("'报告'!$A$1:$U$6</definedName>");
  const widths = [...sheet.matchAll(/<col min="(\d+)"[^>]* width="(\d+)"/g)].map(([, , width]) => Number(width));
  const [name = 0, , , codeType = 0] = widths;
  expect(widths).toHaveLength(21);
  expect(name).toBeGreaterThanOrEqual(displayWidth(merchant(1).name));
  expect(codeType).toBeLessThan(name);
});

test('a row is as high as its longest sentence, in whatever program', async () => {
  const sheet = await partOf(await written(zh), 'xl/worksheets/sheet1.xml');
  const heights = [...sheet.matchAll(/<row r="(\d+)"(?: ht="(\d+)" customHeight="1")?>/g)].map(([, , ht]) =>
    Number(ht),
  );
  expect(heights[5]).toBeNaN();
  expect(heights[4]).toBeGreaterThan(30);
  // A row of one line has room for Chinese letters, too: LibreOffice would cut them.
  expect(sheet).toMatch(/<\/sheetViews><sheetFormatPr defaultRowHeight="18" customHeight="1"\/><cols>/);
});

test('our columns have one tint and the sheet’s own another, and the outcome has a colour of its own', async () => {
  const cells = await cellsShown(await written(zh), 1);
  const fill = (place: string) => cells.get(place)?.fill;
  expect(new Set(['A1', 'A2', 'H1', 'H2'].map(fill)).size).toBe(4);
  expect(fill('G6')).toBe(fill('A2'));
  expect(fill('U6')).toBe(fill('H2'));
  const outcomes = ['I2', 'I3', 'I4', 'I5', 'I6'].map(fill);
  expect(outcomes[0]).toBe(outcomes[1]);
  expect(new Set([...outcomes, fill('H2')]).size).toBe(5);
});

test('the second sheet counts by outcome and by reason, in numbers, and has the success rate', async () => {
  const file = await written(zh);
  expect(await partOf(file, 'xl/workbook.xml')).toContain('<sheet name="汇总" sheetId="2"');
  const cells = await cellsShown(file, 2);
  const rows = [...Array(11).keys()].map((at) =>
    ['A', 'B', 'C'].map((letter) => cells.get(`${letter}${at + 1}`)?.text ?? ''),
  );
  expect(rows).toEqual([
    ['结果', '行数', '占比'],
    ['已创建', '2', '0.4'],
    ['微信未通过', '1', '0.2'],
    ['已过期', '1', '0.2'],
    ['处理中', '1', '0.2'],
    ['合计', '5', ''],
    ['成功率：（已创建 + 此前已创建）÷（二者 + 微信未通过 + 已过期 + 需人工核实）', '', '0.5'],
    ['', '', ''],
    ['问题代码', '行数', '占比'],
    ['push:103', '1', '0.2'],
    ['push:100003', '1', '0.2'],
  ]);
  expect(cells.get('B2')?.isNumber).toBe(true);
  expect(cells.get('D10')?.text).toMatch(/工商/);
  expect(cells.get('A2')?.fill).toBe((await cellsShown(file, 1)).get('I2')?.fill);
});

test('a merchant who had a Mini Program before is a success, and a row that was not sent is no failure', () => {
  const rows = { created: 1, already_created: 5, rejected: 1, expired: 1, needs_review: 1 };
  expect(successRate({ ...rows, invalid: 9, duplicate: 9, cancelled: 9, pending: 9 })).toBe(6 / 9);
  expect(successRate({ already_created: 3 })).toBe(1);
});

test('times are read by people in a Chinese workbook, with the offset that programs want; in others they are data', async () => {
  const place = async (options: Partial<ReportOptions>) => {
    const cells = await cellsShown(await written(options), 1);
    const heading = [...cells].find(([, { text }]) => text === '提交时间' || text === 'submitted_at')?.[0] ?? '';
    return cells.get(heading.replace(/1$/, '2'))?.text;
  };
  expect(await place(zh)).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d$/);
  expect(await place({})).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/);
});

test('the success rate is empty while no row is settled', () =>
  expect(successRate({ pending: 3, invalid: 1 })).toBeUndefined());

test('it comes back as the next upload unchanged, with a column 原因 of the sheet’s own, and nothing is said of the counts', async () => {
  for (const language of ['zh', 'en'] as const) {
    const sheet = await openSheet(await written({ language }));
    expect(sheet.notes).toEqual([]);
    expect(sheet.layout.carried.map((at) => sheet.headings[at])).toEqual([...HEADINGS, '原因']);
    const rows: string[][] = [];
    for await (const page of sheet.rows()) rows.push(...page.map(({ cells }) => cells.slice(0, 7)));
    expect(rows).toEqual(
      [1, 2, 3, 4, 5].map((number) => {
        const row = acceptedRow(merchant(number), number - 1);
        return [...row.cells, number === 1 ? '老客户' : ''];
      }),
    );
  }
});

test('a report that is there already is known as ours, in either form and language, and a sheet of merchants is not', async () => {
  const csv = join(folder, 'report.csv');
  const { batches } = openBook(db.redis);
  for (const language of ['zh', 'en'] as const) {
    expect(await batchReportedIn(await written({ language }))).toBe(batch.id);
    await writeWhole(csv, reportCsv(batches, [batch], { ...REPORT_OPTIONS, language }), true);
    expect(await batchReportedIn(csv)).toBe(batch.id);
  }
  writeFileSync(csv, sheetOf([merchant(1)]));
  expect(await batchReportedIn(csv)).toBeUndefined();
  writeFileSync(csv, 'a letter');
  expect(await batchReportedIn(csv)).toBeUndefined();
});

test('a report into which a person has put a row, first or last, is no longer one that may be overwritten', async () => {
  const csv = join(folder, 'edited.csv');
  const { batches } = openBook(db.redis);
  await writeWhole(csv, reportCsv(batches, [batch], { ...REPORT_OPTIONS, language: 'en' }), true);
  const [headings = '', ...rows] = readFileSync(csv, 'utf8').split('\r\n').filter(Boolean);
  const added = headings.replace(/"[^"]*"/g, '"x"').replace(/"x"$/, '""');
  for (const edited of [
    [added, ...rows],
    [...rows, added],
  ]) {
    writeFileSync(csv, [headings, ...edited].join('\r\n'));
    expect(await batchReportedIn(csv)).toBeUndefined();
  }
});

test('the same report is the same file, byte for byte', async () => {
  const [one, other] = [await written(zh), await written(zh, 'again.xlsx')];
  expect(readFileSync(one)).toEqual(readFileSync(other));
});

describe('a workbook', () => {
  const sheetOf = (pages: AsyncIterable<readonly WorksheetRow[]>) => ({
    name: COUNTS_SHEET.en,
    columns: [{ heading: 'text', body: 'text' } as const],
    pages,
    hasFilter: true,
  });

  test('whose rows cannot be read is not written, and the error says why', async () => {
    async function* rows() {
      yield [{ cells: ['name'] }];
      throw new Error('the rows are gone');
    }
    const file = join(folder, 'broken.xlsx');
    writeFileSync(file, 'what was there');
    await expect(writeWhole(file, workbookFile([sheetOf(rows())]), true)).rejects.toThrow('the rows are gone');
    expect(readFileSync(file, 'utf8')).toBe('what was there');
  });

  test('that its reader does not read to the end requests no further rows', async () => {
    let isClosed = false;
    async function* rows() {
      try {
        yield [{ cells: ['name'] }];
        for (;;) yield [{ cells: [String(Math.random()).repeat(200)] }];
      } finally {
        isClosed = true;
      }
    }
    for await (const chunk of workbookFile([sheetOf(rows())])) if (chunk.length > 4_000) break;
    await expect.poll(() => isClosed).toBe(true);
  });

  test('with more rows than a sheet has is refused', async () => {
    async function* rows() {
      const page = Array.from({ length: 50_000 }, () => ({ cells: [] }));
      for (let at = 0; at < 21; at += 1) yield page;
    }
    const pieces = workbookFile([sheetOf(rows())]);
    await expect(async () => {
      for await (const _ of pieces);
    }).rejects.toThrow('A workbook has room for 1048576 rows, and these are more. Write it as CSV.');
  });
});
