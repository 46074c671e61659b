/**
 * The private Redis: what a user without a Redis of their own gets, in a folder that nobody else may read.
 *
 * The first process that needs it starts it, all share it, the last to leave shuts it down. Who uses it is not kept in
 * a file, which would lie after a kill -9: every process holds one named connection, and the server's own list of
 * clients says who is there. A lock makes joining and leaving one step each, and the server is asked before another
 * is started, because two servers on one append-only file start silently and destroy it.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import {
  access,
  chmod,
  lstat,
  mkdir,
  open,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import type { Words } from '../../domain/words.js';
import { factsOf, isRecentEnough, OLDEST_REDIS } from './check-server.js';
import type { Log } from './connection.js';
import { RedisUnreachable } from './errors.js';
import { LockTaken, withLock } from './lock.js';
import { isServerOf } from './process.js';

const run = promisify(execFile);

const MEMBER = 'fastregister-member-';

/** The system's limit is 103 bytes on macOS and 107 on Linux. */
const LONGEST_SOCKET_PATH = 100;

const LOOK_AGAIN_MS = 15;
const ANSWER_WITHIN_MS = 10_000;
const APPEAR_WITHIN_MS = 2_000;
const STOP_WITHIN_MS = 10_000;
/** Shutdown has 25 s for everything; whoever holds the lock longer than this is using the server, so it may stay. */
const LEAVE_WITHIN_MS = 10_000;
/** Reading a big append-only file happens inside the lock: a million rows take 8 s. */
const JOIN_WITHIN_MS = 30 * 60_000;
const TELL_PROGRESS_EVERY_MS = 2_000;
const LONGEST_HEALING_PAUSE_MS = 30_000;

export interface PrivateServer {
  readonly socketPath: string;
  /** Close your own connections first: when nobody else is there, the server goes. */
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
  const name = `${MEMBER}${process.pid}-${randomBytes(4).toString('hex')}`;

  const { socketPath, member: heartbeat } = await underLock(paths, log, async () => {
    const socketPath = await ensureServer(paths, log);
    return { socketPath, member: await register(socketPath, name) };
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
      })();
      return leaving;
    },
  };
}

// --- the folder -------------------------------------------------------------------------------------------------------

interface ServerPaths {
  /** Real path, so that all who share it agree on its name. */
  readonly folder: string;
  readonly lock: string;
  readonly config: string;
  readonly logFile: string;
  readonly pidFile: string;
  readonly temporaryFolder: string;
}

async function prepare(home: string, temporaryFolder: string): Promise<ServerPaths> {
  try {
    await mkdir(join(home, 'redis'), { recursive: true, mode: 0o700 });
    const folder = await realpath(join(home, 'redis'));
    await chmod(folder, 0o700);
    await access(folder, constants.W_OK);
    return {
      folder,
      lock: join(folder, 'lock'),
      config: join(folder, 'redis.conf'),
      logFile: join(folder, 'redis.log'),
      pidFile: join(folder, 'redis.pid'),
      temporaryFolder,
    };
  } catch (cause) {
    const { message } = cause as Error;
    throw new RedisUnreachable(
      {
        en:
          `The private Redis cannot keep its data under ${home} (${message}). ` +
          'Set FASTREGISTER_HOME to a folder that you may write to, or REDIS_URL to a Redis of your own.',
        zh: `内置 Redis 无法在 ${home} 保存数据（${message}）。请将 FASTREGISTER_HOME 设为有写入权限的文件夹，或用 REDIS_URL 指定自己的 Redis。`,
      },
      { cause },
    );
  }
}

/**
 * Where the socket is. A path that is too long gets a short folder under the system's temporary folder instead; a link
 * beside the data says which, because TMPDIR may differ between the processes that share the server.
 */
async function ensureSocketPath(paths: ServerPaths): Promise<string> {
  const near = join(paths.folder, 'redis.sock');
  if (Buffer.byteLength(near) <= LONGEST_SOCKET_PATH) return near;

  const link = join(paths.folder, 'socket');
  const chosen = await readlink(link).catch(() => undefined);
  const folder = chosen ?? shortFolder(paths);
  await mkdir(folder, { mode: 0o700 }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EEXIST') {
      throw unreachable(
        { en: `The folder ${folder} for the socket cannot be made`, zh: `无法建立套接字所在的文件夹 ${folder}` },
        cause,
      );
    }
  });
  const found = await lstat(folder);
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o077) !== 0) {
    throw new RedisUnreachable({
      en: `${folder} is not a private folder of this user. Remove it, or set FASTREGISTER_HOME to a shorter path.`,
      zh: `${folder} 不是当前用户的私有文件夹。请删除它，或将 FASTREGISTER_HOME 设为较短的路径。`,
    });
  }
  if (!chosen) await symlink(folder, link);
  return join(folder, 'redis.sock');
}

function shortFolder(paths: ServerPaths): string {
  const name = `fastregister-${createHash('sha256').update(paths.folder).digest('hex').slice(0, 12)}`;
  const wanted = join(paths.temporaryFolder, name);
  return Buffer.byteLength(join(wanted, 'redis.sock')) <= LONGEST_SOCKET_PATH ? wanted : join('/tmp', name);
}

async function removeShortFolder(paths: ServerPaths): Promise<void> {
  const link = join(paths.folder, 'socket');
  const folder = await readlink(link).catch(() => undefined);
  if (!folder || !basename(folder).startsWith('fastregister-')) return;
  await rm(folder, { recursive: true, force: true });
  await unlink(link);
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
  }, TELL_PROGRESS_EVERY_MS);
  const begin = async () => {
    clearTimeout(waiting);
    return task();
  };
  return withLock(paths.lock, begin, withinMs).finally(() => clearTimeout(waiting));
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
  heartbeat.on('error', () => {});
  // ioredis names a connection without waiting for the answer; nobody may look at the list before the name is in it.
  try {
    await heartbeat.client('SETNAME', name);
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

/** A server that dies while it is used comes back, whoever of its members notices first. */
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
        await sleep(pauseMs, undefined, { ref: false });
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
  const leaveAlone = async () => {
    const socketPath = await ensureSocketPath(paths);
    const redis = probe(socketPath);
    try {
      const clients = String(await redis.client('LIST'));
      if (membersIn(clients).some((other) => other !== name)) return;
      await shutDown(redis, paths, log);
      await removeShortFolder(paths);
    } catch (cause) {
      if (await answers(socketPath)) throw cause;
    } finally {
      redis.disconnect();
    }
  };
  await underLock(paths, log, leaveAlone, LEAVE_WITHIN_MS).catch((cause) => {
    if (!(cause instanceof LockTaken)) throw cause;
  });
}

function membersIn(clientList: string): string[] {
  return [...clientList.matchAll(/ name=(\S+)/g)]
    .map(([, name = '']) => name)
    .filter((name) => name.startsWith(MEMBER));
}

async function shutDown(redis: Redis, paths: ServerPaths, log: Log): Promise<void> {
  const pid = Number(factsOf(await redis.info('server')).get('process_id'));
  // The answer to success is a cut connection.
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

/** A connection for one question, which fails instead of trying again. */
function probe(socketPath: string): Redis {
  const redis = new Redis({
    path: socketPath,
    connectTimeout: ANSWER_WITHIN_MS,
    commandTimeout: ANSWER_WITHIN_MS,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
    disableClientInfo: true,
    retryStrategy: () => null,
    // Where nobody listens, or the server has just gone, ioredis would wait 2 s for the end of what has ended already,
    // and keep the process alive for it.
    disconnectTimeout: 0,
  });
  redis.on('error', () => {});
  return redis;
}

/** The server's INFO; undefined when nobody listens. */
async function answers(socketPath: string): Promise<Map<string, string> | undefined> {
  const redis = probe(socketPath);
  let connected = false;
  redis.once('connect', () => {
    connected = true;
  });
  try {
    return factsOf(await redis.info());
  } catch (cause) {
    if (!connected || !String(cause).includes('timed out')) return undefined;
    throw unreachable(
      {
        en: `The private Redis at ${socketPath} does not answer for ${ANSWER_WITHIN_MS / 1000} s; is it stopped, or its disk stuck?`,
        zh: `内置 Redis（${socketPath}）${ANSWER_WITHIN_MS / 1000} 秒没有应答；是否被暂停，或磁盘无响应？`,
      },
      cause,
    );
  } finally {
    redis.disconnect();
  }
}

/** True once a server that listens has read its data; false when nobody listens (any more). */
async function untilLoaded(socketPath: string, log: Log, isWorthWaiting = () => true): Promise<boolean> {
  let tellAt = Date.now() + TELL_PROGRESS_EVERY_MS;
  while (isWorthWaiting()) {
    const info = await answers(socketPath);
    if (!info) return false;
    if (info.get('loading') !== '1') return true;
    if (Date.now() > tellAt) {
      tellAt += TELL_PROGRESS_EVERY_MS;
      const percent = Math.floor(Number(info.get('loading_loaded_perc') ?? 0));
      const secondsLeft = Number(info.get('loading_eta_seconds') ?? 0);
      log.info(
        { percent, secondsLeft },
        `The private Redis reads its data: ${percent} %, about ${secondsLeft} s left.`,
      );
    }
    await sleep(LOOK_AGAIN_MS);
  }
  return false;
}

/**
 * A process that still runs here although nobody answers: it is on its way up (its starter was killed), on its way
 * down, or its socket was deleted, as cleaners of temporary folders do. It holds the data, so it is waited for, then
 * asked to stop.
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
    en: `The private Redis (process ${pid}) works on ${paths.folder}, cannot be spoken to and does not stop. End it with: kill -9 ${pid}`,
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

// --- starting one -----------------------------------------------------------------------------------------------------

/**
 * Where there is flock(1), that is on every Linux, the system itself sees to it that one folder has one server, also
 * between containers that cannot see each other's processes: the file stays locked as long as the server has it open.
 */
const LAUNCH = `
if command -v flock >/dev/null 2>&1; then exec 9>"$2"; flock -n 9 || exit 75; fi
exec "$0" "$1"`;
const ANOTHER_SERVER_HAS_THE_FOLDER = 75;

async function start(paths: ServerPaths, socketPath: string, log: Log): Promise<void> {
  const program = await findProgram();
  await writeFile(paths.config, configuration(paths, socketPath, program), { mode: 0o600 });

  const deadline = Date.now() + APPEAR_WITHIN_MS;
  for (;;) {
    const child = await launch(paths, program);
    if (await untilServing(child, socketPath, log)) {
      return log.info(
        { redisPid: child.pid, version: program.version, folder: paths.folder },
        'Started the private Redis.',
      );
    }
    if (await untilLoaded(socketPath, log)) return;
    if (child.exitCode !== ANOTHER_SERVER_HAS_THE_FOLDER || Date.now() > deadline) {
      throw new RedisUnreachable(await whyItDied(child, paths));
    }
    await sleep(LOOK_AGAIN_MS);
  }
}

interface Program {
  readonly command: string;
  readonly version: string;
}

async function findProgram(): Promise<Program> {
  const found: Program[] = [];
  for (const command of ['redis-server', 'valkey-server']) {
    const { stdout } = await run(command, ['--version']).catch(() => ({ stdout: '' }));
    const [, version] = / v=(\d+\.\d+\.\d+)/.exec(stdout) ?? [];
    if (version) found.push({ command, version });
  }
  const program = found.find(({ version }) => isRecentEnough(version));
  if (program) return program;

  const old = found.map(({ command, version }) => ({
    en: `${command} ${version} is too old`,
    zh: `${command} ${version} 版本过低`,
  }));
  const what = {
    en: old.map(({ en }) => en).join(', ') || 'There is no redis-server on PATH',
    zh: old.map(({ zh }) => zh).join('，') || 'PATH 中没有 redis-server',
  };
  throw new RedisUnreachable({
    en:
      `${what.en}; fastregister needs ${OLDEST_REDIS} or later. ` +
      'Run script/setup, which installs one, or put a redis-server or valkey-server on PATH, or set REDIS_URL to a Redis of your own.',
    zh: `${what.zh}；fastregister 需要 ${OLDEST_REDIS} 或更高版本。请运行 script/setup 安装，或将 redis-server、valkey-server 放入 PATH，或用 REDIS_URL 指定自己的 Redis。`,
  });
}

function configuration(paths: ServerPaths, socketPath: string, { version }: Program): string {
  const listpack = version.startsWith('6.') ? 'ziplist' : 'listpack';
  return [
    '# Written by fastregister at every start of its private Redis.',
    'port 0',
    `unixsocket ${quoted(socketPath)}`,
    'unixsocketperm 700',
    `dir ${quoted(paths.folder)}`,
    `pidfile ${quoted(paths.pidFile)}`,
    'daemonize no',
    'appendonly yes',
    'appendfsync always',
    'save ""',
    'maxmemory-policy noeviction',
    '# Saves 42 % of the memory of hashes with long values.',
    `hash-max-${listpack}-value 512`,
    '',
  ].join('\n');
}

function quoted(path: string): string {
  return `"${path.replace(/["\\]/g, '\\$&')}"`;
}

/** In a session of its own: Ctrl-C in the terminal must reach the program first, and Redis never. */
async function launch(paths: ServerPaths, program: Program): Promise<ChildProcess> {
  await rename(paths.logFile, `${paths.logFile}.old`).catch(() => {});
  const output = await open(paths.logFile, 'a', 0o600);
  try {
    const child = spawn('/bin/sh', ['-c', LAUNCH, program.command, paths.config, join(paths.folder, 'server.lock')], {
      cwd: paths.folder,
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
    });
    child.on('error', () => {});
    child.unref();
    return child;
  } finally {
    await output.close();
  }
}

async function untilServing(child: ChildProcess, socketPath: string, log: Log): Promise<boolean> {
  const isRunning = () => child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  while (isRunning()) {
    if (await untilLoaded(socketPath, log, isRunning)) return isRunning();
    await sleep(LOOK_AGAIN_MS);
  }
  return false;
}

async function whyItDied(child: ChildProcess, paths: ServerPaths): Promise<Words> {
  if (child.exitCode === ANOTHER_SERVER_HAS_THE_FOLDER) {
    return {
      en:
        `Another Redis works on ${paths.folder} and cannot be spoken to from here; perhaps it runs in another container. ` +
        'Stop that one, or set FASTREGISTER_HOME to a folder of your own.',
      zh: `另一个 Redis 正在使用 ${paths.folder}，从这里无法连接，可能运行在另一个容器中。请停止它，或将 FASTREGISTER_HOME 设为自己的文件夹。`,
    };
  }
  const log = await readFile(paths.logFile, 'utf8').catch(() => '');
  const brokenFile =
    /Bad file format reading the append only file|Unexpected end of file reading the append only file/.test(log);
  const file = await appendOnlyFile(paths);
  const remedy = brokenFile
    ? {
        en: `Its append-only file is damaged. Keep a copy of ${paths.folder}, then run: redis-check-aof --fix ${file}`,
        zh: `其 AOF 文件已损坏。请先备份 ${paths.folder}，然后运行：redis-check-aof --fix ${file}`,
      }
    : { en: `The whole log is ${paths.logFile}.`, zh: `完整日志：${paths.logFile}。` };
  const tail = log.trim().split('\n').slice(-5).join('\n  ');
  return {
    en: `The private Redis ended when it was started. Its last words:\n  ${tail || '(none)'}\n${remedy.en}`,
    zh: `内置 Redis 启动后退出。最后的输出：\n  ${tail || '（无）'}\n${remedy.zh}`,
  };
}

/** Redis 7 keeps a folder with a manifest, Redis 6 one file. */
async function appendOnlyFile(paths: ServerPaths): Promise<string> {
  const manifest = join(paths.folder, 'appendonlydir', 'appendonly.aof.manifest');
  return lstat(manifest).then(
    () => manifest,
    () => join(paths.folder, 'appendonly.aof'),
  );
}

function unreachable(what: Words, cause: unknown): RedisUnreachable {
  const { message } = cause as Error;
  return new RedisUnreachable({ en: `${what.en}: ${message}.`, zh: `${what.zh}：${message}。` }, { cause });
}
