/** The door to the internet: one path for WeChat's pushes, and two that tell how the receiver is. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Receiver, receive } from './receive.js';

export interface ReceiverServer {
  readonly port: number;
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
}

const MAX_BODY_BYTES = 1024 * 1024;

/** WeChat itself hangs up after 5 s. */
const SLOW_SENDER_MS = 10_000;

/** By this name another process of ours knows who holds the port. */
export const SERVICE = 'fastregister receiver';

export async function startReceiver(options: ReceiverServerOptions): Promise<ReceiverServer> {
  let draining = false;
  const server = createServer({
    requestTimeout: SLOW_SENDER_MS,
    headersTimeout: SLOW_SENDER_MS,
    connectionsCheckingInterval: 1_000,
  });
  server.on('request', (request, response) => {
    route(request, response, options, draining).catch((error) => {
      options.receiver.log.error({ err: error }, 'the receiver failed');
      if (!response.headersSent) answer(response, 503, 'not stored');
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });

  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      draining = true;
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      const late = setTimeout(() => server.closeAllConnections(), SLOW_SENDER_MS);
      await closed;
      clearTimeout(late);
    },
  };
}

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  { receiver, path, canStore }: ReceiverServerOptions,
  draining: boolean,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://receiver');
  if (url.pathname === '/livez') return answer(response, 200, SERVICE);
  if (url.pathname === '/readyz') {
    const ready = !draining && (await canStore());
    return answer(response, ready ? 200 : 503, ready ? SERVICE : 'not ready');
  }
  if (url.pathname !== path) return answer(response, 404, 'not here');
  if (request.method !== 'POST') return answer(response, 405, 'POST only');

  const body = await readBody(request);
  if (body === undefined) {
    response.setHeader('connection', 'close');
    return answer(response, 413, 'too large');
  }
  const received = await receive(receiver, Object.fromEntries(url.searchParams), body);
  answer(response, received.status, received.body);
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

/** Undefined when it is larger than 1 MiB; what comes after that is not read. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return undefined;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
