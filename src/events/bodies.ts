/**
 * Bodies of requests while they are read. They are not authenticated yet, so their memory is bounded: each has a growing
 * buffer, and the sum of all buffers has a limit. When the limit is reached, the body that has been unfinished for longest is
 * dropped. Pushes are small, arrive at once, and have a separate limit, so that large bodies never take their memory.
 */

import { GrowingBuffer } from '../http/growing-buffer.js';

/** A push has 1.5 KB. */
export const SMALL_BODY_BYTES = 64 * 1024;
export const MAX_BODY_BYTES = 1024 * 1024;

const MAX_SMALL_BYTES_IN_HAND = 16 * 1024 * 1024;
const MAX_LARGE_BYTES_IN_HAND = 8 * 1024 * 1024;

/** A chunk costs a microsecond, whether it has one byte or a thousand. Programs make them of some hundred bytes and more. */
const FREE_CHUNKS = 64;
const BYTES_PER_CHUNK = 128;

export interface Body {
  /** Adds a chunk; returns what is wrong with the body now. */
  append(chunk: Buffer): 'too_large' | 'too_many_chunks' | undefined;
  /** Returns the whole body and releases its buffer. */
  take(): Buffer;
  /** Releases the buffer; does nothing if the body was taken. */
  letGo(): void;
}

export interface Bodies {
  /**
   * @param length that its head announces; undefined where it comes in chunks
   * @param cut ends its request, because others need the room
   */
  begin(length: number | undefined, cut: () => void): Body;
  readonly bytesInHand: number;
}

export function openBodies(maxSmall = MAX_SMALL_BYTES_IN_HAND, maxLarge = MAX_LARGE_BYTES_IN_HAND): Bodies {
  const small = new Pool(maxSmall);
  const large = new Pool(maxLarge);
  return {
    begin: (length, cut) => new GrowingBody(length, cut, small, large),
    get bytesInHand() {
      return small.bytes + large.bytes;
    },
  };
}

/** Buffers of bodies that are not complete, the oldest first. */
class Pool {
  bytes = 0;
  readonly #max: number;
  readonly #bodies = new Set<GrowingBody>();

  constructor(max: number) {
    this.#max = max;
  }

  add(body: GrowingBody, bytes: number): void {
    this.bytes += bytes;
    this.#bodies.add(body);
    if (this.bytes <= this.#max) return;
    for (const oldest of this.#bodies) {
      if (this.bytes <= this.#max) return;
      if (oldest !== body) oldest.giveUp();
    }
  }

  remove(body: GrowingBody, bytes: number): void {
    if (this.#bodies.delete(body)) this.bytes -= bytes;
  }
}

class GrowingBody implements Body {
  readonly #cut: () => void;
  readonly #large: Pool;
  readonly #buffer: GrowingBuffer;
  #pool: Pool;
  /** How many bytes its pool counts for it. */
  #counted = 0;
  #chunks = 0;

  constructor(length: number | undefined, cut: () => void, small: Pool, large: Pool) {
    this.#buffer = new GrowingBuffer(length ?? MAX_BODY_BYTES);
    this.#cut = cut;
    this.#large = large;
    this.#pool = length !== undefined && length > SMALL_BODY_BYTES ? large : small;
  }

  append(chunk: Buffer): 'too_large' | 'too_many_chunks' | undefined {
    const size = this.#buffer.size + chunk.length;
    this.#chunks += 1;
    if (size > MAX_BODY_BYTES) return 'too_large';
    if (this.#chunks > FREE_CHUNKS + size / BYTES_PER_CHUNK) return 'too_many_chunks';
    this.#buffer.append(chunk);
    const { capacity } = this.#buffer;
    if (capacity !== this.#counted) this.#count(capacity);
    return undefined;
  }

  take(): Buffer {
    const { bytes } = this.#buffer;
    this.letGo();
    return bytes;
  }

  letGo(): void {
    this.#pool.remove(this, this.#counted);
    this.#counted = 0;
    this.#buffer.clear();
  }

  giveUp(): void {
    this.letGo();
    this.#cut();
  }

  /** A body that is larger than any push counts in the pool of the other requests. */
  #count(bytes: number): void {
    this.#pool.remove(this, this.#counted);
    if (bytes > SMALL_BODY_BYTES) this.#pool = this.#large;
    this.#counted = bytes;
    this.#pool.add(this, bytes);
  }
}
