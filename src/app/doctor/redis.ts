/** The Redis in use: can it be reached, is the ledger ours, and what does it lose. */
import { LedgerMismatch, SCHEMA, SchemaMismatch } from '../../redis/ledger/identity.js';
import { evictionPolicy, RedisMisconfigured, RedisUnreachable } from '../../redis/server/connection.js';
import { durabilityOf } from '../../redis/server/durability.js';
import type { Store } from '../wiring/store.js';
import type { Finding } from './finding.js';

/** `open` is told whether to compare what the ledger belongs to; without that the rest is checked all the same. */
export async function checkRedis(
  open: (claim: boolean) => Promise<Store>,
): Promise<{ store?: Store; findings: Finding[] }> {
  try {
    return await foundRedis(await open(true), {
      check: 'ledger',
      verdict: 'ok',
      says: `schema ${SCHEMA}, and of this platform, address of WeChat and secret key`,
    });
  } catch (error) {
    if (error instanceof LedgerMismatch) return foundRedis(await open(false), otherLedger(error));
    // What another version has written is not read.
    if (error instanceof SchemaMismatch) {
      const todo = 'Run the version that made the ledger, or name another one: FASTREGISTER_LEDGER.';
      return { findings: [{ check: 'ledger', verdict: 'fault', says: error.message, todo }] };
    }
    if (!(error instanceof RedisUnreachable || error instanceof RedisMisconfigured)) throw error;
    const todo = 'Correct REDIS_URL, or that Redis; without REDIS_URL a private one is started.';
    return { findings: [{ check: 'Redis', verdict: 'fault', says: error.message, todo }] };
  }
}

async function foundRedis(store: Store, ledger: Finding): Promise<{ store: Store; findings: Finding[] }> {
  const version = /redis_version:(\S+)/.exec(await store.redis.info('server'))?.[1] ?? 'of unknown version';
  const where = store.settings.redisUrl === undefined ? `private, under ${store.settings.home}` : 'your own';
  return { store, findings: [{ check: 'Redis', verdict: 'ok', says: `${version}, ${where}` }, ledger] };
}

function otherLedger({ differences }: LedgerMismatch): Finding {
  const says = differences.map(
    ({ says, ledger, here, setting }) => `${says.en}: it has ${ledger}, ${setting} gives ${here}`,
  );
  const settings = [...new Set(differences.map(({ setting }) => setting))].join(' and ');
  return {
    check: 'ledger',
    verdict: 'fault',
    says: `belongs to another platform or rehearsal; ${says.join('; ')}`,
    todo: `Set ${settings} to what the ledger has, or name another ledger (FASTREGISTER_LEDGER). If it was changed on purpose: \`fastregister ledger adopt\`, and for a secret key \`fastregister tokens reseal\`.`,
  };
}

/** A finding only where nobody can know: a policy that evicts is refused before. */
export async function checkEviction({ redis }: Store): Promise<Finding[]> {
  if ((await evictionPolicy(redis)) !== undefined) return [];
  return [
    {
      check: 'eviction',
      verdict: 'warning',
      says: 'this Redis does not tell its maxmemory-policy; any but noeviction deletes registrations when memory is short',
      todo: 'Make sure that it is noeviction.',
    },
  ];
}

/** What a power cut, or a restart, takes away. */
export async function checkPersistence({ redis, settings }: Store): Promise<Finding> {
  const check = 'persistence';
  const todo = 'Set appendonly yes and appendfsync always there; docs/redis.md says which setups are safe.';
  const accepted = settings.redisPersistence === 'none' ? 'warning' : 'fault';
  switch (await durabilityOf(redis)) {
    case 'always':
      return { check, verdict: 'ok', says: 'every write is on disk before it counts' };
    case 'second':
      if (settings.redisWait === 'disk' || settings.redisWait === 'replica-disk') {
        return {
          check,
          verdict: 'ok',
          says: 'a power cut loses the last second, but no call is made before it is on disk',
        };
      }
      return { check, verdict: 'warning', says: 'a power cut loses the last second; journals give it back', todo };
    case 'snapshots':
      return { check, verdict: 'fault', says: 'snapshots only: a restart loses what came after the last one', todo };
    case 'none':
      return { check, verdict: accepted, says: 'none: a restart loses every registration', todo };
    case 'unknown':
      return { check, verdict: 'warning', says: 'this Redis does not tell whether it keeps its data', todo };
  }
}
