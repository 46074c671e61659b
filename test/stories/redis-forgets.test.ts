import { cpSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { SimulatorOptions } from '../../simulator/simulator.js';
import { startSending } from '../../src/app/wiring/sending.js';
import { openStore, type Store } from '../../src/app/wiring/store.js';
import { vaultOf } from '../../src/app/wiring/vault.js';
import { readSettings } from '../../src/config.js';
import { openComponentStore } from '../../src/redis/component-store.js';
import { key } from '../../src/redis/keys.js';
import { lastLoss, unreported } from '../../src/redis/ledger/last-loss.js';
import { typed } from '../support/command-line.js';
import { readableLog } from '../support/log.js';
import { merchant } from '../support/merchants.js';
import { type OwnRedis, ownRedis } from '../support/own-redis.js';
import { merchantsAskedTwice, newHome, type Rehearsal, rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

const SECRET_KEY = Buffer.alloc(32, 7).toString('base64');

const OTHER_SECRET_KEY = Buffer.alloc(32, 8).toString('base64');

const merchants = (count: number) => Array.from({ length: count }, (_, number) => merchant(number));

/** `simulator`: with the speed of a real day no push about a merchant comes while a test runs. */
const SLOW = { speed: 1 };

async function rehearseOn(
  redis: OwnRedis,
  settings: Record<string, string> = {},
  simulator: SimulatorOptions = {},
): Promise<Rehearsal> {
  return rehearse({
    privateRedis: true,
    simulator,
    settings: { REDIS_URL: `unix:${redis.socketPath}`, FASTREGISTER_SECRET_KEY: SECRET_KEY, ...settings },
  });
}

async function newRedis(): Promise<OwnRedis> {
  const redis = await ownRedis();
  onTestFinished(() => redis.end());
  return redis;
}

/** What is on disk now is all that Redis will know when it is started again. */
function backup({ folder }: OwnRedis): () => void {
  const [data, copy] = [join(folder, 'appendonlydir'), join(folder, 'backup')];
  cpSync(data, copy, { recursive: true });
  return () => {
    rmSync(data, { recursive: true });
    cpSync(copy, data, { recursive: true });
  };
}

async function reopened(env: Readonly<Record<string, string>>): Promise<Store> {
  const store = await openStore(readSettings({ env }), readableLog().log, 'interactive');
  onTestFinished(() => store.close());
  return store;
}

async function forget(redis: OwnRedis, putBack: () => void): Promise<void> {
  await redis.kill();
  putBack();
  await redis.start();
}

describe('a Redis that forgets everything since the sheet was loaded', () => {
  test('gets calls, answers and pushes again, and no merchant is asked twice', async () => {
    const redis = await newRedis();
    const { book, simulator, start, settled, store, kinds } = await rehearseOn(redis);
    await book.load('b1', merchants(12));
    const putBack = backup(redis);
    await start();
    await settled('b1');

    await forget(redis, putBack);
    await until('it is found out', async () => (await lastLoss(store.redis)) !== undefined);
    await settled('b1');

    expect(merchantsAskedTwice(simulator)).toEqual([]);
    expect(await book.batches.counts('b1')).toEqual({ created: 12 });
    // Created, and authorised: two pushes of each.
    const { facts = 0, pushes = 0 } = (await lastLoss(store.redis)) ?? {};
    expect([facts >= 24, pushes >= 24]).toEqual([true, true]);
    expect(await unreported(store.redis)).toBe(0);
    // Of an exchange that was under way the end may come first; so may a search, because pushes wait for other processes.
    const ofRegistration = (kind: string) => !/^(authorizer|search|task)_/.test(kind);
    const found = (await kinds(merchant(0))).filter(ofRegistration);
    expect(found.slice(0, 3)).toEqual(['create_sent', 'create_accepted', 'mini_program_created']);
    const days = await store.redis.keys(key('calls', '*'));
    expect(await store.redis.hget(days[0] ?? '', 'create')).toBe('12');
  });

  test('is given them by a process that was not there then', async () => {
    const redis = await newRedis();
    const first = await rehearseOn(redis, {}, SLOW);
    await first.book.load('b1', merchants(6));
    const putBack = backup(redis);
    await first.startListening();
    const sending = await startSending(first.store);
    await until('all are sent', async () => (await first.book.batches.counts('b1')).awaiting_legal_person === 6);
    await sending.close();
    await first.store.close();

    await forget(redis, putBack);
    const second = await rehearseOn(redis, {
      FASTREGISTER_HOME: first.home,
      WECHAT_API_BASE_URL: first.simulator.url,
    });
    await second.startSending();
    await until('all are known', async () => (await second.book.batches.counts('b1')).awaiting_legal_person === 6);
    expect(merchantsAskedTwice(first.simulator)).toEqual([]);
    // The push is that of the verify ticket.
    expect(await lastLoss(second.store.redis)).toMatchObject({ facts: 12, pushes: 1 });
  });
});

test('if Redis loses the sheet, too, no merchant is sent twice when it is loaded again', async () => {
  const redis = await newRedis();
  const { book, simulator, start, store } = await rehearseOn(redis, {}, SLOW);
  await store.redis.ping();
  const putBack = backup(redis);
  await book.load('b1', merchants(6));
  await start();
  await until('all are sent', async () => (await book.batches.counts('b1')).awaiting_legal_person === 6);

  await forget(redis, putBack);
  await until('it is found out', async () => (await lastLoss(store.redis)) !== undefined);
  await book.load('b1', merchants(8));
  await until('all are known', async () => (await book.batches.counts('b1')).awaiting_legal_person === 8);
  expect(merchantsAskedTwice(simulator)).toEqual([]);
});

test('a Redis that was emptied knows from the journals which merchants were sent, whichever process comes first', async () => {
  const redis = await newRedis();
  const first = await rehearseOn(redis, {}, SLOW);
  const { home, simulator, env } = first;
  await first.book.load('b1', merchants(6));
  await first.startListening();
  const sending = await startSending(first.store);
  await until('all are sent', async () => (await first.book.batches.counts('b1')).awaiting_legal_person === 6);
  await sending.close();
  await first.store.redis.flushall();
  await first.store.close();

  const place = { ...env, REDIS_URL: `unix:${redis.socketPath}`, FASTREGISTER_SECRET_KEY: SECRET_KEY };
  expect(await typed(['status'], { env: place })).toMatchObject({ status: 0 });
  const second = await rehearseOn(redis, { FASTREGISTER_HOME: home, WECHAT_API_BASE_URL: simulator.url });
  await second.startSending();
  await second.book.load('b2', merchants(8));
  await until('all are known', async () => (await second.book.batches.counts('b2')).awaiting_legal_person === 8);
  expect(merchantsAskedTwice(simulator)).toEqual([]);
});

test.each([
  ['and a process of the same home starts', (home: string) => ({ FASTREGISTER_HOME: home })],
  [
    'and one of another home, while the key is being changed',
    () => ({ FASTREGISTER_HOME: newHome(), FASTREGISTER_SECRET_KEY_PREVIOUS: SECRET_KEY }),
  ],
])(
  'a Redis that was emptied after all processes had ended has the same key, though the secret key was changed, %s',
  async (_, place) => {
    const redis = await newRedis();
    const { store, env, home } = await rehearseOn(redis);
    const before = await store.redis.hget(key('ledger'), 'key');
    await store.lossGuard();
    await store.redis.flushall();
    await store.close();
    const url = `unix:${redis.socketPath}`;
    const again = await reopened({ ...env, REDIS_URL: url, FASTREGISTER_SECRET_KEY: OTHER_SECRET_KEY, ...place(home) });
    expect(before).not.toBeNull();
    expect(await again.redis.hget(key('ledger'), 'key')).toBe(before);
  },
);

test('a private Redis that was lost has the same key again, though the first command of its home needed no secret key', async () => {
  const { store, env } = await rehearse({ privateRedis: true });
  const before = await store.redis.hget(key('ledger'), 'key');
  await store.lossGuard();
  await store.redis.flushall();
  await store.close();
  expect(await typed(['status'], { env })).toMatchObject({ status: 0 });
  const again = await reopened(env);
  expect(await again.redis.hget(key('ledger'), 'key')).toBe(before);
});

test('a running process gives an emptied Redis the ledger that it had: another secret key needs the previous one', async () => {
  const redis = await newRedis();
  const { store, home, env } = await rehearseOn(redis);
  const ledgerKey = () => store.redis.hget(key('ledger'), 'key');
  const before = await ledgerKey();
  const guard = await store.lossGuard();
  await store.redis.flushall();
  await guard.check();
  const place = { ...env, REDIS_URL: `unix:${redis.socketPath}`, FASTREGISTER_HOME: home };
  const changed = { ...place, FASTREGISTER_SECRET_KEY: OTHER_SECRET_KEY };
  expect(await typed(['status'], { env: changed })).toMatchObject({ status: 2 });
  const changing = { ...changed, FASTREGISTER_SECRET_KEY_PREVIOUS: SECRET_KEY };
  expect(await typed(['status'], { env: changing })).toMatchObject({ status: 0 });
  expect(before).not.toBeNull();
  expect(await ledgerKey()).toBe(before);
});

test('a worker compares its journal before it opens what it sends with: creates may wait for it', async () => {
  const { store } = await rehearseOn(await newRedis());
  const opened: string[] = [];
  const connect: typeof store.connect = async (role) => {
    opened.push(role);
    return store.connect(role);
  };
  const lossGuard: typeof store.lossGuard = async () => {
    throw new Error('it compares');
  };
  await expect(startSending({ ...store, connect, lossGuard })).rejects.toThrow('it compares');
  expect(opened).toEqual([]);
});

test('a Redis that lost the only verify ticket gets it again, and no process waits for the next one', async () => {
  const redis = await newRedis();
  const { book, start, settled, store } = await rehearseOn(redis);
  await start();
  await book.load('b1', merchants(3));
  await settled('b1');

  const ticket = await openComponentStore(store.redis, () => vaultOf(store.settings)).ticket();
  const signatures = await store.redis.keys(key('signatures', '*'));
  await store.redis.del(key('ticket'), key('token'), key('pushes'), ...signatures);
  // WeChat was asked for one, and is not asked again soon.
  await store.redis.set(key('ticketAsked'), '1', 'PX', 600_000);
  await store.redis.hset(key('epoch'), 'run', 'another');
  await (await store.lossGuard()).check();
  // Redis dates it anew, by its age.
  const restored = await openComponentStore(store.redis, () => vaultOf(store.settings)).ticket();
  expect(restored?.value).toBe(ticket?.value);
  expect(Math.abs((restored?.receivedAt ?? 0) - (ticket?.receivedAt ?? 0))).toBeLessThan(10_000);
  await book.load('b2', merchants(6).slice(3));
  await settled('b2');
  expect(await book.batches.counts('b2')).toEqual({ created: 3 });
});

test('the journal can be read by its user only, and names no merchant and no link', async () => {
  const redis = await newRedis();
  const { book, home, start, store } = await rehearse({
    privateRedis: true,
    simulator: SLOW,
    api: 'fastregisterenterpriseweapp',
    settings: { REDIS_URL: `unix:${redis.socketPath}`, FASTREGISTER_SECRET_KEY: SECRET_KEY },
  });
  await book.load('b1', merchants(2));
  await start();
  await until('all are sent', async () => (await book.batches.counts('b1')).awaiting_legal_person === 2);

  const folder = join(home, 'journal');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
  const text = files
    .filter((file) => statSync(file).isFile())
    .map((file) => readFileSync(file, 'utf8'))
    .join('');
  const lines = text.split('\n');
  expect(lines.filter((line) => line.includes('"r":'))).toHaveLength(2);
  // The answers of one moment share a line.
  expect(lines.some((line) => line.includes('"s":"'))).toBe(true);
  const ticket = await openComponentStore(store.redis, () => vaultOf(store.settings)).ticket();
  expect(text).not.toContain(ticket?.value);
  for (const { name, code, legalPersonaName, legalPersonaWechat, componentPhone } of merchants(2)) {
    for (const detail of [name, code, legalPersonaName, legalPersonaWechat, componentPhone]) {
      expect(text).not.toContain(detail);
    }
  }
  expect(text).not.toContain('http');
  expect(files.map((file) => statSync(file).mode & 0o077)).toEqual(files.map(() => 0));
});

test('nothing is sent with a Redis that keeps nothing on disk, unless that is accepted', async () => {
  const redis = await newRedis();
  await redis.stop();
  await redis.start('--appendonly', 'no');
  const refused = await rehearseOn(redis);
  await expect(startSending(refused.store)).rejects.toThrow(/keeps nothing on disk.*FASTREGISTER_REDIS_PERSISTENCE/);

  const accepted = await rehearseOn(redis, { FASTREGISTER_REDIS_PERSISTENCE: 'none' });
  await accepted.startSending();
});
