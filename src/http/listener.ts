/**
 * The port of an http.Server that anyone can reach. It has room for every new client, because the oldest request of a
 * stranger that is not over gives up its place; it keeps connections open for clients that have shown that they are ours, and
 * for nobody else. So whoever opens ten thousand connections, or sends slowly, is in the way of nobody but himself.
 */
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { countedAddress, forwardedAddress, type Networks } from './addresses.js';
import { Connection, readHead } from './connection.js';
import { DeadlineQueue } from './deadline-queue.js';
import type { ConnectionLimits } from './limits.js';
import { openPort, type PortSettings } from './port.js';
import { RequestFeed } from './request-feed.js';

/** Why a connection ended without the answer that its client wanted. */
export type ConnectionRefusal = 'malformed' | 'too_slow' | 'crowded' | 'address_limit';

export interface ListenerOptions {
  readonly limits: ConnectionLimits;
  /** Proxies that are believed when they name the client. */
  readonly trustedProxies?: Networks | undefined;
  readonly refused?: (why: ConnectionRefusal) => void;
}

export interface Listener {
  /** @throws PortUnavailable */
  open(port: PortSettings): Promise<number>;
  /** The request is genuine: from here until it is answered nothing ends its connection. */
  hold(request: IncomingMessage): void;
  /**
   * The connection stays open after this answer; else it is closed.
   * @param as `known`: a client of ours. Its connection is not counted among those of strangers any more.
   */
  keep(response: ServerResponse, as: 'known' | 'stranger'): void;
  /** Ends it without an answer: its place is needed. */
  drop(request: IncomingMessage): void;
  /** Answers what is in hand, at most `withinMs`. */
  close(withinMs: number): Promise<void>;
}

/** So many SYNs may wait while the loop is busy: a client whose SYN is dropped asks again after a second. */
const BACKLOG = 4_096;

/** Incomplete heads of all strangers together. */
const MAX_HEAD_BYTES_IN_HAND = 16 * 1024 * 1024;

/** How long a sender who has his answer may go on sending before he is cut off, which may cost him the answer. */
const LINGER_MS = 1_000;
const LINGER_BYTES = 4 * 1024 * 1024;

const SWEEP_EVERY_MS = 100;
/** Ten thousand at once would keep everybody else for a tenth of a second. */
const SWEPT_AT_ONCE = 500;

const CONNECTION = Symbol('connection');
type Carrier = { [CONNECTION]?: Connection };

export function openListener(
  server: Server,
  { limits, trustedProxies, refused = () => {} }: ListenerOptions,
): Listener {
  const now = (): number => performance.now();
  const all = new Set<Connection>();
  const strangers = new DeadlineQueue<Connection>(limits.requestMs, now);
  const reading = new DeadlineQueue<Connection>(limits.requestMs, now);
  const idle = new DeadlineQueue<Connection>(limits.idleMs, now);
  const leaving = new DeadlineQueue<Connection>(LINGER_MS, now);
  const byAddress = new Map<string, Set<Connection>>();
  let headBytes = 0;
  let draining = false;

  const front = createServer({ allowHalfOpen: true, noDelay: true }, accept);
  // What node:http would do by itself is done here, for connections that it does not know yet, too.
  server.headersTimeout = 0;
  server.requestTimeout = 0;
  server.keepAliveTimeout = limits.idleMs;
  for (const event of ['request', 'checkContinue']) {
    if (event === 'request' || server.listenerCount(event) > 0) server.prependListener(event, begin);
  }
  server.on('clientError', onClientError);
  // Else node:http closes what has a timeout.
  server.on('timeout', () => {});
  const sweeping = setInterval(sweep, Math.min(SWEEP_EVERY_MS, limits.requestMs)).unref();

  // --- a connection until its request is here ---------------------------------------------------------------------

  function accept(socket: Socket): void {
    if (draining) {
      socket.destroy();
      return;
    }
    const connection = new Connection(socket);
    (socket as Carrier)[CONNECTION] = connection;
    all.add(connection);
    socket.on('error', () => {});
    socket.on('close', () => forget(connection));
    attend(connection);
    strangers.enter(connection);
    count(connection, countedAddress(socket.remoteAddress));
    while (all.size > limits.connections)
      evict(leaving.oldest ?? strangers.oldest ?? idle.oldest ?? connection, 'crowded');
  }

  /** Its bytes come here, until they are handed over to node:http. */
  function attend(connection: Connection): void {
    const { socket } = connection;
    socket.on('data', (chunk: Buffer) => received(connection, chunk));
    socket.on('end', () => ended(connection));
  }

  function received(connection: Connection, chunk: Buffer): void {
    if (connection.queue === leaving) {
      connection.dropped += chunk.length;
      if (connection.dropped > LINGER_BYTES) connection.socket.destroy();
    } else if (connection.feed !== undefined) {
      connection.feed.offer(chunk);
    } else if (connection.isKnown) {
      handOver(connection, chunk);
    } else {
      receivedHead(connection, chunk);
    }
  }

  function receivedHead(connection: Connection, chunk: Buffer): void {
    const head = readHead(connection.head, chunk);
    keepHead(connection, head.kind === 'more' ? head.bytes : undefined);
    switch (head.kind) {
      case 'more':
        while (headBytes > MAX_HEAD_BYTES_IN_HAND && strangers.oldest !== undefined) evict(strangers.oldest, 'crowded');
        break;
      case 'whole':
        connection.feed = new RequestFeed(connection.socket, () => leave(connection));
        (connection.feed as Carrier)[CONNECTION] = connection;
        server.emit('connection', connection.feed);
        connection.feed.offer(head.bytes);
        connection.feed.allowHead(head.length);
        break;
      default:
        refuse(connection, head.kind === 'too_large' ? 431 : 400, 'malformed');
    }
  }

  function keepHead(connection: Connection, head: Buffer | undefined): void {
    headBytes += (head?.length ?? 0) - (connection.head?.length ?? 0);
    connection.head = head;
  }

  /** From here on node:http reads the socket without us, as fast as it can. */
  function handOver(connection: Connection, chunk: Buffer): void {
    const { socket } = connection;
    socket.removeAllListeners('data').removeAllListeners('end');
    socket.pause();
    socket.unshift(chunk);
    server.emit('connection', socket);
    socket.resume();
  }

  function ended(connection: Connection): void {
    const { feed, socket, isComplete } = connection;
    if (feed === undefined) socket.destroy();
    else if (!isComplete) feed.push(null);
  }

  // --- a request ------------------------------------------------------------------------------------------------

  function begin(request: IncomingMessage, response: ServerResponse): void {
    const connection = connectionOf(request);
    if (connection === undefined) return;
    const length = bodyLength(request);
    connection.isComplete = length === 0;
    connection.response = response;
    connection.mayStay = response.shouldKeepAlive;
    connection.stays = undefined;
    response.shouldKeepAlive = false;
    if (trustedProxies !== undefined) {
      const client = forwardedAddress(request, trustedProxies);
      if (client !== undefined) count(connection, client);
    }
    response.once('finish', () => answered(connection));
    if (connection.feed === undefined) {
      reading.enter(connection);
      return;
    }
    if (length !== 0) {
      request.once('end', () => {
        connection.isComplete = true;
      });
    }
    connection.feed.allowBody(length);
  }

  function hold(request: IncomingMessage): void {
    const connection = connectionOf(request);
    if (connection === undefined) return;
    connection.queue?.leave(connection);
    count(connection, undefined);
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
      feed.release();
      connection.isKnown = stays === 'known';
    }
    if (connection.isKnown) {
      count(connection, undefined);
      idle.enter(connection);
      if (idle.size > limits.idle && idle.oldest !== undefined) idle.oldest.socket.destroy();
    } else {
      strangers.enter(connection);
      count(connection, countedAddress(socket.remoteAddress));
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

  /** Answers in our own words where node:http has none to give, unless an answer has begun. */
  function refuse(connection: Connection, status: number, why: ConnectionRefusal): void {
    const { socket, feed } = connection;
    refused(why);
    const hasBegun = feed !== undefined && connection.response?.headersSent === true;
    connection.feed = undefined;
    feed?.release();
    if (hasBegun || connection.isKnown) {
      socket.destroy();
      return;
    }
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    connection.isComplete = false;
    leave(connection);
  }

  /** The answer is written. Closing at once would take it from a sender who is still sending. */
  function leave(connection: Connection): void {
    const { socket, feed, isComplete } = connection;
    connection.feed = undefined;
    feed?.release();
    leaving.enter(connection);
    if (isComplete && feed?.surplus !== true) {
      socket.destroySoon();
    } else {
      socket.end();
      socket.resume();
    }
  }

  function evict(connection: Connection, why: ConnectionRefusal): void {
    if (connection.queue !== leaving && connection.queue !== idle) refused(why);
    connection.socket.destroy();
    forget(connection);
  }

  function forget(connection: Connection): void {
    if (!all.delete(connection)) return;
    connection.queue?.leave(connection);
    count(connection, undefined);
    keepHead(connection, undefined);
    connection.feed?.destroy();
  }

  function sweep(): void {
    let left = SWEPT_AT_ONCE;
    const at = now();
    for (const queue of [leaving, idle, reading, strangers]) {
      for (; queue.oldest !== undefined && queue.oldest.until <= at; left -= 1) {
        if (left === 0) {
          setImmediate(sweep);
          return;
        }
        expire(queue.oldest);
      }
    }
  }

  function expire(connection: Connection): void {
    const { queue, head, feed, socket } = connection;
    const isSlow = queue === strangers && (head !== undefined || (feed !== undefined && !connection.isComplete));
    if (isSlow) {
      refuse(connection, 408, 'too_slow');
      return;
    }
    // One that has had its answer has only been idle.
    if (queue === reading || (queue === strangers && connection.response === undefined)) refused('too_slow');
    socket.destroy();
    forget(connection);
  }

  // --- whose it is ------------------------------------------------------------------------------------------------

  function count(connection: Connection, address: string | undefined): void {
    if (connection.address === address) return;
    if (connection.address !== undefined) {
      const others = byAddress.get(connection.address);
      others?.delete(connection);
      if (others?.size === 0) byAddress.delete(connection.address);
    }
    connection.address = address;
    if (address === undefined) return;
    const same = byAddress.get(address) ?? new Set();
    byAddress.set(address, same.add(connection));
    const [oldest] = same;
    if (same.size > limits.perAddress && oldest !== undefined) evict(oldest, 'address_limit');
  }

  return {
    async open(settings) {
      await openPort(front, { backlog: BACKLOG, ...settings });
      return (front.address() as AddressInfo).port;
    },
    hold,
    keep(response, as) {
      const connection = connectionOf(response.req);
      if (connection === undefined || draining || !connection.mayStay || connection.feed?.surplus === true) return;
      connection.stays = as;
      response.shouldKeepAlive = true;
    },
    drop(request) {
      const connection = connectionOf(request);
      if (connection !== undefined) evict(connection, 'crowded');
    },
    async close(withinMs) {
      draining = true;
      const closed = new Promise((resolve) => front.close(resolve));
      for (const connection of all) {
        const isIdle = connection.queue === idle || (connection.queue === strangers && connection.feed === undefined);
        if (isIdle) connection.socket.destroy();
      }
      const late = setTimeout(() => {
        for (const { socket } of all) socket.destroy();
      }, withinMs);
      await closed;
      clearTimeout(late);
      clearInterval(sweeping);
    },
  };
}

function cutWhereStalled(this: Socket): void {
  if (this.writableLength > 0) this.destroy();
}

function connectionOf(request: IncomingMessage): Connection | undefined {
  return (request.socket as Carrier)[CONNECTION];
}

/** 0: none. Undefined: it comes in chunks. node:http has refused a request that says both, or two lengths. */
function bodyLength({ headers }: IncomingMessage): number | undefined {
  if (headers['transfer-encoding'] !== undefined) return undefined;
  return Number(headers['content-length'] ?? 0);
}
