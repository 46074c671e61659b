/** The three codes that name a Chinese enterprise: their shapes, alphabets and check digits. */

export const CODE_TYPES = [1, 2, 3] as const;
export type CodeType = (typeof CODE_TYPES)[number];

interface CodeRule {
  readonly en: string;
  readonly zh: string;
  /** Characters without the hyphen of an organisation code. */
  readonly length: number;
  readonly alphabet: RegExp;
  readonly shape: RegExp;
  readonly checks: (code: string) => boolean;
}

/** Codes are given without hyphens and in capitals. */
export const CODE_RULES: Readonly<Record<CodeType, CodeRule>> = {
  1: {
    en: 'Unified Social Credit Code',
    zh: '统一社会信用代码',
    length: 18,
    alphabet: /^[0-9A-HJ-NPQRTUWXY]*$/,
    // Authority, kind of body, six digits of an administrative division, organisation code, check character.
    shape: /^[1-9A-HJ-NPQRTUWXY][0-9A-HJ-NPQRTUWXY][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$/,
    checks: (code) => creditCodeCheck(code) === code[17],
  },
  2: {
    en: 'organisation code',
    zh: '组织机构代码',
    length: 9,
    alphabet: /^[0-9A-Z]*$/,
    shape: /^[0-9A-Z]{8}[0-9X]$/,
    checks: (code) => organisationCheck(code) === code[8],
  },
  3: {
    en: 'business licence number',
    zh: '营业执照注册号',
    length: 15,
    alphabet: /^[0-9]*$/,
    shape: /^[0-9]{15}$/,
    checks: (code) => licenceCheck(code) === code[14],
  },
};

const TYPE_BY_LENGTH: ReadonlyMap<number, CodeType> = new Map(
  CODE_TYPES.map((type) => [CODE_RULES[type].length, type]),
);

/** Recognised by the length alone: no two types share one, and a wrong character is then named as such. */
export function codeTypeOf(code: string): CodeType | undefined {
  return TYPE_BY_LENGTH.get(withoutHyphens(code).length);
}

/** As WeChat takes it: an organisation code is `xxxxxxxx-x`, the others have no hyphen. */
export function codeToSend(code: string, type: CodeType): string {
  const plain = withoutHyphens(code);
  return type === 2 ? `${plain.slice(0, 8)}-${plain.slice(8)}` : plain;
}

export function withoutHyphens(code: string): string {
  return code.includes('-') ? code.replaceAll('-', '') : code;
}

const CREDIT_ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';
/** 3^i mod 31, GB 32100-2015. */
const CREDIT_WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
const CREDIT_VALUES = valuesOf(CREDIT_ALPHABET);

/** GB 32100-2015, of the first 17 characters. A remainder of 0 makes the character `0`: 31 has none in the alphabet. */
export function creditCodeCheck(code: string): string {
  return CREDIT_ALPHABET[(31 - (weighted(code, CREDIT_WEIGHTS, CREDIT_VALUES) % 31)) % 31] ?? '';
}

const ORGANISATION_WEIGHTS = [3, 7, 9, 10, 5, 8, 4, 2];
const ORGANISATION_VALUES = valuesOf('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ');

/** GB 11714-1997, of the first 8 characters. */
export function organisationCheck(code: string): string {
  return '0123456789X0'[11 - (weighted(code, ORGANISATION_WEIGHTS, ORGANISATION_VALUES) % 11)] ?? '';
}

/** GS 15-2006, of the first 14 digits: ISO 7064 MOD 11,10. */
export function licenceCheck(code: string): string {
  let product = 10;
  for (let i = 0; i < 14; i++) {
    const sum = (product + Number(code[i])) % 10 || 10;
    product = (sum * 2) % 11;
  }
  return String((11 - product) % 10);
}

/** 17 digits, with a year of birth in the last two centuries. */
const RESIDENT_SHAPE = /^[1-8][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]$/;
const RESIDENT_WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/** Whether 18 characters have the birthday of a resident ID in their middle. */
export function hasBirthday(code: string): boolean {
  return RESIDENT_SHAPE.test(code);
}

/**
 * A resident ID, also a mistyped one: it has a birthday in its middle. Credit codes of public bodies begin with the same
 * digits, so a check character that fits a credit code and no resident ID decides for the credit code.
 */
export function isResidentId(code: string): boolean {
  if (!hasBirthday(code)) return false;
  return residentCheck(code) === code[17] || creditCodeCheck(code) !== code[17];
}

/** 15 digits with a birthday of the years from 1900 on in their middle, as IDs were until 1999: they have no check digit. */
const OLD_RESIDENT_SHAPE =
  /^(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5])[0-9]{6}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}$/;

/** Whether 15 digits may be a resident ID of the old kind; so may one of thirty licence numbers. */
export function hasOldBirthday(code: string): boolean {
  return OLD_RESIDENT_SHAPE.test(code);
}

/**
 * A valid check digit makes it a licence number. One old ID in ten has a valid check digit by chance, and such an ID
 * cannot be distinguished from a licence number.
 */
export function isOldResidentId(code: string): boolean {
  return hasOldBirthday(code) && licenceCheck(code) !== code[14];
}

/** GB 11643-1999, of the first 17 digits: ISO 7064 MOD 11-2. */
export function residentCheck(id: string): string {
  return '10X98765432'[weighted(id, RESIDENT_WEIGHTS, CREDIT_VALUES) % 11] ?? '';
}

function weighted(code: string, weights: readonly number[], values: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) {
    sum += (weights[i] ?? 0) * (values[code.charCodeAt(i)] ?? 0);
  }
  return sum;
}

/** By character code: the check of a million rows spends its time here. */
function valuesOf(alphabet: string): readonly number[] {
  const values = new Array<number>(128).fill(0);
  for (let i = 0; i < alphabet.length; i++) values[alphabet.charCodeAt(i)] = i;
  return values;
}
