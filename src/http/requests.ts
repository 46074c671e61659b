/** Requests that node:http works on: which connections nothing may end, which stay open, and which answers have to wait. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { countedAddress, forwardedAddress, type Networks } from './addresses.js';
import type { Arrivals } from './arrivals.js';
import { type Connection, carriedBy, connectionOf } from './connection.js';
import type { LastAnswers, RawAnswer } from './last-answers.js';
import type { ConnectionLimits } from './limits.js';
import type { Places } from './places.js';
import type { RequestFeed } from './request-feed.js';

export interface RequestsOptions {
  readonly places: Places;
  readonly arrivals: Arrivals;
  readonly lastAnswers: LastAnswers;
  readonly limits: ConnectionLimits;
  readonly trustedProxies: Networks | undefined;
}

/** The methods that `Listener` has, too, are described there. */
export class Requests {
  readonly #options: RequestsOptions;
  /** One function for all responses. */
  readonly #onFinish = ofResponse((connection) => this.#answered(connection));

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  begin(request: IncomingMessage, response: ServerResponse): void {
    const connection = connectionOf(request);
    if (connection === undefined) return;
    const { places, trustedProxies } = this.#options;
    connection.response = response;
    connection.mayStay = response.shouldKeepAlive;
    connection.stays = undefined;
    response.shouldKeepAlive = false;
    response.on('finish', this.#onFinish);
    if (trustedProxies !== undefined) {
      const client = forwardedAddress(request, trustedProxies);
      if (client !== undefined) places.count(connection, client);
    }
    if (connection.feed === undefined) places.reading.enter(connection);
    else allowBody(connection, connection.feed, request);
  }

  hold(request: IncomingMessage): void {
    const connection = connectionOf(request);
    if (connection === undefined) return;
    const { places, limits } = this.#options;
    places.hold(connection);
    if (limits.stalledMs === undefined) return;
    const { socket } = connection;
    if (socket.listenerCount('timeout', cutWhereStalled) === 0) socket.on('timeout', cutWhereStalled);
    socket.setTimeout(limits.stalledMs);
  }

  keep(response: ServerResponse, as: 'known' | 'stranger'): void {
    const connection = connectionOf(response.req);
    if (connection === undefined || !connection.mayStay) return;
    const { feed, socket } = connection;
    // A socket that node:http reads itself may have a further request before its end, and is closed by node:http then.
    if (feed !== undefined && (feed.surplus || socket.readableEnded)) return;
    connection.stays = as;
    if (as === 'known') this.#options.arrivals.isGenuine(connection);
    response.shouldKeepAlive = true;
  }

  park(request: IncomingMessage, answer: RawAnswer): boolean {
    const { lastAnswers } = this.#options;
    const connection = connectionOf(request);
    const feed = connection?.feed;
    if (connection === undefined || feed === undefined || lastAnswers.take()) return false;
    connection.feed = undefined;
    process.nextTick(() => feed.release());
    if (feed.surplus) connection.isComplete = false;
    lastAnswers.park(connection, answer);
    return true;
  }

  drop(request: IncomingMessage): void {
    const connection = connectionOf(request);
    if (connection !== undefined) this.#options.places.evict(connection, 'crowded');
  }

  /** node:http cannot read the request, or the client is gone. */
  failed(error: NodeJS.ErrnoException, stream: Socket | RequestFeed): void {
    const connection = carriedBy(stream);
    if (connection === undefined || error.code === 'ECONNRESET' || !stream.writable) {
      stream.destroy();
      return;
    }
    this.#options.lastAnswers.refuse(connection, error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400, 'malformed');
  }

  #answered(connection: Connection): void {
    const { places, limits } = this.#options;
    const { stays, feed, socket } = connection;
    if (limits.stalledMs !== undefined) socket.setTimeout(0);
    if (stays === undefined || socket.destroyed) return;
    if (feed !== undefined) {
      connection.feed = undefined;
      process.nextTick(() => feed.release());
      connection.isKnown = stays === 'known';
    }
    if (connection.isKnown) {
      places.rest(connection);
    } else {
      places.strangers.enter(connection);
      places.count(connection, countedAddress(socket.remoteAddress));
    }
  }
}

function ofResponse(act: (connection: Connection) => void): (this: ServerResponse) => void {
  return function () {
    const connection = connectionOf(this.req);
    if (connection !== undefined) act(connection);
  };
}

function allowBody(connection: Connection, feed: RequestFeed, request: IncomingMessage): void {
  const length = bodyLength(request);
  connection.isComplete = length === 0;
  if (length !== 0) {
    request.once('end', () => {
      connection.isComplete = true;
    });
  }
  feed.allowBody(length);
}

/** 0: no body. Undefined: a body in chunks. node:http has already refused a request that has both, or two lengths. */
function bodyLength({ headers }: IncomingMessage): number | undefined {
  if (headers['transfer-encoding'] !== undefined) return undefined;
  return Number(headers['content-length'] ?? 0);
}

function cutWhereStalled(this: Socket): void {
  if (this.writableLength > 0) this.destroy();
}
