import { describe, expect, test } from 'vitest';
import { key, useLedger } from '../../src/redis/keys.js';
import { adoptLedger, claimLedger, LedgerMismatch, SCHEMA, SchemaMismatch } from '../../src/redis/ledger/identity.js';
import { RedisMisconfigured } from '../../src/redis/server/errors.js';
import { fingerprintOf } from '../../src/redis/vault.js';
import { openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();
const REAL = { component: 'wxplatform', api: 'api.weixin.qq.com', secretKey: fingerprintOf(Buffer.alloc(32, 1)) };

describe('a ledger', () => {
  test('is new once, and then belongs to the platform that made it', async () => {
    expect(await claimLedger(server.redis, REAL)).toBe(true);
    expect(await claimLedger(server.redis, REAL)).toBe(false);
  });

  test.each([
    ['another platform', { ...REAL, component: 'wxother' }, ['wxplatform', 'wxother', 'WECHAT_COMPONENT_APPID']],
    ['a rehearsal', { ...REAL, api: 'this machine' }, ['api.weixin.qq.com', 'this machine', 'WECHAT_API_BASE_URL']],
    ['another secret key', { ...REAL, secretKey: 'abc' }, [REAL.secretKey, 'abc', 'FASTREGISTER_SECRET_KEY']],
  ])('refuses %s, and says both values and what to set', async (_, other, words) => {
    await claimLedger(server.redis, REAL);
    const error = await claimLedger(server.redis, other).catch((it: unknown) => it);
    expect(error).toBeInstanceOf(LedgerMismatch);
    for (const word of [...words, 'FASTREGISTER_LEDGER', 'ledger adopt']) expect(String(error)).toContain(word);
  });

  test('does not compare what a command does not know, and writes it when one does', async () => {
    await claimLedger(server.redis, { api: REAL.api });
    await claimLedger(server.redis, {});
    await claimLedger(server.redis, REAL);
    await expect(claimLedger(server.redis, { component: 'wxother' })).rejects.toThrow(LedgerMismatch);
  });

  test('of many processes that begin at once has one identity, and all but its own are refused', async () => {
    const others = Array.from({ length: 8 }, (_, at) => ({ ...REAL, component: `wx${at % 2}` }));
    const ends = await Promise.allSettled(others.map((own) => claimLedger(server.connect(), own)));
    const accepted = others.filter((_, at) => ends[at]?.status === 'fulfilled').map(({ component }) => component);
    expect(new Set(accepted).size).toBe(1);
    expect(accepted).toHaveLength(4);
  });

  test('takes over a change that an operator makes on purpose', async () => {
    await claimLedger(server.redis, REAL);
    await adoptLedger(server.redis, { ...REAL, component: 'wxother' });
    expect(await claimLedger(server.redis, { ...REAL, component: 'wxother' })).toBe(false);
    await expect(claimLedger(server.redis, REAL)).rejects.toThrow(LedgerMismatch);
  });

  test('accepts a new secret key beside the one before it, and that one alone no longer once it was adopted', async () => {
    await claimLedger(server.redis, REAL);
    const changing = { ...REAL, secretKey: 'new', previousSecretKey: REAL.secretKey };
    expect(await claimLedger(server.redis, changing)).toBe(false);
    expect(await claimLedger(server.redis, REAL)).toBe(false);
    await adoptLedger(server.redis, { secretKey: 'new' });
    expect(await claimLedger(server.redis, changing)).toBe(false);
    await expect(claimLedger(server.redis, REAL)).rejects.toThrow(LedgerMismatch);
  });

  test.each([
    ['an older version', '1'],
    ['a newer version', '99'],
  ])('of %s is refused with both versions, and nothing is changed', async (_, schema) => {
    await server.redis.hset(key('ledger'), 'schema', schema);
    const error = await claimLedger(server.redis, REAL).catch((it: unknown) => it);
    expect(error).toBeInstanceOf(SchemaMismatch);
    expect(String(error)).toMatch(new RegExp(`schema ${schema}, this version reads schema ${SCHEMA}`));
    expect(Object.keys(await server.redis.hgetall(key('ledger'))).sort()).toEqual(['key', 'schema']);
  });

  test('that was made before ledgers had a schema is refused', async () => {
    await server.redis.del(key('ledger'));
    await server.redis.rpush(key('batches'), 'b1');
    await expect(claimLedger(server.redis, REAL)).rejects.toThrow(RedisMisconfigured);
  });

  test('has keys of its own beside another one on the same Redis', async () => {
    const one = merchant(1);
    await openBook(server.redis).load('b1', [one]);
    useLedger('rehearsal');
    try {
      const book = openBook(server.redis);
      expect(await book.batches.list()).toEqual([]);
      await book.load('b1', [one]);
      expect(await book.batches.counts('b1')).toEqual({ queued: 1 });
      expect(await server.redis.lrange('{fastregister:rehearsal}:ready:submit', 0, -1)).toHaveLength(1);
    } finally {
      useLedger('default');
    }
    expect(await server.redis.llen(key('ready', 'submit'))).toBe(1);
  });
});
