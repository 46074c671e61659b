/**
 * The private Redis: what a user without a Redis of their own gets, in a folder that no other user may read. The first
 * process that needs it starts it, all share it, the last to leave shuts it down. Its users are not listed in a file,
 * which would remain after a kill -9: every process holds one named connection, and the server's own list of clients
 * shows them. A lock makes joining and leaving one step each, and the server is asked before another is started,
 * because two servers on one append-only file start silently and destroy it.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { setTimeout as pauseWithoutRef } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { sleep } from '../../sleep.js';
import { factsOf } from './check-server.js';
import type { Log } from './connection.js';
import { RedisUnreachable, unreachable } from './errors.js';
import { start } from './launch.js';
import { LockTaken, withLock } from './lock.js';
import { openMembership } from './membership.js';
import {
  ANSWER_WITHIN_MS,
  APPEAR_WITHIN_MS,
  infoAt,
  LOG_PROGRESS_EVERY_MS,
  LOOK_AGAIN_MS,
  probe,
  untilLoaded,
} from './probe.js';
import { isServerOf } from './process.js';
import { ensureSocketPath, prepare, removeShortFolder, type ServerPaths } from './server-folder.js';

/** Begins the connection name of every process that uses the server. */
const HEARTBEAT_PREFIX = 'fastregister-member-';

const STOP_WITHIN_MS = 10_000;
/** Shutdown has 25 s for everything; a process that holds the lock longer than this is using the server, so it may stay. */
const LEAVE_WITHIN_MS = 10_000;
/** The server reads its append-only file inside the lock: a million rows take 8 s. */
const JOIN_WITHIN_MS = 30 * 60_000;

const LONGEST_HEALING_PAUSE_MS = 30_000;

const MOST_TRIES = 3;

export interface PrivateServer {
  readonly socketPath: string;
  /** Close the connections of this process first: the server stops if no other process uses it. */
  leave(): Promise<void>;
}

export interface JoinOptions {
  /** FASTREGISTER_HOME, absolute. */
  readonly home: string;
  readonly log: Log;
  readonly temporaryFolder?: string;
}

/** @throws RedisUnreachable with what to do about it */
export async function joinPrivateServer({
  home,
  log,
  temporaryFolder = tmpdir(),
}: JoinOptions): Promise<PrivateServer> {
  const paths = await prepare(home, temporaryFolder);
  const name = `${HEARTBEAT_PREFIX}${process.pid}-${randomBytes(4).toString('hex')}`;

  const { socketPath, heartbeat, membership } = await underLock(paths, log, async () => {
    const membership = await openMembership(paths.members);
    try {
      return { ...(await joinServer(paths, name, log)), membership };
    } catch (error) {
      await membership?.close();
      throw error;
    }
  });

  let leaving: Promise<void> | undefined;
  const stopHealing = keepAlive(heartbeat, paths, log);
  return {
    socketPath,
    leave() {
      leaving ??= (async () => {
        stopHealing();
        heartbeat.disconnect();
        await leave(paths, name, log);
        await membership?.close();
      })();
      return leaving;
    },
  };
}

// --- joining and leaving ----------------------------------------------------------------------------------------------

async function underLock<T>(
  paths: ServerPaths,
  log: Log,
  task: () => Promise<T>,
  withinMs = JOIN_WITHIN_MS,
): Promise<T> {
  const waiting = setTimeout(() => {
    log.info({ folder: paths.folder }, 'Waiting for another process that starts or stops the private Redis.');
  }, LOG_PROGRESS_EVERY_MS);
  const begin = async () => {
    clearTimeout(waiting);
    return task();
  };
  return withLock(paths.lock, begin, withinMs).finally(() => clearTimeout(waiting));
}

/** A server whose last user was killed a moment ago may still answer although it is stopping. */
async function joinServer(
  paths: ServerPaths,
  name: string,
  log: Log,
): Promise<{ readonly socketPath: string; readonly heartbeat: Redis }> {
  for (let tries = 1; ; tries += 1) {
    const socketPath = await ensureServer(paths, log);
    try {
      return { socketPath, heartbeat: await register(socketPath, name) };
    } catch (error) {
      if (tries === MOST_TRIES) throw error;
      log.warn({ err: error }, 'The private Redis went away while it was joined; looking again.');
    }
  }
}

async function register(socketPath: string, name: string): Promise<Redis> {
  const heartbeat = new Redis({
    path: socketPath,
    connectionName: name,
    maxRetriesPerRequest: null,
    commandTimeout: ANSWER_WITHIN_MS,
    enableReadyCheck: false,
    retryStrategy: (times) => Math.min(times * 20, 500),
  });
  const fails = new Promise<never>((_, reject) => heartbeat.on('error', reject));
  // ioredis names a connection without waiting for the answer; the list must not be read before the name is in it.
  try {
    await Promise.race([heartbeat.client('SETNAME', name), fails]);
  } catch (cause) {
    heartbeat.disconnect();
    throw unreachable(
      {
        en: `The private Redis at ${socketPath} went away while it was joined`,
        zh: `内置 Redis（${socketPath}）在连接时退出`,
      },
      cause,
    );
  }
  return heartbeat;
}

/** A server that dies while it is used is started again by the first process that notices. */
function keepAlive(heartbeat: Redis, paths: ServerPaths, log: Log): () => void {
  let left = false;
  let healing = false;

  async function heal(): Promise<void> {
    for (let pauseMs = 500; !left; pauseMs = Math.min(pauseMs * 2, LONGEST_HEALING_PAUSE_MS)) {
      try {
        await underLock(paths, log, async () => {
          if (!left) await ensureServer(paths, log);
        });
        return;
      } catch (cause) {
        log.warn({ err: cause }, 'The private Redis has stopped and cannot be started again; trying again.');
        await pauseWithoutRef(pauseMs, undefined, { ref: false });
      }
    }
  }

  heartbeat.on('close', async () => {
    if (left || healing) return;
    healing = true;
    await heal();
    healing = false;
  });
  return () => {
    left = true;
  };
}

async function leave(paths: ServerPaths, name: string, log: Log): Promise<void> {
  const stopIfUnused = async () => {
    const socketPath = await ensureSocketPath(paths);
    const redis = probe(socketPath);
    try {
      const clients = String(await redis.client('LIST'));
      if (heartbeatsIn(clients).some((other) => other !== name)) return;
      await shutDown(redis, paths, log);
      await removeShortFolder(paths);
    } catch (cause) {
      if (await infoAt(socketPath)) throw cause;
    } finally {
      redis.disconnect();
    }
  };
  await underLock(paths, log, stopIfUnused, LEAVE_WITHIN_MS).catch((cause) => {
    if (!(cause instanceof LockTaken)) throw cause;
  });
}

function heartbeatsIn(clientList: string): string[] {
  return [...clientList.matchAll(/ name=(\S+)/g)]
    .map(([, name = '']) => name)
    .filter((name) => name.startsWith(HEARTBEAT_PREFIX));
}

async function shutDown(redis: Redis, paths: ServerPaths, log: Log): Promise<void> {
  const pid = Number(factsOf(await redis.info('server')).get('process_id'));
  // After a successful SHUTDOWN the connection is closed without an answer.
  const refusal = await redis.shutdown('NOSAVE').catch((error: Error) => error);
  if (await isGone(pid, paths, STOP_WITHIN_MS)) return log.info({ redisPid: pid }, 'Stopped the private Redis.');
  log.warn(
    { redisPid: pid, answer: String(refusal) },
    `The private Redis does not stop; ${paths.logFile} may say why.`,
  );
}

// --- a server that answers --------------------------------------------------------------------------------------------

/** Adopts the server that runs here, or starts one. Only inside the lock. */
async function ensureServer(paths: ServerPaths, log: Log): Promise<string> {
  const socketPath = await ensureSocketPath(paths);
  if (await untilLoaded(socketPath, log)) return socketPath;
  await stopServerWithoutSocket(paths, socketPath, log);
  await start(paths, socketPath, log);
  return socketPath;
}

/**
 * A process that runs here and does not answer: it is starting (its starter was killed), it is stopping, or its socket was
 * deleted, as cleaners of temporary folders do. It has the data open, so this waits for it, and then asks it to stop.
 */
async function stopServerWithoutSocket(paths: ServerPaths, socketPath: string, log: Log): Promise<void> {
  const pid = Number(await readFile(paths.pidFile, 'utf8').catch(() => 0));
  if (!pid || (await isGone(pid, paths, 0))) return;

  const deadline = Date.now() + APPEAR_WITHIN_MS;
  while (Date.now() < deadline && !(await isGone(pid, paths, 0))) {
    if (await untilLoaded(socketPath, log)) return;
    await sleep(LOOK_AGAIN_MS);
  }
  if (await isGone(pid, paths, 0)) return;
  log.warn({ redisPid: pid }, 'The private Redis runs without its socket; it is started again.');
  process.kill(pid, 'SIGTERM');
  if (await isGone(pid, paths, STOP_WITHIN_MS)) return;
  throw new RedisUnreachable({
    en: `The private Redis (process ${pid}) works on ${paths.folder}, cannot be reached and does not stop. End it with: kill -9 ${pid}`,
    zh: `内置 Redis（进程 ${pid}）正在使用 ${paths.folder}，但无法连接，也不退出。请结束它：kill -9 ${pid}`,
  });
}

async function isGone(pid: number, paths: ServerPaths, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    if (!(await isServerOf(pid, paths.folder))) return true;
    if (Date.now() >= deadline) return false;
    await sleep(LOOK_AGAIN_MS);
  }
}
