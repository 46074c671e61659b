import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { type Client, type ClientOptions, openClient } from '../../src/wechat/client.js';
import { ownWords } from '../../src/wechat/own-words.js';
import { until } from '../support/until.js';

const CALL = { path: '/create', query: { action: 'create' }, body: { name: '示例' } };

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** What it writes down where no answer came has words in both languages. */
function opened(options: ClientOptions): Client {
  const client = openClient(options);
  return {
    ...client,
    async post(call) {
      const reply = await client.post(call);
      if ('why' in reply) expect([reply.why, ownWords(reply.why)]).toEqual([reply.why, expect.anything()]);
      return reply;
    },
  };
}

describe('a call', () => {
  test('that is answered brings the code as a number, the words and the body', async () => {
    const { client } = await wechat((_, response) => response.end('{"errcode":"89247","errmsg":"try later rid: 1"}'));
    expect(await client.post(CALL)).toEqual({
      kind: 'answer',
      errcode: 89247,
      said: 'try later rid: 1',
      body: { errcode: '89247', errmsg: 'try later rid: 1' },
    });
  });

  test('sends Chinese as it is, and the query as it was given', async () => {
    const seen: { url: string | undefined; body: string }[] = [];
    const { client } = await wechat((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        seen.push({ url: request.url, body: Buffer.concat(chunks).toString() });
        response.end('{"errcode":0}');
      });
    });
    await client.post(CALL);
    expect(seen).toEqual([{ url: '/create?action=create', body: '{"name":"示例"}' }]);
  });

  test('has its own query, whatever the call before it had', async () => {
    const seen: (string | undefined)[] = [];
    const { client } = await wechat((request, response) => {
      seen.push(request.url);
      response.end('{"errcode":0}');
    });
    const queries: Record<string, string>[] = [
      { action: 'create', token: 'one' },
      { action: 'create', token: 'one' },
      { action: 'create', token: 'two &' },
      { action: 'create' },
      { token: 'create' },
      {},
    ];
    for (const query of queries) await client.post({ ...CALL, query });
    expect(seen).toEqual([
      '/create?action=create&token=one',
      '/create?action=create&token=one',
      '/create?action=create&token=two+%26',
      '/create?action=create',
      '/create?token=create',
      '/create?',
    ]);
  });

  test('is a POST of JSON, below the folder of the base URL', async () => {
    const seen: (string | undefined)[] = [];
    const { client } = await wechat(
      (request, response) => {
        seen.push(`${request.method} ${request.url}`, request.headers['content-type']);
        response.end('{"errcode":0}');
      },
      { folder: '/wechat/' },
    );
    await client.post(CALL);
    expect(seen).toEqual(['POST /wechat/create?action=create', 'application/json; charset=utf-8']);
  });

  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('is answered also where a proxy has packed the answer (%s), though none is asked to', async (coding, pack) => {
    const asked: unknown[] = [];
    const { client } = await wechat((request, response) => {
      asked.push(request.headers['accept-encoding']);
      response.writeHead(200, { 'content-encoding': coding }).end(pack('\ufeff{"errcode":61070,"errmsg":"名称不符"}'));
    });
    expect(await client.post(CALL)).toMatchObject({ kind: 'answer', errcode: 61070, said: '名称不符' });
    expect(asked).toEqual(['identity']);
  });

  test('is lost where its answer cannot be unpacked, or would fill the memory', async () => {
    const bodies = [Buffer.from('{"errcode":0}'), gzipSync(Buffer.alloc(8 * 1024 * 1024, ' '))];
    const { client } = await wechat((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bodies.shift());
    });
    expect([await client.post(CALL), await client.post(CALL)]).toMatchObject([{ kind: 'lost' }, { kind: 'lost' }]);
  });

  test('keeps every digit of a task id that is a number, and no half of a surrogate pair', async () => {
    const { client } = await wechat((_, response) =>
      response.end('{"errcode":0,"errmsg":"ok \\ud83d","taskid": 12345678901234567890 ,"status":0}'),
    );
    expect(await client.post(CALL)).toMatchObject({
      said: 'ok \ufffd',
      body: { taskid: '12345678901234567890', status: 0 },
    });
  });

  test('is not sent if no server listens', async () => {
    const { client, server } = await wechat(() => {});
    await new Promise((resolve) => server.close(resolve));
    expect(await client.post(CALL)).toMatchObject({ kind: 'not_sent', why: expect.stringMatching(/^ECONNREFUSED: ./) });
  });

  test('is lost where the connection is cut after the request, before or within the answer', async () => {
    const answers: RequestListener[] = [
      (request) => request.socket.destroy(),
      (request, response) => {
        response.writeHead(200, { 'content-length': 40 });
        response.write('{"errcode":0,', () => request.socket.destroy());
      },
    ];
    for (const answer of answers) {
      const { client } = await wechat(answer);
      expect(await client.post(CALL)).toMatchObject({ kind: 'lost' });
    }
  });

  test('is lost, and its connection closed, if no answer comes in time', async () => {
    const sockets: Socket[] = [];
    const { client } = await wechat((request) => sockets.push(request.socket), { requestTimeoutMs: 100 });
    expect(await client.post(CALL)).toEqual({ kind: 'lost', why: 'no answer in time' });
    await until('the connection is closed', () => sockets[0]?.destroyed);
  });

  test('is lost where an answer begins and does not end in time', async () => {
    const { client } = await wechat((_, response) => response.write('{"errcode":0'), { requestTimeoutMs: 100 });
    expect(await client.post(CALL)).toEqual({ kind: 'lost', why: 'no answer in time' });
  });

  test('is not sent where the connection does not come about in time', async () => {
    const server = createTcpServer(() => {
      // Accepts, and never answers the greeting of TLS.
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const client = opened({ baseUrl: `https://127.0.0.1:${port}`, requestTimeoutMs: 100, connections: 1 });
    closing.push(() => server.close(), client.close);

    expect(await client.post(CALL)).toEqual({ kind: 'not_sent', why: 'no answer in time' });
  });

  test('that was abandoned before its turn came is never written, also when a connection comes up for it', async () => {
    const seen: string[] = [];
    const { client } = await wechat(
      (request, response) => {
        seen.push(request.url ?? '');
        if (request.url?.startsWith('/last')) response.end('{"errcode":0}');
      },
      { requestTimeoutMs: 1_000 },
    );
    // One connection, which the first call keeps until the time of both is over.
    const [first, second] = await Promise.all([client.post(CALL), client.post({ ...CALL, path: '/second' })]);
    expect(first.kind).toBe('lost');
    expect((await client.post({ ...CALL, path: '/last' })).kind).toBe('answer');
    // A busy machine may free the connection a moment before the time of the second is over: then that one is no longer unsent.
    const written = seen.map((url) => url.replace(/\?.*/, ''));
    expect(written).toEqual(second.kind === 'not_sent' ? ['/create', '/last'] : ['/create', '/second', '/last']);
  });

  test.each([
    ['a proxy that refuses', 403, {}, 'HTTP 403 and no JSON (text/html)'],
    ['a proxy that wants a password', 407, {}, 'HTTP 407 and no JSON (text/html)'],
    [
      'a login page, elsewhere',
      302,
      { location: 'http://portal.test:81/in?from=secret' },
      'HTTP 302 to portal.test:81 and no JSON (text/html)',
    ],
    ['a server that offers several pages', 300, {}, 'HTTP 300 and no JSON (text/html)'],
    ['a login page, here', 307, { location: '/in?from=secret' }, 'HTTP 307 to 127.0.0.1'],
    ['a network that wants a login', 511, {}, 'HTTP 511 and no JSON (text/html)'],
    ['another server', 404, { 'content-type': 'application/json' }, 'HTTP 404 without an errcode (application/json)'],
  ])('is no attempt where the answer is that of %s', async (_, status, headers, why) => {
    const text = status === 404 ? '{"message":"no such page"}' : '<html>…</html>';
    const { client } = await wechat((__, response) =>
      response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', ...headers }).end(text),
    );
    expect(await client.post(CALL)).toEqual({ kind: 'page', taken: 'no', why: expect.stringContaining(why) });
  });

  test.each([
    ['HTML', { 'content-type': 'text/html' }, '<html>Welcome</html>', 'HTTP 200 and no JSON (text/html)'],
    ['HTML that says nothing of itself', {}, '  <!doctype html><html></html>', 'HTTP 200 and no JSON'],
  ])('may have arrived where the answer is %s under a status of success', async (_, headers, text, why) => {
    const { client } = await wechat((__, response) => response.writeHead(200, headers).end(text));
    expect(await client.post(CALL)).toEqual({ kind: 'page', taken: 'unknown', why });
  });

  test('is answered where the answer has an errcode, whatever its status', async () => {
    const { client } = await wechat((_, response) => response.writeHead(403).end('{"errcode":48001,"errmsg":"no"}'));
    expect(await client.post(CALL)).toMatchObject({ kind: 'answer', errcode: 48001 });
  });

  test.each([
    [
      '{"component_access_token":"abc"}',
      { kind: 'answer', errcode: 0, said: '', body: { component_access_token: 'abc' } },
    ],
    ['{"component_access_token":"abc","errcode":40001,"errmsg":"no"}', { kind: 'answer', errcode: 40001, said: 'no' }],
    ['{"errcode":-1}', { kind: 'answer', errcode: -1, said: '' }],
    ['{"errcode":"-1"}', { kind: 'answer', errcode: -1 }],
    ['{"errcode":"40001 or so","component_access_token":"abc"}', { kind: 'lost' }],
    ['{"errcode":"see 40001"}', { kind: 'lost' }],
    ['{"errcode":1.5}', { kind: 'lost' }],
    ['{"another_token":"abc"}', { kind: 'lost' }],
  ])('that asks for a token and is answered %s', async (text, reply) => {
    const { client } = await wechat((_, response) => response.end(text));
    expect(await client.post({ ...CALL, carries: 'component_access_token' })).toMatchObject(reply);
  });

  test('that asks for nothing is not answered by an object without an errcode', async () => {
    const { client } = await wechat((_, response) => response.end('{"component_access_token":"abc"}'));
    expect(await client.post(CALL)).toMatchObject({ kind: 'lost' });
  });

  test('is answered where the answer has just 1 MiB', async () => {
    const text = '{"errcode":0}'.padEnd(1024 * 1024);
    const { client } = await wechat((_, response) => response.end(text));
    expect(await client.post(CALL)).toMatchObject({ kind: 'answer', errcode: 0 });
  });

  test.each([
    ['a page of a gateway', 502, '<html>Bad Gateway</html>', 'HTTP 502 and no JSON'],
    ['a page of a gateway that has failed', 500, '<html>Error</html>', 'HTTP 500 and no JSON'],
    ['a text with a tag in it', 200, 'busy <br>', 'HTTP 200 and no JSON'],
    ['a list', 200, '[]', 'HTTP 200 without an errcode'],
    ['a number', 200, '17', 'HTTP 200 and no JSON object'],
    ['null', 200, 'null', 'HTTP 200 and no JSON object'],
    ['an object whose code is null', 200, '{"errcode":null}', 'HTTP 200 without an errcode'],
    ['an object whose code is empty', 200, '{"errcode":""}', 'HTTP 200 without an errcode'],
    ['an object whose code is no number', 200, '{"errcode":true}', 'HTTP 200 without an errcode'],
    ['an object whose code is a list', 200, '{"errcode":[]}', 'HTTP 200 without an errcode'],
    ['an object whose code only looks like one', 200, '{"errcode":"0x0"}', 'HTTP 200 without an errcode'],
    ['an object whose code only begins like one', 200, '{"errcode":"0e3"}', 'HTTP 200 without an errcode'],
    ['an object without a code', 200, '{"errmsg":"ok"}', 'HTTP 200 without an errcode'],
    ['nothing', 200, '', 'HTTP 200 and no JSON'],
    ['a text without end', 200, 'x'.repeat(1024 * 1024 + 1), 'the answer is longer than 1 MiB'],
  ])('is lost where the answer is %s', async (_, status, text, why) => {
    const { client } = await wechat((__, response) => response.writeHead(status).end(text));
    expect(await client.post(CALL)).toEqual({ kind: 'lost', why });
  });
});

test('a client that is closed keeps no connection', async () => {
  const { server } = await wechat((_, response) => response.end('{"errcode":0}'));
  const { port } = server.address() as AddressInfo;
  // Neither side would end it for idleness while this test waits.
  server.keepAliveTimeout = 600_000;
  const client = opened({ baseUrl: `http://127.0.0.1:${port}`, requestTimeoutMs: 5_000, connections: 1 });
  await client.post(CALL);
  const connections = () => promisify(server.getConnections.bind(server))();
  expect(await connections()).toBe(1);
  await client.close();
  await until('the connection is closed', async () => (await connections()) === 0);
});

describe('how far our clock is ahead', () => {
  /** By a clock that shows so many ms more than ours when it answers. */
  const dated = (ms: number) => () => new Date(Date.now() + ms).toUTCString();

  async function aheadAfter(...answers: { date?: () => string; text?: string }[]): Promise<number> {
    const { client } = await wechat((_, response) => {
      const { date, text = '{"errcode":0}' } = answers.shift() ?? {};
      response.sendDate = false;
      response.writeHead(200, date === undefined ? {} : { date: date() }).end(text);
    });
    const calls = answers.length;
    for (let call = 0; call < calls; call += 1) await client.post(CALL);
    return client.clockAheadMs();
  }

  test.each([
    ['an hour', -3_600_000],
    ['minus an hour', 3_600_000],
    ['five seconds', -5_000],
  ])('is by the last answer %s', async (_, theirs) => {
    const ahead = await aheadAfter({ date: dated(theirs) });
    // Date has whole seconds.
    expect(Math.abs(ahead + theirs)).toBeLessThan(2_000);
  });

  test('is zero if whole seconds show no difference, and as long as nothing is known', async () => {
    expect(await aheadAfter()).toBe(0);
    expect(await aheadAfter({ date: dated(0) })).toBe(0);
    expect(await aheadAfter({ date: dated(-3_600_000) }, { date: dated(0) })).toBe(0);
  });

  test('stays where an answer has no time, or is not from WeChat', async () => {
    const known = { date: dated(-3_600_000) };
    for (const other of [{}, { date: () => 'yesterday' }, { date: dated(-7_200_000), text: '<html></html>' }]) {
      expect(await aheadAfter(known, other)).toBeLessThan(3_605_000);
      expect(await aheadAfter(known, other)).toBeGreaterThan(3_595_000);
    }
  });
});

// --- helpers ----------------------------------------------------------------------------------------------------------

async function wechat(
  listener: RequestListener,
  { requestTimeoutMs = 5_000, folder = '' } = {},
): Promise<{ client: Client; server: Server }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const client = opened({ baseUrl: `http://127.0.0.1:${port}${folder}`, requestTimeoutMs, connections: 1 });
  closing.push(
    () => server.closeAllConnections(),
    () => client.close(),
  );
  return { client, server };
}
