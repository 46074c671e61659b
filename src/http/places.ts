/**
 * The connections of a port, by what they are about, and which of them has to go when there are too many. Each is in one
 * queue at a time, or in none while a genuine request is being worked on.
 */
import type { Connection } from './connection.js';
import { DeadlineQueue } from './deadline-queue.js';
import type { ConnectionLimits } from './limits.js';

/** Why a connection ended without the answer that its client wanted. */
export type ConnectionRefusal = 'malformed' | 'too_slow' | 'crowded' | 'address_limit';

/** How long a client may go on sending after its answer before it is cut off, which may lose it the answer. */
const LINGER_MS = 1_000;

/** How long a stranger may wait for an answer that is no. */
const PARKED_MS = 10_000;

/** Requests of all strangers together that are not with node:http yet. */
const MAX_BYTES_IN_HAND = 16 * 1024 * 1024;

/** Ten thousand that came at once do not end at once: all of them may come again, more than the system lets wait. */
const EXPIRED_AT_ONCE = 250;

export class Places {
  readonly all = new Set<Connection>();
  /** Their requests are not here yet, or not answered yet. */
  readonly strangers: DeadlineQueue<Connection>;
  /** Clients that are known, while they send. */
  readonly reading: DeadlineQueue<Connection>;
  /** Clients that are known, between two requests. */
  readonly idle: DeadlineQueue<Connection>;
  /** Unauthenticated clients with an answer that is not due yet. */
  readonly parked: DeadlineQueue<Connection>;
  /** Answered, and only read so that the answer is not lost. */
  readonly leaving: DeadlineQueue<Connection>;
  readonly #limits: ConnectionLimits;
  readonly #refused: (why: ConnectionRefusal) => void;
  readonly #now: () => number;
  readonly #byAddress = new Map<string, Set<Connection>>();
  #bytesInHand = 0;

  constructor(limits: ConnectionLimits, now: () => number, refused: (why: ConnectionRefusal) => void) {
    this.#limits = limits;
    this.#now = now;
    this.#refused = refused;
    this.strangers = new DeadlineQueue(limits.requestMs, now);
    this.reading = new DeadlineQueue(limits.requestMs, now);
    this.idle = new DeadlineQueue(limits.idleMs, now);
    this.parked = new DeadlineQueue(PARKED_MS, now);
    this.leaving = new DeadlineQueue(LINGER_MS, now);
  }

  /** Counted for no client yet. */
  add(connection: Connection): void {
    this.all.add(connection);
    this.strangers.enter(connection);
    while (this.all.size > this.#limits.connections) {
      const { leaving, parked, strangers, idle } = this;
      this.evict(leaving.oldest ?? parked.oldest ?? strangers.oldest ?? idle.oldest ?? connection, 'crowded');
    }
  }

  /** Between two requests of a client that is known. */
  rest(connection: Connection): void {
    this.count(connection, undefined);
    this.idle.enter(connection);
    if (this.idle.size > this.#limits.idle && this.idle.oldest !== undefined) this.evict(this.idle.oldest);
  }

  /** Nothing ends it until it is answered. */
  hold(connection: Connection): void {
    connection.queue?.leave(connection);
    this.count(connection, undefined);
  }

  /** The client that it is counted for from now on. */
  count(connection: Connection, address: string | undefined): void {
    if (connection.address === address) return;
    if (connection.address !== undefined) {
      const others = this.#byAddress.get(connection.address);
      others?.delete(connection);
      if (others?.size === 0) this.#byAddress.delete(connection.address);
    }
    connection.address = address;
    if (address === undefined) return;
    const same = this.#byAddress.get(address) ?? new Set();
    this.#byAddress.set(address, same.add(connection));
    const [oldest] = same;
    if (same.size > this.#limits.perAddress && oldest !== undefined) this.evict(oldest, 'address_limit');
  }

  /** What a request takes of the memory now. The oldest of them makes room. */
  holdBytes(connection: Connection, bytes: number): void {
    this.#bytesInHand += bytes - connection.held;
    connection.held = bytes;
    while (this.#bytesInHand > MAX_BYTES_IN_HAND && this.strangers.oldest !== undefined) {
      this.evict(this.strangers.oldest, 'crowded');
    }
  }

  evict(connection: Connection, why?: ConnectionRefusal): void {
    if (why !== undefined && connection.queue !== this.leaving && connection.queue !== this.idle) this.#refused(why);
    connection.socket.destroy();
    this.forget(connection);
  }

  forget(connection: Connection): void {
    if (!this.all.delete(connection)) return;
    connection.queue?.leave(connection);
    this.count(connection, undefined);
    connection.incoming = undefined;
    this.holdBytes(connection, 0);
    connection.feed?.destroy();
  }

  /** @param slow what to do where a stranger's request did not come in time; of all others the connection is closed */
  expire(slow: (connection: Connection) => void): void {
    let left = EXPIRED_AT_ONCE;
    const at = this.#now();
    for (const queue of [this.leaving, this.idle, this.reading, this.parked, this.strangers]) {
      for (; queue.oldest !== undefined && queue.oldest.until <= at; left -= 1) {
        if (left === 0) return;
        this.#end(queue.oldest, slow);
      }
    }
  }

  #end(connection: Connection, slow: (connection: Connection) => void): void {
    const { queue, incoming, feed, isComplete, response } = connection;
    if (queue === this.strangers && (incoming !== undefined || (feed !== undefined && !isComplete))) {
      slow(connection);
      return;
    }
    // A connection that has had its answer was only idle.
    if (queue === this.reading || (queue === this.strangers && response === undefined)) this.#refused('too_slow');
    connection.socket.destroy();
    this.forget(connection);
  }
}
