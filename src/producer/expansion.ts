/**
 * What a file becomes while it is read, held against its size: bytes that are unpacked, characters of rows that repeat a
 * shared text or are filled up to the headings. For one pass over the file.
 */
import { HARMLESS_BYTES, SHEET_LIMITS } from '../domain/sheet-limits.js';
import type { Words } from '../domain/words.js';
import { tooMuch } from './sheet-error.js';

export interface Expansion {
  /** @throws SheetError where it is too much */
  add(amount: number): void;
}

const UNPACKED_BYTES = SHEET_LIMITS.unpacked.most * 1024 ** 2;

const UNPACKED: Words = { en: 'unpacked, the workbook is', zh: '工作簿解压后' };
const FILLED_UP: Words = { en: 'filled up to its headings, the sheet is', zh: '按表头补齐后，表格' };

/** @param bytes of the file; what is not packed may be of any size */
export function openExpansion(bytes: number, isPacked: boolean): Expansion {
  const allowed = Math.max(HARMLESS_BYTES, bytes * SHEET_LIMITS.expansion.most);
  let sum = 0;
  return {
    add(amount) {
      sum += amount;
      if (sum > allowed) throw tooMuch('expansion', isPacked ? UNPACKED : FILLED_UP);
      if (isPacked && sum > UNPACKED_BYTES) throw tooMuch('unpacked', UNPACKED);
    },
  };
}
