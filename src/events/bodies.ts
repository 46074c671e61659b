/**
 * Bodies while they are read. Nobody has signed them yet, so their memory is bounded: a buffer of each that grows, and a sum
 * of all. When that is used up the body that is unfinished longest makes room; pushes are small and here at once, and have a
 * sum of their own that large bodies cannot touch.
 */

/** A push has 1.5 KB. */
const SMALL_BODY_BYTES = 64 * 1024;
export const MAX_BODY_BYTES = 1024 * 1024;

const MAX_SMALL_BYTES_IN_HAND = 16 * 1024 * 1024;
const MAX_LARGE_BYTES_IN_HAND = 8 * 1024 * 1024;

const FIRST_BYTES = 4 * 1024;

/** A chunk costs a microsecond, whether it has one byte or a thousand. */
const FREE_CHUNKS = 64;
const BYTES_PER_CHUNK = 1024;

export interface Body {
  /** What is wrong with the body, now that this came too. */
  append(chunk: Buffer): 'too_large' | 'too_many_chunks' | undefined;
  /** The whole of it; it is not in hand any more. */
  take(): Buffer;
  /** Nothing, where it was taken. */
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
  readonly #length: number | undefined;
  #pool: Pool;
  #buffer: Buffer = Buffer.alloc(0);
  #size = 0;
  #chunks = 0;

  constructor(length: number | undefined, cut: () => void, small: Pool, large: Pool) {
    this.#length = length;
    this.#cut = cut;
    this.#large = large;
    this.#pool = length !== undefined && length > SMALL_BODY_BYTES ? large : small;
  }

  append(chunk: Buffer): 'too_large' | 'too_many_chunks' | undefined {
    const size = this.#size + chunk.length;
    this.#chunks += 1;
    if (size > MAX_BODY_BYTES) return 'too_large';
    if (this.#chunks > FREE_CHUNKS + size / BYTES_PER_CHUNK) return 'too_many_chunks';
    // A push is here in one piece, which is kept as it is.
    if (this.#size === 0) this.#replace(chunk);
    else {
      if (size > this.#buffer.length) this.#grow(size);
      chunk.copy(this.#buffer, this.#size);
    }
    this.#size = size;
    return undefined;
  }

  take(): Buffer {
    const body = this.#size === this.#buffer.length ? this.#buffer : this.#buffer.subarray(0, this.#size);
    this.letGo();
    return body;
  }

  letGo(): void {
    this.#pool.remove(this, this.#buffer.length);
    this.#buffer = Buffer.alloc(0);
  }

  giveUp(): void {
    this.letGo();
    this.#cut();
  }

  #grow(size: number): void {
    const wanted = Math.max(size, this.#buffer.length * 2, FIRST_BYTES);
    const larger = Buffer.allocUnsafeSlow(Math.min(wanted, this.#length ?? MAX_BODY_BYTES));
    this.#buffer.copy(larger, 0, 0, this.#size);
    this.#replace(larger);
  }

  /** In the books of its pool, too; a body that outgrows those of pushes goes to the others. */
  #replace(buffer: Buffer): void {
    this.#pool.remove(this, this.#buffer.length);
    this.#buffer = buffer;
    if (buffer.length > SMALL_BODY_BYTES) this.#pool = this.#large;
    this.#pool.add(this, buffer.length);
  }
}
