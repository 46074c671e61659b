/**
 * The dot between the parts of a name, as names of minorities have it. Registries, banks and WeChat write · (U+00B7), as
 * China's rules for names in public systems ask (GB 13000 00B7, GB 18030 A1A4). Keyboards and fonts offer many that look alike.
 */
export const MIDDLE_DOT = '\u00b7';

/** Never anything but such a dot between two letters: ano teleia, •, ‧, ∙, ⋅, ●, ⸱, ・, ･. */
const DOTS = '\u0387\u2022\u2027\u2219\u22c5\u25cf\u2e31\u30fb\uff65';
/** Full stops, of every width: dots of a name between Chinese characters only; elsewhere they end an abbreviation. */
const STOPS = '.\u2024\u3002\ufe52\uff0e\uff61';

/** For a character class: whatever may stand in the place of the middle dot. */
export const DOT_LIKE = DOTS + STOPS;

const ANY = new RegExp(`[${DOT_LIKE}]`, 'g');
const BETWEEN_LETTERS = new RegExp(`(?<=\\p{L})[ \\u3000]?[${DOTS}${MIDDLE_DOT}][ \\u3000]?(?=\\p{L})`, 'gu');
const BETWEEN_CHINESE = new RegExp(`(?<=\\p{Script=Han})[ \\u3000]?[${STOPS}][ \\u3000]?(?=\\p{Script=Han})`, 'gu');
const ANOTHER_DOT = new RegExp(`(?<=\\p{L})[${DOTS}](?=\\p{L})|(?<=\\p{Script=Han})[${STOPS}](?=\\p{Script=Han})`, 'u');

/** A person's name with the dot of the registry; no letter and no digit of it is changed. */
export function withMiddleDots(name: string): string {
  return name.replace(BETWEEN_LETTERS, MIDDLE_DOT).replace(BETWEEN_CHINESE, MIDDLE_DOT);
}

/** Whether a dot between two letters is not the one of the registry. */
export function hasAnotherDot(name: string): boolean {
  return ANOTHER_DOT.test(name);
}

/** For comparison only: one dot for all, wherever it stands. */
export function withOneDot(text: string): string {
  return text.replace(ANY, MIDDLE_DOT);
}
