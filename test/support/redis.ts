/** A Redis of a test file's own: a socket in a temporary folder, nothing on disk, empty before each test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis, type RedisOptions } from 'ioredis';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { key } from '../../src/redis/keys.js';
import { removeRedisFolder } from './folder.js';

/** Of every ledger of tests. */
export const LEDGER_KEY = 'the key of a ledger of tests';

export interface TestRedis {
  /** The connection that tests use; there while a test runs. */
  readonly redis: Redis;
  readonly url: string;
  /** A further connection, closed at the end. */
  connect(options?: RedisOptions): Redis;
}

export function useRedis(): TestRedis {
  const folder = mkdtempSync(join(tmpdir(), 'fr-redis-'));
  const socket = join(folder, 'redis.sock');
  const connections: Redis[] = [];
  let server: ChildProcess | undefined;
  let redis: Redis | undefined;

  function connect(options: RedisOptions = {}): Redis {
    const connection = new Redis({ path: socket, maxRetriesPerRequest: null, ...options });
    connection.on('error', () => {});
    connections.push(connection);
    return connection;
  }

  beforeAll(async () => {
    const settings = ['--port', '0', '--unixsocket', socket, '--dir', folder, '--save', '', '--appendonly', 'no'];
    server = spawn('redis-server', settings, { stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const chunk of server.stdout?.setEncoding('utf8').iterator({ destroyOnReturn: false }) ?? []) {
      if (/ready to accept connections/i.test(chunk)) break;
    }
    server.stdout?.resume();
    redis = connect();
  });

  beforeEach(async () => {
    await redis?.flushall();
    // So that a test can name a registration whichever process made it.
    await redis?.hset(key('ledger'), 'key', LEDGER_KEY);
  });

  afterAll(async () => {
    for (const connection of connections) connection.disconnect();
    if (server !== undefined && server.exitCode === null) {
      const gone = once(server, 'exit');
      server.kill('SIGKILL');
      await gone;
    }
    removeRedisFolder(folder);
  });

  return {
    get redis() {
      if (redis === undefined) throw new Error('Redis is there while tests run, not before');
      return redis;
    },
    url: `unix:${socket}`,
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
