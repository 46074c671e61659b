/** The console's port: health and metrics without a log-in, and the pages, which need one. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { getRequestListener, RequestError } from '@hono/node-server';
import type { Logger } from 'pino';
import { liveOf } from '../domain/presence.js';
import type { Networks } from '../http/addresses.js';
import { ANSWERS_TO_STRANGERS, mostConnections } from '../http/limits.js';
import { openListener } from '../http/listener.js';
import { sharedAnswer } from '../http/shared-answer.js';
import { processesNow } from '../reporter/missing-worker.js';
import type { Bindings } from './bindings.js';
import { type GaugeSources, gauges } from './gauges.js';
import { metricsText } from './metrics.js';

export interface ConsoleOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly trustedProxies?: Networks;
  /** Everything but health and metrics. `known`: the request is that of a user. */
  readonly pages: (request: Request, bindings: Bindings) => Response | Promise<Response>;
  readonly sources: GaugeSources;
  readonly isReady: () => Promise<boolean>;
  readonly log: Logger;
}

export interface ConsoleServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Metrics and a page take seconds at a busy Redis. */
const REQUEST_MS = 15_000;
const STALLED_MS = 15_000;
/** A browser asks again when it shows the next page. */
const IDLE_MS = 75_000;
const IDLE_CONNECTIONS = 100;
const PER_ADDRESS = 64;
/** The receiver of the same process has the others. */
const SHARE_OF_CONNECTIONS = 0.1;

export async function startConsole(options: ConsoleOptions): Promise<ConsoleServer> {
  // They need no log-in, so many requests at once share one answer.
  const metrics = sharedAnswer(async () => metricsText(await gauges(options.sources)));
  const readiness = sharedAnswer(() => readinessOf(options));
  // A page for a known user may take its time, and the connection waits for the next one.
  const pages = getRequestListener(
    (request, { incoming, outgoing }) =>
      options.pages(request, {
        incoming: incoming as IncomingMessage,
        outgoing: outgoing as ServerResponse,
        known: () => {
          listener.hold(incoming as IncomingMessage);
          listener.keep(outgoing as ServerResponse, 'known');
        },
      }),
    {
      overrideGlobalObjects: false,
      errorHandler: (error) => {
        // No address can be made of its Host and its target: any client can send that, as fast as it likes.
        if (error instanceof RequestError) return new Response('no address', { status: 400 });
        options.log.error({ err: error }, 'the console failed');
        return new Response('not available now', { status: 503 });
      },
    },
  );
  const server = createServer((request, response) => {
    route(request, response, { metrics, readiness, pages }).catch((error) => {
      options.log.error({ err: error }, 'the console failed');
      if (!response.headersSent) answer(response, 503, 'not available now');
    });
  });
  const listener = openListener(server, {
    trustedProxies: options.trustedProxies,
    limits: {
      connections: mostConnections(SHARE_OF_CONNECTIONS),
      idle: IDLE_CONNECTIONS,
      perAddress: PER_ADDRESS,
      requestMs: REQUEST_MS,
      idleMs: IDLE_MS,
      stalledMs: STALLED_MS,
      ...ANSWERS_TO_STRANGERS,
    },
  });
  const settings = { host: 'FASTREGISTER_CONSOLE_HOST', port: 'FASTREGISTER_CONSOLE_PORT' };
  return {
    port: await listener.open({ host: options.host, port: options.port, settings }),
    close: () => listener.close(0),
  };
}

interface Answers {
  readonly metrics: () => Promise<string>;
  readonly readiness: () => Promise<Readiness>;
  readonly pages: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  { metrics, readiness, pages }: Answers,
): Promise<void> {
  // Not new URL(), which takes what follows `//` for a host, and throws where nothing does.
  const [path] = (request.url ?? '/').split('?', 1);
  switch (path) {
    case '/livez':
      return answer(response, 200, 'fastregister');
    case '/readyz': {
      const { ready, ...facts } = await readiness();
      return answer(response, ready ? 200 : 503, JSON.stringify({ ready, ...facts }), 'application/json');
    }
    case '/metrics':
      return answer(response, 200, await metrics(), 'text/plain; version=0.0.4; charset=utf-8');
    default:
      return pages(request, response);
  }
}

interface Readiness {
  readonly ready: boolean;
  readonly [fact: string]: unknown;
}

/**
 * Whether this process can do its own work. Which other processes live is said beside it and decides nothing: a load balancer
 * that closed the receiver because no worker runs would lose pushes.
 */
async function readinessOf({ isReady, sources }: ConsoleOptions): Promise<Readiness> {
  if (!(await isReady())) return { ready: false };
  // Redis may be away: a receiver that keeps pushes on disk is ready all the same.
  const found = await processesNow(sources.processes).catch(() => undefined);
  if (found === undefined) return { ready: true };
  const { presence, missing } = found;
  const age = (at: number | undefined): number | null =>
    at === undefined ? null : Math.max(Math.round((presence.now - at) / 1000), 0);
  return {
    ready: true,
    workers: liveOf(presence, 'worker').length,
    receivers: liveOf(presence, 'receiver').length,
    schedulers: liveOf(presence, 'scheduler').length,
    last_call_age_s: age(presence.callAt),
    last_push_age_s: age(presence.pushAt),
    oldest_wait_s: age(presence.waitingSince),
    fault: missing?.problem ?? null,
  };
}

function answer(response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  });
  response.end(text);
}
