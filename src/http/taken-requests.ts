/** Requests that are answered without node:http: the answer to a request that one look has shown to be genuine. */
import { countedAddress } from './addresses.js';
import type { Arrivals } from './arrivals.js';
import type { Connection } from './connection.js';
import { answerText, type LastAnswers, type RawAnswer } from './last-answers.js';
import type { Places } from './places.js';

export interface TakenAnswer extends RawAnswer {
  /** As whose connection it stays open after the answer; undefined: it is closed. */
  readonly keep: 'known' | 'stranger' | undefined;
}

export interface TakenRequestsOptions {
  readonly places: Places;
  readonly arrivals: Arrivals;
  readonly lastAnswers: LastAnswers;
  readonly idleMs: number;
  readonly isDraining: () => boolean;
}

export class TakenRequests {
  readonly #options: TakenRequestsOptions;
  readonly #staying: string;
  /** What is written for an answer after which the connection stays open. Answers are a few constants. */
  readonly #texts = new WeakMap<TakenAnswer, string>();

  constructor(options: TakenRequestsOptions) {
    this.#options = options;
    this.#staying = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(options.idleMs / 1_000)}`;
  }

  /** The connection is not closed before its request is answered. */
  answerLater(connection: Connection, closes: boolean, answer: Promise<TakenAnswer>): void {
    connection.isTaken = true;
    connection.wasTaken = true;
    this.#options.places.hold(connection);
    answer.then((it) => this.#answer(connection, closes, it));
  }

  #answer(connection: Connection, closes: boolean, answer: TakenAnswer): void {
    const { socket } = connection;
    connection.isTaken = false;
    if (socket.destroyed) return;
    const { lastAnswers, isDraining } = this.#options;
    if (answer.keep === 'stranger' && !connection.isKnown && !lastAnswers.take()) {
      lastAnswers.park(connection, answer);
    } else if (answer.keep === undefined || closes || socket.readableEnded || isDraining()) {
      lastAnswers.write(connection, answer);
    } else {
      socket.write(this.#textOf(answer), 'latin1');
      this.#keep(connection, answer.keep);
    }
  }

  #textOf(answer: TakenAnswer): string {
    let text = this.#texts.get(answer);
    if (text === undefined) {
      text = answerText(answer, this.#staying);
      this.#texts.set(answer, text);
    }
    return text;
  }

  #keep(connection: Connection, as: 'known' | 'stranger'): void {
    const { places, arrivals } = this.#options;
    const { socket } = connection;
    if (as === 'known' && !connection.isKnown) {
      connection.isKnown = true;
      arrivals.isGenuine(connection);
    }
    if (connection.isKnown) {
      places.rest(connection);
    } else {
      places.strangers.enter(connection);
      places.count(connection, countedAddress(socket.remoteAddress));
    }
    socket.resume();
  }
}
