/**
 * A request of an unknown client until node:http gets it: its head, and a small body. Ten thousand requests that are never
 * completed cost their bytes and nothing else. Only the length of a request is found out here; node:http parses it, and if
 * the two disagree, node:http decides.
 */
import { GrowingBuffer } from './growing-buffer.js';

/** A push through three proxies has 1 KB in 20 lines. */
const MAX_HEAD_BYTES = 8 * 1024;
const MAX_HEAD_LINES = 100;

/** First bytes of HTTP methods: a client that does not speak HTTP is recognised by its first byte. */
const [FIRST_LETTER, LAST_LETTER] = [0x41, 0x5a];
const [CR, LF] = [0x0d, 0x0a];

/** The blanks behind the value are left to code: a pattern looks at each run of blanks in it once for each of its blanks. */
const DECISIVE = /(content-length|transfer-encoding|expect|connection)[ \t]*:[ \t]*([^\r\n]*)/iy;
/** With which their names begin, as lower-case letters. */
const [C, E, T] = [0x63, 0x65, 0x74];
const TO_LOWER_CASE = 0x20;

/** `more`: the request is not complete yet. */
export type ReadProgress = 'more' | 'here' | 'no_http' | 'too_large';

export class Incoming {
  /** 0 until the head is complete. */
  headLength = 0;
  /** Length of head and body, if the body's length is known and the body is waited for. */
  length: number | undefined;
  /** Whether the client wants something else than to keep the connection, as far as its head says so. */
  closes = false;
  readonly #buffer: GrowingBuffer;
  readonly #wholeUpTo: number;

  /** @param wholeUpTo bodies up to this length are read before node:http gets the request */
  constructor(wholeUpTo: number) {
    this.#wholeUpTo = wholeUpTo;
    this.#buffer = new GrowingBuffer(MAX_HEAD_BYTES + wholeUpTo);
  }

  get bytes(): Buffer {
    return this.#buffer.bytes;
  }

  get capacity(): number {
    return this.#buffer.capacity;
  }

  append(chunk: Buffer): ReadProgress {
    const before = this.#buffer.size;
    // Some clients send an empty line after a body, which belongs to no request.
    const piece = before === 0 ? withoutEmptyLines(chunk) : chunk;
    if (piece.length === 0) return 'more';
    this.#buffer.append(piece);
    if (this.headLength === 0) {
      const fault = this.#lookForHead(before);
      if (fault !== undefined) return fault;
    }
    return this.isHere ? 'here' : 'more';
  }

  get isHere(): boolean {
    return this.headLength > 0 && this.#buffer.size >= (this.length ?? 0);
  }

  #lookForHead(from: number): ReadProgress | undefined {
    const { bytes } = this.#buffer;
    const [first = 0] = bytes;
    if (first < FIRST_LETTER || first > LAST_LETTER) return 'no_http';
    // The end of the head may be split between two chunks.
    const unread = Math.max(from - 3, 0);
    const length = unread + endOfHead(bytes.toString('latin1', unread, MAX_HEAD_BYTES));
    if (length === unread) return bytes.length >= MAX_HEAD_BYTES ? 'too_large' : 'more';
    const lines = decisiveLines(bytes.toString('latin1', 0, length));
    if (lines === undefined) return 'too_large';
    this.headLength = length;
    const body = this.#plainLength(lines);
    if (body !== undefined && body <= this.#wholeUpTo) this.length = length + body;
    return undefined;
  }

  /** The length of the body; undefined if the head does not simply state it. */
  #plainLength(lines: readonly DecisiveLine[]): number | undefined {
    let length: number | undefined;
    for (const [, name = '', text = ''] of lines) {
      const value = withoutBlanksBehind(text);
      switch (name.toLowerCase()) {
        case 'connection':
          this.closes ||= value.toLowerCase() !== 'keep-alive';
          break;
        case 'content-length':
          if (length !== undefined || !/^\d{1,9}$/.test(value)) return undefined;
          length = Number(value);
          break;
        default:
          return undefined;
      }
    }
    return length ?? 0;
  }
}

type DecisiveLine = RegExpExecArray;

/** The lines that decide how long the request is, and what becomes of its connection; undefined if the head has too many lines. */
function decisiveLines(head: string): DecisiveLine[] | undefined {
  const found: DecisiveLine[] = [];
  let count = 0;
  for (let at = 0; at < head.length; at = head.indexOf('\n', at) + 1) {
    count += 1;
    const first = head.charCodeAt(at) | TO_LOWER_CASE;
    if (first !== C && first !== E && first !== T) continue;
    DECISIVE.lastIndex = at;
    const line = DECISIVE.exec(head);
    if (line !== null) found.push(line);
  }
  return count > MAX_HEAD_LINES ? undefined : found;
}

function withoutBlanksBehind(text: string): string {
  let end = text.length;
  while (text[end - 1] === ' ' || text[end - 1] === '\t') end -= 1;
  return text.slice(0, end);
}

function withoutEmptyLines(bytes: Buffer): Buffer {
  let at = 0;
  while (bytes[at] === CR || bytes[at] === LF) at += 1;
  return at === 0 ? bytes : bytes.subarray(at);
}

/** 0: it is not here yet. */
function endOfHead(text: string): number {
  const proper = text.indexOf('\r\n\r\n');
  const bare = (proper < 0 ? text : text.slice(0, proper)).indexOf('\n\n');
  if (bare >= 0) return bare + 2;
  return proper < 0 ? 0 : proper + 4;
}
