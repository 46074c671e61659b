import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkRow, requiredFields } from '../../src/domain/check-row.js';
import { FIELDS } from '../../src/domain/columns.js';
import { guard } from '../../src/domain/formula-guard.js';
import type { Needs, SheetRow } from '../../src/domain/sheet-row.js';
import { openSheet, type Sheet } from '../../src/producer/sheets/sheet.js';
import { SheetError } from '../../src/producer/sheets/sheet-error.js';
import { template } from '../../src/reporter/template.js';
import { TODO_COLUMNS, TODO_HEADINGS } from '../../src/reporter/todo.js';
import { ANY_CHARACTER } from '../support/any-character.js';
import { runs } from '../support/runs.js';
import { partOf } from '../support/workbook-parts.js';
import { type ZipPart, zipOf } from '../support/zip-writer.js';
import { encode, isInGb18030 } from './encoders.js';
import { INTAKE_SAMPLES, samplesPage } from './intake-samples.js';
import { type CellSpec, workbook, workbookParts } from './workbook.js';

const NEEDS: Needs = { legalPerson: true, codeTypes: [1, 2, 3], phone: true };
const REQUIRED = { required: requiredFields(NEEDS) };
const SAMPLES = new URL('../../samples/intake/', import.meta.url).pathname;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sheet-'));
});
afterAll(() => rm(folder, { recursive: true }));

let files = 0;
async function saved(bytes: Buffer | string | AsyncIterable<Buffer | string>): Promise<string> {
  const path = join(folder, `${files++}.csv`);
  await writeFile(path, bytes);
  return path;
}

async function rowsOf(sheet: Sheet): Promise<SheetRow[]> {
  const rows: SheetRow[] = [];
  for await (const page of sheet.rows()) {
    expect(page.length).toBeGreaterThan(0);
    expect(page.length).toBeLessThanOrEqual(512);
    rows.push(...page);
  }
  return rows;
}

const cellsOf = async (sheet: Sheet) => (await rowsOf(sheet)).map(({ cells }) => cells);

async function refusal(bytes: Buffer | string, options = {}): Promise<string> {
  const error = await openSheet(await saved(bytes), options)
    .then(rowsOf, (reason: unknown) => reason)
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(SheetError);
  const { message, words } = error as SheetError;
  // In both languages, each in one line; a column is called by its Chinese heading there.
  expect(words.zh).not.toMatch(/(?<!“)\b(?:name|code|legal_persona_\w+|component_phone)\b/);
  expect(words.zh).toMatch(/^(?=.*\p{Script=Han}).*$/u);
  expect(words.en).toBe(message);
  expect(message).not.toContain('\n');
  return message;
}

describe('the samples', () => {
  test('are the ones that their table makes', async () => {
    const wanted = [
      ...INTAKE_SAMPLES.map(({ file, bytes }) => ({ file, bytes: bytes() })),
      { file: 'README.md', bytes: Buffer.from(samplesPage()) },
    ];
    if (process.env.WRITE_SAMPLES) {
      await mkdir(SAMPLES, { recursive: true });
      for (const { file, bytes } of wanted) await writeFile(join(SAMPLES, file), bytes);
    }
    for (const { file, bytes } of wanted)
      expect([file, bytes.equals(await readFile(join(SAMPLES, file)))]).toEqual([file, true]);
  });

  test.each(INTAKE_SAMPLES.filter(({ refused }) => refused))('$file, $is, is refused', async ({ file, refused }) => {
    const opened = openSheet(join(SAMPLES, file), REQUIRED);
    await expect(opened).rejects.toThrow(SheetError);
    await expect(opened).rejects.toThrow(refused);
  });

  test.each(INTAKE_SAMPLES.filter(({ refused }) => !refused))(
    '$file, $is, is read',
    async ({ file, ready, problems, reads, notes }) => {
      const sheet = await openSheet(join(SAMPLES, file), REQUIRED);
      const checked = (await rowsOf(sheet)).map((row) => checkRow(row, sheet.layout, NEEDS));
      expect(checked.flatMap((row) => row.problems.map(({ cell, code }) => `${cell} ${code}`))).toEqual(problems);
      expect(checked.filter(({ merchant }) => merchant).length).toBe(ready);
      expect(sheet).toMatchObject(reads ?? {});
      if (notes) expect(sheet.notes.map(({ en }) => en)).toEqual(notes.map((note) => expect.stringMatching(note)));
    },
  );

  test('of one kind all name the same merchants', async () => {
    const same = INTAKE_SAMPLES.filter(({ ready, problems }) => ready === 3 && problems?.length === 0);
    expect(same.length).toBeGreaterThan(10);
    const merchants = await Promise.all(
      same.map(async ({ file }) => {
        const sheet = await openSheet(join(SAMPLES, file));
        return (await rowsOf(sheet)).map((row) => checkRow(row, sheet.layout, NEEDS).merchant);
      }),
    );
    for (const others of merchants) expect(others).toEqual(merchants[0]);
  });
});

describe('any table of text', () => {
  const ZH = ['企业名称', '企业代码', '备注一', '备注二'];
  const text = fc.oneof(
    fc.string({ unit: ANY_CHARACTER, maxLength: 12 }).filter((cell) => !cell.includes('\0')),
    fc
      .array(fc.constantFrom('"', ',', ';', '\t', '\r', '\n', ' ', '=', "'", '示', '㐱', '𠮷', 'a', '0'), {
        maxLength: 9,
      })
      .map((all) => all.join('')),
    fc.stringMatching(/^[\u4e00-\u9fa5]{0,8}$/),
  );
  // Blank rows are passed over, so the first cell has something to see.
  const row = fc.tuple(
    text.map((cell) => `示${cell}`),
    text,
    text,
    text,
  );
  const tables = fc.array(row, { maxLength: 20 });

  test('is the same in any encoding, with any delimiter and line end', () =>
    fc.assert(
      fc.asyncProperty(
        tables,
        fc.constantFrom('utf-8', 'gb18030', 'utf-16le', 'utf-16be'),
        fc.boolean(),
        fc.constantFrom(',', ';', '\t'),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.boolean(),
        async (table, encoding, mark, delimiter, lineEnd, endsInLineEnd) => {
          fc.pre(encoding !== 'gb18030' || isInGb18030(table.flat().join('')));
          const quoted = (cells: readonly string[]) =>
            cells.map((cell) => `"${guard(cell).replaceAll('"', '""')}"`).join(delimiter);
          const lines = [ZH, ...table].map(quoted).join(lineEnd) + (endsInLineEnd ? lineEnd : '');
          const sheet = await openSheet(await saved(encode(lines, encoding, mark)));
          expect(sheet).toMatchObject({ encoding, delimiter, headings: ZH, headingLine: 1 });
          expect(await cellsOf(sheet)).toEqual(table);
        },
      ),
      { numRuns: runs(160) },
    ));

  test('is the same in a workbook', () =>
    fc.assert(
      fc.asyncProperty(tables, fc.boolean(), fc.boolean(), async (table, inline, deflate) => {
        // XML turns a bare CR into LF; Excel writes it as _x000D_, as the helper does.
        const rows: CellSpec[][] = [ZH, ...table.map((cells) => cells.map(guard))];
        const sheet = await openSheet(await saved(workbook([{ name: 'a', rows }], { inline, deflate })));
        expect(await cellsOf(sheet)).toEqual(table);
      }),
      { numRuns: runs(80) },
    ));

  test('is the same however the file is cut into pieces: thousands of rows of wide characters', async () => {
    const table = Array.from({ length: runs(20_000, 5_000) }, (_, at) => [
      `示例㐱𠮷${'示'.repeat(at % 7)}有限公司`,
      String(at),
      '',
      `"${at}\n"`,
    ]);
    const lines = [ZH, ...table]
      .map((cells) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(','))
      .join('\n');
    for (const encoding of ['utf-8', 'gb18030', 'utf-16le', 'utf-16be'] as const) {
      const sheet = await openSheet(await saved(encode(lines, encoding)));
      expect(sheet.encoding).toBe(encoding);
      expect(await cellsOf(sheet)).toEqual(table);
    }
  });
});

describe('lines and rows', () => {
  test('a row says where it begins in the file and which row it is in a spreadsheet program', async () => {
    const sheet = await openSheet(await saved('title\n\nname,code,note\nA,1,"x\r\ny\nz"\n\nB,2,\n'));
    expect(sheet.headingLine).toBe(3);
    expect((await rowsOf(sheet)).map(({ line, row, cells }) => [line, row, cells[0]])).toEqual([
      [4, 4, 'A'],
      [8, 6, 'B'],
    ]);
  });

  test('a short row is filled up, blank cells beyond the headings are dropped, others kept', async () => {
    const sheet = await openSheet(await saved('name,code,note\nA\nB,2,,,\nC,3,,,x\n'));
    expect(await cellsOf(sheet)).toEqual([
      ['A', '', ''],
      ['B', '2', ''],
      ['C', '3', '', '', 'x'],
    ]);
  });

  test('line ends may be mixed', async () => {
    const sheet = await openSheet(await saved('name,code\r\nA,1\nB,2\r\nC,3'));
    expect(await cellsOf(sheet)).toEqual([
      ['A', '1'],
      ['B', '2'],
      ['C', '3'],
    ]);
  });

  test.each([
    ['\r\n', '\n'],
    ['\r\n', '\r'],
    ['\n', '\r'],
    ['\n', '\r\n'],
    ['\r', '\n'],
  ])('a row that ends in %j is broken by a %j in an unquoted cell, wherever it is', async (end, odd) => {
    const broken = async (...lines: string[]) => {
      const sheet = await openSheet(await saved(lines.join(end)));
      return (await rowsOf(sheet)).map(({ line, cells, isBroken }) => [line, cells[0], isBroken ?? false]);
    };
    expect(await broken('name,code,note', 'A,1,x', `B${odd}b,2,x`, 'C,3,x', '')).toEqual([
      [2, 'A', false],
      [3, 'B', true],
      [4, 'b', true],
      [5, 'C', false],
    ]);
    expect(await broken('note,code,name', `A,1,x${odd}y`, `B,2${odd}2,x`, `C,3,x`)).toEqual([
      [2, 'A', true],
      [3, 'y', true],
      [4, 'B', true],
      [5, '2', true],
      [6, 'C', false],
    ]);
    // Whole rows with another line end, and line breaks in quotation marks, are what they were.
    expect(await broken('name,code,note', `A,1,x${odd}"B",2,x`, `"C${odd}c",3,"x"${odd}D,4,x`)).toEqual([
      [2, 'A', false],
      [3, 'B', false],
      [4, `C${odd}c`, false],
      [6, 'D', false],
    ]);
  });

  test('quotation marks inside an unquoted value are part of it', async () => {
    const sheet = await openSheet(await saved('name,code\n示例"甲"公司,1\n"示例"乙,2\n'));
    expect(await cellsOf(sheet)).toEqual([
      ['示例"甲"公司', '1'],
      ['"示例"乙', '2'],
    ]);
  });

  test('rows are read from the first one again each time', async () => {
    const sheet = await openSheet(await saved('name,code\nA,1\n'));
    expect(await cellsOf(sheet)).toEqual(await cellsOf(sheet));
  });

  test('a reader that stops early leaves nothing open', async () => {
    const rows: CellSpec[][] = [
      ['name', 'code'],
      ...Array.from({ length: 5000 }, (_, at) => [`示例${at}`, String(at)]),
    ];
    const csv = rows.map((cells) => cells.join(',')).join('\n');
    for (const bytes of [Buffer.from(csv), workbook([{ name: 'a', rows }], { deflate: true })]) {
      const sheet = await openSheet(await saved(bytes));
      for await (const page of sheet.rows()) {
        expect(page[0]?.cells[0]).toBe('示例0');
        break;
      }
    }
  });

  test('a file of the same bytes has the same digest, and is refused when it changes meanwhile', async () => {
    const path = await saved('name,code\nA,1\n');
    const sheet = await openSheet(path);
    expect((await openSheet(await saved('name,code\nA,1\n'))).digest).toBe(sheet.digest);
    expect(sheet.digest).toMatch(/^[0-9a-f]{64}$/);
    await writeFile(path, 'name,code\nA,1\nB,2\n');
    await expect(rowsOf(sheet)).rejects.toThrow(/changed while/);
  });

  test('also while another program writes into it', async () => {
    for (const encoding of ['utf-8', 'gb18030'] as const) {
      const file = await saved(encode(`企业名称,企业代码\n${'商户,1\n'.repeat(100_000)}`, encoding));
      const sheet = await openSheet(file);
      const reading = async () => {
        for await (const _ of sheet.rows()) await appendFile(file, Buffer.from([0xff, 0x0a]));
      };
      await expect(reading()).rejects.toThrow(/changed while/);
    }
  });
});

describe('headings', () => {
  test.each([
    ['utf-8', '企业名,企业代码\n联通,1\n'],
    ['gb18030', '企业名,企业代码\n联通,1\n'],
  ] as const)('decide where bytes are good text in two encodings: %s', async (encoding, text) => {
    const sheet = await openSheet(await saved(encode(text, encoding)));
    expect([sheet.encoding, (await cellsOf(sheet))[0]?.[0]]).toEqual([encoding, '联通']);
  });

  test('a heading that could mean two columns is named', async () => {
    expect(await refusal('企业名称/企业代码,code\n')).toBe(
      'the heading A "企业名称/企业代码" could mean name or code; rename it to one of them',
    );
  });

  test('that lack a column, or name one twice, are explained by the Chinese headings', async () => {
    const zhOf = async (text: string): Promise<string> => {
      const error = await openSheet(await saved(text)).catch((reason: unknown) => reason);
      return (error as SheetError).words.zh;
    };
    expect(await zhOf('企业名称,电话\n甲,1\n')).toBe(
      '表头缺少：“企业代码”（或“统一社会信用代码”“组织机构代码”“营业执照注册号”）；找到：“企业名称”、“电话”；应有：“企业名称”（或“企业名”“公司名称”）、“企业代码”（或“统一社会信用代码”“组织机构代码”“营业执照注册号”）',
    );
    expect(await zhOf('企业名称,name,企业代码\n甲,乙,1\n')).toBe(
      '表头 A“企业名称”和 B“name”都指“企业名称”；请只保留一个，其余改名',
    );
    expect(await zhOf('企业名称/企业代码,code\n')).toBe(
      '表头 A“企业名称/企业代码”可指“企业名称”或“企业代码”；请改为其中之一',
    );
  });

  test.each(['|', '，', '、'])('that cannot be split, at %s, are reported as such', async (separator) => {
    const headings = ['企业名称', '统一社会信用代码', '法人微信号', '法人姓名'].join(separator);
    expect(await refusal(`${headings}\n`)).toMatch(
      /^all headings stand in one cell, A "企业名称.*no comma, semicolon or tab/,
    );
  });

  test('a row that is taken for headings repeats no number of a merchant', async () => {
    const message = await refusal('示例甲有限公司,91350100M000100Y43,13800000000\n');
    expect(message).toMatch(/no headings/);
    expect(message).not.toMatch(/\d{5}/);
  });

  test('of the list of merchants to contact are known', async () => {
    for (const language of ['en', 'zh'] as const) {
      const headings = TODO_COLUMNS.map((column) => TODO_HEADINGS[column][language]).join(',');
      expect(await refusal(`${headings}\n`)).toMatch(/^this is a list of merchants to contact, .* correct the report/);
    }
  });

  test('are looked for in fifty rows', async () => {
    const sheet = await openSheet(await saved(`${'说明,\n'.repeat(49)}name,code\nA,1\n`));
    expect(sheet.headingLine).toBe(50);
    expect(await refusal(`${'说明,\n'.repeat(50)}name,code\nA,1\n`)).toMatch(/no headings in the first 50 rows/);
  });

  test('may have no rows below them', async () => {
    expect(await cellsOf(await openSheet(await saved('name,code')))).toEqual([]);
  });
});

describe('what cannot be read', () => {
  test('a text in no encoding we know', async () => {
    expect(await refusal(Buffer.from([0xff, 0x20, 0xff, 0x0a]))).toMatch(/not UTF-8, GB18030 or UTF-16/);
  });

  test.each([
    ['GB18030', 'gb18030', '企业名称,企业代码,备注', Buffer.from([0x81, 0x2c])],
    ['GB18030', 'gb18030', 'name,code,note', Buffer.from([0xd5, 0xff])],
    ['UTF-8', 'utf-8', '企业名称,企业代码,备注', Buffer.from([0xe7, 0xa4])],
    ['UTF-8', 'utf-8', '\ufeffname,code,note', Buffer.from([0xd0, 0xa1, 0xff])],
    ['UTF-16', 'utf-16le', '\ufeffname,code,note', Buffer.from([0x00, 0xd8, 0x0a, 0x00])],
    ['UTF-16', 'utf-16be', '\ufeffname,code,note', Buffer.from([0xdc, 0x00])],
  ] as const)(
    'a text in %s with one broken character in the middle: its line is named',
    async (name, encoding, head, bytes) => {
      const rows = Array.from({ length: 20_000 }, (_, at) => `示例商户${at},${at},"第一行\r\n第二行"`);
      const above = encode([head, ...rows.slice(0, 15_000), ''].join('\r\n'), encoding, false);
      const below = encode(['', ...rows.slice(15_000)].join('\r\n'), encoding, false);
      expect(await refusal(Buffer.concat([above, bytes, below]))).toMatch(
        new RegExp(`^line 30002 has bytes that are no character in ${name}, .*; correct that line, and save`),
      );
    },
  );

  test('a quotation mark that is never closed', async () => {
    expect(await refusal('name,code\nA,1\n"B,2\nC,3\n')).toMatch(/quotation mark/);
    expect(await refusal(`name,code\nA,1\n"B,2\n${'C,3\n'.repeat(400_000)}`)).toMatch(
      /begins on line 3 a quotation mark/,
    );
    expect(await refusal('name,code\r\nA,"1\r\n1"\r\nB,2\r\nC,"3\r\nD,4\r\n')).toMatch(/begins on line 5 a quotation/);
  });

  test('and the next one far below: the rows between are not passed over in silence', async () => {
    const row = (number: number, note: string) => `商户${number},9199000000000000${number}A,${note}`;
    const rows = [row(1, '"第一行\n第二行, 第三'), row(2, '二'), row(3, '三'), row(4, '"四"'), row(5, '"x\ny"')];
    const sheet = await openSheet(await saved(`name,code,note\r\n${rows.join('\r\n')}\r\n`));
    const found = (await rowsOf(sheet)).map(({ line, swallowed }) => [line, swallowed]);
    expect(found).toEqual([
      [2, { column: 2, lines: 3 }],
      [7, undefined],
    ]);
  });

  test('is found before the first row is loaded', async () => {
    for (const encoding of ['utf-8', 'utf-16le'] as const) {
      const file = await saved(encode('\ufeffname,code\nA,1\n"B,2\n', encoding));
      await expect(openSheet(file)).rejects.toThrow(/begins on line 3/);
    }
  });

  test.each([
    ['<!-- 导出 --><table>', 'utf-8'],
    ['\ufeff<div><table><tr><td>企业名称</td>', 'utf-8'],
    ['\ufeff\r\n<table><tr><td>企业名称</td>', 'utf-16le'],
    ['\ufeff<html><table><tr><td>企业名称</td>', 'utf-16be'],
    ['MIME-Version: 1.0\r\nContent-Type: multipart/related', 'utf-8'],
  ] as const)('a web page that begins with %j, in %s', async (beginning, encoding) =>
    expect(await refusal(encode(beginning, encoding, false))).toMatch(/a web page or XML, not a sheet/),
  );

  // As short programs write it that need no library for it.
  test.each(['0900040000001000', '0902060000001000', '0908080000000500', '0908080000001000', '0908100000060500'])(
    'a sheet of Excel 2 to 5 that begins with %s',
    async (beginning) =>
      expect(await refusal(Buffer.concat([Buffer.from(beginning, 'hex'), Buffer.alloc(900)]))).toMatch(
        /^this is an old Excel file \(\.xls\)/,
      ),
  );

  test('a file of blank lines', async () => expect(await refusal('\n\n \n')).toMatch(/no headings/));

  test('a folder, and a file that is not there', async () => {
    await expect(openSheet(folder)).rejects.toThrow(/this is a folder; name the files in it/);
    await expect(openSheet(join(await saved('x'), 'y.csv'))).rejects.toThrow(/part of its path is a file/);
    await expect(openSheet(join(folder, 'none.csv'))).rejects.toThrow('there is no such file');
    await symlink('loop.csv', join(folder, 'loop.csv'));
    await expect(openSheet(join(folder, 'loop.csv'))).rejects.toThrow('a link that leads back to itself');
    await expect(openSheet(join(folder, `${'示'.repeat(90)}.csv`))).rejects.toThrow('the name of the file is too long');
    await expect(openSheet(join(folder, '\ufffd.csv'))).rejects.toThrow('its name has bytes that are not UTF-8');
  });

  // Linux gives no byte of it.
  test.skipIf(!existsSync('/proc/self/mem'))('a file whose disk fails', async () => {
    await expect(openSheet('/proc/self/mem')).rejects.toThrow('network drive of the file could not be read (EIO)');
  });

  test('a pipe that may never be written to', async () => {
    const pipe = join(folder, 'pipe.csv');
    execFileSync('mkfifo', [pipe]);
    await expect(openSheet(pipe)).rejects.toThrow(/this is a pipe or a device.*save it as a file/);
  });

  test('a file that is deleted before its rows are read', async () => {
    const file = await saved('name,code\nA,1\n');
    const sheet = await openSheet(file);
    await rm(file);
    await expect(rowsOf(sheet)).rejects.toThrow('there is no such file');
  });

  const sheet1 = [
    {
      name: 'a',
      rows: [
        ['name', 'code'],
        ['A', '1'],
      ],
    },
  ];
  const changed = (name: string, change: Partial<ZipPart>) =>
    zipOf(workbookParts(sheet1).map((part) => (part.name === name ? { ...part, ...change } : part)));

  test.each([
    ['a ZIP of something else', () => zipOf([{ name: 'a.txt', content: 'a' }]), /ZIP archive, but no Excel workbook/],
    [
      'a Word document',
      () =>
        zipOf([
          {
            name: '_rels/.rels',
            content:
              '<Relationships><Relationship Id="a" Type="x/officeDocument" Target="word/document.xml"/></Relationships>',
          },
          { name: 'word/document.xml', content: '<document/>' },
        ]),
      /no Excel workbook/,
    ],
    [
      'XML that breaks off',
      () => changed('xl/worksheets/sheet1.xml', { content: '<worksheet><sheetData><row' }),
      /broken/,
    ],
    [
      'a workbook without its sheet',
      () => zipOf(workbookParts(sheet1).filter(({ name }) => !name.includes('worksheets'))),
      /broken/,
    ],
    [
      'a part that unpacks to a thousand times its size',
      () => changed('xl/worksheets/sheet1.xml', { content: ' '.repeat(20_000_000), deflate: true }),
      /would unpack to 19 MB/,
    ],
    [
      'entities that multiply',
      () =>
        changed('xl/sharedStrings.xml', { content: '<!DOCTYPE a [<!ENTITY b "bbbb">]><sst><si><t>&b;</t></si></sst>' }),
      /declares an XML document type/,
    ],
    [
      'only hidden sheets',
      () => workbook([{ name: 'a', rows: [['name', 'code']], state: 'veryHidden' }]),
      /all sheets of the workbook are hidden/,
    ],
    [
      'headings on a hidden sheet only',
      () =>
        workbook([
          { name: 'a', rows: [['x']] },
          { name: 'b', rows: [['name', 'code']], state: 'hidden' },
        ]),
      /the sheet "a": no headings.*; hidden, and so not looked at: "b"$/,
    ],
    [
      'no headings in the workbook',
      () => workbook([{ name: '数据', rows: [['a']] }]),
      /the sheet "数据": no headings.*found "a"/,
    ],
  ])('%s', async (_, bytes, message) => expect(await refusal(bytes())).toMatch(message));

  test('a part that unpacks to more than it states', async () => {
    const bytes = changed('xl/worksheets/sheet1.xml', {
      content: `<worksheet>${' '.repeat(100_000)}</worksheet>`,
      deflate: true,
    });
    bytes.writeUInt32LE(50, bytes.lastIndexOf('xl/worksheets/sheet1.xml') - 46 + 24);
    expect(await refusal(bytes)).toMatch(/broken/);
  });
});

describe('a workbook', () => {
  const open = async (rows: CellSpec[][]) => openSheet(await saved(workbook([{ name: 'a', rows }])));

  test('keeps every digit of a number as the file has it, and says that it is one', async () => {
    const digits = ['911234567890123456', '1.1010800000001601E+14', '007', '13800000000'];
    const sheet = await open([['name', 'code'], ...digits.map((number) => ['示例', { number }])]);
    expect(await rowsOf(sheet)).toEqual(
      digits.map((number, at) => ({ line: at + 2, row: at + 2, cells: ['示例', number], numericCells: [1] })),
    );
  });

  test('distinguishes a formula without a result from a blank cell, and skips no row that has nothing else', async () => {
    const cell = (reference: string, inside: string) => `<c r="${reference}">${inside}</c>`;
    const rows = [
      `<row r="2">${cell('A2', '<f>C2</f>')}${cell('B2', '<v>1</v>')}</row>`,
      `<row r="3">${cell('A3', '<f>C3</f><v></v>')}${cell('B3', '<f>D3</f>')}</row>`,
      `<row r="4"><c r="A4" t="str"><f>""</f><v></v></c></row>`,
    ];
    const sheet = await openSheet(await saved(await withRows(rows.join(''))));
    expect((await rowsOf(sheet)).map(({ row, uncomputed }) => [row, uncomputed])).toEqual([
      [2, [0]],
      [3, [0, 1]],
    ]);
  });

  test('counts rows and cells where a program has named them by nonsense', async () => {
    const cell = (reference: string, text: string) => `<c r="${reference}" t="inlineStr"><is><t>${text}</t></is></c>`;
    const rows = `<row r="x">${cell('1A', '商户甲')}${cell('', '1')}</row><row r="-5">${cell('A9', '商户乙')}</row>`;
    const sheet = await openSheet(await saved(await withRows(rows)));
    expect((await rowsOf(sheet)).map(({ row, cells }) => [row, ...cells])).toEqual([
      [2, '商户甲', '1'],
      [3, '商户乙', ''],
    ]);
  });

  test('is refused where its rows are out of order or have one number: merchants were lost', async () => {
    const row = (number: number, name: string) =>
      `<row r="${number}"><c t="inlineStr"><is><t>${name}</t></is></c></row>`;
    for (const [rows, said] of [
      [row(3, '商户甲') + row(2, '商户乙'), 'row 2 stands behind row 3'],
      [row(1, '商户甲') + row(1, '商户乙'), 'row 1 stands behind row 1'],
      [row(2, '商户甲').repeat(2), 'row 2 stands behind row 2'],
    ] as const) {
      expect(await refusal(await withRows(rows))).toMatch(new RegExp(`${said}.*export the sheet again`));
    }
  });

  test('is refused where the text of a cell is missing, or a cell is there twice with two values', async () => {
    const row = (cells: string) => withRows(`<row r="2">${cells}</row>`);
    const shared = (index: string) => `<c r="A2" t="s"><v>${index}</v></c><c r="B2"><v>1</v></c>`;
    for (const index of ['2', '-1', '0.5', 'x']) {
      expect(await refusal(await row(shared(index)))).toMatch(/the text of the cell A2 is missing/);
    }
    const twice = (first: string, second: string) =>
      `<c r="A2">${first}</c><c r="B2"><v>1</v></c><c r="A2">${second}</c>`;
    expect(await refusal(await row(twice('<v>1</v>', '<v>2</v>')))).toMatch(/has the cell A2 twice/);
    const blank = await openSheet(await saved(await row(twice('<v>1</v>', ''))));
    expect(await cellsOf(blank)).toEqual([['1', '1']]);
  });

  test('may name its parts in other case than it refers to them, and blanks as %20 or as they are', async () => {
    const rows = [
      ['name', 'code'],
      ['示例甲', '1'],
    ];
    const renamed = (name: (part: string) => string, target: string) =>
      zipOf(
        workbookParts([{ name: 'Sheet1', rows }]).map((part) => ({
          ...part,
          name: name(part.name),
          content: String(part.content).replace('worksheets/sheet1.xml', target),
        })),
      );
    const spaced = (part: string) => part.replace('sheet1', 'sheet 1');
    for (const bytes of [
      renamed((part) => part.toUpperCase(), 'worksheets/sheet1.xml'),
      renamed((part) => part, 'Worksheets/Sheet1.xml'),
      renamed(spaced, 'worksheets/sheet%201.xml'),
      renamed((part) => spaced(part).replace(' ', '%20'), 'worksheets/sheet%201.xml'),
    ]) {
      expect(await cellsOf(await openSheet(await saved(bytes)))).toEqual([['示例甲', '1']]);
    }
    const twice = workbookParts([{ name: 'Sheet1', rows }]).flatMap((part) => [
      part,
      ...(part.name === 'xl/styles.xml' ? [{ ...part, name: 'xl/Styles.xml' }] : []),
    ]);
    expect(await refusal(zipOf(twice))).toMatch(/have one name/);
  });

  test('shows a boolean as spreadsheet programs do, however it is written', async () => {
    const cells = ['1', '0', 'true', 'false', 'maybe'].map((value) => `<c t="b"><v>${value}</v></c>`).join('');
    const parts = workbookParts([{ name: 'Sheet1', rows: [['name', 'code', 'c', 'd', 'e']] }]);
    const file = zipOf(withEnd(parts, `<row r="2">${cells}</row>`));
    expect(await cellsOf(await openSheet(await saved(file)))).toEqual([['TRUE', 'FALSE', 'TRUE', 'FALSE', 'maybe']]);
  });

  test('says which blank cells are merged with the one above', async () => {
    const rows = [
      ['标题'],
      ['name', 'code', 'note'],
      ['商户甲', '1'],
      [null, '2'],
      [null, '3'],
      ['商户乙', '4'],
      [null, null, 'x'],
    ];
    const merged = ['A1:C1', 'A3:A5', 'A6:B7', 'D3:D9'];
    for (const prefix of ['', 'x']) {
      const options = prefix === '' ? {} : { prefix };
      const sheet = await openSheet(await saved(workbook([{ name: 'Sheet1', rows, merged }], options)));
      expect((await rowsOf(sheet)).map(({ row, merged: columns }) => [row, columns])).toEqual([
        [3, undefined],
        [4, [0]],
        [5, [0]],
        [6, undefined],
        [7, [0, 1]],
      ]);
    }
  });

  describe('has headings of several lines', () => {
    const MERCHANT = ['示例甲', '91', '张', '0592', '急'];
    const read = async (rows: CellSpec[][], merged: string[]) => {
      const sheet = await openSheet(await saved(workbook([{ name: 'Sheet1', rows, merged }])));
      const found = (await rowsOf(sheet)).map(({ row, cells, beyond }) => [row, beyond ?? '', ...cells]);
      return { headings: sheet.headings, line: sheet.headingLine, contacts: sheet.layout.contacts, rows: found };
    };

    test.each([
      [
        'with a column behind them',
        ['企业名称', '企业代码', '联系方式', null, '备注'],
        ['A1:A2', 'B1:B2', 'C1:D1', 'E1:E2'],
      ],
      ['of which one is not merged downwards', ['企业名称', '企业代码', '联系方式', null, '备注'], ['B1:B2', 'C1:D1']],
    ])('%s, of which each column has its own', async (_, first, merged) => {
      const second = [null, null, '联系人', '电话'];
      expect(await read([['商户表'], first, second, MERCHANT], ['A1:E1', ...merged.map(below)])).toEqual({
        headings: ['企业名称', '企业代码', '联系人', '电话', '备注'],
        line: 2,
        contacts: [2, 3],
        rows: [[4, '', ...MERCHANT]],
      });
    });

    const below = (range: string) => range.replace(/\d/g, (digit) => String(Number(digit) + 1));

    test('of which the second reaches further right than the first, or has a blank', async () => {
      const merged = ['A1:A2', 'B1:B2', 'C1:E1'];
      const { headings, rows } = await read(
        [['企业名称', '企业代码', '联系方式'], [null, null, '联系人', null, '微信'], MERCHANT],
        merged,
      );
      expect(headings).toEqual(['企业名称', '企业代码', '联系人', '联系方式', '微信']);
      expect(rows).toEqual([[3, '', ...MERCHANT]]);
    });

    test('of which the second has a required one', async () => {
      const rows = [['企业名称', '企业信息', null], [null, '统一社会信用代码', '地址'], MERCHANT.slice(0, 3)];
      expect(await read(rows, ['A1:A2', 'B1:C1'])).toMatchObject({
        headings: ['企业名称', '统一社会信用代码', '地址'],
        line: 1,
        rows: [[3, '', ...MERCHANT.slice(0, 3)]],
      });
    });

    test('but none where a row of a merchant stands beside the merged cell, or the cell is merged over many rows', async () => {
      const rows = [
        ['企业名称', '企业代码', '说明'],
        ['示例甲', '91', null],
        ['示例乙', '92'],
      ];
      expect((await read(rows, ['C1:C3'])).rows.map(([row]) => row)).toEqual([2, 3]);
      expect(
        (
          await read(
            [
              ['企业名称', '企业代码'],
              [null, '91'],
              ['示例乙', '92'],
            ],
            ['A1:A2'],
          )
        ).rows,
      ).toHaveLength(2);
      const many = Array.from({ length: 9 }, () => [null, null, '说明']);
      expect((await read([['企业名称', '企业代码', '说明'], ...many], ['A1:A9', 'B1:B9'])).rows).toHaveLength(9);
    });

    test('but none where a column of ours would lose its heading', async () => {
      const rows = [
        ['企业名称', '企业代码', '客服电话'],
        [null, null, '（总机）'],
        ['示例甲', '91', '0592'],
      ];
      expect((await read(rows, ['A1:A2', 'B1:B2'])).headings).toEqual(['企业名称', '企业代码', '客服电话']);
    });

    test('also in the second sheet, behind an empty one that has none', async () => {
      const rows = [['企业名称', '企业信息'], [null, '企业代码'], MERCHANT.slice(0, 2)];
      const sheets = [
        { name: '说明', rows: [['填写说明']] },
        { name: '商户', rows, merged: ['A1:A2'] },
      ];
      const sheet = await openSheet(await saved(workbook(sheets)));
      expect(sheet.headings).toEqual(['企业名称', '企业代码']);
      expect(await cellsOf(sheet)).toEqual([MERCHANT.slice(0, 2)]);
    });
  });

  test('says which rows it hides', async () => {
    const row = (number: number, attribute: string) =>
      `<row r="${number}"${attribute}><c r="A${number}" t="inlineStr"><is><t>商户</t></is></c></row>`;
    const sheet = await openSheet(await saved(await withRows(row(2, '') + row(3, ' hidden="1"') + row(4, ''))));
    expect((await rowsOf(sheet)).map(({ hidden }) => hidden)).toEqual([undefined, true, undefined]);
  });

  /** A workbook with headings and these rows below them. */
  async function withRows(rows: string): Promise<Buffer> {
    return zipOf(withEnd(workbookParts([{ name: 'Sheet1', rows: [['name', 'code']] }]), rows));
  }

  function withEnd(parts: readonly ZipPart[], rows: string): ZipPart[] {
    return parts.map((part) =>
      part.name === 'xl/worksheets/sheet1.xml'
        ? { ...part, content: String(part.content).replace('</sheetData>', `${rows}</sheetData>`) }
        : part,
    );
  }

  test('shows dates as dates', async () => {
    const sheet = await open([
      ['name', 'code', '日期'],
      ['示例', '1', { number: '46027', style: 1 }],
      ['示例', '1', { number: '46027.5', style: 1 }],
    ]);
    expect((await cellsOf(sheet)).map((cells) => cells[2])).toEqual(['2026-01-05', '2026-01-05T12:00:00']);
  });

  test('shows times as times, and fractions as programs show them', async () => {
    const cells = [
      { number: '0.375', style: 3 },
      { number: '0.60451388888888891', style: 4 },
      { number: '1.5', style: 5 },
      { number: '1.1000000000000001' },
      { number: '-0.30000000000000004' },
      { number: '912345678901234567' },
      { number: '1.25' },
    ];
    const rows = [
      ['name', 'code', ...cells.map((_, at) => `列${at}`)],
      ['示例', '1', ...cells],
    ];
    const formats =
      '<numFmts><numFmt numFmtId="177" formatCode="h:mm AM/PM"/><numFmt numFmtId="178" formatCode="[h]:mm"/></numFmts>';
    const styles = [0, 0, 0, 20, 177, 178].map((id) => `<xf numFmtId="${id}"/>`).join('');
    const parts = workbookParts([{ name: 'Sheet1', rows }]).map((part) =>
      part.name === 'xl/styles.xml'
        ? { ...part, content: `<styleSheet>${formats}<cellXfs>${styles}</cellXfs></styleSheet>` }
        : part,
    );
    const sheet = await openSheet(await saved(zipOf(parts)));
    const [row = []] = await cellsOf(sheet);
    expect(row.slice(2)).toEqual(['09:00', '14:30:30', '1.5', '1.1', '-0.3', '912345678901234567', '1.25']);
  });

  test.each([
    ['at the top of the archive', (text: string) => text.replaceAll('xl/', '')],
    ['under names with backslashes', (text: string) => text.replaceAll(/(?<=xl|worksheets|_rels)\//g, '\\')],
  ])('reads a workbook whose parts stand %s', async (_, written) => {
    const rows = [
      ['name', 'code'],
      ['示例', '1'],
    ];
    const parts = workbookParts([{ name: 'Sheet1', rows }]).map(({ name, content }) => ({
      name: written(name),
      content: name.endsWith('.rels') ? written(content) : content,
    }));
    expect(await cellsOf(await openSheet(await saved(zipOf(parts))))).toEqual([['示例', '1']]);
  });

  test('shows the zeros that the format of a number puts in front', async () => {
    const shown: readonly (readonly [format: string, number: string, text: string])[] = [
      ['000000', '123', '000123'],
      ['000000_ ;@', '1.23E2', '000123'],
      ['[$-804]000000', '361004.0', '361004'],
      ['0000-0000000', '5921234567', '0592-1234567'],
      ['0000\\-0000000', '5921234567', '0592-1234567'],
      ['000"-"0000', '13800138000', '1380013-8000'],
      ['00', '0', '00'],
      // Neither is a number with these places.
      ['000000', '-123', '-123'],
      ['000000', '12.5', '12.5'],
      ['0', '7', '7'],
      ['0.00', '7', '7'],
      ['[DBNum1]000', '7', '7'],
      ['[<100]000;0', '7', '7'],
      ['"No."000', '7', '7'],
      ['000000', '1234567890123456', '1234567890123456'],
    ];
    const formats = shown.map(
      ([code], at) => `<numFmt numFmtId="${200 + at}" formatCode='${code.replace('<', '&lt;')}'/>`,
    );
    const styles = shown.map((_, at) => `<xf numFmtId="${200 + at}"/>`);
    const rows = [
      ['name', 'code', ...shown.map((_, at) => `列${at}`)],
      ['示例', '1', ...shown.map(([, number], style) => ({ number, style }))],
    ];
    const content = `<styleSheet><numFmts>${formats.join('')}</numFmts><cellXfs>${styles.join('')}</cellXfs></styleSheet>`;
    const parts = workbookParts([{ name: 'Sheet1', rows }]).map((part) =>
      part.name === 'xl/styles.xml' ? { ...part, content } : part,
    );
    const sheet = await openSheet(await saved(zipOf(parts)));
    const [row = []] = await cellsOf(sheet);
    expect(row.slice(2)).toEqual(shown.map(([, , text]) => text));
  });

  test('shows the digits of numbers that a program in Java has written, as Excel does', async () => {
    const shown = {
      '1.3800138E10': '13800138000',
      '3.501001000901E14': '350100100090100',
      '1.23456789E7': '12345678.9',
      '1.0': '1',
      '95588.0': '95588',
      '-1.25E2': '-125',
      '0.0': '0',
      '9.11E17': '9.11E17',
      '9.1135010000000001E+17': '9.1135010000000001E+17',
      '1.38E+10': '1.38E+10',
      '5.0E-4': '5.0E-4',
    };
    const numbers = Object.keys(shown).map((number) => ({ number }));
    const sheet = await open([
      ['name', 'code', ...numbers.map((_, at) => `列${at}`)],
      ['示例', '1', ...numbers],
    ]);
    expect((await cellsOf(sheet))[0]?.slice(2)).toEqual(Object.values(shown));
  });

  test('numbers its rows as the program shows them, blank ones counted', async () => {
    const sheet = await open([[], ['name', 'code'], [], ['A', '1'], ['', ' '], ['B', '2']]);
    expect([sheet.headingLine, ...(await rowsOf(sheet)).map(({ line }) => line)]).toEqual([2, 4, 6]);
  });

  test('says which cells have no heading', async () => {
    const sheet = await open([
      ['name', 'code'],
      ['A', '1', null, 'x'],
      ['B', '2'],
    ]);
    expect((await rowsOf(sheet)).map(({ cells, beyond }) => [cells.length, beyond])).toEqual([
      [2, 3],
      [2, undefined],
    ]);
  });

  test('says that another sheet has such headings too', async () => {
    const rows = [
      ['name', 'code'],
      ['A', '1'],
    ];
    const sheet = await openSheet(
      await saved(
        workbook([
          { name: '一月', rows },
          { name: '二月', rows },
        ]),
      ),
    );
    expect(sheet.notes).toEqual([
      {
        en: 'the sheet "二月" has such headings too and was not read: only "一月" was',
        zh: '工作表“二月”也有同样的表头，但未读取：只读取了“一月”',
      },
    ]);
  });
});

describe('the template', () => {
  test.each([
    ['csv', 'zh'],
    ['csv', 'en'],
    ['xlsx', 'zh'],
    ['xlsx', 'en'],
  ] as const)('as %s in %s has headings that load, each with its note', async (format, lang) => {
    const sheet = await openSheet(await saved(template({ format, lang })), REQUIRED);
    expect(sheet.kind).toBe(format);
    expect(FIELDS.map((field) => sheet.layout.columns[field])).toEqual([0, 1, 2, 3, 4, 5]);
    for (const heading of sheet.headings) expect(heading).toMatch(/[(（].+[)）]$/);
    expect(await cellsOf(sheet)).toEqual([]);
  });

  test.each(['csv', 'xlsx'] as const)(
    'as %s has a row to show how, which is a row of the sheet once it is filled in',
    async (format) => {
      const file = await saved(template({ format, lang: 'zh' }));
      const text = format === 'csv' ? await readFile(file, 'utf8') : await partOf(file, 'xl/worksheets/sheet1.xml');
      expect(text).toContain('91XXXXXXXXXXXXXXXX');
      expect(text).toContain('联系人电话（');
    },
  );

  test('leaves a row in the sheet if either its name or its code was filled in', async () => {
    const text = await readFile(await saved(template({ format: 'csv', lang: 'zh' })), 'utf8');
    const edited = [text.replace('91XXXXXXXXXXXXXXXX', '91350100M000100Y43'), text.replace('示例商贸', '海风商贸')];
    for (const one of edited) expect(await cellsOf(await openSheet(await saved(one), REQUIRED))).toHaveLength(1);
  });
});

describe('two rows of headings of a CSV', () => {
  const lines = (...more: string[]) =>
    ['商户名单,,,,', '序号,企业名称,统一社会信用代码,法人信息,', ',,,法人姓名,法人微信', ...more].join('\n');

  test('are joined where each has a part of the headings, and blank cells below those of the first', async () => {
    const sheet = await openSheet(await saved(lines('1,示例甲有限公司,91350100M000100Y43,张示一,weixin_a1')), REQUIRED);
    expect(sheet.headings).toEqual(['序号', '企业名称', '统一社会信用代码', '法人姓名', '法人微信']);
    expect(sheet.headingLine).toBe(3);
    expect(await cellsOf(sheet)).toEqual([['1', '示例甲有限公司', '91350100M000100Y43', '张示一', 'weixin_a1']]);
  });

  test('are none where the second one has something of a merchant', async () => {
    const row = '1,示例甲有限公司,91350100M000100Y43,法人姓名,法人微信';
    const text = ['序号,企业名称,统一社会信用代码,法人信息,', row].join('\n');
    await expect(openSheet(await saved(text), REQUIRED)).rejects.toThrow(/the headings lack/);
  });

  test('that lack one together are said to lack it', async () => {
    const text = lines('1,示例甲有限公司,91350100M000100Y43,张示一,weixin_a1').replace('法人微信', '备注');
    await expect(openSheet(await saved(text), REQUIRED)).rejects.toThrow(/the headings lack/);
  });
});
