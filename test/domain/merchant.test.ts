import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ALL_DETAILS,
  type DetailField,
  differingDetails,
  enterpriseOf,
  identifyWith,
  isIdentity,
  listOfDetails,
  type Merchant,
  nameKey,
  personOf,
} from '../../src/domain/merchant.js';
import { merchant } from '../support/merchants.js';

const one = merchant(1, 'ok', { name: '虚构餐饮（第1号）有限公司', legalPersonaWechat: 'Wei-Xin_1' });

describe('two rows of one enterprise say the same', () => {
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
    ['the organisation code instead of the credit code', { code: one.code.slice(8, 17) }],
    ['a blank Weixin ID', { legalPersonaWechat: '' }],
    ['a blank name of the legal person', { legalPersonaName: '' }],
  ];

  test.each(SAME)('although there is %s', (_, changes) => {
    expect(differingDetails(one, { ...one, ...changes }, ALL_DETAILS)).toEqual([]);
    expect(differingDetails({ ...one, ...changes }, one, ALL_DETAILS)).toEqual([]);
  });
});

describe('two rows of one enterprise say something else', () => {
  const DIFFERENT: readonly (readonly [DetailField, string])[] = [
    ['name', '虚构餐饮（第2号）有限公司'],
    ['legalPersonaWechat', 'Wei-Xin_2'],
    ['legalPersonaName', '虚构某'],
  ];

  test.each(DIFFERENT)('where %s differs', (field, value) => {
    expect(differingDetails(one, { ...one, [field]: value }, ALL_DETAILS)).toEqual([field]);
  });

  test('and only what the registration API sends is compared', () => {
    const other = { ...one, legalPersonaWechat: 'somebody_else', legalPersonaName: '他人' };
    expect(differingDetails(one, other, ['name'])).toEqual([]);
    expect(listOfDetails(differingDetails(one, other, ALL_DETAILS))).toEqual({
      en: "the legal person's Weixin ID, the legal person's name",
      zh: '法人微信号、法人姓名',
    });
  });

  test('when a hyphen of the Weixin ID differs: it is part of it', () => {
    expect(personOf('wei-xin_1')).not.toBe(personOf('weixin_1'));
  });
});

test.each(['•', '・', '･', '‧', '∙', '．', '.', '\u0387', ' · '])(
  'the dot in a name is the same one, written %j or · (U+00B7): of the legal person, and of an enterprise in WeChat’s list',
  (dot) => {
    const [with_, other] = [dot, '\u00b7'].map((it) => ({ ...one, legalPersonaName: `虚${it}构人` }));
    expect(differingDetails(with_ as Merchant, other as Merchant, ALL_DETAILS)).toEqual([]);
    expect(nameKey(`个体户虚${dot}构人`)).toBe(nameKey('个体户虚\u00b7构人'));
    expect(nameKey(`个体户虚${dot}构人`)).not.toBe(nameKey('个体户虚构人'));
  },
);

describe('an enterprise', () => {
  const identify = identifyWith('a key');

  test('is one enterprise in lower case, with spaces, and full-width', () => {
    expect(identify(` ${one.code.toLowerCase()} `)).toBe(identify(one.code));
    expect(identify(one.code.replace('9', '９'))).toBe(identify(one.code));
    expect(identify(one.code)).not.toBe(identify(merchant(2).code));
  });

  test('is the same by its organisation code, with and without the hyphen, which its credit code contains', () => {
    const organisation = one.code.slice(8, 17);
    expect(identify(organisation)).toBe(identify(one.code));
    expect(identify(`${organisation.slice(0, 8)}-${organisation.slice(8)}`)).toBe(identify(one.code));
    expect(enterpriseOf('D2143569-X')).toBe(enterpriseOf('d2143569x'));
  });

  test('cannot be known by a licence number', () => {
    expect(identify('110108000000016')).not.toBe(identify(one.code));
    expect(enterpriseOf('110108000000016')).toBe('110108000000016');
  });

  test('has another id in another ledger, so that its code cannot be found by trying all codes', () => {
    expect(identifyWith('another key')(one.code)).not.toBe(identify(one.code));
    expect(identifyWith('a key')(one.code)).toBe(identify(one.code));
  });

  test('has an id that is safe in a key, a job id, a file name and a spreadsheet: sixteen letters and digits', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (code) => {
        expect(identify(code)).toMatch(/^[a-z2-7]{16}$/);
      }),
    );
  });

  test('shares its id with none of thousands', () => {
    expect(new Set(Array.from({ length: 2_000 }, (_, number) => identify(merchant(number).code))).size).toBe(2_000);
  });
});

test('one person is one person, in whatever case the Weixin ID is written', () => {
  expect(personOf('Wei-Xin_1')).toBe(personOf('wei-xin_1'));
});

describe('the id of an enterprise', () => {
  const code = '91350100M000100Y43';

  test('is the first 80 bits of an HMAC of its organisation code, in base32', () => {
    const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
    fc.assert(
      fc.property(fc.string(), (ledgerKey) => {
        const bits = createHmac('sha256', ledgerKey).update('m000100y4').digest('hex').slice(0, 20);
        const digits = BigInt(`0x${bits}`).toString(32).padStart(16, '0');
        const id = [...digits].map((digit) => ALPHABET[Number.parseInt(digit, 32)]).join('');
        expect(identifyWith(ledgerKey)(code)).toBe(id);
      }),
    );
  });

  test('is distinguished from other texts', () => {
    const id = identifyWith('key')(code);
    expect(isIdentity(id)).toBe(true);
    for (const text of [`x${id}`, `${id}x`, id.slice(1), id.toUpperCase(), `${id.slice(1)}1`, '', code]) {
      expect(isIdentity(text)).toBe(false);
    }
  });
});
