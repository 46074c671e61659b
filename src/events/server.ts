/** The door to the internet: one path for WeChat's pushes, and two that tell how the receiver is. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Networks } from '../http/addresses.js';
import { type ConnectionLimits, mostConnections } from '../http/limits.js';
import { type ConnectionRefusal, type Listener, openListener } from '../http/listener.js';
import { type Bodies, MAX_BODY_BYTES, openBodies } from './bodies.js';
import { openReceiver, type Received, type Receiver, type ReceiverOptions, receive } from './receive.js';

export interface ReceiverServer {
  readonly port: number;
  /** False while it is draining, and while a push could be stored nowhere. */
  isReady(): Promise<boolean>;
  /** Stops taking pushes, answers those in hand. */
  close(): Promise<void>;
}

export interface ReceiverServerOptions {
  readonly receiver: ReceiverOptions;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly path: string;
  /** Proxies that are believed when they name the client. */
  readonly trustedProxies?: Networks | undefined;
  /** Whether a push could be stored now. */
  readonly canStore: () => Promise<boolean>;
  /** How long a request may take to arrive. */
  readonly slowSenderMs?: number;
  readonly limits?: Partial<ConnectionLimits>;
}

/** WeChat itself hangs up after 5 s. */
const SLOW_SENDER_MS = 5_000;

/** WeChat, or a proxy before us, has some dozens open. */
const IDLE_CONNECTIONS = 1_000;
const IDLE_MS = 75_000;

/** A push takes a tenth of a second to come over the internet: so one address of WeChat brings 2,500 a second. */
const PER_ADDRESS = 256;

/** By this name another process of ours knows who holds the port. */
export const SERVICE = 'fastregister receiver';

const REFUSED: Readonly<Record<ConnectionRefusal, string>> = {
  malformed: 'it is no HTTP, or its head is too large',
  too_slow: 'its sender was too slow',
  crowded: 'it was not over when its place was needed',
  address_limit: 'too many unfinished requests came from its address',
};

export async function startReceiver(options: ReceiverServerOptions): Promise<ReceiverServer> {
  const { host, port, slowSenderMs = SLOW_SENDER_MS, trustedProxies } = options;
  const receiver = openReceiver(options.receiver);
  let draining = false;
  const isReady = async (): Promise<boolean> => !draining && (await options.canStore());
  const server = createServer((request, response) => route(request, response, door));
  // Whoever asks whether to send a body is to hear first that it is too large.
  server.on('checkContinue', (request, response) => route(request, response, door));
  const listener = openListener(server, {
    limits: {
      connections: mostConnections(),
      idle: IDLE_CONNECTIONS,
      perAddress: PER_ADDRESS,
      requestMs: slowSenderMs,
      idleMs: IDLE_MS,
      ...options.limits,
    },
    trustedProxies,
    refused: (why) => receiver.refusals.count(why, REFUSED[why]),
  });
  const door: Door = { path: options.path, receiver, isReady, listener, bodies: openBodies() };
  const settings = { host: 'FASTREGISTER_EVENTS_HOST', port: 'FASTREGISTER_EVENTS_PORT' };
  return {
    port: await listener.open({ host, port, settings }),
    isReady,
    async close() {
      draining = true;
      await listener.close(slowSenderMs);
    },
  };
}

interface Door {
  readonly path: string;
  readonly receiver: Receiver;
  readonly isReady: () => Promise<boolean>;
  readonly listener: Listener;
  readonly bodies: Bodies;
}

function route(request: IncomingMessage, response: ServerResponse, door: Door): void {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  if (path === door.path && request.method === 'POST') {
    takePush(request, response, door, mark < 0 ? '' : url.slice(mark + 1));
    return;
  }
  request.resume();
  if (path === door.path) {
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

const FAULTS = {
  too_large: { status: 413, text: 'too large' },
  too_many_chunks: { status: 413, text: 'too many chunks' },
} as const;

/** Reads by events: an async iterator costs as much as the decryption. */
function takePush(request: IncomingMessage, response: ServerResponse, door: Door, query: string): void {
  const { receiver, listener, bodies } = door;
  const { 'content-length': announced, expect } = request.headers;
  const length = announced === undefined ? undefined : Number(announced);
  let over = false;

  const refuse = (why: keyof typeof FAULTS): void => {
    over = true;
    const { status, text } = FAULTS[why];
    receiver.refusals.count(why, text);
    answer(response, status, text);
  };
  if (length !== undefined && length > MAX_BODY_BYTES) {
    request.resume();
    refuse('too_large');
    return;
  }
  if (expect !== undefined && request.httpVersion === '1.1') response.writeContinue();

  const body = bodies.begin(length, () => listener.drop(request));
  request.on('data', (chunk: Buffer) => {
    if (over) return;
    const fault = body.append(chunk);
    if (fault === undefined) return;
    body.letGo();
    refuse(fault);
  });
  request.on('close', () => body.letGo());
  request.on('end', () => {
    if (over) return;
    over = true;
    const received = receive(receiver, query, body.take());
    if (!(received instanceof Promise)) {
      answer(response, received.status, received.body);
      return;
    }
    listener.hold(request);
    received
      .catch((error) => {
        receiver.log.error({ err: error }, 'the receiver failed');
        return { status: 503, body: 'not stored' } as Received;
      })
      .then(({ status, body: text, isNew }) => {
        if (status === 200) listener.keep(response, isNew ? 'known' : 'stranger');
        answer(response, status, text);
      });
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
