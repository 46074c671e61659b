import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { Call, Reply } from '../../src/wechat/client.js';
import {
  fixedToken,
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

test('a process that gets the lock when another process has just refreshed takes its token', async () => {
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

describe('a token', () => {
  const LIVES_MS = 7_200_000;

  /** Processes over one store, a clock that a test moves, and what was fetched and read. */
  function processes(livesMs = LIVES_MS) {
    const store = memory();
    const clock = { now: NOW };
    const counts = { fetched: 0, read: 0, cleared: 0, unlocked: 0 };
    const source = async () => ({ kind: 'fresh', token: `token ${++counts.fetched}`, livesMs }) as const;
    const counting: TokenStore = {
      ...store,
      async token() {
        counts.read += 1;
        return store.kept;
      },
      lock: (ms) => store.lock(ms),
      saveToken: (fence, token) => store.saveToken(fence, token),
      refusal: () => store.refusal(),
      async unlock(fence) {
        counts.unlocked += 1;
        return store.unlock(fence);
      },
      async clearRefusals() {
        counts.cleared += 1;
      },
    };
    const open = (changes: Partial<TokenStore> = {}, from: typeof source | (() => Promise<never>) = source) =>
      openCredentials({ ...counting, ...changes }, from, () => clock.now);
    return { store, clock, counts, open };
  }

  const token = (value: string) => ({ kind: 'token', token: value });

  test.each([
    [LIVES_MS, LIVES_MS - 600_000],
    [600_000, 550_000],
    [60_000, 55_000],
  ])('that lives %d ms is used for %d ms, and then there is another one', async (livesMs, usedMs) => {
    const { clock, open } = processes(livesMs);
    const credentials = open();
    expect(await credentials.current()).toEqual(token('token 1'));
    clock.now += usedMs - 1;
    expect(await credentials.current()).toEqual(token('token 1'));
    clock.now += 1;
    expect(await credentials.current()).toEqual(token('token 2'));
  });

  test('is not looked up for each call, but every five seconds: another process may have got a newer one', async () => {
    const { store, clock, counts, open } = processes();
    const credentials = open();
    await credentials.current();
    await credentials.current();
    const before = counts.read;
    store.kept = { value: 'newer', refreshAt: NOW + LIVES_MS, expiresAt: NOW + LIVES_MS };
    clock.now += 4_999;
    expect(await credentials.current()).toEqual(token('token 1'));
    expect(counts.read).toBe(before);
    clock.now += 1;
    expect(await credentials.current()).toEqual(token('newer'));
  });

  test('that another process has got is used, and does not prevent a refresh', async () => {
    const { store, counts, open } = processes();
    store.kept = { value: 'of another process', refreshAt: NOW + 1, expiresAt: NOW + LIVES_MS };
    const lock = () => Promise.reject(new Error('it was locked'));
    expect(await open({ lock }).current()).toEqual(token('of another process'));
    expect(counts.fetched).toBe(0);
  });

  test('that cannot be asked for is no refusal: the next process may ask', async () => {
    const { store } = processes();
    const away = { kind: 'wait', ms: 5_000, why: 'service' } as const;
    expect(await openCredentials(store, async () => away, now).current()).toEqual(away);
    expect(store.refused).toBeUndefined();
    const next = openCredentials(store, async () => ({ kind: 'fresh', token: 'fresh', livesMs: 60_000 }), now);
    expect(await next.current()).toEqual(token('fresh'));
  });

  test('that has to be refreshed is used while another process refreshes it', async () => {
    const { store, clock, open } = processes();
    const credentials = open({ lock: async () => undefined });
    expect(await credentials.current()).toEqual({ kind: 'wait', ms: 200, why: 'refresher' });
    store.kept = { value: 'old', refreshAt: NOW, expiresAt: NOW + LIVES_MS };
    clock.now += 1;
    expect(await credentials.current()).toEqual(token('old'));
  });

  test('is fetched by a process that counts as dead ten seconds after it was gone, and that lets others try after a failure', async () => {
    const { counts, open } = processes();
    const asked: number[] = [];
    const lock = async (ms: number) => {
      asked.push(ms);
      return 'fence';
    };
    const fails = open({ lock }, async () => Promise.reject(new Error('a fault of ours')));
    await expect(fails.current()).rejects.toThrow('a fault of ours');
    expect([asked, counts.unlocked]).toEqual([[10_000], 1]);
  });

  test('that is refused is not used again, and the third in a row is a fault', async () => {
    const { store, counts, open } = processes();
    let refusals = 0;
    const refuseToken = async () => {
      store.kept = undefined;
      refusals += 1;
      return refusals;
    };
    const credentials = open({ refuseToken });
    for (const value of ['token 1', 'token 2']) {
      expect(await credentials.current()).toEqual(token(value));
      expect(await credentials.refuse(value)).toBeUndefined();
    }
    expect(counts.cleared).toBe(0);
    expect(await credentials.refuse('token 3')).toEqual({
      kind: 'fault',
      problem: 'token:refused',
      said: '3 new tokens in a row were refused',
    });
    expect(counts.cleared).toBe(1);
  });

  test('that WeChat has accepted ends the count of refused ones, once for each token', async () => {
    const { counts, open } = processes();
    const credentials = open();
    for (const value of ['token 1', 'token 1', 'token 2']) await credentials.accepted(value);
    expect(counts.cleared).toBe(2);
  });

  test('that is refused now and then, and accepted in between, is no fault', async () => {
    let refusals = 0;
    const { open } = processes();
    const credentials = open({
      refuseToken: async () => ++refusals,
      clearRefusals: async () => {
        refusals = 0;
      },
    });
    // A token service gives the same token until it expires.
    for (let time = 0; time < 4; time += 1) {
      await credentials.accepted('the same');
      expect(await credentials.refuse('the same')).toBeUndefined();
    }
  });

  test.each([
    { kind: 'wait', ms: 5_000, why: 'connection' },
    { kind: 'wait', ms: 60_000, why: 'refused', problem: 'token:45009', said: '' },
    { kind: 'fault', problem: 'token:service', said: 'HTTP 404' },
  ] as const)(
    'that is due for a refresh is used until it expires where the refresh brings $kind $why',
    async (answer) => {
      const { store, clock } = processes();
      store.kept = { value: 'old', refreshAt: NOW, expiresAt: NOW + 600_000 };
      let asked = 0;
      const credentials = openCredentials(
        store,
        async () => {
          asked += 1;
          return answer;
        },
        () => clock.now,
      );
      expect(await credentials.current()).toEqual(token('old'));
      expect(await credentials.current()).toEqual(token('old'));
      expect(asked).toBe(1);
      clock.now += 5_000;
      expect(await credentials.current()).toEqual(token('old'));
      clock.now += 595_000;
      expect(await credentials.current()).toMatchObject(
        answer.kind === 'wait' && answer.why === 'refused' ? { kind: 'wait', why: 'refused' } : answer,
      );
    },
  );

  test('that was given as a setting is looked up once a minute', async () => {
    expect(await fixedToken('given')()).toEqual({ kind: 'fresh', token: 'given', livesMs: 60_000 });
  });
});

const RETRY_MS = 60_000;

describe('a token that WeChat does not issue', () => {
  const answering = (errcode: number) => {
    const store = memory();
    let asked = 0;
    const client = {
      post: async (): Promise<Reply> => {
        asked += 1;
        return { kind: 'answer', errcode, said: 'its words', body: {} };
      },
    };
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
    const client = { post: async () => reply as Reply };
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
    expect(store.askedAgainIn).toBe(5_000);
  });

  const HALF_A_DAY_MS = 12 * 3_600_000;
  const answered = (errcode: number, body: Record<string, unknown> = {}): Reply => ({
    kind: 'answer',
    errcode,
    said: 'its words',
    body,
  });

  /** What WeChat is asked by a process whose ticket has this age; undefined: it has none. */
  async function asking(ageMs: number | undefined, reply: Reply, mayAsk = true) {
    const ticket = async () => (ageMs === undefined ? undefined : { value: 'ticket', receivedAt: NOW - ageMs });
    const mayAskForTicket = async (everyMs: number) => mayAsk && everyMs === 60_000;
    const store: ReturnType<typeof memory> = { ...memory(), ticket, mayAskForTicket };
    const calls: Call[] = [];
    const client = {
      async post(call: Call) {
        calls.push(call);
        return reply;
      },
    };
    const answer = await ticketExchange(client, { appid: 'wx1', appsecret: 's' }, store, now, RETRY_MS)();
    return { answer, calls, store };
  }

  test.each([0, HALF_A_DAY_MS])('of %d ms is exchanged for a token', async (ageMs) => {
    const token = { component_access_token: 'abc', expires_in: 7200 };
    const { answer, calls } = await asking(ageMs, answered(0, token));
    expect(answer).toEqual({ kind: 'fresh', token: 'abc', livesMs: 7_200_000 });
    expect(calls).toEqual([
      {
        path: '/cgi-bin/component/api_component_token',
        query: {},
        body: { component_appid: 'wx1', component_appsecret: 's', component_verify_ticket: 'ticket' },
        carries: 'component_access_token',
      },
    ]);
  });

  test.each([undefined, HALF_A_DAY_MS + 1])('that is missing or too old (%s) is asked for', async (ageMs) => {
    for (const errcode of [0, -1]) {
      const { answer, calls } = await asking(ageMs, answered(errcode));
      expect(answer).toEqual({ kind: 'wait', ms: 60_000, why: 'ticket' });
      expect(calls).toEqual([
        {
          path: '/cgi-bin/component/api_start_push_ticket',
          query: {},
          body: { component_appid: 'wx1', component_secret: 's' },
        },
      ]);
    }
  });

  test('that another process has asked for is waited for', async () => {
    const { answer, calls } = await asking(undefined, answered(0), false);
    expect([answer, calls]).toEqual([{ kind: 'wait', ms: 60_000, why: 'ticket' }, []]);
  });

  test('that WeChat does not push is asked for again later, or is a fault of the settings', async () => {
    const later = await asking(undefined, answered(45009));
    expect(later.answer).toMatchObject({ kind: 'wait', ms: RETRY_MS, why: 'refused', problem: 'token:45009' });
    const never = await asking(undefined, answered(40125));
    expect(never.answer).toEqual({ kind: 'fault', problem: 'token:40125', said: 'its words' });
  });

  test('is kept where something else answered in WeChat’s place, or nothing', async () => {
    const page = await asking(0, { kind: 'page', taken: 'no', why: 'HTTP 302' });
    expect(page.answer).toEqual({ kind: 'wait', ms: 5_000, why: 'page', said: 'HTTP 302' });
    const lost = await asking(0, { kind: 'lost', why: 'no answer in time' });
    expect(lost.answer).toEqual({ kind: 'wait', ms: 5_000, why: 'connection', said: 'no answer in time' });
    expect([...page.store.dropped, ...lost.store.dropped]).toEqual([]);
  });

  test('that WeChat takes without a token for it brings none', async () => {
    const { answer } = await asking(0, answered(0));
    expect(answer).toMatchObject({ kind: 'wait', why: 'refused', problem: 'token:0' });
    const refused = await asking(0, answered(45009, { component_access_token: 'abc' }));
    expect(refused.answer).toMatchObject({ kind: 'wait', why: 'refused', problem: 'token:45009' });
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
  ])('that answers %d %s and no token has to be fixed', async (status, body) => {
    expect(await answering(status, body)).toEqual({ kind: 'fault', problem: 'token:service', said: `HTTP ${status}` });
  });

  test.each(['0', '-1', '"soon"', 'null'])(
    'that says %s of how long its token lives is read as two hours',
    async (lives) => {
      const said = `{"component_access_token":"abc","expires_in":${lives}}`;
      expect(await answering(200, said)).toEqual({ kind: 'fresh', token: 'abc', livesMs: 7_200_000 });
      expect(await answering(200, '{"component_access_token":"abc"}')).toMatchObject({ livesMs: 7_200_000 });
    },
  );

  test.each(['""', '17', 'null'])('that gives %s for a token gives none', async (token) => {
    expect(await answering(200, `{"component_access_token":${token}}`)).toMatchObject({ kind: 'fault' });
  });

  test.each([
    [Object.assign(new Error('aborted'), { name: 'TimeoutError' }), 'no answer in time'],
    [
      new TypeError('fetch failed', { cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }) }),
      'ECONNREFUSED',
    ],
    [new TypeError('fetch failed'), 'fetch failed'],
  ])('says why it cannot be reached: %s', async (error, said) => {
    const answer = await tokenService('http://tokens.example', 1_000, async () => Promise.reject(error))();
    expect(answer).toEqual({ kind: 'wait', ms: 5_000, why: 'service', said });
    expect(await answering(503, '')).toMatchObject({ said: 'HTTP 503' });
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
    expect(await tokenService('https://tokens.example', 1_000, loop.get)()).toEqual({
      kind: 'fault',
      problem: 'token:service',
      said: 'more than 3 redirects',
    });
    expect(loop.asked).toHaveLength(4);
  });

  test('that redirects to http is not followed there by fetch itself', async () => {
    const asked: string[] = [];
    const serve = async (name: string, answer: (response: ServerResponse) => void) => {
      const service = createServer((_, response) => {
        asked.push(name);
        answer(response);
      });
      await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
      return { service, url: `http://127.0.0.1:${(service.address() as AddressInfo).port}` };
    };
    const other = await serve('another', (response) => response.end(token));
    const first = await serve('its own', (response) => response.writeHead(302, { location: other.url }).end());
    expect(await tokenService(first.url, 10_000, fetch)()).toMatchObject({
      kind: 'fault',
      said: expect.stringContaining(other.url),
    });
    expect(asked).toEqual(['its own']);
    for (const { service } of [first, other]) {
      service.closeAllConnections();
      service.close();
    }
  });

  test.each([300, 399])('redirects with any code that may, %d too', async (status) => {
    const { get, asked } = playing(
      new Response(null, { status, headers: { location: '/elsewhere' } }),
      new Response(token),
    );
    expect(await tokenService('https://tokens.example', 1_000, get)()).toMatchObject({ kind: 'fresh' });
    expect(asked.map(({ url }) => url)).toEqual(['https://tokens.example/', 'https://tokens.example/elsewhere']);
  });

  test('may redirect three times, and within its own host without https', async () => {
    const hops = ['/a', '/b', 'http://tokens.example/c'].map(redirect);
    const { get, asked } = playing(...hops, new Response(token));
    expect(await tokenService('http://user:pass@tokens.example', 1_000, get)()).toMatchObject({ kind: 'fresh' });
    expect(asked.map(({ url }) => url)).toEqual(['/', '/a', '/b', '/c'].map((path) => `http://tokens.example${path}`));
    expect(new Set(asked.map(({ authorization }) => authorization)).size).toBe(1);
    expect(asked[3]?.authorization).toMatch(/^Basic /);
  });

  test('that wants no name is shown none', async () => {
    const { get, asked } = playing(new Response(token));
    await tokenService('https://tokens.example', 1_000, get)();
    expect(asked).toEqual([{ url: 'https://tokens.example/', authorization: undefined }]);
  });

  test('is no redirect where it names no place, or is none', async () => {
    const lost = playing(new Response(null, { status: 302 }));
    expect(await tokenService('https://tokens.example', 1_000, lost.get)()).toMatchObject({ said: 'HTTP 302' });
    for (const status of [201, 400]) {
      const { get, asked } = playing(new Response(token, { status, headers: { location: '/elsewhere' } }));
      expect(await tokenService('https://tokens.example', 1_000, get)()).toMatchObject({ kind: 'fresh' });
      expect(asked).toHaveLength(1);
    }
  });

  test('may answer with 64 KiB and not with more', async () => {
    const most = 64 * 1024;
    const fits = playing(new Response(token.padEnd(most)));
    expect(await tokenService('https://tokens.example', 1_000, fits.get)()).toMatchObject({ kind: 'fresh' });
    const tooLong = playing(new Response(token.padEnd(most + 1)));
    expect(await tokenService('https://tokens.example', 1_000, tooLong.get)()).toMatchObject({ kind: 'fault' });
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
