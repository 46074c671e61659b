/**
 * One request of an unauthenticated client, as node:http gets it: the head, then as many bytes as the head announced,
 * and nothing behind them. Given a whole socket, node:http parses all 64 KB of a read in one go: eleven thousand chunks
 * of one byte, or a thousand pipelined requests, during which no other client is served.
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** A body without a length comes in pieces of this size, so that a reader that counts chunks can end it early. */
const CHUNKED_SLICE_BYTES = 512;

export class RequestFeed extends Duplex {
  readonly socket: Socket;
  /** The client sent more than the request. */
  surplus = false;
  readonly #answered: () => void;
  #waiting: Buffer | undefined;
  #allowed = 0;
  #sliceBytes = Number.POSITIVE_INFINITY;
  #headIsOver = false;
  #wanted = false;
  #released = false;

  /** @param answered when the answer is on its way and nothing else is to come on this connection */
  constructor(socket: Socket, answered: () => void) {
    super({ allowHalfOpen: true, decodeStrings: false });
    this.socket = socket;
    this.#answered = answered;
  }

  get remoteAddress(): string | undefined {
    return this.socket.remoteAddress;
  }

  /** Bytes as they came; the first of them begin with a whole head. */
  offer(bytes: Buffer): void {
    this.#waiting = this.#waiting === undefined ? bytes : Buffer.concat([this.#waiting, bytes]);
    this.#flow();
  }

  allowHead(bytes: number): void {
    this.#allowed = bytes;
    this.#flow();
  }

  /** @param bytes undefined: it comes in chunks, and its end is known when it is read */
  allowBody(bytes: number | undefined): void {
    this.#headIsOver = true;
    this.#allowed = bytes ?? Number.POSITIVE_INFINITY;
    if (bytes === undefined) this.#sliceBytes = CHUNKED_SLICE_BYTES;
    // The parser is still at the head, and must not be called again before it returns.
    process.nextTick(() => this.#flow());
  }

  /** The socket goes on without this feed. */
  release(): void {
    this.#released = true;
    this.destroy();
  }

  /** node:http calls it when its last answer is written. */
  destroySoon(): void {
    this.end();
  }

  /** Times are kept by the listener. */
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
    // A stream that is destroyed while it reports its last write emits an error that no code needs.
    process.nextTick(this.#answered);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#waiting = undefined;
    if (!this.#released) this.socket.destroy();
    // An error of a client is no fault of ours: the answer says it, if there is one.
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
        // A reader that has refused the body lets this feed go in a tick before it.
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
