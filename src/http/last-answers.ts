/** Final answers to unknown clients, after which the connection is closed: written at once, or later if there are too many. */
import { STATUS_CODES } from 'node:http';
import { Allowance } from './allowance.js';
import type { Connection } from './connection.js';
import type { ConnectionLimits } from './limits.js';
import type { ConnectionRefusal, Places } from './places.js';

export interface RawAnswer {
  readonly status: number;
  readonly text: string;
}

/** While connections flood in, strangers get a tenth of their answers: many connect again as soon as they have one. */
const FEWER = 10;

export class LastAnswers {
  readonly #places: Places;
  readonly #isFlood: () => boolean;
  readonly #refused: (why: ConnectionRefusal) => void;
  readonly #usual: Allowance;
  readonly #inFlood: Allowance;

  constructor(
    places: Places,
    { answersASecond, answersAtOnce }: ConnectionLimits,
    isFlood: () => boolean,
    now: () => number,
    refused: (why: ConnectionRefusal) => void,
  ) {
    this.#places = places;
    this.#isFlood = isFlood;
    this.#refused = refused;
    this.#usual = new Allowance(answersASecond, answersAtOnce, now);
    this.#inFlood = new Allowance(answersASecond / FEWER, answersAtOnce / FEWER, now);
  }

  /** Takes the permission for one answer; false if none is due. */
  take(): boolean {
    return (!this.#isFlood() || this.#inFlood.take()) && this.#usual.take();
  }

  give(connection: Connection, answer: RawAnswer): void {
    if (this.take()) this.#write(connection, answerText(answer));
    else this.park(connection, answer);
  }

  /** Answers in place of node:http, unless an answer has begun. */
  refuse(connection: Connection, status: number, why: ConnectionRefusal): void {
    const { socket, feed, response, isKnown } = connection;
    this.#refused(why);
    connection.incoming = undefined;
    this.#places.holdBytes(connection, 0);
    const hasBegun = feed !== undefined && response?.headersSent === true;
    connection.feed = undefined;
    feed?.release();
    connection.isComplete = false;
    if (hasBegun || isKnown) socket.destroy();
    else this.give(connection, { status, text: '' });
  }

  /** Keeps the answer until one is due. */
  park(connection: Connection, answer: RawAnswer): void {
    connection.parkedAnswer = answerText(answer);
    this.#places.parked.enter(connection);
    connection.socket.resume();
  }

  giveWhatIsDue(): void {
    const { parked } = this.#places;
    while (parked.oldest !== undefined && this.take()) this.#write(parked.oldest, parked.oldest.parkedAnswer ?? '');
  }

  /** Without asking whether an answer is due. */
  write(connection: Connection, answer: RawAnswer): void {
    this.#write(connection, answerText(answer));
  }

  #write(connection: Connection, text: string): void {
    connection.socket.write(text);
    this.leave(connection);
  }

  /** The answer is written. Closing at once would lose it for a client that is still sending. */
  leave(connection: Connection): void {
    const { socket, feed, isComplete } = connection;
    connection.feed = undefined;
    feed?.release();
    if (isComplete && connection.dropped === 0 && feed?.surplus !== true && socket.writableLength === 0) {
      socket.destroy();
      // Forgotten now, not when the socket is closed: until then it would be the oldest of its queue.
      this.#places.forget(connection);
      return;
    }
    this.#places.leaving.enter(connection);
    socket.end();
    socket.resume();
  }
}

export function answerText({ status, text }: RawAnswer, connection = 'connection: close'): string {
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: text/plain; charset=utf-8`;
  return `${head}\r\ncontent-length: ${Buffer.byteLength(text)}\r\n${connection}\r\n\r\n${text}`;
}
