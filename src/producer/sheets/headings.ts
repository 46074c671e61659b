/** Which of a file's first rows has the headings, and what to say where none has. */
import {
  type Clash,
  COLUMNS,
  columnLetters,
  type Field,
  type HeadingsRead,
  REPORT_HEADINGS,
  readHeadings,
} from '../../domain/columns.js';
import { unguard } from '../../domain/formula-guard.js';
import { SHEET_LIMITS } from '../../domain/sheet-limits.js';
import type { Language, Words } from '../../domain/words.js';
import { SheetError, tooMuch } from './sheet-error.js';

/** Title rows, instructions and blank rows may stand above the headings; a form letter of more rows has not been seen. */
export const HEADING_ROWS = 50;

export interface Headings extends HeadingsRead {
  /** Index among the rows that were looked at. */
  readonly at: number;
  readonly cells: readonly string[];
  readonly missing: readonly Field[];
}

/**
 * The first row with all required headings, or two rows that have them together; else the row with most of them; undefined if no row has
 * any.
 */
export function findHeadings(rows: readonly (readonly string[])[], required: readonly Field[]): Headings | undefined {
  let best: Headings | undefined;
  const read = rows.slice(0, HEADING_ROWS).map((row, at) => headingsOf(row, at, required));
  for (const headings of read) {
    if (isUsable(headings)) return headings;
    if (weight(headings) > (best === undefined ? 0 : weight(best))) best = headings;
  }
  return inTwoRows(read, required) ?? best;
}

function headingsOf(row: readonly string[], at: number, required: readonly Field[]): Headings {
  const cells = row.slice(0, headingsIn(row)).map(unguard);
  const read = readHeadings(cells);
  return { ...read, at, cells, missing: required.filter((field) => read.layout.columns[field] < 0) };
}

/**
 * A CSV of a form with two rows of headings has no merged cells: 企业名称 stands above a blank cell, and 法人信息 above 法人姓名. A row of
 * a merchant is blank below no heading of ours, and has none.
 */
function inTwoRows(read: readonly Headings[], required: readonly Field[]): Headings | undefined {
  for (const [at, lower] of read.entries()) {
    const upper = read[at - 1];
    if (upper === undefined || upper.found === 0 || lower.found === 0) continue;
    const ours = Object.values(upper.layout.columns).filter((column) => column >= 0);
    if (ours.some((column) => !isBlank(lower.cells[column]))) continue;
    const width = Math.max(upper.cells.length, lower.cells.length);
    const cells = Array.from({ length: width }, (_, column) =>
      isBlank(lower.cells[column]) ? (upper.cells[column] ?? '') : (lower.cells[column] ?? ''),
    );
    const both = headingsOf(cells, at, required);
    if (isUsable(both)) return both;
  }
  return undefined;
}

function isBlank(cell = ''): boolean {
  return cell.trim() === '';
}

export function isUsable(headings: Headings | undefined): headings is Headings {
  return headings !== undefined && headings.missing.length === 0 && headings.clashes.length === 0;
}

const MOST = SHEET_LIMITS.headings.most;

/** Some programs write every possible column: blank cells at the end are not columns. */
function headingsIn(row: readonly string[]): number {
  return row.length <= MOST ? row.length : Math.min(1 + lastFilled(row), MOST);
}

/** @throws SheetError */
export function refuseTooManyHeadings(row: readonly string[] = []): void {
  if (lastFilled(row) >= MOST) throw tooMuch('headings', { en: 'the row of headings has', zh: '表头行' });
}

function lastFilled(row: readonly string[]): number {
  return row.findLastIndex((cell) => cell.trim() !== '');
}

/** How much the row looks like the row of headings: how many headings it has, ambiguous ones included. */
export function weight(headings: Headings | undefined): number {
  return headings === undefined ? 0 : headings.found + headings.clashes.length;
}

/** A heading of our own files alone: a report has the sheet's headings beside it, the list of merchants to contact has not. */
const REPORT_MARK = REPORT_HEADINGS.registration_id.en;
const LIST_OF_TODO: Words = {
  en: 'this is a list of merchants to contact, without their codes; correct the report of the batch, and load that',
  zh: '这是联系名单，不是商户表，其中没有企业代码；请在批次的报告中更正后导入',
};

/** Why a sheet without usable headings cannot be read: what was found, and what was expected. */
export function headingsError(
  best: Headings | undefined,
  rows: readonly (readonly string[])[],
  required: readonly Field[],
): SheetError {
  if (best === undefined) {
    const first = rows.find((row) => row.some((cell) => cell.trim() !== '')) ?? [];
    if (first.some((cell) => cell.trim() === REPORT_MARK)) return new SheetError(LIST_OF_TODO);
    return new SheetError({
      en: `no headings in the first ${HEADING_ROWS} rows; found ${listed(first, 'en')}; expected ${expected(required).en}`,
      zh: `前 ${HEADING_ROWS} 行中没有表头；找到：${listed(first, 'zh')}；应有：${expected(required).zh}`,
    });
  }
  const [clash] = best.clashes;
  if (clash !== undefined) return new SheetError(clashWords(clash, best.cells));
  return new SheetError({
    en: `the headings lack ${expected(best.missing).en}; found ${listed(best.cells, 'en')}; expected ${expected(required).en}`,
    zh: `表头缺少：${expected(best.missing).zh}；找到：${listed(best.cells, 'zh')}；应有：${expected(required).zh}`,
  });
}

/** A heading with two meanings is ambiguous; a cell with this many is a whole row of headings that was not split. */
const IN_ONE_CELL = 3;

function clashWords(clash: Clash, cells: readonly string[]): Words {
  const all = clash.columns.map((column) => quoted(shown(cells[column] ?? ''), columnLetters(column)));
  const columns = all.length <= LISTED ? all : [...all.slice(0, LISTED), { en: '…', zh: '…' }];
  const { en, zh } = { en: columns.map((column) => column.en), zh: columns.map((column) => column.zh) };
  if (columns.length === 1 && clash.fields.length >= IN_ONE_CELL) {
    return {
      en: `all headings stand in one cell, ${en[0]}: what separates them is no comma, semicolon or tab; save the sheet as "CSV UTF-8" or XLSX`,
      zh: `所有表头都在一个单元格 ${zh[0]}中：分隔符不是逗号、分号或制表符；请另存为“CSV UTF-8”或 XLSX`,
    };
  }
  return columns.length === 1
    ? {
        en: `the heading ${en[0]} could mean ${clash.fields.join(' or ')}; rename it to one of them`,
        zh: `表头 ${zh[0]}可指${clash.fields.map(inChinese).join('或')}；请改为其中之一`,
      }
    : {
        en: `the headings ${en.join(' and ')} both mean ${clash.fields[0]}; rename all but one of them`,
        zh: `表头 ${zh.join('和 ')}都指${clash.fields.slice(0, 1).map(inChinese)}；请只保留一个，其余改名`,
      };
}

function expected(fields: readonly Field[]): Words {
  return {
    en: fields.map((field) => `${field} (${COLUMNS[field].aliases.join(', ')})`).join('; '),
    zh: fields.map((field) => `${inChinese(field)}${alsoKnownAs(field)}`).join('、'),
  };
}

function inChinese(field: Field): string {
  return `“${COLUMNS[field].aliases[0]}”`;
}

function alsoKnownAs(field: Field): string {
  const others = COLUMNS[field].aliases.slice(1);
  return others.length === 0 ? '' : `（或${others.map((other) => `“${other}”`).join('')}）`;
}

/** A cell's column, and its text in the quotation marks of the language. */
function quoted(text: string, column = ''): Words {
  return { en: `${column} "${text}"`.trimStart(), zh: `${column}“${text}”` };
}

const LISTED = 12;

function listed(cells: readonly string[], language: Language): string {
  const filled = cells.map(shown).flatMap((cell) => (cell === '' ? [] : quoted(cell)[language]));
  if (filled.length === 0) return { en: 'nothing', zh: '无' }[language];
  const listing = filled.slice(0, LISTED).join({ en: ', ', zh: '、' }[language]);
  return filled.length <= LISTED ? listing : `${listing}${{ en: ' and more', zh: '等' }[language]}`;
}

/** Only a few characters are shown, so no more than this of the cell is examined. */
const LOOKED_AT = 200;

/** Without headings, this may be a merchant's row: a code, phone or resident ID must not appear in the message. */
function shown(cell: string): string {
  const line = cell
    .slice(0, LOOKED_AT)
    .replace(/\p{Cf}+/gu, '')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .replace(/[\p{L}\p{N}]*\p{N}{5}[\p{L}\p{N}]*/gu, '…');
  return shortened(line, SHOWN);
}

const SHOWN = 24;
/** Excel allows no longer names. */
const SHEET_NAME = 31;

/** A sheet's name on one line: it is untrusted text. */
export function shownName(name: string): string {
  return shortened(
    name
      .slice(0, LOOKED_AT)
      .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
      .trim(),
    SHEET_NAME,
  );
}

function shortened(line: string, most: number): string {
  return line.length <= most ? line : `${line.slice(0, most)}…`;
}

/** The first names, and a sign if there are more. */
export function namesListed(names: readonly string[]): string {
  const shownNames = names.slice(0, LISTED).map((name) => `"${shownName(name)}"`);
  return names.length <= LISTED ? shownNames.join(', ') : `${shownNames.join(', ')}, …`;
}
