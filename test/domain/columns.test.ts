import { describe, expect, test } from 'vitest';
import {
  COLUMNS,
  columnLetters,
  FIELDS,
  REPORT_COLUMNS,
  REPORT_HEADINGS,
  readHeadings,
} from '../../src/domain/columns.js';
import { OUTCOMES } from '../../src/domain/outcomes.js';
import { ACTORS } from '../../src/domain/words.js';
import { TODO_HEADINGS } from '../../src/reporter/todo.js';

describe('a heading', () => {
  test.each(
    FIELDS.flatMap((field) =>
      [field, ...COLUMNS[field].aliases, ...COLUMNS[field].lesser].map((heading) => [heading, field] as const),
    ),
  )('%s is %s', (heading, field) => expect(readHeadings([heading]).layout.columns[field]).toBe(0));

  test.each([
    ['企业名称*（必填）', 'name'],
    [' 企业 名称 ', 'name'],
    ['\ufeffＮＡＭＥ', 'name'],
    ['Legal Persona WeChat', 'legal_persona_wechat'],
    ['Legal-Persona-Name*', 'legal_persona_name'],
    ['统一社会信用代码\n【18位】', 'code'],
    ['企业代码 / 统一社会信用代码', 'code'],
    ['法定代表人姓名', 'legal_persona_name'],
    ['法定代表人微信号（必填）', 'legal_persona_wechat'],
    ['法人代表微信号', 'legal_persona_wechat'],
    ['社会统一信用代码', 'code'],
    ['公司名', 'name'],
    ['法人微信号：', 'legal_persona_wechat'],
    ['企业名称 name', 'name'],
    ['统一社会信用代码\ncode', 'code'],
    ['法人姓名　legal_persona_name', 'legal_persona_name'],
  ] as const)('%j is %s', (heading, field) => expect(readHeadings([heading]).layout.columns[field]).toBe(0));

  test('that other sheets have for something close to it counts where no other heading means the field', () => {
    const { layout, clashes } = readHeadings(['商户名称', '企业名称', '营业执照号', '统一社会信用代码']);
    expect([layout.columns.name, layout.columns.code, clashes]).toEqual([1, 3, []]);
    expect(layout.carried).toEqual([0, 1, 2, 3]);
    expect(readHeadings(['商户名称', '单位名称']).clashes).toEqual([{ fields: ['name'], columns: [0, 1] }]);
  });

  test.each(['税号', '企业', '法人', '备注', 'names', '企业名称 备注', '法人姓名/备注', ''])(
    '%j is a column of the sheet’s own',
    (heading) => expect(readHeadings([heading])).toMatchObject({ found: 0, clashes: [] }),
  );
});

describe('headings that cannot be distinguished', () => {
  test('two that mean one field', () =>
    expect(readHeadings(['企业名称', '备注', '公司名称']).clashes).toEqual([{ fields: ['name'], columns: [0, 2] }]));

  test('a heading with two meanings', () =>
    expect(readHeadings(['企业名称/企业代码']).clashes).toEqual([{ fields: ['name', 'code'], columns: [0] }]));
});

test('the columns of an earlier report are not carried, all others are', () => {
  const headings = ['store', 'name', '', 'code', ...REPORT_COLUMNS];
  expect(readHeadings(headings).layout).toMatchObject({ carried: [0, 1, 2, 3], width: headings.length });
});

describe('the Chinese headings of a report', () => {
  const report = REPORT_COLUMNS.map((column) => REPORT_HEADINGS[column].zh);
  const carried = (headings: readonly string[]) => readHeadings(headings).layout.carried.map((at) => headings[at]);

  test('are not carried, nor where a column was put between them or taken out', () => {
    expect(carried(['企业名称', '代码', ...report])).toEqual(['企业名称', '代码']);
    const edited = [...report.slice(0, 4), '跟进人', ...report.slice(6)];
    expect(carried(['企业名称', ...edited, '备注'])).toEqual(['企业名称', '跟进人', '备注']);
  });

  test('are a user’s own where there is no registration_id', () => {
    const headings = ['企业名称', '代码', '原因', '批次', '结果', '行号'];
    expect(carried(headings)).toEqual(headings);
  });

  test('are a user’s own where the report has its own beside them, in either language', () => {
    const own = ['企业名称', '批次', '原因', '结果', '行号'];
    expect(carried([...own, ...report])).toEqual(own);
    expect(carried([...own, ...REPORT_COLUMNS])).toEqual(own);
    expect(carried([...report, ...own])).toEqual(own);
    expect(carried([...own.slice(0, 3), ...report.slice(2)])).toEqual(own.slice(0, 3));
  });
});

test('headings, outcomes and who-acts of reports and lists read in both languages', () => {
  for (const table of [REPORT_HEADINGS, TODO_HEADINGS]) {
    for (const [column, { en, zh }] of Object.entries(table)) {
      expect(en).toBe(column);
      expect(zh).toMatch(column === 'registration_id' ? /^registration_id$/ : /\p{Script=Han}/u);
    }
    expect(new Set(Object.values(table).map(({ zh }) => zh)).size).toBe(Object.keys(table).length);
  }
  for (const { en, zh } of [...Object.values(OUTCOMES), ...Object.values(ACTORS)]) {
    expect(en).toMatch(/^[a-z :-]+$/);
    expect(zh).toMatch(/^\p{Script=Han}+$/u);
  }
});

test.each([
  [0, 'A'],
  [25, 'Z'],
  [26, 'AA'],
  [701, 'ZZ'],
  [702, 'AAA'],
])('column %d is %s', (index, letters) => expect(columnLetters(index)).toBe(letters));

test('the notes of the template say what WeChat compares: registry, bank card, and whose Weixin ID it is', () => {
  const { name, legal_persona_name, legal_persona_wechat } = COLUMNS;
  expect(name.note.zh).toMatch(/工商登记.*“个体户”加法人姓名/);
  expect(name.note.en).toMatch(/business registry.*个体户 and the legal person's name/);
  expect(legal_persona_name.note.zh).toMatch(/工商登记.*银行卡/);
  expect(legal_persona_name.note.en).toMatch(/business registry.*bank card/);
  expect(legal_persona_wechat.note.zh).toMatch(/法人本人.*手机号或 QQ 号/);
});
