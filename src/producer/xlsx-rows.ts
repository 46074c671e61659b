/** Rows of a worksheet, digit for digit: a number is the text that stands in the file, never a double. */
import type { Readable } from 'node:stream';
import type { DateStyles } from './xlsx-dates.js';
import { type Attributes, readWholeXml, readXml } from './xml.js';

export interface RawRow {
  /** From 1, as the workbook shows it. */
  readonly row: number;
  /** Up to the last cell with a value; blanks are ''. */
  readonly cells: string[];
  readonly numericCells: number[];
  /** Columns whose formulas have no result in the file. */
  readonly uncomputed: number[];
  readonly hidden: boolean;
  /** The first column with a value beyond the columns that were asked for. */
  readonly beyond?: number;
}

export interface WorkbookTables {
  readonly strings: readonly string[];
  readonly dates: DateStyles;
}

interface Cell {
  readonly column: number;
  readonly type: string;
  readonly style: number;
}

/** In the pieces in which they are read; cells from column `width` on are left out. */
export async function* rawRows(stream: Readable, tables: WorkbookTables, width: number): AsyncGenerator<RawRow[]> {
  let rows: RawRow[] = [];
  let number = 0;
  let cells: string[] = [];
  let numericCells: number[] = [];
  let uncomputed: number[] = [];
  let hidden = false;
  let hasFormula = false;
  let beyond: number | undefined;
  let nextColumn = 0;
  let cell: Cell | undefined;
  let value = '';
  let listening = false;
  let phonetic = 0;

  const endCell = () => {
    if (cell === undefined) return;
    if (value === '') {
      // A formula whose result is an empty text has that as its value, of type `str`.
      if (hasFormula && cell.type === 'n') uncomputed.push(cell.column);
      return;
    }
    if (cell.column >= width) {
      beyond ??= cell.column;
      return;
    }
    while (cells.length < cell.column) cells.push('');
    const isNumber = cell.type === 'n';
    const date = isNumber ? tables.dates.dateOf(value, cell.style) : undefined;
    cells[cell.column] = date ?? textOf(cell.type, value, tables.strings);
    if (isNumber && date === undefined) numericCells.push(cell.column);
  };

  const pieces = readXml(stream, {
    open: (name, attributes) => {
      if (name === 'row') {
        number = rowOf(attributes.r) ?? number + 1;
        cells = [];
        numericCells = [];
        uncomputed = [];
        hidden = attributes.hidden === '1' || attributes.hidden === 'true';
        beyond = undefined;
        nextColumn = 0;
      } else if (name === 'c') {
        cell = cellOf(attributes, nextColumn);
        nextColumn = cell.column + 1;
        value = '';
        hasFormula = false;
      } else if (name === 'f') hasFormula = true;
      else if (name === 'rPh') phonetic++;
      else if (name === 'v' || name === 't') listening = cell !== undefined && phonetic === 0;
    },
    text: (text) => {
      if (listening) value += text;
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

/** Where a program has written something else than a number, the rows are counted. */
function rowOf(reference = ''): number | undefined {
  return /^[1-9][0-9]{0,7}$/.test(reference) ? Number(reference) : undefined;
}

function cellOf(attributes: Attributes, nextColumn: number): Cell {
  const { r, t, s } = attributes;
  const named = r === undefined ? -1 : columnOf(r);
  return { column: named < 0 ? nextColumn : named, type: t ?? 'n', style: Number(s ?? 0) };
}

/** `AB12` is column 27. */
export function columnOf(reference: string): number {
  let column = 0;
  for (let i = 0; i < reference.length; i++) {
    const letter = reference.charCodeAt(i) - 64;
    if (letter < 1 || letter > 26) break;
    column = column * 26 + letter;
  }
  return column - 1;
}

/** A formula's cell has its cached value, in the same types. */
function textOf(type: string, value: string, strings: readonly string[]): string {
  switch (type) {
    case 's':
      return strings[Number(value)] ?? '';
    case 'b':
      return value === '1' ? 'TRUE' : 'FALSE';
    case 'str':
    case 'inlineStr':
      return unescaped(value);
    default:
      return value;
  }
}

/** The strings that cells share. The reading above a word (`rPh`) is no part of it. */
export async function sharedStrings(stream: Readable): Promise<string[]> {
  const strings: string[] = [];
  let string = '';
  let listening = false;
  let phonetic = 0;
  await readWholeXml(stream, {
    open: (name) => {
      if (name === 'si') string = '';
      else if (name === 'rPh') phonetic++;
      else if (name === 't') listening = phonetic === 0;
    },
    text: (text) => {
      if (listening) string += text;
    },
    close: (name) => {
      if (name === 'si') strings.push(unescaped(string));
      else if (name === 'rPh') phonetic--;
      else if (name === 't') listening = false;
    },
  });
  return strings;
}

/** Excel writes what XML cannot hold as `_x000D_`. */
function unescaped(text: string): string {
  if (!text.includes('_x')) return text;
  return text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
