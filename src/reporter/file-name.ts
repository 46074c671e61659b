/** A file name from a text of unknown origin. */

/** Characters that a file system, a shell or Windows gives another meaning, and invisible ones. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}<>:"/\\|?*%]/gu;

/** Most file systems take 255 bytes; a character has up to four. */
const LONGEST = 50;

export function fileNamePart(text: string): string {
  const safe = [...text.normalize('NFC').replace(UNSAFE, '_')].slice(0, LONGEST).join('');
  // Windows drops dots and spaces at the end; a dot in front hides the file.
  return safe.replace(/^[.\s]+|[.\s]+$/g, '') || '_';
}
