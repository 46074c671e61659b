/** One row of a sheet: what of it can be sent, and everything that is wrong with it. */
import { CODE_TYPE_REFUSED, checkedCode } from './check-code.js';
import { halfWidth, isBlankCell, QUOTATION_MARK, readable, repaired, SUSPICIOUS, visible } from './clean-cell.js';
import { COLUMNS, FIELDS, type Field, isHeadingOf, type Layout } from './columns.js';
import { unwrapped } from './formula-guard.js';
import type { Merchant } from './merchant.js';
import { hasAnotherDot, withMiddleDots } from './middle-dot.js';
import type { Problem } from './problems.js';
import { Findings, isPersonal } from './row-findings.js';
import type { Needs, SheetRow } from './sheet-row.js';
import { isOfSoleTrader, isWordForNoName, isWordForNoPerson, personNamedIn, SOLE_TRADER } from './sole-trader.js';

export interface CheckedRow {
  /** Present unless there is an error. */
  readonly merchant?: Merchant;
  /**
   * The code of a row whose only error is that the registration API does not accept such a code: its enterprise can be
   * known.
   */
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
  if (row.isBroken) return { problems: problemsOfHalf(findings) };
  if (isNoMerchant(row, findings)) return { problems: findings.problems };
  checkSources(row, layout, needs, findings);
  const name = checkedName(row, layout, findings);
  const { code, codeType } = checkedCode(row, layout, needs, findings);
  const legalPersonaWechat = checkedWechat(needs, findings);
  const legalPersonaName = checkedPersona(needs, findings);
  const componentPhone = checkedPhone(needs, findings);
  checkContacts(row, layout, findings);

  if (findings.stopped || codeType === undefined) {
    const isOnlyRefused = findings.problems.every(
      ({ code: it, severity }) => severity !== 'error' || it === CODE_TYPE_REFUSED,
    );
    return { problems: findings.problems, ...(isOnlyRefused && { refusedCode: code }) };
  }
  return {
    merchant: { name, code, codeType, legalPersonaWechat, legalPersonaName, componentPhone },
    problems: findings.problems,
  };
}

const HASH = 0x23;

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

/** What it lacks may stand in the other half. */
function problemsOfHalf(findings: Findings): readonly Problem[] {
  findings.addAt('sheet:row_broken', NO_COLUMN);
  for (const field of FIELDS) isPersonal(findings.cell(field), field, findings);
  return findings.problems;
}

/** Numbered in advance, a total, a note, or the headings once more: said once, and not of every cell. */
function isNoMerchant(row: SheetRow, findings: Findings): boolean {
  const code = findings.cell('code');
  if (COULD_BE_CODE.test(code) || COULD_BE_CODE.test(halfWidth(code).replace(GROUPING, ''))) return false;
  const isWhole = row.uncomputed === undefined && row.merged === undefined;
  const hasAll = (is: (cell: string) => boolean): boolean =>
    isWhole && FIELDS.every((field) => is(findings.cell(field)));
  if (hasAll(isBlankCell)) {
    findings.addAt('sheet:row_without_merchant', NO_COLUMN);
    return true;
  }
  const name = findings.cell('name');
  const isHeadings = isHeadingOf('code', code) && isHeadingOf('name', name);
  if (isHeadings) findings.addAt('sheet:headings_again', NO_COLUMN);
  else if (isTotal(name) || beginsWithTotal(row)) findings.addAt('sheet:row_is_total', NO_COLUMN);
  else if (isNote(name) || hasAll(isBlankOrLine)) findings.addAt('sheet:row_is_no_merchant', NO_COLUMN);
  else return false;
  return true;
}

const NO_COLUMN = -1;

/** Also a damaged one; without its width and grouping. */
const COULD_BE_CODE = /[0-9A-Za-z]{8}|[0-9]E\+/i;
const GROUPING = /[\s-]/g;
/** The whole cell: `合计：12 家`. */
const TOTAL = /^(?:合计|总计|小计|共计|总数|汇总|total|sum)[\s:：]*[0-9]*\s*[家户个条行]?$/i;
/** `（必填）与营业执照一致`, `注：红色为必填项`: a note begins so. */
const NOTE = /^[([【]?(?:必填|选填|[应须需请]?[与按同]营业执照|(?:填写|填表)说明|(?:说明|注意?|备注|例如?)(?::|$))/;

function isTotal(cell: string): boolean {
  return TOTAL.test(halfWidth(cell).trim());
}

function isNote(cell: string): boolean {
  return NOTE.test(halfWidth(cell).trim());
}

/** `合计 | 24家`: the word stands in the column of serial numbers, and a count below the names. */
function beginsWithTotal({ cells }: SheetRow): boolean {
  const first = cells.find((cell) => cell.trim() !== '') ?? '';
  return isTotal(first);
}

/**
 * What stands below a table, in a row without a code or anything else of a merchant: no registered name has such a punctuation,
 * and what ends as a name does is one.
 */
const LINES: readonly RegExp[] = [
  // 制表人：李 · *法人微信号必填 · 1、企业名称须与执照一致 · （以下空白）
  /[:。;!]|^[*※]+\p{L}|^[0-9]{1,2}[.、)](?![0-9])|^\(?[一二三四五六七八九十]+[、)]|^\([^()]*\)$|^\[[^[\]]*\]$/u,
  // 共 1 家 · 第 1 页 共 1 页 · 2026年11月30日
  /^共计?\s*[0-9]+\s*[家户个条行名]|^第?\s*[0-9]+\s*[/页]|^[0-9]{4}\s*[年./-]\s*[0-9]{1,2}\s*[月./-]/,
  /^(?!.*(?:公司|[店厂社馆院所坊行部场室]|中心)$)以[上下]/,
  /^(?!.*(?:公司|[店厂社馆院所坊行部场室]|中心)$)(?:[制填]表|填报|审[核批]|复核|经办|负责|联系|统计|编制|报送|打印)(?:[人员者]|部门|单位|日期|时间|电话|方式)/,
  /(?:签字|签名|签章|盖章|公章)$/,
];

function isBlankOrLine(cell: string): boolean {
  const text = halfWidth(cell).trim();
  return text === '' || isTotal(text) || isNote(text) || LINES.some((line) => line.test(text));
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

/** Nearly every name begins so, and this is tried a million times. */
const CHINESE = /[\u4e00-\u9fff]/;
const RARE_CHINESE = /\p{Script=Han}/u;
const LETTER = /\p{L}/u;
/** `张三（法人）`, `张三、李四`, `张三先生`: no bank card has such a name. */
const BESIDE_A_PERSON = /[()\uff08\uff09/\uff0f\u3001,\uff0c;\uff1b]|(?:先生|女士)$/;
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
  return personNamedIn(unwrapped(cells[columns.legal_persona_name] ?? ''));
}

function checkedPersona(needs: Needs, findings: Findings): string {
  if (!needs.legalPerson) return findings.cell('legal_persona_name').trim();
  const name = checkedText('legal_persona_name', findings);
  if (name === '' || isWordForNoPerson(name)) findings.add('sheet:persona_missing', 'legal_persona_name');
  else if (!CHINESE.test(name) && !LETTER.test(name)) findings.add('sheet:name_shape', 'legal_persona_name');
  else if (DIGIT.test(name)) findings.add('sheet:persona_digits', 'legal_persona_name');
  else if (BESIDE_A_PERSON.test(name)) findings.add('sheet:persona_marks', 'legal_persona_name');
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
  if (QUOTATION_MARK.test(text) && !isQuotedInside(text)) findings.add('sheet:quotation_mark', field);
  if (field === 'name' && /[()]/.test(text)) findings.add('sheet:half_width_brackets', field);
  if (text.startsWith("'")) findings.add('sheet:name_apostrophe', field);
  // Of a person: the name of an enterprise is sent as it was given.
  if (field === 'legal_persona_name' || text.startsWith(SOLE_TRADER)) {
    return dotted(unspaced(text, field, findings), field, findings);
  }
  if (hasAnotherDot(text)) findings.add('sheet:name_dot', field);
  return text;
}

/** Beside a single character. Between two longer parts of a name the registry has a dot. */
const SPACED =
  /(?<=(?:^|[ \u00a0\u3000])\p{Script=Han})[ \u00a0\u3000]+(?=\p{Script=Han})|(?<=\p{Script=Han})[ \u00a0\u3000]+(?=\p{Script=Han}(?:$|[ \u00a0\u3000]))/gu;

/** Names of two characters are often spaced, to be as wide as those of three. */
function unspaced(text: string, field: Field, findings: Findings): string {
  const name = text.replace(SPACED, '');
  if (name !== text) findings.add('sheet:name_space_repaired', field);
  return name;
}

/** With the middle dot of the registry; and says so. */
function dotted(text: string, field: Field, findings: Findings): string {
  const name = withMiddleDots(text);
  if (name !== text) findings.add('sheet:name_dot_repaired', field);
  return name;
}

const WEIXIN_ID = /^[A-Za-z][A-Za-z0-9_-]{5,19}$/;

/** 示例"甲"公司: typed on purpose. A mark that a CSV has left stands at an end, or alone. */
function isQuotedInside(text: string): boolean {
  return /^[^"\uff02]+(?:["\uff02][^"\uff02]+["\uff02][^"\uff02]+)+$/.test(text);
}

function checkedWechat(needs: Needs, findings: Findings): string {
  if (!needs.legalPerson) return findings.cell('legal_persona_wechat').trim();
  const cell = findings.cell('legal_persona_wechat');
  // Nearly all rows end here: a million of them are read in seconds.
  if (WEIXIN_ID.test(cell)) return cell;
  const wechat = repaired('legal_persona_wechat', findings, false);
  if (WEIXIN_ID.test(wechat)) return wechat;
  if (wechat === '') findings.add('sheet:wechat_missing', 'legal_persona_wechat');
  else if (isPersonal(wechat, 'legal_persona_wechat', findings)) return wechat;
  else if (QUOTATION_MARK.test(wechat)) findings.add('sheet:quotation_mark', 'legal_persona_wechat');
  else if (/^\+?[0-9 -]{5,}$/.test(wechat)) findings.add('sheet:wechat_phone', 'legal_persona_wechat');
  else findings.add('sheet:wechat_shape', 'legal_persona_wechat');
  return wechat;
}

/** Mobile and landline numbers, extensions, service numbers; WeChat's own rule is not documented, so this is generous. */
const PHONE = /^\+?(?:\([0-9+]{2,5}\))?[0-9](?:-?[0-9]){4,19}$/;
/** Ten or eleven digits that begin with an area code but for its zero. 400 and 800 numbers have ten digits and no zero. */
const ZEROLESS = /^(?:(?:10|2[0-9])[0-9]{8}|(?!400|800)[3-9][0-9]{2}[0-9]{7}|[3-9][0-9]{10})$/;

/** What a program makes of a short number in a cell that is formatted as a date. */
const DATE = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;

/** `1.38E+10` */
const SCIENTIFIC = /^[0-9](?:\.[0-9]+)?E\+?[0-9]{1,3}$/i;
/** A digit is missing, or there is one too many. */
const IS_NEARLY_MOBILE = /^1[3-9](?:[0-9]{8}|[0-9]{10})$/;
const SEPARATORS = /[\s,，、;；/|:：]+/;

/** The user's own columns come back unchanged: a phone that cannot be called any more is only reported. */
function checkContacts({ cells }: SheetRow, { contacts = [] }: Layout, findings: Findings): void {
  for (const column of contacts) {
    const cell = cells[column] ?? '';
    if (!DIGIT.test(cell)) continue;
    for (const number of readable(cell).split(SEPARATORS)) {
      if (SCIENTIFIC.test(number)) findings.addAt('sheet:contact_damaged', column, undefined, number);
      else if (IS_NEARLY_MOBILE.test(number)) {
        findings.addAt('sheet:phone_mobile_length', column, undefined, String(number.length));
      }
    }
  }
}

function checkedPhone(needs: Needs, findings: Findings): string {
  const cell = findings.cell('component_phone');
  const phone = PHONE.test(cell) ? cell : repaired('component_phone', findings, true);
  if (phone === '') {
    if (needs.phone && !needs.defaultPhone) findings.add('sheet:phone_missing', 'component_phone');
    return needs.defaultPhone ?? '';
  }
  // 15 digits in groups may be a mobile number and its extension.
  const isExtended = phone.length >= 15 && phone.replace(/\D/g, '').length === 15 && /[\s-]/.test(cell.trim());
  if (!isExtended && isPersonal(phone, 'component_phone', findings)) return phone;
  if (SCIENTIFIC.test(phone)) findings.add('sheet:phone_scientific', 'component_phone', phone);
  else if (/^[0-9]{5,}\.[0-9]+$/.test(phone)) findings.add('sheet:phone_decimal', 'component_phone');
  else if (!PHONE.test(phone) || DATE.test(phone)) findings.add('sheet:phone_shape', 'component_phone');
  else if (IS_NEARLY_MOBILE.test(phone)) {
    findings.add('sheet:phone_mobile_length', 'component_phone', String(phone.length));
  } else if (ZEROLESS.test(phone)) findings.add('sheet:phone_leading_zero', 'component_phone');
  return phone;
}
