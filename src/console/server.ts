/** The console's port: health, metrics, and, with the password, the state of the batches. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { liveOf } from '../domain/presence.js';
import { ANSWERS_TO_STRANGERS, mostConnections } from '../http/limits.js';
import { type Listener, openListener } from '../http/listener.js';
import { sharedAnswer } from '../http/shared-answer.js';
import { processesNow } from '../reporter/missing-worker.js';
import { type GaugeSources, gauges } from './gauges.js';
import { metricsText } from './metrics.js';
import { overview } from './overview.js';
import { overviewPage } from './page.js';

export interface ConsoleOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Without one the pages are closed. */
  readonly password: string | undefined;
  readonly sources: GaugeSources;
  readonly isReady: () => Promise<boolean>;
  readonly log: Logger;
}

export interface ConsoleServer {
  readonly port: number;
  close(): Promise<void>;
}

/** The overview reads every batch, and a page may be long: at a busy Redis that takes seconds. */
const REQUEST_MS = 15_000;
const STALLED_MS = 15_000;
/** A browser asks again when it shows the next page. */
const IDLE_MS = 75_000;
const IDLE_CONNECTIONS = 100;
const PER_ADDRESS = 64;
/** The receiver of the same process has the others. */
const SHARE_OF_CONNECTIONS = 0.1;

export async function startConsole(options: ConsoleOptions): Promise<ConsoleServer> {
  // Anybody may ask for them.
  const metrics = sharedAnswer(async () => metricsText(await gauges(options.sources)));
  const readiness = sharedAnswer(() => readinessOf(options));
  const server = createServer((request, response) => {
    route(request, response, options, listener, { metrics, readiness }).catch((error) => {
      options.log.error({ err: error }, 'the console failed');
      if (!response.headersSent) answer(response, 503, 'not available now');
    });
  });
  const listener = openListener(server, {
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

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  options: ConsoleOptions,
  listener: Listener,
  { metrics, readiness }: { metrics: () => Promise<string>; readiness: () => Promise<Readiness> },
): Promise<void> {
  // Not new URL(), which takes what follows `//` for a host, and throws where nothing does.
  const [path] = (request.url ?? '/').split('?', 1);
  if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 405, 'GET only');
  switch (path) {
    case '/livez':
      return answer(response, 200, 'fastregister');
    case '/readyz': {
      const { ready, ...facts } = await readiness();
      return answer(response, ready ? 200 : 503, JSON.stringify({ ready, ...facts }), 'application/json');
    }
    case '/metrics':
      return answer(response, 200, await metrics(), 'text/plain; version=0.0.4; charset=utf-8');
    case '/':
      if (!mayEnter(request, response, options.password)) return;
      listener.hold(request);
      listener.keep(response, 'known');
      return answer(response, 200, overviewPage(await overview(options.sources)), 'text/html; charset=utf-8');
    default:
      return answer(response, 404, 'not here');
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

function mayEnter(request: IncomingMessage, response: ServerResponse, password: string | undefined): boolean {
  if (password === undefined) {
    answer(response, 403, 'The console is closed until FASTREGISTER_CONSOLE_PASSWORD is set.');
    return false;
  }
  const given = Buffer.from((request.headers.authorization ?? '').replace(/^Basic /, ''), 'base64').toString('utf8');
  if (same(given.slice(given.indexOf(':') + 1), password)) return true;
  response.setHeader('www-authenticate', 'Basic realm="fastregister", charset="UTF-8"');
  answer(response, 401, 'The password is missing or wrong.');
  return false;
}

/** In constant time, whatever the lengths. */
function same(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

function answer(response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  });
  response.end(text);
}
