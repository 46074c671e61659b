/** Each limit of a file is tried from both sides: what is just below it is read, and what is above says so in a line. */
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SHEET_LIMITS } from '../../src/domain/sheet-limits.js';
import type { SheetRow } from '../../src/domain/sheet-row.js';
import { openSheet } from '../../src/producer/sheets/sheet.js';
import { SheetError } from '../../src/producer/sheets/sheet-error.js';
import { sharedStrings } from '../../src/producer/sheets/xlsx-strings.js';
import { zipOf } from '../support/zip-writer.js';
import { workbook, workbookParts } from './workbook.js';

const { cell: CELL, cells: CELLS, headings: HEADINGS, sheets: SHEETS, merges: MERGES } = SHEET_LIMITS;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sheet-limits-'));
});
afterAll(() => rm(folder, { recursive: true }));

let files = 0;
async function opened(bytes: Buffer | string) {
  const path = join(folder, `${files++}`);
  await writeFile(path, bytes);
  return openSheet(path);
}

async function rowsOf(bytes: Buffer | string): Promise<SheetRow[]> {
  const rows: SheetRow[] = [];
  for await (const page of (await opened(bytes)).rows()) rows.push(...page);
  return rows;
}

/** Said when the file is opened, so before a row of it is stored anywhere; in both languages, each in one line. */
async function refusal(bytes: Buffer | string): Promise<string> {
  const error: unknown = await opened(bytes).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(SheetError);
  const { message, words } = error as SheetError;
  expect(words.zh).toMatch(/^(?=.*\p{Script=Han}).*$/u);
  expect(words.en).toBe(message);
  expect(message).toMatch(/^.{20,600}$/);
  return message;
}

const HEAD = 'name,code';
const many = (count: number, make: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => make(at)).join('');

test('a file that is larger than any sheet is refused before it is read, though it may be nothing but holes', async () => {
  const path = join(folder, 'holes.csv');
  await writeFile(path, 'name,code\n');
  await truncate(path, 8 * 1024 ** 3);
  const began = performance.now();
  await expect(openSheet(path)).rejects.toThrow(/^the file is more than 1,024 MB large; divide it/);
  expect(performance.now() - began).toBeLessThan(5_000);
});

describe('a CSV', () => {
  test('may have cells as long as a spreadsheet has them', async () => {
    const longest = 'x'.repeat(CELL.most);
    expect((await rowsOf(`${HEAD}\n${longest},1\n"${longest}",2\n`)).map(({ cells }) => cells[0])).toEqual([
      longest,
      longest,
    ]);
    for (const text of [`${HEAD}\nA,1\n${longest}x,2\n`, `${HEAD}\nA,1\n"${longest}x",2\n`]) {
      expect(await refusal(text)).toBe(
        'the row that begins on line 3, column A, has more than 32,767 characters in a cell; shorten that cell',
      );
    }
  });

  test('is not searched for the end of a quotation mark for ever', async () => {
    expect(await refusal(`${HEAD}\nA,1\n"B,2\n${'C,3\n'.repeat(20_000)}D",4\n`)).toMatch(
      /^in the row that begins on line 3 a quotation mark is opened and not closed within 32,767 characters/,
    );
  });

  test('may have rows as wide and as long as a spreadsheet has them', async () => {
    const [wide] = await rowsOf(`${HEAD}\nA,1${','.repeat(CELLS.most - 3)},x\n`);
    expect(wide?.cells).toHaveLength(CELLS.most);
    expect(await refusal(`${HEAD}\nA,1${','.repeat(CELLS.most - 2)},x\n`)).toMatch(
      /^the row that begins on line 2 has more than 16,384 cells in a row; delete/,
    );
    expect(await refusal(`${HEAD}\n${`${'x'.repeat(1_000)},`.repeat(1_100)}\n`)).toMatch(
      /^the row that begins on line 2 has more than 1,048,576 characters in a row; look for/,
    );
    expect(await refusal(`${HEAD}\nA,1\n${'x'.repeat(3_000_000)}`)).toMatch(/^the row that begins on line 3/);
  });

  test('may have 512 headings, and any number of blank ones behind them', async () => {
    const wide = `${HEAD}${many(HEADINGS.most - 2, (at) => `,note ${at}`)}`;
    expect((await opened(`${wide}\n`)).headings).toHaveLength(HEADINGS.most);
    expect((await opened(`${HEAD}${','.repeat(2_000)}\n`)).headings).toHaveLength(2);
    expect(await refusal(`${wide},x\n`)).toBe(
      'the row of headings has more than 512 headings; delete the columns that are not needed',
    );
  });

  test('does not grow to many times its size when its rows are filled up', async () => {
    const wide = `${HEAD}${many(400, (at) => `,note ${at}`)}`;
    expect(await rowsOf(`${wide}\n${'A\n'.repeat(2_000)}`)).toHaveLength(2_000);
    expect(await refusal(`${wide}\n${'A\n'.repeat(20_000)}`)).toMatch(
      /^filled up to its headings, the sheet is more than 20 times as large as the file; delete the columns/,
    );
  });

  test('may have nothing but short, ragged or blank lines', async () => {
    expect(await rowsOf(`${HEAD}\n${'\n'.repeat(250_000)}A,1\n`)).toMatchObject([{ line: 250_002 }]);
    expect(await rowsOf(`${HEAD}\n${many(30_000, (at) => `A${','.repeat(at % 7)}\n`)}`)).toHaveLength(30_000);
    expect(await refusal('\n'.repeat(250_000))).toMatch(/^no headings in the first 50 rows; found nothing;/);
  });

  test.each([
    ['letters', 'a'],
    ['letters of two widths', 'ａ示'],
    ['brackets', '(['],
    ['brackets of one kind', '['],
    ['what grows when it is normalised', '\ufdfa'],
    ['names of columns', 'name/'],
  ])('may have a heading of ten thousand %s', async (_, text) => {
    const long = text.repeat(10_000 / text.length);
    expect((await opened(`name,code,${long}\nA,1\n`)).headings[2]).toHaveLength(long.length);
    expect(await refusal(`${long}\n`)).toMatch(
      /^no headings in the first 50 rows; found ".{1,25}"|^the headings lack code/,
    );
  });

  test('with many headings of one meaning is refused with a few of them named', async () => {
    expect(await refusal(`${HEAD}${',企业名称'.repeat(500)}\n`)).toMatch(
      /^the headings A "name" and C .* and … both mean name/,
    );
  });

  test.each([
    ['zero bytes', Buffer.alloc(100_000), /no headings/],
    [
      'halves of characters',
      Buffer.from(`\ufeff${HEAD}\n\ud800,1\n`, 'utf16le'),
      /line 2 has bytes that are no character in UTF-16/,
    ],
    [
      'half a character at its end',
      Buffer.from(`\ufeff${HEAD}\nA,1\n`, 'utf16le').subarray(0, -1),
      /no character in UTF-16/,
    ],
    ['no line end', Buffer.alloc(2_000_000, 'x'), /found "x{24}…"/],
  ])('of %s is refused', async (_, bytes, message) => expect(await refusal(bytes)).toMatch(message));
});

describe('a workbook', () => {
  const inline = (text: string, reference = ''): string => `<c t="inlineStr"${reference}><is><t>${text}</t></is></c>`;
  const row = (...texts: string[]): string => `<row>${texts.map((text) => inline(text)).join('')}</row>`;
  const sheet = (rows: string, behind = ''): string =>
    `<worksheet><sheetData>${row('name', 'code')}${rows}</sheetData>${behind}</worksheet>`;
  const parts = workbookParts([{ name: 'a', rows: [['name', 'code']] }]);
  const SHEET = 'xl/worksheets/sheet1.xml';
  const STRINGS = 'xl/sharedStrings.xml';
  const STYLES = 'xl/styles.xml';

  /** Packed only where a test is about that: stored as it is, no part is larger than its file. */
  const withParts = (changed: Readonly<Record<string, string>>, deflate = false): Buffer =>
    zipOf(parts.map((part) => ({ ...part, content: changed[part.name] ?? part.content, deflate })));
  const withRows = (rows: string, behind = ''): Buffer => withParts({ [SHEET]: sheet(rows, behind) });

  test('may have cells as long as a spreadsheet has them, wherever their text stands', async () => {
    const longest = 'x'.repeat(CELL.most);
    const breaks = '_x000D_'.repeat(CELL.most);
    const rows = `<row>${inline(longest)}${inline(breaks)}</row>`;
    expect((await rowsOf(withRows(rows))).map(({ cells }) => cells.map(({ length }) => length))).toEqual([
      [CELL.most, CELL.most],
    ]);
    const over = 'the cell B2 has more than 32,767 characters in a cell; shorten that cell';
    for (const cell of [
      inline(`${longest}x`),
      inline(`${breaks}x`),
      `<c><v>${'9'.repeat(CELL.most + 1)}</v></c>`,
      inline('x'.repeat(20_000_000)),
    ]) {
      expect(await refusal(withRows(`<row>${inline('A')}${cell}</row>`))).toBe(over);
    }
    for (const text of [`${longest}x`, 'x'.repeat(20_000_000)]) {
      const strings = `<sst><si><t>${text}</t></si></sst>`;
      expect(await refusal(withParts({ [STRINGS]: strings }))).toMatch(/^the workbook has more than 32,767 char/);
    }
  });

  test('may have rows as wide and as long as a spreadsheet has them', async () => {
    expect(await rowsOf(withRows(`<row>${inline('A').repeat(CELLS.most)}</row>`))).toMatchObject([{ beyond: 2 }]);
    for (const cell of [inline('A'), inline('A', ' r="A2"'), '<c><f>A1</f></c>']) {
      expect(await refusal(withRows(`<row>${cell.repeat(CELLS.most + 1)}</row>`))).toMatch(
        /^row 2 has more than 16,384 cells in a row/,
      );
    }
    const headings = sheet('').replace('</row>', `${many(60, (at) => inline(`note ${at}`))}</row>`);
    const long = headings.replace('</row></sheet', `</row><row>${inline('x'.repeat(30_000)).repeat(60)}</row></sheet`);
    expect(await refusal(withParts({ [SHEET]: long }))).toMatch(/^row 2 has more than 1,048,576 characters in a row/);
  });

  test('whose cells share a long text does not grow to many times its size', async () => {
    const strings = `<sst><si><t>${'示'.repeat(30_000)}</t></si></sst>`;
    const rows = many(60, () => `<row>${'<c t="s"><v>0</v></c>'.repeat(2)}</row>`);
    const changed = { [STRINGS]: strings, [SHEET]: sheet(rows) };
    expect(await refusal(withParts(changed, true))).toMatch(
      /^unpacked, the workbook is more than 250 times as large as the file; open it/,
    );
    expect(await rowsOf(withParts(changed))).toHaveLength(60);
  });

  test('may name rows and columns as no spreadsheet does', async () => {
    const references = ['ZZZZZZ1', 'XFE1', 'A'.repeat(9_000), '-1', ''];
    const cells = (reference: string) => inline('A', ` r="${reference}"`) + inline('1');
    const rows = references.map((reference) => `<row r="-1">${cells(reference)}</row>`).join('');
    expect((await rowsOf(withRows(rows))).map(({ row: number, cells: [a, b] }) => [number, a, b])).toEqual(
      references.map((_, at) => [at + 2, 'A', '1']),
    );
    for (const number of ['0', '1048577', '99999999', '1e3', '9'.repeat(300)]) {
      expect(await rowsOf(withRows(`<row r="${number}">${cells('')}</row>`))).toMatchObject([{ row: 2 }]);
    }
  });

  test('may have no more sheets, merged ranges, formats and levels than anybody needs', async () => {
    const { styles } = SHEET_LIMITS;
    const sheets = (count: number) =>
      withParts({
        'xl/workbook.xml': `<workbook xmlns:r="x"><sheets>${`<sheet name="a" r:id="rId1"/>`.repeat(count)}</sheets></workbook>`,
      });
    expect((await opened(sheets(SHEETS.most))).notes).toHaveLength(SHEETS.most - 1);
    expect(await refusal(sheets(20_000))).toMatch(
      /^the workbook has more than 256 sheets; save the sheet of merchants/,
    );

    const merges = (count: number) => withRows(row('A', '1'), '<mergeCell ref="A3:XFD1048576"/>'.repeat(count));
    expect(await rowsOf(merges(MERGES.most))).toHaveLength(1);
    expect(await refusal(merges(MERGES.most + 1))).toMatch(
      /^the workbook has more than 100,000 merged ranges; unmerge/,
    );

    const formats = (count: number) =>
      withParts({ [STYLES]: `<styleSheet><cellXfs>${'<xf numFmtId="14"/>'.repeat(count)}</cellXfs></styleSheet>` });
    await opened(formats(styles.most));
    expect(await refusal(formats(styles.most + 1))).toMatch(/^the workbook has more than 65,536 cell formats/);

    expect(await refusal(withParts({ [SHEET]: `<worksheet>${'<a>'.repeat(170_000)}` }))).toMatch(
      /^the workbook has more than 64 levels of XML/,
    );
  });

  /** Undefined: the limit itself. Five million texts take three seconds to read. */
  const FEWER_TEXTS = process.env.TEST_RUNS === 'many' ? undefined : 5_000;

  test('may have as many different texts as a million rows need', async () => {
    const most = FEWER_TEXTS ?? SHEET_LIMITS.strings.most;
    const textsOf = (count: number) =>
      sharedStrings(Readable.from([Buffer.from(`<sst>${'<si/>'.repeat(count)}</sst>`)]), FEWER_TEXTS);
    const texts = await textsOf(most);
    expect([texts.at(most - 1), texts.at(most)]).toEqual(['', undefined]);
    await expect(textsOf(most + 1)).rejects.toThrow(/^the workbook has more than 5,000,000 different texts; divide/);
  });

  test('keeps its shared texts, whatever is in them', async () => {
    const texts = [
      '',
      'a',
      'é',
      '示例',
      '𠮷',
      'a_x000D_b',
      '_xD800_',
      '_xD842__xDFB7_',
      ' x ',
      'y'.repeat(32_767),
      '示'.repeat(32_767),
    ];
    const wanted = ['', 'a', 'é', '示例', '𠮷', 'a\rb', '\ufffd', '𠮷', ' x ', ...texts.slice(-2)];
    const stringsOf = (times: number) =>
      `<sst>${many(times, () => texts.map((text) => `<si><t>${text}</t></si>`).join(''))}</sst>`;
    const strings = stringsOf(40);
    const count = 40 * texts.length;
    const rows = many(count, (at) => `<row><c t="s"><v>${at}</v></c>${inline('1')}</row>`);
    const read = await rowsOf(withParts({ [STRINGS]: strings, [SHEET]: sheet(rows) }));
    expect(read.map(({ cells }) => cells[0])).toEqual(
      Array.from({ length: count }, (_, at) => wanted[at % texts.length]),
    );
    const none = ['-1', String(texts.length), '1e9', '0.5', 'x', '9'.repeat(400)];
    for (const index of none) {
      const odd = sheet(`<row><c t="s"><v>${index}</v></c>${inline('1')}</row>`);
      expect(await refusal(withParts({ [STRINGS]: stringsOf(1), [SHEET]: odd }))).toMatch(
        /the text of the cell A2 is missing/,
      );
    }
  });

  // Each was minutes of work to a regular expression, and a reader that stands still is stopped.
  test('may have merged ranges without a range, and a date format of brackets', async () => {
    const merges = `<mergeCell ${'mergeCell '.repeat(30_000)}`;
    expect(await refusal(withParts({ [SHEET]: sheet('', merges) }))).toMatch(/broken/);
    const code = `${'['.repeat(30_000)}&quot;`;
    const styles = `<styleSheet><numFmts><numFmt numFmtId="200" formatCode="${code}"/></numFmts></styleSheet>`;
    expect((await opened(withParts({ [STYLES]: styles }))).headings).toEqual(['name', 'code']);
  });

  test('may not be many times as large as its file, in one part or in all', async () => {
    const blank = ' '.repeat(6 * 1024 ** 2);
    expect(await refusal(withParts({ [STYLES]: `<a>${blank}</a>` }, true))).toMatch(
      /^a part of the file would unpack to 6 MB, more than 250 times its size/,
    );
    // A part of its own each time, and small enough.
    const several = { name: 'a', rows: [['x']] };
    const big = workbookParts(Array(8).fill(several)).map((part) =>
      part.name.includes('worksheets') ? { ...part, content: `<a>${' '.repeat(3_500_000)}</a>`, deflate: true } : part,
    );
    expect(await refusal(zipOf(big))).toMatch(/^unpacked, the workbook is more than 250 times as large as the file/);
  });

  test('is looked through for headings up to a point', async () => {
    const rows = many(49, () => row(...Array(300).fill('备注'.repeat(50))));
    const large = workbookParts(Array.from({ length: 12 }, (_, at) => ({ name: `s${at}`, rows: [['x']] })));
    const bytes = zipOf([
      ...large.map((part) =>
        part.name.includes('worksheets')
          ? { ...part, content: `<worksheet><sheetData>${rows}</sheetData></worksheet>` }
          : part,
      ),
    ]);
    expect(await refusal(bytes)).toMatch(/^the workbook has more than 2,097,152 characters in the first 50 rows/);
  });

  test('whose archive lies is refused', async () => {
    const whole = workbook([{ name: 'a', rows: [['name', 'code']] }]);
    const place = whole.lastIndexOf(SHEET) - 46;
    const lying = (change: (bytes: Buffer) => void): Buffer => {
      const bytes = Buffer.from(whole);
      change(bytes);
      return bytes;
    };
    const dangerous = /^the ZIP archive of the workbook is not as a spreadsheet program writes it: parts of it overlap/;
    expect(await refusal(lying((bytes) => bytes.writeUInt32LE(0, place + 42)))).toMatch(dangerous);
    expect(await refusal(zipOf([...parts, ...parts]))).toMatch(dangerous);
    expect(await refusal(lying((bytes) => bytes.writeUInt32LE(1, place + 16)))).toMatch(/broken/);
    // A digit of a code that a disk has lost.
    expect(await refusal(lying((bytes) => bytes.write('9', bytes.indexOf('<v>') + 3)))).toMatch(/broken/);
    expect(await refusal(lying((bytes) => bytes.writeUInt16LE(12, place + 10)))).toMatch(/broken/);
    expect(await refusal(zipOf(Array.from({ length: 10_001 }, (_, at) => ({ name: `${at}`, content: '' }))))).toMatch(
      /^the workbook has more than 10,000 parts in its ZIP archive/,
    );
  });

  test('with names that write to a terminal is reported without them', async () => {
    const name = `\u001b]0;x\u0007示例\u202e${'y'.repeat(100)}`;
    const list = `<sheet name="a" r:id="rId1"/><sheet name="${name}" state="hidden" r:id="rId1"/>`;
    const { notes } = await opened(
      withParts({ 'xl/workbook.xml': `<workbook xmlns:r="x"><sheets>${list}</sheets></workbook>` }),
    );
    expect(notes.map(({ en }) => en)).toEqual([
      expect.stringMatching(/^the hidden sheet "]0;x 示例 y{20,}…" was passed over$/),
    ]);
  });
});
