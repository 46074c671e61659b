/** Starts a private server: finds the program, writes its configuration, and reports why it did not start. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { lstat, open, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Words } from '../../domain/words.js';
import { sleep } from '../../sleep.js';
import { isRecentEnough, OLDEST_REDIS } from './check-server.js';
import type { Log } from './connection.js';
import { RedisUnreachable } from './errors.js';
import { APPEAR_WITHIN_MS, LOOK_AGAIN_MS, untilLoaded } from './probe.js';
import type { ServerPaths } from './server-folder.js';

const run = promisify(execFile);

/** A program that starts this soon after the last one was killed takes over its server. */
const LAST_MEMBER_GONE_S = 3;

/**
 * No process is left to stop a server whose last member was killed, or died while another member left and still saw it. So a
 * shell waits beside the server: its read of the members' pipe begins when a process has the pipe open, and ends when the last
 * one has closed it, in whatever way. If no read has begun some seconds later, the shell sends SIGTERM, and the server saves
 * everything first.
 *
 * With flock(1), which every Linux has, the system itself allows one server for a folder, also between containers that cannot
 * see each other's processes: the file stays locked as long as the server has it open. The umask keeps other users from
 * reading the server's files, which hold people's data.
 */
const LAUNCH = `
umask 077
if command -v flock >/dev/null 2>&1; then exec 9>"$2"; flock -n 9 || exit 75; fi
watch() {
  trap '' HUP INT
  while :; do
    rm -f "$1.seen"
    { : >"$1.seen"; cat; } <"$1" & reader=$!
    sleep ${LAST_MEMBER_GONE_S}
    [ -e "$1.seen" ] || { kill "$reader"; break; }
    wait "$reader"
  done
  [ "$(cat "$2" 2>/dev/null || echo $$)" = "$$" ] || return
  case "$(cat /proc/$$/comm || ps -o comm= -p $$)" in *redis*|*valkey*) kill -TERM $$ ;; esac
}
if [ -p "$3" ]; then (exec 9>&- </dev/null >/dev/null 2>&1; watch "$3" "$4") & fi
exec "$0" "$1"`;

const ANOTHER_SERVER_HAS_THE_FOLDER = 75;

export async function start(paths: ServerPaths, socketPath: string, log: Log): Promise<void> {
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
  const tooOld: Program[] = [];
  for (const command of ['redis-server', 'valkey-server']) {
    const { stdout } = await run(command, ['--version']).catch(() => ({ stdout: '' }));
    const [, version] = / v=(\d+\.\d+\.\d+)/.exec(stdout) ?? [];
    if (version === undefined) continue;
    if (isRecentEnough(version)) return { command, version };
    tooOld.push({ command, version });
  }

  const old = tooOld.map(({ command, version }) => ({
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
    '# What two million rows write is not rewritten while they come in: that took a tenth of a load, and pages and pushes waited.',
    'auto-aof-rewrite-min-size 512mb',
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
    const files = [paths.config, join(paths.folder, 'server.lock'), paths.members, paths.pidFile];
    const child = spawn('/bin/sh', ['-c', LAUNCH, program.command, ...files], {
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
        `Another Redis works on ${paths.folder} and cannot be reached from here; perhaps it runs in another container. ` +
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
    en: `The private Redis ended when it was started. The end of its log:\n  ${tail || '(none)'}\n${remedy.en}`,
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
