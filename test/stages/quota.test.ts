import { QueueKeys } from 'bullmq';
import { expect, test } from 'vitest';
import type { Limits } from '../../src/domain/limits.js';
import { key, prefix } from '../../src/redis/keys.js';
import { startRelay, workersOn } from '../../src/redis/ledger/relay.js';
import { openWakeupChannel } from '../../src/redis/wakeup-channel.js';
import type { Reply } from '../../src/wechat/client.js';
import type { QuotaReading } from '../../src/wechat/quota.js';
import { followUp } from '../../src/worker/follow-up.js';
import { tokenWithinQuota } from '../../src/worker/quota.js';
import { openSemaphore } from '../../src/worker/semaphore.js';
import { submit } from '../../src/worker/submit.js';
import { startWorker } from '../../src/worker/worker.js';
import { HOUR_MS, idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';
import { until } from '../support/until.js';
import { contextWith, type PlayedWeChat } from '../support/worker-context.js';

const server = useRedis();
const CREATED: Reply = { kind: 'answer', errcode: 0, said: 'ok', body: {} };
const day = new Date().toISOString().slice(0, 10);

test('no worker calls before WeChat has reported to one of them what the day still allows', async () => {
  const book = openBook(server.redis);
  await book.load(
    'b1',
    Array.from({ length: 30 }, (_, number) => merchant(number)),
  );
  const asked: ((reading: QuotaReading) => void)[] = [];
  let creates = 0;
  const workers = await Promise.all(
    [0, 1, 2].map(() =>
      startCrew({
        create: async () => {
          creates += 1;
          return CREATED;
        },
        readQuota: () => new Promise((resolve) => asked.push(resolve)),
      }),
    ),
  );
  await until(
    'one has asked, and the jobs are with the workers',
    async () => asked.length === 1 && (await handed()) === 0,
  );
  expect(creates).toBe(0);

  asked[0]?.({ kind: 'quota', dailyLimit: 100, used: 95, remain: 5 });
  await until('five were sent', async () => (await book.batches.counts('b1')).awaiting_legal_person === 5);
  await Promise.all(workers.map(({ close }) => close()));
  expect([asked.length, creates]).toEqual([1, 5]);
  expect(await book.calls.ofDay(day)).toMatchObject({ create: 5, reported: { limit: 5, used: 95, counted: 0 } });
});

test('calls that were under way when WeChat reported the quota are not sent a second time', async () => {
  const book = openBook(server.redis);
  await book.load(
    'b1',
    Array.from({ length: 30 }, (_, number) => merchant(number)),
  );
  let arrived = 0;
  const onTheirWay: (() => void)[] = [];
  const readQuota = async (): Promise<QuotaReading> => ({
    kind: 'quota',
    dailyLimit: 12,
    used: arrived,
    remain: 12 - arrived,
  });
  // However slow this machine is, they are under way all the time.
  const patience = { requestTimeoutMs: HOUR_MS };
  const slow = await startCrew({
    patience,
    create: () =>
      new Promise((resolve) => {
        onTheirWay.push(() => {
          arrived += 1;
          resolve(CREATED);
        });
      }),
    readQuota,
  });
  await until('ten are on their way', () => onTheirWay.length === 10);

  // An hour later, as far as anybody knows; what others ask now has WeChat's number without those ten.
  await server.redis.del(key('quotaAsked'));
  const prompt = await startCrew({
    patience,
    create: async () => {
      arrived += 1;
      return CREATED;
    },
    readQuota,
  });
  await until('nothing of the day is left', async () => (await book.calls.ofDay(day)).create === 12);
  for (const arrive of onTheirWay) arrive();
  await until('all were answered', async () => (await book.batches.counts('b1')).submitting === undefined);
  await Promise.all([slow.close(), prompt.close()]);
  expect(arrived).toBe(12);
  expect(await book.calls.ofDay(day)).toMatchObject({ reported: { limit: 12, used: 0, counted: 10 } });
});

test('a call that goes out while WeChat is asked may not be in its number yet, and is not added to it', async () => {
  const book = openBook(server.redis);
  await book.load('b1', [merchant(1)]);
  const redis = server.connect();
  const wakeupChannel = await openWakeupChannel(redis);
  const readQuota = async (): Promise<QuotaReading> => {
    await book.take(idOf(merchant(1)), { day });
    return { kind: 'quota', dailyLimit: 12, used: 0, remain: 12 };
  };
  const context = contextWith(redis, wakeupChannel, {
    create: async () => CREATED,
    readQuota,
    limits: { believeWeChat: true },
  });
  await tokenWithinQuota(context);
  await wakeupChannel.close();
  expect(await book.calls.ofDay(day)).toMatchObject({ create: 1, reported: { limit: 12, used: 0, counted: 0 } });
});

test('a create that waits for the day has the call of a search that could not be sent', async () => {
  const book = openBook(server.redis);
  const [silent, waiting] = [idOf(merchant(1)), idOf(merchant(2))];
  await book.load('b1', [merchant(1), merchant(2)]);
  await book.send(silent);
  await book.record(silent, 'task_unclear', { until: 1, callSentAt: (await book.registration(silent)).sentAt ?? 0 });
  const wakeupChannel = await openWakeupChannel(server.connect());
  let fail: ((reply: Reply) => void) | undefined;
  const context = contextWith(server.redis, wakeupChannel, {
    create: async () => CREATED,
    search: () =>
      new Promise((resolve) => {
        fail = resolve;
      }),
    patience: { pushWaitMs: 1 },
    limits: { perDay: 1 },
  });
  const searched = followUp(context, { kind: 'follow-up', name: `${silent}-1-0` }, silent);
  await until('the search is on its way', () => fail !== undefined);
  let answered = '';
  const acquire: typeof context.calls.acquire = async (...args) => {
    const permit = await context.calls.acquire(...args);
    answered = permit.kind;
    return permit;
  };
  const creating = { ...context, calls: { ...context.calls, acquire } };
  const sent = submit(creating, openSemaphore(1), { kind: 'submit', name: `${waiting}-1-0` }, waiting);
  await until('the create waits for the next check', () => answered === 'wait');

  fail?.({ kind: 'not_sent', why: 'ECONNREFUSED' });
  await Promise.all([searched, sent]);
  expect(await book.calls.ofDay(day)).toMatchObject({ create: 1, search: 0 });
  expect((await book.registration(waiting)).state).toBe('awaiting_legal_person');
  await wakeupChannel.close();
});

test('a worker that leaves while the quota is asked makes no call', async () => {
  const book = openBook(server.redis);
  await book.load(
    'b1',
    Array.from({ length: 5 }, (_, number) => merchant(number)),
  );
  const asked: ((reading: QuotaReading) => void)[] = [];
  let creates = 0;
  const { close } = await startCrew({
    create: async () => {
      creates += 1;
      return CREATED;
    },
    readQuota: () => new Promise((resolve) => asked.push(resolve)),
  });
  await until('it has asked', () => asked.length === 1);

  const closed = close();
  asked[0]?.({ kind: 'quota', dailyLimit: 100, used: 0, remain: 100 });
  await closed;
  expect(creates).toBe(0);
  expect(await book.batches.counts('b1')).toEqual({ queued: 5 });
});

test('a number that WeChat does not report delays no call', async () => {
  const book = openBook(server.redis);
  await book.load('b1', [merchant(1)]);
  const { close } = await startCrew({
    create: async () => CREATED,
    readQuota: async () => ({ kind: 'not_reported', errcode: 76021, said: 'cgi_path not found' }),
  });
  await until('it was sent', async () => (await book.batches.counts('b1')).awaiting_legal_person === 1);
  await close();
});

test('a day that WeChat closed is probed by one create if a proxy refuses the question, but not if it may have been passed on', async () => {
  const book = openBook(server.redis);
  await book.load('b1', [merchant(1)]);
  let creates = 0;
  let asked = 0;
  let taken: 'no' | 'unknown' = 'unknown';
  const { close } = await startCrew(
    {
      create: async () => {
        creates += 1;
        return creates === 1
          ? { kind: 'answer', errcode: 45009, said: 'reach max api daily quota limit', body: {} }
          : CREATED;
      },
      async readQuota() {
        asked += 1;
        return { kind: 'page', taken, why: 'HTTP 403 and no JSON (text/html)' };
      },
    },
    { believeWeChat: false, quotaRechecksMs: [20, 40, 60, 80, 100] },
  );
  await until('the day is closed', () => asked > 0);
  // Loaded now: with the first one it could have its permit before that was answered.
  await book.load('b2', [merchant(2)]);
  const askedBefore = asked;
  await until('it was asked some times in vain', () => asked > askedBefore + 3);
  expect(creates).toBe(1);
  taken = 'no';
  for (const batch of ['b1', 'b2']) {
    await until('it was sent', async () => (await book.batches.counts(batch)).awaiting_legal_person === 1);
  }
  await close();
});

// --- helpers ----------------------------------------------------------------------------------------------------------

/** Registrations that are ready and with no worker yet. */
async function handed(): Promise<number> {
  return server.redis.llen(new QueueKeys(prefix()).toKey('submit', 'wait'));
}

/** A worker process of its own, all but the process. */
async function startCrew(
  wechat: PlayedWeChat,
  limits: Partial<Limits> = { believeWeChat: true },
): Promise<{ close(): Promise<void> }> {
  const redis = server.connect();
  const wakeupChannel = await openWakeupChannel(redis);
  const context = contextWith(redis, wakeupChannel, { ...wechat, limits });
  const relay = startRelay({ redis, wakeupChannel, log: context.log, windowSize: 1_000, perSecond: 1 });
  const worker = startWorker({
    openWorker: workersOn(redis),
    relay,
    context,
    authorizing: {} as never,
    concurrency: 10,
  });
  return {
    async close() {
      await worker.close();
      await relay.stop();
      await wakeupChannel.close();
    },
  };
}
