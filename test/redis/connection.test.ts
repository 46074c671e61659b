import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { checkServer } from '../../src/redis/server/check-server.js';
import { type Address, connect, describe, type Role } from '../../src/redis/server/connection.js';
import { RedisMisconfigured, RedisUnavailable, RedisUnreachable } from '../../src/redis/server/errors.js';
import { removeRedisFolder } from '../support/folder.js';

let folder: string;
let said: string[];
const servers: ChildProcess[] = [];
const connections: Redis[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fr-'));
  said = [];
});

afterEach(async () => {
  for (const redis of connections.splice(0)) redis.disconnect();
  await Promise.all(servers.splice(0).map(stop));
  removeRedisFolder(folder);
});

test('a socket path, a unix: address and a redis:// address reach the same server', async () => {
  const port = await freePort();
  await startRedis('--port', String(port), '--requirepass', 'p@ss/word');
  const password = encodeURIComponent('p@ss/word');

  const tcp = await open({ url: `redis://:${password}@127.0.0.1:${port}/3` });
  expect(await tcp.set('fact', 'here')).toBe('OK');
  expect((await tcp.client('INFO')) as string).toMatch(/ db=3 /);
  await tcp.config('SET', 'requirepass', '');

  for (const address of [{ socketPath: socket() }, { url: `unix:${socket()}` }, { url: `unix://${socket()}?db=3` }]) {
    expect(await (await open(address)).ping()).toBe('PONG');
  }
  expect(await (await open({ url: `unix:${socket()}?db=3` })).get('fact')).toBe('here');
});

test('where nothing listens, the failure comes at once and says what to do', async () => {
  const port = await freePort();
  const failures = await Promise.all([
    failureOf({ url: `redis://:secret@127.0.0.1:${port}` }),
    failureOf({ socketPath: socket() }),
  ]);

  for (const failure of failures) expect(failure).toBeInstanceOf(RedisUnavailable);
  expect(failures.map(({ message }) => message)).toEqual([
    `Redis at redis://127.0.0.1:${port} cannot be reached: nothing listens there. Start the server, or correct REDIS_URL.`,
    `Redis at unix:${socket()} cannot be reached: there is no such socket. Start the server, or correct REDIS_URL.`,
  ]);
});

test('a missing password is reported as such, and is not waited for', async () => {
  await startRedis('--requirepass', 'secret');
  const failure = await failureOf({ socketPath: socket() });
  expect(failure.message).toMatch(/password is missing or wrong/);
  expect(failure).toBeInstanceOf(RedisUnreachable);
  expect(failure).not.toBeInstanceOf(RedisUnavailable);
});

test('a database that the server does not have is said to be corrected', async () => {
  await startRedis();
  const { message, words } = (await failureOf({ url: `unix:${socket()}?db=99` })) as RedisUnreachable;
  expect(message).toMatch(/: it has no database of this number\. Correct the number in REDIS_URL\.$/);
  expect(words.zh).not.toMatch(/ERR|range/);
});

test('a port that speaks HTTP is no Redis, and nothing else is printed', async () => {
  const printed = vi.spyOn(console, 'error').mockImplementation(() => {});
  const server = createServer((client) => {
    client.on('error', () => {}).on('data', () => client.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  for (const role of ['interactive', 'background'] as const) {
    const { message } = await connect({ url: `redis://127.0.0.1:${port}` }, role, { info() {}, warn() {} }).then(
      () => expect.unreachable(),
      (error: Error) => error,
    );
    expect(message).toMatch(/: what listens there is no Redis\. Correct REDIS_URL\.$/);
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(printed).not.toHaveBeenCalled();
});

test('a process that has to leave waits for no Redis that hangs', async () => {
  const server = await startRedis();
  server.kill('SIGSTOP');
  const leaving = new AbortController();
  const attempt = connect({ socketPath: socket() }, 'background', { info() {}, warn() {} }, leaving.signal);
  leaving.abort();
  await expect(attempt).rejects.toBeInstanceOf(RedisUnavailable);
});

test('no password is ever shown', () => {
  expect(describe({ url: 'rediss://user:secret@redis.example.com:6380/1' })).toBe('rediss://redis.example.com:6380/1');
});

test('a worker waits for an unavailable Redis and goes on; a receiver gets an error at once', async () => {
  const server = await startRedis();
  const worker = await open({ socketPath: socket() }, 'background');
  const interactive = await open({ socketPath: socket() }, 'interactive');
  await stop(server);
  await vi.waitFor(() => expect(said.filter((line) => line.includes('was lost'))).toHaveLength(2));

  const waiting = worker.set('fact', 'written later');
  await expect(interactive.ping()).rejects.toThrow();

  await startRedis();
  expect(await waiting).toBe('OK');
  await vi.waitFor(async () => expect(await interactive.get('fact')).toBe('written later'));
  expect(said.filter((line) => line.includes('is back'))).toHaveLength(2);
});

test('an interactive connection does not wait for a Redis that hangs', async () => {
  const server = await startRedis();
  const interactive = await open({ socketPath: socket() }, 'interactive');
  server.kill('SIGSTOP');

  await expect(interactive.ping()).rejects.toThrow('timed out');
  server.kill('SIGCONT');
});

test('a durable Redis that evicts nothing is taken without a word', async () => {
  await startRedis('--appendonly', 'yes');
  expect(await checkServer(await open({ socketPath: socket() }))).toEqual([]);
});

test('a Redis that may evict is refused, with the command that fixes it', async () => {
  await startRedis('--maxmemory-policy', 'allkeys-lru');
  const check = checkServer(await open({ socketPath: socket() }));

  await expect(check).rejects.toThrow(/allkeys-lru.*CONFIG SET maxmemory-policy noeviction/);
  await expect(check).rejects.toBeInstanceOf(RedisMisconfigured);
});

test('a Redis that keeps nothing on disk, or snapshots only, is warned about', async () => {
  const server = await startRedis();
  expect(await checkServer(await open({ socketPath: socket() }))).toEqual([
    expect.stringContaining('keeps nothing on disk'),
  ]);
  await stop(server);

  await startRedis('--save', '60 1000');
  expect(await checkServer(await open({ socketPath: socket() }))).toEqual([expect.stringContaining('snapshots only')]);
});

test('a managed Redis that forbids CONFIG is taken with a warning', async () => {
  await startRedis('--rename-command', 'CONFIG', '');
  expect(await checkServer(await open({ socketPath: socket() }))).toEqual([
    expect.stringContaining('does not report whether it keeps its data'),
  ]);
});

test('a Redis before 6.2 is refused', async () => {
  const old = { info: async () => 'redis_version:6.0.16\r\nmaxmemory_policy:noeviction\r\n' } as unknown as Redis;
  await expect(checkServer(old)).rejects.toThrow('This Redis is 6.0.16; fastregister needs 6.2 or later.');
});

// --- helpers ----------------------------------------------------------------------------------------------------------

function socket(): string {
  return join(folder, 'redis.sock');
}

async function startRedis(...settings: string[]): Promise<ChildProcess> {
  const fixed = ['--port', '0', '--unixsocket', socket(), '--dir', folder];
  const server = spawn('redis-server', ['--save', '', ...fixed, ...settings], { stdio: ['ignore', 'pipe', 'inherit'] });
  servers.push(server);
  const lines = server.stdout.setEncoding('utf8');
  for await (const chunk of lines.iterator({ destroyOnReturn: false }))
    if (/ready to accept connections/i.test(chunk)) break;
  lines.resume();
  return server;
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  server.kill('SIGKILL');
  await once(server, 'exit');
}

async function open(address: Address, role: Role = 'interactive'): Promise<Redis> {
  const tell = (_facts: object, sentence: string) => void said.push(sentence);
  const redis = await connect(address, role, { info: tell, warn: tell });
  connections.push(redis);
  return redis;
}

async function failureOf(address: Address): Promise<Error> {
  return open(address).then(
    () => new Error('it was reached'),
    (error) => error,
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
