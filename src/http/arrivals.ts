/**
 * What strangers bring, a little at each turn of the loop: their bytes are read, and what those cost is paid, when others have
 * had their turn. The newest goes first, so a push that comes in the middle of a flood does not stand behind all of it; now and
 * then the oldest goes, too, so no client waits for ever.
 */
import type { Connection } from './connection.js';
import { Rush } from './rush.js';

/**
 * One connection is accepted at each turn of the loop, so longer turns make waiting connections wait longer: while some come,
 * a turn does as much as one of them costs. With less, those that are accepted would wait until no more come.
 */
const AT_A_TURN = { whileSomeCome: 1, else: 32 };

/** The oldest go each time that so many of the newest have gone. */
const OLDEST_EVERY = 4;

/** So many connections within so many ms are a flood. */
const FLOOD = { connections: 50, withinMs: 50 };

export class Arrivals {
  readonly #go: (connection: Connection) => void;
  readonly #rush: Rush;
  /** Accepted, and not read yet. */
  readonly #unread = new Deque();
  /** Their requests are here. */
  readonly #here = new Deque();
  #isScheduled = false;
  #someCame = false;
  #served = 0;

  constructor(go: (connection: Connection) => void, now: () => number) {
    this.#go = go;
    this.#rush = new Rush(FLOOD.connections, FLOOD.withinMs, now);
  }

  /** Connections come so fast that they wait to be accepted, WeChat's among them. */
  get isFlood(): boolean {
    return this.#rush.isOn;
  }

  accepted(connection: Connection): void {
    this.#rush.add(1);
    this.#someCame = true;
    this.#unread.add(connection);
    this.#schedule();
  }

  isHere(connection: Connection): void {
    this.#here.add(connection);
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
      this.#serve(this.#here.newest());
      this.#serve(this.#unread.newest());
      this.#served += 1;
      if (this.#served % OLDEST_EVERY !== 0) continue;
      this.#serve(this.#here.oldest());
      this.#serve(this.#unread.oldest());
    }
    if (!this.#here.isEmpty || !this.#unread.isEmpty) this.#schedule();
  }

  #serve(connection: Connection | undefined): void {
    if (connection !== undefined && !connection.socket.destroyed) this.#go(connection);
  }
}

/** What was taken from the front is removed when there is so much of it: to remove one by one would move all others each time. */
const REMOVED_AT_ONCE = 4_096;

/** Connections in the order in which they were added; both ends are taken from. */
class Deque {
  #waiting: Connection[] = [];
  #first = 0;

  get isEmpty(): boolean {
    return this.#first === this.#waiting.length;
  }

  add(connection: Connection): void {
    this.#waiting.push(connection);
  }

  oldest(): Connection | undefined {
    return this.isEmpty ? undefined : this.#without(this.#waiting[this.#first++]);
  }

  newest(): Connection | undefined {
    return this.isEmpty ? undefined : this.#without(this.#waiting.pop());
  }

  #without(taken: Connection | undefined): Connection | undefined {
    if (this.isEmpty || this.#first > REMOVED_AT_ONCE) {
      this.#waiting = this.#waiting.slice(this.#first);
      this.#first = 0;
    }
    return taken;
  }
}
