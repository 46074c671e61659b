/** The door to the internet: one path for WeChat's pushes, and two that tell how the receiver is. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Receiver, receive } from './receive.js';

export interface ReceiverServer {
  readonly port: number;
  /** False while it is draining, and while a push could be stored nowhere. */
  isReady(): Promise<boolean>;
  /** Stops taking pushes, answers those in hand. */
  close(): Promise<void>;
}

export interface ReceiverServerOptions {
  readonly receiver: Receiver;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly path: string;
  /** Whether a push could be stored now. */
  readonly canStore: () => Promise<boolean>;
  /** How long a request may take to arrive. */
  readonly slowSenderMs?: number;
}

const MAX_BODY_BYTES = 1024 * 1024;

/** All bodies that are being read together; a real push has 1.5 KB. */
const MAX_BYTES_IN_HAND = 64 * 1024 * 1024;
const MAX_CONNECTIONS = 1_000;

/** WeChat itself hangs up after 5 s. */
const SLOW_SENDER_MS = 10_000;

/** How long a sender who was refused may go on writing; nothing of it is kept. */
const CUT_OFF_MS = 1_000;

/** By this name another process of ours knows who holds the port. */
export const SERVICE = 'fastregister receiver';

export async function startReceiver(options: ReceiverServerOptions): Promise<ReceiverServer> {
  const { host, port, slowSenderMs = SLOW_SENDER_MS } = options;
  let draining = false;
  const door: Door = {
    ...options,
    isReady: async () => !draining && (await options.canStore()),
    bytesInHand: 0,
  };
  const server = createServer(
    {
      requestTimeout: slowSenderMs,
      headersTimeout: slowSenderMs,
      connectionsCheckingInterval: Math.min(1_000, slowSenderMs),
    },
    (request, response) => {
      if (draining) response.setHeader('connection', 'close');
      route(request, response, door);
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });

  return {
    port: (server.address() as AddressInfo).port,
    isReady: door.isReady,
    async close() {
      draining = true;
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      const late = setTimeout(() => server.closeAllConnections(), slowSenderMs);
      await closed;
      clearTimeout(late);
    },
  };
}

interface Door extends ReceiverServerOptions {
  readonly isReady: () => Promise<boolean>;
  bytesInHand: number;
}

function route(request: IncomingMessage, response: ServerResponse, door: Door): void {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  if (path === door.path && request.method === 'POST') {
    takePush(request, response, door, mark < 0 ? '' : url.slice(mark + 1));
  } else if (path === door.path) {
    answer(response, 405, 'POST only');
  } else if (path === '/livez') {
    answer(response, 200, SERVICE);
  } else if (path === '/readyz') {
    door.isReady().then(
      (ready) => answer(response, ready ? 200 : 503, ready ? SERVICE : 'not ready'),
      () => answer(response, 503, 'not ready'),
    );
  } else {
    answer(response, 404, 'not here');
  }
}

/** Reads by events: an async iterator costs as much as the decryption. */
function takePush(request: IncomingMessage, response: ServerResponse, door: Door, query: string): void {
  const { receiver } = door;
  const chunks: Buffer[] = [];
  let size = 0;
  let refused = false;

  const letGo = (): void => {
    door.bytesInHand -= size;
    size = 0;
  };
  const refuse = (status: 413 | 503, why: 'too_large' | 'too_many', text: string): void => {
    refused = true;
    chunks.length = 0;
    receiver.refusals.count(why, text);
    answer(response, status, text);
    // Closing at once would take the answer from a sender who is still writing.
    const cutOff = setTimeout(() => request.socket.destroy(), CUT_OFF_MS).unref();
    request.on('end', () => clearTimeout(cutOff));
  };

  request.on('data', (chunk: Buffer) => {
    if (refused) return;
    size += chunk.length;
    door.bytesInHand += chunk.length;
    if (size > MAX_BODY_BYTES) refuse(413, 'too_large', 'too large');
    else if (door.bytesInHand > MAX_BYTES_IN_HAND) refuse(503, 'too_many', 'too many at once');
    else chunks.push(chunk);
  });
  request.on('close', letGo);
  request.on('end', () => {
    if (refused) return;
    const body = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
    receive(receiver, query, body)
      .catch((error) => {
        receiver.log.error({ err: error }, 'the receiver failed');
        return { status: 503, body: 'not stored' } as const;
      })
      .then((received) => answer(response, received.status, received.body));
  });
}

function answer(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent) return;
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}
