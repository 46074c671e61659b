/** A person's ID in the column of enterprise codes must not lie in Redis, a report or a log: what is kept in its place. */
import { hasBirthday } from './enterprise-code.js';

const SHOWN_IN_FRONT = 3;
const SHOWN_BEHIND = 2;

/** As much as the person at the sheet needs to find the cell; a damaged one, in which most of an ID can be read, likewise. */
export function withoutResidentId(cell: string): string {
  const plain = cell
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[^0-9A-Z.]/g, '');
  const power = /^([0-9])\.?([0-9]*)E17$/.exec(plain);
  if (power !== null) {
    const digits = `${power[1]}${power[2]}`;
    return hasBirthday(digits.padEnd(18, '0').slice(0, 18)) ? `${power[1]}.${power[2]?.slice(0, 2)}***E+17` : cell;
  }
  const id = plain.replace(/\.0*$/, '');
  if (!hasBirthday(id)) return cell;
  const hidden = '*'.repeat(id.length - SHOWN_IN_FRONT - SHOWN_BEHIND);
  return `${id.slice(0, SHOWN_IN_FRONT)}${hidden}${id.slice(-SHOWN_BEHIND)}`;
}
