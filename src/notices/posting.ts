/** One POST to another party's server: a bounded time, a bounded answer, no redirect. */
import { type Agent, request } from 'undici';

export interface PostTools {
  readonly agent: Agent;
  readonly requestTimeoutMs: number;
  /** Aborted when the process has to leave. */
  readonly leaving: AbortSignal;
}

export type PostReply =
  | { readonly status: number; readonly text: string }
  | { readonly status: undefined; readonly why: string };

export interface Failure {
  readonly taken: false;
  /** What came back, without a secret. */
  readonly why: string;
  /** The server is at fault, whatever is posted. */
  readonly isDown: boolean;
  /** It asks for a pause of its own. */
  readonly pauseMs?: number;
  /** Our program is at fault. */
  readonly fault?: unknown;
}

export type Posted = { readonly taken: true } | Failure;

const JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'fastregister' };

/** A robot answers in a hundred bytes; what is longer is a page. */
const MOST_READ = 8_192;

export async function postJson(
  url: string,
  body: string,
  { agent, requestTimeoutMs, leaving }: PostTools,
  headers: Readonly<Record<string, string>> = {},
): Promise<PostReply> {
  try {
    const response = await request(url, {
      method: 'POST',
      dispatcher: agent,
      headers: { ...JSON_HEADERS, ...headers },
      body,
      signal: AbortSignal.any([AbortSignal.timeout(requestTimeoutMs), leaving]),
    });
    return { status: response.statusCode, text: await beginningOf(response.body) };
  } catch (error) {
    const { name, code } = error as NodeJS.ErrnoException;
    return { status: undefined, why: name === 'TimeoutError' ? 'no answer in time' : (code ?? name) };
  }
}

async function beginningOf(body: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of body) {
    pieces.push(piece);
    length += piece.length;
    if (length >= MOST_READ) break;
  }
  return Buffer.concat(pieces).toString('utf8');
}
