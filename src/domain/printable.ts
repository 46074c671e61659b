/**
 * Text of files and cells for a terminal or a Markdown page: what would move the cursor, set the clipboard (OSC 52) or turn
 * the reading direction is written out as `\u001b`. In JSON that is the same character.
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The same on one line of Markdown, where it is text and nothing else. */
export function markdownText(text: string): string {
  return printable(text.replace(/[\r\n\t]+/g, ' ')).replace(/[\\`*_[\]<>|~]/g, '\\$&');
}
