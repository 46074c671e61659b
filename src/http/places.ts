/**
 * The connections of a port, by their state, and which of them is closed when there are too many. Each connection is in one
 * queue at a time, or in no queue while a genuine request is being processed.
 */
import type { Connection } from './connection.js';
import { DeadlineQueue } from './deadline-queue.js';
import type { ConnectionLimits } from './limits.js';

/** Why a connection ended without the answer that its client wanted. */
export type ConnectionRefusal = 'malformed' | 'too_slow' | 'crowded' | 'address_limit';

/** How long a client may go on sending after its answer. Then it is cut off, and may lose the answer. */
const LINGER_MS = 1_000;

/** How long an unknown client may wait for a refusal. */
const PARKED_MS = 10_000;

/** Memory of the requests of all unknown clients that node:http does not have yet. */
const MAX_BYTES_IN_HAND = 16 * 1024 * 1024;

/** Most connections that are ended in one step: ten thousand clients might connect again at once, more than the system's queue takes. */
const EXPIRED_AT_ONCE = 250;

export class Places {
  readonly all = new Set<Connection>();
  /** Unknown clients whose request has not arrived, or is not answered yet. */
  readonly strangers: DeadlineQueue<Connection>;
  /** Known clients that are sending a request. */
  readonly reading: DeadlineQueue<Connection>;
  /** Known clients between two requests. */
  readonly idle: DeadlineQueue<Connection>;
  /** Unknown clients with an answer that is not due yet. */
  readonly parked: DeadlineQueue<Connection>;
  /** Answered clients whose further bytes are read and dropped, so that the answer is not lost. */
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

  /** Adds a connection, which is counted for no client yet. */
  add(connection: Connection): void {
    this.all.add(connection);
    this.strangers.enter(connection);
    while (this.all.size > this.#limits.connections) {
      const { leaving, parked, strangers, idle } = this;
      this.evict(leaving.oldest ?? parked.oldest ?? strangers.oldest ?? idle.oldest ?? connection, 'crowded');
    }
  }

  /** The connection of a known client waits for its next request. */
  rest(connection: Connection): void {
    this.count(connection, undefined);
    this.idle.enter(connection);
    if (this.idle.size > this.#limits.idle && this.idle.oldest !== undefined) this.evict(this.idle.oldest);
  }

  /** The connection is not closed before its request is answered. */
  hold(connection: Connection): void {
    connection.queue?.leave(connection);
    this.count(connection, undefined);
  }

  /** From now on the connection is counted for this client. */
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

  /** How much memory a request takes now. If all take too much, the oldest is dropped. */
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

  /** @param slow called for an unknown client whose request did not arrive in time; all other connections are closed */
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
    const { queue, incoming, feed, isComplete, response, wasTaken } = connection;
    if (queue === this.strangers && (incoming !== undefined || (feed !== undefined && !isComplete))) {
      slow(connection);
      return;
    }
    // A connection that has had its answer was only idle.
    const hadAnswer = response !== undefined || wasTaken;
    if (queue === this.reading || (queue === this.strangers && !hadAnswer)) this.#refused('too_slow');
    connection.socket.destroy();
    this.forget(connection);
  }
}
