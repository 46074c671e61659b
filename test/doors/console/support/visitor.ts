/** A browser without a window: cookies, forms and their tokens. */

import { onTestFinished } from 'vitest';
import { consoleApp } from '../../../../src/console/app.js';
import { openLiveFeeds } from '../../../../src/console/live.js';
import { type Rehearsal, rehearse } from '../../../support/rehearsal.js';
import { until } from '../../../support/until.js';

export const PASSWORD = 'a password of tests';
const ADDRESS = 'http://127.0.0.1:8481';

export interface Answered {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

export interface Visitor {
  get(path: string, headers?: Record<string, string>): Promise<Answered>;
  /** The page when nothing of it is still being read or counted: on a busy machine the first one may come before. */
  whole(path: string): Promise<Answered>;
  /** With the token of the last page that was shown. */
  post(path: string, fields?: Record<string, string>, headers?: Record<string, string>): Promise<Answered>;
  /** A form with files, as a browser sends it: its token stands before them. */
  upload(files: readonly File[], fields?: Record<string, string>): Promise<Answered>;
  /** Any body, to any path. */
  send(path: string, body: FormData | string, headers?: Record<string, string>): Promise<Answered>;
  /** The token of the last page that was shown. */
  csrf(): string;
  /** The page to which the answer to a form leads. */
  submit(path: string, fields: Record<string, string>): Promise<Answered & { readonly at: string }>;
  /** A page in the pieces in which it comes. */
  stream(path: string): Promise<readonly string[]>;
  logIn(user?: string, password?: string): Promise<Answered>;
  /** The live parts of a page, as they come. */
  follow(path: string): Promise<ReadableStreamDefaultReader<Uint8Array>>;
  cookies: Map<string, string>;
}

export type Console = Rehearsal & { visitor(): Visitor };

export async function openConsole(settings: Record<string, string> = {}): Promise<Console> {
  const rehearsal = await rehearse({ settings: { FASTREGISTER_CONSOLE_PASSWORD: PASSWORD, ...settings } });
  return { ...rehearsal, visitor: visitorsOf(rehearsal.store) };
}

export function visitorsOf(store: Rehearsal['store'], everyMs = 50): () => Visitor {
  const feeds = openLiveFeeds(store.log, everyMs);
  onTestFinished(() => feeds.close());
  const app = consoleApp({ store, feeds, lookAgainMs: 20 * everyMs });

  return () => {
    const cookies = new Map<string, string>();
    let csrf = '';

    async function ask(path: string, init: RequestInit = {}): Promise<Response> {
      const headers = new Headers(init.headers);
      headers.set('host', '127.0.0.1:8481');
      headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '));
      const response = await app.request(`${ADDRESS}${path}`, { ...init, headers });
      for (const cookie of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
        if (value === '' || /max-age=0/i.test(cookie)) cookies.delete(name);
        else cookies.set(name, value);
      }
      return response;
    }

    async function read(response: Response): Promise<Answered> {
      const text = await response.text();
      csrf = /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? csrf;
      return { status: response.status, text, headers: response.headers };
    }

    const get: Visitor['get'] = async (path, headers = {}) => read(await ask(path, { headers }));
    const whole: Visitor['whole'] = (path) =>
      until(`${path} is whole`, async () => {
        const page = await get(path);
        return !/still being read|being counted/.test(page.text) && page;
      });
    const post: Visitor['post'] = async (path, fields = {}, headers = {}) => {
      const body = new URLSearchParams({ csrf, ...fields }).toString();
      const type = 'application/x-www-form-urlencoded';
      return send(path, body, { 'content-type': type, ...headers });
    };

    const send: Visitor['send'] = async (path, body, headers = {}) =>
      read(
        await ask(path, {
          method: 'POST',
          body,
          headers: { origin: ADDRESS, ...headers },
          duplex: 'half',
        } as RequestInit),
      );

    return {
      cookies,
      get,
      whole,
      post,
      send,
      csrf: () => csrf,
      async upload(files, fields = {}) {
        const form = new FormData();
        for (const [name, value] of Object.entries({ csrf, ...fields })) form.append(name, value);
        for (const file of files) form.append('file', file);
        return send('/sheets/new', form);
      },
      async submit(path, fields) {
        const at = (await post(path, fields)).headers.get('location') ?? '?';
        return { ...(await get(at)), at };
      },
      async stream(path) {
        const { body } = await ask(path);
        const pieces: string[] = [];
        for await (const piece of body ?? []) pieces.push(Buffer.from(piece).toString('utf8'));
        return pieces;
      },
      async logIn(username = 'admin', password = PASSWORD) {
        await get('/login');
        const answer = await post('/login', { username, password });
        // The token of the session, not that of the form before it.
        if (answer.status === 303) await get('/');
        return answer;
      },
      async follow(path) {
        const { body } = await ask(path);
        if (body === null) throw new Error(`${path} has no body`);
        const reader = body.getReader();
        onTestFinished(() => reader.cancel());
        return reader;
      },
    };
  };
}
