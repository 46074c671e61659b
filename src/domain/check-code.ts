/** The enterprise's code of a row: what can be sent, and what a spreadsheet or a person has done to it. */
import { QUOTATION_MARK, repaired } from './clean-cell.js';
import type { Layout } from './columns.js';
import {
  CODE_RULES,
  CODE_TYPES,
  type CodeType,
  codeToSend,
  codeTypeOf,
  isOldResidentId,
  isResidentId,
  licenceCheck,
  organisationCheck,
  withoutHyphens,
} from './enterprise-code.js';
import type { ProblemCode } from './problems.js';
import { isMaskedResidentId, residentIdIn } from './resident-id.js';
import { type Findings, isPersonal } from './row-findings.js';
import type { Needs, SheetRow } from './sheet-row.js';

/** The registration API in use takes no code of this type. The row is never sent, but has the outcome of its enterprise. */
export const CODE_TYPE_REFUSED: ProblemCode = 'sheet:code_type_refused';

export function checkedCode(
  row: SheetRow,
  layout: Layout,
  needs: Needs,
  findings: Findings,
): { code: string; codeType: CodeType | undefined } {
  const isNumber = row.numericCells?.includes(layout.columns.code) === true;
  const text = repaired('code', findings, true);
  const given = isNumber ? withoutZerosOfFormat(text) : text;
  const typed = typedCodeType(findings);
  if (given === '') {
    findings.add('sheet:code_missing', 'code');
    return { code: '', codeType: undefined };
  }
  const capital = given.toUpperCase();
  if (QUOTATION_MARK.test(capital)) {
    findings.add(residentIdIn(capital) === 'resident' ? 'sheet:code_resident_id' : 'sheet:quotation_mark', 'code');
    return { code: capital, codeType: undefined };
  }
  const plain = withoutHyphens(capital);
  const damage = damageOf(capital, plain);
  if (damage !== undefined) {
    findings.add(damage.problem, 'code', damage.detail);
    return { code: capital, codeType: undefined };
  }
  if (isNumber) findings.add('sheet:code_numeric_cell', 'code');

  const codeType = codeTypeOf(plain);
  if (codeType === undefined) {
    const strange = strangeIn(plain);
    if (strange === undefined) findings.add('sheet:code_length', 'code', String([...plain].length));
    else findings.add('sheet:code_alphabet', 'code', strange);
    return { code: capital, codeType };
  }
  if (typed !== undefined && typed !== codeType) findings.add('sheet:code_type_mismatch', 'code_type', String(typed));
  if (!needs.codeTypes.includes(codeType)) findings.add(CODE_TYPE_REFUSED, 'code');
  if (checkCharacters(capital, plain, codeType, findings) && capital !== given) {
    findings.add('sheet:code_lower_case', 'code');
  }
  return { code: codeToSend(plain, codeType), codeType };
}

/** A licence number in a column whose format shows 18 digits, for credit codes: none of those begins with a zero. */
function withoutZerosOfFormat(number: string): string {
  return /^000[1-9][0-9]{14}$/.test(number) ? number.slice(3) : number;
}

/** What stands around or inside something that is as long as a code without it. */
function strangeIn(plain: string): string | undefined {
  const [strange] = plain.match(/[^0-9A-Z]/u) ?? [];
  return codeTypeOf(plain.replace(/[^0-9A-Z]/gu, '')) === undefined ? undefined : strange;
}

interface Damage {
  readonly problem: ProblemCode;
  readonly detail?: string;
}

/** As a workbook's cell is read that is formatted as a date. */
const DATE = /^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T|$)/;

const NUMBER_LIKE = /^[0-9][0-9.E+]*X?$/;

const SCIENTIFIC = /^([0-9](?:\.[0-9]*)?)E\+?([0-9]{1,3})$/;

/** Damage is looked for before anything else: a cut code that happens to pass its check digit is still a cut code. */
function damageOf(code: string, plain: string): Damage | undefined {
  if (isMaskedResidentId(plain)) return { problem: 'sheet:code_resident_id' };
  if (DATE.test(code)) return { problem: 'sheet:code_date' };
  if (!NUMBER_LIKE.test(plain)) return undefined;
  if (/[.+]/.test(code)) return numberDamage(code);
  switch (plain.length) {
    case 18:
      if (isResidentId(plain)) return { problem: 'sheet:code_resident_id' };
      // One true code in seven thousand ends so. No program that cuts a number puts a hyphen into it, so a hyphen confirms the code.
      return /^[0-9]{15}000$/.test(code) ? { problem: 'sheet:code_zero_filled' } : undefined;
    case 15:
      return isOldResidentId(plain) ? { problem: 'sheet:code_old_resident_id' } : undefined;
    case 14:
      return licenceCheck(`0${plain}`) === plain[13] ? leadingZero(plain) : undefined;
    case 8:
    case 7:
    case 6: {
      const padded = plain.padStart(9, '0');
      return organisationCheck(padded) === padded[8] ? leadingZero(plain) : undefined;
    }
    default:
      return undefined;
  }
}

function leadingZero(plain: string): Damage {
  return { problem: 'sheet:code_leading_zero', detail: String(plain.length) };
}

function numberDamage(code: string): Damage | undefined {
  if (/^[0-9]+\.0*$/.test(code)) return { problem: 'sheet:code_decimal' };
  const power = SCIENTIFIC.exec(code);
  if (power === null) return undefined;
  return {
    problem: power[2] === '17' ? 'sheet:code_scientific' : 'sheet:code_scientific_other',
    // Two decimals, as Excel shows it: a workbook's own would spell out most of what may be a resident ID.
    detail: `${power[1]?.slice(0, 4)}E+${power[2]}`,
  };
}

/** True where nothing worse than a check digit is wrong. */
function checkCharacters(capital: string, plain: string, codeType: CodeType, findings: Findings): boolean {
  const rule = CODE_RULES[codeType];
  if (plain.length !== capital.length && !(codeType === 2 && /^.{8}-.$/.test(capital))) {
    findings.add('sheet:hyphens_repaired', 'code');
  }
  if (!rule.shape.test(plain)) {
    const strange = [...plain].find((character) => !rule.alphabet.test(character));
    if (strange === undefined) findings.add('sheet:code_shape', 'code');
    else findings.add('sheet:code_alphabet', 'code', strange);
    return false;
  }
  if (!rule.checks(plain)) findings.add('sheet:code_check_digit', 'code');
  return true;
}

const TYPED: ReadonlyMap<string, CodeType> = new Map(CODE_TYPES.map((type) => [String(type), type]));

/** Undefined where it is left blank, or is wrong and said so. */
function typedCodeType(findings: Findings): CodeType | undefined {
  const cell = findings.cell('code_type');
  if (cell === '' || TYPED.has(cell)) return TYPED.get(cell);
  const text = repaired('code_type', findings, false);
  if (text !== '' && !TYPED.has(text) && !isPersonal(text, 'code_type', findings)) {
    findings.add('sheet:code_type_unknown', 'code_type');
  }
  return TYPED.get(text);
}
