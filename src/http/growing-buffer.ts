/** Joins bytes that come in pieces. However small the pieces are, each byte is copied twice at most. */
const FIRST_BYTES = 4 * 1024;

export class GrowingBuffer {
  readonly #most: number;
  #bytes: Buffer | undefined;
  #size = 0;

  /** @param most how many bytes will come at most: no more memory is allocated */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#size;
  }

  /** How much memory it takes, in bytes. */
  get capacity(): number {
    return this.#bytes?.length ?? 0;
  }

  get bytes(): Buffer {
    if (this.#bytes === undefined) return Buffer.alloc(0);
    return this.#size === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, this.#size);
  }

  append(piece: Buffer): void {
    const size = this.#size + piece.length;
    if (this.#bytes === undefined) {
      // A single piece, as a push usually is, is kept without a copy.
      this.#bytes = piece;
    } else {
      if (size > this.#bytes.length) this.#grow(size);
      piece.copy(this.#bytes, this.#size);
    }
    this.#size = size;
  }

  clear(): void {
    this.#bytes = undefined;
    this.#size = 0;
  }

  #grow(size: number): void {
    const wanted = Math.max(size * 2, FIRST_BYTES);
    const larger = Buffer.allocUnsafeSlow(Math.max(Math.min(wanted, this.#most), size));
    this.#bytes?.copy(larger, 0, 0, this.#size);
    this.#bytes = larger;
  }
}
