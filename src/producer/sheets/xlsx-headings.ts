/**
 * Headings of several lines: 企业名称 is merged over two rows, and beside it 联系方式 stands above 联系人 and 电话. A file has
 * the text of a merged range in its first cell only, and the ranges behind all rows.
 */
import { FIELDS, type Field, isHeadingOf } from '../../domain/columns.js';
import { findHeadings, type Headings, isUsable } from './headings.js';
import type { MergedRange } from './xlsx-merges.js';
import type { RawRow } from './xlsx-rows.js';

export interface HeadingLines {
  readonly headings: Headings;
  /** From 1, as the workbook shows them. */
  readonly firstRow: number;
  readonly lastRow: number;
}

/** A form with more lines of headings has not been seen. A merged column of hundreds of rows is none. */
const MOST_LINES = 4;

/**
 * The lines whose headings are joined by merged cells: one of our columns has its heading merged downwards, so that the
 * lines below it are none of merchants. Undefined if there are none, or none that begin above `headings`.
 */
export function joinedHeadings(
  rows: readonly RawRow[],
  ranges: readonly MergedRange[],
  required: readonly Field[],
  headings: Headings | undefined,
): HeadingLines | undefined {
  const base = isUsable(headings) ? headings : undefined;
  const last = (base && rows[base.at]?.row) ?? Number.POSITIVE_INFINITY;
  const tall = ranges.filter(({ top, bottom }) => bottom > top && bottom - top < MOST_LINES && top <= last);
  const blocks = new Map(tall.map(({ top, bottom }) => [`${top}:${bottom}`, { top, bottom }]));
  for (const { top, bottom } of [...blocks.values()].sort((one, other) => one.top - other.top)) {
    const lines = rows.filter(({ row }) => row >= top && row <= bottom);
    const found = findHeadings([joined(lines, ranges)], required);
    if (!isUsable(found) || (base !== undefined && losesField(base, found))) continue;
    const ours = new Set(Object.values(found.layout.columns));
    if (!tall.some((range) => range.top === top && range.bottom === bottom && ours.has(range.left))) continue;
    return {
      headings: { ...found, at: rows.findLastIndex(({ row }) => row <= bottom) },
      firstRow: top,
      lastRow: bottom,
    };
  }
  return undefined;
}

/** Below it stands something else than a heading. */
function losesField({ layout: { columns } }: Headings, found: Headings): boolean {
  return FIELDS.some((field) => columns[field] >= 0 && found.layout.columns[field] < 0);
}

/** The lowest text of each column; a heading that is merged over several columns stands above each of them. */
function joined(lines: readonly RawRow[], ranges: readonly MergedRange[]): string[] {
  const cells: string[] = [];
  const width = Math.max(0, ...lines.map((line) => line.cells.length));
  for (let column = 0; column < width; column += 1) {
    const texts = lines.map((line) => textAt(line, column) || spreadTo(line, column, ranges));
    cells.push(texts.findLast((text) => text !== '') ?? '');
  }
  return cells;
}

/** Not the heading of a field: it would then mean two columns. */
function spreadTo(line: RawRow, column: number, ranges: readonly MergedRange[]): string {
  const over = ranges.find(({ top, left, right }) => top === line.row && left < column && column <= right);
  const text = over === undefined ? '' : textAt(line, over.left);
  return FIELDS.some((field) => isHeadingOf(field, text)) ? '' : text;
}

function textAt({ cells }: RawRow, column: number): string {
  const cell = cells[column] ?? '';
  return cell.trim() === '' ? '' : cell;
}
