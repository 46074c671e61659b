/** A token bucket: a number a second, and a few more at once after a quiet time. */
export class Allowance {
  readonly #perSecond: number;
  readonly #atOnce: number;
  readonly #now: () => number;
  #left: number;
  #at: number;

  constructor(perSecond: number, atOnce: number, now: () => number) {
    this.#perSecond = perSecond;
    this.#atOnce = atOnce;
    this.#now = now;
    this.#left = atOnce;
    this.#at = now();
  }

  /** Takes one; false if none is left. */
  take(): boolean {
    const now = this.#now();
    this.#left = Math.min(this.#left + ((now - this.#at) / 1_000) * this.#perSecond, this.#atOnce);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
