/** Which cells of a worksheet are merged with the one above: a file has their value in the first of them only. */
import type { Readable } from 'node:stream';
import { columnOf } from './xlsx-rows.js';

export interface Merges {
  /** Whether the value of this cell, if there is one to see, stands in a row above. */
  isBelow(row: number, column: number): boolean;
}

interface Range {
  readonly first: number;
  readonly last: number;
}

const END_OF_ROWS = /<\/(?:\w+:)?sheetData>/;
/** As long as that may be cut at the end of a piece. */
const CUT = 64;
const MERGED = /<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+)([0-9]+):([A-Z]+)([0-9]+)"/g;

/** They stand behind all rows, so the rows are inflated, and looked through for nothing but their end. */
export async function mergesOf(stream: Readable): Promise<Merges> {
  const decoder = new TextDecoder();
  let tail = '';
  let hasEnded = false;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    tail += decoder.decode(chunk, { stream: true });
    if (hasEnded) continue;
    const end = tail.search(END_OF_ROWS);
    hasEnded = end >= 0;
    tail = tail.slice(hasEnded ? end : -CUT);
  }
  const byColumn = new Map<number, Range[]>();
  for (const [, left = '', top, right = '', bottom] of tail.matchAll(MERGED)) {
    const range = { first: Number(top), last: Number(bottom) };
    if (range.last === range.first) continue;
    // Merges further right are of no column of ours.
    for (let column = columnOf(left); column <= Math.min(columnOf(right), columnOf(left) + WIDEST); column++) {
      const ranges = byColumn.get(column);
      if (ranges === undefined) byColumn.set(column, [range]);
      else ranges.push(range);
    }
  }
  for (const ranges of byColumn.values()) ranges.sort((a, b) => a.first - b.first);
  return { isBelow: (row, column) => isBelow(byColumn.get(column) ?? NONE, row) };
}

const WIDEST = 512;
const NONE: readonly Range[] = [];

/** Ranges of one column do not overlap: the last one that begins above decides. */
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
