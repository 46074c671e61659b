/** Text as bytes in the encodings that Node reads and does not write. */
import type { Encoding } from '../../src/producer/sheets/encoding.js';

export function encode(text: string, encoding: Encoding, mark = false): Buffer {
  const marked = mark ? `\ufeff${text}` : text;
  switch (encoding) {
    case 'utf-8':
      return Buffer.from(marked);
    case 'utf-16le':
      return Buffer.from(marked, 'utf16le');
    case 'utf-16be':
      return Buffer.from(marked, 'utf16le').swap16();
    case 'gb18030':
      return Buffer.concat([...marked].map(gb18030Bytes));
  }
}

export function isInGb18030(text: string): boolean {
  return [...text].every((character) => gb18030Table().has(character) || isSupplementary(character));
}

function gb18030Bytes(character: string): Buffer {
  const bytes = gb18030Table().get(character);
  if (bytes !== undefined) return bytes;
  if (!isSupplementary(character)) throw new Error(`U+${character.codePointAt(0)?.toString(16)} has no GB18030 code`);
  // Four-byte codes from 90 30 81 30 on follow the code points.
  return fourBytes((character.codePointAt(0) ?? 0) - 0x10000 + 189_000);
}

function isSupplementary(character: string): boolean {
  return (character.codePointAt(0) ?? 0) > 0xffff;
}

function fourBytes(linear: number): Buffer {
  return Buffer.from([
    0x81 + Math.floor(linear / 12_600),
    0x30 + (Math.floor(linear / 1260) % 10),
    0x81 + (Math.floor(linear / 10) % 126),
    0x30 + (linear % 10),
  ]);
}

let table: Map<string, Buffer> | undefined;

/** The decoder's own table, read backwards. */
function gb18030Table(): Map<string, Buffer> {
  if (table !== undefined) return table;
  const decoder = new TextDecoder('gb18030');
  const all = new Map<string, Buffer>();
  const add = (bytes: Buffer) => {
    const character = decoder.decode(bytes);
    if ([...character].length === 1 && character !== '\ufffd' && !all.has(character)) all.set(character, bytes);
  };
  for (let byte = 0; byte < 0x80; byte++) add(Buffer.from([byte]));
  for (let first = 0x81; first <= 0xfe; first++) {
    for (let second = 0x40; second <= 0xfe; second++) if (second !== 0x7f) add(Buffer.from([first, second]));
  }
  for (let linear = 0; linear < 39_420; linear++) add(fourBytes(linear));
  table = all;
  return all;
}
