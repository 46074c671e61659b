/** One call to WeChat and what came of it. It tells apart what the field confuses: never sent, answered, and unknown. */
import { type Dispatcher, Pool } from 'undici';

export type Reply =
  /** WeChat answered; `said` is its errmsg, verbatim, with its rid. */
  | {
      readonly kind: 'answer';
      readonly errcode: number;
      readonly said: string;
      readonly body: Readonly<Record<string, unknown>>;
    }
  /** No byte of the request left: sending again is safe. */
  | { readonly kind: 'not_sent'; readonly why: string }
  /** It may have arrived. */
  | { readonly kind: 'lost'; readonly why: string };

export interface Call {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
  /** The field that an answer without an errcode must carry to be a success (`component_access_token`, …). */
  readonly carries?: string;
}

export interface Client {
  /** POSTs raw UTF-8 JSON (WeChat reads `\uXXXX` escapes of Chinese as another name: 61070). Never throws. */
  post(call: Call): Promise<Reply>;
  /** How far our clock is ahead of WeChat's by its last answer, in ms; 0 while they agree as far as whole seconds tell. */
  clockAheadMs(): number;
  close(): Promise<void>;
}

export interface ClientOptions {
  /** e.g. `https://api.weixin.qq.com` */
  readonly baseUrl: string;
  readonly requestTimeoutMs: number;
  readonly connections: number;
}

const MAX_ANSWER_BYTES = 1024 * 1024;

export function openClient({ baseUrl, requestTimeoutMs, connections }: ClientOptions): Client {
  const { origin, pathname } = new URL(baseUrl);
  const folder = pathname.replace(/\/$/, '');
  const pool = new Pool(origin, {
    connections,
    pipelining: 1,
    connect: { timeout: requestTimeoutMs },
    headersTimeout: requestTimeoutMs,
    bodyTimeout: requestTimeoutMs,
  });

  let aheadMs = 0;

  function post({ path, query, body, carries }: Call): Promise<Reply> {
    return new Promise((resolve) => {
      pool.dispatch(
        {
          method: 'POST',
          path: `${folder}${path}?${new URLSearchParams(query)}`,
          headers: { 'content-type': 'application/json; charset=utf-8' },
          body: JSON.stringify(body),
        },
        exchange(requestTimeoutMs, carries, (reply, date) => {
          if (reply.kind === 'answer') aheadMs = clockAhead(date) ?? aheadMs;
          resolve(reply);
        }),
      );
    });
  }

  return { post, clockAheadMs: () => aheadMs, close: () => pool.close() };
}

/** What undici tells of one call: whether it was begun to be written, and what came back. */
function exchange(
  timeoutMs: number,
  carries: string | undefined,
  resolve: (reply: Reply, date?: string) => void,
): Dispatcher.DispatchHandler {
  let connected: Dispatcher.DispatchController | undefined;
  let status = 0;
  let date: string | undefined;
  const chunks: Buffer[] = [];
  let size = 0;

  function fail(error: Error): void {
    clearTimeout(timer);
    const why = reasonOf(error);
    resolve(connected === undefined ? { kind: 'not_sent', why } : { kind: 'lost', why });
  }

  // undici's own timeouts are coarse (1500 ms were seen to fire at 2.0 s), and none of them bounds the whole call.
  let late: Error | undefined;
  const timer = setTimeout(() => {
    late = new Error('no answer in time');
    fail(late);
    connected?.abort(late);
  }, timeoutMs);

  return {
    // Told when the request is about to be written to a connected socket; what was given up meanwhile is not written.
    onRequestStart(controller) {
      if (late !== undefined) return controller.abort(late);
      connected = controller;
    },
    onResponseStart(_, statusCode, headers) {
      status = statusCode;
      date = String(headers.date);
    },
    onResponseData(controller, chunk) {
      size += chunk.length;
      if (size > MAX_ANSWER_BYTES) controller.abort(new Error('the answer is longer than 1 MiB'));
      else chunks.push(chunk);
    },
    onResponseEnd() {
      clearTimeout(timer);
      resolve(answerFrom(status, Buffer.concat(chunks).toString('utf8'), carries), date);
    },
    onResponseError(_, error) {
      fail(error);
    },
  };
}

/** Less is the way of the answer, and that `Date` has whole seconds. */
const CLOCKS_AGREE_MS = 2_000;

/** By an HTTP `Date`; undefined where it is none. */
function clockAhead(date: string | undefined): number | undefined {
  const theirs = Date.parse(date ?? '');
  if (Number.isNaN(theirs)) return undefined;
  const aheadMs = Date.now() - theirs;
  return Math.abs(aheadMs) <= CLOCKS_AGREE_MS ? 0 : aheadMs;
}

/** A gateway's error page, or anything else that is no JSON object with an errcode, does not tell what WeChat did. */
function answerFrom(status: number, text: string, carries: string | undefined): Reply {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { kind: 'lost', why: `HTTP ${status} and no JSON` };
  }
  if (typeof body !== 'object' || body === null) return { kind: 'lost', why: `HTTP ${status} and no JSON object` };
  const fields = body as Record<string, unknown>;
  const errcode = wholeNumber(fields.errcode);
  if (fields.errcode === undefined && carries !== undefined && fields[carries] !== undefined) {
    return { kind: 'answer', errcode: 0, said: '', body: fields };
  }
  if (errcode === undefined) return { kind: 'lost', why: `HTTP ${status} without an errcode` };
  return { kind: 'answer', errcode, said: String(fields.errmsg ?? ''), body: fields };
}

function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
  return Number.isInteger(number) ? (number as number) : undefined;
}

function reasonOf(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code;
  return code === undefined ? error.message : `${code}: ${error.message}`;
}
