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

  function post({ path, query, body, carries }: Call): Promise<Reply> {
    return new Promise((resolve) => {
      pool.dispatch(
        {
          method: 'POST',
          path: `${folder}${path}?${new URLSearchParams(query)}`,
          headers: { 'content-type': 'application/json; charset=utf-8' },
          body: JSON.stringify(body),
        },
        exchange(requestTimeoutMs, carries, resolve),
      );
    });
  }

  return { post, close: () => pool.close() };
}

/** What undici tells of one call: whether it was begun to be written, and what came back. */
function exchange(
  timeoutMs: number,
  carries: string | undefined,
  resolve: (reply: Reply) => void,
): Dispatcher.DispatchHandler {
  let connected: Dispatcher.DispatchController | undefined;
  let status = 0;
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
    onResponseStart(_, statusCode) {
      status = statusCode;
    },
    onResponseData(controller, chunk) {
      size += chunk.length;
      if (size > MAX_ANSWER_BYTES) controller.abort(new Error('the answer is longer than 1 MiB'));
      else chunks.push(chunk);
    },
    onResponseEnd() {
      clearTimeout(timer);
      resolve(answerFrom(status, Buffer.concat(chunks).toString('utf8'), carries));
    },
    onResponseError(_, error) {
      fail(error);
    },
  };
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
