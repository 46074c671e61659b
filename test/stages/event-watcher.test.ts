import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Night } from '../../src/domain/night.js';
import type { Notice } from '../../src/domain/notice.js';
import { type EventWatcher, type SpentDay, startEventWatcher } from '../../src/notices/event-watcher.js';
import { key } from '../../src/redis/keys.js';
import type { Loss } from '../../src/redis/ledger/last-loss.js';
import { openNotices } from '../../src/redis/notices.js';
import { openSentNotices } from '../../src/redis/sent-notices.js';
import { openWakeupChannel, type WakeupChannel } from '../../src/redis/wakeup-channel.js';
import { idOf, openBook } from '../support/ledger.js';
import { readableLog } from '../support/log.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const db = useRedis();
let wakeupChannel: WakeupChannel;
let spent: SpentDay | undefined;
let loss: Loss | undefined;
let nights: Partial<Night>[];

beforeEach(async () => {
  wakeupChannel = await openWakeupChannel(db.redis);
  spent = undefined;
  loss = undefined;
  nights = [];
});
afterEach(() => wakeupChannel.close());

function herald(): EventWatcher {
  const { batches, calls } = openBook(db.redis);
  const told = openSentNotices(db.redis, [{ destination: 'notify' }]);
  return startEventWatcher({
    sentNotices: told,
    batches,
    calls,
    wakeupChannel,
    nights: { list: async () => nights as Night[] },
    spentDay: async () => spent,
    loss: async () => loss,
    words: (why) => ({
      problem: 'line' in why ? why.line.problem : `wait:${why.wait.why}`,
      reason: { en: 'why', zh: '原因' },
      nextStep: { en: 'what to do', zh: '怎么办' },
      whoActs: 'us',
    }),
    notifyAfterMs: 600_000,
    now: Date.now,
    log: readableLog().log,
  });
}

/** One look of so many processes at once. */
async function look(processes = 1): Promise<void> {
  await Promise.all(Array.from({ length: processes }, () => herald().close()));
}

async function noticesWaiting(): Promise<Notice[]> {
  const notices = openNotices(db.redis);
  const found: Notice[] = [];
  for (;;) {
    const taken = await notices.take('notify', 60_000);
    if (typeof taken === 'number') return found;
    found.push(taken.notice);
    await notices.done('notify', taken);
  }
}

test('a batch that is done is reported once, by whichever process, and again after a retry', async () => {
  const { load, send, record } = openBook(db.redis);
  const one = idOf(merchant(1));
  await look();
  await load('b1', [merchant(1), undefined]);
  await look();
  expect(await noticesWaiting()).toEqual([]);

  await send(one);
  await record(one, 'legal_person_timed_out', { problem: 'push:100003' });
  await look(5);
  const [notice, ...others] = await noticesWaiting();
  expect(others).toEqual([]);
  expect(notice).toMatchObject({ type: 'batch.done', data: { batch: 'b1', outcomes: { expired: 1, invalid: 1 } } });
  expect(JSON.stringify(notice)).not.toMatch(new RegExp(`${merchant(1).name}|${merchant(1).code}`));

  await record(one, 'retry_asked');
  await look();
  await record(one, 'cancel_asked');
  await look(2);
  expect((await noticesWaiting()).map(({ data }) => data.outcomes)).toEqual([{ cancelled: 1, invalid: 1 }]);
});

test.each([
  ['while processes look', true],
  ['while no process looks', false],
])('a batch is reported when it is done, however many were loaded since, %s', async (_, isSeenBefore) => {
  const { load, send, record } = openBook(db.redis);
  const one = idOf(merchant(1));
  await look();
  await load('large', [merchant(1)]);
  await send(one);
  if (isSeenBefore) await look();
  await db.redis.rpush(key('batches'), ...Array.from({ length: 500 }, (_, number) => `being loaded ${number}`));
  await load('newest', [undefined]);
  await look();
  const reported = async () => (await noticesWaiting()).map(({ data }) => data.batch);
  expect(await reported()).toEqual(['newest']);
  await record(one, 'registration_refused', { problem: 'push:103' });
  await look(3);
  expect(await reported()).toEqual(['large']);
  await look();
  expect(await reported()).toEqual([]);
});

test.each([
  [{}, true],
  [{ ending: 'done', endedAt: Date.now() }, true],
  [{ ending: 'done', endedAt: Date.now() - 3_600_000 }, false],
  [{ ending: 'submitted', endedAt: Date.now() }, false],
  [{ files: [] }, false],
] as const)('a batch that is done in a night with %o: the night reports it: %s', async (night, isReported) => {
  const { load } = openBook(db.redis);
  nights = [{ files: [{ name: 'a.csv', batch: 'b1', moved: '', report: '' }], ...night } as Partial<Night>];
  await look();
  await load('b1', [undefined]);
  await look();
  expect(await noticesWaiting()).toMatchObject([{ type: 'batch.done', chat: { reported_by_night: isReported } }]);
});

test('data that Redis had lost is reported once', async () => {
  loss = { epoch: 'e1', at: 5, facts: 3, pushes: 1 };
  await look(3);
  await look();
  expect(await noticesWaiting()).toMatchObject([{ type: 'ledger.restored', data: { facts: 3, pushes: 1 } }]);
});

test('what was done before anybody wanted to hear is no news', async () => {
  const { load } = openBook(db.redis);
  await load('b1', [undefined]);
  await look(2);
  expect(await noticesWaiting()).toEqual([]);
  await load('b2', [undefined]);
  await look();
  expect((await noticesWaiting()).map(({ data }) => data.batch)).toEqual(['b2']);
});

test('a fault that a paused line meets is reported, and a pause beside a fault is no news', async () => {
  const { calls } = openBook(db.redis);
  await look();
  for (const [problem, at] of [
    ['operator:pause', 1],
    ['create:89254', 2],
    ['operator:pause', 3],
    ['token:40125', 4],
  ] as const) {
    await calls.stopLine({ because: 'said', problem, at });
    await look();
  }
  expect((await noticesWaiting()).map(({ data }) => data.problem)).toEqual(['operator:pause', 'create:89254']);
});

test('each stop of the line is reported, and each quota day once', async () => {
  const { calls } = openBook(db.redis);
  await look();
  await calls.stopLine({ because: 'maintenance', problem: 'operator:pause', at: 1 });
  spent = { day: '2026-11-21', endsAt: Date.parse('2026-11-22T00:00+08:00'), used: 1000 };
  await look(3);
  await db.redis.del(key('line'));
  await look();
  await calls.stopLine({ because: 'again', problem: 'operator:pause', at: 2 });
  await look(3);
  const told = (await noticesWaiting()).map(({ type, data }) => [type, data.because ?? data.goes_on_at]);
  expect(told.sort()).toEqual([
    ['line.stopped', 'again'],
    ['line.stopped', 'maintenance'],
    ['quota.ended', '2026-11-21T16:00:00.000Z'],
  ]);
});

describe('a line that opens by itself', () => {
  const MINUTE_MS = 60_000;
  const lineWas = async (minutesAgo: number, failed: number): Promise<void> => {
    const at = Date.now() - minutesAgo * MINUTE_MS;
    await db.redis.hset(key('line'), {
      state: 'retrying',
      because: 'HTTP 502',
      problem: 'call:lost',
      at,
      times: 9,
      merchants: 5,
    });
    await db.redis.hset(key('line'), { since: at, probeCall: 'any', failedProbes: failed, dueAt: at });
  };

  test('is no news before ten minutes, nor before a call has tried it; then it is reported once, and that it is over', async () => {
    await look();
    for (const [minutes, failed] of [
      [9, 5],
      [20, 0],
    ] as const) {
      await lineWas(minutes, failed);
      await look(2);
    }
    expect(await noticesWaiting()).toEqual([]);

    await lineWas(11, 5);
    await look(3);
    const [notice, ...others] = await noticesWaiting();
    expect(others).toEqual([]);
    expect(notice).toMatchObject({
      type: 'line.stopped',
      data: {
        problem: 'call:lost',
        because: 'HTTP 502',
        times: 9,
        merchants: 5,
        opens_by_itself: true,
        reason: { en: 'why' },
        next_step: { en: 'what to do' },
        who_acts: 'us',
      },
    });

    await db.redis.del(key('line'));
    await look(3);
    expect((await noticesWaiting()).map(({ type }) => type)).toEqual(['line.resumed']);
  });

  test('and was never reported opens without a notice', async () => {
    await look();
    await lineWas(5, 3);
    await look();
    await db.redis.del(key('line'));
    await look();
    expect(await noticesWaiting()).toEqual([]);
  });
});

test('a token that cannot be fetched for ten minutes is reported once, and a ticket that has not come is not', async () => {
  const { calls } = openBook(db.redis);
  await look();
  const since = (minutes: number) =>
    db.redis.hset(key('tokenWait'), { since: Date.now() - minutes * 60_000, tries: 5 });
  await calls.noteWait({ why: 'connection', ms: 5_000, maxMs: 900_000, said: 'ECONNREFUSED' });
  await since(9);
  await look();
  expect(await noticesWaiting()).toEqual([]);
  await since(11);
  await look(3);
  expect((await noticesWaiting()).map(({ data }) => [data.problem, data.because])).toEqual([
    ['wait:connection', 'ECONNREFUSED'],
  ]);
  await calls.noteWait({ why: 'ticket', ms: 60_000 });
  await since(60);
  await look();
  expect(await noticesWaiting()).toEqual([]);
});
