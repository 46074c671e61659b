/**
 * Every ledger belongs to one platform: what it was made for is written once, and every command compares it. A rehearsal on
 * the Redis of the real platform would mark real merchants as created; another secret key would lose every authorisation.
 */
import type { Redis } from 'ioredis';
import type { Words } from '../../domain/words.js';
import { answersOf } from '../exec.js';
import { key, useLedger } from '../keys.js';
import { RedisMisconfigured } from '../server/errors.js';

/**
 * Raised with every change of stored keys or fields that an older program would not understand, or would not keep: what every
 * writer has to write (2: the mark of a registration's last fact, without which a fact that was decided on an older history
 * passes; the sealed ticket and component access token, which an older program would send to WeChat as they are. 3: fields of
 * the line and of registrations have other names. 4: one more field of a registration has what a report needs, and a queued
 * registration has no field of its state. 5: that field also says whether the legal person was asked by a link. 6: a batch has a number, and a registration without a fact its row as one).
 */
export const SCHEMA = '6';

/** Chooses the ledger of the Redis that this process works with from here on. */
export function nameLedger(name: string): void {
  useLedger(name);
}

/** The identity that a process expects of its ledger; unknown parts are neither written nor compared. */
export interface LedgerIdentity {
  /** AppID of the third-party platform. */
  readonly component?: string | undefined;
  /** `apiAddress` of WeChat's API (domain/api-address.ts). */
  readonly api?: string | undefined;
  /** Fingerprint of the secret key (vault.ts). */
  readonly secretKey?: string | undefined;
  /** Fingerprint of the previous key, which the ledger may still have while the key is being changed. */
  readonly previousSecretKey?: string | undefined;
}

type IdentityField = Exclude<keyof LedgerIdentity, 'previousSecretKey'>;

const FIELDS: Readonly<Record<IdentityField, { readonly says: Words; readonly setting: string }>> = {
  component: { says: { en: 'third-party platform', zh: '第三方平台' }, setting: 'WECHAT_COMPONENT_APPID' },
  api: { says: { en: "address of WeChat's API", zh: '微信接口地址' }, setting: 'WECHAT_API_BASE_URL' },
  secretKey: { says: { en: 'fingerprint of the secret key', zh: '密钥指纹' }, setting: 'FASTREGISTER_SECRET_KEY' },
};

export interface Difference {
  readonly field: IdentityField;
  readonly says: Words;
  readonly setting: string;
  readonly ledger: string;
  readonly here: string;
}

/** Another version of fastregister has made the ledger. */
export class SchemaMismatch extends RedisMisconfigured {
  /** @param has null: the ledger was made before ledgers had a schema */
  constructor(has: string | null) {
    super({
      en: `This ledger was made by another version of fastregister (it has ${has === null ? 'no schema' : `schema ${has}`}, this version reads schema ${SCHEMA}). Nothing was done. Use that version, or name another ledger: FASTREGISTER_LEDGER, FASTREGISTER_HOME or REDIS_URL.`,
      zh: `此登记簿由其他版本的 fastregister 建立（${has === null ? '登记簿没有结构版本' : `登记簿的结构版本为 ${has}`}，本版本使用结构版本 ${SCHEMA}）。没有执行任何操作。请使用原版本，或另选登记簿：FASTREGISTER_LEDGER、FASTREGISTER_HOME 或 REDIS_URL。`,
    });
  }
}

/** No command that stores something has made the ledger yet. */
export class LedgerMissing extends RedisMisconfigured {
  constructor() {
    super({ en: 'There is no ledger yet.', zh: '还没有登记簿。' });
  }
}

export class LedgerMismatch extends RedisMisconfigured {
  readonly differences: readonly Difference[];

  constructor(differences: readonly Difference[]) {
    const settings = [...new Set(differences.map(({ setting }) => setting))];
    super({
      en: [
        'This ledger belongs to another platform or rehearsal. Nothing was done.',
        ...differences.map(
          ({ says, ledger, here, setting }) => `  ${says.en}: the ledger has ${ledger}, ${setting} gives ${here}`,
        ),
        `Set ${settings.join(' and ')} to what the ledger has, or name another ledger: FASTREGISTER_LEDGER, or another FASTREGISTER_HOME or REDIS_URL.`,
        'If the platform itself was changed on purpose: fastregister ledger adopt',
      ].join('\n'),
      zh: [
        '此登记簿属于另一个平台或另一次演练。没有执行任何操作。',
        ...differences.map(
          ({ says, ledger, here, setting }) => `  ${says.zh}：登记簿中为 ${ledger}，${setting} 为 ${here}`,
        ),
        `请将 ${settings.join('、')} 改为登记簿中的值，或另选登记簿：FASTREGISTER_LEDGER，或另一个 FASTREGISTER_HOME 或 REDIS_URL。`,
        '如确实更换了平台，请运行：fastregister ledger adopt',
      ].join('\n'),
    });
    this.differences = differences;
  }
}

/**
 * Writes what the ledger does not say yet, and compares the rest.
 *
 * @returns whether the ledger is new
 * @throws LedgerMismatch, SchemaMismatch
 */
export async function claimLedger(redis: Redis, own: LedgerIdentity): Promise<boolean> {
  const isNew = await claimSchema(redis);
  const ledger = await redis.hgetall(key('ledger'));
  // A Redis that takes no writes can be read.
  const missing = entriesOf(own).filter(([field]) => ledger[field] === undefined);
  if (missing.length > 0) {
    const steps = redis.multi();
    for (const [field, value] of missing) steps.hsetnx(key('ledger'), field, value);
    await answersOf(steps);
  }
  await refuseDifferences(redis, own);
  return isNew;
}

/** Writes back what a running process knows of a ledger that Redis has lost, and changes nothing that is there. */
export async function restoreLedger(redis: Redis, own: LedgerIdentity): Promise<void> {
  const steps = redis.multi().hsetnx(key('ledger'), 'schema', SCHEMA);
  for (const [field, value] of entriesOf(own)) steps.hsetnx(key('ledger'), field, value);
  await answersOf(steps);
}

/**
 * Writes nothing.
 *
 * @throws LedgerMissing, LedgerMismatch, SchemaMismatch
 */
export async function compareLedger(redis: Redis, own: LedgerIdentity): Promise<void> {
  const schema = await redis.hget(key('ledger'), 'schema');
  if (schema === null) throw new LedgerMissing();
  if (schema !== SCHEMA) throw new SchemaMismatch(schema);
  await refuseDifferences(redis, own);
}

async function refuseDifferences(redis: Redis, own: LedgerIdentity): Promise<void> {
  const differences = await differencesOf(redis, own);
  if (differences.length > 0) throw new LedgerMismatch(differences);
}

async function claimSchema(redis: Redis): Promise<boolean> {
  const schema = await redis.hget(key('ledger'), 'schema');
  if (schema === SCHEMA) return false;
  if (schema !== null) throw new SchemaMismatch(schema);
  // Written before there was a schema: ids and keys were different then.
  if ((await redis.exists(key('batches'))) === 1 && (await redis.hexists(key('ledger'), 'key')) === 0) {
    throw new SchemaMismatch(null);
  }
  return (await redis.hsetnx(key('ledger'), 'schema', SCHEMA)) === 1;
}

export async function differencesOf(redis: Redis, own: LedgerIdentity): Promise<Difference[]> {
  const ledger = await redis.hgetall(key('ledger'));
  return entriesOf(own).flatMap(([field, here]) => {
    const there = ledger[field];
    const isBefore = field === 'secretKey' && there === own.previousSecretKey;
    return there === undefined || there === here || isBefore ? [] : [{ field, ...FIELDS[field], ledger: there, here }];
  });
}

/** Writes the identity that this process gives. */
export async function adoptLedger(redis: Redis, own: LedgerIdentity): Promise<void> {
  await redis.hset(key('ledger'), Object.fromEntries(entriesOf(own)));
}

function entriesOf(own: LedgerIdentity): [IdentityField, string][] {
  return (Object.keys(FIELDS) as IdentityField[]).flatMap((field) => {
    const value = own[field];
    return value === undefined ? [] : [[field, value]];
  });
}
