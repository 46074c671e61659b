/**
 * The port of an http.Server that anyone can reach. It has room for every new client, because the oldest unfinished
 * request of an unknown client is closed for it; it keeps connections open for clients that have shown that they are
 * ours, and for no other client. A client that opens ten thousand connections, or sends slowly, only slows down itself.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Socket, type Server as TcpServer } from 'node:net';
import type { Networks } from './addresses.js';
import { Arrivals } from './arrivals.js';
import { Connection } from './connection.js';
import { LastAnswers, type RawAnswer } from './last-answers.js';
import type { ConnectionLimits } from './limits.js';
import { type ConnectionRefusal, Places } from './places.js';
import { openPort, type PortSettings } from './port.js';
import type { RequestFeed } from './request-feed.js';
import { RequestIntake } from './request-intake.js';
import { Requests } from './requests.js';
import { type TakenAnswer, TakenRequests } from './taken-requests.js';

export interface ListenerOptions {
  readonly limits: ConnectionLimits;
  /** Proxies whose `X-Forwarded-For` is trusted. */
  readonly trustedProxies?: Networks | undefined;
  readonly refused?: (why: ConnectionRefusal) => void;
  /** Bodies up to this length are read completely before node:http gets the request. */
  readonly wholeUpTo?: number;
  /**
   * A first look at such a request: an answer here costs a quarter of one by node:http. It is given at once to an unknown client, and
   * later, when it resolves, to a genuine request. Undefined: node:http gets the request.
   */
  readonly take?: ((request: Buffer, headLength: number) => RawAnswer | Promise<TakenAnswer> | undefined) | undefined;
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

const SWEEP_EVERY_MS = 50;

export function openListener(server: Server, options: ListenerOptions): Listener {
  const { limits, trustedProxies, refused = () => {}, wholeUpTo = 0, take } = options;
  const now = (): number => performance.now();
  const places = new Places(limits, now, refused);
  const arrivals = new Arrivals((connection) => intake.advance(connection), now);
  const lastAnswers = new LastAnswers(places, limits, () => arrivals.isFlood, now, refused);
  const { idleMs } = limits;
  const taken = new TakenRequests({ places, arrivals, lastAnswers, idleMs, isDraining: () => draining });
  const intake = new RequestIntake({ server, places, arrivals, lastAnswers, wholeUpTo, take, taken });
  const requests = new Requests({ places, arrivals, lastAnswers, limits, trustedProxies });
  let draining = false;

  const front = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) => {
    if (draining) {
      socket.destroy();
      return;
    }
    const connection = new Connection(socket);
    places.add(connection);
    arrivals.accepted(connection);
  });
  attach(server, requests, limits);
  const sweeping = setInterval(
    () => {
      lastAnswers.giveWhatIsDue();
      places.expire((connection) => lastAnswers.refuse(connection, 408, 'too_slow'));
    },
    Math.min(SWEEP_EVERY_MS, limits.requestMs),
  ).unref();

  return {
    async open(settings) {
      await openPort(front, { backlog: BACKLOG, ...settings });
      return (front.address() as AddressInfo).port;
    },
    hold: (request) => requests.hold(request),
    keep(response, as) {
      if (!draining) requests.keep(response, as);
    },
    park: (request, answer) => requests.park(request, answer),
    drop: (request) => requests.drop(request),
    async close(withinMs) {
      draining = true;
      await answerOrCut(front, places, withinMs);
      clearInterval(sweeping);
    },
  };
}

/** Deadlines are kept here instead of in node:http, because they also hold for connections that node:http does not know yet. */
function attach(server: Server, requests: Requests, limits: ConnectionLimits): void {
  server.headersTimeout = 0;
  server.requestTimeout = 0;
  server.keepAliveTimeout = limits.idleMs;
  const begin = (request: IncomingMessage, response: ServerResponse): void => requests.begin(request, response);
  for (const event of ['request', 'checkContinue']) {
    if (event === 'request' || server.listenerCount(event) > 0) server.prependListener(event, begin);
  }
  server.on('clientError', (error, stream) => requests.failed(error, stream as Socket | RequestFeed));
  // Without a listener, node:http closes each connection that has a timeout.
  server.on('timeout', () => {});
}

/** Closes connections without a request at once, and all others when they are answered, or after `withinMs`. */
async function answerOrCut(front: TcpServer, places: Places, withinMs: number): Promise<void> {
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
}
