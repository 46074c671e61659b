/**
 * What strangers bring, a little at each turn of the loop: their bytes are read, and what those cost is paid, when others have
 * had their turn. What comes from where genuine requests have come from goes first; of each kind the newest goes first, so
 * a push that comes in the middle of a flood does not stand behind all of it; and now and then the oldest goes, so no client
 * waits for ever.
 */
import { neighbourhood } from './addresses.js';
import type { Connection } from './connection.js';
import { Rush } from './rush.js';

/**
 * One connection is accepted at each turn of the loop, so longer turns make waiting connections wait longer: while some come,
 * a turn does as much as one of them costs. With less, those that are accepted would wait until no more come.
 */
const AT_A_TURN = { whileSomeCome: 1, else: 32 };

/** Of the turns at which connections come, strangers have one of so many when it is known where genuine requests come from. */
const STRANGERS_EVERY = 64;

/** The oldest go each time that so many of the newest have gone. */
const OLDEST_EVERY = 4;

/** WeChat sends from a few networks. */
const MOST_SENDERS = 1_000;

/** This many connections within this many ms are a flood. */
const FLOOD = { connections: 50, withinMs: 50 };

export class Arrivals {
  readonly #go: (connection: Connection) => void;
  readonly #rush: Rush;
  /** Where genuine requests have come from. */
  readonly #senders = new Set<string>();
  readonly #fromSenders = new Lane();
  readonly #fromStrangers = new Lane();
  #isScheduled = false;
  #someCame = false;
  #turns = 0;

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
    this.#laneOf(connection).unread.add(connection);
    this.#schedule();
  }

  isHere(connection: Connection): void {
    this.#laneOf(connection).here.add(connection);
    this.#schedule();
  }

  /** Whatever comes from its neighbourhood is served before what comes from elsewhere. */
  isGenuine({ socket }: Connection): void {
    const sender = neighbourhood(socket.remoteAddress);
    if (this.#senders.has(sender)) return;
    this.#senders.add(sender);
    const [first = ''] = this.#senders;
    if (this.#senders.size > MOST_SENDERS) this.#senders.delete(first);
  }

  #laneOf({ socket }: Connection): Lane {
    return this.#senders.has(neighbourhood(socket.remoteAddress)) ? this.#fromSenders : this.#fromStrangers;
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
    const isStrangersTurn = !this.#someCame || this.#senders.size === 0 || this.#turns % STRANGERS_EVERY === 0;
    this.#someCame = false;
    this.#turns += 1;
    this.#fromSenders.serve(most, this.#go);
    if (isStrangersTurn) this.#fromStrangers.serve(most, this.#go);
    if (!this.#fromSenders.isEmpty || !this.#fromStrangers.isEmpty) this.#schedule();
  }
}

class Lane {
  /** Accepted, and not read yet. */
  readonly unread = new Deque();
  /** Their requests are here. */
  readonly here = new Deque();
  #served = 0;

  get isEmpty(): boolean {
    return this.here.isEmpty && this.unread.isEmpty;
  }

  serve(count: number, go: (connection: Connection) => void): void {
    const goIfOpen = (connection: Connection | undefined): void => {
      if (connection !== undefined && !connection.socket.destroyed) go(connection);
    };
    for (let left = count; left > 0 && !this.isEmpty; left -= 1) {
      goIfOpen(this.here.newest());
      goIfOpen(this.unread.newest());
      this.#served += 1;
      if (this.#served % OLDEST_EVERY !== 0) continue;
      goIfOpen(this.here.oldest());
      goIfOpen(this.unread.oldest());
    }
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
