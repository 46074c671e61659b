/**
 * Any character of Unicode, as fast-check's own unit 'binary' makes it. That one lists all 1.1 million characters before its first
 * text, for 0.6 s in each worker of vitest; this one computes which is which.
 */
import fc from 'fast-check';

const [FIRST_SURROGATE, SURROGATES, LAST] = [0xd800, 0x800, 0x10ffff];

export const ANY_CHARACTER = fc.integer({ min: 0, max: LAST - SURROGATES }).map(characterAt, placeOf);

function characterAt(place: number): string {
  return String.fromCodePoint(place < FIRST_SURROGATE ? place : place + SURROGATES);
}

function placeOf(character: unknown): number {
  const point = typeof character === 'string' ? (character.codePointAt(0) ?? -1) : -1;
  const place = point < FIRST_SURROGATE ? point : point - SURROGATES;
  if (place < 0 || characterAt(place) !== character) throw new Error('not one character');
  return place;
}
