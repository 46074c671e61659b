import fc from 'fast-check';
import { expect, test } from 'vitest';
import { residentCheck } from '../../src/domain/enterprise-code.js';
import { residentIdIn, withoutResidentId, withoutResidentIdsIn } from '../../src/domain/resident-id.js';

// 110000 is a whole city, which issues no IDs.
const BODY = '11000019900101000';
const ID = BODY + residentCheck(BODY);

test.each([
  ['as it is', ID],
  ['mistyped', `${BODY}${residentCheck(BODY) === '7' ? '8' : '7'}`],
  ['behind an apostrophe', `'${ID}`],
  ['in groups', `${ID.slice(0, 6)} ${ID.slice(6, 14)} ${ID.slice(14)}`],
  ['full-width', [...ID].map((digit) => String.fromCharCode(digit.charCodeAt(0) + 0xfee0)).join('')],
  ['with hyphens', `${ID.slice(0, 6)}-${ID.slice(6)}`],
  ['cut to 15 digits by Excel', `${ID.slice(0, 15)}000`],
  ['with a decimal point', `${ID.slice(0, 15)}000.0`],
])('%s, all that is left is its beginning and its end', (_, cell) => {
  expect(withoutResidentId(cell)).toMatch(/^110\*{13}[0-9X]{2}$/);
});

test("a workbook's own number of one keeps three digits", () => {
  expect(withoutResidentId('1.10000199001010E+17')).toBe('1.10***E+17');
});

test('whatever stands around it, its birthday is never left', () => {
  const noise = fc.stringMatching(/^[ \u3000'’“”\u200b,;:-]{0,6}$/);
  fc.assert(
    fc.property(noise, noise, (before, after) => {
      expect(withoutResidentId(before + ID + after)).not.toMatch(/1990|0101/);
    }),
  );
});

test.each(['91350100M000100Y43', 'D2143569-X', '110108000000016', '9.11E+17', '', '企业'])('%s stays', (cell) => {
  expect(withoutResidentId(cell)).toBe(cell);
});

// The check digit of a licence number would be another one.
const OLD = '110000900101000';

test('of one with 15 digits likewise its beginning and its end are left', () => {
  for (const cell of [OLD, `'${OLD}`, `${OLD}.0`]) expect(withoutResidentId(cell)).toBe('110**********00');
  expect(withoutResidentId('1.10000900101000E+14')).toBe('1.10***E+14');
});

test('in a text the words around it stay', () => {
  expect(withoutResidentIdsIn(`张示一 ${ID}，${OLD}`)).toMatch(/^张示一 110\*{13}[0-9X]{2}，110\*{10}00$/);
  expect(residentIdIn(`张示一(${ID})`)).toBe('resident');
  expect(residentIdIn(`张示一${OLD}`)).toBe('old');
});

test.each(['示例甲贸易有限公司', '91350100M000100Y43', `${ID}12`, `A${ID}`, '0592-0000000', '110108000000016'])(
  'there is none in %s',
  (text) => {
    expect(residentIdIn(text)).toBeUndefined();
    expect(withoutResidentIdsIn(text)).toBe(text);
  },
);
