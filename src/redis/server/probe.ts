/** Asks whether a private server answers at its socket, and waits while it reads its data. */
import { Redis } from 'ioredis';
import { sleep } from '../../sleep.js';
import { factsOf } from './check-server.js';
import type { Log } from './connection.js';
import { unreachable } from './errors.js';

export const LOOK_AGAIN_MS = 15;

export const ANSWER_WITHIN_MS = 10_000;

export const APPEAR_WITHIN_MS = 2_000;

export const LOG_PROGRESS_EVERY_MS = 2_000;

/** A connection for one question, which fails instead of trying again. */
export function probe(socketPath: string): Redis {
  const redis = new Redis({
    path: socketPath,
    connectTimeout: ANSWER_WITHIN_MS,
    commandTimeout: ANSWER_WITHIN_MS,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
    disableClientInfo: true,
    retryStrategy: () => null,
    // If no server listens, or the server has just stopped, ioredis would wait 2 s for the end of a connection that has ended
    // already, and keep the process alive.
    disconnectTimeout: 0,
  });
  redis.on('error', () => {});
  return redis;
}

/** The server's INFO; undefined when no server listens. */
export async function infoAt(socketPath: string): Promise<Map<string, string> | undefined> {
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

/** True once a server that listens has read its data; false when no server listens (any more). */
export async function untilLoaded(socketPath: string, log: Log, isWorthWaiting = () => true): Promise<boolean> {
  let logAt = Date.now() + LOG_PROGRESS_EVERY_MS;
  while (isWorthWaiting()) {
    const info = await infoAt(socketPath);
    if (!info) return false;
    if (info.get('loading') !== '1') return true;
    if (Date.now() > logAt) {
      logAt += LOG_PROGRESS_EVERY_MS;
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
