/** Whether a Redis can keep a ledger: its version, its memory policy, its persistence. */
import type { Redis } from 'ioredis';
import { RedisMisconfigured } from './errors.js';

export const OLDEST_REDIS = '6.2';

/**
 * Checks the requirements of a Redis that we did not start.
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
      'This Redis does not report its maxmemory-policy. Make sure that it is noeviction: any other may delete registrations.',
    );
  }
  return warnings;
}

/** Undefined if the server does not report it. */
export async function evictionPolicy(redis: Redis, info?: Map<string, string>): Promise<string | undefined> {
  const facts = info ?? factsOf(await redis.info('memory'));
  return facts.get('maxmemory_policy') ?? (await configured(redis, 'maxmemory-policy'));
}

async function persistenceWarnings(redis: Redis, appendOnly: boolean): Promise<string[]> {
  if (appendOnly) return [];
  const snapshots = await configured(redis, 'save');
  if (snapshots === undefined) {
    return ['This Redis does not report whether it keeps its data. Make sure that it writes an append-only file.'];
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
