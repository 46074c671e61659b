/**
 * What strangers bring, a little at each turn of the loop: their bytes are read, and what those cost is paid, when others have
 * had their turn. The newest and the oldest alternate: a push that comes in the middle of a flood does not stand behind all of
 * it, and no client waits for ever.
 */
import type { Connection } from './connection.js';

/**
 * One connection is accepted at each turn of the loop, so longer turns make waiting connections wait longer: so
 * while some come, little else is done.
 */
const AT_A_TURN = { whileSomeCome: 2, else: 32 };

/** Forgotten entries at the front are removed when there are this many of them. */
const SHIFTED_AT_ONCE = 4_096;

export class Arrivals {
  readonly #go: (connection: Connection) => void;
  #waiting: Connection[] = [];
  #first = 0;
  #isScheduled = false;
  #someCame = false;

  constructor(go: (connection: Connection) => void) {
    this.#go = go;
  }

  /** @param isNew it was accepted in this turn */
  add(connection: Connection, isNew: boolean): void {
    if (isNew) this.#someCame = true;
    this.#waiting.push(connection);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#turn();
    });
  }

  #turn(): void {
    const most = this.#someCame ? AT_A_TURN.whileSomeCome : AT_A_TURN.else;
    this.#someCame = false;
    for (let left = most; left > 0; left -= 1) {
      const connection = left % 2 === 0 ? this.#waiting.pop() : this.#waiting[this.#first++];
      if (connection !== undefined && !connection.socket.destroyed) this.#go(connection);
      if (this.#first >= this.#waiting.length) {
        this.#waiting = [];
        this.#first = 0;
        return;
      }
    }
    if (this.#first > SHIFTED_AT_ONCE) {
      this.#waiting = this.#waiting.slice(this.#first);
      this.#first = 0;
    }
    this.#schedule();
  }
}
