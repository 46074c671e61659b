/** The receiver's port: one path for WeChat's pushes, and two for the receiver's health. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Networks } from '../http/addresses.js';
import type { RawAnswer } from '../http/last-answers.js';
import { ANSWERS_TO_STRANGERS, type ConnectionLimits, mostConnections } from '../http/limits.js';
import { type Listener, openListener } from '../http/listener.js';
import type { ConnectionRefusal } from '../http/places.js';
import { type Bodies, MAX_BODY_BYTES, openBodies, SMALL_BODY_BYTES } from './bodies.js';
import { takePlainPush } from './plain-push.js';
import { openReceiver, type Received, type Receiver, type ReceiverOptions, receive } from './receive.js';

export interface ReceiverServer {
  readonly port: number;
  /** Requests that are being read. */
  readonly bodies: Pick<Bodies, 'bytesInHand'>;
  /** False while it is draining, and while a push could be stored nowhere. */
  isReady(): Promise<boolean>;
  /** @param pushedAt by WeChat's clock, of a push that was stored before; ms since 1970 */
  knowTime(pushedAt: number | undefined): void;
  /** Stops taking pushes, and answers the requests that are under way. */
  close(): Promise<void>;
}

export interface ReceiverServerOptions {
  readonly receiver: ReceiverOptions;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly path: string;
  /** Proxies whose `X-Forwarded-For` is trusted. */
  readonly trustedProxies?: Networks | undefined;
  /** Whether a push could be stored now. */
  readonly canStore: () => Promise<boolean>;
  /** How long a request may take to arrive. */
  readonly slowSenderMs?: number;
  readonly limits?: Partial<ConnectionLimits>;
}

/** WeChat itself hangs up after 5 s. */
const SLOW_SENDER_MS = 5_000;

/** The console of the same process has a tenth. */
const SHARE_OF_CONNECTIONS = 0.85;

/** WeChat, or a proxy before us, has some dozens open. */
const IDLE_CONNECTIONS = 1_000;
const IDLE_MS = 75_000;

/** A push takes a tenth of a second to come over the internet: so one address of WeChat brings 2,500 a second. */
const PER_ADDRESS = 256;

/** The name by which another process of ours recognises a receiver on this port. */
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
  const server = createServer((request, response) => route(request, response, context));
  // A client that asks with Expect is refused before it sends a body that is too large.
  server.on('checkContinue', (request, response) => route(request, response, context));
  // A client that closes its half is answered all the same. node:http has this property, and does not document it. The console does
  // without: a page that follows would be rendered on for a browser that has left.
  Object.assign(server, { httpAllowHalfOpen: true });
  const listener = openListener(server, {
    limits: {
      connections: mostConnections(SHARE_OF_CONNECTIONS),
      idle: IDLE_CONNECTIONS,
      perAddress: PER_ADDRESS,
      requestMs: slowSenderMs,
      idleMs: IDLE_MS,
      ...ANSWERS_TO_STRANGERS,
      ...options.limits,
    },
    trustedProxies,
    refused: (why) => receiver.refusals.count(why, REFUSED[why]),
    wholeUpTo: SMALL_BODY_BYTES,
    take: (request, headLength) => takePlainPush(receiver, options.path, request, headLength),
  });
  const context: ReceiverContext = { path: options.path, receiver, isReady, listener, bodies: openBodies() };
  const settings = { host: 'FASTREGISTER_EVENTS_HOST', port: 'FASTREGISTER_EVENTS_PORT' };
  return {
    port: await listener.open({ host, port, settings }),
    bodies: context.bodies,
    isReady,
    knowTime: receiver.ages.know,
    async close() {
      draining = true;
      await listener.close(slowSenderMs);
    },
  };
}

interface ReceiverContext {
  readonly path: string;
  readonly receiver: Receiver;
  readonly isReady: () => Promise<boolean>;
  readonly listener: Listener;
  readonly bodies: Bodies;
}

function route(request: IncomingMessage, response: ServerResponse, context: ReceiverContext): void {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  if (path === context.path && request.method === 'POST') {
    takePush(request, response, context, mark < 0 ? '' : url.slice(mark + 1));
    return;
  }
  request.resume();
  const say = (status: number, text: string): void => answerStranger(context, response, { status, text });
  if (path === context.path) {
    say(405, 'POST only');
  } else if (path === '/livez') {
    say(200, SERVICE);
  } else if (path === '/readyz') {
    context.isReady().then(
      (ready) => say(ready ? 200 : 503, ready ? SERVICE : 'not ready'),
      () => say(503, 'not ready'),
    );
  } else {
    say(404, 'not here');
  }
}

const FAULTS = {
  too_large: { status: 413, text: 'too large' },
  too_many_chunks: { status: 413, text: 'too many chunks' },
} as const;

/** Reads with event listeners: an async iterator costs as much as the decryption. */
function takePush(request: IncomingMessage, response: ServerResponse, context: ReceiverContext, query: string): void {
  const { receiver, listener, bodies } = context;
  const { 'content-length': announced, expect } = request.headers;
  const length = announced === undefined ? undefined : Number(announced);
  let over = false;

  const refuse = (why: keyof typeof FAULTS): void => {
    over = true;
    receiver.refusals.count(why, FAULTS[why].text);
    answerStranger(context, response, FAULTS[why]);
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
    if (received instanceof Promise) answerPush(context, request, response, received);
    else answerStranger(context, response, received);
  });
}

/** The push is known to be WeChat's from here on. */
function answerPush(
  { listener }: ReceiverContext,
  request: IncomingMessage,
  response: ServerResponse,
  receiving: Promise<Received>,
): void {
  listener.hold(request);
  receiving.then((received) => {
    if (received.keep === 'stranger' && listener.park(request, received)) return;
    if (received.keep !== undefined) listener.keep(response, received.keep);
    answer(response, received);
  });
}

/** Unauthenticated, so served after authenticated senders. */
function answerStranger({ listener }: ReceiverContext, response: ServerResponse, said: RawAnswer): void {
  if (!listener.park(response.req, said)) answer(response, said);
}

function answer(response: ServerResponse, { status, text }: RawAnswer): void {
  if (response.headersSent) return;
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}
