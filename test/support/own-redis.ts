/** A redis-server of one test file, which can be stopped and started again on the same data, as an outage does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { connect, type Role } from '../../src/redis/server/connection.js';
import { removeRedisFolder } from './folder.js';
import { until } from './until.js';

export interface OwnRedis {
  /** A folder of this server, free to be used by the test; removed with it. */
  readonly folder: string;
  readonly socketPath: string;
  /** A further connection; closed with the server. */
  connect(role?: Role): Promise<Redis>;
  /** Everything that was answered is on disk. */
  stop(): Promise<void>;
  /** As a power cut does it. */
  kill(): Promise<void>;
  /** It is there and answers nothing, until it is killed. */
  hang(): void;
  /** Nothing, where it runs. Settings are those of redis-server, for this start only. */
  start(...settings: string[]): Promise<void>;
  end(): Promise<void>;
}

const SILENT = { info() {}, warn() {} };

export async function ownRedis(): Promise<OwnRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'fr-'));
  const socketPath = join(folder, 'redis.sock');
  const connections: Redis[] = [];
  let server: ChildProcess | undefined;

  async function start(...settings: string[]): Promise<void> {
    if (server !== undefined && server.exitCode === null && server.signalCode === null) return;
    const args = ['--port', '0', '--unixsocket', socketPath, '--dir', folder];
    const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''];
    server = spawn('redis-server', [...args, ...durable, ...settings], { stdio: 'ignore' });
    const starting = server;
    await until('redis-server answers', async () => {
      if (starting.exitCode !== null) throw new Error('redis-server does not start');
      return connect({ socketPath }, 'background', SILENT).then(
        (redis) => {
          redis.disconnect();
          return true;
        },
        () => false,
      );
    });
  }

  async function signal(name: NodeJS.Signals): Promise<void> {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, 'exit');
    server.kill(name);
    await gone;
  }

  await start();
  return {
    folder,
    socketPath,
    async connect(role = 'background') {
      const redis = await connect({ socketPath }, role, SILENT);
      connections.push(redis);
      return redis;
    },
    stop: () => signal('SIGTERM'),
    kill: () => signal('SIGKILL'),
    hang: () => void server?.kill('SIGSTOP'),
    start,
    async end() {
      for (const redis of connections) redis.disconnect();
      await signal('SIGKILL');
      removeRedisFolder(folder);
    },
  };
}
