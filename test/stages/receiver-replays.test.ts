/** A push that was captured is worth nothing to whoever sends it again. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ReceivedPush } from '../../src/domain/push.js';
import { openAges } from '../../src/events/age.js';
import { openPushIntake } from '../../src/events/push-intake.js';
import { openReceiver as openDoor, receive } from '../../src/events/receive.js';
import { openRecent } from '../../src/events/recent.js';
import { openRefusals } from '../../src/events/refusals.js';
import { openSpool } from '../../src/events/spool.js';
import { key } from '../../src/redis/keys.js';
import { openPushes, openPushReader } from '../../src/redis/pushes/pushes.js';
import { encrypt, signatureOf } from '../../src/wechat/crypt.js';
import { readableLog } from '../support/log.js';
import { CREDENTIAL, otherXml, PLATFORM, type SealedRequest, seal, sign, ticketXml } from '../support/pushes.js';
import { openReceiver, post } from '../support/receiver.js';
import { losingAnswers, useRedis } from '../support/redis.js';
import { until } from '../support/until.js';

const server = useRedis();
const DAY_MS = 86_400_000;

let folder: string;
let receiver: Awaited<ReturnType<typeof openReceiver>> | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fr-replays-'));
});
afterEach(async () => {
  await receiver?.close();
  receiver = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function open(records = false): Promise<void> {
  await receiver?.close();
  const redis = records ? server.connect() : undefined;
  receiver = await openReceiver({ door: server.connect(), redis, folder, log: readableLog('silent').log });
}

const send = (push: SealedRequest) => post(receiver?.port ?? 0, push);
const pushes = () => openPushes(server.redis);
const stored = async (): Promise<string[]> => (await pushes().after('0-0', 100_000)).map(({ infoType }) => infoType);
/** Counts are saved by a connection of the receiver's own, sooner or later. */
async function untilRefused(why: string, times: number): Promise<void> {
  receiver?.refusals.flush();
  await until(`${times} were refused`, async () => Number(await server.redis.hget(key('refused'), why)) >= times);
  expect(await server.redis.hget(key('refused'), why)).toBe(String(times));
}
/** As it was sent then. */
const old = (xml: (at: number) => string, days = 4): SealedRequest => {
  const at = Date.now() - days * DAY_MS;
  return sign(encrypt(CREDENTIAL.aesKey, xml(at), PLATFORM, Buffer.alloc(16)), CREDENTIAL.token, at);
};
const oldType = (infoType: string) => (at: number) =>
  otherXml(infoType).replace(/<CreateTime>\d+/, `<CreateTime>${Math.floor(at / 1000)}`);

describe('a signature', () => {
  test('is stored once, however often and however fast its push comes', async () => {
    await open();
    const push = seal(otherXml('authorized'));
    const answers = await Promise.all(Array.from({ length: 50 }, () => send(push)));
    expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(['success']));
    expect(await send(push)).toEqual({ status: 200, text: 'success' });
    expect(await stored()).toEqual(['authorized']);
    await untilRefused('repeated', 50);
  });

  test('is known to another process, and whatever else stands in the query', async () => {
    await open();
    const push = seal(otherXml('authorized'));
    await send(push);
    await open();
    expect((await send({ ...push, query: `${push.query}&x=1` })).text).toBe('success');
    expect(await stored()).toEqual(['authorized']);
    await untilRefused('repeated', 1);
  });

  test('that is new is a new push, also of the same message', async () => {
    await open();
    const encrypted = encrypt(CREDENTIAL.aesKey, otherXml('authorized'), PLATFORM, Buffer.alloc(16));
    await send(sign(encrypted));
    await send(sign(encrypted));
    expect(await stored()).toEqual(['authorized', 'authorized']);
  });

  test('of a push that could not be stored is not remembered', async () => {
    const { log } = readableLog('silent');
    let fails = true;
    const kept: ReceivedPush[] = [];
    const door = openDoor({
      credentials: [CREDENTIAL],
      componentAppid: PLATFORM,
      sealTicket: (ticket) => ticket,
      put: async (push) => {
        if (fails) throw new Error('full');
        kept.push(push);
      },
      refusals: openRefusals({ log, save: async () => {} }),
      now: Date.now,
      log,
    });
    const { query, body } = seal(otherXml('authorized'));
    const both = [receive(door, query, body), receive(door, query, body)];
    expect((await Promise.all(both)).map(({ status }) => status)).toEqual([503, 503]);
    fails = false;
    expect((await receive(door, query, body)).status).toBe(200);
    expect(kept).toHaveLength(1);
  });

  test('is not remembered of a push that our program failed on: its repetition is stored', async () => {
    const { log, lines } = readableLog();
    let fails = true;
    const kept: ReceivedPush[] = [];
    const door = openDoor({
      credentials: [CREDENTIAL],
      componentAppid: PLATFORM,
      sealTicket(ticket) {
        if (fails) throw new Error('no key');
        return ticket;
      },
      put: async (push) => void kept.push(push),
      refusals: openRefusals({ log, save: async () => {} }),
      now: Date.now,
      log,
    });
    const { query, body } = seal(ticketXml('ticket@@@new'));
    expect(await receive(door, query, body)).toMatchObject({ status: 503, keep: undefined });
    expect(lines.join('\n')).toContain('the receiver failed');
    fails = false;
    expect((await receive(door, query, body)).status).toBe(200);
    expect(kept).toHaveLength(1);
  });

  test('is remembered for days, for so many pushes of each, and in one step that may run twice', async () => {
    const push = (n: number, day: number): ReceivedPush => ({
      receivedAt: day * DAY_MS,
      infoType: `n${n}`,
      query: '',
      body: Buffer.from('x'),
      signature: String(n).padStart(40, '0'),
    });
    const twice = openPushes(losingAnswers(server.redis));
    await twice.store(Array.from({ length: 2_500 }, (_, n) => push(n, 20_000)));
    expect(await stored()).toHaveLength(2_500);
    await pushes().store([push(7, 20_001), push(2_499, 20_004), push(2_500, 20_004), push(2_500, 20_004)]);
    expect((await stored()).slice(2_500)).toEqual(['n2500']);
    expect(await server.redis.ttl(key('signatures', 20_004))).toBeGreaterThan(4 * 86_400);
    // What is not remembered any more is as old as that, and not taken for it.
    await pushes().store([push(8, 20_005)]);
    expect((await stored()).slice(2_501)).toEqual(['n8']);
  });
});

test('a process remembers the latest signatures, and drops the oldest', () => {
  const recent = openRecent(4);
  for (const n of [1, 2, 3, 4, 5]) recent.set(`s${n}`, Promise.resolve());
  expect([1, 2, 3, 4, 5].map((n) => recent.get(`s${n}`) !== undefined)).toEqual([false, false, true, true, true]);
  recent.forget('s3');
  expect(recent.get('s3')).toBeUndefined();
});

describe('a push that is older than three days', () => {
  test('is answered, counted and parked, and nothing comes of it', async () => {
    await open(true);
    const answer = await send(old((at) => ticketXml('ticket@@@old', at)));
    expect(answer).toEqual({ status: 200, text: 'success' });
    expect(await stored()).toEqual([]);
    expect(await pushes().listParked()).toMatchObject([{ why: 'old', infoType: 'component_verify_ticket' }]);
    expect(await pushes().parked()).toBe(1);
    await untilRefused('old', 1);
    expect(await server.redis.exists(key('ticket'))).toBe(0);

    const [parked] = await pushes().listParked();
    expect(await pushes().find(parked?.id ?? '')).toMatchObject({ why: 'old' });
    await send(seal(otherXml('authorized')));
    await until('what comes after it is recorded', async () =>
      (await pushes().counts()).byOutcome.some(({ outcome }) => outcome !== 'stored'),
    );
    expect(await stored()).toEqual(['authorized']);
    await pushes().unpark(parked?.id ?? '');
    expect(await pushes().parked()).toBe(0);
  });

  test('is parked with a thousand others, and not with more', async () => {
    const of = (n: number): ReceivedPush => ({
      receivedAt: Date.now(),
      infoType: 'authorized',
      query: `n=${n}`,
      body: Buffer.from('x'),
      signature: String(n).padStart(40, '0'),
      isOld: true,
    });
    await pushes().store(Array.from({ length: 1_200 }, (_, n) => of(n)));
    expect(await pushes().parked()).toBe(1_000);
    expect(await pushes().forgetBefore(Date.now() + 1)).toBe(1_000);
    expect(await pushes().parked()).toBe(0);
    expect(await stored()).toEqual([]);
  });

  test('is not relayed and not recorded: no reader of the stream sees it', async () => {
    const reader = openPushReader(server.connect(), 'test');
    await pushes().store([
      {
        receivedAt: Date.now(),
        infoType: 'authorized',
        query: '',
        body: Buffer.from('x'),
        signature: 'a'.repeat(40),
        isOld: true,
      },
      { receivedAt: Date.now(), infoType: 'component_verify_ticket', query: '', body: Buffer.from('x') },
    ]);
    expect((await reader.next(100)).map(({ infoType }) => infoType)).toEqual(['component_verify_ticket']);
    reader.close();
  });

  test('is recognised by the later of its two times', async () => {
    await open();
    const at = Date.now() - 4 * DAY_MS;
    const signedNow = sign(encrypt(CREDENTIAL.aesKey, oldType('signed_now')(at), PLATFORM, Buffer.alloc(16)));
    await send(signedNow);
    await send(old(() => otherXml('made_now')));
    await send(old(oldType('both_old')));
    await send(old(oldType('not_yet'), 2.9));
    expect(await stored()).toEqual(['signed_now', 'made_now', 'not_yet']);
  });

  test('does not become young by a timestamp and a nonce that are exchanged, which leaves the signature valid', async () => {
    await open();
    const at = Date.now() - 4 * DAY_MS;
    const signedAs = (infoType: string, timestamp: string, nonce: string): SealedRequest => {
      const encrypted = encrypt(CREDENTIAL.aesKey, oldType(infoType)(at), PLATFORM, Buffer.alloc(16));
      const { body } = sign(encrypted);
      const signature = signatureOf(CREDENTIAL.token, timestamp, nonce, encrypted);
      return { query: `timestamp=${timestamp}&nonce=${nonce}&encrypt_type=aes&msg_signature=${signature}`, body };
    };
    const seconds = (ms: number) => String(Math.floor(ms / 1000));
    await send(signedAs('exchanged', '1999999999', seconds(at)));
    await send(signedAs('two_hours_ahead', seconds(Date.now() + 7_200_000), seconds(at)));
    expect(await stored()).toEqual([]);
    await untilRefused('old', 2);
    // It was signed anew, by a clock that is a little ahead of ours.
    await send(signedAs('signed_anew', seconds(Date.now() + 1_800_000), '1999999999'));
    expect(await stored()).toEqual(['signed_anew']);
  });

  test('came in time where it only waited on the disk', async () => {
    const { log } = readableLog('silent');
    const spool = await openSpool(join(folder, 'spool'), log);
    const base = { query: '', body: Buffer.from('x'), createdAt: Date.now() - 9 * DAY_MS };
    await spool.append([
      { ...base, receivedAt: Date.now() - 9 * DAY_MS, infoType: 'in_time', signature: 'a'.repeat(40) },
      { ...base, receivedAt: Date.now() - DAY_MS, infoType: 'old', signature: 'b'.repeat(40), isOld: true },
    ]);
    await spool.empty(pushes());
    await spool.close();
    expect(await stored()).toEqual(['in_time']);
    expect(await pushes().listParked()).toMatchObject([{ why: 'old', infoType: 'old' }]);
  });
});

describe('with a clock of ours that is wrong', () => {
  const now = Date.UTC(2026, 10, 28);

  test('by days, pushes are not old: what is as new as the newest is not', () => {
    let ours = now;
    const ages = openAges(() => ours);
    expect(ages.isOld(now)).toBe(false);
    ours = now + 10 * DAY_MS;
    expect(ages.isOld(now + 600_000)).toBe(false);
    expect(ages.isOld(now + 1_200_000)).toBe(false);
    expect(ages.isOld(now)).toBe(false);
    expect(ages.isOld(now - 4 * DAY_MS)).toBe(true);
  });

  test('by days at the start already, what is as new as the ticket that is there is not old', () => {
    const ages = openAges(() => now + 10 * DAY_MS);
    expect(ages.isOld(now)).toBe(true);
    ages.know(now - 600_000);
    expect(ages.isOld(now)).toBe(false);
    expect(ages.isOld(now - 4 * DAY_MS)).toBe(true);
  });

  test('in the past, nothing is old', () => {
    const ages = openAges(() => now - 365 * DAY_MS);
    expect(ages.isOld(now)).toBe(false);
  });

  test('an old push says nothing of what is new', () => {
    const ages = openAges(() => now);
    for (const days of [6, 5, 4]) expect(ages.isOld(now - days * DAY_MS)).toBe(true);
    expect(ages.isOld(undefined)).toBe(false);
  });
});

test('captured pushes do not fill the disk while Redis is away', async () => {
  const { log } = readableLog('silent');
  const kept: ReceivedPush[] = [];
  const shelf = openPushIntake({
    pushes: {
      store: async () => {
        throw new Error('away');
      },
      storedOf: async () => 0,
    },
    spool: {
      append: async (batch) => void kept.push(...batch),
      settled: async () => {},
      empty: async () => 0,
      isEmpty: async () => false,
      canWrite: async () => true,
      close: async () => {},
    },
    redisAnswers: async () => false,
    log,
  });
  const push: ReceivedPush = { receivedAt: 1, infoType: 'x', query: '', body: Buffer.from('x') };
  await Promise.all(Array.from({ length: 1_500 }, () => shelf.put({ ...push, isOld: true })));
  await shelf.put(push);
  expect(kept).toHaveLength(1_001);
  await shelf.close();
});

test('requests whether a push could be stored write no file each time', async () => {
  const { log } = readableLog('silent');
  const spool = await openSpool(join(folder, 'spool'), log);
  let probes = 0;
  const canWrite = (): Promise<boolean> => {
    probes += 1;
    return spool.canWrite();
  };
  const shelf = openPushIntake({
    pushes: pushes(),
    spool: { ...spool, canWrite },
    redisAnswers: async () => false,
    log,
  });
  for (let times = 0; times < 5; times += 1) {
    const answers = await Promise.all(Array.from({ length: 200 }, () => shelf.canStore()));
    expect(new Set(answers)).toEqual(new Set([true]));
  }
  expect(probes).toBeLessThan(10);
  expect(await readdir(join(folder, 'spool'))).toEqual([]);
  await shelf.close();
});
