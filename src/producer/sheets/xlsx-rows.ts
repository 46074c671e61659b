/** Rows of a worksheet, digit for digit: a number is the text that the file has, never a double. */
import { columnLetters } from '../../domain/columns.js';
import { SHEET_LIMITS } from '../../domain/sheet-limits.js';
import type { Words } from '../../domain/words.js';
import { SheetError, tooMuch } from './sheet-error.js';
import type { DateStyles } from './xlsx-dates.js';
import type { SharedStrings } from './xlsx-strings.js';
import { refuseLongText, unescaped } from './xlsx-text.js';
import { type Attributes, readXmlSlices } from './xml.js';

export interface RawRow {
  /** From 1, as the workbook shows it. */
  readonly row: number;
  /** Up to the last cell with a value; blanks are ''. */
  readonly cells: string[];
  readonly numericCells: number[];
  /** Columns with formulas that have no result in the file. */
  readonly uncomputed: number[];
  readonly hidden: boolean;
  /** The first column with a value beyond the columns that were asked for. */
  readonly beyond?: number;
}

export interface WorkbookTables {
  readonly strings: SharedStrings;
  readonly dates: DateStyles;
}

interface Cell {
  readonly column: number;
  readonly type: string;
  readonly style: number;
}

/** In the slices in which they are read; cells from column `width` on are left out. @throws SheetError */
export async function* rawRows(
  stream: AsyncIterable<Buffer>,
  tables: WorkbookTables,
  width: number,
  onMerge?: (range: string) => void,
): AsyncGenerator<RawRow[]> {
  let rows: RawRow[] = [];
  let number = 0;
  let cells: string[] = [];
  let numericCells: number[] = [];
  let uncomputed: number[] = [];
  let hidden = false;
  let hasFormula = false;
  let beyond: number | undefined;
  let nextColumn = 0;
  let cellCount = 0;
  let characters = 0;
  let cell: Cell | undefined;
  let value = '';
  let listening = false;
  let phonetic = 0;

  const rowWords = (): Words => ({ en: `row ${number} has`, zh: `第 ${number} 行` });
  const cellWords = (): Words => {
    const name = `${columnLetters(cell?.column ?? 0)}${number}`;
    return { en: `the cell ${name} has`, zh: `单元格 ${name} ` };
  };

  const endCell = () => {
    if (cell === undefined) return;
    const { column, type, style } = cell;
    if (value === '') {
      // A formula whose result is an empty text has an empty value of type `str`.
      if (hasFormula && type === 'n') uncomputed.push(column);
      return;
    }
    if (column >= width) {
      beyond ??= column;
      return;
    }
    while (cells.length < column) cells.push('');
    const isNumber = type === 'n';
    const date = isNumber ? tables.dates.dateOf(value, style) : undefined;
    const plain = date ?? textOf(type, value, tables.strings, cellWords);
    const text = (isNumber && plain !== undefined && tables.dates.withZeros(plain, style)) || plain;
    if (text === undefined) throw withoutText(column, number);
    const before = cells[column] ?? '';
    if (before !== '' && before !== text) throw writtenTwice(column, number);
    characters += text.length;
    if (characters > SHEET_LIMITS.row.most) throw tooMuch('row', rowWords());
    cells[column] = text;
    if (isNumber && date === undefined) numericCells.push(column);
  };

  const pieces = readXmlSlices(stream, {
    open: (name, attributes) => {
      if (name === 'row') {
        const above = number;
        number = rowOf(attributes.r) ?? above + 1;
        if (number <= above) throw outOfOrder(number, above);
        cells = [];
        numericCells = [];
        uncomputed = [];
        hidden = attributes.hidden === '1' || attributes.hidden === 'true';
        beyond = undefined;
        nextColumn = 0;
        cellCount = 0;
        characters = 0;
      } else if (name === 'c') {
        cellCount += 1;
        if (cellCount > SHEET_LIMITS.cells.most) throw tooMuch('cells', rowWords());
        cell = cellOf(attributes, nextColumn);
        nextColumn = cell.column + 1;
        value = '';
        hasFormula = false;
      } else if (name === 'f') hasFormula = true;
      else if (name === 'rPh') phonetic++;
      else if (name === 'v' || name === 't') listening = cell !== undefined && phonetic === 0;
      else if (name === 'mergeCell') onMerge?.(attributes.ref ?? '');
    },
    text: (text) => {
      if (!listening) return;
      value += text;
      refuseLongText(value, cellWords);
    },
    close: (name) => {
      if (name === 'v' || name === 't') listening = false;
      else if (name === 'rPh') phonetic--;
      else if (name === 'c') {
        endCell();
        cell = undefined;
      } else if (name === 'row') {
        rows.push({
          row: number,
          cells,
          numericCells,
          uncomputed,
          hidden,
          ...(beyond === undefined ? {} : { beyond }),
        });
      }
    },
  });
  for await (const _ of pieces) {
    if (rows.length === 0) continue;
    yield rows;
    rows = [];
  }
}

/** Excel's own. */
const LAST_ROW = 1_048_576;
const LAST_COLUMN = SHEET_LIMITS.cells.most - 1;

/** If a program wrote something that is not a row's number, rows are counted. */
function rowOf(reference = ''): number | undefined {
  if (!/^[1-9][0-9]{0,6}$/.test(reference)) return undefined;
  const row = Number(reference);
  return row <= LAST_ROW ? row : undefined;
}

function cellOf(attributes: Attributes, nextColumn: number): Cell {
  const { r, t, s } = attributes;
  const named = r === undefined ? -1 : columnOf(r);
  return { column: named < 0 ? nextColumn : named, type: t ?? 'n', style: Number(s ?? 0) };
}

/** `AB12` is in column 27; -1 if the name is not that of a cell. */
export function columnOf(reference: string): number {
  let column = 0;
  for (let i = 0; i < reference.length; i++) {
    const letter = reference.charCodeAt(i) - 64;
    if (letter < 1 || letter > 26) break;
    column = column * 26 + letter;
    if (column > LAST_COLUMN + 1) return -1;
  }
  return column - 1;
}

// No spreadsheet program writes these; which data is meant cannot be known, and programs differ in what they show.

function outOfOrder(row: number, above: number): SheetError {
  return new SheetError({
    en: `the workbook is broken: row ${row} stands behind row ${above}, so rows cannot be distinguished by their numbers; ${EXPORT_AGAIN.en}`,
    zh: `工作簿已损坏：第 ${row} 行排在第 ${above} 行之后，行号重复或乱序；${EXPORT_AGAIN.zh}`,
  });
}

function writtenTwice(column: number, row: number): SheetError {
  const cell = `${columnLetters(column)}${row}`;
  return new SheetError({
    en: `the workbook is broken: it has the cell ${cell} twice; ${EXPORT_AGAIN.en}`,
    zh: `工作簿已损坏：单元格 ${cell} 出现两次；${EXPORT_AGAIN.zh}`,
  });
}

function withoutText(column: number, row: number): SheetError {
  const cell = `${columnLetters(column)}${row}`;
  return new SheetError({
    en: `the workbook is broken: the text of the cell ${cell} is missing in the file; ${EXPORT_AGAIN.en}`,
    zh: `工作簿已损坏：文件中缺少单元格 ${cell} 的文本；${EXPORT_AGAIN.zh}`,
  });
}

const EXPORT_AGAIN: Words = {
  en: 'export the sheet again, as "CSV UTF-8" if the program that wrote it can, and compare it with the original',
  zh: '请从原系统重新导出（可选“CSV UTF-8”格式），并与原始数据核对',
};

/** A formula's cell has its cached value, in the same types. Undefined if the workbook has no such text. */
function textOf(type: string, value: string, strings: SharedStrings, where: () => Words): string | undefined {
  switch (type) {
    case 's':
      return strings.at(Number(value));
    case 'b':
      return BOOLEANS.get(value.trim()) ?? value;
    case 'str':
    case 'inlineStr':
      return unescaped(value, where);
    default:
      if (value.length > SHEET_LIMITS.cell.most) throw tooMuch('cell', where());
      return type === 'n' ? shownNumber(value) : value;
  }
}

const BOOLEANS: ReadonlyMap<string, string> = new Map([
  ['1', 'TRUE'],
  ['true', 'TRUE'],
  ['0', 'FALSE'],
  ['false', 'FALSE'],
]);

/** Files have 17 digits of a fraction (1.1000000000000001), and programs show 15 (1.1). Digits of a whole number are never changed. */
function shownNumber(text: string): string {
  if (text.includes('E') || text.endsWith('.0')) return asJavaMeans(text);
  return /^-?\d+\.\d{14,}$/.test(text) ? String(Number(Number(text).toPrecision(15))) : text;
}

/** All digits that a number of the file's kind has for certain. */
const CERTAIN_DIGITS = 15;

/**
 * Programs in Java write 13800138000 as 1.3800138E10, and 1 as 1.0; Excel shows all digits of both. The point is moved in the
 * text. Excel's own 9.11E+17 has lost digits, and stays what it is.
 */
function asJavaMeans(text: string): string {
  const [, sign = '', whole = '', fraction = '', power = '0'] = /^(-?)(\d+)\.(\d+)(?:E(\d{1,2}))?$/.exec(text) ?? [];
  const exponent = Number(power);
  if (whole === '' || whole.length + exponent > CERTAIN_DIGITS) return text;
  const digits = fraction.replace(/0+$/, '').padEnd(exponent, '0');
  const rest = digits.slice(exponent);
  const number = (whole + digits.slice(0, exponent)).replace(/^0+(?=\d)/, '');
  return `${sign}${number}${rest === '' ? '' : `.${rest}`}`;
}
