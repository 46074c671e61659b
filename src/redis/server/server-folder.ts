/** The folder of a private server, and a path for its socket that is short enough. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, chmod, lstat, mkdir, readlink, realpath, rm, symlink, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { RedisUnreachable, unreachable } from './errors.js';

/** The system's limit is 103 bytes on macOS and 107 on Linux. */
const LONGEST_SOCKET_PATH = 100;

export interface ServerPaths {
  /** Real path, so that all processes that share it use the same name. */
  readonly folder: string;
  readonly lock: string;
  readonly config: string;
  readonly logFile: string;
  readonly pidFile: string;
  /** A named pipe that every process keeps open while it uses the server. */
  readonly members: string;
  readonly temporaryFolder: string;
}

export async function prepare(home: string, temporaryFolder: string): Promise<ServerPaths> {
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
      members: join(folder, 'members'),
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
export async function ensureSocketPath(paths: ServerPaths): Promise<string> {
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

export async function removeShortFolder(paths: ServerPaths): Promise<void> {
  const link = join(paths.folder, 'socket');
  const folder = await readlink(link).catch(() => undefined);
  if (!folder || !basename(folder).startsWith('fastregister-')) return;
  await rm(folder, { recursive: true, force: true });
  await unlink(link);
}
