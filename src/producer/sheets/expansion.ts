/**
 * Compares how far a file grows while it is read with its size: bytes that are unpacked, and characters of rows, which may
 * repeat a shared text or be filled up to the headings. For one pass over the file.
 */
import { HARMLESS, SHEET_LIMITS, type SheetLimitName } from '../../domain/sheet-limits.js';
import type { Words } from '../../domain/words.js';
import { tooMuch } from './sheet-error.js';

export interface Expansion {
  /** @throws SheetError where it is too much */
  add(amount: number): void;
}

interface Allowance {
  readonly harmless: number;
  readonly times: SheetLimitName;
  readonly most: number;
  readonly where: Words;
}

const UNPACKED: Words = { en: 'unpacked, the workbook is', zh: '工作簿解压后' };
const FILLED_UP: Words = { en: 'filled up to its headings, the sheet is', zh: '按表头补齐后，表格' };
const MOST = SHEET_LIMITS.unpacked.most * 1024 ** 2;

// biome-ignore format: one line, one kind of growth
const ALLOWANCES = {
  bytesUnpacked: { harmless: HARMLESS.bytesUnpacked, times: 'expansion', most: MOST, where: UNPACKED },
  rowsOfWorkbook: { harmless: HARMLESS.charactersOfRows, times: 'expansion', most: MOST, where: UNPACKED },
  // No limit: any number of rows is read in the same memory.
  rowsOfCsv: { harmless: HARMLESS.charactersOfRows, times: 'filling', most: Number.POSITIVE_INFINITY, where: FILLED_UP },
} as const satisfies Record<string, Allowance>;

export function growthAllowed(bytes: number, of: keyof typeof ALLOWANCES): number {
  const { harmless, times } = ALLOWANCES[of];
  return Math.max(harmless, bytes * SHEET_LIMITS[times].most);
}

/** @param bytes of the file */
export function openExpansion(bytes: number, of: keyof typeof ALLOWANCES): Expansion {
  const { times, most, where } = ALLOWANCES[of];
  const allowed = growthAllowed(bytes, of);
  let sum = 0;
  return {
    add(amount) {
      sum += amount;
      if (sum > allowed) throw tooMuch(times, where);
      if (sum > most) throw tooMuch('unpacked', where);
    },
  };
}
