/** The Redis in use: can it be reached, is the ledger ours, and what does it lose. */
import { LedgerMismatch, SCHEMA, SchemaMismatch } from '../../redis/ledger/identity.js';
import { evictionPolicy } from '../../redis/server/check-server.js';
import { durabilityOf, writesRefused } from '../../redis/server/durability.js';
import { RedisMisconfigured, RedisUnreachable } from '../../redis/server/errors.js';
import type { LedgerUse, Store } from '../wiring/store.js';
import type { Finding } from './finding.js';

/** Opened as `any` where the ledger is another platform's: the other checks run in any case. */
export async function checkRedis(
  open: (use: LedgerUse) => Promise<Store>,
): Promise<{ store?: Store; findings: Finding[] }> {
  try {
    return await foundRedis(await open('make'), {
      check: 'ledger',
      verdict: 'ok',
      says: {
        en: `schema ${SCHEMA}, and of this platform, address of WeChat and secret key`,
        zh: `结构版本 ${SCHEMA}，平台、微信接口地址和密钥均一致`,
      },
    });
  } catch (error) {
    if (error instanceof LedgerMismatch) return foundRedis(await open('any'), otherLedger(error));
    // What another version has written is not read.
    if (error instanceof SchemaMismatch) {
      const todo = {
        en: 'Run the version that made the ledger, or name another one: FASTREGISTER_LEDGER.',
        zh: '请使用建立该登记簿的版本，或用 FASTREGISTER_LEDGER 另选登记簿。',
      };
      return { findings: [{ check: 'ledger', verdict: 'fault', says: error.words, todo }] };
    }
    if (!(error instanceof RedisUnreachable || error instanceof RedisMisconfigured)) throw error;
    const todo = {
      en: 'Correct REDIS_URL, or that Redis; without REDIS_URL a private one is started.',
      zh: '请更正 REDIS_URL 或该 Redis；不设置 REDIS_URL 时会启动内置 Redis。',
    };
    return { findings: [{ check: 'Redis', verdict: 'fault', says: error.words, todo }] };
  }
}

async function foundRedis(store: Store, ledger: Finding): Promise<{ store: Store; findings: Finding[] }> {
  const version = /redis_version:(\S+)/.exec(await store.redis.info('server'))?.[1] ?? '?';
  const { home, redisUrl } = store.settings;
  const says =
    redisUrl === undefined
      ? { en: `${version}, private, under ${home}`, zh: `${version}，内置，位于 ${home}` }
      : { en: `${version}, your own`, zh: `${version}，自有` };
  return { store, findings: [{ check: 'Redis', verdict: 'ok', says }, ledger] };
}

function otherLedger({ differences }: LedgerMismatch): Finding {
  const settings = [...new Set(differences.map(({ setting }) => setting))];
  const en = differences.map(
    ({ says, ledger, here, setting }) => `${says.en}: it has ${ledger}, ${setting} gives ${here}`,
  );
  const zh = differences.map(
    ({ says, ledger, here, setting }) => `${says.zh}：登记簿中为 ${ledger}，${setting} 为 ${here}`,
  );
  return {
    check: 'ledger',
    verdict: 'fault',
    says: {
      en: `belongs to another platform or rehearsal; ${en.join('; ')}`,
      zh: `属于另一个平台或另一次演练；${zh.join('；')}`,
    },
    todo: {
      en: `Set ${settings.join(' and ')} to what the ledger has, or name another ledger (FASTREGISTER_LEDGER). If it was changed on purpose: \`fastregister ledger adopt\`, and for a secret key \`fastregister tokens reseal\`.`,
      zh: `请将 ${settings.join('、')} 改为登记簿中的值，或另选登记簿（FASTREGISTER_LEDGER）。如是有意更换：\`fastregister ledger adopt\`，更换密钥后再运行 \`fastregister tokens reseal\`。`,
    },
  };
}

/** A finding only if Redis refuses writes for the state that it is in. */
export async function checkWrites({ redis }: Store): Promise<Finding[]> {
  const why = await writesRefused(redis);
  return why === undefined ? [] : [{ check: 'writes', verdict: 'fault', says: why.words }];
}

/** A finding only if the server does not show its policy: a policy that evicts is refused earlier. */
export async function checkEviction({ redis }: Store): Promise<Finding[]> {
  if ((await evictionPolicy(redis)) !== undefined) return [];
  return [
    {
      check: 'eviction',
      verdict: 'warning',
      says: {
        en: 'this Redis does not report its maxmemory-policy; any but noeviction deletes registrations when memory is short',
        zh: '此 Redis 不提供 maxmemory-policy；除 noeviction 外，内存不足时都会删除注册记录',
      },
      todo: { en: 'Make sure that it is noeviction.', zh: '请确认为 noeviction。' },
    },
  ];
}

/** What a power cut, or a restart, takes away. */
export async function checkPersistence({ redis, settings }: Store): Promise<Finding> {
  const check = 'persistence';
  const todo = {
    en: 'Set appendonly yes and appendfsync always there; docs/redis.md says which setups are safe.',
    zh: '请在该 Redis 设置 appendonly yes 和 appendfsync always；哪些部署方式安全见 docs/redis.md。',
  };
  const accepted = settings.redisPersistence === 'none' ? 'warning' : 'fault';
  switch (await durabilityOf(redis)) {
    case 'always':
      return {
        check,
        verdict: 'ok',
        says: { en: 'every write is on disk before it counts', zh: '每次写入先落盘再生效' },
      };
    case 'second':
      if (settings.redisWait === 'disk' || settings.redisWait === 'replica-disk') {
        return {
          check,
          verdict: 'ok',
          says: {
            en: 'a power cut loses the last second, but no call is made before it is on disk',
            zh: '断电会丢失最后一秒，但每次调用都先落盘再发出',
          },
        };
      }
      return {
        check,
        verdict: 'warning',
        says: {
          en: 'a power cut loses the last second; journals give it back',
          zh: '断电会丢失最后一秒，由本机日志补回',
        },
        todo,
      };
    case 'snapshots':
      return {
        check,
        verdict: 'fault',
        says: {
          en: 'snapshots only: a restart loses what came after the last one',
          zh: '仅有快照：重启会丢失上次快照之后的内容',
        },
        todo,
      };
    case 'none':
      return {
        check,
        verdict: accepted,
        says: { en: 'none: a restart loses every registration', zh: '无：重启会丢失全部注册记录' },
        todo,
      };
    case 'unknown':
      return {
        check,
        verdict: 'warning',
        says: { en: 'this Redis does not report whether it keeps its data', zh: '此 Redis 不提供是否保存数据的信息' },
        todo,
      };
  }
}
