import { describe, expect, onTestFinished, test } from 'vitest';
import { type Recorder, startRecording } from '../../src/events/record.js';
import { key } from '../../src/redis/keys.js';
import { openPushes, openPushReader } from '../../src/redis/pushes/pushes.js';
import { idOf, openBook } from '../support/ledger.js';
import { readableLog } from '../support/log.js';
import { merchant } from '../support/merchants.js';
import { otherXml, registrationXml, seal } from '../support/pushes.js';
import { heldTooLong, recorderOn } from '../support/receiver.js';
import { useRedis } from '../support/redis.js';
import { until } from '../support/until.js';

const server = useRedis();
const one = merchant(1);

/** The errors in the words of Redis. */
const REDIS_FAULTS = [
  "OOM command not allowed when used memory > 'maxmemory'.",
  'MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist to disk.',
  'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
  'ERR Error running script: @user_script:1: OOM command not allowed',
  'NOREPLICAS Not enough good replicas to write.',
];

test.each(REDIS_FAULTS)('a push is recorded once Redis can again, and not parked for: %s', async (fault) => {
  const book = openBook(server.redis);
  await book.load('b1', [one]);
  await book.send(idOf(one));
  let times = 0;
  await record((recorder) => ({
    ...recorder,
    ledger: {
      ...recorder.ledger,
      async record(...args) {
        times += 1;
        if (times === 1) throw new Error(fault);
        return recorder.ledger.record(...args);
      },
    },
  }));
  const { query, body } = seal(registrationXml(one, { status: '0', appid: 'wx0000000000000001' }));
  await openPushes(server.redis).store([
    { receivedAt: Date.now(), infoType: 'notify_third_fasteregister', query, body },
  ]);

  await until('it was tried', () => times === 1);
  await until('it is recorded', async () => {
    await heldTooLong(server.redis, 'reader');
    return (await book.registration(idOf(one))).state === 'created';
  });
  expect(times).toBe(2);
  expect(await openPushes(server.redis).parked()).toBe(0);
});

test('a push whose registration Redis loses while it is recorded waits for the sheet that brings it back', async () => {
  const book = openBook(server.redis);
  await book.load('b1', [one]);
  await book.send(idOf(one));
  await record((recorder) => ({
    ...recorder,
    ledger: {
      ...recorder.ledger,
      async record(...args) {
        await server.redis.del(key('registration', idOf(one)), key('history', idOf(one)));
        return recorder.ledger.record(...args);
      },
    },
  }));
  const { query, body } = seal(registrationXml(one, { status: '0', appid: 'wx0000000000000001' }));
  await openPushes(server.redis).store([
    { receivedAt: Date.now(), infoType: 'notify_third_fasteregister', query, body },
  ]);

  await until('it is parked', async () => (await openPushes(server.redis).parked()) === 1);
  expect(await openPushes(server.redis).listParked()).toMatchObject([{ why: 'unknown_merchant' }]);
});

describe('Redis loses its last second while a batch of pushes is recorded', () => {
  const { query, body } = seal(registrationXml(one, { status: '0', appid: 'wx0000000000000001' }));
  const PUSH = { receivedAt: Date.now(), infoType: 'notify_third_fasteregister', query, body };
  const runOf = async () => /run_id:(\w+)/.exec(await server.redis.info('server'))?.[1] ?? '';

  // Either another process has asked already, or the acknowledgement is the first command of the new run.
  test.each([
    ['another epoch has begun', { id: 'second' }],
    ['no process has asked yet', { run: 'another' }],
  ])('and %s: what it forgot of them is recorded again', async (_, begins) => {
    const book = openBook(server.redis);
    await book.load('b1', [one]);
    await book.send(idOf(one));
    await server.redis.hset(key('epoch'), { id: 'first', run: await runOf() });
    const names = [key('registration', idOf(one)), key('history', idOf(one))];
    const before = await Promise.all(names.map((name) => server.redis.dumpBuffer(name)));
    let [epoch, times] = ['first', 0];
    const acknowledged: boolean[] = [];
    await record((recorder) => ({
      ...recorder,
      epoch: () => epoch,
      pushes: {
        ...recorder.pushes,
        async done(...args) {
          const isDone = await recorder.pushes.done(...args);
          acknowledged.push(isDone);
          return isDone;
        },
      },
      ledger: {
        ...recorder.ledger,
        async record(...args) {
          const recorded = await recorder.ledger.record(...args);
          times += 1;
          if (times > 1) return recorded;
          for (const [at, name] of names.entries()) await server.redis.restore(name, 0, before[at] ?? '', 'REPLACE');
          await server.redis.hset(key('epoch'), begins);
          return recorded;
        },
      },
    }));
    await openPushes(server.redis).store([PUSH]);
    await until(
      'it was forgotten',
      async () => times === 1 && (await book.registration(idOf(one))).state !== 'created',
    );
    // This process has compared its journal by then.
    await server.redis.hset(key('epoch'), { id: 'second', run: await runOf() });
    epoch = 'second';
    await until('it is recorded again', async () => {
      await heldTooLong(server.redis, 'reader');
      return (await book.registration(idOf(one))).state === 'created';
    });
    await until('it is acknowledged', async () => {
      const { byOutcome } = await openPushes(server.redis).counts();
      return byOutcome.some(({ outcome, count }) => outcome === 'recorded' && count === 1);
    });
    expect(times).toBe(2);
    // Behind what is recorded.
    await until('it is acknowledged', () => acknowledged.length > 1);
    // The recorder says in its log that they come again, and not that they were lost.
    expect(acknowledged).toEqual([false, true]);
  });
});

test('each push of a batch is counted by its kind and what became of it', async () => {
  const pushes = openPushes(server.redis);
  const kinds = ['component_verify_ticket', 'authorized', 'unauthorized'].map((infoType, at) => {
    const { query, body } = seal(otherXml(`kind-${at}`));
    return { receivedAt: Date.now(), infoType, query, body };
  });
  await pushes.store(kinds);
  const taken = await openPushReader(server.redis, 'reader').next(1);
  expect(taken).toHaveLength(3);
  const outcomes = ['recorded', 'not_ours', 'parked'] as const;
  expect(await pushes.done(taken.map((push, at) => [push, outcomes[at] ?? 'recorded']))).toBe(true);
  const { byOutcome } = await pushes.counts();
  const over = byOutcome.filter(({ outcome }) => outcome !== 'stored');
  expect(over.map(({ infoType, outcome, count }) => [infoType, outcome, count]).sort()).toEqual([
    ['authorized', 'not_ours', 1],
    ['component_verify_ticket', 'recorded', 1],
    ['unauthorized', 'parked', 1],
  ]);
});

test('readers of processes that have died are forgotten, but none that holds a push', async () => {
  const [stream, group] = [key('pushes'), 'ledger'];
  // Longer than a busy machine takes from the beginning of a living reader to the next step.
  const idleMs = 1_000;
  const { redis } = server;
  await redis.xgroup('CREATE', stream, group, '0', 'MKSTREAM');
  await redis.xadd(stream, '*', 'at', '1');
  await redis.xreadgroup('GROUP', group, 'holds', 'COUNT', 1, 'STREAMS', stream, '>');
  await redis.xgroup('CREATECONSUMER', stream, group, 'dead');
  await until('both were not seen for a while', async () => {
    const consumers = (await redis.xinfo('CONSUMERS', stream, group)) as unknown[][];
    return consumers.every((it) => Number(it[it.indexOf('idle') + 1]) >= idleMs);
  });
  await redis.xgroup('CREATECONSUMER', stream, group, 'lives');

  expect(await openPushes(redis).forgetReaders(idleMs)).toBe(1);
  const names = ((await redis.xinfo('CONSUMERS', stream, group)) as unknown[][]).map(
    (it) => it[it.indexOf('name') + 1],
  );
  expect(names.sort()).toEqual(['holds', 'lives']);
});

test('a recorder forgets them by itself', async () => {
  let forgotten = 0;
  await record((recorder) => ({
    ...recorder,
    pushes: {
      ...recorder.pushes,
      async forgetReaders(idleMs) {
        expect(idleMs).toBe(3_600_000);
        forgotten += 1;
        return 0;
      },
    },
  }));
  await until('it has', () => forgotten > 0);
});

async function record(changed: (recorder: Recorder) => Recorder): Promise<void> {
  const redis = server.connect();
  const recorder = changed(recorderOn(redis, readableLog().log));
  const recording = startRecording(recorder, openPushReader(redis, 'reader'), () => false);
  onTestFinished(() => recording.stop());
}
