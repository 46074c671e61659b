import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CODE_RULES,
  CODE_TYPES,
  codeToSend,
  codeTypeOf,
  creditCodeCheck,
  isResidentId,
  licenceCheck,
  organisationCheck,
  residentCheck,
} from '../../src/domain/enterprise-code.js';

const CREDIT = '0123456789ABCDEFGHJKLMNPQRTUWXY';
const LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const DIGITS = '0123456789';

const text = (alphabet: string, length: number) =>
  fc.array(fc.constantFrom(...alphabet), { minLength: length, maxLength: length }).map((all) => all.join(''));

const creditCodes = fc
  .tuple(text(CREDIT.slice(1), 1), text(CREDIT, 1), text(DIGITS, 6), text(CREDIT, 9))
  .map((parts) => parts.join(''))
  .map((body) => body + creditCodeCheck(body));
const organisationCodes = text(LETTERS, 8).map((body) => body + organisationCheck(body));
const licenceNumbers = text(DIGITS, 14).map((body) => body + licenceCheck(body));

describe('the published examples', () => {
  test.each([
    ['91350100M000100Y43', 1],
    ['D2143569X', 2],
    ['110108000000016', 3],
  ] as const)('%s is a code of type %d with a right check digit', (code, type) => {
    expect(codeTypeOf(code)).toBe(type);
    expect(CODE_RULES[type].shape.test(code)).toBe(true);
    expect(CODE_RULES[type].checks(code)).toBe(true);
  });

  test.each([
    ['91350100M000100Y44', 1],
    ['D21435690', 2],
    ['110108000000017', 3],
  ] as const)('%s of type %d has a wrong one', (code, type) => expect(CODE_RULES[type].checks(code)).toBe(false));

  test('a credit code whose remainder is 0 has the check character 0, which many libraries call a 31st', () => {
    const body = '91999900MA0000006';
    const sums = [...Array(31).keys()]
      .map((n) => body.slice(0, 16) + CREDIT[n])
      .filter((one) => creditCodeCheck(one) === '0');
    expect(sums).toHaveLength(1);
    expect(CODE_RULES[1].checks(`${sums[0]}0`)).toBe(true);
  });
});

describe('the type of a code', () => {
  test.each([
    ['D2143569-X', 2],
    ['D2143569X', 2],
    ['11010800000001', undefined],
    ['', undefined],
  ])('of %j is %s', (code, type) => expect(codeTypeOf(code)).toBe(type));

  test('an organisation code is sent with its hyphen, however it was written', () => {
    expect(codeToSend('D2143569X', 2)).toBe('D2143569-X');
    expect(codeToSend('D2143569-X', 2)).toBe('D2143569-X');
    expect(codeToSend('91350100M000100Y43', 1)).toBe('91350100M000100Y43');
  });
});

describe('every valid code', () => {
  test.each([
    [1, creditCodes],
    [2, organisationCodes],
    [3, licenceNumbers],
  ] as const)('of type %d passes', (type, codes) =>
    fc.assert(
      fc.property(codes, (code) => {
        expect(codeTypeOf(code)).toBe(type);
        expect(CODE_RULES[type].shape.test(code)).toBe(true);
        expect(CODE_RULES[type].checks(code)).toBe(true);
      }),
    ),
  );
});

describe('one changed character', () => {
  const changes = (codes: fc.Arbitrary<string>, alphabet: string) =>
    codes.chain((code) =>
      fc
        .tuple(fc.nat(code.length - 1), fc.constantFrom(...alphabet))
        .filter(([at, character]) => code[at] !== character)
        .map(([at, character]) => ({
          code,
          at,
          character,
          changed: code.slice(0, at) + character + code.slice(at + 1),
        })),
    );

  test('of a credit code is seen', () =>
    fc.assert(
      fc.property(changes(creditCodes, CREDIT), ({ changed }) => {
        expect(CODE_RULES[1].checks(changed)).toBe(false);
      }),
    ));

  test('of a licence number is seen', () =>
    fc.assert(
      fc.property(changes(licenceNumbers, DIGITS), ({ changed }) => {
        expect(CODE_RULES[3].checks(changed)).toBe(false);
      }),
    ));

  test('of an organisation code is seen, but for letters that stand 11 or 22 apart: the standard counts modulo 11', () =>
    fc.assert(
      fc.property(changes(organisationCodes, LETTERS), ({ code, at, character, changed }) => {
        const apart = LETTERS.indexOf(code[at] ?? '') - LETTERS.indexOf(character);
        fc.pre(at === 8 || apart % 11 !== 0);
        expect(CODE_RULES[2].checks(changed)).toBe(false);
      }),
    ));
});

describe('a resident ID', () => {
  // 110000 is a whole city and 000 is given to nobody: this is no person's.
  const body = '11000019900101000';

  test('is known by its birthday and check character', () => {
    expect(isResidentId(body + residentCheck(body))).toBe(true);
  });

  test('is known by its birthday also when it was mistyped', () => {
    const others = [...'0123456789X'].filter(
      (check) => check !== residentCheck(body) && check !== creditCodeCheck(body),
    );
    for (const check of others) expect(isResidentId(body + check)).toBe(true);
  });

  test('is not what a credit code is taken for, even one of a public body with the same first digits', () => {
    const credit = `11110119${'7'.repeat(9)}`;
    expect(isResidentId(credit + creditCodeCheck(credit))).toBe(false);
    fc.assert(
      fc.property(
        creditCodes.filter((code) => code.startsWith('9')),
        (code) => {
          expect(isResidentId(code)).toBe(false);
        },
      ),
    );
  });
});

test('no two types share a length', () => {
  expect(new Set(CODE_TYPES.map((type) => CODE_RULES[type].length)).size).toBe(CODE_TYPES.length);
});

test('a licence number with its check digit fulfils ISO 7064 MOD 11,10', () => {
  fc.assert(
    fc.property(licenceNumbers, (number) => {
      let product = 10;
      let sum = 0;
      for (const digit of number) {
        sum = (product + Number(digit)) % 10 || 10;
        product = (sum * 2) % 11;
      }
      expect(sum % 10).toBe(1);
    }),
  );
});

describe('eighteen characters with a birthday in their middle', () => {
  /** All check characters that may follow, by what they fit. */
  const ofKind = (fitsResident: boolean, fitsCredit: boolean): string[] =>
    Array.from({ length: 1_000 }, (_, number) => `11010119900101${String(number).padStart(3, '0')}`).flatMap((body) =>
      [...'0123456789X']
        .filter((it) => (residentCheck(body) === it) === fitsResident && (creditCodeCheck(body) === it) === fitsCredit)
        .map((it) => body + it),
    );

  test('are a resident ID unless their check character fits a credit code, and no resident ID', () => {
    for (const [fitsResident, fitsCredit, isResident] of [
      [true, true, true],
      [true, false, true],
      [false, false, true],
      [false, true, false],
    ] as const) {
      const codes = ofKind(fitsResident, fitsCredit);
      expect(codes.length).toBeGreaterThan(0);
      expect(new Set(codes.map(isResidentId))).toEqual(new Set([isResident]));
    }
  });
});
