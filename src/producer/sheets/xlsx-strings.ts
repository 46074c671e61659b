/**
 * The texts that the cells of a workbook share, in little memory and none of it V8's: a sheet of a million rows has four
 * million of them, and as strings they take 300 MB. A text is stored in one byte a character where it can be, else in two.
 */
import { SHEET_LIMITS } from '../../domain/sheet-limits.js';
import { IN_WORKBOOK, tooMuch } from './sheet-error.js';
import { refuseLongText, unescaped } from './xlsx-text.js';
import { readWholeXml } from './xml.js';

export interface SharedStrings {
  /** What they take in memory. */
  readonly bytes: number;
  /** Undefined if there is no text of that number. */
  at(index: number): string | undefined;
}

export const NO_STRINGS: SharedStrings = { bytes: 0, at: () => undefined };

const BLOCK_BYTES = 1024 ** 2;
const MOST_BYTES = SHEET_LIMITS.stringBytes.most * 1024 ** 2;
const FIRST_PLACES = 1024;
/** A byte for each character, unless one of them needs two. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: all that fit into a byte
const NARROW = /^[\u0000-\u00ff]*$/;

/**
 * A phonetic reading above a word (`rPh`) is not part of the text.
 * @param most how many texts there may be
 */
export async function sharedStrings(
  pieces: AsyncIterable<Buffer>,
  most: number = SHEET_LIMITS.strings.most,
): Promise<SharedStrings> {
  const strings = openStrings(most);
  let string = '';
  let listening = false;
  let phonetic = 0;
  await readWholeXml(pieces, {
    open: (name) => {
      if (name === 'si') string = '';
      else if (name === 'rPh') phonetic++;
      else if (name === 't') listening = phonetic === 0;
    },
    text: (text) => {
      if (!listening) return;
      string += text;
      refuseLongText(string, inWorkbook);
    },
    close: (name) => {
      if (name === 'si') strings.add(unescaped(string, inWorkbook));
      else if (name === 'rPh') phonetic--;
      else if (name === 't') listening = false;
    },
  });
  return { bytes: strings.bytes(), at: strings.at };
}

const inWorkbook = () => IN_WORKBOOK;

function openStrings(most: number) {
  const blocks: Buffer[] = [];
  let free = 0;
  let used = 0;
  let count = 0;
  /** Where each text ends, in bytes over all blocks, doubled; odd if its characters take two bytes each. */
  let ends = new Uint32Array(FIRST_PLACES);

  function add(text: string): void {
    if (count === most) throw tooMuch('strings', IN_WORKBOOK);
    if (count === ends.length) {
      const longer = new Uint32Array(Math.min(count * 2, most));
      longer.set(ends);
      ends = longer;
    }
    const isNarrow = NARROW.test(text);
    const bytes = isNarrow ? text.length : text.length * 2;
    // No text is split between blocks: the rest of a block stays empty.
    if (bytes > free) {
      used = blocks.length * BLOCK_BYTES;
      if (used + BLOCK_BYTES > MOST_BYTES) throw tooMuch('stringBytes', IN_WORKBOOK);
      blocks.push(Buffer.allocUnsafeSlow(BLOCK_BYTES));
      free = BLOCK_BYTES;
    }
    blocks[blocks.length - 1]?.write(text, BLOCK_BYTES - free, isNarrow ? 'latin1' : 'utf16le');
    free -= bytes;
    used += bytes;
    ends[count++] = used * 2 + (isNarrow ? 0 : 1);
  }

  function at(index: number): string | undefined {
    if (!(index >= 0 && index < count && Number.isInteger(index))) return undefined;
    const [end, before] = [ends[index] ?? 0, index === 0 ? 0 : (ends[index - 1] ?? 0)];
    const to = Math.floor(end / 2);
    const block = Math.floor(Math.max(to - 1, 0) / BLOCK_BYTES);
    const from = Math.max(Math.floor(before / 2), block * BLOCK_BYTES);
    const offset = block * BLOCK_BYTES;
    return blocks[block]?.toString(end % 2 === 0 ? 'latin1' : 'utf16le', from - offset, to - offset) ?? '';
  }

  return { add, at, bytes: () => blocks.length * BLOCK_BYTES + ends.byteLength };
}
