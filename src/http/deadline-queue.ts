/**
 * Connections in the order in which their time ends. All connections of a queue get the same time, so the oldest is the first.
 * Entering and leaving cost the same with ten thousand connections as with ten.
 */
export interface QueueLinks {
  queue: DeadlineQueue<QueueLinks> | undefined;
  /** ms of `performance.now()` */
  until: number;
  older: QueueLinks | undefined;
  newer: QueueLinks | undefined;
}

export class DeadlineQueue<T extends QueueLinks> {
  readonly #allowedMs: number;
  readonly #now: () => number;
  #oldest: T | undefined;
  #newest: T | undefined;
  #size = 0;

  constructor(allowedMs: number, now: () => number) {
    this.#allowedMs = allowedMs;
    this.#now = now;
  }

  get size(): number {
    return this.#size;
  }

  get oldest(): T | undefined {
    return this.#oldest;
  }

  /** Moves the connection here from any other queue; its time begins anew. */
  enter(it: T): void {
    it.queue?.leave(it);
    it.queue = this as unknown as DeadlineQueue<QueueLinks>;
    it.until = this.#now() + this.#allowedMs;
    it.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = it;
    else this.#newest.newer = it;
    this.#newest = it;
    this.#size += 1;
  }

  leave(it: T): void {
    if (it.older === undefined) this.#oldest = it.newer as T | undefined;
    else it.older.newer = it.newer;
    if (it.newer === undefined) this.#newest = it.older as T | undefined;
    else it.newer.older = it.older;
    it.queue = undefined;
    it.older = undefined;
    it.newer = undefined;
    this.#size -= 1;
  }
}
