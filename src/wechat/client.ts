/** One call to WeChat and its outcome, with three cases kept apart: never sent, answered, unknown. */
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { type Dispatcher, Pool } from 'undici';
import { CLOCKS_AGREE_MS } from '../domain/limits.js';
import { wordsOf } from './said.js';

export type Reply =
  /** WeChat answered; `said` is its errmsg, verbatim, with its rid. */
  | {
      readonly kind: 'answer';
      readonly errcode: number;
      readonly said: string;
      readonly body: Readonly<Record<string, unknown>>;
    }
  /**
   * Something that is not WeChat's API answered: a proxy, a firewall, the login page of a network, another server. WeChat
   * answers every call that comes to it with JSON and HTTP 200, its refusals too.
   *
   * `taken: 'no'`: the status says that the request was not carried out (4xx), has to go elsewhere (3xx), or needs a login
   * to the network first (511). A proxy with such an answer has not passed the request on.
   * `taken: 'unknown'`: a status of success with HTML. It may be a login page, or the page of a gateway that has passed the
   * call on and cannot show the answer. So a create with this answer may have arrived.
   */
  | { readonly kind: 'page'; readonly taken: 'no' | 'unknown'; readonly why: string }
  /** No byte of the request left: sending again is safe. */
  | { readonly kind: 'not_sent'; readonly why: string }
  /** It may have arrived. An HTTP 5xx is this, too: a gateway that got no answer in time may have passed the call on. */
  | { readonly kind: 'lost'; readonly why: string };

export type Unanswered = Exclude<Reply, { readonly kind: 'answer' }>;

export function mayHaveArrived(reply: Unanswered): boolean {
  return reply.kind === 'lost' || (reply.kind === 'page' && reply.taken === 'unknown');
}

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
  /** How far our clock is ahead of WeChat's by its last answer, in ms; 0 while they agree to the second. */
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
  const textOfQuery = openQueryTexts();

  function post({ path, query, body, carries }: Call): Promise<Reply> {
    return new Promise((resolve) => {
      pool.dispatch(
        {
          method: 'POST',
          path: `${folder}${path}?${textOfQuery(query)}`,
          // Without it a proxy may answer in any coding.
          headers: { 'content-type': 'application/json; charset=utf-8', 'accept-encoding': 'identity' },
          body: JSON.stringify(body),
        },
        exchange(requestTimeoutMs, carries, baseUrl, (reply, date) => {
          if (reply.kind === 'answer') aheadMs = clockAhead(date) ?? aheadMs;
          resolve(reply);
        }),
      );
    });
  }

  return { post, clockAheadMs: () => aheadMs, close: () => pool.close() };
}

/** What undici reports of one call: whether writing it began, and what came back. */
function exchange(
  timeoutMs: number,
  carries: string | undefined,
  baseUrl: string,
  resolve: (reply: Reply, date?: string) => void,
): Dispatcher.DispatchHandler {
  let connected: Dispatcher.DispatchController | undefined;
  let status = 0;
  let headers: Headers = {};
  let coding = '';
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
    // Called just before the request is written to a connected socket; an abandoned request is not written.
    onRequestStart(controller) {
      if (late !== undefined) return controller.abort(late);
      connected = controller;
    },
    onResponseStart(_, itsStatus, itsHeaders) {
      status = itsStatus;
      headers = itsHeaders;
      date = String(headers.date);
      coding = String(headers['content-encoding'] ?? '').toLowerCase();
    },
    onResponseData(controller, chunk) {
      size += chunk.length;
      if (size > MAX_ANSWER_BYTES) controller.abort(new Error('the answer is longer than 1 MiB'));
      else chunks.push(chunk);
    },
    onResponseEnd() {
      clearTimeout(timer);
      const head = (): Head => ({ status, contentType: mediaType(headers), redirectedTo: hostOf(headers, baseUrl) });
      resolve(answerFrom(head, textOf(Buffer.concat(chunks), coding), carries), date);
    },
    onResponseError(_, error) {
      fail(error);
    },
  };
}

/** Creates have the same query until the token changes, and its text costs more than that of the body: the last one is kept. */
function openQueryTexts(): (query: Call['query']) => string {
  let last: Call['query'] = {};
  let text = '';
  return (query) => {
    const names = Object.keys(query);
    if (names.length !== Object.keys(last).length || names.some((name) => query[name] !== last[name])) {
      last = query;
      text = new URLSearchParams(query).toString();
    }
    return text;
  };
}

/** Some proxies compress an answer that was to come as it is. What cannot be unpacked is no JSON, and is named as that. */
function textOf(bytes: Buffer, coding: string): string {
  const unpack = Object.hasOwn(UNPACKED_BY, coding) ? UNPACKED_BY[coding] : undefined;
  try {
    return (unpack?.(bytes, { maxOutputLength: MAX_ANSWER_BYTES }) ?? bytes).toString('utf8').replace(/^\ufeff/, '');
  } catch {
    return '';
  }
}

const UNPACKED_BY: Readonly<Record<string, (bytes: Buffer, limits: { maxOutputLength: number }) => Buffer>> = {
  gzip: gunzipSync,
  'x-gzip': gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
};

/** By an HTTP `Date`; undefined where it is none. */
function clockAhead(date: string | undefined): number | undefined {
  const theirs = Date.parse(date ?? '');
  if (Number.isNaN(theirs)) return undefined;
  const aheadMs = Date.now() - theirs;
  return Math.abs(aheadMs) <= CLOCKS_AGREE_MS ? 0 : aheadMs;
}

/** What the head of an answer says about its sender. */
interface Head {
  readonly status: number;
  /** e.g. `text/html`; empty where there is none. */
  readonly contentType: string;
  /** The host of a redirect, without path and query: a login page is sent all it needs to know in its address. */
  readonly redirectedTo: string;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

function mediaType(headers: Headers): string {
  return /^[\w.+-]+\/[\w.+-]+/.exec(String(headers['content-type'] ?? ''))?.[0].toLowerCase() ?? '';
}

function hostOf(headers: Headers, baseUrl: string): string {
  const location = String(headers.location ?? '');
  return location !== '' && URL.canParse(location, baseUrl) ? new URL(location, baseUrl).host : '';
}

/** Anything but a JSON object with an errcode leaves open what WeChat did, and may not come from WeChat at all. */
function answerFrom(head: () => Head, text: string, carries: string | undefined): Reply {
  let body: unknown;
  try {
    body = JSON.parse(withTextIds(text));
  } catch {
    return noAnswer(head(), 'and no JSON', text);
  }
  if (typeof body !== 'object' || body === null) return noAnswer(head(), 'and no JSON object', text);
  const fields = body as Record<string, unknown>;
  const errcode = wholeNumber(fields.errcode);
  if (fields.errcode === undefined && carries !== undefined && fields[carries] !== undefined) {
    return { kind: 'answer', errcode: 0, said: '', body: fields };
  }
  if (errcode === undefined) return noAnswer(head(), 'without an errcode', text);
  return { kind: 'answer', errcode, said: wordsOf(String(fields.errmsg ?? '')), body: fields };
}

/** An id may come as a number, and JSON.parse would round one of more than 15 digits. */
function withTextIds(json: string): string {
  return json.replace(/("taskid"\s*:\s*)(\d+)(?=\s*[,}])/g, '$1"$2"');
}

/** HTTP 511: the network wants a login first. */
const NETWORK_LOGIN = 511;

function noAnswer({ status, contentType, redirectedTo }: Head, lacks: string, text: string): Reply {
  const to = redirectedTo === '' ? '' : ` to ${redirectedTo}`;
  const why = `HTTP ${status}${to} ${lacks}${contentType === '' ? '' : ` (${contentType})`}`;
  if ((status >= 300 && status < 500) || status === NETWORK_LOGIN) return { kind: 'page', taken: 'no', why };
  const isHtml = /^(text\/html|application\/xhtml)/.test(contentType) || /^\s*</.test(text);
  // A body that ended early or is empty is an answer of WeChat that was lost.
  return status < 300 && isHtml ? { kind: 'page', taken: 'unknown', why } : { kind: 'lost', why };
}

/** WeChat writes some numbers as text. */
export function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
  return Number.isInteger(number) ? (number as number) : undefined;
}

function reasonOf(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code;
  return code === undefined ? error.message : `${code}: ${error.message}`;
}
