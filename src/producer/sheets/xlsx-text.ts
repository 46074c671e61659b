/** Decodes the escapes in which Excel writes texts. */
import { SHEET_LIMITS } from '../../domain/sheet-limits.js';
import type { Words } from '../../domain/words.js';
import { tooMuch } from './sheet-error.js';

/** Excel writes what XML cannot hold as `_x000D_`: a text of such characters alone is seven times as long. */
const ESCAPE = 7;
const MOST = SHEET_LIMITS.cell.most;

/** @throws SheetError as soon as the text is longer than a cell's text may be */
export function refuseLongText(text: string, where: () => Words): void {
  if (text.length > MOST * ESCAPE) throw tooMuch('cell', where());
}

/** Half of a surrogate pair cannot be encoded as UTF-8: a conversion has lost the other half of the character. */
export function unescaped(text: string, where: () => Words): string {
  const plain = text.includes('_x')
    ? text
        .replace(/_x([0-9A-Fa-f]{4})_/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
        .replace(/[\ud800-\udfff]/gu, '\ufffd')
    : text;
  if (plain.length > MOST) throw tooMuch('cell', where());
  return plain;
}
