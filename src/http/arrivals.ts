/**
 * The order in which connections of unknown clients are served, a few at each turn of the loop, so that other work gets its turn.
 * Connections from networks that have sent genuine requests go first. In each group the newest goes first, so that a push that
 * comes during a flood does not wait behind all of it; and now and then the oldest goes, so that no client waits for ever.
 */
import { neighbourhood } from './addresses.js';
import type { Connection } from './connection.js';
import { Rush } from './rush.js';

/**
 * One connection is accepted at each turn of the loop, so longer turns delay the connections that are not accepted yet. While
 * connections come, a turn serves about as much as accepting one costs. With less, accepted connections would wait until no
 * more come.
 */
const AT_A_TURN = { whileSomeCome: 1, else: 32 };

/** While connections come and the networks of genuine requests are known, other networks get one turn in this many. */
const STRANGERS_EVERY = 64;

/** After this many of the newest connections, the oldest one is served. */
const OLDEST_EVERY = 4;

/** Most networks that are remembered: WeChat sends from a few. */
const MOST_SENDERS = 1_000;

/** This many connections within this many ms are a flood. */
const FLOOD = { connections: 50, withinMs: 50 };

export class Arrivals {
  readonly #go: (connection: Connection) => void;
  readonly #rush: Rush;
  /** The networks that have sent genuine requests. */
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

  /** Whether connections come so fast that they wait to be accepted, WeChat's included. */
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

  /** From now on, connections from the same network are served before others. */
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
  /** Connections that are accepted and not read yet. */
  readonly unread = new Deque();
  /** Connections whose request has arrived. */
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

/** Taken entries are removed from the front in groups of this size: removing each would move all other entries. */
const REMOVED_AT_ONCE = 4_096;

/** Connections in the order in which they were added; they are taken from both ends. */
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
