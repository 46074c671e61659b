/**
 * A cell that a spreadsheet program would run as a formula gets an apostrophe in front, which makes it text (OWASP, CSV
 * injection). So does text after a `;` or a TAB inside a cell: a program with that list separator begins a new cell
 * there. Reversible: reading a report as the next sheet restores every cell.
 */

/**
 * The beginning of a cell that holds a formula: after characters that programs do not show (NUL, zero-width), and after
 * apostrophes. A cell that has apostrophes already gets one more, so that removing one restores it.
 */
const FORMULA = /(?<=^|[;\t])(?=[\0\u200b-\u200f\u2060\ufeff']*[=+\-@\t\r\n＝＋－＠])/g;
const GUARDED = /(?<=^|[;\t])'(?=[\0\u200b-\u200f\u2060\ufeff']*[=+\-@\t\r\n＝＋－＠])/g;

export function guard(cell: string): string {
  return mayBeFormula(cell) ? cell.replace(FORMULA, "'") : cell;
}

export function unguard(cell: string): string {
  if (!cell.includes("'")) return cell;
  const plain = cell.replace(GUARDED, '');
  // What guard would not have written is the user's own.
  return guard(plain) === cell ? plain : cell;
}

/** Nearly every cell begins with a letter or a digit, and has no separator but in sentences; no more than this look is needed then. */
function mayBeFormula(cell: string): boolean {
  return mayBegin(cell.charCodeAt(0)) || mayBeginAfter(';', cell) || mayBeginAfter('\t', cell);
}

function mayBeginAfter(separator: string, cell: string): boolean {
  for (let at = cell.indexOf(separator); at >= 0; at = cell.indexOf(separator, at + 1)) {
    if (mayBegin(cell.charCodeAt(at + 1))) return true;
  }
  return false;
}

/** Answers false for NaN, the end of a cell. */
function mayBegin(first: number): boolean {
  if (first === SPACE) return false;
  if (first < 0x30 || (first > 0x39 && first < 0x41) || first >= 0xfeff) return true;
  return first >= 0x2000 && first <= 0x2060;
}

const SPACE = 0x20;

/** Export programs write `="0123"`, so that Excel takes a number for a text. */
const FORMULA_TEXT = /^="(.*)"$/su;
const EQUALS = 0x3d;

/** The text of a cell that is such a formula; any other cell as it is. */
export function unwrapped(cell: string): string {
  if (cell.charCodeAt(0) !== EQUALS) return cell;
  return FORMULA_TEXT.exec(cell)?.[1]?.replaceAll('""', '"') ?? cell;
}
