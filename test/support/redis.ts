/** The Redis of tests that do not stop theirs: a socket in a temporary folder, nothing on disk, empty before each test. */
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis, type RedisOptions } from 'ioredis';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { key, useLedger } from '../../src/redis/keys.js';

/** Of every ledger of tests. */
export const LEDGER_KEY = 'the key of a ledger of tests';

export interface TestRedis {
  /** The connection that tests use; there while a test runs. */
  readonly redis: Redis;
  readonly url: string;
  /** A further connection, closed at the end. */
  connect(options?: RedisOptions): Redis;
}

/** One server for all files of a worker, which runs them one after the other. */
let socketOfWorker: Promise<string> | undefined;

/** The server ends with this process, however that ends, and takes its folder with it: its shell reads a pipe of ours. */
const UNTIL_WE_END = 'folder=$1; shift; "$@" & read -r _; kill -9 $!; wait; rm -rf "$folder"';

async function startServer(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'fr-redis-'));
  const socket = join(folder, 'redis.sock');
  const settings = ['--port', '0', '--unixsocket', socket, '--dir', folder, '--save', '', '--appendonly', 'no'];
  const server = spawn('/bin/sh', ['-c', UNTIL_WE_END, 'sh', folder, 'redis-server', ...settings], {
    // In a group of its own: Ctrl-C is for us, and the shell outlives us by a moment.
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  for await (const chunk of server.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    if (/ready to accept connections/i.test(chunk)) break;
  }
  server.stdout.resume();
  for (const handle of [server, server.stdin, server.stdout]) (handle as { unref?(): void }).unref?.();
  return socket;
}

/** The socket of this worker's server, which is started where it is not there yet. */
export function socketOfThisWorker(): Promise<string> {
  socketOfWorker ??= startServer();
  return socketOfWorker;
}

export function useRedis(): TestRedis {
  const connections: Redis[] = [];
  let socket = '';
  let redis: Redis | undefined;

  function connect(options: RedisOptions = {}): Redis {
    const connection = new Redis({ path: socket, maxRetriesPerRequest: null, ...options });
    connection.on('error', () => {});
    connections.push(connection);
    return connection;
  }

  beforeAll(async () => {
    socket = await socketOfThisWorker();
    redis = connect();
  });

  beforeEach(async () => {
    useLedger('default');
    await redis?.flushall();
    // So that a test can name a registration whichever process made it.
    await redis?.hset(key('ledger'), 'key', LEDGER_KEY);
  });

  afterAll(async () => {
    for (const connection of connections) connection.disconnect();
  });

  return {
    get redis() {
      if (redis === undefined) throw new Error('Redis is there while tests run, not before');
      return redis;
    },
    get url() {
      return `unix:${socket}`;
    },
    connect,
  };
}

/**
 * A connection on which every script's answer is lost once, so that ioredis sends the command again: the script runs
 * twice, and only the second answer is heard.
 */
export function losingAnswers(redis: Redis): Redis {
  return new Proxy(redis, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      if (name !== 'eval' && name !== 'evalsha') return value.bind(target);
      return async (...args: unknown[]) => {
        await value.apply(target, args);
        return value.apply(target, args);
      };
    },
  });
}
