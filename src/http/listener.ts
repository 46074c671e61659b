/**
 * The port of an http.Server that anyone can reach. It has room for every new client, because the oldest unfinished
 * request of an unknown client is closed for it; it keeps connections open for clients that have shown that they are
 * ours, and for no other client. A client that opens ten thousand connections, or sends slowly, only slows down itself.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { countedAddress, forwardedAddress, type Networks } from './addresses.js';
import { Arrivals } from './arrivals.js';
import { Connection } from './connection.js';
import { Incoming } from './incoming.js';
import { LastAnswers, type RawAnswer } from './last-answers.js';
import type { ConnectionLimits } from './limits.js';
import { type ConnectionRefusal, Places } from './places.js';
import { openPort, type PortSettings } from './port.js';
import { RequestFeed } from './request-feed.js';

export interface ListenerOptions {
  readonly limits: ConnectionLimits;
  /** Proxies whose `X-Forwarded-For` is trusted. */
  readonly trustedProxies?: Networks | undefined;
  readonly refused?: (why: ConnectionRefusal) => void;
  /** Bodies up to this length are read completely before node:http gets the request. */
  readonly wholeUpTo?: number;
  /**
   * A first look at such a request: a refusal here costs a quarter of a refusal by node:http. Undefined: node:http gets the
   * request.
   */
  readonly screen?: (request: Buffer, headLength: number) => RawAnswer | undefined;
}

export interface Listener {
  /** @throws PortUnavailable */
  open(port: PortSettings): Promise<number>;
  /** The request is genuine: its connection is not closed before it is answered. */
  hold(request: IncomingMessage): void;
  /**
   * The connection stays open after this answer; otherwise it is closed.
   * @param as `known`: a client of ours. Its connection no longer counts among the connections of unknown clients.
   */
  keep(response: ServerResponse, as: 'known' | 'stranger'): void;
  /** True: an unknown client has to wait for this answer; it is written later, without the caller. */
  park(request: IncomingMessage, answer: RawAnswer): boolean;
  /** Closes the connection without an answer: its place is needed. */
  drop(request: IncomingMessage): void;
  /** Answers the requests that are under way, for at most `withinMs`. */
  close(withinMs: number): Promise<void>;
}

/** As many SYNs as the system lets wait while the loop is busy: a client whose SYN is dropped asks again after a second. */
const BACKLOG = 65_535;

/** What a client may go on sending after its answer. */
const LINGER_BYTES = 4 * 1024 * 1024;

const SWEEP_EVERY_MS = 50;

const CONNECTION = Symbol('connection');
type Carrier = { [CONNECTION]?: Connection };

export function openListener(server: Server, options: ListenerOptions): Listener {
  const { limits, trustedProxies, refused = () => {}, wholeUpTo = 0, screen = () => undefined } = options;
  const now = (): number => performance.now();
  const places = new Places(limits, now, refused);
  const arrivals = new Arrivals((connection) => {
    if (connection.incoming !== undefined) start(connection);
    else read(connection);
  }, now);
  const lastAnswers = new LastAnswers(places, limits, () => arrivals.isFlood, now);
  let draining = false;

  const front = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, accept);
  // Deadlines are kept here instead of in node:http, because they also hold for connections that node:http does not know yet.
  server.headersTimeout = 0;
  server.requestTimeout = 0;
  server.keepAliveTimeout = limits.idleMs;
  for (const event of ['request', 'checkContinue']) {
    if (event === 'request' || server.listenerCount(event) > 0) server.prependListener(event, begin);
  }
  server.on('clientError', onClientError);
  // Without a listener, node:http closes each connection that has a timeout.
  server.on('timeout', () => {});
  const sweeping = setInterval(sweep, Math.min(SWEEP_EVERY_MS, limits.requestMs)).unref();

  // --- a connection until its request is here ---------------------------------------------------------------------

  function accept(socket: Socket): void {
    if (draining) {
      socket.destroy();
      return;
    }
    const connection = new Connection(socket);
    places.add(connection);
    arrivals.accepted(connection);
  }

  /** Counts the connection and adds its listeners, only now: while thousands come at once, accepting them goes first. */
  function read(connection: Connection): void {
    const { socket } = connection;
    (socket as Carrier)[CONNECTION] = connection;
    socket.on('error', onError).on('close', onClose).on('data', onData).on('end', onEnd);
    places.count(connection, countedAddress(socket.remoteAddress));
    socket.resume();
  }

  // One function for all: ten thousand connections at once are accepted a fifth faster than with four of each.
  function onData(this: Socket, chunk: Buffer): void {
    const connection = (this as Carrier)[CONNECTION];
    if (connection !== undefined) received(connection, chunk);
  }
  function onEnd(this: Socket): void {
    const connection = (this as Carrier)[CONNECTION];
    if (connection !== undefined) ended(connection);
  }
  function onClose(this: Socket): void {
    const connection = (this as Carrier)[CONNECTION];
    if (connection !== undefined) places.forget(connection);
  }

  function received(connection: Connection, chunk: Buffer): void {
    if (connection.queue === places.leaving || connection.queue === places.parked) {
      connection.dropped += chunk.length;
      if (connection.dropped > LINGER_BYTES) connection.socket.destroy();
    } else if (connection.feed !== undefined) {
      connection.feed.offer(chunk);
    } else if (connection.isKnown) {
      handOver(connection, chunk);
    } else {
      receivedPart(connection, chunk);
    }
  }

  function receivedPart(connection: Connection, chunk: Buffer): void {
    connection.incoming ??= new Incoming(wholeUpTo);
    const progress = connection.incoming.append(chunk);
    if (progress === 'no_http' || progress === 'too_large') {
      refuse(connection, progress === 'too_large' ? 431 : 400, 'malformed');
      return;
    }
    places.holdBytes(connection, connection.incoming.capacity);
    if (progress === 'more' || connection.socket.destroyed) return;
    connection.socket.pause();
    arrivals.isHere(connection);
  }

  /** node:http gets the head, and then says how much may follow. */
  function start(connection: Connection): void {
    const { incoming, socket } = connection;
    if (incoming === undefined) return;
    connection.incoming = undefined;
    places.holdBytes(connection, 0);
    const { bytes, headLength, length } = incoming;
    const no = length === bytes.length ? screen(bytes, headLength) : undefined;
    if (no !== undefined) {
      connection.isComplete = true;
      lastAnswers.give(connection, no);
      return;
    }
    const feed = new RequestFeed(socket, () => lastAnswers.leave(connection));
    (feed as Carrier)[CONNECTION] = connection;
    connection.feed = feed;
    connection.isComplete = false;
    server.emit('connection', feed);
    feed.offer(bytes);
    feed.allowHead(headLength);
  }

  /** From here on node:http reads the socket directly, as fast as it can. */
  function handOver({ socket }: Connection, chunk: Buffer): void {
    socket.off('data', onData).off('end', onEnd);
    socket.pause();
    socket.unshift(chunk);
    server.emit('connection', socket);
    socket.resume();
  }

  /** The client has finished sending; it may still read. */
  function ended({ feed, incoming, socket, isComplete, queue }: Connection): void {
    if (feed !== undefined) {
      if (!isComplete) feed.push(null);
    } else if (queue !== places.parked && incoming?.isHere !== true) {
      socket.destroy();
    }
  }

  // --- a request ------------------------------------------------------------------------------------------------

  function begin(request: IncomingMessage, response: ServerResponse): void {
    const connection = connectionOf(request);
    if (connection === undefined) return;
    connection.response = response;
    connection.mayStay = response.shouldKeepAlive;
    connection.stays = undefined;
    response.shouldKeepAlive = false;
    response.on('finish', onFinish);
    if (trustedProxies !== undefined) {
      const client = forwardedAddress(request, trustedProxies);
      if (client !== undefined) places.count(connection, client);
    }
    if (connection.feed === undefined) {
      places.reading.enter(connection);
      return;
    }
    const length = bodyLength(request);
    connection.isComplete = length === 0;
    if (length !== 0) {
      request.once('end', () => {
        connection.isComplete = true;
      });
    }
    connection.feed.allowBody(length);
  }

  function onFinish(this: ServerResponse): void {
    const connection = connectionOf(this.req);
    if (connection !== undefined) answered(connection);
  }

  function hold(request: IncomingMessage): void {
    const connection = connectionOf(request);
    if (connection === undefined) return;
    places.hold(connection);
    if (limits.stalledMs === undefined) return;
    const { socket } = connection;
    if (socket.listenerCount('timeout', cutWhereStalled) === 0) socket.on('timeout', cutWhereStalled);
    socket.setTimeout(limits.stalledMs);
  }

  function answered(connection: Connection): void {
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

  function onClientError(error: NodeJS.ErrnoException, stream: Socket | RequestFeed): void {
    const connection = (stream as Carrier)[CONNECTION];
    if (connection === undefined || error.code === 'ECONNRESET' || !stream.writable) {
      stream.destroy();
      return;
    }
    refuse(connection, error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400, 'malformed');
  }

  // --- its end ----------------------------------------------------------------------------------------------------

  /** Answers in place of node:http, unless an answer has begun. */
  function refuse(connection: Connection, status: number, why: ConnectionRefusal): void {
    const { socket, feed, response, isKnown } = connection;
    refused(why);
    connection.incoming = undefined;
    places.holdBytes(connection, 0);
    const hasBegun = feed !== undefined && response?.headersSent === true;
    connection.feed = undefined;
    feed?.release();
    connection.isComplete = false;
    if (hasBegun || isKnown) socket.destroy();
    else lastAnswers.give(connection, { status, text: '' });
  }

  function park(request: IncomingMessage, answer: RawAnswer): boolean {
    const connection = connectionOf(request);
    const feed = connection?.feed;
    if (connection === undefined || feed === undefined || lastAnswers.take()) return false;
    connection.feed = undefined;
    process.nextTick(() => feed.release());
    if (feed.surplus) connection.isComplete = false;
    lastAnswers.park(connection, answer);
    return true;
  }

  function sweep(): void {
    lastAnswers.giveWhatIsDue();
    places.expire((connection) => refuse(connection, 408, 'too_slow'));
  }

  return {
    async open(settings) {
      await openPort(front, { backlog: BACKLOG, ...settings });
      return (front.address() as AddressInfo).port;
    },
    hold,
    keep(response, as) {
      const connection = connectionOf(response.req);
      if (connection === undefined || draining || !connection.mayStay) return;
      if (connection.feed?.surplus === true || connection.socket.readableEnded) return;
      connection.stays = as;
      if (as === 'known') arrivals.isGenuine(connection);
      response.shouldKeepAlive = true;
    },
    park,
    drop(request) {
      const connection = connectionOf(request);
      if (connection !== undefined) places.evict(connection, 'crowded');
    },
    async close(withinMs) {
      draining = true;
      const closed = new Promise((resolve) => front.close(resolve));
      for (const { queue, incoming, feed, socket } of places.all) {
        const hasNoRequest = queue === places.strangers && incoming === undefined && feed === undefined;
        if (hasNoRequest || queue === places.idle || queue === places.parked) socket.destroy();
      }
      const late = setTimeout(() => {
        for (const { socket } of places.all) socket.destroy();
      }, withinMs);
      await closed;
      clearTimeout(late);
      clearInterval(sweeping);
    },
  };
}

/** A broken connection is closed by itself; no more is needed. */
function onError(): void {}

function cutWhereStalled(this: Socket): void {
  if (this.writableLength > 0) this.destroy();
}

function connectionOf(request: IncomingMessage): Connection | undefined {
  return (request.socket as Carrier)[CONNECTION];
}

/** 0: no body. Undefined: a body in chunks. node:http has already refused a request that has both, or two lengths. */
function bodyLength({ headers }: IncomingMessage): number | undefined {
  if (headers['transfer-encoding'] !== undefined) return undefined;
  return Number(headers['content-length'] ?? 0);
}
