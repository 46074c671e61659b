import { beforeEach, describe, expect, test } from 'vitest';
import { identifyWith } from '../../src/domain/merchant.js';
import { key } from '../../src/redis/keys.js';
import {
  keyIn,
  ledgerKeyFrom,
  OTHER_LEDGER_KEY,
  stopForOtherKey,
  writeLedgerKey,
} from '../../src/redis/ledger/ledger-key.js';
import { openLineSwitch } from '../../src/redis/line-switch.js';
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

describe('a ledger with another key than that of the calls', () => {
  const FAULT = { because: 'not on the allow-list', problem: 'create:61004', at: 5 };
  const line = () => openLineSwitch(server.redis).line();

  test('stops the line once, also where the first process lost Redis before it had', async () => {
    await keyIn(server.redis, () => 'another');
    const interrupted = new Proxy(server.redis, {
      get(target, name) {
        if (name === 'evalsha') return () => Promise.reject(new Error('Connection is closed.'));
        return Reflect.get(target, name).bind(target);
      },
    });
    await expect(stopForOtherKey(interrupted, 'its own', 6)).rejects.toThrow();
    expect(await stopForOtherKey(server.redis, 'its own', 7)).toBe(true);
    expect(await line()).toMatchObject({ problem: OTHER_LEDGER_KEY, at: 7 });
    await openLineSwitch(server.redis).resumeLine();
    expect(await stopForOtherKey(server.redis, 'its own', 8)).toBe(false);
    expect(await line()).toBeUndefined();
  });

  test('stops the line for that after a fault that had stopped it before', async () => {
    await keyIn(server.redis, () => 'another');
    await openLineSwitch(server.redis).stopLine(FAULT);
    expect(await stopForOtherKey(server.redis, 'its own', 6)).toBe(false);
    await openLineSwitch(server.redis).resumeLine();
    expect(await stopForOtherKey(server.redis, 'its own', 7)).toBe(true);
    expect(await line()).toMatchObject({ problem: OTHER_LEDGER_KEY });
  });
});
