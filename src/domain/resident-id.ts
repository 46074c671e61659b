/** A person's ID in a column of ours must not lie in Redis, a report or a log: what is kept in its place. */
import { hasBirthday, hasOldBirthday, isOldResidentId, isResidentId } from './enterprise-code.js';

const SHOWN_IN_FRONT = 3;
const SHOWN_BEHIND = 2;

/** 15 to 18 digits, in groups or not, in either width; the last may be an X. */
const LONG_NUMBER =
  /(?<![0-9A-Za-z０-９])[0-9０-９](?:[\s-]?[0-9０-９]){13,16}[\s-]?[0-9０-９XxＸｘ](?![0-9A-Za-z０-９])/gu;
const FIFTEEN_DIGITS = /[0-9０-９](?:[\s-]?[0-9０-９]){14}/u;

/** A resident ID that stands in a text, alone or among other words: of 18 characters, or of 15 as they were until 1999. */
export function residentIdIn(text: string): 'resident' | 'old' | undefined {
  // Nearly every cell ends here.
  if (text.length < 15 || !FIFTEEN_DIGITS.test(text)) return undefined;
  const numbers = (text.match(LONG_NUMBER) ?? []).map(plainNumber);
  if (numbers.some(isResidentId)) return 'resident';
  return numbers.some(hasOldBirthday) ? 'old' : undefined;
}

/** The text without those IDs: as much of each as the person at the sheet needs to find it. */
export function withoutResidentIdsIn(text: string): string {
  return text.replace(LONG_NUMBER, (number) => {
    const plain = plainNumber(number);
    return hasBirthday(plain) || hasOldBirthday(plain) ? masked(plain) : number;
  });
}

/** The same of a cell that has, or should have, nothing but a code: a damaged ID, in which most can be read, likewise. */
export function withoutResidentId(cell: string): string {
  const plain = cell
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[^0-9A-Z.]/g, '');
  const power = /^([0-9])\.?([0-9]*)E(17|14)$/.exec(plain);
  if (power !== null) {
    const [, first = '', rest = '', exponent] = power;
    const length = Number(exponent) + 1;
    const digits = `${first}${rest}`.padEnd(length, '0').slice(0, length);
    return hasBirthday(digits) || isOldResidentId(digits) ? `${first}.${rest.slice(0, 2)}***E+${exponent}` : cell;
  }
  const id = plain.replace(/\.0*$/, '');
  return hasBirthday(id) || isOldResidentId(id) ? masked(id) : cell;
}

function plainNumber(number: string): string {
  return number.normalize('NFKC').toUpperCase().replace(/[\s-]/g, '');
}

/** What a report has in place of an ID: it may come back uncorrected in the next upload. */
export function isMaskedResidentId(cell: string): boolean {
  return /^[0-9]{3}(?:\*{10}|\*{13})[0-9X]{2}$/.test(cell);
}

function masked(id: string): string {
  const hidden = '*'.repeat(id.length - SHOWN_IN_FRONT - SHOWN_BEHIND);
  return `${id.slice(0, SHOWN_IN_FRONT)}${hidden}${id.slice(-SHOWN_BEHIND)}`;
}
