/** The same as csv-cell.ts for the bytes of a cell, in UTF-8: nearly every cell is copied as it is. */
import { csvCell } from './csv-cell.js';

/** At most so many bytes are written for one that is read: an apostrophe, a quotation mark, or what stands for a broken byte. */
export const MOST_BYTES_FOR_ONE = 4;

/** Puts the cell there, and answers where it ends. */
export function putCell(from: Buffer, start: number, end: number, to: Buffer, at: number): number {
  const first = from[start] as number;
  if (isFormulaSign(first)) {
    to[at] = APOSTROPHE;
    const last = copyPlain(from, start, end, to, at + 1);
    if (last >= 0) return last;
  } else {
    const last = putPlain(from, start, end, to, at);
    if (last >= 0) return last;
  }
  return putText(csvCell(from.toString('utf8', start, end)), to, at);
}

/** The same for a text that needs neither a guard nor quotation marks doubled, wherever in a cell it stands; -1 for another one. */
export function putPlain(from: Buffer, start: number, end: number, to: Buffer, at: number): number {
  if (start === end) return at;
  return MAY_BEGIN_FORMULA[from[start] as number] === 1 ? -1 : copyPlain(from, start, end, to, at);
}

export function putText(text: string, to: Buffer, at: number): number {
  return at + to.write(text, at);
}

/** For more than some twenty bytes, this is faster than one after the other. */
export function putWhole(from: Uint8Array, to: Buffer, at: number): number {
  to.set(from, at);
  return at + from.length;
}

export function putBytes(from: Buffer, start: number, end: number, to: Buffer, at: number): number {
  let place = at;
  for (let byte = start; byte < end; byte += 1) to[place++] = from[byte] as number;
  return place;
}

function copyPlain(from: Buffer, start: number, end: number, to: Buffer, at: number): number {
  let place = at;
  for (let read = start; read < end; read += 1) {
    const byte = from[read] as number;
    if (NOT_COPIED[byte] === 1) return -1;
    to[place++] = byte;
  }
  return place;
}

const APOSTROPHE = 0x27;

/** Quotation mark, and what a program may take for the end of a cell: `;` and TAB (formula-guard.ts). */
const NOT_COPIED = marked((byte) => byte === 0x22 || byte === 0x3b || byte === 0x09);

/** As formula-guard.ts has it. The signs that UTF-8 writes as three bytes begin with 0xe2 (zero-width ones) or 0xef (full-width ones). */
const MAY_BEGIN_FORMULA = marked(
  (byte) => byte < 0x30 || (byte > 0x39 && byte < 0x41) || byte === 0xe2 || byte === 0xef,
);

/** `=`, `+`, `-`, `@`: an apostrophe before the cell is all that is needed. */
function isFormulaSign(byte: number): boolean {
  return byte === 0x3d || byte === 0x2b || byte === 0x2d || byte === 0x40;
}

function marked(is: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (is(byte) ? 1 : 0));
}
