/** How the text of a sheet is encoded, without a detector: the encoding that decodes strictly and gives known headings. */
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { beat } from './heartbeat.js';

export type Encoding = 'utf-8' | 'gb18030' | 'utf-16le' | 'utf-16be';

/** What one pass over the bytes of a file finds. */
export interface Scan {
  /** SHA-256 of the bytes, in hex. */
  readonly digest: string;
  readonly bytes: number;
  /** The first bytes, at most HEAD_BYTES. */
  readonly head: Buffer;
  readonly isUtf8: boolean;
  readonly hasCarriageReturns: boolean;
  /** Inexact for UTF-16: a byte of another character may look like a quotation mark. */
  readonly quotationMarks: number;
  /** At most this many: CR and LF are counted separately. Meaningless for UTF-16. */
  readonly lines: number;
  /** In bytes, from LF to LF. */
  readonly longestLine: number;
}

export const HEAD_BYTES = 64 * 1024;
/** A chunk is processed without a pause: a parser of CSV takes 100 ms for this many blank lines. */
const CHUNK_BYTES = 64 * 1024;

export async function scan(file: FileHandle): Promise<Scan> {
  const hash = createHash('sha256');
  let head = Buffer.alloc(0);
  let bytes = 0;
  let utf8 = true;
  let hasCarriageReturns = false;
  let quotationMarks = 0;
  let cut = Buffer.alloc(0);
  const lines = openLines();
  for await (const chunk of chunksOf(file)) {
    lines.add(chunk);
    hash.update(chunk);
    bytes += chunk.length;
    if (head.length < HEAD_BYTES) head = Buffer.concat([head, chunk.subarray(0, HEAD_BYTES - head.length)]);
    hasCarriageReturns ||= chunk.includes(CR);
    quotationMarks += quotationMarksIn(chunk);
    if (!utf8) continue;
    const joined = cut.length === 0 ? chunk : Buffer.concat([cut, chunk]);
    const whole = joined.length - unfinishedUtf8(joined);
    utf8 = isUtf8(joined.subarray(0, whole));
    cut = Buffer.from(joined.subarray(whole));
  }
  return {
    digest: hash.digest('hex'),
    bytes,
    head,
    isUtf8: utf8 && cut.length === 0,
    hasCarriageReturns,
    quotationMarks,
    ...lines.facts(),
  };
}

function openLines() {
  let count = 0;
  let longest = 0;
  let sinceEnd = 0;

  function add(chunk: Buffer): void {
    let from = 0;
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, from)) {
      longest = Math.max(longest, sinceEnd + at - from);
      count += 1;
      sinceEnd = 0;
      from = at + 1;
    }
    sinceEnd += chunk.length - from;
    longest = Math.max(longest, sinceEnd);
    for (let at = chunk.indexOf(CR); at >= 0; at = chunk.indexOf(CR, at + 1)) count += 1;
  }

  return { add, facts: () => ({ lines: count + 1, longestLine: longest }) };
}

const LF = 0x0a;
const CR = 0x0d;

function quotationMarksIn(bytes: Buffer): number {
  if (!bytes.includes(0x22)) return 0;
  let count = 0;
  for (let at = 0; at < bytes.length; at++) if (bytes[at] === 0x22) count++;
  return count;
}

/** How many bytes at the end begin a character without finishing it. */
function unfinishedUtf8(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? back : 0;
  }
  return 0;
}

/** Reads from the beginning, whatever was read before. Each chunk overwrites the chunk before it. */
export async function* chunksOf(file: FileHandle): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let position = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, position);
    if (bytesRead === 0) return;
    beat();
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

const BOMS: readonly { readonly encoding: Encoding; readonly bytes: readonly number[] }[] = [
  { encoding: 'utf-8', bytes: [0xef, 0xbb, 0xbf] },
  { encoding: 'utf-16le', bytes: [0xff, 0xfe] },
  { encoding: 'utf-16be', bytes: [0xfe, 0xff] },
  { encoding: 'gb18030', bytes: [0x84, 0x31, 0x95, 0x33] },
];

/** The encodings worth trying, likeliest first. */
export function candidates(scanned: Scan): readonly Encoding[] {
  const marked = BOMS.find(({ bytes }) => startsWith(scanned.head, bytes));
  if (marked !== undefined) return [marked.encoding];
  const narrow: Encoding[] = scanned.isUtf8 ? ['utf-8', 'gb18030'] : ['gb18030'];
  // Every comma and line end of UTF-16 has a zero byte, and no other text has one.
  return scanned.head.includes(0) ? ['utf-16le', 'utf-16be', ...narrow] : narrow;
}

/** Whether the whole file is text in this encoding. */
export async function decodes(file: FileHandle, scanned: Scan, encoding: Encoding): Promise<boolean> {
  if (encoding === 'utf-8') return scanned.isUtf8;
  try {
    for await (const _ of decoded(file, encoding));
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

/** The line with the first bytes that are no text in this encoding. */
export async function brokenLine(file: FileHandle, encoding: Encoding): Promise<number> {
  const decoder = new TextDecoder(encoding);
  let line = 1;
  // The line feed after a carriage return may come with the next chunk.
  let held = '';
  for await (const chunk of chunksOf(file)) {
    const text = held + decoder.decode(chunk, { stream: true });
    held = text.endsWith('\r') ? '\r' : '';
    const at = text.indexOf(NO_CHARACTER);
    line += text.slice(0, at < 0 ? text.length - held.length : at).match(LINE_ENDS)?.length ?? 0;
    if (at >= 0) break;
  }
  return line;
}

/** The character that a decoder writes for bytes that it cannot decode. */
export const NO_CHARACTER = '\ufffd';
const LINE_ENDS = /\r\n|\n|\r/g;

/** The file's text without its mark. @throws TypeError where it is not in this encoding */
export async function* decoded(file: FileHandle, encoding: Encoding): AsyncGenerator<string> {
  let first = true;
  for await (const text of encoding === 'utf-8' ? utf8Text(chunksOf(file)) : strictly(file, encoding)) {
    yield first ? unmarked(text) : text;
    first = false;
  }
}

/** Six times as fast as a TextDecoder. @throws TypeError where it is not UTF-8, as TextDecoder does */
export async function* utf8Text(pieces: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let cut = Buffer.alloc(0);
  for await (const piece of pieces) {
    const joined = cut.length === 0 ? piece : Buffer.concat([cut, piece]);
    const whole = joined.subarray(0, joined.length - unfinishedUtf8(joined));
    if (!isUtf8(whole)) throw new TypeError('the text is not UTF-8');
    yield whole.toString();
    cut = Buffer.from(joined.subarray(whole.length));
  }
  if (cut.length > 0) throw new TypeError('the text breaks off within a character');
}

async function* strictly(file: FileHandle, encoding: Encoding): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  for await (const chunk of chunksOf(file)) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

/** A decoder removes the mark of UTF-16, but not the mark of GB18030. */
function unmarked(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

/** The beginning of the file as text; a character cut at its end is left out. */
export function headText(scanned: Scan, encoding: Encoding): string {
  return unmarked(new TextDecoder(encoding).decode(scanned.head, { stream: scanned.bytes > scanned.head.length }));
}

function startsWith(bytes: Buffer, beginning: readonly number[]): boolean {
  return beginning.every((byte, at) => bytes[at] === byte);
}
