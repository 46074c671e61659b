/**
 * A request of a stranger until it can be handed to node:http: its head, and a small body with it. Ten thousand that are
 * never completed cost their bytes and nothing else. How long they are is all that is read here; what they say is for
 * node:http, which may see it otherwise, and then has the last word.
 */
import { GrowingBuffer } from './growing-buffer.js';

/** A push through three proxies has 1 KB in 20 lines. */
const MAX_HEAD_BYTES = 8 * 1024;
const MAX_HEAD_LINES = 100;

/** A client that speaks no HTTP is noticed by its first byte. */
const [FIRST_LETTER, LAST_LETTER] = [0x41, 0x5a];
const [CR, LF] = [0x0d, 0x0a];

const LENGTHS = /^(content-length|transfer-encoding|expect)[ \t]*:[ \t]*([^\r\n]*?)[ \t]*\r?$/gim;

/** `more`: it is not here yet. */
export type ReadProgress = 'more' | 'here' | 'no_http' | 'too_large';

export class Incoming {
  /** 0 until the head is here. */
  headLength = 0;
  /** Head and body, where that is known and waited for. */
  length: number | undefined;
  readonly #buffer: GrowingBuffer;
  readonly #wholeUpTo: number;

  /** @param wholeUpTo bodies up to this length are waited for */
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
    // Some clients send an empty line after a body, which belongs to nothing.
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
    // Its end may lie across two chunks.
    const length = endOfHead(bytes, Math.max(from - 3, 0));
    if (length === undefined) return bytes.length > MAX_HEAD_BYTES ? 'too_large' : 'more';
    if (length > MAX_HEAD_BYTES || hasMoreLines(bytes, length)) return 'too_large';
    this.headLength = length;
    const body = plainLength(bytes.toString('latin1', 0, length));
    if (body !== undefined && body <= this.#wholeUpTo) this.length = length + body;
    return undefined;
  }
}

/** Undefined where the head does not simply say how long the body is. */
function plainLength(head: string): number | undefined {
  let length = 0;
  let lines = 0;
  for (const [, name = '', value = ''] of head.matchAll(LENGTHS)) {
    lines += 1;
    if (lines > 1 || name.toLowerCase() !== 'content-length' || !/^\d{1,9}$/.test(value)) return undefined;
    length = Number(value);
  }
  return length;
}

function withoutEmptyLines(bytes: Buffer): Buffer {
  let at = 0;
  while (bytes[at] === CR || bytes[at] === LF) at += 1;
  return at === 0 ? bytes : bytes.subarray(at);
}

function endOfHead(bytes: Buffer, from: number): number | undefined {
  const [proper, bare] = [bytes.indexOf('\r\n\r\n', from), bytes.indexOf('\n\n', from)];
  if (bare >= 0 && (proper < 0 || bare < proper)) return bare + 2;
  return proper < 0 ? undefined : proper + 4;
}

function hasMoreLines(bytes: Buffer, length: number): boolean {
  let lines = 0;
  for (let at = bytes.indexOf(LF); at >= 0 && at < length; at = bytes.indexOf(LF, at + 1)) {
    lines += 1;
    if (lines > MAX_HEAD_LINES) return true;
  }
  return false;
}
