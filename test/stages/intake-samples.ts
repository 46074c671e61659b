/** One small file of each kind that an office really saves, and what the reader makes of it. */
import { FIELDS, REPORT_COLUMNS } from '../../src/domain/columns.js';
import { creditCodeCheck, licenceCheck, organisationCheck, residentCheck } from '../../src/domain/enterprise-code.js';
import { guard } from '../../src/domain/formula-guard.js';
import { encode } from './encoders.js';
import { workbook } from './workbook.js';

export interface IntakeSample {
  readonly file: string;
  readonly is: string;
  readonly bytes: () => Buffer;
  /** Merchants that can be sent, and problem codes at their cells. */
  readonly ready?: number;
  readonly problems?: readonly string[];
  readonly reads?: { readonly encoding?: string; readonly delimiter?: string; readonly headingLine?: number };
  readonly notes?: readonly RegExp[];
  /** The file is refused with this. */
  readonly refused?: RegExp;
}

const ZH = ['企业名称', '企业代码', '企业代码类型', '法人微信', '法人姓名', '第三方联系电话'];
const EN = [...FIELDS];

// No division has the number 999900, so no enterprise has these codes, and no person the ID.
const credit = (n: number) => checked(`91999900MA${String(n).padStart(7, '0')}`, creditCodeCheck);
const organisation = (n: number) => checked(`ZZ${String(n).padStart(6, '0')}`, organisationCheck);
const licence = (n: number) => checked(`999900${String(n).padStart(8, '0')}`, licenceCheck);
const RESIDENT = checked('11000019900101000', residentCheck);

function checked(body: string, check: (body: string) => string): string {
  return body + check(body);
}

/** The third name has a character of four bytes in GB18030. */
const NAMES = ['示例晨光商贸有限公司', '示例远山茶业（测试）有限公司', '示例㐱𠮷餐饮有限公司'];
const GOOD = NAMES.map((name, at) => [
  name,
  [credit(1), organisation(2), licence(3)][at] ?? '',
  ['1', '', '3'][at] ?? '',
  `example_wx${at}`,
  `张示${'一二三'[at]}`,
  '0592-0000000',
]);

function csv(rows: readonly (readonly string[])[], delimiter = ',', lineEnd = '\r\n'): string {
  const cell = (text: string) => (/["\r\n,;\t]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return rows.map((row) => row.map(cell).join(delimiter) + lineEnd).join('');
}

const oneRow = (change: Partial<Record<(typeof FIELDS)[number], string>>) =>
  FIELDS.map((field, at) => change[field] ?? GOOD[0]?.[at] ?? '');

/** The header of Microsoft's compound file, and the name of one stream in it. */
function ole(stream: string): Buffer {
  const bytes = Buffer.alloc(1536);
  Buffer.from('d0cf11e0a1b11ae1', 'hex').copy(bytes);
  Buffer.from(stream, 'utf16le').copy(bytes, 1024);
  return bytes;
}

/** States in its directory that it unpacks to 4 GB. */
function bomb(): Buffer {
  const bytes = workbook([{ name: 'Sheet1', rows: [EN, ...GOOD] }]);
  const name = bytes.lastIndexOf('xl/worksheets/sheet1.xml');
  bytes.writeUInt16LE(8, name - 46 + 10); // deflated
  bytes.writeUInt32LE(0xff00_0000, name - 46 + 24);
  return bytes;
}

const SAME = { ready: 3, problems: [] };

// biome-ignore format: one line, one file
export const INTAKE_SAMPLES: readonly IntakeSample[] = [
  // Encodings, delimiters, line ends
  { file: 'utf-8.csv', is: 'UTF-8, as programs write it', bytes: () => encode(csv([EN, ...GOOD], ',', '\n'), 'utf-8'), ...SAME, reads: { encoding: 'utf-8', delimiter: ',', headingLine: 1 } },
  { file: 'utf-8-mark.csv', is: 'Excel\'s "CSV UTF-8"', bytes: () => encode(csv([ZH, ...GOOD]), 'utf-8', true), ...SAME, reads: { encoding: 'utf-8' } },
  { file: 'gb18030.csv', is: 'Excel\'s "CSV" in China, with a name of rare characters', bytes: () => encode(csv([ZH, ...GOOD]), 'gb18030'), ...SAME, reads: { encoding: 'gb18030' } },
  { file: 'unicode-text.txt', is: 'Excel\'s "Unicode text": UTF-16 with tabs', bytes: () => encode(csv([ZH, ...GOOD], '\t'), 'utf-16le', true), ...SAME, reads: { encoding: 'utf-16le', delimiter: '\t' } },
  { file: 'utf-16be.csv', is: 'UTF-16, the other way round and unmarked', bytes: () => encode(csv([ZH, ...GOOD]), 'utf-16be'), ...SAME, reads: { encoding: 'utf-16be' } },
  { file: 'semicolons.csv', is: 'semicolons, with Excel\'s "sep=" line', bytes: () => encode(`sep=;\r\n${csv([EN, ...GOOD], ';')}`, 'utf-8', true), ...SAME, reads: { delimiter: ';', headingLine: 2 } },
  { file: 'carriage-returns.csv', is: 'lines ended by CR alone, as Excel for Mac did', bytes: () => encode(csv([ZH, ...GOOD], ',', '\r'), 'gb18030'), ...SAME, reads: { encoding: 'gb18030' } },

  // Around and between the rows
  { file: 'titles.csv', is: 'title rows, notes in the headings, blank rows and columns', bytes: () => encode(csv([['商户入驻信息表', '', '', '', '', '', '', ''], ['填表日期：2026年1月5日', '', '', '', '', '', '', ''], [], ['序号', '', ...ZH.map((heading) => ` ${heading}*（必填）`)], ...GOOD.flatMap((row, at) => [[String(at + 1), '', ...row], ['', '', '', '', '', '', '', '']])]), 'gb18030'), ...SAME, reads: { headingLine: 4 } },
  { file: 'line-breaks.csv', is: 'quoted line breaks, commas and quotation marks', bytes: () => encode(csv([[...EN, '备注'], ...GOOD.map((row) => [...row, '第一行\n第二行，"引号"'])]), 'utf-8'), ...SAME },
  { file: 'more-cells.csv', is: 'a comma inside a name that nobody quoted', bytes: () => encode(`${EN.join(',')}\n示例,有限公司,${(GOOD[0] ?? []).slice(1).join(',')}\n`, 'utf-8'), ready: 0, problems: ['G2 sheet:too_many_cells', 'C2 sheet:code_type_unknown', 'B2 sheet:code_length', 'D2 sheet:wechat_shape', 'E2 sheet:persona_digits', 'F2 sheet:phone_shape'] },
  { file: 'report.csv', is: 'a report of ours, corrected and loaded again', bytes: () => encode(csv([[...EN, 'store', ...REPORT_COLUMNS], ...GOOD.map((row) => [...row, guard('=A1'), ...REPORT_COLUMNS.map(() => 'x')])]), 'utf-8', true), ...SAME },

  // Damage
  {
    file: 'damage.csv',
    is: 'one kind of damage in each row',
    bytes: () =>
      encode(
        csv([
          EN,
          oneRow({ code: '9.20E+17' }),
          oneRow({ code: '919999000000000000' }),
          oneRow({ code: '1.10108E+14', code_type: '' }),
          oneRow({ code: RESIDENT }),
          oneRow({ code: `'${credit(4)}` }),
          oneRow({ code: fullWidth(credit(5)) }),
          oneRow({ code: `${credit(6).slice(0, -1)}${credit(6).endsWith('0') ? '1' : '0'}` }),
          oneRow({ legal_persona_wechat: '13800000000' }),
          oneRow({ name: '示例(测试)有限公司' }),
          oneRow({ name: '\u200b示例晨光商贸有限公司\u3000' }),
          oneRow({ component_phone: '5920000000' }),
        ]),
        'utf-8',
        true,
      ),
    ready: 6,
    problems: [
      'B2 sheet:code_scientific',
      'B3 sheet:code_zero_filled',
      'B4 sheet:code_scientific_other',
      'B5 sheet:code_resident_id',
      'B6 sheet:leading_apostrophe',
      'B7 sheet:full_width_repaired',
      'B8 sheet:code_check_digit',
      'D9 sheet:wechat_phone',
      'A10 sheet:half_width_brackets',
      'A11 sheet:invisible_characters',
      'A11 sheet:spaces_repaired',
      'F12 sheet:phone_leading_zero',
    ],
  },

  // Workbooks
  { file: 'text-cells.xlsx', is: 'a workbook whose codes are text', bytes: () => workbook([{ name: '商户', rows: [ZH, ...GOOD] }]), ...SAME, notes: [] },
  { file: 'exported.xlsx', is: 'a workbook of an export program: inline strings, prefixed elements', bytes: () => workbook([{ name: 'Sheet1', rows: [ZH, ...GOOD] }], { inline: true, prefix: 'x' }), ...SAME },
  {
    file: 'numbers.xlsx',
    is: 'a workbook whose codes and phones are numbers, with a date beside them',
    bytes: () =>
      workbook([
        {
          name: 'Sheet1',
          rows: [
            [...EN, '签约日期'],
            [NAMES[2] ?? '', { number: licence(3) }, '', 'example_wx2', '张示三', { number: '13800000000' }, { number: '46027', style: 1 }],
            [NAMES[0] ?? '', { number: '9.1999900000000006E+17' }, '', 'example_wx0', '张示一', { number: '13800000000' }, null],
          ],
        },
      ]),
    ready: 1,
    problems: ['B2 sheet:code_numeric_cell', 'B3 sheet:code_scientific'],
  },
  {
    file: 'several-sheets.xlsx',
    is: 'a hidden sheet, a sheet of instructions, and merged titles above the headings',
    bytes: () =>
      workbook([
        { name: '旧数据', state: 'hidden', rows: [ZH, ...GOOD] },
        { name: '填写说明', rows: [['请勿修改表头']] },
        { name: '商户', rows: [['商户入驻信息表', null, null], [], ZH, ...GOOD], merged: ['A1:F1'] },
      ]),
    ...SAME,
    reads: { headingLine: 3 },
    notes: [/旧数据.*passed over/, /填写说明.*passed over/],
  },
  {
    file: 'formulas.xlsx',
    is: 'cells that are formulas: their last results count',
    bytes: () =>
      workbook([
        { name: 'Sheet1', rows: [ZH, ...GOOD.map(([name = '', ...row]) => [{ formula: 'A1&"x"', cached: name }, ...row])] },
      ]),
    ...SAME,
  },

  // What is no sheet
  { file: 'empty.csv', is: 'nothing', bytes: () => Buffer.alloc(0), refused: /^the file is empty; save the sheet again/ },
  { file: 'picture.csv', is: 'a picture under a false name', bytes: () => Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), refused: /picture \(PNG\)/ },
  { file: 'web-page.xls', is: 'a web page that an export program calls .xls', bytes: () => Buffer.from('<html><table><tr><td>企业名称</td></tr></table></html>'), refused: /web page/ },
  { file: 'password.xlsx', is: 'a workbook with a password', bytes: () => ole('EncryptedPackage'), refused: /password/ },
  { file: 'old.xls', is: 'a workbook of Excel 97', bytes: () => ole('Workbook'), refused: /\.xls\).*save it as/ },
  { file: 'cut-off.xlsx', is: 'half of a workbook', bytes: () => workbook([{ name: 'Sheet1', rows: [ZH, ...GOOD] }]).subarray(0, 2000), refused: /broken or was cut off/ },
  { file: 'bomb.xlsx', is: 'a workbook that says it unpacks to 4 GB', bytes: bomb, refused: /would unpack to 4080 MB/ },
  { file: 'no-headings.csv', is: 'merchants without headings', bytes: () => encode(csv(GOOD), 'utf-8'), refused: /no headings.*expected name \(企业名/ },
  { file: 'headings-missing.csv', is: 'headings without a code', bytes: () => encode(csv([['企业名称', '法人微信', '法人姓名', '电话']]), 'utf-8'), refused: /lack code \(.*found "企业名称", "法人微信", "法人姓名", "电话"/ },
  { file: 'two-names.csv', is: 'two columns that could be the name', bytes: () => encode(csv([['企业名称', ...EN]]), 'utf-8'), refused: /A "企业名称" and B "name" both mean name/ },
];

function fullWidth(text: string): string {
  return [...text].map((character) => String.fromCharCode(character.charCodeAt(0) + 0xfee0)).join('');
}

/** What stands in `samples/intake/README.md`. */
export function samplesPage(): string {
  const rows = INTAKE_SAMPLES.map(
    ({ file, is, refused }) => `| \`${file}\` | ${is} | ${refused ? 'refused' : 'read'} |`,
  );
  return `# Files as offices save them\n\nFictitious merchants only. Printed from \`test/stages/intake-samples.ts\`, whose tests read every file\n(\`WRITE_SAMPLES=1 npx vitest run test/stages/sheet.test.ts\` writes them).\n\n| file | what it is | |\n|---|---|---|\n${rows.join('\n')}\n`;
}
