/** What becomes of a stored push while Redis, recorders and merchants come and go. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Created } from '../../src/domain/notice.js';
import type { StoredPush } from '../../src/domain/push.js';
import { type Recorder, type Recording, settle, startRecording } from '../../src/events/record.js';
import { openAuthCodes } from '../../src/redis/pushes/auth-codes.js';
import { openPushes, openPushReader } from '../../src/redis/pushes/pushes.js';
import type { PushCredential } from '../../src/wechat/crypt.js';
import { HOUR_MS, idOf, openBook } from '../support/ledger.js';
import { readableLog } from '../support/log.js';
import { merchant } from '../support/merchants.js';
import { registrationPush, registrationXml, seal } from '../support/pushes.js';
import { heldTooLong, recorderOn } from '../support/receiver.js';
import { useRedis } from '../support/redis.js';
import { until } from '../support/until.js';

const server = useRedis();
const ID = idOf(merchant(1));
const CREATED = { status: '0', appid: 'wxnew', authCode: 'code' };

let recording: Recording | undefined;
afterEach(async () => {
  await recording?.stop();
  recording = undefined;
});

function record(changes: Partial<Recorder> = {}): void {
  const recorder = { ...recorderOn(server.redis, readableLog('silent').log), ...changes };
  recording = startRecording(recorder, openPushReader(server.redis, 'recorder'), () => false);
}

/** Stores what WeChat has pushed, as the receiver does, or the spool later. */
async function store(receivedAt = Date.now()): Promise<void> {
  const push = { receivedAt, infoType: 'notify_third_fasteregister', ...seal(registrationXml(merchant(1), CREATED)) };
  await openPushes(server.redis).store([push]);
}

describe('a push that a recorder has taken', () => {
  test('is taken by another one when that recorder is dead, and not before', async () => {
    await store();
    const [dying, other] = ['dying', 'other'].map((name) => openPushReader(server.redis, name));
    if (dying === undefined || other === undefined) throw new Error('two readers');
    const taken = await dying.next(1);
    expect(taken).toHaveLength(1);
    dying.close();
    expect(await other.next(1)).toEqual([]);
    await heldTooLong(server.redis, 'dying');
    expect(await other.next(1)).toEqual(taken);
    other.close();
  });

  test('is recorded in the end, and not parked, where Redis went away while it was recorded', async () => {
    const book = openBook(server.redis);
    await book.load('b1', [merchant(1)]);
    await book.send(ID);
    let failures = 0;
    const { ledger } = recorderOn(server.redis, readableLog('silent').log);
    const goesAwayOnce: typeof ledger.record = (...args) => {
      failures += 1;
      return failures === 1 ? Promise.reject(new Error('Connection is closed.')) : ledger.record(...args);
    };
    record({ ledger: { ...ledger, record: goesAwayOnce } });
    await store();
    await until('Redis went away', () => failures === 1);
    expect((await book.registration(ID)).state).toBe('awaiting_legal_person');
    await until('it is recorded', async () => {
      await heldTooLong(server.redis, 'recorder');
      return (await book.registration(ID)).state === 'created';
    });
    expect(await openPushes(server.redis).listParked()).toEqual([]);
  });

  test('is parked if our own program fails on it, and the pushes behind it are recorded', async () => {
    const book = openBook(server.redis);
    await book.load('b1', [merchant(1)]);
    const { ledger } = recorderOn(server.redis, readableLog('silent').log);
    let reads = 0;
    const failsOnce: typeof ledger.read = (id) => {
      reads += 1;
      return reads === 1 ? Promise.reject(new TypeError('no function')) : ledger.read(id);
    };
    record({ ledger: { ...ledger, read: failsOnce } });
    await store();
    await store();
    await until('the second one is recorded', async () => (await book.registration(ID)).state === 'created');
    expect(await openPushes(server.redis).listParked()).toMatchObject([{ why: 'fault' }]);
  });
});

test('a push that waited on the disk, and then for its merchant, happened when it was received', async () => {
  const receivedAt = Date.now() - 3 * HOUR_MS;
  record();
  await store(receivedAt);
  await until('it is parked', async () => (await openPushes(server.redis).parked()) === 1);
  const book = openBook(server.redis);
  await book.load('b1', [merchant(1)]);
  await until('it is matched', async () => (await book.registration(ID)).state === 'created');
  expect(await book.registration(ID)).toMatchObject({ finishedAt: receivedAt });
  expect((await book.ledger.history(ID)).at(-1)).toMatchObject({ kind: 'mini_program_created', at: receivedAt });
  expect((await openAuthCodes(server.redis).waiting('wxnew'))?.codes).toMatchObject([
    { at: receivedAt, diesAt: receivedAt + 600_000 },
  ]);
});

describe('a success that WeChat pushes again', () => {
  const told: Created[] = [];
  const codes = () => openAuthCodes(server.redis);

  async function pushed(authCode: string | undefined, receivedAt: number): Promise<boolean> {
    const recorder = recorderOn(server.redis, readableLog('silent').log);
    const success = { status: '0', appid: 'wxnew', createdAt: receivedAt, ...(authCode !== undefined && { authCode }) };
    const push = registrationPush(undefined, success);
    const stored = { id: '1-1', entry: '1-1', receivedAt, infoType: 'x', query: '', body: Buffer.alloc(0) };
    const notifyCreated = async (it: Created): Promise<void> => void told.push(it);
    const view = await openBook(server.redis).view(ID);
    return settle({ ...recorder, notifyCreated }, view, push, stored satisfies StoredPush);
  }

  async function sent(): Promise<ReturnType<typeof openBook>> {
    told.length = 0;
    const book = openBook(server.redis);
    await book.load('b1', [merchant(1)]);
    await book.send(ID);
    return book;
  }

  test('after its token was kept brings no code to exchange and no notice, but a newer code does', async () => {
    const book = await sent();
    const at = Date.now();
    expect(await pushed('code', at)).toBe(true);
    const [code] = (await codes().waiting('wxnew'))?.codes ?? [];
    await codes().settle('wxnew', code?.mark ?? '');
    await book.record(ID, 'authorizer_kept', { appid: 'wxnew' });

    expect(await pushed('code', at + 1_000)).toBe(false);
    expect(await codes().waiting('wxnew')).toBeUndefined();
    expect(await pushed('newer', at + 2_000)).toBe(false);
    expect((await codes().waiting('wxnew'))?.codes).toMatchObject([{ at: at + 2_000, diesAt: at + 602_000 }]);
    expect(told).toEqual([]);
    expect(await book.registration(ID)).toMatchObject({ state: 'created', authorizer: 'kept' });
  });

  test('without a code is sent each time, with the same id: a process that died had perhaps not sent it', async () => {
    await sent();
    const at = Date.now();
    await pushed(undefined, at);
    await pushed(undefined, at);
    const notice = { registration: ID, appid: 'wxnew', at, authorization: 'none' };
    expect(told).toEqual([notice, notice]);
  });
});

describe('a push that no key of its reader opens', () => {
  const OTHER: PushCredential = { token: 'another', aesKey: Buffer.alloc(32, 9) };

  test('is parked, and recorded by a reader that runs and can open it; the first reader says that its key differs', async () => {
    const book = openBook(server.redis);
    await book.load('b1', [merchant(1)]);
    await book.send(ID);
    const onOtherKey = vi.fn();
    record({ credentials: [OTHER], onOtherKey });
    await store();
    const pushes = openPushes(server.redis);
    await until('it is parked', async () => (await pushes.listParked())[0]?.why === 'unreadable');
    expect(onOtherKey).toHaveBeenCalledTimes(1);
    await recording?.stop();

    record();
    await until('it is recorded', async () => (await book.registration(ID)).state === 'created');
    await until('it is not parked any more', async () => (await pushes.parked()) === 0);
  });

  test('stays parked where this reader cannot open it either, and is not recorded twice', async () => {
    let now = Date.now();
    const onOtherKey = vi.fn();
    record({ credentials: [OTHER], onOtherKey, now: () => now });
    await store();
    const pushes = openPushes(server.redis);
    await until('it is parked', async () => (await pushes.parked()) === 1);
    let looks = 0;
    await recording?.stop();
    const listParked: typeof pushes.listParked = () => {
      looks += 1;
      return pushes.listParked();
    };
    record({ credentials: [OTHER], now: () => now, pushes: { ...pushes, listParked } });
    await until('it has looked', () => looks === 1);
    now += 61_000;
    await store(now);
    await until('the new push is parked, too', async () => (await pushes.parked()) === 2);
    now += 61_000;
    await until('it has looked again', () => looks === 2);
    expect(onOtherKey).toHaveBeenCalledTimes(1);
    expect((await pushes.listParked()).map(({ why }) => why)).toEqual(['unreadable', 'unreadable']);
  });
});
