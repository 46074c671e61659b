/** Which cells of a worksheet are merged with the cell above: a file has the value in the first cell of the range only. */
import { SHEET_LIMITS } from '../../domain/sheet-limits.js';
import { IN_WORKBOOK, tooMuch } from './sheet-error.js';
import { columnOf } from './xlsx-rows.js';

export interface Merges {
  /** Whether the value that is shown in this cell is stored in a row above. */
  isBelow(row: number, column: number): boolean;
}

/** Rows from 1, columns from 0. */
export interface MergedRange {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

interface Range {
  readonly first: number;
  readonly last: number;
}

/** Each is compared with each heading. */
const MOST_AT_HEAD = 1_000;

const RANGE = /^([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})$/;

/**
 * Only these columns are kept: columns further right are not read, and a range may cover all columns of a worksheet. Of the
 * rows in which headings are looked for, all ranges are kept.
 */
export function openMerges(columns: readonly number[], lastHeadRow: number) {
  const atHead: MergedRange[] = [];
  const byColumn = new Map<number, Range[]>(columns.map((column) => [column, []]));
  let count = 0;

  function add(reference: string): void {
    count += 1;
    if (count > SHEET_LIMITS.merges.most) throw tooMuch('merges', IN_WORKBOOK);
    const [, left = '', top, right = '', bottom] = RANGE.exec(reference) ?? [];
    const range = { first: Number(top), last: Number(bottom) };
    if (!(range.last >= range.first)) return;
    const [from, to] = [columnOf(left), columnOf(right)];
    if (range.first <= lastHeadRow && atHead.length < MOST_AT_HEAD)
      atHead.push({ top: range.first, bottom: range.last, left: from, right: to });
    if (range.last === range.first) return;
    for (const [column, ranges] of byColumn) if (column >= from && column <= to) ranges.push(range);
  }

  function merges(): Merges {
    for (const ranges of byColumn.values()) ranges.sort((a, b) => a.first - b.first);
    return { isBelow: (row, column) => isBelow(byColumn.get(column) ?? NONE, row) };
  }

  return { add, merges, atHead };
}

const NONE: readonly Range[] = [];

/** Ranges of one column do not overlap: the last range that begins above decides. */
function isBelow(ranges: readonly Range[], row: number): boolean {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.first ?? 0) < row) low = middle + 1;
    else high = middle;
  }
  const above = ranges[low - 1];
  return above !== undefined && row <= above.last;
}
