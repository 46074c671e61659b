/**
 * One request of an unauthenticated client, as node:http gets it: the head, then as many bytes as the head announced,
 * and nothing behind them. Given a whole socket, node:http parses all 64 KB of a read in one go: eleven thousand chunks
 * of one byte, or a thousand pipelined requests, during which no other client is served.
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** A body without a length is passed on in pieces of this size, so that a reader that counts chunks can stop early. */
const CHUNKED_SLICE_BYTES = 512;

export class RequestFeed extends Duplex {
  readonly socket: Socket;
  /** Whether the client sent more bytes than the request has. */
  surplus = false;
  readonly #answered: () => void;
  #waiting: Buffer | undefined;
  #allowed = 0;
  #sliceBytes = Number.POSITIVE_INFINITY;
  #headIsOver = false;
  #wanted = false;
  #released = false;

  /** @param answered called when the answer was written and the connection is to end */
  constructor(socket: Socket, answered: () => void) {
    super({ allowHalfOpen: true, decodeStrings: false });
    this.socket = socket;
    this.#answered = answered;
  }

  get remoteAddress(): string | undefined {
    return this.socket.remoteAddress;
  }

  /** Adds bytes as they came; the first call brings the complete head. */
  offer(bytes: Buffer): void {
    this.#waiting = this.#waiting === undefined ? bytes : Buffer.concat([this.#waiting, bytes]);
    this.#flow();
  }

  allowHead(bytes: number): void {
    this.#allowed = bytes;
    this.#flow();
  }

  /** @param bytes undefined: a body in chunks, whose end is known only when it is read */
  allowBody(bytes: number | undefined): void {
    this.#headIsOver = true;
    this.#allowed = bytes ?? Number.POSITIVE_INFINITY;
    if (bytes === undefined) this.#sliceBytes = CHUNKED_SLICE_BYTES;
    // The parser is still at the head, and must not be called again before it returns.
    process.nextTick(() => this.#flow());
  }

  /** Detaches this feed from the socket, which stays open. */
  release(): void {
    this.#released = true;
    this.destroy();
  }

  /** node:http calls this when its last answer is written. */
  destroySoon(): void {
    this.end();
  }

  /** Does nothing: the listener keeps the deadlines. */
  setTimeout(): this {
    return this;
  }

  override _read(): void {
    this.#wanted = true;
    this.#flow();
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.socket.write(chunk, encoding, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    done();
    // A stream that is destroyed while its last write is reported emits an error that no code needs.
    process.nextTick(this.#answered);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#waiting = undefined;
    if (!this.#released) this.socket.destroy();
    // An error of a client is not ours: the answer, if there is one, reports it.
    done(error === null ? null : undefined);
  }

  #flow(): void {
    if (this.destroyed) return;
    while (this.#wanted && this.#allowed > 0 && this.#waiting !== undefined) {
      const waiting = this.#waiting;
      const bytes = Math.min(waiting.length, this.#allowed, this.#sliceBytes);
      this.#waiting = bytes === waiting.length ? undefined : waiting.subarray(bytes);
      this.#allowed -= bytes;
      this.#wanted = this.push(bytes === waiting.length ? waiting : waiting.subarray(0, bytes));
      if (this.#sliceBytes < Number.POSITIVE_INFINITY) {
        // If a reader has refused the body, this feed was released a tick ago.
        process.nextTick(() => this.#flow());
        break;
      }
    }
    if (this.#headIsOver && this.#allowed === 0 && this.#waiting !== undefined) {
      this.surplus = true;
      this.#waiting = undefined;
    }
    if (this.#waiting === undefined) this.socket.resume();
    else this.socket.pause();
  }
}
