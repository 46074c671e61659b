import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Log } from '../../src/redis/server/connection.js';
import { RedisUnreachable } from '../../src/redis/server/errors.js';
import { joinPrivateServer, type PrivateServer } from '../../src/redis/server/private-server.js';
import { isServerOf, startOf } from '../../src/redis/server/process.js';
import { removeRedisFolder } from '../support/folder.js';

const memberScript = fileURLToPath(new URL('member.mjs', import.meta.url));

let folder: string;
let home: string;
let said: string[];
let log: Log;
const members: ChildProcess[] = [];
const connections: Redis[] = [];
const servers: PrivateServer[] = [];

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'fr-')));
  home = join(folder, 'home');
  mkdirSync(home);
  said = [];
  const tell = (_facts: object, sentence: string) => void said.push(sentence);
  log = { info: tell, warn: tell };
});

afterEach(async () => {
  for (const redis of connections.splice(0)) redis.disconnect();
  for (const member of members.splice(0)) member.kill('SIGKILL');
  const pids = await serverPids(home);
  await Promise.allSettled(servers.splice(0).map((server) => server.leave()));
  for (const pid of pids) await kill(pid);
  removeRedisFolder(folder);
});

test('the first to join starts a server that is durable, evicts nothing and listens on no port', async () => {
  const redis = speakTo(await join_());

  expect(await settings(redis)).toEqual({
    port: '0',
    appendonly: 'yes',
    appendfsync: 'always',
    'maxmemory-policy': 'noeviction',
    'hash-max-listpack-value': '512',
    save: '',
  });
  expect(statSync(join(home, 'redis')).mode & 0o777).toBe(0o700);
});

test('written data is there for the next process that joins', async () => {
  const first = await join_();
  await speakTo(first).set('fact', 'kept');
  await first.leave();

  expect(await speakTo(await join_()).get('fact')).toBe('kept');
});

test('the last process to leave shuts the server down, and no process before', async () => {
  const [first, second] = [await join_(), await join_()];
  const [pid = 0] = await serverPids(home);

  await first.leave();
  expect(await speakTo(second).ping()).toBe('PONG');

  await second.leave();
  expect(await startOf(pid)).toBeUndefined();
  expect(existsSync(second.socketPath)).toBe(false);
});

test('leaving twice is leaving once', async () => {
  const server = await join_();
  await Promise.all([server.leave(), server.leave()]);
  await server.leave();
});

test('eight processes that join at the same moment share one server', async () => {
  const joined = await Promise.all(Array.from({ length: 8 }, () => startMember()));

  expect(new Set(joined.map(({ socketPath }) => socketPath)).size).toBe(1);
  expect(await serverPids(home)).toHaveLength(1);

  await Promise.all(joined.map(({ process }) => endMember(process)));
  expect(await serverPids(home)).toHaveLength(0);
});

test('joining while the last one leaves ends with a server that answers', async () => {
  for (let round = 0; round < 10; round++) {
    const leaving = await join_();
    const [, joined] = await Promise.all([leaving.leave(), join_()]);
    expect(await speakTo(joined).ping()).toBe('PONG');
    expect(await serverPids(home)).toHaveLength(1);
    await joined.leave();
  }
});

test('a server that goes away while it is joined is started again', async () => {
  const path = join(home, 'redis', 'redis.sock');
  mkdirSync(join(home, 'redis'), { mode: 0o700 });
  const info = 'process_id:1\r\nloading:0\r\n';
  // On its way down: it answers one question more.
  const last = createServer((socket) => {
    socket.once('data', () => {
      socket.end(`$${info.length}\r\n${info}\r\n`);
      last.close();
    });
    socket.on('error', () => {});
  });
  last.listen(path);
  await once(last, 'listening');
  const server = await join_();
  expect(said).toContain('The private Redis went away while it was joined; looking again.');
  expect(await speakTo(server).ping()).toBe('PONG');
});

test('a member that was killed does not keep the server alive', async () => {
  const killed = await startMember();
  const server = await join_();
  killed.process.kill('SIGKILL');
  await once(killed.process, 'exit');

  await server.leave();
  expect(await serverPids(home)).toHaveLength(0);
});

test('a server that its only member left behind is adopted', async () => {
  const killed = await startMember();
  const [pid] = await serverPids(home);
  killed.process.kill('SIGKILL');
  await once(killed.process, 'exit');

  const server = await join_();
  expect(await serverPids(home)).toEqual([pid]);
  await server.leave();
  expect(await serverPids(home)).toHaveLength(0);
});

test('a server whose last member was killed ends by itself, with all that was written, and the next process starts another', async () => {
  const killed = await startMember();
  const server = await join_();
  const redis = speakTo(server);
  await redis.set('written', '1');
  redis.disconnect();
  // It still sees the other one, so it leaves the server to that.
  await server.leave();
  const [pid = 0] = await serverPids(home);
  expect(pid).toBeGreaterThan(0);
  killed.process.kill('SIGKILL');
  await once(killed.process, 'exit');
  await vi.waitFor(async () => expect(await serverPids(home)).toEqual([]), { timeout: 15_000, interval: 100 });

  expect(await speakTo(await join_()).get('written')).toBe('1');
});

test('a server ends by itself although its last member came, and was killed, a moment after the one before it', async () => {
  for (const _ of [1, 2]) {
    const { process: member } = await startMember();
    member.kill('SIGKILL');
    await once(member, 'exit');
  }
  expect(await serverPids(home)).toHaveLength(1);
  await vi.waitFor(async () => expect(await serverPids(home)).toEqual([]), { timeout: 30_000, interval: 100 });
});

test('a server goes on while a process that came later uses it, although earlier ones were killed', async () => {
  const killed = await startMember();
  killed.process.kill('SIGKILL');
  await once(killed.process, 'exit');
  const server = await join_();
  const [pid] = await serverPids(home);
  const other = await startMember();
  other.process.kill('SIGKILL');
  await once(other.process, 'exit');
  // Longer than the server waits for somebody else after its last member.
  const begun = performance.now();
  await vi.waitFor(() => expect(performance.now() - begun).toBeGreaterThan(5_000), { timeout: 10_000, interval: 100 });

  expect(await serverPids(home)).toEqual([pid]);
  expect(await speakTo(server).ping()).toBe('PONG');
  await server.leave();
  expect(await serverPids(home)).toHaveLength(0);
});

test('a killed server comes back for the processes that share it, with everything that was acknowledged', async () => {
  const server = await join_();
  await startMember();
  const redis = speakTo(server);
  await redis.set('fact', 'kept');
  const [pid = 0] = await serverPids(home);
  await kill(pid);

  expect(await redis.get('fact')).toBe('kept');
  expect(await serverPids(home)).toHaveLength(1);
  expect(await serverPids(home)).not.toEqual([pid]);
});

test('a killed server leaves a socket and a pid file behind, which the next start heals', async () => {
  const member = await startMember();
  const [pid = 0] = await serverPids(home);
  member.process.kill('SIGKILL');
  await once(member.process, 'exit');
  await kill(pid);
  expect(existsSync(member.socketPath)).toBe(true);

  expect(await speakTo(await join_()).ping()).toBe('PONG');
});

test('a pid file that names another process does no harm', async () => {
  mkdirSync(join(home, 'redis'));
  writeFileSync(join(home, 'redis', 'redis.pid'), String(process.pid));

  expect(await speakTo(await join_()).ping()).toBe('PONG');
});

test('a process killed while it holds the lock is not waited for, even when its number lives again', async () => {
  mkdirSync(join(home, 'redis', 'lock'), { recursive: true });
  symlinkSync(`${process.pid} started-long-ago ${hostname()}`, join(home, 'redis', 'lock', '7'));

  expect(await speakTo(await join_()).ping()).toBe('PONG');
  expect(readdirSync(join(home, 'redis', 'lock'))).toEqual(['9']);
});

test('a server whose socket was deleted is stopped before another is started', async () => {
  const member = await startMember();
  const [pid] = await serverPids(home);
  member.process.kill('SIGKILL');
  await once(member.process, 'exit');
  rmSync(member.socketPath);

  expect(await speakTo(await join_()).ping()).toBe('PONG');
  expect(await serverPids(home)).toHaveLength(1);
  expect(await serverPids(home)).not.toEqual([pid]);
});

test.runIf(process.platform === 'linux')(
  'two servers never work on one folder, even when nothing shows the first',
  async () => {
    const server = await join_();
    const [pid] = await serverPids(home);
    rmSync(server.socketPath);
    rmSync(join(home, 'redis', 'redis.pid'));

    await expect(join_()).rejects.toThrow('Another Redis works on');
    expect(await serverPids(home)).toEqual([pid]);
  },
);

test('a home whose path is too long for a socket gets a short private folder, which goes with the server', async () => {
  home = join(home, 'd'.repeat(120));
  const server = await join_();
  const member = await startMember();

  expect(Buffer.byteLength(server.socketPath)).toBeLessThanOrEqual(100);
  expect(statSync(join(server.socketPath, '..')).mode & 0o777).toBe(0o700);
  expect(member.socketPath).toBe(server.socketPath);

  await endMember(member.process);
  await server.leave();
  expect(existsSync(join(server.socketPath, '..'))).toBe(false);
});

test('a home with spaces, quotes and Chinese characters works', async () => {
  home = join(home, '公司 "A" \\ b');
  expect(await speakTo(await join_()).ping()).toBe('PONG');
});

test.runIf(process.platform === 'linux')(
  'Redis is in a session of its own, so that Ctrl-C does not reach it',
  async () => {
    await join_();
    const [pid = 0] = await serverPids(home);
    const sessionOf = (id: number) => readFileSync(`/proc/${id}/stat`, 'utf8').split(') ')[1]?.split(' ')[3];

    expect(sessionOf(pid)).toBe(String(pid));
  },
);

test('a damaged append-only file is reported, with the command that fixes it', async () => {
  const server = await join_();
  await speakTo(server).set('fact', 'x'.repeat(1000));
  await server.leave();
  const data = join(home, 'redis', 'appendonlydir');
  const file = readdirSync(data).find((name) => name.endsWith('.incr.aof')) ?? '';
  writeFileSync(join(data, file), `damaged${readFileSync(join(data, file), 'utf8')}`);

  await expect(join_()).rejects.toThrow(/Bad file format[\s\S]*redis-check-aof --fix .*appendonly\.aof\.manifest/);
});

test('a home that is a file is reported with what to do', async () => {
  const file = join(home, 'file');
  writeFileSync(file, '');

  const failure = await joinPrivateServer({ home: join(file, 'home'), log }).catch((error) => error);
  expect(failure).toBeInstanceOf(RedisUnreachable);
  expect(failure.message).toMatch(/Set FASTREGISTER_HOME to a folder that you may write to/);
});

test('without a redis-server on PATH the three ways to get one are named', async () => {
  vi.stubEnv('PATH', home);
  await expect(join_()).rejects.toThrow(/no redis-server on PATH.*script\/setup.*valkey-server.*REDIS_URL/);
  vi.unstubAllEnvs();
});

test('a redis-server that is too old is refused, and valkey-server is taken instead', async () => {
  const path = join(home, 'bin');
  mkdirSync(path);
  program(join(path, 'redis-server'), 'echo "Redis server v=6.0.16 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64"');
  vi.stubEnv('PATH', `${path}:/bin`);
  if (!existsSync('/bin/redis-server')) await expect(join_()).rejects.toThrow('redis-server 6.0.16 is too old');

  const real = execFileSync('/bin/sh', ['-c', 'command -v redis-server'], {
    env: { PATH: '/usr/local/bin:/usr/bin:/opt/homebrew/bin' },
  });
  program(
    join(path, 'valkey-server'),
    `[ "$1" = --version ] && echo "Valkey server v=8.1.1 sha=00000000:0" || exec ${real.toString().trim()} "$@"`,
  );
  const server = await join_();
  vi.unstubAllEnvs();
  expect(await speakTo(server).ping()).toBe('PONG');
  expect(said).toContain('Started the private Redis.');
});

// --- helpers ----------------------------------------------------------------------------------------------------------

async function join_(): Promise<PrivateServer> {
  const server = await joinPrivateServer({ home, log });
  servers.push(server);
  return server;
}

function speakTo(server: PrivateServer): Redis {
  const redis = new Redis({ path: server.socketPath, maxRetriesPerRequest: null });
  redis.on('error', () => {});
  connections.push(redis);
  return redis;
}

async function settings(redis: Redis): Promise<Record<string, string>> {
  const names = ['port', 'appendonly', 'appendfsync', 'maxmemory-policy', 'hash-max-listpack-value', 'save'];
  const answers = (await Promise.all(names.map((name) => redis.config('GET', name)))) as string[][];
  return Object.fromEntries(answers.map(([name = '', value = '']) => [name, value]));
}

async function startMember(): Promise<{ process: ChildProcess; socketPath: string }> {
  const member = spawn(process.execPath, [memberScript, home], { stdio: ['pipe', 'pipe', 'inherit'] });
  members.push(member);
  const [socketPath] = await once(createInterface(member.stdout), 'line');
  return { process: member, socketPath };
}

async function endMember(member: ChildProcess): Promise<void> {
  member.stdin?.end();
  await once(member, 'exit');
}

/** Every Redis that works in this home, whatever the pid file says. */
async function serverPids(home: string): Promise<number[]> {
  const folder = join(home, 'redis');
  const isOurs = await Promise.all(pidsIn(folder).map(async (pid) => (await isServerOf(pid, folder)) && pid));
  return isOurs.filter((pid) => pid !== false);
}

/** On Linux of the processes that work there, because each question about a process costs several files of /proc. */
function pidsIn(folder: string): number[] {
  if (process.platform !== 'linux')
    return execFileSync('ps', ['-axo', 'pid=']).toString().split('\n').map(Number).filter(Boolean);
  const pids = readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0);
  return pids.filter((pid) => workingFolderOf(pid) === folder);
}

function workingFolderOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

async function kill(pid: number): Promise<void> {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    return;
  }
  await vi.waitFor(async () => expect(await isServerOf(pid, join(home, 'redis'))).toBe(false), { interval: 5 });
}

function program(path: string, script: string): void {
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}
