import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { type Batch, ROWS_PER_PAGE } from '../../src/domain/batch.js';
import { isoWithOffset, readMoment } from '../../src/domain/calendar.js';
import { OUTCOME_NAMES } from '../../src/domain/outcomes.js';
import type { AcceptedRow } from '../../src/domain/row.js';
import { openSheet } from '../../src/producer/sheets/sheet.js';
import { csvLine, reportCsv } from '../../src/reporter/csv.js';
import { OutputError, writeWhole } from '../../src/reporter/file.js';
import { type ReportOptions, type ReportRow, reportRows } from '../../src/reporter/report.js';
import { shapeOf } from '../../src/reporter/shape.js';
import { reportWorkbook } from '../../src/reporter/workbook.js';
import { ANY_CHARACTER } from '../support/any-character.js';
import { ACCEPT_RULES, acceptedRow, idOf, openBook } from '../support/ledger.js';
import { HEADINGS, merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';
import { REPORT_OPTIONS } from '../support/reports.js';
import { runs } from '../support/runs.js';

const db = useRedis();
const folder = mkdtempSync(join(tmpdir(), 'fr-report-'));
afterAll(() => rmSync(folder, { recursive: true }));

const OPTIONS = REPORT_OPTIONS;

/** A batch whose rows have one more column, `note`. */
async function batchOfNotes(id: string, notes: readonly string[]): Promise<Batch> {
  const { batches } = openBook(db.redis);
  const batch = await batches.open({
    id,
    file: `${id}.csv`,
    headings: [...HEADINGS, 'note'],
    columns: [0, 1, 2, 3, 4, 5],
    loadedAt: Date.now(),
  });
  const rows = notes.map((note, index): AcceptedRow => {
    const row = acceptedRow(merchant(index + 1), index);
    return { ...row, cells: [...row.cells, note] };
  });
  const accepted = await batches.accept(batch, 0, rows, ACCEPT_RULES);
  await batches.complete(id);
  return { ...batch, rows: accepted, complete: true };
}

async function rowsOf(batch: Batch, options: Partial<ReportOptions> = {}): Promise<ReportRow[]> {
  const rows: ReportRow[] = [];
  const { batches } = openBook(db.redis);
  for await (const some of reportRows(batches, batch, { ...OPTIONS, ...options })) rows.push(...some);
  return rows;
}

async function textOf(batches: readonly Batch[], options: Partial<ReportOptions> = {}): Promise<string> {
  let text = '';
  for await (const piece of reportCsv(openBook(db.redis).batches, batches, { ...OPTIONS, ...options })) text += piece;
  return text;
}

/** The cells of the last input column, as the next upload reads them. */
async function notesRead(file: string): Promise<string[]> {
  const sheet = await openSheet(file);
  const notes: string[] = [];
  for await (const rows of sheet.rows()) notes.push(...rows.map(({ cells }) => cells[6] ?? ''));
  return notes;
}

const AWKWARD = [
  '=1+1',
  "'=1+1",
  "''=",
  "'",
  '+86',
  '-',
  '@x',
  '\t=',
  '\r\n',
  '\n',
  '＝A1',
  '"',
  ',',
  '',
  ' ',
  '_x000D_',
];

const note = fc.oneof(
  fc.constantFrom(...AWKWARD),
  fc.tuple(fc.constantFrom(...AWKWARD), fc.string({ unit: 'grapheme' })).map((parts) => parts.join('')),
  fc.string({ unit: ANY_CHARACTER, maxLength: 20 }).filter((text) => Buffer.from(text).toString() === text),
);

test('every cell of every sheet comes back from the report as it was, in CSV and in XLSX', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(note, { minLength: 1, maxLength: 8 }), async (notes) => {
      await db.redis.flushall();
      run += 1;
      const batch = await batchOfNotes(`b${run}`, notes);
      const { batches } = openBook(db.redis);
      const csv = join(folder, 'report.csv');
      const xlsx = join(folder, 'report.xlsx');
      await writeWhole(csv, reportCsv(batches, [batch], OPTIONS), true);
      await writeWhole(xlsx, reportWorkbook(batches, [batch], OPTIONS), true);
      expect(await notesRead(csv)).toEqual(notes);
      expect(await notesRead(xlsx)).toEqual(notes);
    }),
    { numRuns: runs(32) },
  );
});

test('no cell of a report is a formula to a spreadsheet program', async () => {
  const batch = await batchOfNotes('b1', AWKWARD);
  const cells = (await textOf([batch])).slice(1).split(/","|"\r\n"?/);
  expect(cells.filter((cell) => /^[=+\-@\t\r\n＝＋－＠]/.test(cell))).toEqual([]);
});

test('the file is UTF-8 with a mark, every cell is quoted, every line ends in CRLF', async () => {
  const batch = await batchOfNotes('b1', ['a "b", c']);
  const text = await textOf([batch]);
  expect(text.startsWith('\uFEFF"name","code",')).toBe(true);
  expect(text).toContain('"a ""b"", c","2","pending",');
  expect(text.endsWith('"\r\n')).toBe(true);
});

test('only what has had its outcome since a moment is in the report', async () => {
  const batch = await batchOfNotes('b1', ['early', 'late', 'open']);
  const { record, take } = openBook(db.redis);
  const at = readMoment('2026-11-20 22:00', 'Asia/Shanghai') ?? 0;
  for (const [number, finished] of [
    [1, at - 1],
    [2, at],
  ] as const) {
    const id = idOf(merchant(number));
    await take(id);
    await record(id, 'mini_program_created', { at: finished, appid: `wx${number}` });
  }
  expect((await rowsOf(batch, { since: at })).map(({ cells }) => cells[6])).toEqual(['late']);
});

test('a row has the times when it was sent and when it ended, in the time of the report, if it was and did', async () => {
  const batch = await batchOfNotes('b1', ['ended', 'sent', 'waits']);
  const { record, registration, take } = openBook(db.redis);
  const [ended, sent] = [idOf(merchant(1)), idOf(merchant(2))];
  const at = readMoment('2026-11-20 22:00', 'Asia/Shanghai') ?? 0;
  await take(ended, { at: at - 60_000 });
  await take(sent);
  await record(ended, 'registration_refused', { at, problem: 'push:103' });
  const sentAt = async (id: string) => isoWithOffset((await registration(id)).sentAt ?? 0, 'Asia/Shanghai');
  const times = (await rowsOf(batch)).map(({ submitted_at, finished_at }) => [submitted_at, finished_at]);
  expect(times).toEqual([
    [await sentAt(ended), '2026-11-20T22:00:00+08:00'],
    [await sentAt(sent), ''],
    ['', ''],
  ]);
});

test('a row that was never sent had its outcome when it was loaded', async () => {
  const { batches } = openBook(db.redis);
  const loadedAt = Date.now() - 10_000;
  const about = { id: 'b1', file: 'b1.csv', headings: HEADINGS, columns: [0, 1, 2, 3, 4, 5], loadedAt };
  const batch = await batches.open(about);
  const rows = [acceptedRow(undefined, 0), acceptedRow(merchant(1), 1), acceptedRow(merchant(1), 2)];
  await batches.accept(batch, 0, rows, ACCEPT_RULES);
  const since = async (moment: number) =>
    (await rowsOf({ ...batch, rows: 3 }, { since: moment })).map(({ outcome }) => outcome);
  expect(await since(loadedAt)).toEqual(['invalid', 'duplicate']);
  expect(await since(loadedAt + 1)).toEqual([]);
});

test('several batches are one table: the same column under any of its names, one row of headings', async () => {
  const first = await batchOfNotes('b1', ['a']);
  const { batches } = openBook(db.redis);
  const opened = await batches.open({
    id: 'b2',
    file: 'b2.csv',
    headings: ['备注', '企业名称', '统一社会信用代码'],
    columns: [1, 2, -1, -1, -1, -1],
    loadedAt: Date.now(),
  });
  const other = merchant(9);
  await batches.accept(
    opened,
    0,
    [{ line: 2, cells: ['z', other.name, other.code], merchant: other, problems: [], registration: idOf(other) }],
    ACCEPT_RULES,
  );
  const file = join(folder, 'all.csv');
  await writeWhole(file, reportCsv(batches, [first, { ...opened, rows: 1 }], OPTIONS), true);
  const sheet = await openSheet(file);
  expect(sheet.headings.slice(0, 9)).toEqual([...HEADINGS, 'note', '备注', 'line']);
  const rows = [];
  for await (const some of sheet.rows()) rows.push(...some.map(({ cells }) => cells.slice(0, 8)));
  expect(rows).toEqual([
    [...(acceptedRow(merchant(1), 0).cells as string[]), 'a', ''],
    [other.name, other.code, '', '', '', '', '', 'z'],
  ]);
});

test('no half-written report can be seen, and no file is overwritten unasked', async () => {
  const file = join(folder, 'kept.csv');
  async function* halfway(): AsyncGenerator<string> {
    yield 'half';
    throw new Error('the program dies here');
  }
  await expect(writeWhole(file, halfway(), false)).rejects.toThrow('dies');
  expect(() => readFileSync(file)).toThrow('ENOENT');

  async function* whole(): AsyncGenerator<string> {
    yield 'whole';
  }
  await writeWhole(file, whole(), false);
  await expect(writeWhole(file, whole(), false)).rejects.toThrow(OutputError);
  await expect(writeWhole(join(folder, 'nowhere', 'x.csv'), whole(), false)).rejects.toThrow('no such folder');
});

test('a file may have the longest name that a file system takes, and of a longer one it is said', async () => {
  async function* whole(): AsyncGenerator<string> {
    yield 'whole';
  }
  const longest = join(folder, `${'表'.repeat(83)}x.csv`);
  await writeWhole(longest, whole(), false);
  expect(readFileSync(longest, 'utf8')).toBe('whole');
  const longer = join(folder, `${'表'.repeat(84)}x.csv`);
  await expect(writeWhole(longer, whole(), false)).rejects.toThrow('cannot be written: its name is too long.');
});

test('each row is written once and in order, over pages, with the line of the row that it repeats', async () => {
  const { batches } = openBook(db.redis);
  const batch = await batches.open({
    id: 'b1',
    file: 'b1.csv',
    headings: HEADINGS,
    columns: [0, 1, 2, 3, 4, 5],
    loadedAt: 1,
  });
  const count = 1_100;
  const rows = Array.from({ length: count }, (_, index) =>
    acceptedRow(merchant(index === count - 1 ? 1 : index + 1), index),
  );
  await batches.accept(batch, 0, rows, ACCEPT_RULES);
  const told = await rowsOf({ ...batch, rows: count });
  expect(told.map(({ line }) => Number(line))).toEqual(rows.map(({ line }) => line));
  expect(told.at(-1)).toMatchObject({ outcome: 'duplicate', next_step: 'See line 2.' });
});

test('a report in several pieces is that of its rows, though a piece is written while the next one is made', async () => {
  const long = 'x'.repeat(1_500);
  const notes = Array.from({ length: 2 * ROWS_PER_PAGE + 20 }, (_, n) => `${n} ${n % 7 === 0 ? `"${n};` : ''}${long}`);
  const batch = await batchOfNotes('b1', notes);
  const book = openBook(db.redis);
  // A link of its own makes a line that is not like others.
  for (const number of [3, 400, 990]) {
    await book.send(idOf(merchant(number)));
    const link = { callSentAt: Date.now(), taskId: `${number}`, authorizeUrl: `https://x.test/${number}` };
    await book.record(idOf(merchant(number)), 'create_accepted', link);
  }
  const rows = await rowsOf(batch);
  const { cellsOf, headings } = shapeOf([batch], OPTIONS.language);
  const expected = `\uFEFF${csvLine(headings)}${rows.map((row) => csvLine(cellsOf(batch, row))).join('')}`;

  const pieces: (string | Uint8Array)[] = [];
  let text = '';
  for await (const piece of reportCsv(book.batches, [batch], OPTIONS)) {
    text += pieces.at(-1) ?? '';
    pieces.push(piece);
  }
  expect(text + pieces.at(-1)).toBe(expected);
  expect(pieces.length).toBeGreaterThan(2);
});

test('a file is whole though its pieces lie in two buffers by turns', async () => {
  const buffers = [Buffer.alloc(5_000_000), Buffer.alloc(5_000_000)] as const;
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let n = 0; n < 6; n += 1) yield (buffers[n % 2] as Buffer).fill(`${n}`);
  }
  const file = join(folder, 'turns.csv');
  await writeWhole(file, pieces(), true);
  const expected = Buffer.concat([...'012345'].map((digit) => Buffer.alloc(5_000_000, digit)));
  expect(expected.equals(readFileSync(file))).toBe(true);
});

test('a workbook that Excel would call damaged is not written, and it is said why', async () => {
  const { batches } = openBook(db.redis);
  const written = (batch: Batch) =>
    writeWhole(join(folder, 'too-much.xlsx'), reportWorkbook(batches, [batch], OPTIONS), true);
  await expect(written(await batchOfNotes('b-long', ['x', '='.repeat(32_767)]))).rejects.toThrow(
    'G3 would have 32768 characters, and a cell of a workbook has room for 32767. Write it as CSV.',
  );
  const wide = await batchOfNotes('b-wide', ['x']);
  const headings = [...wide.headings, ...Array.from({ length: 16_384 }, (_, at) => `note ${at}`)];
  await expect(written({ ...wide, headings })).rejects.toThrow(/has room for 16384 columns, and these are 16405/);
});

const OUTCOMES = new Set(OUTCOME_NAMES);

test.each(['en', 'zh'] as const)(
  'rows whose words are written once are reported as each by itself would be (%s)',
  async (language) => {
    const { batches, ledger, record } = openBook(db.redis);
    const merchants = Array.from({ length: 24 }, (_, at) => merchant(at + 1));
    const named = merchants.map((it, at) => ({ ...it, name: at % 3 === 0 ? `"=${it.name}",;-x` : it.name }));
    const batch = await batches.open({
      id: 'b1',
      file: 'b1.csv',
      headings: HEADINGS,
      columns: [0, 1, 2, 3, 4, 5],
      loadedAt: Date.now(),
    });
    const rows = named.map((it, at): AcceptedRow => {
      const row = acceptedRow(it, at);
      if (at === 5) return { ...row, problems: [{ code: 'sheet:phone_leading_zero', cell: 'F7' }] };
      return at === 6 ? { ...row, cells: [...row.cells, 'surplus', '=1'] } : row;
    });
    await batches.accept(
      batch,
      0,
      [...rows, { ...acceptedRow(named[1], 24) }, acceptedRow(undefined, 25)],
      ACCEPT_RULES,
    );
    await batches.complete('b1');
    const ends: ((id: string) => Promise<unknown>)[] = [
      (id) => record(id, 'mini_program_created', { appid: `wx${id}`, said: `OK rid: ${id}` }),
      (id) => record(id, 'registration_refused', { problem: 'push:103', said: `refused rid: ${id}` }),
      (id) => record(id, 'registration_refused', { problem: 'push:-1', said: `many things, ${id}` }),
      (id) => record(id, 'push_unknown', { problem: 'push:4711', said: `unknown, ${id}` }),
      (id) => record(id, 'legal_person_timed_out', { problem: 'push:100003' }),
      async () => {},
    ];
    for (const [at, { registration: id = '' }] of rows.entries()) {
      if (at >= 18) {
        if (at % 2 === 0) await record(id, 'cancel_asked', { because: 'me' });
        continue;
      }
      await record(id, 'create_sent', { at: Date.now() - at * 3_600_000, until: Date.now() + 5_000 });
      await record(id, 'create_accepted', { callSentAt: (await ledger.read(id))?.registration.sentAt ?? 0 });
      await ends[at % ends.length]?.(id);
    }
    const whole = { ...batch, rows: 26, complete: true };
    const text = await textOf([whole], { language });
    expect(text).toBe(await textOf([whole], { language, only: OUTCOMES }));
    expect(text.match(/wx[a-z2-7]{16}/g)).toHaveLength(3);
  },
);

test.each(['en', 'zh'] as const)(
  'every name, phone and cell is in its line as in a row by itself (%s)',
  async (language) => {
    const { batches, record } = openBook(db.redis);
    const texts = [
      '',
      '=1',
      '+86 592',
      '-',
      '@a',
      '"q"',
      'a;=b',
      'a\t-b',
      '“中”',
      '＝1',
      "'=1",
      '\u200b=1',
      'x\r\ny',
      '😀',
      '\ue000',
    ];
    const batch = await batches.open({
      id: 'b1',
      file: 'b1.csv',
      headings: [...HEADINGS, 'note'],
      columns: [0, 1, 2, 3, 4, 5],
      loadedAt: Date.now(),
    });
    const rows = texts.flatMap((text, at): AcceptedRow[] => {
      const own = merchant(at + 1);
      const cells = acceptedRow(own, at).cells;
      // As the sheet has them, and repaired beside their cells.
      const details = [
        { ...own, name: text },
        { ...own, componentPhone: text },
        { ...own, name: text, componentPhone: text },
      ];
      return details.flatMap((it, n) => [
        { ...acceptedRow(it, 0), registration: idOf(merchant(100 + at * 3 + n)) },
        { ...acceptedRow(it, 0), cells, registration: idOf(merchant(200 + at * 3 + n)) },
      ]);
    });
    const noted = rows.map((row, at) => ({
      ...row,
      line: at + 2,
      cells: [...row.cells, texts[at % texts.length] ?? ''],
    }));
    await batches.accept(batch, 0, noted, ACCEPT_RULES);
    await batches.complete('b1');
    for (const [at, { registration: id = '' }] of noted.entries()) {
      if (at % 7 === 0) continue;
      await record(id, 'create_sent', { at: Date.now() - at * 977_777, until: Date.now() + 5_000 });
      await record(id, 'mini_program_created', { appid: `${texts[at % 5]}wx${at}` });
    }
    const whole = { ...batch, rows: noted.length, complete: true };
    const text = await textOf([whole], { language });
    expect(text).toBe(await textOf([whole], { language, only: OUTCOMES }));
    expect(text.match(/wx\d+"/g)).toHaveLength(noted.length - Math.ceil(noted.length / 7));
  },
);

test('a CSV of one problem has its rows only', async () => {
  const { batches, load, record } = openBook(db.redis);
  await load('b1', [merchant(1), merchant(2), merchant(3)]);
  const id = idOf(merchant(2));
  await record(id, 'create_sent', { until: Date.now() + 5_000 });
  await record(id, 'registration_refused', { problem: 'push:103' });
  const batch = (await batches.find('b1')) as Batch;
  const [, ...lines] = (await textOf([batch], { problem: 'push:103' })).trim().split('\r\n');
  expect(lines).toEqual([expect.stringContaining(id)]);
});
