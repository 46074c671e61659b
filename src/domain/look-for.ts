/** What a person types to find a merchant, and whether a text of a sheet has it. */
import { comparable } from './merchant.js';

/** A telephone number, as `comparable` gives it. */
const NUMBER = /^\+?(?:[()-]*[0-9]){7,}[()-]*$/;
/** Of mainland China, before a mobile number. */
const COUNTRY_CODE = /^(?:00)?86(?=1[0-9]{10}$)/;

/** A number is found however it is grouped: `13800000002` in `+86 138-0000-0002`. Nothing is found for a blank text. */
export function lookFor(text: string): (content: string) => boolean {
  const wanted = comparable(text);
  if (wanted === '') return () => false;
  if (!NUMBER.test(wanted)) return (content) => comparable(content).includes(wanted);
  const digits = wanted.replace(/[^0-9]/g, '').replace(COUNTRY_CODE, '');
  return (content) => comparable(content).replace(/[()-]/g, '').includes(digits);
}
