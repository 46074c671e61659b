/** What a person types to find a merchant, and whether a text of a sheet has it. */
import { comparable } from './merchant.js';

/** People write a number in groups; a full stop is the middle dot of a name in `comparable`. */
const GROUPING = /[()./·\u2010-\u2015-]/g;
const NUMBER = /^\+?[0-9]{7,}$/;
/** Of mainland China, before a mobile number, or before an area code without its zero. */
const COUNTRY_CODE = /^\+?(?:00)?86(?=[1-9][0-9]{8,10}$)/;

/** A number is found however it is grouped: `13800000002` in `+86 138-0000-0002`. Nothing is found for a blank text. */
export function lookFor(text: string): (content: string) => boolean {
  const wanted = comparable(text);
  if (wanted === '') return () => false;
  const number = wanted.replace(GROUPING, '');
  if (!NUMBER.test(number)) return (content) => comparable(content).includes(wanted);
  const digits = number.replace(COUNTRY_CODE, '').replace('+', '');
  return (content) => comparable(content).replace(GROUPING, '').includes(digits);
}
