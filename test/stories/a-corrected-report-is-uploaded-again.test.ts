import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { storyOf } from '../../src/app/history.js';
import { rulesOf } from '../../src/app/wiring/registration-api.js';
import type { Batch } from '../../src/domain/batch.js';
import { afterWorkingDays, isoWithOffset } from '../../src/domain/calendar.js';
import type { Outcome } from '../../src/domain/registration.js';
import { type ActionPreview, applyAction, previewAction } from '../../src/operator/action.js';
import { load } from '../../src/producer/load.js';
import { plannedRows } from '../../src/producer/plan.js';
import { openSheet } from '../../src/producer/sheets/sheet.js';
import { reportCsv } from '../../src/reporter/csv.js';
import { writeWhole } from '../../src/reporter/file.js';
import { historyPage } from '../../src/reporter/history.js';
import { type ReportOptions, type ReportRow, reportRows } from '../../src/reporter/report.js';
import { troubleOf } from '../../src/reporter/sentences.js';
import { encode } from '../stages/encoders.js';
import { workbookParts } from '../stages/workbook.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { APIS, type Rehearsal, rehearse } from '../support/rehearsal.js';
import { REPORT_OPTIONS } from '../support/reports.js';
import { until } from '../support/until.js';
import { zipOf } from '../support/zip-writer.js';

type Table = readonly (readonly string[])[];

/** How an office saves what it has open. */
const SAVED: Readonly<Record<string, (table: Table) => Buffer>> = {
  'CSV as Excel writes it': (table) => encode(csvOf(table), 'utf-8', true),
  'CSV in GBK': (table) => encode(csvOf(table), 'gb18030'),
  XLSX: (table) => zipOf(workbookParts([{ name: '结果', rows: table }])),
};

/** Quotation marks only where they cannot be done without. */
function csvOf(table: Table): string {
  const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return table.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

const created = merchant(1, 'ok');
const mistyped = merchant(2, 'p103');
const corrected = { ...mistyped, name: merchant(2, 'ok').name };
const late = merchant(3, 'p100003x1');
const short = merchant(4, 'ok');

async function upload(rehearsal: Rehearsal, file: string): Promise<Batch> {
  const { batches } = rehearsal.store;
  const rules = rulesOf(rehearsal.store.settings, true, rehearsal.store.identify);
  const { batch } = await load(await openSheet(file), file, { batches, rules, canaries: 0, now: Date.now });
  await rehearsal.settled(batch.id);
  return batch;
}

async function reportOf({ store }: Rehearsal, batch: Batch): Promise<ReportRow[]> {
  const rows: ReportRow[] = [];
  for await (const some of reportRows(store.batches, batch, { ...REPORT_OPTIONS, language: 'zh' })) rows.push(...some);
  return rows;
}

/** As somebody sees it who opens the report in a spreadsheet program. */
async function openedReport(rehearsal: Rehearsal, batch: Batch): Promise<string[][]> {
  const file = join(rehearsal.home, 'report.csv');
  const options: ReportOptions = { ...REPORT_OPTIONS, language: 'zh' };
  await writeWhole(file, reportCsv(rehearsal.store.batches, [batch], options), false);
  const sheet = await openSheet(file);
  const table = [[...sheet.headings]];
  for await (const rows of sheet.rows()) table.push(...rows.map(({ cells }) => [...cells]));
  return table;
}

const WAYS = APIS.flatMap((api) => Object.entries(SAVED).map(([way, save]) => ({ api, way, save })));

for (const { api, way, save } of WAYS) {
  test(`${api}: a report is corrected, saved as ${way}, and uploaded: what is done stays done, the rest runs again`, async () => {
    const rehearsal = await rehearse({ api });
    await rehearsal.start();
    const sheet = join(rehearsal.home, 'merchants.csv');
    writeFileSync(sheet, sheetOf([created, mistyped, late, { ...short, code: short.code.slice(0, 17) }]));
    const first = await upload(rehearsal, sheet);
    expect((await reportOf(rehearsal, first)).map(({ outcome, problem }) => `${outcome} ${problem}`)).toEqual([
      'created ',
      'rejected push:103',
      'expired push:100003',
      'invalid sheet:code_length',
    ]);

    const table = await openedReport(rehearsal, first);
    const corrections = new Map([
      [mistyped.name, corrected.name],
      [short.code.slice(0, 17), short.code],
    ]);
    const file = join(rehearsal.home, `corrected.${way === 'XLSX' ? 'xlsx' : 'csv'}`);
    writeFileSync(file, save(table.map((row) => row.map((cell) => corrections.get(cell) ?? cell))));
    const second = await upload(rehearsal, file);

    const rows = await reportOf(rehearsal, second);
    expect(rows.map(({ outcome, attempts }) => `${outcome} ${attempts}`)).toEqual([
      'already_created 0',
      'created 2',
      'created 2',
      'created 1',
    ]);
    expect(second.headings).toEqual(first.headings);
    expect(rehearsal.seen(created).creates).toBe(1);

    // The old report still says what happened then, and the row that became another merchant leads to it.
    const older = await reportOf(rehearsal, first);
    expect(older.map(({ outcome }) => outcome)).toEqual(['created', 'rejected', 'expired', 'invalid']);
    const { appid } = await rehearsal.registration(corrected);
    expect(older[1]).toMatchObject({ next_step: '', message: '', who_acts: 'nobody' });
    expect(older[1]?.reason).toMatch(new RegExp(`此后较新的一行已创建小程序 ${appid}：请见“corrected.*”第 \\d 行`));
    expect(rehearsal.idOf(corrected)).toBe(rehearsal.idOf(mistyped));
    const { store, book } = rehearsal;
    await until('its auth_code was exchanged', async () => (await rehearsal.registration(late)).authorizer === 'kept');
    const view = await book.view(rehearsal.idOf(late));
    const page = historyPage(await storyOf(store, view), 'en', (at) => isoWithOffset(at, 'Asia/Shanghai'));
    expect(page).toContain('legal_person_timed_out  push:100003');
    expect(page).toContain(`line 4 of merchants.csv`);
    expect(page).toContain(`line 4 of corrected.${way === 'XLSX' ? 'xlsx' : 'csv'}`);
    expect(page).toContain('next: It is done. The new Mini Program is not verified yet');
  });
}

describe.each(APIS)('%s: a merchant whose ID card number the registry does not have yet (105)', (api) => {
  const early = merchant(5, 'p105x1');

  async function refused(): Promise<{ rehearsal: Rehearsal; batch: Batch; sheet: string }> {
    const rehearsal = await rehearse({ api });
    await rehearsal.start();
    const sheet = join(rehearsal.home, 'merchants.csv');
    writeFileSync(sheet, sheetOf([early]));
    const batch = await upload(rehearsal, sheet);
    return { rehearsal, batch, sheet };
  }

  async function retry({ store }: Rehearsal, batch: Batch, only?: Outcome): Promise<ActionPreview> {
    const { batches, ledger } = store;
    const tools = { batches, ledger, actsOn: (problem: string | undefined) => troubleOf(problem)?.acts };
    const wish = { ask: 'retry', batch, only: only && new Set([only]), now: Date.now() } as const;
    const found = await previewAction(tools, wish);
    await applyAction(tools, wish, found, 'a test', Date.now);
    return found;
  }

  test('is rejected with a reason that says for how long, and waits for it when it is retried', async () => {
    const { rehearsal, batch } = await refused();
    const [before] = await reportOf(rehearsal, batch);
    expect(before).toMatchObject({ outcome: 'rejected', problem: 'push:105', who_acts: 'us' });
    expect(before?.reason).toContain('要求 5 至 15 个工作日后再提交');
    expect(before?.next_step).toMatch(
      /系统会等满 15 个工作日后自动提交.*如不提前提交，将等到 .*\d+ 月 \d+ 日 \d\d:\d\d。/,
    );

    expect([...(await retry(rehearsal, batch)).mind.keys()]).toEqual(['not_before']);
    const { state, wait, until: dueAt = 0 } = await rehearsal.registration(early);
    expect([state, wait]).toEqual(['deferred', 'not_before']);
    expect(Math.abs(dueAt - afterWorkingDays(Date.now(), 15))).toBeLessThan(60_000);
    const [waiting] = await reportOf(rehearsal, batch);
    expect(waiting?.reason).toContain('微信要求 5 至 15 个工作日后再提交（105）');
    expect(rehearsal.seen(early).creates).toBe(1);

    // Whoever has waited long enough names the outcome.
    expect([...(await retry(rehearsal, batch, 'pending')).mind.keys()]).toEqual(['too_early']);
    await rehearsal.settled(batch.id);
    expect(await rehearsal.registration(early)).toMatchObject({ state: 'created', attempt: 2 });
    expect(await rehearsal.book.batches.counts(batch.id)).toEqual(await rehearsal.book.recount(batch.id));
  });

  test('is sent before its day where the operator names the outcome', async () => {
    const { rehearsal, batch } = await refused();
    expect([...(await retry(rehearsal, batch, 'rejected')).mind.keys()]).toEqual(['too_early']);
    await rehearsal.settled(batch.id);
    expect(await rehearsal.registration(early)).toMatchObject({ state: 'created', attempt: 2 });
  });

  test('is sent before its day with a new sheet, and check warns of it', async () => {
    const { rehearsal, sheet } = await refused();
    writeFileSync(sheet, `${sheetOf([early])}\n`);
    const { batches } = rehearsal.store;
    const rules = rulesOf(rehearsal.store.settings, true, rehearsal.store.identify);
    for await (const rows of plannedRows(await openSheet(sheet), rules, batches.existingMatches)) {
      expect(rows).toMatchObject([
        { status: 'ready', row: { problems: [{ code: 'sheet:too_early', severity: 'warning' }] } },
      ]);
    }

    const second = await upload(rehearsal, sheet);
    expect(await reportOf(rehearsal, second)).toMatchObject([{ outcome: 'created', attempts: '2' }]);
    expect(await batches.counts(second.id)).toEqual({ created: 1 });
  });
});
