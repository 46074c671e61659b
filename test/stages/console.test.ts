import { request } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import type { GaugeSources } from '../../src/console/gauges.js';
import { type ConsoleOptions, startConsole } from '../../src/console/server.js';
import { openCalls } from '../../src/redis/calls.js';
import { openHeartbeats } from '../../src/redis/heartbeat.js';
import { openLinks } from '../../src/redis/ledger/links.js';
import { openWorkload } from '../../src/redis/ledger/workload.js';
import { openNights } from '../../src/redis/nights.js';
import { openNotices } from '../../src/redis/notices.js';
import { openPushes } from '../../src/redis/pushes/pushes.js';
import { LIMITS } from '../support/limits.js';
import { readableLog } from '../support/log.js';
import { useRedis } from '../support/redis.js';
import { stranger } from '../support/stranger.js';
import { until } from '../support/until.js';

const redis = useRedis();

/** Of a ledger in which nothing is. */
const sources = (): GaugeSources => {
  const calls = openCalls(redis.redis);
  const nights = openNights(redis.redis);
  return {
    calls,
    pushes: openPushes(redis.redis),
    ticketReceivedAt: async () => undefined,
    processes: { heartbeats: openHeartbeats(redis.redis), calls, nights, limits: LIMITS, workerWaitMs: 120_000 },
    workload: openWorkload(redis.redis),
    notices: openNotices(redis.redis),
    destinations: ['created', 'notify'] as const,
    links: openLinks(redis.redis),
    nights,
    limits: LIMITS,
    now: Date.now,
    takesWrites: async () => true,
    version: '1.2.3',
  };
};

async function openConsole(more: { pages?: ConsoleOptions['pages']; sources?: GaugeSources } = {}) {
  const { log, lines } = readableLog();
  const server = await startConsole({
    host: '127.0.0.1',
    port: 0,
    pages: () => new Response('not here', { status: 404 }),
    sources: {} as GaugeSources,
    isReady: async () => true,
    log,
    ...more,
  });
  onTestFinished(() => server.close());
  /** Not fetch, which tidies a path up. */
  const statusOf = (path: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port: server.port, path }, (response) => {
        response.resume().once('end', () => resolve(response.statusCode));
      });
      asked.once('error', reject).end();
    });
  return { port: server.port, statusOf, lines };
}

test('a path that the console does not have is not found, whatever it looks like, and no fault', async () => {
  const { statusOf, lines } = await openConsole();
  for (const path of ['/nothing', '//', '///', '//livez', '//livez/', '/%']) {
    expect([path, await statusOf(path)]).toEqual([path, 404]);
  }
  expect(lines).toEqual([]);
});

test('a request of whose host and target no address can be made is refused, and no fault', async () => {
  const { port, lines } = await openConsole();
  const heads = [
    ...['a b', 'x:99999', '[::1', 'user@x', 'x"><script>', '%zz'].map((host) => `GET /login HTTP/1.1\r\nhost: ${host}`),
    ...['http://x:99999/', 'http://', '*'].map((target) => `GET ${target} HTTP/1.1\r\nhost: x`),
  ];
  for (const head of heads) {
    const it = await stranger(port);
    it.send(`${head}\r\n\r\n`);
    await until(`${head} is answered and closed`, () => it.isClosed());
    expect([head, it.heard().slice(0, 12)]).toEqual([head, 'HTTP/1.1 400']);
  }
  expect(lines).toEqual([]);
});

test('a path is the same one with a query', async () => {
  const { statusOf } = await openConsole();
  expect(await statusOf('/livez')).toBe(200);
  expect(await statusOf('/readyz?verbose')).toBe(200);
});

test('what anybody may ask for is answered and closed, and a stranger is not waited for', async () => {
  const { port } = await openConsole();
  for (const path of ['/livez', '/readyz', '/', '/nothing']) {
    const it = await stranger(port);
    it.send(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
    await until(`${path} is answered and closed`, () => it.isClosed());
    expect(it.heard()).toMatch(/^HTTP\/1.1 \d{3} [\s\S]*connection: close/i);
  }
});

test('a connection of a user stays open for the next page, and that of a stranger does not', async () => {
  const { port } = await openConsole({
    pages: (request, { known }) => {
      if (request.headers.has('cookie')) known?.();
      return new Response('<html></html>');
    },
  });
  const it = await stranger(port);
  for (const count of [1, 2, 3]) {
    it.send('GET / HTTP/1.1\r\nhost: x\r\ncookie: session\r\n\r\n');
    await until(`page ${count} is there`, () => it.heard().split('</html>').length === count + 1);
  }
  expect(it.isClosed()).toBe(false);
  it.socket.destroy();
  const other = await stranger(port);
  other.send('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await until('the stranger is answered and closed', () => other.heard().includes('</html>') && other.isClosed());
});

test('a page that follows is left when its browser closes the connection of a user', async () => {
  let left = 0;
  const { port } = await openConsole({
    pages: (request, { known }) => {
      known?.();
      if (!request.url.endsWith('/live')) return new Response('<html></html>');
      const body = new ReadableStream({
        start: (stream) => stream.enqueue(new TextEncoder().encode('event: changed\n\n')),
        cancel: () => {
          left += 1;
        },
      });
      return new Response(body);
    },
  });
  const it = await stranger(port);
  it.send('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await until('the page is there', () => it.heard().includes('</html>'));
  it.send('GET /live HTTP/1.1\r\nhost: x\r\n\r\n');
  await until('it follows', () => it.heard().includes('event: changed'));
  it.socket.end();
  await until('it is left', () => left === 1);
});

test('a page that fails is reported, and no fault of the others', async () => {
  const { port, lines } = await openConsole({
    pages: () => {
      throw new Error('a fault');
    },
  });
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBeGreaterThanOrEqual(500);
  expect((await fetch(`http://127.0.0.1:${port}/livez`)).status).toBe(200);
  expect(lines.join()).toContain('a fault');
});

test('requests for /metrics that come while it is being made get the same answer', async () => {
  let asked = 0;
  let go = (): void => {};
  const states = () => {
    asked += 1;
    return new Promise<Record<string, number>>((resolve) => {
      go = () => resolve({});
    });
  };
  const { port } = await openConsole({ sources: { ...sources(), workload: { states } } });
  const all = await Promise.all(Array.from({ length: 10 }, () => stranger(port)));
  for (const it of all) it.send('GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n');
  const last = await stranger(port);
  last.send('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
  await until('all have been read', () => last.isClosed() && asked > 0);
  go();
  await until('all are answered', () => all.every((it) => it.heard().includes('fastregister_calls_today')));
  expect(asked).toBe(1);
});

test('/metrics says which processes live', async () => {
  const { port } = await openConsole({ sources: sources() });
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  expect(answer.status).toBe(200);
  expect(await answer.text()).toContain('fastregister_processes{role="worker"} 0');
});

test('/readyz says which processes live, and is ready without a worker', async () => {
  const { port } = await openConsole({ sources: sources() });
  const ask = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
    return [answer.status, await answer.json()];
  };
  expect(await ask()).toEqual([200, expect.objectContaining({ ready: true, workers: 0, last_push_age_s: null })]);
  const worker = { role: 'worker', version: '1', host: 'h', pid: 1, id: 'w' } as const;
  await openHeartbeats(redis.redis).beat(worker, 60_000);
  expect(await ask()).toEqual([200, expect.objectContaining({ ready: true, workers: 1, fault: null })]);
});
