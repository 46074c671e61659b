/** A file name out of a text that somebody else wrote. */

/** What a file system, a shell or Windows makes something else of, and what nobody can see. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}<>:"/\\|?*%]/gu;

/** Most file systems take 255 bytes; a character has up to four. */
const LONGEST = 50;

export function fileNamePart(text: string): string {
  const safe = [...text.normalize('NFC').replace(UNSAFE, '_')].slice(0, LONGEST).join('');
  // Windows drops dots and spaces at the end; a dot in front hides the file.
  return safe.replace(/^[.\s]+|[.\s]+$/g, '') || '_';
}
