/** How a process connects to Redis, and stays connected. */
import { isIP } from 'node:net';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { isAway, RedisUnavailable, RedisUnreachable, whyUnreachable } from './errors.js';

/** Facts first, sentence second, as pino takes them. */
export interface Log {
  info(facts: object, sentence: string): void;
  warn(facts: object, sentence: string): void;
}

/**
 * `background`: long-running work, which waits for a Redis that is away and goes on when it is back (BullMQ demands it).
 * `interactive`: a person or WeChat waits for an answer, so a failure is reported at once.
 * `bulk`: a person waits for work on many rows, so a Redis that is gone is reported at once, and one that is slow is waited for.
 */
export type Role = 'background' | 'interactive' | 'bulk';

export type Address = { readonly url: string } | { readonly socketPath: string };

const CONNECT_TIMEOUT_MS = 5_000;
const READY_WITHIN_MS = 10_000;
/** While a person or WeChat waits, a Redis that hangs counts as unavailable. WeChat closes after 5 s. */
const INTERACTIVE_TIMEOUT_MS = 4_000;
const LONGEST_RECONNECT_PAUSE_MS = 2_000;

/**
 * A connection without an answer for this long is dead, or its server hangs: it is cut and opened anew, and the request
 * is repeated. Nothing else would show it: a firewall that forgets a connection sends no RST, and the kernel waits for
 * a quarter of an hour, or for hours if nothing is sent. Longer than any answer may take: BullMQ's workers wait 10 s
 * for a job.
 */
export const SILENT_TOO_LONG_MS = 20_000;

const ROLES: Record<Role, RedisOptions> = {
  background: { maxRetriesPerRequest: null, socketTimeout: SILENT_TOO_LONG_MS },
  interactive: {
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    commandTimeout: INTERACTIVE_TIMEOUT_MS,
    socketTimeout: INTERACTIVE_TIMEOUT_MS,
  },
  // The load has a low priority: on a busy machine its process may get no processor time for seconds.
  bulk: {
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    commandTimeout: SILENT_TOO_LONG_MS,
    socketTimeout: SILENT_TOO_LONG_MS,
  },
};

/**
 * A connection that is ready. It reconnects by itself after later losses; each loss and each return is one log line.
 * @param leaving given by a caller that tries again: an attempt ends with it, or when Redis was not ready for long.
 * Without it, a Redis that is still reading its data is waited for
 * @throws RedisUnreachable when the first attempt fails
 */
export async function connect(address: Address, role: Role, log: Log, leaving?: AbortSignal): Promise<Redis> {
  const shown = describe(address);
  const redis = new Redis({
    ...optionsOf(address),
    ...ROLES[role],
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: pauseBeforeReconnect,
    // While a Redis reads its data it is asked this often whether it is done; a process that has to leave waits no longer.
    maxLoadingRetryTime: LONGEST_RECONNECT_PAUSE_MS,
    reconnectOnError: afterReadOnly(role),
  });
  stopClockOnClose(redis);
  await untilReady(redis, shown, leaving);
  try {
    const ready = (await isClusterNode(redis)) ? await clusterAround(redis, address, role, shown, leaving) : redis;
    logLosses(ready, shown, role, log);
    return ready;
  } catch (error) {
    // A receiver tries again every second: each attempt would leave a connection.
    redis.on('error', () => {});
    redis.disconnect();
    throw error;
  }
}

const RECONNECT = 1;
const RECONNECT_AND_RESEND = 2;

/**
 * After a failover a managed server's old primary is read-only: connect again, and send the refused command again. A connection that
 * queues no commands cannot: the refusal is the error of its command, and says more than a connection that is closed.
 */
function afterReadOnly(role: Role): (error: Error) => 1 | 2 | false {
  const then = role === 'background' ? RECONNECT_AND_RESEND : RECONNECT;
  return (error) => error.message.startsWith('READONLY') && then;
}

async function isClusterNode(redis: Redis): Promise<boolean> {
  return (await redis.info('server')).includes('redis_mode:cluster');
}

/** One node of a cluster knows the others; all our keys are in one slot. */
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
  // A Cluster has the commands of a Redis; only opening a further connection differs (`another` below).
  const redis = cluster as unknown as Redis;
  stopClockOnClose(redis);
  await untilReady(redis, shown, leaving);
  return redis;
}

/**
 * In ioredis 5.11 the timer of `socketTimeout` goes on after a connection is closed: it would cut the next connection,
 * and keep a finished process alive (redis/ioredis#2147, fixed in 6). The same holds for connections that we or BullMQ
 * duplicate from this one.
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

/** A further connection to the same server, or cluster, with options of its own. It connects on demand. */
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
  let failed = (_: unknown): void => {};
  const late = leaving && setTimeout(() => giveUp(), READY_WITHIN_MS).unref();
  try {
    await new Promise<void>((resolve, reject) => {
      redis.once('ready', resolve);
      failed = reject;
      redis.once('error', failed);
      closed = () => reject(new Error('it closed the connection'));
      redis.once('close', closed);
      giveUp = () => reject(new Error('it is not ready in time'));
      leaving?.addEventListener('abort', giveUp);
      if (leaving?.aborted) giveUp();
    });
  } catch (cause) {
    // Further errors of this connection; ioredis prints those without a listener.
    redis.on('error', () => {});
    redis.disconnect();
    const why = whyUnreachable(cause, shown.startsWith('rediss:'));
    const words = {
      en: `Redis at ${shown} cannot be reached: ${why.en}.`,
      zh: `无法连接 Redis（${shown}）：${why.zh}。`,
    };
    throw isAway(cause) ? new RedisUnavailable(words, { cause }) : new RedisUnreachable(words, { cause });
  } finally {
    clearTimeout(late);
    leaving?.removeEventListener('abort', giveUp);
    redis.off('close', closed);
    redis.off('error', failed);
  }
}

function logLosses(redis: Redis, shown: string, role: Role, log: Log): void {
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
  // Without a listener ioredis prints every failed attempt; the loss has been logged above.
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
