/**
 * Text of files and cells for a terminal or a Markdown page: what would move the cursor, set the clipboard (OSC 52) or turn
 * the reading direction is written out as `\u001b`. In JSON that is the same character.
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Of a file or folder, beside words on one line: a name with a line end in it would have a line of its own, and say anything there. */
export function nameOnOneLine(name: string): string {
  return name.replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

/** What is printable, on one line of Markdown, where it is text and nothing else. */
export function markdownText(text: string): string {
  return printable(text.replace(/[\r\n\t]+/g, ' ')).replace(/[\\`*_[\]<>|~]/g, '\\$&');
}

const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]/;

/** Chinese characters take two columns of a terminal or a sheet. */
export function displayWidth(text: string): number {
  let columns = 0;
  for (const character of text) columns += WIDE.test(character) ? 2 : 1;
  return columns;
}
