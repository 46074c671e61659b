import { beforeEach, describe, expect, test } from 'vitest';
import { identifyWith } from '../../src/domain/merchant.js';
import { key } from '../../src/redis/keys.js';
import { keyIn, ledgerKeyFrom, writeLedgerKey } from '../../src/redis/ledger/ledger-key.js';
import { openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();
const SOURCE = {
  secretKey: Buffer.alloc(32, 7),
  component: 'wx0123456789abcdef',
  api: 'https://api.weixin.qq.com',
  ledger: 'default',
};

const keyNow = () => server.redis.hget(key('ledger'), 'key');

beforeEach(async () => {
  await server.redis.del(key('ledger'));
});

test('the key of a ledger is that of its platform, and stays when another secret key comes', async () => {
  const identify = identifyWith(await keyIn(server.redis, () => ledgerKeyFrom(SOURCE)));
  expect(await keyNow()).toBe(ledgerKeyFrom(SOURCE));
  const later = identifyWith(
    await keyIn(server.redis, () => ledgerKeyFrom({ ...SOURCE, secretKey: Buffer.alloc(32, 8) })),
  );
  await writeLedgerKey(server.redis, 'another');
  expect(await keyNow()).toBe(ledgerKeyFrom(SOURCE));
  expect(later('91350100M000100Y43')).toBe(identify('91350100M000100Y43'));
});

describe('a key that was made by a command without the settings of the platform', () => {
  beforeEach(async () => {
    await keyIn(server.redis, () => undefined);
  });

  test('is the same for the next such command', async () => {
    const before = await keyNow();
    await keyIn(server.redis, () => undefined);
    expect(await keyNow()).toBe(before);
  });

  test('gives way to that of the platform, by which journals fit the ledger', async () => {
    expect(await keyNow()).not.toBe(ledgerKeyFrom(SOURCE));
    await keyIn(server.redis, () => ledgerKeyFrom(SOURCE));
    expect(await keyNow()).toBe(ledgerKeyFrom(SOURCE));
    await writeLedgerKey(server.redis, 'another');
    expect(await keyNow()).toBe(ledgerKeyFrom(SOURCE));
  });

  test('gives way to the one that a running process knows', async () => {
    await writeLedgerKey(server.redis, 'known before Redis was emptied');
    expect(await keyNow()).toBe('known before Redis was emptied');
  });

  test('stays once a sheet was loaded with it', async () => {
    const before = await keyNow();
    await openBook(server.redis).load('b1', [merchant(1)]);
    await keyIn(server.redis, () => ledgerKeyFrom(SOURCE));
    await writeLedgerKey(server.redis, 'another');
    expect(await keyNow()).toBe(before);
  });
});
