/**
 * Cells that a spreadsheet program would run as a formula get an apostrophe in front, which it takes for text
 * (OWASP, CSV injection). Reversible: reading a report as the next sheet gives every cell back as it was.
 */

/** Apostrophes that are already there are counted, or taking one off could not tell whose it was. */
const GUARDED = /^'+[=+\-@\t\r\n＝＋－＠]/;
const DANGEROUS = /^'*[=+\-@\t\r\n＝＋－＠]/;

export function guard(cell: string): string {
  return mayBeDangerous(cell.charCodeAt(0)) && DANGEROUS.test(cell) ? `'${cell}` : cell;
}

/** Nearly every cell begins with a letter or a digit and needs no more than this look. */
function mayBeDangerous(first: number): boolean {
  return first < 0x30 || (first > 0x39 && first < 0x41) || first >= 0xff00;
}

export function unguard(cell: string): string {
  return cell.charCodeAt(0) === APOSTROPHE && GUARDED.test(cell) ? cell.slice(1) : cell;
}

const APOSTROPHE = 0x27;
