import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { StoredPush } from '../../src/domain/push.js';
import { openSpool } from '../../src/events/spool.js';
import { openComponentStore } from '../../src/redis/component-store.js';
import { key } from '../../src/redis/keys.js';
import { openPushes } from '../../src/redis/pushes/pushes.js';
import { idOf, openBook } from '../support/ledger.js';
import { readableLog } from '../support/log.js';
import { merchant } from '../support/merchants.js';
import { type OwnRedis, ownRedis } from '../support/own-redis.js';
import { otherXml, registrationXml, seal, sign, TEST_VAULT, ticketXml } from '../support/pushes.js';
import { openReceiver, PATH, post } from '../support/receiver.js';
import { runs } from '../support/runs.js';
import { until } from '../support/until.js';

type Running = Awaited<ReturnType<typeof openReceiver>>;

let own: OwnRedis;
let redis: Redis;
let folder: string;
let receiver: Running;
let lines: string[];
let log: ReturnType<typeof readableLog>['log'];

beforeAll(async () => {
  own = await ownRedis();
});
afterAll(() => own.end());

beforeEach(async () => {
  ({ log, lines } = readableLog('info'));
  folder = await mkdtemp(join(tmpdir(), 'fr-receiver-'));
  redis = await own.connect();
  await redis.flushall();
});
afterEach(async () => {
  await receiver.close();
  await own.start();
  await rm(folder, { recursive: true, force: true });
});

async function open(more: { records?: boolean; slowSenderMs?: number; api?: 'successor' } = {}): Promise<void> {
  const { records = false, ...rest } = more;
  receiver = await openReceiver({
    door: await own.connect('interactive'),
    redis: records ? await own.connect() : undefined,
    folder,
    log,
    ...rest,
  });
}

const stored = (): Promise<StoredPush[]> => openPushes(redis).after('0-0', 100_000);
const waitingOnDisk = (): boolean => readdirSync(join(folder, 'spool')).length > 0;

describe('store, then answer', () => {
  test('a push is kept byte for byte with its query, and the answer is the literal success', async () => {
    await open();
    const push = seal(registrationXml(merchant(1), { status: '0', appid: 'wxnew', authCode: 'code' }));
    expect(await post(receiver.port, push)).toEqual({ status: 200, text: 'success' });
    expect(await stored()).toMatchObject([
      { infoType: 'notify_third_fasteregister', query: push.query, body: push.body },
    ]);
  });

  test('a body that is not ASCII is kept byte for byte too', async () => {
    await open();
    const { query, body } = seal(otherXml('authorized'));
    const odd = Buffer.concat([body, Buffer.from([10, 0xff, 0xe4, 0xb8, 0xad])]);
    expect((await post(receiver.port, { query, body: odd })).status).toBe(200);
    expect((await stored())[0]?.body).toEqual(odd);
  });

  test('every InfoType is answered, kept and counted, also unknown ones', async () => {
    await open({ records: true });
    for (const infoType of ['authorized', 'notify_of_next_year', 'notify_of_next_year']) {
      expect((await post(receiver.port, seal(otherXml(infoType)))).text).toBe('success');
    }
    expect((await post(receiver.port, seal('not xml at all'))).text).toBe('success');
    await until('all are looked at', async () => {
      const { byOutcome } = await receiver.pushes.counts();
      const count = (infoType: string, outcome: string): number | undefined =>
        byOutcome.find((it) => it.infoType === infoType && it.outcome === outcome)?.count;
      return (
        count('notify_of_next_year', 'stored') === 2 &&
        count('notify_of_next_year', 'not_ours') === 2 &&
        count('unreadable', 'parked') === 1
      );
    });
    expect(await receiver.pushes.listParked()).toMatchObject([{ why: 'unreadable' }]);
  });

  test('the ticket is kept, the newest of them, and how late a push came is counted', async () => {
    await open();
    const now = Date.now();
    await post(receiver.port, seal(ticketXml('ticket@@@2', now)));
    await post(receiver.port, seal(ticketXml('ticket@@@1', now - 600_000)));
    expect((await openComponentStore(redis, () => TEST_VAULT).ticket())?.value).toBe('ticket@@@2');
    expect(JSON.stringify(await redis.hgetall(key('ticket')))).not.toContain('ticket@@@');
    const { lag } = await receiver.pushes.counts();
    expect([...lag.bounds.values()].reduce((sum, count) => sum + count, 0)).toBe(2);
    expect(lag.bounds.get(900)).toBe(1);
    expect(lag.sumMs).toBeGreaterThanOrEqual(600_000);
  });
});

describe('what is refused', () => {
  test('a wrong signature, a foreign platform, a faulty or too large body, and a request that is no push', async () => {
    await open();
    const { query, body } = seal(otherXml('authorized'));
    const forged = query.replace(/msg_signature=./, (start) => `${start.slice(0, -1)}x`);
    expect((await post(receiver.port, { query: forged, body })).status).toBe(403);
    expect((await post(receiver.port, { query: '', body })).status).toBe(403);
    expect((await post(receiver.port, seal(otherXml('authorized'), undefined, 'wxsomebodyelse'))).status).toBe(400);
    expect((await post(receiver.port, { query, body: Buffer.from('<xml></xml>') })).status).toBe(400);
    expect((await post(receiver.port, { query, body: Buffer.alloc(1024 * 1024 + 1, 'x') })).status).toBe(413);
    expect((await post(receiver.port, { query, body }, '/elsewhere')).status).toBe(404);
    expect(await stored()).toEqual([]);
  });

  test('a body that grows beyond 1 MiB without saying so is cut off while it is read', async () => {
    await open();
    const socket = createConnection(receiver.port, '127.0.0.1');
    let heard = '';
    let sent = 0;
    socket.setEncoding('latin1').on('data', (text: string) => {
      heard += text;
    });
    const ended = new Promise<void>((resolve) => socket.on('close', () => resolve()).on('error', () => {}));
    socket.write(
      `POST ${PATH}?timestamp=1&nonce=2&msg_signature=3 HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n`,
    );
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    const write = (): void => {
      while (!socket.destroyed && sent < 1_000) {
        sent += 1;
        if (!socket.write(chunk)) {
          socket.once('drain', write);
          return;
        }
      }
    };
    write();
    await until('the answer is heard', () => heard.startsWith('HTTP/1.1 413'));
    await ended;
  });

  test('a sender that never ends is timed out', async () => {
    await open({ slowSenderMs: 200 });
    const socket = createConnection(receiver.port, '127.0.0.1');
    let heard = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      heard += text;
    });
    socket.write(`POST ${PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n<xml>`);
    await new Promise((resolve) => socket.on('close', resolve));
    expect(heard).toMatch(/^HTTP\/1.1 408/);
  });

  const FLOOD = runs(2_000, 500);

  test('a flood of wrong signatures is one line in the log, and one number at the end', async () => {
    await open();
    const push = sign('QUJD', 'another token');
    const answers = await Promise.all(Array.from({ length: FLOOD }, () => post(receiver.port, push)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([403]));
    expect(lines.filter((line) => line.includes('refused'))).toHaveLength(1);
    await receiver.close();
    const told = lines.filter((line) => line.includes('refused')).map((line) => JSON.parse(line));
    expect(told).toHaveLength(2);
    expect(told[1]).toMatchObject({ why: 'bad_signature', count: FLOOD - 1 });
    expect(await redis.hget(key('refused'), 'bad_signature')).toBe(String(FLOOD));
    await open();
  });
});

describe('when Redis is away', () => {
  test('a verify ticket waits on the disk sealed, and is the same when it is stored', async () => {
    await open();
    await own.stop();
    await post(receiver.port, seal(ticketXml('ticket@@@secret')));
    const spooled = readdirSync(join(folder, 'spool')).map((name) => readFileSync(join(folder, 'spool', name), 'utf8'));
    expect(spooled.join()).toContain('component_verify_ticket');
    expect(spooled.join()).not.toContain('ticket@@@secret');
    await own.start();
    await until('the spool is empty', () => !waitingOnDisk());
    const redis = await own.connect();
    expect((await openComponentStore(redis, () => TEST_VAULT).ticket())?.value).toBe('ticket@@@secret');
  });

  test('pushes go to the disk, are answered success, and are stored in their order when it is back', async () => {
    await open();
    await post(receiver.port, seal(otherXml('number_0')));
    await own.stop();
    for (let number = 1; number <= 300; number += 1) {
      expect((await post(receiver.port, seal(otherXml(`number_${number}`)))).text).toBe('success');
    }
    expect(await receiver.isReady()).toBe(true);
    await own.start();
    await until('the spool is empty', () => !waitingOnDisk());
    await post(receiver.port, seal(otherXml('number_301')));
    await until('all are stored', async () => (await stored()).length === 302);
    const types = (await stored()).map(({ infoType }) => infoType);
    expect(types).toEqual(Array.from({ length: 302 }, (_, number) => `number_${number}`));
  });

  test('stopped and started again and again under load, it loses nothing that was answered success', async () => {
    await open();
    const answered: string[] = [];
    let sent = 0;
    let over = false;
    const senders = Array.from({ length: 16 }, async () => {
      while (!over) {
        const name = `number_${sent++}`;
        if ((await post(receiver.port, seal(otherXml(name)))).text === 'success') answered.push(name);
      }
    });
    for (const end of ['stop', 'kill', 'stop'] as const) {
      const before = answered.length;
      await until('more is answered', () => answered.length > before + 300);
      await own[end]();
      const away = answered.length;
      await until('more is answered without Redis', () => answered.length > away + 300);
      await own.start();
      await until(
        'Redis takes them again',
        () => lines.filter((line) => line.includes('the spool is empty')).length > 0,
      );
      lines.length = 0;
    }
    over = true;
    await Promise.all(senders);
    await until('the spool is empty', () => !waitingOnDisk());
    const kept = (await stored()).map(({ infoType }) => infoType);
    const different = new Set(kept);
    expect(answered.filter((name) => !different.has(name))).toEqual([]);
    // A push whose reply was lost with Redis may be there twice, no other.
    expect(kept.length - different.size).toBeLessThan(100);
  });

  test('what a killed process left on disk, 10,000 pushes, is stored in order by the next one, once', async () => {
    const spool = await openSpool(join(folder, 'spool'), log);
    const push = seal(otherXml('x'));
    for (let first = 0; first < 10_000; first += 50) {
      await spool.append(
        Array.from({ length: 50 }, (_, at) => ({
          ...push,
          receivedAt: 1_000 + first + at,
          infoType: `n${first + at}`,
        })),
      );
    }
    // It died in the middle of a line, and before that in the middle of storing.
    const names = readdirSync(join(folder, 'spool')).sort();
    expect(names.length).toBeGreaterThan(1);
    await writeFile(join(folder, 'spool', names.at(-1) ?? ''), '{"receivedAt":1,"infoType":"torn', { flag: 'a' });
    const pushes = openPushes(redis);
    let left = 1_500;
    const dying = {
      storedOf: pushes.storedOf,
      store: async (...args: Parameters<typeof pushes.store>) => {
        left -= args[0].length;
        if (left < 0) throw new Error('killed');
        return pushes.store(...args);
      },
    };
    await expect(spool.empty(dying)).rejects.toThrow('killed');
    await spool.close();
    await open();
    await until('the spool is empty', () => !waitingOnDisk());
    const types = (await stored()).map(({ infoType }) => infoType);
    expect(types).toEqual(Array.from({ length: 10_000 }, (_, number) => `n${number}`));
  });

  test('two processes that empty one spool store each push once', async () => {
    const spool = await openSpool(join(folder, 'spool'), log);
    const push = seal(otherXml('x'));
    for (let at = 0; at < 2_000; at += 1) {
      if (at % 100 === 0) await spool.close();
      await spool.append([{ ...push, receivedAt: 1_000 + at, infoType: `n${at}` }]);
    }
    const other = await openSpool(join(folder, 'spool'), log);
    const pushes = openPushes(redis);
    await Promise.all([spool.empty(pushes), other.empty(openPushes(await own.connect()))]);
    await Promise.all([spool.close(), other.close()]);
    const types = (await stored()).map(({ infoType }) => infoType);
    expect(types.sort()).toEqual(Array.from({ length: 2_000 }, (_, number) => `n${number}`).sort());
    await open();
  });

  test.skipIf(process.getuid?.() === 0)('and the disk is full or read-only, no push is answered success', async () => {
    await open();
    await chmod(join(folder, 'spool'), 0o500);
    await own.stop();
    expect(await post(receiver.port, seal(otherXml('x')))).toEqual({ status: 503, text: 'not stored' });
    expect(await receiver.isReady()).toBe(false);
    await chmod(join(folder, 'spool'), 0o700);
  });

  test('and the spool has no folder, no push is answered success', async () => {
    await open();
    await rm(join(folder, 'spool'), { recursive: true });
    await writeFile(join(folder, 'spool'), 'in the way');
    await own.stop();
    expect(await post(receiver.port, seal(otherXml('x')))).toEqual({ status: 503, text: 'not stored' });
    expect(await receiver.isReady()).toBe(false);
  });
});

describe('a push that fits no registration', () => {
  const created = { status: '0', appid: 'wxnew', authCode: 'code' };

  test('is parked, and matched by itself when a sheet names its merchant', async () => {
    await open({ records: true });
    const book = openBook(redis);
    await post(receiver.port, seal(registrationXml(merchant(7), created)));
    await until('it is parked', async () => (await receiver.pushes.parked()) === 1);
    await book.load('b1', [merchant(6), merchant(7)]);
    await until(
      'it is matched',
      async () =>
        (await book.registration(idOf(merchant(7)))).state === 'created' && (await receiver.pushes.parked()) === 0,
    );
    expect((await book.registration(idOf(merchant(6)))).state).toBe('queued');
  });

  test('is matched whatever the case of the Weixin ID and the width of the letters', async () => {
    await open({ records: true });
    const book = openBook(redis);
    await book.load('b1', [merchant(7)]);
    const { name, code, legalPersonaWechat } = merchant(7);
    const other = {
      ...merchant(7),
      name: ` ${name} `,
      code: code.replace(/\d/g, (digit) => String.fromCharCode(digit.charCodeAt(0) + 0xfee0)),
      legalPersonaWechat: legalPersonaWechat.toUpperCase(),
    };
    await post(receiver.port, seal(registrationXml(other, created)));
    await until('it is matched', async () => (await book.registration(idOf(merchant(7)))).state === 'created');
  });

  test('by task id: the push that comes before the answer waits for it', async () => {
    await open({ records: true, api: 'successor' });
    const book = openBook(redis);
    await book.load('b1', [merchant(7)]);
    const blank = merchant(7, 'ok', { name: '', code: '', legalPersonaWechat: '', legalPersonaName: '' });
    await post(receiver.port, seal(registrationXml(blank, { ...created, taskId: 'task-1' })));
    await until('it is parked', async () => (await receiver.pushes.parked()) === 1);
    const permission = await book.take(idOf(merchant(7)));
    expect(permission.kind).toBe('go');
    await book.record(idOf(merchant(7)), 'create_accepted', { taskId: 'task-1' });
    await until('it is matched', async () => (await book.registration(idOf(merchant(7)))).state === 'created');
    expect(await receiver.pushes.parked()).toBe(0);
  });

  test('without info waits for a person', async () => {
    await open({ records: true });
    await post(receiver.port, seal(registrationXml(undefined, { status: '-1', msg: 'authorize third party failed' })));
    await until('it is parked', async () => (await receiver.pushes.parked()) === 1);
    expect(await receiver.pushes.listParked()).toMatchObject([{ why: 'no_info' }]);
  });
});

test('a receiver that drains is not ready, and answers what it has in hand', async () => {
  await open();
  expect(await receiver.isReady()).toBe(true);
  const answers = Array.from({ length: 50 }, () => post(receiver.port, seal(otherXml('x'))));
  await until('some are stored', async () => (await stored()).length > 0);
  const closing = receiver.close();
  expect(await receiver.isReady()).toBe(false);
  const successes = (await Promise.all(answers)).filter(({ text }) => text === 'success').length;
  await closing;
  expect((await stored()).length).toBeGreaterThanOrEqual(successes);
  await open();
});
