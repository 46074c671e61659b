import { describe, expect, test } from 'vitest';
import type { Client, Reply } from '../../src/wechat/client.js';
import {
  type KeptToken,
  openCredentials,
  type TokenStore,
  ticketExchange,
  tokenService,
} from '../../src/wechat/credentials.js';

const NOW = 1_000_000;
const now = () => NOW;

/** What processes share, without Redis. */
function memory(): TokenStore & {
  kept: KeptToken | undefined;
  dropped: string[];
  askedAgainIn: number | undefined;
  refused: Awaited<ReturnType<TokenStore['refusal']>>;
} {
  let locked = false;
  return {
    kept: undefined,
    dropped: [],
    askedAgainIn: undefined,
    refused: undefined,
    async token() {
      return this.kept;
    },
    refuseToken: async () => 1,
    ticket: async () => ({ value: 'ticket', receivedAt: NOW }),
    async dropTicket(value) {
      this.dropped.push(value);
    },
    async askForTicketIn(ms) {
      this.askedAgainIn = ms;
    },
    mayAskForTicket: async () => false,
    async lock() {
      if (locked) return undefined;
      locked = true;
      return 'fence';
    },
    async saveToken(_, token) {
      this.kept = token;
      locked = false;
      return true;
    },
    async unlock() {
      locked = false;
    },
    clearRefusals: async () => {},
    async refusal() {
      return this.refused;
    },
    async keepRefusal(refusal, ms) {
      this.refused = { ...refusal, ms };
    },
  };
}

test('who gets the lock when another process has just refreshed takes its token', async () => {
  const store = memory();
  let fetched = 0;
  const source = async () => ({ kind: 'fresh', token: `token ${++fetched}`, livesMs: 7_200_000 }) as const;
  const first = openCredentials(store, source, now);
  // The second one has looked and found nothing; before it has the lock, the first one is through.
  const { lock } = store;
  const second = openCredentials(
    {
      ...store,
      token: () => store.token(),
      lock: async (ms) => {
        if (fetched === 0) await first.current();
        return lock(ms);
      },
    },
    source,
    now,
  );

  expect(await second.current()).toEqual({ kind: 'token', token: 'token 1' });
  expect(await first.current()).toEqual({ kind: 'token', token: 'token 1' });
  expect(fetched).toBe(1);
});

const RETRY_MS = 60_000;

describe('a token that WeChat does not issue', () => {
  const answering = (errcode: number) => {
    const store = memory();
    let asked = 0;
    const client = {
      post: async () => {
        asked += 1;
        return { kind: 'answer', errcode, said: 'its words', body: {} };
      },
    } as unknown as Client;
    const source = ticketExchange(client, { appid: 'wx1', appsecret: 's' }, store, now, RETRY_MS);
    return { store, credentials: () => openCredentials(store, source, now), asked: () => asked };
  };

  test.each([45009, 45011, 40001, -1, 4711])(
    'with %d is asked for again after the pause, by one process for all',
    async (code) => {
      const wechat = answering(code);
      const refused = { kind: 'wait', ms: RETRY_MS, why: 'refused', problem: `token:${code}`, said: 'its words' };
      expect(await wechat.credentials().current()).toEqual(refused);
      expect(await wechat.credentials().current()).toEqual(refused);
      expect(wechat.asked()).toBe(1);

      wechat.store.refused = undefined;
      await wechat.credentials().current();
      expect(wechat.asked()).toBe(2);
    },
  );

  test.each([40125, 40013, 61004])('with %d is a fault of the settings', async (code) => {
    const wechat = answering(code);
    expect(await wechat.credentials().current()).toEqual({
      kind: 'fault',
      problem: `token:${code}`,
      said: 'its words',
    });
    expect(wechat.store.refused).toBeUndefined();
  });
});

describe('a verify ticket', () => {
  const exchange = (store: TokenStore, reply: Partial<Reply>) => {
    const client = { post: async () => reply as Reply } as unknown as Client;
    return ticketExchange(client, { appid: 'wx1', appsecret: 's' }, store, now, RETRY_MS)();
  };

  test.each([61005, 61006])('that is refused with %d is soon asked for again', async (errcode) => {
    const store = memory();
    const answer = await exchange(store, { kind: 'answer', errcode, body: {} });
    expect(store.dropped).toEqual(['ticket']);
    expect(answer).toEqual({ kind: 'wait', ms: 5_000, why: 'ticket' });
    expect(store.askedAgainIn).toBe(5_000);
  });

  test('is soon asked for again where the asking did not reach WeChat', async () => {
    const store = { ...memory(), ticket: async () => undefined, mayAskForTicket: async () => true };
    const answer = await exchange(store, { kind: 'not_sent' });
    expect(answer).toEqual({ kind: 'wait', ms: 5_000, why: 'connection' });
  });
});

describe('the token service of the platform', () => {
  const answering = (status: number, body: string) =>
    tokenService('http://tokens.example', 1_000, async () => new Response(body, { status }))();

  test.each([429, 500, 503])('that answers %d is waited for, and stops no line', async (status) => {
    expect(await answering(status, '{"message":"busy"}')).toMatchObject({ kind: 'wait', why: 'service' });
  });

  test('that cannot be reached is waited for', async () => {
    const nobody = async () => Promise.reject(new TypeError('fetch failed'));
    expect(await tokenService('http://tokens.example', 1_000, nobody)()).toMatchObject({
      kind: 'wait',
      why: 'service',
    });
  });

  test.each([
    [403, '{"message":"who are you?"}'],
    [404, '<html>There is no such page.</html>'],
    [200, '<html>Log in first.</html>'],
    [200, '{}'],
    [200, 'null'],
    [200, ''],
  ])('that answers %d %s and no token has to be mended', async (status, body) => {
    expect(await answering(status, body)).toEqual({ kind: 'fault', problem: 'token:service', said: `HTTP ${status}` });
  });

  test('is believed', async () => {
    const said = '{"component_access_token":"abc","expires_in":60}';
    expect(await answering(200, said)).toEqual({ kind: 'fresh', token: 'abc', livesMs: 60_000 });
  });
});

describe('a token service', () => {
  const token = JSON.stringify({ component_access_token: 'fresh', expires_in: 7200 });
  type Asked = { url: string; authorization: string | undefined };

  function playing(...answers: Response[]): { get: typeof fetch; asked: Asked[] } {
    const asked: Asked[] = [];
    const get = async (url: unknown, init: { headers?: Record<string, string> } = {}): Promise<Response> => {
      asked.push({ url: String(url), authorization: init.headers?.authorization });
      return answers.shift() ?? new Response('', { status: 500 });
    };
    return { get: get as typeof fetch, asked };
  }

  const redirect = (location: string) => new Response(null, { status: 302, headers: { location } });

  test('is asked with the name and password of its address', async () => {
    const { get, asked } = playing(new Response(token));
    expect(await tokenService('http://user:p%40ss@tokens.example/t', 1_000, get)()).toMatchObject({ kind: 'fresh' });
    expect(asked).toEqual([
      { url: 'http://tokens.example/t', authorization: `Basic ${Buffer.from('user:p@ss').toString('base64')}` },
    ]);
  });

  test('may redirect to https, where its name and password are not shown', async () => {
    const { get, asked } = playing(redirect('https://other.example/t'), new Response(token));
    expect(await tokenService('https://user:pass@tokens.example', 1_000, get)()).toMatchObject({ kind: 'fresh' });
    expect(asked[1]).toEqual({ url: 'https://other.example/t', authorization: undefined });
  });

  test('that redirects to http, or without end, is a fault that says so', async () => {
    const { get, asked } = playing(redirect('http://other.example/t'), new Response(token));
    const ended = await tokenService('https://tokens.example', 1_000, get)();
    expect(ended).toMatchObject({
      kind: 'fault',
      problem: 'token:service',
      said: expect.stringContaining('http://other'),
    });
    expect(asked).toHaveLength(1);
    const loop = playing(...Array.from({ length: 9 }, () => redirect('https://tokens.example/')));
    expect(await tokenService('https://tokens.example', 1_000, loop.get)()).toMatchObject({ kind: 'fault' });
  });

  test('that answers without end is not read to the end', async () => {
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(16 * 1024).fill(32));
      },
    });
    const { get } = playing(new Response(endless));
    expect(await tokenService('https://tokens.example', 1_000, get)()).toMatchObject({ kind: 'fault' });
    expect(pulled).toBeLessThan(20);
  });
});
