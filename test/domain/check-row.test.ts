import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CheckedRow, checkRow, requiredFields } from '../../src/domain/check-row.js';
import { FIELDS, readHeadings } from '../../src/domain/columns.js';
import { creditCodeCheck, licenceCheck, organisationCheck, residentCheck } from '../../src/domain/enterprise-code.js';
import {
  nextStepsOf,
  PROBLEMS,
  type ProblemCode,
  problemReason,
  problemWords,
  refusalReasons,
} from '../../src/domain/problems.js';
import { withoutResidentId } from '../../src/domain/resident-id.js';
import type { Needs, SheetRow } from '../../src/domain/sheet-row.js';
import { ANY_CHARACTER } from '../support/any-character.js';

const NEEDS: Needs = { legalPerson: true, codeTypes: [1, 2, 3], phone: true };
const SUCCESSOR: Needs = { legalPerson: false, codeTypes: [1], phone: true };
const GOOD = {
  name: '示例甲贸易有限公司',
  code: '91350100M000100Y43',
  code_type: '1',
  legal_persona_wechat: 'example_wx1',
  legal_persona_name: '张示一',
  component_phone: '0592-0000000',
};
const { layout } = readHeadings(FIELDS);
// No county is called 110000, and 000 is given to nobody.
const RESIDENT = `11000019900101000${residentCheck('11000019900101000')}`;
/** Of a sole trader, in an administrative division that does not exist. */
const SOLE_TRADER = `92990000TE5T00001${creditCodeCheck('92990000TE5T00001')}`;
// As IDs were until 1999; the check digit of a licence number would be another one.
const OLD_RESIDENT = '110000900101000';

interface Case extends Partial<typeof GOOD> {
  readonly needs?: Needs;
  readonly row?: Partial<SheetRow>;
}

function check({ needs = NEEDS, row, ...cells }: Case): CheckedRow {
  const all = { ...GOOD, ...cells };
  return checkRow({ line: 17, row: 17, cells: FIELDS.map((field) => all[field]), ...row }, layout, needs);
}

const codesOf = (checked: CheckedRow) => checked.problems.map(({ code }) => code);

test('a good row is a merchant without problems', () => {
  expect(check({})).toEqual({
    merchant: {
      name: '示例甲贸易有限公司',
      code: '91350100M000100Y43',
      codeType: 1,
      legalPersonaWechat: 'example_wx1',
      legalPersonaName: '张示一',
      componentPhone: '0592-0000000',
    },
    problems: [],
  });
});

/**
 * For every problem a row that has it, and the cell that it names. A damaged contact stands in a column of the user's. That a row is held back is decided where rows are loaded, and what the ledger says of its merchant where they are planned.
 */
type CellOfOurs = Exclude<
  ProblemCode,
  'sheet:held_back' | 'sheet:too_early' | 'sheet:refused_before' | 'sheet:contact_damaged'
>;
const CASES: Record<CellOfOurs, readonly [cell: string, row: Case]> = {
  'sheet:too_many_cells': ['G17', { row: { cells: [...FIELDS.map((field) => GOOD[field]), 'x'] } }],
  'sheet:rows_swallowed': ['F17', { row: { swallowed: { column: 5, lines: 3 } } }],
  'sheet:row_broken': ['17', { row: { isBroken: true } }],
  'sheet:cell_without_heading': ['I17', { row: { beyond: 8 } }],
  'sheet:row_without_merchant': ['17', { row: { cells: ['', ' ', '\u3000', '', '', ''] } }],
  'sheet:headings_again': ['17', { row: { cells: ['企业名称', '统一社会信用代码（必填）', '', '法人微信', '', ''] } }],
  'sheet:row_is_total': ['17', { name: '合计', code: '3' }],
  'sheet:row_is_no_merchant': ['17', { name: '注：红色为必填项', code: '' }],
  'sheet:row_hidden': ['17', { row: { hidden: true } }],
  'sheet:formula_failed': ['B17', { code: '#N/A' }],
  'sheet:formula_without_result': ['A17', { name: '', row: { uncomputed: [0] } }],
  'sheet:cell_merged': ['A17', { name: '', row: { merged: [0] } }],
  'sheet:formula_text': ['B17', { code: '="91350100M000100Y43"' }],
  'sheet:resident_id': ['E17', { legal_persona_name: RESIDENT }],
  'sheet:old_resident_id': ['F17', { component_phone: OLD_RESIDENT }],
  'sheet:quotation_mark': ['D17', { legal_persona_wechat: '"example_wx1"' }],
  'sheet:name_missing': ['A17', { name: ' \u3000' }],
  'sheet:name_shape': ['A17', { name: '--' }],
  'sheet:name_sole_trader': ['A17', { name: '无', code: SOLE_TRADER }],
  'sheet:name_dot': ['A17', { name: '示例•甲有限公司' }],
  'sheet:name_space_repaired': ['E17', { legal_persona_name: '张　三' }],
  'sheet:name_dot_repaired': ['E17', { legal_persona_name: '阿示•甲乙' }],
  'sheet:name_not_chinese': ['A17', { name: 'Example Ltd.' }],
  'sheet:half_width_brackets': ['A17', { name: '示例(甲)有限公司' }],
  'sheet:line_break': ['A17', { name: '示例\n有限公司' }],
  'sheet:characters_lost': ['A17', { name: '示例\ufffd有限公司' }],
  'sheet:question_mark': ['E17', { legal_persona_name: '张?' }],
  'sheet:name_apostrophe': ['A17', { name: "'示例有限公司" }],
  'sheet:code_missing': ['B17', { code: '' }],
  'sheet:code_scientific': ['B17', { code: '9.11E+17' }],
  'sheet:code_scientific_other': ['B17', { code: '1.10108E+14' }],
  'sheet:code_zero_filled': ['B17', { code: '911234567890123000' }],
  'sheet:code_decimal': ['B17', { code: '110108000000016.0' }],
  'sheet:code_date': ['B17', { code: '1933-10-18' }],
  'sheet:code_leading_zero': ['B17', { code: '00000019'.slice(2) }],
  'sheet:code_numeric_cell': ['B17', { code: '110108000000016', code_type: '', row: { numericCells: [1] } }],
  'sheet:code_resident_id': ['B17', { code: RESIDENT }],
  'sheet:code_old_resident_id': ['B17', { code: OLD_RESIDENT, code_type: '' }],
  'sheet:code_length': ['B17', { code: '91350100M000100Y4' }],
  'sheet:code_alphabet': ['B17', { code: '91350100MO00100Y43' }],
  'sheet:code_shape': ['B17', { code: '91A50100M000100Y43' }],
  'sheet:code_check_digit': ['B17', { code: '91350100M000100Y44' }],
  'sheet:code_lower_case': ['B17', { code: '91350100m000100y43' }],
  'sheet:code_type_unknown': ['C17', { code_type: '4' }],
  'sheet:code_type_mismatch': ['C17', { code_type: '3' }],
  'sheet:code_type_refused': ['B17', { code: 'D2143569-X', code_type: '', needs: SUCCESSOR }],
  'sheet:wechat_missing': ['D17', { legal_persona_wechat: '' }],
  'sheet:wechat_phone': ['D17', { legal_persona_wechat: '13800000000' }],
  'sheet:wechat_shape': ['D17', { legal_persona_wechat: '微信号' }],
  'sheet:persona_missing': ['E17', { legal_persona_name: '' }],
  'sheet:persona_digits': ['E17', { legal_persona_name: '张示一0592' }],
  'sheet:persona_marks': ['E17', { legal_persona_name: '张示一（法人）' }],
  'sheet:phone_missing': ['F17', { component_phone: '' }],
  'sheet:phone_shape': ['F17', { component_phone: '13800000000（张经理）' }],
  'sheet:phone_scientific': ['F17', { component_phone: '1.38E+10' }],
  'sheet:phone_decimal': ['F17', { component_phone: '13800000000.0' }],
  'sheet:phone_mobile_length': ['F17', { component_phone: '1380013800' }],
  'sheet:phone_leading_zero': ['F17', { component_phone: '5920000000' }],
  'sheet:full_width_repaired': ['B17', { code: '９１３５０１００Ｍ０００１００Ｙ４３' }],
  'sheet:hyphens_repaired': ['B17', { code: '9135-0100-M000100Y43' }],
  'sheet:spaces_repaired': ['B17', { code: '9135 0100 M000 100Y 43 ' }],
  'sheet:invisible_characters': ['A17', { name: '示例甲\u200b贸易有限公司' }],
  'sheet:leading_apostrophe': ['B17', { code: "'91350100M000100Y43" }],
};

describe('every problem', () => {
  test.each(Object.entries(CASES))(
    '%s is found, at its cell, and stops the row if it is an error',
    (code, [cell, row]) => {
      const checked = check(row);
      expect(checked.problems).toContainEqual(expect.objectContaining({ code, cell }));
      const kinds = checked.problems.map(({ severity }) => severity);
      expect(checked.merchant === undefined).toBe(kinds.includes('error'));
      expect(codesOf(checked)).toEqual([...new Set(codesOf(checked))]);
    },
  );

  test.each(Object.keys(PROBLEMS) as ProblemCode[])(
    '%s is said in both languages, with its cell and a next step',
    (code) => {
      const words = problemWords({ code, cell: 'B17', detail: '7' });
      for (const said of [words.en, words.zh]) {
        expect(said).toMatch(/^B17(: |：)/);
        expect(said).not.toMatch(/[{}]|undefined/);
      }
      expect(PROBLEMS[code].next.en).toMatch(/[.)]$/);
      expect(PROBLEMS[code].next.zh).toMatch(/[。）]$/);
    },
  );
});

test('a code that Excel has cut is named as it stands, with the remedy', () => {
  const [problem] = check({ code: '9.11E+17' }).problems;
  expect(problem && problemWords(problem)).toEqual({
    en: 'B17: Excel has turned this code into 9.11E+17; three digits are lost. Set the column to Text and type it again.',
    zh: 'B17：Excel 已将该代码变为 9.11E+17，丢失了三位数字。请将该列设为“文本”格式后重新输入。',
  });
});

test('a code cut to 15 digits is an error also when its check digit happens to be right', () => {
  const cut = [...Array(1000).keys()]
    .map((n) => `91350100000${String(n).padStart(4, '0')}000`)
    .find((code) => creditCodeCheck(code) === '0');
  expect(codesOf(check({ code: cut ?? '' }))).toEqual(['sheet:code_zero_filled']);
});

test('a true code that ends in 000 is taken where a person has typed a hyphen into it', () => {
  const { merchant, problems } = check({ code: '913501002501811-000' });
  expect(merchant).toMatchObject({ code: '913501002501811000', codeType: 1 });
  expect(problems.map(({ code, severity }) => [code, severity])).toEqual([['sheet:hyphens_repaired', 'warning']]);
  const [refused] = check({ code: '913501002501811000' }).problems;
  expect(refused && problemWords(refused).en).toContain('type a hyphen before them: …-000.');
});

test('all problems of a row are reported at once', () => {
  const checked = check({
    name: '',
    code: '123',
    legal_persona_wechat: '13800000000',
    legal_persona_name: '',
    component_phone: 'x',
  });
  expect(codesOf(checked)).toEqual([
    'sheet:name_missing',
    'sheet:code_length',
    'sheet:wechat_phone',
    'sheet:persona_missing',
    'sheet:phone_shape',
  ]);
});

test('the same fault in two cells is said of each', () => {
  const { problems } = check({ name: '示例甲有限公司 ', code: '91350100M000100Y43 ' });
  expect(problems.map(({ code, cell }) => [code, cell])).toEqual([
    ['sheet:spaces_repaired', 'A17'],
    ['sheet:spaces_repaired', 'B17'],
  ]);
});

test('half a row lacks nothing that a merchant could be asked for, but must not have a resident ID', () => {
  const half = ['示例甲（', '', '', '', RESIDENT, ''];
  expect(codesOf(check({ row: { cells: half, isBroken: true } }))).toEqual(['sheet:row_broken', 'sheet:resident_id']);
});

test('a licence number in a column of numbers for credit codes has the zeros of their format, and is sent without them', () => {
  const shown = { code: '000110108000000016', code_type: '' };
  const { merchant, problems } = check({ ...shown, row: { numericCells: [1] } });
  expect(merchant).toMatchObject({ code: '110108000000016', codeType: 3 });
  expect(problems.map(({ code }) => code)).toEqual(['sheet:code_numeric_cell']);
  // As text the zeros were typed.
  expect(codesOf(check(shown))).toEqual(['sheet:code_shape']);
});

test.each(['同上', '待补', '见附件', '无', '暂无', '暂缺', '未提供'])(
  '%s is no name of an enterprise, nor of a person',
  (word) => {
    expect(codesOf(check({ name: word }))).toEqual(['sheet:name_missing']);
    expect(codesOf(check({ legal_persona_name: word }))).toEqual(['sheet:persona_missing']);
    expect(codesOf(check({ legal_persona_name: word, needs: SUCCESSOR }))).toEqual([]);
    expect(codesOf(check({ name: `${word}餐饮店`, legal_persona_name: `${word}山` }))).toEqual([]);
  },
);

test.each(['（无）', '(暂无)', '【无】', '无。', '（待补）'])(
  '%s is none either, whatever stands around it',
  (word) => {
    expect(codesOf(check({ name: word }))).toContain('sheet:name_missing');
    expect(codesOf(check({ legal_persona_name: word }))).toEqual(['sheet:persona_missing']);
  },
);

test.each(['Na', 'na', 'nil', '空山', '略略'])('%s may be the name of a person', (name) => {
  expect(codesOf(check({ legal_persona_name: name }))).toEqual([]);
});

test.each(['张示一、李示二', '张示一/李示二', '张示一先生', '张示一(法人)'])(
  '%s is not the name of one person alone',
  (name) => {
    expect(codesOf(check({ legal_persona_name: name }))).toEqual(['sheet:persona_marks']);
  },
);

test.each(['示买提·示尔', '先生示', 'Jean-Paul Exemple', "O'Example"])('%s is the name of one person', (name) => {
  expect(codesOf(check({ legal_persona_name: name }))).toEqual([]);
});

describe('a row that is no merchant', () => {
  test('is said to be none, and nothing of its cells', () => {
    expect(codesOf(check({ row: { cells: ['', ' ', '\u3000', '', '', ''] } }))).toEqual(['sheet:row_without_merchant']);
    const headings = ['企业名称', '统一社会信用代码（必填）', '', '法人微信', '', ''];
    expect(codesOf(check({ row: { cells: headings } }))).toEqual(['sheet:headings_again']);
  });

  test.each([
    ['合计', ''],
    ['总计：12 家', '12'],
    ['Total', '3'],
  ])('%s is a total, about which no side has to do anything', (name, code) => {
    const { problems } = check({ name, code });
    expect(problems.map(({ code: problem }) => problem)).toEqual(['sheet:row_is_total']);
    expect(PROBLEMS['sheet:row_is_total'].who).toBe('nobody');
  });

  test.each([
    ['（必填）与营业执照一致', '18位统一社会信用代码'],
    ['按营业执照填写', '必填'],
    ['注：红色为必填项', ''],
    ['例：某某有限公司', '例：9135…'],
  ])('%s is a note, about which no merchant is asked', (name, code) => {
    const { problems } = check({ name, code });
    expect(problems.map(({ code: problem }) => problem)).toEqual(['sheet:row_is_no_merchant']);
    expect(PROBLEMS['sheet:row_is_no_merchant'].who).toBe('us');
  });

  const below = (cells: Partial<typeof GOOD>) => {
    const blank = Object.fromEntries(FIELDS.map((field) => [field, '']));
    return codesOf(check({ ...blank, ...cells }));
  };

  test.each([
    '制表人：李',
    '审核人：',
    '审核人',
    '填表日期：2026/11/30',
    '（以下空白）',
    '以下空白',
    '共 1 家',
    '共计12户商户',
    '负责人签字：',
    '负责人签字',
    '第 1 页 共 1 页',
    '2026年11月30日',
    '2026-11-30',
    '联系电话：0592-0000000',
    '联系电话 0592-0000000',
    '以上数据截至11月30日',
    '1、企业名称须与执照一致',
    '2. 法人微信号必填',
    '一、填写要求',
    '*法人微信号必填',
    '（盖章）',
    '单位盖章：',
    '填报单位：示例甲有限公司',
  ])('%s below a table is none, where the row has nothing else of ours', (name) => {
    expect(below({ name })).toEqual(['sheet:row_is_no_merchant']);
    expect(below({ name, code: '日期：', legal_persona_name: '审核人：王' })).toEqual(['sheet:row_is_no_merchant']);
    expect(below({ name, legal_persona_name: '张示一' })).toContain('sheet:code_missing');
    expect(below({ name, code: GOOD.code })).not.toContain('sheet:row_is_no_merchant');
  });

  test.each([
    '示例甲有限公司',
    '福州示例（甲）餐饮店',
    '以上信息科技有限公司',
    '联系人家政服务部',
    '统计人员服务中心',
    '7.11便利店',
    '2026示例有限公司',
    '第一页书店',
    '共1示例有限公司',
    'Example Co., Ltd.',
    '*****',
  ])('%s without a code is one, who is asked for it', (name) => {
    expect(below({ name })).toContain('sheet:code_missing');
  });

  test.each([
    ['合计', '91350100M000100Y43'],
    ['与营业执照一致', '9135 0100 M000 100Y 43'],
    ['合计', '９１３５０１００Ｍ０００１００Ｙ４３'],
    ['福州示例甲有限公司（与营业执照一致）', ''],
    ['总计划软件有限公司', ''],
    ['示例甲有限公司', '待办'],
    ['注意力科技有限公司', ''],
    ['示例甲有限公司', '9.13E+17'],
  ])('%s with the code %s is one, whatever is wrong with it', (name, code) => {
    const found = codesOf(check({ name, code }));
    expect(found).not.toContain('sheet:row_is_no_merchant');
    expect(found).not.toContain('sheet:row_is_total');
  });

  test.each([
    ['合计', '24家', '', 'sheet:row_is_total'],
    ['总计：', '24', '', 'sheet:row_is_total'],
    ['合计', '示例甲有限公司', GOOD.code, ''],
    ['24', '示例甲有限公司', '', 'sheet:code_missing'],
  ])('%s in the column of serial numbers, before %s and the code "%s": %s', (serial, name, code, problem) => {
    const numbered = readHeadings(['序号', ...FIELDS]).layout;
    const own = FIELDS.map((field) => ({ ...GOOD, name, code })[field]);
    const row = { line: 17, row: 17, cells: [serial, ...(code === '' ? [name] : own)] };
    const { problems } = checkRow(row, numbered, SUCCESSOR);
    expect(problems[0]?.code ?? '').toBe(problem);
  });

  test('is not recognised if its cells have formulas without a result, or are merged', () => {
    const cells = FIELDS.map(() => '');
    expect(codesOf(check({ row: { cells, uncomputed: [0] } }))).toContain('sheet:formula_without_result');
    expect(codesOf(check({ row: { cells, merged: [0] } }))).toContain('sheet:cell_merged');
  });

  test('is not recognised if the row has a name, and the heading where its code should be', () => {
    expect(codesOf(check({ code: '统一社会信用代码' }))).toEqual(['sheet:code_length']);
  });

  test('blank cells behind the last heading are no cells too many', () => {
    expect(check({ row: { cells: [...FIELDS.map((field) => GOOD[field]), ' ', ''] } }).problems).toEqual([]);
  });
});

describe('the code of a type that the API refuses', () => {
  const refused = { code: 'd2143569-x', code_type: '', needs: SUCCESSOR };

  test('is returned, so that its enterprise can be known, if the row has no other error', () => {
    const checked = check(refused);
    expect(checked).toMatchObject({ refusedCode: 'D2143569-X' });
    expect(codesOf(checked)).toEqual(['sheet:code_type_refused', 'sheet:code_lower_case']);
  });

  test('is not returned if the row has another error or is sent', () => {
    expect(check({ ...refused, name: '' })).not.toHaveProperty('refusedCode');
    expect(check({ code: '' })).not.toHaveProperty('refusedCode');
    expect(check({})).not.toHaveProperty('refusedCode');
  });
});

test.each([
  ['name', '"示例甲公司" '],
  ['name', '"示例甲公司"（福州）'],
  ['name', '示例"甲公司'],
  ['name', '＂示例甲公司＂'],
  ['code', ' "91350100M000100Y43"'],
  ['code', '91350100M000100Y4"'],
  ['code', '="91350100M000100Y43'],
  ['legal_persona_wechat', '"example_wx1"'],
  ['legal_persona_name', '"张示一'],
])('a quotation mark is no part of a %s: %s', (field, cell) => {
  const { merchant, problems } = check({ [field]: cell });
  expect(merchant).toBeUndefined();
  expect(problems.filter(({ severity }) => severity === 'error').map(({ code }) => code)).toEqual([
    'sheet:quotation_mark',
  ]);
});

test('a resident ID in quotation marks is one all the same', () => {
  expect(codesOf(check({ code: `"${RESIDENT}" `, code_type: '' }))).toContain('sheet:code_resident_id');
});

test.each(['福州“示例”餐饮店', '示例"甲"公司', '示例"甲"和"乙"公司'])(
  'quotation marks inside a name are a part of it: %s',
  (name) => {
    expect(check({ name })).toMatchObject({ merchant: { name }, problems: [] });
  },
);

describe('hyphens in a code', () => {
  test('belong before the last character of an organisation code', () => {
    expect(check({ code: 'D2143569-X', code_type: '' })).toMatchObject({
      merchant: { code: 'D2143569-X' },
      problems: [],
    });
  });

  test.each([
    ['9135-0100M000100Y43', '91350100M000100Y43'],
    ['91350100-M000100Y4-3', '91350100M000100Y43'],
    ['9135—0100—M000100Y43', '91350100M000100Y43'],
    ['110108-000000016', '110108000000016'],
    ['D214-3569X', 'D2143569-X'],
    ['D2143569-X-', 'D2143569-X'],
  ])('make no difference elsewhere, and it is said: %s', (code, sent) => {
    const { merchant, problems } = check({ code, code_type: '' });
    expect(merchant?.code).toBe(sent);
    expect(problems.at(-1)).toMatchObject({ code: 'sheet:hyphens_repaired', severity: 'warning', cell: 'B17' });
  });

  test('hide no character that a code does not have', () => {
    expect(check({ code: '9135-0100MO00100Y43', code_type: '' }).problems).toContainEqual(
      expect.objectContaining({ code: 'sheet:code_alphabet', detail: 'O' }),
    );
  });
});

test('a code that became a date is said to be one, and is the operator’s', () => {
  for (const code of ['1933-10-18', '1933-10-18T12:00:00']) {
    expect(check({ code }).problems).toMatchObject([{ code: 'sheet:code_date', cell: 'B17' }]);
  }
  expect(PROBLEMS['sheet:code_date'].who).toBe('us');
});

describe('a code that is not as long as any', () => {
  test('is named with its length', () => {
    expect(check({ code: '91350100M000100Y4' }).problems).toMatchObject([{ code: 'sheet:code_length', detail: '17' }]);
    expect(check({ code: '1234。' }).problems).toMatchObject([{ code: 'sheet:code_length', detail: '5' }]);
  });

  const missing = (code: string) => check({ code, code_type: '' }).problems;
  const lacksItsZero = { code: 'sheet:code_leading_zero', cell: 'B17' };

  test('may have lost the zeros before it, where its check digit says so', () => {
    const licence = `01010800000001${licenceCheck('01010800000001')}`;
    expect(missing(licence.slice(1))).toMatchObject([{ ...lacksItsZero, detail: '14' }]);
    expect(missing('000000019'.slice(1))).toMatchObject([{ ...lacksItsZero, detail: '8' }]);
    expect(missing('000000019'.slice(3))).toMatchObject([{ ...lacksItsZero, detail: '6' }]);
  });

  test('has lost none where its check digit does not, or Excel would not have taken it for a number', () => {
    const other = (digit: string) => String((Number(digit) + 1) % 10);
    const licence = `1010800000001${other(licenceCheck('01010800000001'))}`;
    expect(missing(licence)).toMatchObject([{ code: 'sheet:code_length', detail: '14' }]);
    expect(missing('00000018')).toMatchObject([{ code: 'sheet:code_length', detail: '8' }]);
    const letters = `A214356${organisationCheck('0A214356')}`;
    expect(missing(letters)).toMatchObject([{ code: 'sheet:code_length', detail: '8' }]);
  });

  test('has decimals only where they are zeros', () => {
    expect(missing('110108000000016.00')).toMatchObject([{ code: 'sheet:code_decimal' }]);
    expect(missing('110108000000016.')).toMatchObject([{ code: 'sheet:code_decimal' }]);
    expect(missing('110108000000016.5')).not.toMatchObject([{ code: 'sheet:code_decimal' }]);
  });
});

describe('what is repaired is sent repaired, and said', () => {
  test.each([
    ['code', '　９１３５０１００Ｍ０００１００Ｙ４３\u200b', 'code', '91350100M000100Y43'],
    ['code', "'91350100m000100y43", 'code', '91350100M000100Y43'],
    ['legal_persona_wechat', 'ｅｘａｍｐｌｅ＿ｗｘ１', 'legalPersonaWechat', 'example_wx1'],
    ['component_phone', '（０５９２）０００ ００００', 'componentPhone', '(0592)0000000'],
    ['component_phone', '0592—0000000', 'componentPhone', '0592-0000000'],
    ['name', '\u3000示例甲\u200b贸易有限公司 ', 'name', '示例甲贸易有限公司'],
    ['code_type', ' １', 'codeType', 1],
    ['code', "''91350100M000100Y43", 'code', '91350100M000100Y43'],
    ['code', '‘91350100M000100Y43', 'code', '91350100M000100Y43'],
    ['legal_persona_wechat', "' example_wx1", 'legalPersonaWechat', 'example_wx1'],
  ] as const)('%s %j', (field, cell, key, sent) => {
    const checked = check({ [field]: cell });
    expect(checked.merchant?.[key]).toBe(sent);
    expect(checked.problems.length).toBeGreaterThan(0);
    expect(checked.problems.every(({ severity }) => severity === 'warning')).toBe(true);
  });

  test('and nothing is said that was not repaired', () => {
    expect(codesOf(check({ code: "' 91350100M000100Y43" }))).toEqual(['sheet:leading_apostrophe']);
    expect(codesOf(check({ code: '‘91350100M000100Y43' }))).toEqual([
      'sheet:full_width_repaired',
      'sheet:leading_apostrophe',
    ]);
    expect(codesOf(check({ legal_persona_name: ' 张示一' }))).toEqual(['sheet:spaces_repaired']);
    expect(codesOf(check({ name: ' \u3000' }))).toEqual(['sheet:name_missing']);
    expect(codesOf(check({ code_type: ' ' }))).toEqual([]);
    expect(codesOf(check({ code: '91a50100m000100y43' }))).toEqual(['sheet:code_shape']);
  });

  test('spaces within a Weixin ID are not for us to take out', () => {
    expect(codesOf(check({ legal_persona_wechat: 'example wx1' }))).toEqual(['sheet:wechat_shape']);
  });

  test('an organisation code is sent with its hyphen, which is no repair', () => {
    const checked = check({ code: 'D2143569X', code_type: '' });
    expect(checked).toMatchObject({ merchant: { code: 'D2143569-X', codeType: 2 }, problems: [] });
  });

  test('a name keeps its width, its brackets and its inner spaces', () => {
    const name = 'ＡＢＣ（示例） Trading Co., Ltd.';
    expect(check({ name })).toMatchObject({ merchant: { name }, problems: [] });
  });

  test('² and ① are not taken for digits', () => {
    expect(codesOf(check({ code: '91350100M00010²Y43' }))).toEqual(['sheet:code_alphabet']);
  });
});

describe('a sole trader without a trade name', () => {
  const nextOf = (row: Case) => nextStepsOf(check({ code: SOLE_TRADER, ...row }).problems)[0];

  test.each(['', '无', ' 無 ', '无字号', '*****', '＊＊＊＊＊', '-', '—', '/', '个体户', '（无）', 'N/A'])(
    'with %j for a name is an error, and what to type is said to the letter',
    (name) => {
      const checked = check({ code: SOLE_TRADER, name });
      expect(codesOf(checked).filter((code) => code !== 'sheet:spaces_repaired')).toEqual(['sheet:name_sole_trader']);
      expect(checked.merchant).toBeUndefined();
      expect(nextOf({ name })?.en).toMatch(/without a space: 个体户张示一\.$/);
      expect(nextOf({ name })?.zh).toMatch(/中间不加空格：个体户张示一。$/);
    },
  );

  test('typed so, is sent so', () => {
    const checked = check({ code: SOLE_TRADER, name: '个体户张示一' });
    expect(checked).toMatchObject({ merchant: { name: '个体户张示一' }, problems: [] });
  });

  test('gets the advice where the code is a licence number of a sole trader, or written in groups', () => {
    const first14 = '11010860000001';
    const licence = { code: first14 + licenceCheck(first14), code_type: '3' };
    expect(codesOf(check({ name: '无', ...licence }))).toEqual(['sheet:name_sole_trader']);
    const grouped = `${SOLE_TRADER.slice(0, 4)} ${SOLE_TRADER.slice(4)}`;
    expect(codesOf(check({ name: '无', code: grouped }))).toContain('sheet:name_sole_trader');
  });

  test('gets it under the successor too, where a sheet need not name the legal person', () => {
    const row = { name: '无', legal_persona_wechat: '', needs: SUCCESSOR };
    expect(nextOf(row)?.en).toMatch(/个体户张示一\.$/);
    expect(nextOf({ ...row, legal_persona_name: '' })?.en).toMatch(
      /write 个体户 and the legal person's name, without a space: 个体户…\.$/,
    );
    const narrow = readHeadings(['name', 'code', 'component_phone']).layout;
    const cells = ['*****', SOLE_TRADER, GOOD.component_phone];
    expect(codesOf(checkRow({ line: 17, row: 17, cells }, narrow, SUCCESSOR))).toEqual(['sheet:name_sole_trader']);
  });

  test('is shown no more of the cell of the legal person than a name', () => {
    for (const legal_persona_name of [RESIDENT, `张示一${RESIDENT}`, '13800000000', '无', '张示一，李示二']) {
      const checked = check({ code: SOLE_TRADER, name: '', legal_persona_name });
      expect(JSON.stringify(checked.problems)).not.toMatch(/\d{6}/);
      expect(checked.problems[0]).not.toHaveProperty('detail');
    }
  });

  test('another enterprise always has a name', () => {
    expect(codesOf(check({ name: '无' }))).toEqual(['sheet:name_missing']);
    expect(codesOf(check({ name: '*****' }))).toEqual(['sheet:name_shape']);
    expect(codesOf(check({ name: '' }))).toEqual(['sheet:name_missing']);
    expect(codesOf(check({ name: '无', code: '110108000000016', code_type: '3' }))).toEqual(['sheet:name_missing']);
  });

  test.each(['无锡示例甲有限公司', '空山示例茶馆', '个体户示例小吃店'])('%s is a name', (name) => {
    expect(check({ name, code: SOLE_TRADER })).toMatchObject({ merchant: { name }, problems: [] });
  });
});

describe('of a name', () => {
  test('rare characters are Chinese', () => {
    expect(check({ name: '\u{20bb7}\u3402' })).toMatchObject({ merchant: { name: '\u{20bb7}\u3402' }, problems: [] });
  });

  test.each(['#示例有限公司', '=甲乙', '=“甲”乙'])('%s is one', (name) => {
    expect(check({ name })).toMatchObject({ merchant: { name }, problems: [] });
  });

  test('that a legal person has, the width of brackets is no concern, but something of it must be a letter', () => {
    expect(codesOf(check({ legal_persona_name: '张示一(甲)' }))).toEqual(['sheet:persona_marks']);
    expect(check({ legal_persona_name: '……' }).problems).toMatchObject([{ code: 'sheet:name_shape', cell: 'E17' }]);
  });
});

describe('the dot in a name', () => {
  const persona = (legal_persona_name: string) => check({ legal_persona_name });

  test('of the registry (U+00B7) is sent as it is, in any name', () => {
    expect(persona('阿示\u00b7甲乙')).toMatchObject({ merchant: { legalPersonaName: '阿示\u00b7甲乙' }, problems: [] });
    expect(check({ name: '示例\u00b7甲有限公司' }).problems).toEqual([]);
  });

  test.each(['•', '・', '･', '‧', '∙', '⋅', '●', '\u0387', '．', '.', '。', '｡', ' · ', '\u3000•\u3000', ' .'])(
    'of a legal person is read as · where it was written %j, and that is said',
    (dot) => {
      const checked = persona(`阿示${dot}甲乙${dot}丙`);
      expect(checked.merchant?.legalPersonaName).toBe('阿示\u00b7甲乙\u00b7丙');
      expect(codesOf(checked)).toEqual(['sheet:name_dot_repaired']);
    },
  );

  test.each(['J. Smith', 'JOHN A.B. SMITH', '张示一.', '•张示一', '张示一3.5'])(
    'is no dot of a name in %j: nothing is changed',
    (name) => expect(persona(name).merchant?.legalPersonaName).toBe(name),
  );

  test('of an enterprise is reported, not changed, unless the name is a person’s', () => {
    const enterprise = check({ name: '示例•甲有限公司' });
    expect(enterprise.merchant?.name).toBe('示例•甲有限公司');
    expect(codesOf(enterprise)).toEqual(['sheet:name_dot']);
    const trader = check({ name: '个体户阿示•甲乙', code: SOLE_TRADER });
    expect(trader.merchant?.name).toBe('个体户阿示\u00b7甲乙');
    expect(codesOf(trader)).toEqual(['sheet:name_dot_repaired']);
  });

  test('a date is no phone', () => {
    expect(codesOf(check({ component_phone: '2161-09-15' }))).toEqual(['sheet:phone_shape']);
    expect(codesOf(check({ component_phone: '0592-12-345678' }))).toEqual([]);
  });

  test('spaces between Chinese characters are left out of a person’s name, and of no other', () => {
    const spaced = check({ legal_persona_name: '张　 三' });
    expect(spaced.merchant?.legalPersonaName).toBe('张三');
    expect(codesOf(spaced)).toEqual(['sheet:name_space_repaired']);
    expect(check({ legal_persona_name: '欧阳 锋' }).merchant?.legalPersonaName).toBe('欧阳锋');
    expect(check({ legal_persona_name: '示 例 甲' }).merchant?.legalPersonaName).toBe('示例甲');
    expect(check({ legal_persona_name: '阿示甲 乙丙' }).merchant?.legalPersonaName).toBe('阿示甲 乙丙');
    expect(check({ legal_persona_name: 'Zhang San' }).merchant?.legalPersonaName).toBe('Zhang San');
    expect(check({ name: '示例 有限公司' }).merchant?.name).toBe('示例 有限公司');
  });

  test('is · also in the name that a sole trader is advised to type', () => {
    const { problems } = check({ name: '无', code: SOLE_TRADER, legal_persona_name: '阿示•甲乙' });
    expect(nextStepsOf(problems)[0]?.zh).toContain('个体户阿示\u00b7甲乙。');
  });

  test('changes no letter and no digit, wherever dots and spaces stand', () =>
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('阿', '乙', 'A', 'b', '3', ' ', '\u3000', '·', '•', '・', '.', '。', '．'), {
          maxLength: 20,
        }),
        (characters) => {
          const name = characters.join('').trim();
          const sent = persona(name).merchant?.legalPersonaName ?? name;
          expect(sent.match(/[\p{L}\p{N}]/gu)).toEqual(name.match(/[\p{L}\p{N}]/gu));
          expect(persona(sent).merchant?.legalPersonaName ?? sent).toBe(sent);
        },
      ),
    ));
});

describe('what the registration API needs', () => {
  test('the successor asks for no legal person', () => {
    const row = { legal_persona_wechat: '', legal_persona_name: '', needs: SUCCESSOR };
    expect(check(row)).toMatchObject({ merchant: { legalPersonaWechat: '' }, problems: [] });
    expect(requiredFields(SUCCESSOR)).toEqual(['name', 'code']);
    expect(requiredFields(NEEDS)).toEqual(['name', 'code', 'legal_persona_wechat', 'legal_persona_name']);
    const named = { legal_persona_wechat: ' example_wx1', legal_persona_name: '张示一 ', needs: SUCCESSOR };
    expect(check(named).merchant).toMatchObject({ legalPersonaWechat: 'example_wx1', legalPersonaName: '张示一' });
  });

  test('a row may lack its phone where the API takes it without', () => {
    const checked = check({ component_phone: '', needs: { ...NEEDS, phone: false } });
    expect(checked).toMatchObject({ merchant: { componentPhone: '' }, problems: [] });
  });

  test('a row without a phone takes the default', () => {
    const needs = { ...NEEDS, defaultPhone: '4000000000' };
    expect(check({ component_phone: '', needs }).merchant?.componentPhone).toBe('4000000000');
  });

  test('a sheet without the column of what is missing names the row', () => {
    const narrow = readHeadings(FIELDS.slice(0, 5)).layout;
    const cells = FIELDS.slice(0, 5).map((field) => GOOD[field]);
    const [problem] = checkRow({ line: 19, row: 17, cells }, narrow, NEEDS).problems;
    expect(problem && problemReason(problem).en).toMatch(/^Row 17: /);
  });
});

test.each([
  '13800000000',
  '+8613800000000',
  '010-00000000',
  '0592-0000000-801',
  '4000000000',
  '95000',
  '(0592)0000000',
])('%s is a phone number', (component_phone) =>
  expect(check({ component_phone })).toMatchObject({ merchant: { componentPhone: component_phone }, problems: [] }),
);

describe('of a cell', () => {
  test.each([
    ['a formula that failed', { code: '#REF!' }],
    ['a formula that failed', { legal_persona_wechat: '#n/a' }],
    ['a formula that failed', { component_phone: '#DIV/0!' }],
    ['a formula without a result', { legal_persona_name: '', row: { uncomputed: [4] } }],
    ['the value of a merged cell above', { code_type: '', row: { merged: [2] } }],
  ])('nothing is said but what it has: %s', (_, row) => {
    expect(codesOf(check(row)).join()).toMatch(/^sheet:(formula_failed|formula_without_result|cell_merged)$/);
  });

  test('a formula that failed is named as it stands, without the spaces around it', () => {
    expect(check({ code: '#N/A ' }).problems).toMatchObject([{ code: 'sheet:formula_failed', detail: '#N/A' }]);
  });

  test('of a column that the API in use does not need, a failed formula is of no account', () => {
    expect(codesOf(check({ legal_persona_wechat: '#N/A', needs: SUCCESSOR }))).toEqual([]);
  });

  test('what stood in ="…" is sent, and not the formula', () => {
    const { merchant } = check({
      name: '="示例""甲""有限公司"',
      code: '="91350100M000100Y43"',
      component_phone: '="05920"',
    });
    expect(merchant).toMatchObject({ name: '示例"甲"有限公司', code: '91350100M000100Y43', componentPhone: '05920' });
  });

  test.each([
    ["91350100M000100Y43'", "'"],
    ['“91350100M000100Y43”', '“'],
    ['91350100M000100Y43。', '。'],
    ['代码：91350100M000100Y43', '代'],
  ])('what stands around the code is named: %s', (code, strange) => {
    expect(check({ code }).problems).toMatchObject([
      ...(strange === '代' ? [{ code: 'sheet:full_width_repaired' }] : []),
      { code: 'sheet:code_alphabet', cell: 'B17', detail: strange },
    ]);
  });

  test.each([
    ['1380013800', '10'],
    ['138001380000', '12'],
  ])('%s is a mobile number of %s digits', (component_phone, digits) => {
    expect(check({ component_phone }).problems).toMatchObject([
      { code: 'sheet:phone_mobile_length', cell: 'F17', detail: digits },
    ]);
  });

  test.each(['微信13800000000', '13800000000微信'])('%s is no phone in the place of a Weixin ID', (wechat) => {
    expect(codesOf(check({ legal_persona_wechat: wechat }))).toEqual(['sheet:wechat_shape']);
  });

  test.each(['13800138000', '010-12345678', '10012345678', '4000000000', '12315'])(
    '%s is no mobile number cut short',
    (component_phone) => {
      expect(codesOf(check({ component_phone }))).not.toContain('sheet:phone_mobile_length');
    },
  );
});

describe('a person’s ID in a column that is not for codes', () => {
  const grouped = `${RESIDENT.slice(0, 6)} ${RESIDENT.slice(6, 14)} ${RESIDENT.slice(14)}`;
  test.each([
    ['the name', { name: RESIDENT }, 'A17'],
    ['the name, among other words', { name: `个体户张示一（${RESIDENT}）` }, 'A17'],
    ['the code type', { code_type: RESIDENT }, 'C17'],
    ['the Weixin ID', { legal_persona_wechat: RESIDENT }, 'D17'],
    ["the legal person's name", { legal_persona_name: `张示一 ${RESIDENT}` }, 'E17'],
    ['the phone', { component_phone: RESIDENT }, 'F17'],
    ['the phone, in groups', { component_phone: grouped }, 'F17'],
  ])('is found: %s', (_, cells, cell) => {
    const checked = check(cells);
    expect(checked.problems).toContainEqual(expect.objectContaining({ code: 'sheet:resident_id', cell }));
    expect(checked.merchant).toBeUndefined();
    expect(codesOf(checked).filter((code) => code !== 'sheet:spaces_repaired')).toHaveLength(1);
  });

  test('is found also where it has 15 digits', () => {
    expect(codesOf(check({ legal_persona_wechat: OLD_RESIDENT }))).toEqual(['sheet:old_resident_id']);
    expect(codesOf(check({ name: OLD_RESIDENT }))).toEqual(['sheet:old_resident_id']);
    expect(codesOf(check({ component_phone: `${OLD_RESIDENT} ` }))).toContain('sheet:old_resident_id');
  });

  test.each([
    ['0755-86140101-1234'],
    ['13800090 0101 123'],
    ['13000090010-1123'],
    ['4008001234-12345'],
    ['008613800000000'],
  ])('a long phone is none: %s', (component_phone) => {
    expect(codesOf(check({ component_phone })).filter((code) => /resident/.test(code))).toEqual([]);
  });
});

describe('15 digits in the column of codes', () => {
  const withCheck = (body: string) => body + licenceCheck(body);

  test('are a licence number where the check digit fits, whatever stands in their middle', () => {
    expect(codesOf(check({ code: withCheck('11000090010100'), code_type: '3' }))).toEqual([]);
  });

  test('are a mistyped or an old licence number where nothing in their middle is a birthday', () => {
    expect(codesOf(check({ code: '110108000000017', code_type: '3' }))).toEqual(['sheet:code_check_digit']);
    // No province begins with 16.
    expect(codesOf(check({ code: '160000900101000', code_type: '3' }))).toEqual(['sheet:code_check_digit']);
  });

  test('that have both a birthday and no check digit are no code, and what to do is right for either', () => {
    const [problem] = check({ code: OLD_RESIDENT, code_type: '3' }).problems;
    expect(problem?.code).toBe('sheet:code_old_resident_id');
    expect(problem && problemWords(problem).en).toMatch(/If it is one.*18-character code/);
  });
});

test('a resident ID is never repeated, whatever was done to it', () => {
  const wide = [...RESIDENT].map((digit) => String.fromCharCode(digit.charCodeAt(0) + 0xfee0)).join('');
  const forms = [
    RESIDENT,
    `'${RESIDENT}`,
    `${RESIDENT.slice(0, 6)} ${RESIDENT.slice(6)}`,
    wide,
    RESIDENT.toLowerCase(),
  ];
  for (const code of forms) {
    const checked = check({ code, name: '' });
    expect(codesOf(checked)).toContain('sheet:code_resident_id');
    expect(
      JSON.stringify(checked.problems.map((problem) => problemWords(problem))) + JSON.stringify(checked),
    ).not.toMatch(/\d{6}|[０-９]{6}/);
  }
  const cutByExcel = check({ code: '1.1000019900101E+17', name: '' });
  expect(JSON.stringify(cutByExcel)).not.toContain('1990');
});

test.each([RESIDENT, OLD_RESIDENT])(
  'the mask that a report has in its place is still a resident ID in the next upload',
  (id) => {
    const inTheReport = withoutResidentId(id);
    expect(inTheReport).not.toBe(id);
    expect(codesOf(check({ code: inTheReport }))).toEqual(['sheet:code_resident_id']);
  },
);

test('any cells whatever give an answer, and a problem wherever there is no merchant', () =>
  fc.assert(
    fc.property(fc.array(fc.string({ unit: ANY_CHARACTER }), { maxLength: 9 }), (cells) => {
      const checked = checkRow({ line: 2, row: 2, cells }, layout, NEEDS);
      expect(checked.merchant === undefined).toBe(checked.problems.some(({ severity }) => severity === 'error'));
    }),
  ));

describe("the user's own columns of contacts", () => {
  const { layout: wide } = readHeadings([...FIELDS, '联系人电话', '备注', 'Mobile']);
  const checkContact = (contact: string, mobile = '', note = '1.38E+10') =>
    checkRow({ line: 17, row: 17, cells: [...FIELDS.map((field) => GOOD[field]), contact, note, mobile] }, wide, NEEDS);

  test.each(['', '王经理 13800000000', '＋86 138－0000－0000', '0592-0000000', '10086', '4 楼 12 室'])(
    'with %s have no problem',
    (contact) => {
      expect(checkContact(contact).problems).toEqual([]);
    },
  );

  test.each(['1.38E+10', '1.38e10', '王经理 1.38E+10', '王经理：１．３８Ｅ＋１０', '="1.38E+10"'])(
    'are damaged with %s: it is said at the cell, and the row is sent',
    (contact) => {
      expect(checkContact(contact)).toMatchObject({
        merchant: { name: GOOD.name },
        problems: [{ code: 'sheet:contact_damaged', severity: 'warning', cell: 'G17' }],
      });
      expect(checkContact('', contact).problems).toMatchObject([{ code: 'sheet:contact_damaged', cell: 'I17' }]);
    },
  );

  test.each(['李 1380000000', '="1380000000"', "'1380000000"])(
    'have a mobile number with a digit too few named: %s',
    (contact) => {
      expect(checkContact(contact).problems).toMatchObject([
        { code: 'sheet:phone_mobile_length', severity: 'warning', cell: 'G17', detail: '10' },
      ]);
    },
  );

  test('have a problem at each damaged cell of a row, and one at a cell with two damaged numbers', () => {
    const { problems } = checkContact('1.38E+10 1.37E+10', '1.39E+10');
    expect(problems.map(({ cell, detail }) => [cell, detail])).toEqual([
      ['G17', '1.38E+10'],
      ['I17', '1.39E+10'],
    ]);
  });

  test('are none of ours, and none of an earlier report', () => {
    const { layout: ours } = readHeadings(['name', 'code', '客服电话', 'registration_id', '联系人']);
    expect(ours.contacts).toEqual([4]);
    expect(readHeadings(['name', 'code', '客服电话']).layout.contacts).toBeUndefined();
  });
});

describe('why a row was refused', () => {
  const problem = (code: ProblemCode) => ({ code, cell: 'B17', detail: '7' });
  const said = (...codes: ProblemCode[]) => refusalReasons(codes.map(problem)).map(({ zh }) => zh);

  test('is its errors; of the warnings only those that call for something, behind them', () => {
    expect(said('sheet:full_width_repaired', 'sheet:code_length')).toEqual([expect.stringContaining('位')]);
    const reasons = said('sheet:half_width_brackets', 'sheet:spaces_repaired', 'sheet:code_length');
    expect(reasons).toEqual([
      expect.stringContaining('代码有 7 位'),
      '另请留意：',
      expect.stringContaining('半角括号'),
    ]);
  });

  test('is each warning where warnings hold it back', () => {
    const reasons = said('sheet:held_back', 'sheet:spaces_repaired', 'sheet:half_width_brackets');
    expect(reasons).toHaveLength(3);
    expect(reasons).not.toContain('另请留意：');
  });
});
