/** Whether much comes at once: at least this much in the current span of time, or in the span before it. */
export class Rush {
  readonly #many: number;
  readonly #spanMs: number;
  readonly #now: () => number;
  #from = Number.NEGATIVE_INFINITY;
  #count = 0;
  #wasMany = false;

  constructor(many: number, spanMs: number, now: () => number) {
    this.#many = many;
    this.#spanMs = spanMs;
    this.#now = now;
  }

  add(count: number): void {
    const now = this.#now();
    const passed = now - this.#from;
    if (passed >= this.#spanMs) {
      this.#wasMany = this.#count >= this.#many && passed < 2 * this.#spanMs;
      this.#from = now;
      this.#count = 0;
    }
    this.#count += count;
  }

  get isOn(): boolean {
    this.add(0);
    return this.#wasMany || this.#count >= this.#many;
  }
}
