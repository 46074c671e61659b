/** How a process speaks to Redis, and what a Redis has to be like before a registration is trusted to it. */
import { isIP } from 'node:net';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { UserError, type Words } from '../../domain/words.js';

/** Facts first, sentence second, as pino takes them. */
export interface Log {
  info(facts: object, sentence: string): void;
  warn(facts: object, sentence: string): void;
}

/** Redis cannot be reached, found or started: exit status 5. */
export class RedisUnreachable extends UserError {
  override readonly name: string = 'RedisUnreachable';
}

/** Nobody answers there at the moment, and somebody may later: whoever has something to do meanwhile can wait. */
export class RedisUnavailable extends RedisUnreachable {}

/** There is a Redis, and it would lose registrations: exit status 2. */
export class RedisMisconfigured extends UserError {
  override readonly name: string = 'RedisMisconfigured';
}

/**
 * `background`: long-running work, which waits for a Redis that is away and goes on when it is back (BullMQ demands it).
 * `interactive`: somebody waits for an answer, a person or WeChat, and must be told at once.
 */
export type Role = 'background' | 'interactive';

export type Address = { readonly url: string } | { readonly socketPath: string };

const CONNECT_TIMEOUT_MS = 5_000;
const READY_WITHIN_MS = 10_000;
/** A Redis that hangs is as good as one that is gone, where somebody waits. WeChat closes after 5 s. */
const INTERACTIVE_TIMEOUT_MS = 4_000;
const LONGEST_RECONNECT_PAUSE_MS = 2_000;

/**
 * A connection on which an answer is due, and nothing comes for so long, is dead, or its server hangs: it is cut and made
 * anew, and what was asked is asked again. Nobody else would tell: a firewall that forgets a connection sends no RST, and
 * the kernel waits for a quarter of an hour, or where nothing is to be sent for hours. Longer than any answer may take:
 * BullMQ's workers wait 10 s for a job.
 */
const SILENT_TOO_LONG_MS = 20_000;

const ROLES: Record<Role, RedisOptions> = {
  background: { maxRetriesPerRequest: null, socketTimeout: SILENT_TOO_LONG_MS },
  interactive: {
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    commandTimeout: INTERACTIVE_TIMEOUT_MS,
    socketTimeout: INTERACTIVE_TIMEOUT_MS,
  },
};

/**
 * A connection that is ready. It reconnects by itself after later losses; each loss and each return is one log line.
 *
 * @param leaving of who tries again: an attempt ends with it, or when Redis was not ready for long. Without it, a Redis
 *   that says that it reads its data is waited for
 * @throws RedisUnreachable when the first attempt fails
 */
export async function connect(address: Address, role: Role, log: Log, leaving?: AbortSignal): Promise<Redis> {
  const shown = describe(address);
  const redis = new Redis({
    ...optionsOf(address),
    ...ROLES[role],
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: pauseBeforeReconnect,
    // While a Redis reads its data it is asked this often whether it is done; nobody who has to leave waits longer.
    maxLoadingRetryTime: LONGEST_RECONNECT_PAUSE_MS,
    // After a failover a managed server's old primary is read-only: connect again, and send the refused command again.
    reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 2 : false),
  });
  stopClockOnClose(redis);
  await untilReady(redis, shown, leaving);
  const ready = (await isClusterNode(redis)) ? await clusterAround(redis, address, role, shown, leaving) : redis;
  tellLosses(ready, shown, role, log);
  return ready;
}

async function isClusterNode(redis: Redis): Promise<boolean> {
  return (await redis.info('server')).includes('redis_mode:cluster');
}

/** One node of a cluster knows the others; all our keys lie in one slot, wherever that is. */
async function clusterAround(
  node: Redis,
  address: Address,
  role: Role,
  shown: string,
  leaving?: AbortSignal,
): Promise<Redis> {
  node.disconnect();
  const { host = '127.0.0.1', port = 6379, db: _, ...redisOptions } = optionsOf(address);
  const cluster = new Cluster([{ host, port }], {
    redisOptions: { ...redisOptions, ...ROLES[role], connectTimeout: CONNECT_TIMEOUT_MS },
    enableOfflineQueue: role === 'background',
    clusterRetryStrategy: pauseBeforeReconnect,
  });
  // A Cluster has the commands of a Redis; `another` below is for the one thing in which they differ.
  const redis = cluster as unknown as Redis;
  stopClockOnClose(redis);
  await untilReady(redis, shown, leaving);
  return redis;
}

/**
 * ioredis 5.11 lets the clock of `socketTimeout` run on when a connection is closed: it would cut the next one, and keep a
 * process alive that is done (redis/ioredis#2147, mended in 6). So too for those that we or BullMQ make of this one.
 */
function stopClockOnClose(redis: Redis): void {
  const stopClock = (node: Redis): void => {
    const withClock = node as unknown as { socketTimeoutTimer: NodeJS.Timeout | undefined };
    node.on('close', () => {
      clearTimeout(withClock.socketTimeoutTimer);
      withClock.socketTimeoutTimer = undefined;
    });
  };
  if (redis.isCluster) redis.on('+node', stopClock);
  else stopClock(redis);
  const duplicate = redis.duplicate.bind(redis);
  redis.duplicate = (...options) => {
    const made = duplicate(...options);
    stopClockOnClose(made);
    return made;
  };
}

/** A further connection to the same server, or cluster, with options of its own. It connects when it is told to. */
export function duplicateConnection(redis: Redis, options: RedisOptions): Redis {
  const to: Redis | Cluster = redis;
  if (!to.isCluster) return redis.duplicate({ ...options, lazyConnect: true });
  const cluster = redis as unknown as Cluster;
  const redisOptions = { ...cluster.options.redisOptions, ...options };
  const enableOfflineQueue = options.enableOfflineQueue ?? true;
  return cluster.duplicate([], { redisOptions, enableOfflineQueue, lazyConnect: true }) as unknown as Redis;
}

function pauseBeforeReconnect(times: number): number {
  return Math.min(50 * 2 ** Math.min(times, 10), LONGEST_RECONNECT_PAUSE_MS);
}

async function untilReady(redis: Redis, shown: string, leaving?: AbortSignal): Promise<void> {
  let giveUp = (): void => {};
  let closed = (): void => {};
  const late = leaving && setTimeout(() => giveUp(), READY_WITHIN_MS).unref();
  try {
    await new Promise<void>((resolve, reject) => {
      redis.once('ready', resolve);
      redis.once('error', reject);
      closed = () => reject(new Error('it closed the connection'));
      redis.once('close', closed);
      giveUp = () => reject(new Error('it is not ready in time'));
      leaving?.addEventListener('abort', giveUp);
      if (leaving?.aborted) giveUp();
    });
  } catch (cause) {
    redis.on('error', () => {});
    redis.disconnect();
    const why = whyUnreachable(cause);
    const words = {
      en: `Redis at ${shown} cannot be reached: ${why.en}.`,
      zh: `无法连接 Redis（${shown}）：${why.zh}。`,
    };
    throw isAway(cause) ? new RedisUnavailable(words, { cause }) : new RedisUnreachable(words, { cause });
  } finally {
    clearTimeout(late);
    leaving?.removeEventListener('abort', giveUp);
    redis.off('close', closed);
    redis.removeAllListeners('error');
  }
}

function tellLosses(redis: Redis, shown: string, role: Role, log: Log): void {
  let lost = false;
  redis.on('close', () => {
    if (!lost && redis.status !== 'end')
      log.warn({ redis: shown, role }, 'The connection to Redis was lost; trying again.');
    lost = true;
  });
  redis.on('ready', () => {
    if (lost) log.info({ redis: shown, role }, 'The connection to Redis is back.');
    lost = false;
  });
  // Without a listener ioredis prints every failed attempt; the loss has been told above.
  redis.on('error', () => {});
}

function optionsOf(address: Address): RedisOptions {
  if ('socketPath' in address) return { path: address.socketPath };
  const url = new URL(address.url);
  const db = Number(url.searchParams.get('db') ?? url.pathname.slice(1)) || 0;
  if (url.protocol === 'unix:') {
    return { path: decodeURIComponent(url.pathname), db: Number(url.searchParams.get('db') ?? 0) };
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1') || '127.0.0.1';
  return {
    host,
    port: Number(url.port || 6379),
    db,
    ...(url.username ? { username: decodeURIComponent(url.username) } : {}),
    ...(url.password ? { password: decodeURIComponent(url.password) } : {}),
    // A server name is a name (RFC 6066); the certificate of an address is compared with the address.
    ...(url.protocol === 'rediss:' ? { tls: isIP(host) === 0 ? { servername: host } : {} } : {}),
  };
}

/** The address without its password. */
export function describe(address: Address): string {
  if ('socketPath' in address) return `unix:${address.socketPath}`;
  const url = new URL(address.url);
  return url.protocol === 'unix:' ? `unix:${url.pathname}` : `${url.protocol}//${url.host}${url.pathname}`;
}

const CAUSES: readonly (readonly [RegExp, Words])[] = [
  [
    /ECONNREFUSED/,
    {
      en: 'nothing listens there. Start the server, or correct REDIS_URL',
      zh: '该地址没有服务在运行。请启动 Redis，或更正 REDIS_URL',
    },
  ],
  [
    /ENOENT/,
    {
      en: 'there is no such socket. Start the server, or correct REDIS_URL',
      zh: '套接字文件不存在。请启动 Redis，或更正 REDIS_URL',
    },
  ],
  [
    /EACCES|EPERM/,
    {
      en: 'permission denied. Run as a user who may open the socket',
      zh: '没有权限。请使用有权打开该套接字的用户运行',
    },
  ],
  [
    /ENOTFOUND|EAI_AGAIN/,
    { en: 'the host name is not known. Correct REDIS_URL', zh: '无法解析主机名。请更正 REDIS_URL' },
  ],
  [
    /ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/,
    {
      en: 'no answer. Look at the network and the firewall, or correct REDIS_URL; rediss:// is for a port that speaks TLS',
      zh: '没有应答。请检查网络和防火墙，或更正 REDIS_URL；rediss:// 只用于支持 TLS 的端口',
    },
  ],
  [
    /NOAUTH|WRONGPASS|invalid password/i,
    {
      en: 'the user name or password is missing or wrong. Put it into REDIS_URL',
      zh: '缺少用户名或密码，或不正确。请写入 REDIS_URL',
    },
  ],
  [
    /SELF_SIGNED_CERT|UNABLE_TO_(GET_ISSUER|VERIFY)|CERT_UNTRUSTED/,
    {
      en:
        'its certificate is not signed by a CA that this machine trusts. If the CA is your own, set ' +
        'NODE_EXTRA_CA_CERTS=/path/to/ca.pem in the environment (in .env it comes too late)',
      zh: '其证书不是由本机信任的 CA 签发。如使用自建 CA，请在环境变量中设置 NODE_EXTRA_CA_CERTS=/path/to/ca.pem（写在 .env 中无效）',
    },
  ],
  [
    /CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/,
    {
      en: 'its certificate is not valid today. Renew it there, or set the clock of this machine',
      zh: '其证书不在有效期内。请更新证书，或校准本机时间',
    },
  ],
  [
    /ALTNAME_INVALID/,
    {
      en: 'its certificate is for another host. Write a name into REDIS_URL that the certificate has, or have one made for this name',
      zh: '其证书属于其他主机名。请在 REDIS_URL 中使用证书上的主机名，或为此主机名签发证书',
    },
  ],
  [
    /ALERT_CERTIFICATE_REQUIRED/,
    {
      en: 'it asks for a certificate of ours, and there is none. Set tls-auth-clients no or optional there; a password proves who we are',
      zh: '它要求客户端证书，而我们没有。请在该 Redis 设置 tls-auth-clients 为 no 或 optional，改用密码认证',
    },
  ],
  [
    /certificate|SSL|TLS/i,
    {
      en: 'the TLS handshake failed. Use rediss:// only where the server speaks TLS with a valid certificate',
      zh: 'TLS 握手失败。rediss:// 只用于具有有效证书的 TLS 服务',
    },
  ],
  [
    /ECONNRESET|EPIPE|closed the connection/,
    {
      en: 'it closed the connection. If that port speaks TLS, write rediss:// in REDIS_URL; else look at what the server logs',
      zh: '连接被对方关闭。如该端口使用 TLS，请在 REDIS_URL 中写 rediss://；否则请查看 Redis 的日志',
    },
  ],
  [
    /not ready in time|Socket timeout|Command timed out/,
    {
      en: 'it takes connections and does not answer. It may be reading its data; look at what it logs',
      zh: '能连接但没有应答，可能正在载入数据。请查看其日志',
    },
  ],
];

/**
 * What a server looks like that is down, starting, moving or behind a proxy without it. The name of a container that is
 * stopped is not known either. Where a password, a certificate or a permission is wrong, a person has to fix it first.
 */
const AWAY =
  /ECONNREFUSED|ENOENT|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ECONNRESET|EPIPE|closed the connection|not ready in time|Socket timeout|Command timed out|Failed to refresh slots cache/;

function whyUnreachable(cause: unknown): Words {
  const { message } = cause as Error;
  return CAUSES.find(([pattern]) => pattern.test(textOf(cause)))?.[1] ?? { en: message, zh: message };
}

function isAway(cause: unknown): boolean {
  return AWAY.test(textOf(cause));
}

function textOf(cause: unknown): string {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  return `${code} ${message}`;
}

// --- a server of one's own --------------------------------------------------------------------------------------------

export const OLDEST_REDIS = '6.2';

/**
 * What a Redis that we did not start has to be like.
 *
 * @returns warnings, as sentences
 * @throws RedisMisconfigured when it is too old or may evict registrations
 */
export async function checkServer(redis: Redis): Promise<string[]> {
  const info = factsOf(await redis.info());
  const version = info.get('redis_version') ?? '0';
  if (!isRecentEnough(version)) {
    throw new RedisMisconfigured({
      en: `This Redis is ${version}; fastregister needs ${OLDEST_REDIS} or later. Upgrade it, or use another one.`,
      zh: `此 Redis 的版本是 ${version}，fastregister 需要 ${OLDEST_REDIS} 或更高版本。请升级，或改用其他 Redis。`,
    });
  }
  const policy = await evictionPolicy(redis, info);
  if (policy !== undefined && policy !== 'noeviction') {
    throw new RedisMisconfigured({
      en:
        `This Redis has maxmemory-policy ${policy}: when memory is short it would delete registrations. ` +
        'Set it with CONFIG SET maxmemory-policy noeviction (also in its configuration file), or use another Redis.',
      zh: `此 Redis 的 maxmemory-policy 为 ${policy}：内存不足时会删除注册记录。请运行 CONFIG SET maxmemory-policy noeviction（并写入其配置文件），或改用其他 Redis。`,
    });
  }
  const warnings = await persistenceWarnings(redis, info.get('aof_enabled') === '1');
  if (policy === undefined) {
    warnings.push(
      'This Redis does not tell its maxmemory-policy. Make sure that it is noeviction: any other may delete registrations.',
    );
  }
  return warnings;
}

/** Undefined where the server does not tell it. */
export async function evictionPolicy(redis: Redis, info?: Map<string, string>): Promise<string | undefined> {
  const told = info ?? factsOf(await redis.info('memory'));
  return told.get('maxmemory_policy') ?? (await configured(redis, 'maxmemory-policy'));
}

async function persistenceWarnings(redis: Redis, appendOnly: boolean): Promise<string[]> {
  if (appendOnly) return [];
  const snapshots = await configured(redis, 'save');
  if (snapshots === undefined) {
    return ['This Redis does not tell whether it keeps its data. Make sure that it writes an append-only file.'];
  }
  if (snapshots === '') {
    return ['This Redis keeps nothing on disk: its restart loses every registration. Set appendonly yes.'];
  }
  return ['This Redis writes snapshots only: its restart loses what came after the last one. Set appendonly yes.'];
}

/** Undefined where the server forbids CONFIG, as managed ones do. */
export async function configured(redis: Redis, name: string): Promise<string | undefined> {
  try {
    const [, value] = (await redis.config('GET', name)) as string[];
    return value;
  } catch {
    return undefined;
  }
}

/** INFO as a map: `redis_version` → `7.0.15`. */
export function factsOf(info: string): Map<string, string> {
  return new Map(
    info.split(/\r?\n/).flatMap((line) => {
      const colon = line.indexOf(':');
      return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1)] as const] : [];
    }),
  );
}

export function isRecentEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_REDIS.split('.').map(Number);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

/** Whether a command failed because Redis went away under it, as ioredis says it. */
export function isRedisGone(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    error.name === 'MaxRetriesPerRequestError' ||
    /Connection is closed|Stream isn't writeable|Command timed out/.test(error.message)
  );
}

/**
 * Whether a command failed for what Redis is at the moment, and not for what the command is: it is short of memory or cannot
 * write its file, is busy with a script, reads its data, has become a replica, or lacks replicas.
 */
export function isRedisUnable(error: unknown): boolean {
  return (
    isRedisGone(error) ||
    (error instanceof Error &&
      /\b(OOM|MISCONF|BUSY|LOADING|READONLY|NOREPLICAS|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|UNKILLABLE)\b/.test(
        error.message,
      ))
  );
}
