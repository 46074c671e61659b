import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { enterpriseOf, identityOf, type Merchant, nameKey, personOf } from '../../src/domain/merchant.js';
import { IDENTITY } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';

const one = merchant(1, 'ok', { name: '虚构餐饮（第1号）有限公司', legalPersonaWechat: 'Wei-Xin_1' });

describe('two rows name the same merchant', () => {
  // biome-ignore format: one line, one difference
  const SAME: readonly (readonly [string, Partial<Merchant>])[] = [
    ['full-width and half-width brackets', { name: '虚构餐饮(第1号)有限公司' }],
    ['full-width digits', { name: '虚构餐饮（第１号）有限公司' }],
    ['spaces around and inside the name', { name: ' 虚构餐饮 （第1号）　有限公司 ' }],
    ['zero-width characters in the name', { name: '虚构餐饮\u200b（第1号）\ufeff有限公司' }],
    ['a code in lower case', { code: one.code.toLowerCase() }],
    ['a Weixin ID in another case', { legalPersonaWechat: 'WEI-xin_1' }],
    ['a space inside the legal person’s name', { legalPersonaName: '虚 构人' }],
    ['another phone', { componentPhone: '01000000000' }],
    ['another code type', { codeType: 3 }],
  ];

  test.each(SAME)('although there is %s', (_, changes) => {
    expect(identityOf({ ...one, ...changes }, IDENTITY)).toBe(identityOf(one, IDENTITY));
  });

  test('with and without the hyphen of an organisation code', () => {
    const [with_, without] = ['D2143569-X', 'd2143569x'].map((code) => ({ ...one, code }));
    expect(identityOf(with_ as Merchant, IDENTITY)).toBe(identityOf(without as Merchant, IDENTITY));
    expect(enterpriseOf('D2143569-X')).toBe(enterpriseOf('d2143569x'));
  });
});

describe('two rows name different merchants', () => {
  const DIFFERENT: readonly (readonly [string, Partial<Merchant>])[] = [
    ['name', { name: '虚构餐饮（第2号）有限公司' }],
    ['code', { code: merchant(2).code }],
    ['Weixin ID', { legalPersonaWechat: 'Wei-Xin_2' }],
    ['legal person', { legalPersonaName: '虚构某' }],
  ];

  test.each(DIFFERENT)('when the %s differs', (_, changes) => {
    expect(identityOf({ ...one, ...changes }, IDENTITY)).not.toBe(identityOf(one, IDENTITY));
  });

  test('when a hyphen of the Weixin ID differs: it is part of it', () => {
    expect(personOf('wei-xin_1')).not.toBe(personOf('weixin_1'));
  });

  test('when text only moves from one field to the next', () => {
    const [left, right] = [
      { ...one, legalPersonaWechat: 'weixinab', legalPersonaName: 'c' },
      { ...one, legalPersonaWechat: 'weixina', legalPersonaName: 'bc' },
    ];
    expect(identityOf(left, IDENTITY)).not.toBe(identityOf(right, IDENTITY));
  });
});

test.each(['•', '・', '･', '‧', '∙', '．', '.', '\u0387', ' · '])(
  'the dot in a name is the same one, written %j or · (U+00B7): of the legal person, and of an enterprise in WeChat’s list',
  (dot) => {
    const [with_, other] = [dot, '\u00b7'].map((it) => ({ ...one, legalPersonaName: `虚${it}构人` }));
    expect(identityOf(with_ as Merchant, IDENTITY)).toBe(identityOf(other as Merchant, IDENTITY));
    expect(nameKey(`个体户虚${dot}构人`)).toBe(nameKey('个体户虚\u00b7构人'));
    expect(nameKey(`个体户虚${dot}构人`)).not.toBe(nameKey('个体户虚构人'));
  },
);

test('the successor knows a merchant by name and code only', () => {
  const other = { ...one, legalPersonaWechat: 'somebody_else', legalPersonaName: '他人' };
  expect(identityOf(other, ['name', 'code'])).toBe(identityOf(one, ['name', 'code']));
  expect(identityOf(other, IDENTITY)).not.toBe(identityOf(one, IDENTITY));
});

test('an identity is safe in a key, a job id, a file name and a spreadsheet: sixteen letters and digits', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (name, code) => {
      expect(identityOf({ ...one, name, code }, IDENTITY)).toMatch(/^[a-z2-7]{16}$/);
    }),
  );
});

test('an identity is never only digits in practice, and the same tomorrow', () => {
  expect(identityOf(one, IDENTITY)).toBe(identityOf(structuredClone(one), IDENTITY));
  expect(new Set(Array.from({ length: 2_000 }, (_, number) => identityOf(merchant(number), IDENTITY))).size).toBe(
    2_000,
  );
});

test('one enterprise is one enterprise, whoever its legal person is', () => {
  expect(enterpriseOf(one.code)).toBe(enterpriseOf(` ${one.code.toLowerCase()} `));
  expect(enterpriseOf(one.code)).not.toBe(enterpriseOf(merchant(2).code));
});

test('one person is one person, in whatever case the Weixin ID is written', () => {
  expect(personOf('Wei-Xin_1')).toBe(personOf('wei-xin_1'));
});
