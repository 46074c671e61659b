/** One TCP connection of a port that anyone can reach, as the listener keeps it. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { DeadlineQueue, Waiting } from './deadline-queue.js';
import type { RequestFeed } from './request-feed.js';

/** A client that speaks no HTTP is noticed by its first byte. */
const [FIRST_LETTER, LAST_LETTER] = [0x41, 0x5a];
const [CR, LF] = [0x0d, 0x0a];

/** A push through three proxies has 1 KB in 20 lines. */
export const MAX_HEAD_BYTES = 8 * 1024;
const MAX_HEAD_LINES = 100;

export class Connection implements Waiting {
  queue: DeadlineQueue<Waiting> | undefined;
  until = 0;
  older: Waiting | undefined;
  newer: Waiting | undefined;
  readonly socket: Socket;
  /** Whose limit it counts to; undefined: nobody's. */
  address: string | undefined;
  /** What has come of a head that is not complete. */
  head: Buffer | undefined;
  /** While a stranger's request is read and answered. */
  feed: RequestFeed | undefined;
  /** Of a client that has shown that it is one of ours: node:http reads the socket by itself. */
  isKnown = false;
  /** The request is here whole. */
  isComplete = false;
  /** Of the request that is here, or was the last. */
  response: ServerResponse | undefined;
  /** The client would keep the connection. */
  mayStay = false;
  /** How the connection stays open when the answer is written. */
  stays: 'known' | 'stranger' | undefined;
  /** Read after the answer, for nobody. */
  dropped = 0;

  constructor(socket: Socket) {
    this.socket = socket;
  }
}

/** `more`: the head is not complete. */
export type HeadReading =
  | { readonly kind: 'whole'; readonly bytes: Buffer; readonly length: number }
  | { readonly kind: 'more'; readonly bytes: Buffer }
  | { readonly kind: 'no_http' | 'too_large' };

/** How long a head is, without reading it: that is node:http's part. */
export function readHead(before: Buffer | undefined, chunk: Buffer): HeadReading {
  const bytes = withoutEmptyLines(before === undefined ? chunk : Buffer.concat([before, chunk]));
  const [first] = bytes;
  if (first === undefined) return { kind: 'more', bytes };
  if (first < FIRST_LETTER || first > LAST_LETTER) return { kind: 'no_http' };
  // An end may lie across two chunks.
  const length = endOfHead(bytes, Math.max((before?.length ?? 0) - 3, 0));
  if (length === undefined) return bytes.length > MAX_HEAD_BYTES ? { kind: 'too_large' } : { kind: 'more', bytes };
  if (length > MAX_HEAD_BYTES || hasMoreLines(bytes, length)) return { kind: 'too_large' };
  return { kind: 'whole', bytes, length };
}

/** Some clients send one after a body, which belongs to nothing. */
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
