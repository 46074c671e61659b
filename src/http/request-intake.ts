/**
 * A connection until its request is here: reads the bytes of clients, answers or refuses what needs no parser, and hands the rest
 * to node:http.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { countedAddress } from './addresses.js';
import type { Arrivals } from './arrivals.js';
import { type Connection, carriedBy, carry } from './connection.js';
import { Incoming } from './incoming.js';
import type { LastAnswers, RawAnswer } from './last-answers.js';
import type { Places } from './places.js';
import { RequestFeed } from './request-feed.js';
import type { TakenAnswer, TakenRequests } from './taken-requests.js';

export interface RequestIntakeOptions {
  readonly server: Server;
  readonly places: Places;
  readonly arrivals: Arrivals;
  readonly lastAnswers: LastAnswers;
  /** See `ListenerOptions`. */
  readonly wholeUpTo: number;
  readonly take: ((request: Buffer, headLength: number) => RawAnswer | Promise<TakenAnswer> | undefined) | undefined;
  readonly taken: TakenRequests;
}

/** What a client may go on sending after its answer. */
const LINGER_BYTES = 4 * 1024 * 1024;

export class RequestIntake {
  readonly #options: RequestIntakeOptions;
  // One function for all: ten thousand connections at once are accepted a fifth faster than with four of each.
  readonly #onData = ofConnection((connection, chunk: Buffer) => this.#received(connection, chunk));
  readonly #onEnd = ofConnection((connection) => this.#ended(connection));
  readonly #onClose = ofConnection((connection) => this.#options.places.forget(connection));

  constructor(options: RequestIntakeOptions) {
    this.#options = options;
  }

  /** Begins to read a connection that was accepted, or passes its complete request on. */
  advance(connection: Connection): void {
    if (connection.incoming !== undefined) this.#start(connection);
    else this.#read(connection);
  }

  /** Counts the connection and adds its listeners, only now: while thousands come at once, accepting them goes first. */
  #read(connection: Connection): void {
    const { socket } = connection;
    carry(socket, connection);
    socket.on('error', onError).on('close', this.#onClose).on('data', this.#onData).on('end', this.#onEnd);
    this.#options.places.count(connection, countedAddress(socket.remoteAddress));
    socket.resume();
  }

  #received(connection: Connection, chunk: Buffer): void {
    const { places } = this.#options;
    if (connection.queue === places.leaving || connection.queue === places.parked) {
      connection.dropped += chunk.length;
      if (connection.dropped > LINGER_BYTES) connection.socket.destroy();
    } else if (connection.feed !== undefined) {
      connection.feed.offer(chunk);
    } else if (connection.isTaken) {
      putBack(connection, chunk);
    } else if (connection.isKnown && this.#options.take === undefined) {
      this.#handOver(connection, chunk);
    } else {
      this.#receivedPart(connection, chunk);
    }
  }

  #receivedPart(connection: Connection, chunk: Buffer): void {
    const { places, arrivals, lastAnswers, wholeUpTo } = this.#options;
    connection.incoming ??= new Incoming(wholeUpTo);
    const progress = connection.incoming.append(chunk);
    if (connection.queue === places.idle && connection.incoming.capacity > 0) places.reading.enter(connection);
    if (progress === 'no_http' || progress === 'too_large') {
      lastAnswers.refuse(connection, progress === 'too_large' ? 431 : 400, 'malformed');
      return;
    }
    if (progress === 'here' && connection.isKnown) {
      this.#start(connection);
      return;
    }
    places.holdBytes(connection, connection.incoming.capacity);
    if (progress === 'more' || connection.socket.destroyed) return;
    connection.socket.pause();
    arrivals.isHere(connection);
  }

  /** node:http gets the head, and then says how much may follow. */
  #start(connection: Connection): void {
    const { server, places, lastAnswers, take, taken } = this.#options;
    const { incoming, socket } = connection;
    if (incoming === undefined) return;
    connection.incoming = undefined;
    places.holdBytes(connection, 0);
    const { bytes, headLength, length = Number.POSITIVE_INFINITY } = incoming;
    const isAlone = length === bytes.length;
    // Behind its request, nothing of an unknown client is looked at.
    const mayTake = isAlone || (connection.isKnown && length < bytes.length);
    const answer = mayTake ? take?.(isAlone ? bytes : bytes.subarray(0, length), headLength) : undefined;
    if (answer !== undefined) {
      connection.isComplete = isAlone;
      if (!(answer instanceof Promise)) {
        if (connection.isKnown) lastAnswers.write(connection, answer);
        else lastAnswers.give(connection, answer);
        return;
      }
      taken.answerLater(connection, incoming.closes, answer);
      if (!isAlone) putBack(connection, bytes.subarray(length));
      return;
    }
    if (connection.isKnown) {
      this.#handOver(connection, bytes);
      return;
    }
    const feed = new RequestFeed(socket, () => lastAnswers.leave(connection));
    carry(feed, connection);
    connection.feed = feed;
    connection.isComplete = false;
    server.emit('connection', feed);
    feed.offer(bytes);
    feed.allowHead(headLength);
  }

  /** From here on node:http reads the socket directly, as fast as it can. */
  #handOver({ socket }: Connection, chunk: Buffer): void {
    socket.off('data', this.#onData).off('end', this.#onEnd);
    socket.pause();
    socket.unshift(chunk);
    this.#options.server.emit('connection', socket);
    socket.resume();
  }

  /** The client has finished sending; it may still read. */
  #ended({ feed, incoming, socket, isComplete, isTaken, queue }: Connection): void {
    if (isTaken) return;
    if (feed !== undefined) {
      if (!isComplete) feed.push(null);
    } else if (queue !== this.#options.places.parked && incoming?.isHere !== true) {
      socket.destroy();
    }
  }
}

/** The next request is read when this one is answered, or dropped if it is the last one. */
function putBack(connection: Connection, chunk: Buffer): void {
  connection.isComplete = false;
  connection.socket.pause();
  connection.socket.unshift(chunk);
}

function ofConnection<T>(act: (connection: Connection, detail: T) => void): (this: Socket, detail: T) => void {
  return function (detail) {
    const connection = carriedBy(this);
    if (connection !== undefined) act(connection, detail);
  };
}

/** A broken connection is closed by itself; no more is needed. */
function onError(): void {}
