/** One sheet of a workbook, row by row as they come: headings in the first row, which stays in sight. */
import { columnLetters } from '../../domain/columns.js';
import { guard } from '../../domain/formula-guard.js';
import { displayWidth } from '../../domain/printable.js';
import { OutputError } from '../file.js';
import { LOOKS, MAIN, STYLE_NUMBERS, type Style, XML } from './styles.js';

/** A number is one of ours, to calculate with; whatever came from elsewhere is text. */
export type Cell = string | number;

export interface WorksheetRow {
  readonly cells: readonly Cell[];
  /** By column, where a cell looks other than its column. */
  readonly looks?: Readonly<Record<number, Style>>;
}

export interface Column {
  readonly heading: Style;
  readonly body: Style;
  /** In characters, Chinese ones counted twice; absent: as wide as the first rows need. */
  readonly width?: number;
}

export interface Worksheet {
  readonly name: string;
  /** Cells to the right of the last one look as it does. */
  readonly columns: readonly Column[];
  /** The headings are the first row. A page is never empty. */
  readonly pages: AsyncIterable<readonly WorksheetRow[]>;
  /** Whether each heading has a filter. */
  readonly hasFilter: boolean;
  /** A list from which a cell of the column is chosen; the column by its letters. */
  readonly choices?: { readonly column: string; readonly list: readonly string[] };
}

/** Excel's own limit, the heading row among them. */
const ROWS_OF_A_SHEET = 1_048_576;
const COLUMNS_OF_A_SHEET = 16_384;
/** With more, Excel calls the workbook damaged and "repairs" it, by cutting. */
const CHARACTERS_OF_A_CELL = 32_767;

/** @throws OutputError where there is more than a sheet can have */
export async function* worksheetXml(sheet: Worksheet, onEnd?: (rows: number) => void): AsyncGenerator<string> {
  const { columns } = sheet;
  const width = Math.max(columns.length, 1);
  refuseTooWide(width);
  const letters = columns.map((_, column) => columnLetters(column));
  let shapes: readonly ColumnShape[] = [];
  let rows = 0;
  let isBegun = false;
  const first: WorksheetRow[] = [];
  for await (const page of sheet.pages) {
    if (!isBegun) {
      // The widths stand before the rows, and the headings come in a page of their own.
      first.push(...page);
      if (first.length < 2) continue;
      isBegun = true;
      shapes = shapesOf(columns, first);
      yield opening(shapes);
      yield rowsXml(first, 0, shapes, letters);
      rows = first.length;
    } else {
      yield rowsXml(page, rows, shapes, letters);
      rows += page.length;
    }
    refuseTooLong(rows);
  }
  if (!isBegun) {
    shapes = shapesOf(columns, first);
    yield opening(shapes);
    yield rowsXml(first, 0, shapes, letters);
    rows = first.length;
  }
  onEnd?.(rows);
  yield ending(sheet, `A1:${columnLetters(width - 1)}${Math.max(rows, 1)}`);
}

interface ColumnShape extends Column {
  readonly width: number;
}

function shapesOf(columns: readonly Column[], first: readonly WorksheetRow[]): ColumnShape[] {
  return columns.map((column, at) => ({ ...column, width: column.width ?? widthOf(first, at) }));
}

function opening(columns: readonly ColumnShape[]): string {
  const cols = columns.map(
    ({ width }, at) => `<col min="${at + 1}" max="${at + 1}" width="${width}" customWidth="1"/>`,
  );
  return [
    `${XML}<worksheet xmlns="${MAIN}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>`,
    '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>',
    `<sheetFormatPr defaultRowHeight="${LINE_HEIGHT}" customHeight="1"/>`,
    cols.length === 0 ? '' : `<cols>${cols.join('')}</cols>`,
    '<sheetData>',
  ].join('');
}

const NARROWEST = 9;
const WIDEST = 44;
/** A heading with a note behind it goes on in further lines. */
const WIDEST_HEADING = 18;
/** Cells have a margin, and headings the button of their filter. */
const MARGIN = 2;
const BUTTON = 3;

function widthOf(first: readonly WorksheetRow[], column: number): number {
  let widest = NARROWEST;
  for (const [row, { cells }] of first.entries()) {
    const characters = displayWidth(String(cells[column] ?? '').slice(0, WIDEST));
    const needed = MARGIN + (row === 0 ? Math.min(characters, WIDEST_HEADING) + BUTTON : characters);
    if (needed > widest) widest = needed;
  }
  return Math.min(widest, WIDEST);
}

function ending({ hasFilter, choices }: Worksheet, range: string): string {
  const validation =
    choices === undefined
      ? ''
      : `<dataValidations count="1"><dataValidation type="list" allowBlank="1" sqref="${choices.column}2:${choices.column}${ROWS_OF_A_SHEET}"><formula1>"${choices.list.join(',')}"</formula1></dataValidation></dataValidations>`;
  return [
    '</sheetData>',
    hasFilter ? `<autoFilter ref="${range}"/>` : '',
    validation,
    '<pageMargins left="0.4" right="0.4" top="0.5" bottom="0.5" header="0.3" footer="0.3"/>',
    '<pageSetup paperSize="9" orientation="landscape" fitToWidth="1" fitToHeight="0"/>',
    // Else Excel marks every code and phone with a corner, and offers to make numbers of them.
    `<ignoredErrors><ignoredError sqref="${range}" numberStoredAsText="1"/></ignoredErrors>`,
    '</worksheet>',
  ].join('');
}

// --- rows -------------------------------------------------------------------------------------------------------------

const NO_COLUMN: ColumnShape = { heading: 'text', body: 'text', width: 0 };

/** A page of rows as one text: a report is a million of them. */
function rowsXml(
  page: readonly WorksheetRow[],
  before: number,
  columns: readonly ColumnShape[],
  letters: string[],
): string {
  const last = columns.at(-1) ?? NO_COLUMN;
  let number = before;
  let text = '';
  for (const { cells, looks } of page) {
    number += 1;
    text += `<row r="${number}"${heightOf(cells, number === 1, columns)}>`;
    const width = Math.max(cells.length, columns.length);
    for (let column = 0; column < width; column += 1) {
      const { heading, body } = columns[column] ?? last;
      const style = STYLE_NUMBERS[looks?.[column] ?? (number === 1 ? heading : body)];
      const cell = cells[column] ?? '';
      // What looks like any blank cell need not be written.
      if (cell === '' && style === 0) continue;
      letters[column] ??= columnLetters(column);
      text += cellXml(`${letters[column]}${number}`, style, cell);
    }
    text += '</row>';
  }
  return text;
}

/** With room for the Chinese fonts of LibreOffice, which are taller than those of Excel and WPS. */
const LINE_HEIGHT = 18;
/** Of a row, in points: Excel's own limit is 409. */
const HIGHEST = 405;

/** Programs differ in whether they make room for what is wrapped. */
function heightOf(cells: readonly Cell[], isHeading: boolean, columns: readonly ColumnShape[]): string {
  let lines = 1;
  for (let column = 0; column < columns.length; column += 1) {
    const { heading, body, width } = columns[column] ?? NO_COLUMN;
    const cell = cells[column] ?? '';
    if (cell === '' || !wraps(isHeading ? heading : body)) continue;
    const needed = Math.ceil(displayWidth(String(cell)) / (width - MARGIN));
    if (needed > lines) lines = needed;
  }
  return lines === 1 ? '' : ` ht="${Math.min(lines * LINE_HEIGHT, HIGHEST)}" customHeight="1"`;
}

function wraps(style: Style): boolean {
  return 'wrap' in LOOKS[style];
}

function cellXml(place: string, style: number, cell: Cell): string {
  if (cell === '') return `<c r="${place}" s="${style}"/>`;
  if (typeof cell === 'number') return `<c r="${place}" s="${style}"><v>${cell}</v></c>`;
  const guarded = guard(cell);
  if (guarded.length > CHARACTERS_OF_A_CELL) throw tooLong(place, guarded.length);
  return `<c r="${place}" s="${style}" t="inlineStr"><is>${textElement(guarded)}</is></c>`;
}

function textElement(text: string): string {
  const space = /^\s|\s$/.test(text) ? ' xml:space="preserve"' : '';
  return `<t${space}>${escaped(text)}</t>`;
}

/** What XML cannot hold, and what looks like an escape of it, is written as `_x000D_`, as Excel does. */
function escaped(text: string): string {
  if (!/[&<>_\p{Cc}\p{Cs}\ufffe\uffff]/u.test(text)) return text;
  return text
    .replace(/_(?=x[0-9A-Fa-f]{4}_)/g, '_x005F_')
    .replace(/(?![\t\n])[\p{Cc}\p{Cs}\ufffe\uffff]/gu, hexEscape)
    .replace(/[&<>]/g, (character) => ENTITIES[character] ?? character);
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

function hexEscape(character: string): string {
  return `_x${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`;
}

// --- limits -----------------------------------------------------------------------------------------------------------

function refuseTooWide(width: number): void {
  if (width <= COLUMNS_OF_A_SHEET) return;
  throw new OutputError({
    en: `A workbook has room for ${COLUMNS_OF_A_SHEET} columns, and these are ${width}. Write it as CSV.`,
    zh: `工作簿最多 ${COLUMNS_OF_A_SHEET} 列，现有 ${width} 列。请另存为 CSV。`,
  });
}

function refuseTooLong(rows: number): void {
  if (rows <= ROWS_OF_A_SHEET) return;
  throw new OutputError({
    en: `A workbook has room for ${ROWS_OF_A_SHEET} rows, and these are more. Write it as CSV.`,
    zh: `工作簿最多 ${ROWS_OF_A_SHEET} 行，内容超出。请另存为 CSV。`,
  });
}

function tooLong(place: string, length: number): OutputError {
  return new OutputError({
    en: `${place} would have ${length} characters, and a cell of a workbook has room for ${CHARACTERS_OF_A_CELL}. Write it as CSV.`,
    zh: `${place} 将有 ${length} 个字符，工作簿的单元格最多 ${CHARACTERS_OF_A_CELL} 个。请另存为 CSV。`,
  });
}
