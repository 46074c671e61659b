/** One row of a sheet: what of it can be sent, and everything that is wrong with it. */
import { COLUMNS, columnLetters, FIELDS, type Field, isHeadingOf, type Layout } from './columns.js';
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
import type { Merchant } from './merchant.js';
import { DOT_LIKE, hasAnotherDot, withMiddleDots } from './middle-dot.js';
import { PROBLEMS, type Problem, type ProblemCode } from './problems.js';
import { residentIdIn } from './resident-id.js';
import { isOfSoleTrader, isWordForNoName, personNamedIn, SOLE_TRADER } from './sole-trader.js';

/** A row as a file has it. */
export interface SheetRow {
  /** Line of the file where the row begins (of a workbook: its row), from 1. */
  readonly line: number;
  /** The row's number in a spreadsheet program: smaller than `line` after cells with line breaks. */
  readonly row: number;
  /** At least as many as there are headings; more where the file has more. */
  readonly cells: readonly string[];
  /** Columns whose cells a workbook holds as numbers. */
  readonly numericCells?: readonly number[];
  /** A cell that goes on over so many lines which look like rows of their own. */
  readonly swallowed?: { readonly column: number; readonly lines: number };
  /** Columns of a workbook whose formulas have no result in the file. */
  readonly uncomputed?: readonly number[];
  /** Columns of blank cells that a workbook merges with the ones above. */
  readonly merged?: readonly number[];
  /** The workbook does not show it, e.g. because a filter is set. */
  readonly hidden?: boolean;
  /** The first column of a workbook's row that has a value and no heading; its cells are not among `cells`. */
  readonly beyond?: number;
}

/** What the registration API in use asks of a row. */
export interface Needs {
  /** Whether it wants the legal person's Weixin ID and name. */
  readonly legalPerson: boolean;
  readonly codeTypes: readonly CodeType[];
  /** Whether it refuses a call without a contact phone. */
  readonly phone: boolean;
  /** The contact phone of rows that have none. */
  readonly defaultPhone?: string | undefined;
}

export interface CheckedRow {
  /** Present unless there is an error. */
  readonly merchant?: Merchant;
  /** The code of a row whose only error is that the registration API takes no such code: its enterprise can be known. */
  readonly refusedCode?: string;
  readonly problems: readonly Problem[];
}

/** The columns that a sheet must have. */
export function requiredFields(needs: Pick<Needs, 'legalPerson'>): readonly Field[] {
  return needs.legalPerson ? ['name', 'code', 'legal_persona_wechat', 'legal_persona_name'] : ['name', 'code'];
}

export function checkRow(row: SheetRow, layout: Layout, needs: Needs): CheckedRow {
  const findings = new Findings(row, layout);
  checkWidth(row, layout, findings);
  if (isNoMerchant(row, findings)) return { problems: findings.problems };
  checkSources(row, layout, needs, findings);
  const name = checkedName(row, layout, findings);
  const { code, codeType } = checkedCode(row, layout, needs, findings);
  const legalPersonaWechat = checkedWechat(needs, findings);
  const legalPersonaName = checkedPersona(needs, findings);
  const componentPhone = checkedPhone(needs, findings);

  if (findings.stopped || codeType === undefined) {
    const isOnlyRefused = findings.problems.every(({ code: it, severity }) => severity !== 'error' || it === REFUSED);
    return { problems: findings.problems, ...(isOnlyRefused && { refusedCode: code }) };
  }
  return {
    merchant: { name, code, codeType, legalPersonaWechat, legalPersonaName, componentPhone },
    problems: findings.problems,
  };
}

const REFUSED: ProblemCode = 'sheet:code_type_refused';

const NONE: readonly Problem[] = [];
const NO_FIELDS: readonly Field[] = [];
const EQUALS = 0x3d;
const HASH = 0x23;

/** Gathers the problems of a row; most rows have none, and then nothing is allocated for them. */
class Findings {
  problems: readonly Problem[] = NONE;
  stopped = false;
  private settled: readonly Field[] = NO_FIELDS;
  private readonly row: SheetRow;
  private readonly layout: Layout;

  constructor(row: SheetRow, layout: Layout) {
    this.row = row;
    this.layout = layout;
  }

  cell(field: Field): string {
    const cell = this.row.cells[this.layout.columns[field]] ?? '';
    return cell.charCodeAt(0) === EQUALS ? this.unwrapped(cell, field) : cell;
  }

  /** Export programs write `="0123"`, so that Excel takes a number for a text. */
  private unwrapped(cell: string, field: Field): string {
    const text = /^="(.*)"$/su.exec(cell)?.[1];
    if (text === undefined) return cell;
    this.add('sheet:formula_text', field);
    return text.replaceAll('""', '"');
  }

  /** Nothing more is said of a cell of which we do not know what it should have. */
  settle(code: ProblemCode, field: Field, detail?: string): void {
    this.add(code, field, detail);
    this.settled = [...this.settled, field];
  }

  add(code: ProblemCode, field: Field, detail?: string): void {
    if (this.settled.includes(field)) return;
    this.addAt(code, this.layout.columns[field], field, detail);
  }

  addAt(code: ProblemCode, column: number, field?: Field, detail?: string): void {
    if (this.problems.some((problem) => problem.code === code && problem.column === field)) return;
    const { severity } = PROBLEMS[code];
    if (severity === 'error') this.stopped = true;
    this.problems = [
      ...this.problems,
      {
        code,
        severity,
        ...(field === undefined ? {} : { column: field }),
        cell: column < 0 ? String(this.row.row) : `${columnLetters(column)}${this.row.row}`,
        ...(detail === undefined ? {} : { detail }),
      },
    ];
  }
}

function checkWidth(row: SheetRow, layout: Layout, findings: Findings): void {
  if (row.swallowed !== undefined) {
    findings.addAt('sheet:rows_swallowed', row.swallowed.column, undefined, String(row.swallowed.lines));
  }
  if (row.hidden) findings.addAt('sheet:row_hidden', NO_COLUMN);
  if (row.beyond !== undefined) findings.addAt('sheet:cell_without_heading', row.beyond);
  if (row.cells.length <= layout.width) return;
  const extra = row.cells.findIndex((cell, column) => column >= layout.width && cell.trim() !== '');
  if (extra >= 0) findings.addAt('sheet:too_many_cells', extra, undefined, String(row.cells.length));
}

/** Numbered in advance, or the headings once more: said once, and not of every cell. */
function isNoMerchant(row: SheetRow, findings: Findings): boolean {
  const code = findings.cell('code');
  if (/[0-9]/.test(code)) return false;
  if (
    row.uncomputed === undefined &&
    row.merged === undefined &&
    FIELDS.every((field) => isBlank(findings.cell(field)))
  ) {
    findings.addAt('sheet:row_without_merchant', NO_COLUMN);
    return true;
  }
  if (!isHeadingOf('code', code) || !isHeadingOf('name', findings.cell('name'))) return false;
  findings.addAt('sheet:headings_again', NO_COLUMN);
  return true;
}

const NO_COLUMN = -1;

function isBlank(cell: string): boolean {
  return cell.trim() === '';
}

/** What spreadsheet programs write where a formula fails. */
const FAILED = /^#(?:N\/A|REF!|VALUE!|NAME\?|DIV\/0!|NULL!|NUM!|SPILL!|CALC!|FIELD!|BLOCKED!)$/i;

function checkSources(row: SheetRow, { columns }: Layout, needs: Needs, findings: Findings): void {
  for (const field of needs.legalPerson ? FIELDS : WITHOUT_PERSON) {
    const column = columns[field];
    const cell = row.cells[column] ?? '';
    if (cell.charCodeAt(0) === HASH && FAILED.test(cell.trim())) {
      findings.settle('sheet:formula_failed', field, cell.trim());
    } else if (cell === '' && row.uncomputed?.includes(column)) {
      findings.settle('sheet:formula_without_result', field);
    } else if (cell === '' && row.merged?.includes(column)) {
      findings.settle('sheet:cell_merged', field);
    }
  }
}

const WITHOUT_PERSON = FIELDS.filter((field) => COLUMNS[field].required !== 'persona');

/** Whether a person's ID stands where it has no place; the column of codes has rules of its own. */
function isPersonal(cell: string, field: Field, findings: Findings): boolean {
  const found = residentIdIn(cell);
  if (found === undefined) return false;
  findings.settle(found === 'resident' ? 'sheet:resident_id' : 'sheet:old_resident_id', field);
  return true;
}

// Names: sent as they were given, except for invisible characters.

/** Anything in a name that is worth a second look. */
const SUSPICIOUS = new RegExp(`[\\s\\p{Cc}\\p{Cf}\\u115f\\u1160\\u3164()?\\ufffd${DOT_LIKE}]|^'`, 'u');
/** Invisible wherever they stand. U+2028 and U+2029 are line breaks, not this. */
const INVISIBLE = /[\p{Cf}\u115f\u1160\u3164]/gu;

/** Nearly every name begins so, and this is tried a million times. */
const CHINESE = /[\u4e00-\u9fff]/;
const RARE_CHINESE = /\p{Script=Han}/u;
const LETTER = /\p{L}/u;
const DIGIT = /[0-9\uff10-\uff19]/;

function checkedName(row: SheetRow, layout: Layout, findings: Findings): string {
  const name = checkedText('name', findings);
  const isMissing = name === '' || isWordForNoName(name);
  if (isMissing || !LETTER.test(name)) {
    if (isSoleTrader(row, layout)) findings.add('sheet:name_sole_trader', 'name', legalPersonOf(row, layout));
    else findings.add(isMissing ? 'sheet:name_missing' : 'sheet:name_shape', 'name');
  } else if (!CHINESE.test(name) && !RARE_CHINESE.test(name)) findings.add('sheet:name_not_chinese', 'name');
  return name;
}

/** By the code as its cell has it, which is checked later. */
function isSoleTrader({ cells }: SheetRow, { columns }: Layout): boolean {
  return isOfSoleTrader(halfWidth(cells[columns.code] ?? '').replace(/[^0-9A-Za-z]/g, ''));
}

/** Also where the registration API in use does not ask for the legal person; the sheet may have the column all the same. */
function legalPersonOf({ cells }: SheetRow, { columns }: Layout): string | undefined {
  return personNamedIn(cells[columns.legal_persona_name] ?? '');
}

function checkedPersona(needs: Needs, findings: Findings): string {
  if (!needs.legalPerson) return findings.cell('legal_persona_name').trim();
  const name = checkedText('legal_persona_name', findings);
  if (name === '') findings.add('sheet:persona_missing', 'legal_persona_name');
  else if (!CHINESE.test(name) && !LETTER.test(name)) findings.add('sheet:name_shape', 'legal_persona_name');
  else if (DIGIT.test(name)) findings.add('sheet:persona_digits', 'legal_persona_name');
  return name;
}

function checkedText(field: 'name' | 'legal_persona_name', findings: Findings): string {
  const cell = findings.cell(field);
  if (isPersonal(cell, field, findings)) return cell;
  if (!SUSPICIOUS.test(cell)) return cell;
  const text = visible(cell, field, findings);
  if (/[\p{Cc}\u2028\u2029]/u.test(text)) findings.add('sheet:line_break', field);
  if (text.includes('\ufffd')) findings.add('sheet:characters_lost', field);
  if (text.includes('?')) findings.add('sheet:question_mark', field);
  if (field === 'name' && /[()]/.test(text)) findings.add('sheet:half_width_brackets', field);
  if (text.startsWith("'")) findings.add('sheet:name_apostrophe', field);
  // Of a person: the name of an enterprise is sent as it was given.
  if (field === 'legal_persona_name' || text.startsWith(SOLE_TRADER)) return dotted(text, field, findings);
  if (hasAnotherDot(text)) findings.add('sheet:name_dot', field);
  return text;
}

/** With the middle dot of the registry; and says so. */
function dotted(text: string, field: Field, findings: Findings): string {
  const name = withMiddleDots(text);
  if (name !== text) findings.add('sheet:name_dot_repaired', field);
  return name;
}

/** Without invisible characters, trimmed; and says so. */
function visible(cell: string, field: Field, findings: Findings): string {
  const seen = cell.replace(INVISIBLE, '');
  if (seen !== cell) findings.add('sheet:invisible_characters', field);
  const text = seen.trim();
  if (text !== seen && text !== '') findings.add('sheet:spaces_repaired', field);
  return text;
}

// Codes, Weixin IDs and phones: half-width, without the leftovers of spreadsheet programs.

const PLAIN = /^[0-9A-Za-z_+-]*$/;

function repaired(field: Field, findings: Findings, mayBeGrouped: boolean): string {
  const cell = findings.cell(field);
  if (PLAIN.test(cell)) return cell;
  const seen = visible(cell, field, findings);
  const half = halfWidth(seen);
  if (half !== seen) findings.add('sheet:full_width_repaired', field);
  const text = half.replace(/^'+/, '');
  if (text !== half) findings.add('sheet:leading_apostrophe', field);
  return mayBeGrouped ? ungrouped(text.trim(), field, findings) : text.trim();
}

/** Not NFKC, which would also make digits of ² and ①. The dashes are those that input methods write for a hyphen. */
function halfWidth(text: string): string {
  return text
    .replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .replace(/[\u2010-\u2015\u2212\u30fc]/g, '-')
    .replace(/[\u2018\u2019]/g, "'");
}

/** People write long numbers in groups. */
function ungrouped(text: string, field: Field, findings: Findings): string {
  if (!/\s/.test(text)) return text;
  findings.add('sheet:spaces_repaired', field);
  return text.replace(/\s+/g, '');
}

function checkedCode(
  row: SheetRow,
  layout: Layout,
  needs: Needs,
  findings: Findings,
): { code: string; codeType: CodeType | undefined } {
  const given = repaired('code', findings, true);
  const typed = typedCodeType(findings);
  if (given === '') {
    findings.add('sheet:code_missing', 'code');
    return { code: '', codeType: undefined };
  }
  const capital = given.toUpperCase();
  const plain = withoutHyphens(capital);
  const damage = damageOf(capital, plain);
  if (damage !== undefined) {
    findings.add(damage.problem, 'code', damage.detail);
    return { code: capital, codeType: undefined };
  }
  if (row.numericCells?.includes(layout.columns.code)) findings.add('sheet:code_numeric_cell', 'code');

  const codeType = codeTypeOf(plain);
  if (codeType === undefined) {
    const strange = strangeIn(plain);
    if (strange === undefined) findings.add('sheet:code_length', 'code', String([...plain].length));
    else findings.add('sheet:code_alphabet', 'code', strange);
    return { code: capital, codeType };
  }
  if (typed !== undefined && typed !== codeType) findings.add('sheet:code_type_mismatch', 'code_type', String(typed));
  if (!needs.codeTypes.includes(codeType)) findings.add(REFUSED, 'code', String(codeType));
  if (checkCharacters(capital, plain, codeType, findings) && capital !== given) {
    findings.add('sheet:code_lower_case', 'code');
  }
  return { code: codeToSend(plain, codeType), codeType };
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

const NUMBER_LIKE = /^[0-9][0-9.E+]*X?$/;
const SCIENTIFIC = /^([0-9](?:\.[0-9]*)?)E\+?([0-9]{1,3})$/;

/** Damage is looked for before anything else: a cut code that happens to pass its check digit is still a cut code. */
function damageOf(code: string, plain: string): Damage | undefined {
  if (!NUMBER_LIKE.test(plain)) return undefined;
  if (/[.+]/.test(code)) return numberDamage(code);
  switch (plain.length) {
    case 18:
      if (isResidentId(plain)) return { problem: 'sheet:code_resident_id' };
      return /^[0-9]{15}000$/.test(plain) ? { problem: 'sheet:code_zero_filled' } : undefined;
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
  const misplacedHyphen = plain.length !== capital.length && !/^.{8}-.$/.test(capital);
  if (misplacedHyphen || !rule.shape.test(plain)) {
    const strange =
      [...plain].find((character) => !rule.alphabet.test(character)) ?? (misplacedHyphen ? '-' : undefined);
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

const WEIXIN_ID = /^[A-Za-z][A-Za-z0-9_-]{5,19}$/;

function checkedWechat(needs: Needs, findings: Findings): string {
  if (!needs.legalPerson) return findings.cell('legal_persona_wechat').trim();
  const cell = findings.cell('legal_persona_wechat');
  // Nearly all rows end here: a million of them are read in seconds.
  if (WEIXIN_ID.test(cell)) return cell;
  const wechat = repaired('legal_persona_wechat', findings, false);
  if (WEIXIN_ID.test(wechat)) return wechat;
  if (wechat === '') findings.add('sheet:wechat_missing', 'legal_persona_wechat');
  else if (isPersonal(wechat, 'legal_persona_wechat', findings)) return wechat;
  else if (/^\+?[0-9 -]{5,}$/.test(wechat)) findings.add('sheet:wechat_phone', 'legal_persona_wechat');
  else findings.add('sheet:wechat_shape', 'legal_persona_wechat');
  return wechat;
}

/** Mobile and landline numbers, extensions, service numbers; WeChat's own rule is not documented, so this is generous. */
const PHONE = /^\+?(?:\([0-9+]{2,5}\))?[0-9](?:-?[0-9]){4,19}$/;
/** Ten or eleven digits that begin with an area code but for its zero. 400 and 800 numbers have ten digits and no zero. */
const ZEROLESS = /^(?:(?:10|2[0-9])[0-9]{8}|(?!400|800)[3-9][0-9]{2}[0-9]{7}|[3-9][0-9]{10})$/;

function checkedPhone(needs: Needs, findings: Findings): string {
  const cell = findings.cell('component_phone');
  const phone = PHONE.test(cell) ? cell : repaired('component_phone', findings, true);
  if (phone === '') {
    if (needs.phone && !needs.defaultPhone) findings.add('sheet:phone_missing', 'component_phone');
    return needs.defaultPhone ?? '';
  }
  // 15 digits in groups may be a mobile number and its extension.
  const isExtended = phone.replace(/\D/g, '').length === 15 && /[\s-]/.test(cell.trim());
  if (!isExtended && isPersonal(phone, 'component_phone', findings)) return phone;
  if (!PHONE.test(phone)) findings.add('sheet:phone_shape', 'component_phone');
  else if (/^1[3-9](?:[0-9]{8}|[0-9]{10})$/.test(phone)) {
    findings.add('sheet:phone_mobile_length', 'component_phone', String(phone.length));
  } else if (ZEROLESS.test(phone)) findings.add('sheet:phone_leading_zero', 'component_phone');
  return phone;
}
