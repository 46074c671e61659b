/**
 * A primary and a replica that lose what a power cut or a failover loses. Clients reach the primary by one name, as Sentinel or a
 * managed service gives them one.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, truncateSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort, untilTrue } from './waiting.js';

const CUT_OFF_MS = 900;
const LAG_MS = 700;
const LOOK_AT_SIZE_EVERY_MS = 25;

/** The default of Redis, which loses a second. */
const SETTINGS = [
  '--appendonly',
  'yes',
  '--appendfsync',
  'everysec',
  '--save',
  '',
  '--auto-aof-rewrite-percentage',
  '0',
];

/** @param children every server is in it while it runs */
export async function startRedisPair(folder, children) {
  const path = join(folder, 'current.sock');
  const servers = { a: { port: await freePort() }, b: { port: await freePort() } };
  let primary = 'a';
  /** Sizes of the primary's append-only file over the last seconds. */
  let sizes = [];
  let wire;

  const socketOf = (name) => join(folder, `${name}.sock`);
  const dataOf = (name) => join(folder, name);
  const otherThan = (name) => (name === 'a' ? 'b' : 'a');

  async function start(name, ...more) {
    mkdirSync(dataOf(name), { recursive: true });
    for (;;) {
      const { port } = servers[name];
      const own = [
        '--port',
        String(port),
        '--bind',
        '127.0.0.1',
        '--unixsocket',
        socketOf(name),
        '--dir',
        dataOf(name),
      ];
      const child = spawn('redis-server', [...own, ...SETTINGS, ...more], { stdio: 'ignore' });
      servers[name].child = child;
      children.add(child);
      child.once('exit', () => children.delete(child));
      const hasEnded = () => child.exitCode !== null;
      await untilTrue('Redis answers', async () => hasEnded() || (await ask(name, (redis) => redis.ping())) === 'PONG');
      if (!hasEnded()) return;
      // Another process has taken the port since it was found free.
      servers[name].port = await freePort();
    }
  }

  async function ask(name, question) {
    const redis = new Redis({ path: socketOf(name), retryStrategy: () => null, maxRetriesPerRequest: 0 });
    redis.on('error', () => {});
    try {
      return await question(redis);
    } finally {
      redis.disconnect();
    }
  }

  async function kill(name) {
    const { child } = servers[name];
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  function pointAt(name) {
    symlinkSync(socketOf(name), `${path}.new`);
    renameSync(`${path}.new`, path);
    primary = name;
    sizes = [];
  }

  /** The other server, empty, as a replica over a wire that can be frozen. */
  async function startReplica() {
    const name = otherThan(primary);
    wire = await startWire(servers[primary].port);
    rmSync(dataOf(name), { recursive: true, force: true });
    await start(name, '--replicaof', '127.0.0.1', String(wire.port), '--repl-diskless-sync-delay', '0');
  }

  function appendOnlyFile() {
    const files = join(dataOf(primary), 'appendonlydir');
    return join(
      files,
      readdirSync(files)
        .filter((it) => it.endsWith('.incr.aof'))
        .sort()
        .at(-1),
    );
  }

  const watching = setInterval(() => {
    try {
      const file = appendOnlyFile();
      sizes.push({ at: Date.now(), file, size: statSync(file).size });
      if (sizes.length > 100) sizes.shift();
    } catch {
      // It is being started.
    }
  }, LOOK_AT_SIZE_EVERY_MS);

  await start('a');
  pointAt('a');
  await startReplica();

  return {
    path,

    async restart() {
      await kill(primary);
      await start(primary);
    },

    async powerCut() {
      const at = Date.now();
      await kill(primary);
      // A rewrite begins another file: what is before it is on disk as a whole.
      const file = appendOnlyFile();
      const known = sizes.filter((it) => it.file === file);
      const kept = known.filter((it) => it.at <= at - CUT_OFF_MS).at(-1) ?? known[0];
      if (kept !== undefined) truncateSync(file, kept.size);
      sizes = [];
      await start(primary);
    },

    /** The replica does not get what was written in the last moments, and is promoted while it runs. */
    async failover() {
      const [old, next] = [primary, otherThan(primary)];
      await untilTrue('the replica follows', () =>
        ask(next, async (redis) => {
          const info = await redis.info();
          return ['master_link_status:up', 'aof_rewrite_in_progress:0', 'aof_rewrite_scheduled:0'].every((it) =>
            info.includes(it),
          );
        }),
      );
      wire.freeze();
      await sleep(LAG_MS);
      await kill(old);
      await wire.close();
      await ask(next, (redis) => redis.replicaof('NO', 'ONE'));
      pointAt(next);
      await startReplica();
    },

    async end() {
      clearInterval(watching);
      for (const { child } of Object.values(servers)) child?.kill('SIGKILL');
      await wire?.close();
    },
  };
}

/** Passes bytes on to a port of this machine, until it is frozen: what comes then is lost. */
async function startWire(to) {
  const sockets = new Set();
  let isFrozen = false;
  const server = createServer((near) => {
    const far = connect(to, '127.0.0.1');
    for (const [from, other] of [
      [near, far],
      [far, near],
    ]) {
      sockets.add(from);
      from.on('data', (bytes) => !isFrozen && other.write(bytes));
      from.on('error', () => {});
      from.on('close', () => other.destroy());
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    freeze() {
      isFrozen = true;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
