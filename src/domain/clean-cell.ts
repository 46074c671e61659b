/** A cell without what a spreadsheet program or a keyboard has put into it: invisible characters, full width, groups of digits. */
import type { Field } from './columns.js';
import { unwrapped } from './formula-guard.js';
import { DOT_LIKE } from './middle-dot.js';
import type { Findings } from './row-findings.js';

export function isBlankCell(cell: string): boolean {
  return cell.trim() === '';
}

// Names: sent as they were given, except for invisible characters.

/** A name as people read it, of a row that was not checked or that was refused. */
export function readableName(cell: string): string {
  return withoutInvisible(unwrapped(cell)).trim();
}

/** Anything in a name that is worth a second look. */
export const SUSPICIOUS = new RegExp(`[\\s\\p{Cc}\\p{Cf}\\u115f\\u1160\\u3164()?"\\uff02\\ufffd${DOT_LIKE}]|^'`, 'u');

/** Left by a CSV in which a blank or another character stands beside a mark; full-width ones are typed. */
export const QUOTATION_MARK = /["\uff02]/;

/** Invisible wherever they stand. U+2028 and U+2029 are line breaks, not this. */
const INVISIBLE = /[\p{Cf}\u115f\u1160\u3164]/gu;

export function withoutInvisible(text: string): string {
  return text.replace(INVISIBLE, '');
}

/** Without invisible characters, trimmed; and says so. */
export function visible(cell: string, field: Field, findings: Findings): string {
  const seen = withoutInvisible(cell);
  if (seen !== cell) findings.add('sheet:invisible_characters', field);
  const text = seen.trim();
  if (text !== seen && text !== '') findings.add('sheet:spaces_repaired', field);
  return text;
}

// Codes, Weixin IDs and phones: half-width, without the leftovers of spreadsheet programs.

const PLAIN = /^[0-9A-Za-z_+-]*$/;
const APOSTROPHES = /^'+/;

/** The same without a word about what was repaired: of a row that was refused, and of the user's own columns. */
export function readable(cell: string): string {
  if (PLAIN.test(cell)) return cell;
  return halfWidth(withoutInvisible(unwrapped(cell)).trim())
    .replace(APOSTROPHES, '')
    .trim();
}

export function repaired(field: Field, findings: Findings, mayBeGrouped: boolean): string {
  const cell = findings.cell(field);
  if (PLAIN.test(cell)) return cell;
  const seen = visible(cell, field, findings);
  const half = halfWidth(seen);
  if (half !== seen) findings.add('sheet:full_width_repaired', field);
  const text = half.replace(APOSTROPHES, '');
  if (text !== half) findings.add('sheet:leading_apostrophe', field);
  return mayBeGrouped ? ungrouped(text.trim(), field, findings) : text.trim();
}

/** Not NFKC, which would also make digits of ² and ①. The dashes are the ones that input methods write for a hyphen. */
export function halfWidth(text: string): string {
  return text
    .replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .replace(/[\u2010-\u2015\u2212\u30fc]/g, '-')
    .replace(/[\u2018\u2019]/g, "'");
}

/** People write long numbers in groups. */
function ungrouped(text: string, field: Field, findings: Findings): string {
  if (!/\s/.test(text)) return text;
  findings.add('sheet:spaces_repaired', field);
  return text.replace(/\s+/g, '');
}
