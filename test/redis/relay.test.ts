import { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { handedAt, type Job, registrationOf, type WorkKind } from '../../src/domain/work.js';
import { key, prefix } from '../../src/redis/keys.js';
import { type JobChunk, type Relay, startRelay } from '../../src/redis/ledger/relay.js';
import { script } from '../../src/redis/scripts.js';
import { openWakeupChannel, type WakeupChannel } from '../../src/redis/wakeup-channel.js';
import { type Book, idOf, openBook } from '../support/ledger.js';
import { readableLog } from '../support/log.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';
import { until } from '../support/until.js';

const server = useRedis();
let book: Book;
let redis: Redis;
const closing: (() => Promise<unknown>)[] = [];

beforeEach(() => {
  redis = server.connect();
  book = openBook(redis);
});

afterEach(async () => {
  vi.restoreAllMocks();
  for (const close of closing.splice(0).reverse()) await close();
});

const merchants = (count: number) => Array.from({ length: count }, (_, number) => merchant(number));

describe('what is ready', () => {
  test('is handed to BullMQ as soon as it is loaded, with a registration id and nothing of a person', async () => {
    await relay();
    await book.load('b1', merchants(3));
    const queue = bullmq('submit');

    const jobs = await until('three jobs wait', async () => {
      const waiting = await queue.getWaiting();
      return waiting.length === 3 && waiting;
    });
    expect(jobs.map(({ id, data }) => data.jobs.map((job: string) => job.replace(`-${id}`, '')))).toEqual(
      merchants(3).map((it) => [idOf(it)]),
    );
    for (const { id = '' } of jobs) expect(id).toMatch(/^[\d.]+-\d+$/);
  });

  test('counts as being sent while a worker has it, and no longer', async () => {
    await book.load('b1', merchants(1));
    await relay();
    const worker = new Worker('submit', null, { connection: server.connect(), prefix: prefix() });
    closing.push(() => worker.close(true));
    const job = await until('a worker has it', () => worker.getNextJob('token'));
    await redis.del(key('window', 'submit'));
    expect(await book.workload.isSending(Date.now())).toBe(true);

    await job.moveToCompleted('', 'token', false);
    expect(await book.workload.isSending(Date.now())).toBe(false);
  });

  test('is handed out in the order of the sheet', async () => {
    await book.load('b1', merchants(40));
    await relay();
    const done = await workers({ count: 1 });
    await until('forty are done', () => done.length === 40);
    expect(done).toEqual(merchants(40).map(idOf));
  });

  test('never fills BullMQ beyond the window, and all of it is handed out in the end', async () => {
    await book.load('b1', merchants(120));
    let most = 0;
    await relay({ windowSize: 10 });
    const done = await workers({
      count: 4,
      before: async () => {
        const { waiting = 0 } = await bullmq('submit').getJobCounts('waiting');
        most = Math.max(most, waiting, await redis.zcard(key('window', 'submit')));
      },
    });
    await until('all are done', () => done.length === 120);
    expect(new Set(done).size).toBe(120);
    expect(most).toBeLessThanOrEqual(10);
    expect(most).toBeGreaterThan(0);
  });

  test('fills BullMQ with no more than a thousand jobs where the pace is slow', async () => {
    await book.load('b1', merchants(1_200));
    await relay();
    const queue = bullmq('submit');
    await until('BullMQ is full', async () => (await queue.count()) === 1_000);
    expect(await redis.llen(key('ready', 'submit'))).toBe(200);
  });

  test('goes in chunks where the pace is fast, and in the same order', async () => {
    await book.load('b1', merchants(40));
    await relay({ perSecond: 800 });
    const queue = bullmq('submit');
    const jobs = await until('three chunks wait', async () => {
      const waiting = await queue.getWaiting();
      return waiting.length === 3 && waiting;
    });
    expect(jobs.map(({ data }) => data.jobs.length).sort()).toEqual([16, 16, 8]);

    const done = await workers({ count: 1 });
    await until('forty are done', () => done.length === 40);
    expect(done).toEqual(merchants(40).map(idOf));
  });

  test('of a chunk that BullMQ still has is not handed out a second time', async () => {
    await book.load('b1', merchants(16));
    const first = await relay({ perSecond: 800 });
    const queue = bullmq('submit');
    await until('BullMQ has the chunk', async () => (await queue.count()) === 1);
    const [one = ''] = await redis.zrange(key('window', 'submit'), 0, 0);
    await book.workload.giveBack({ kind: 'submit', name: one }, registrationOf(one), undefined);
    await first.stop();

    await relay({ perSecond: 800 });
    const done = await workers({ count: 1 });
    await until('all are done', async () => (await book.workload.inHand('submit')) === 0);
    expect(done).toHaveLength(16);
  });

  test('is handed to one worker only, however many relays there are', async () => {
    await book.load('b1', merchants(60));
    await Promise.all([relay(), relay(), relay()]);
    const done = await workers({ count: 3 });
    await until('all are done', async () => (await book.workload.inHand('submit')) === 0);
    expect(done.sort()).toEqual(merchants(60).map(idOf).sort());
  });
});

describe('what is due later', () => {
  test('is handed out when its time has come, and not before', async () => {
    await book.load('b1', merchants(2));
    await redis.del(key('ready', 'submit'));
    const [soon, never] = merchants(2).map(idOf) as [string, string];
    await redis.zadd(key('scheduled', 'submit'), Date.now() + 150, soon, Date.now() + 3_600_000, never);
    const began = Date.now();
    await relay();
    const done = await workers({ count: 1 });

    await until('it is done', () => done.length > 0);
    expect(done).toEqual([soon]);
    expect(Date.now() - began).toBeGreaterThanOrEqual(140);
    expect(await redis.zrange(key('scheduled', 'submit'), 0, -1)).toEqual([never]);
  });

  test('is looked at again when something becomes due earlier than what was waited for', async () => {
    await redis.zadd(key('scheduled', 'submit'), Date.now() + 3_600_000, 'aaaaaaaaaaaaaaaa');
    await relay();
    const done = await workers({ count: 1, kind: 'authorize' });
    await book.load('b1', merchants(1));
    await book.send(idOf(merchant(0)));
    await book.record(idOf(merchant(0)), 'mini_program_created', { appid: 'wxnew', authCode: 'sealed' });
    await until('the exchange is done', () => done.length === 1);
  });
});

describe('when Redis’ clock was set back', () => {
  const HOUR_MS = 3_600_000;
  const hand = (now: number) =>
    script(redis, 'dispatch')([key('window', 'submit')], ['submit', 100, 100, 1, 1_000, now]);

  test('registrations that are due by the relay’s clock are dispatched, and a worker that takes one treats it as due', async () => {
    await redis.set(key('clock'), Date.now() + HOUR_MS);
    const due = Date.now() + HOUR_MS / 2;
    await redis.zadd(key('scheduled', 'submit'), due, 'aaaaaaaaaaaaaaaa');

    const [, , job] = (await hand(due + 1)) as [number, number, string];
    expect(registrationOf(job)).toBe('aaaaaaaaaaaaaaaa');
    expect(handedAt(job)).toBe(due + 1);
    expect(await redis.zcount(key('window', 'submit'), '-inf', Date.now())).toBe(1);
  });

  test('jobs that seem to be handed in the future are handed again', async () => {
    await redis.zadd(
      key('window', 'submit'),
      Date.now() + HOUR_MS,
      'aaaaaaaaaaaaaaaa-1-0',
      Date.now(),
      'bbbbbbbbbbbbbbbb-1-0',
    );
    const [, , ...jobs] = (await script(redis, 'sweep')([key('window', 'submit')], ['', 60_000, 100])) as string[];
    expect(jobs).toEqual(['aaaaaaaaaaaaaaaa-1-0']);
    expect(await redis.zcount(key('window', 'submit'), '-inf', Date.now())).toBe(2);
  });

  test('is known by the latest time that it has shown', async () => {
    await hand(0);
    const shown = Number(await redis.get(key('clock')));
    expect(Math.abs(Date.now() - shown)).toBeLessThan(10_000);
    const later = String(shown + HOUR_MS);
    await redis.set(key('clock'), later);
    await hand(0);
    expect(await redis.get(key('clock'))).toBe(later);
  });

  test('and not otherwise, one clock says what is due, and how long it takes', async () => {
    await redis.zadd(key('scheduled', 'submit'), Date.now() + HOUR_MS / 2, 'aaaaaaaaaaaaaaaa');
    // The second time the clock is known, and is what it was a moment ago.
    for (let time = 0; time < 2; time += 1) {
      const [dueInMs, , ...jobs] = (await hand(Date.now() + HOUR_MS)) as [number, number, ...string[]];
      expect(jobs).toEqual([]);
      expect(dueInMs).toBeGreaterThan(HOUR_MS / 2 - 60_000);
      expect(dueInMs).toBeLessThanOrEqual(HOUR_MS / 2);
    }
  });

  test('by less than a second, the time that it has shown stays the latest', async () => {
    const shown = String(Date.now() + 800);
    await redis.set(key('clock'), shown);
    await hand(0);
    expect(await redis.get(key('clock'))).toBe(shown);
  });
});

describe('a run that hands out jobs', () => {
  const run = async (size: number, looks: number): Promise<unknown[]> => {
    const args = ['authorize', size, 100, 1, looks, Date.now()];
    return (await script(redis, 'dispatch')([key('window', 'authorize')], args)) as unknown[];
  };

  beforeEach(async () => {
    await redis.rpush(key('ready', 'authorize'), 'wx1', 'wx2', 'wx3');
  });

  test('is followed by another one at once where it has looked at enough, and not where the window is full', async () => {
    const [again, left, ...jobs] = await run(100, 2);
    expect([again, left, jobs.length]).toEqual([0, 1, 2]);
    await redis.rpush(key('ready', 'authorize'), 'wx4');
    expect((await run(3, 100)).slice(0, 2)).toEqual([-1, 1]);
    expect((await run(3, 100)).slice(0, 2)).toEqual([-1, 1]);
    expect(await redis.zcard(key('window', 'authorize'))).toBe(3);
  });

  test('looks at one where it may look at one', async () => {
    const [again, left, ...jobs] = await run(100, 1);
    expect([again, left]).toEqual([0, 2]);
    expect(jobs.map((job) => registrationOf(job as string))).toEqual(['wx1']);
  });
});

describe('what is over by the time its turn comes', () => {
  test('is handed to no worker, and keeps no row behind it waiting', async () => {
    await book.load('b1', merchants(1_200));
    for (const it of merchants(1_200)) await book.record(idOf(it), 'cancel_asked');
    await book.load('b2', [merchant(2_000)]);
    await relay();
    const done = await workers({ count: 1 });
    await until('nothing is in hand', async () => (await book.workload.inHand('submit')) === 0);
    expect(done).toEqual([idOf(merchant(2_000))]);
  });

  test('is dispatched all the same once it has to be sent again', async () => {
    await book.load('b1', merchants(2));
    for (const it of merchants(2)) await book.record(idOf(it), 'cancel_asked');
    await book.load('b2', [merchant(0)]);
    await book.record(idOf(merchant(1)), 'retry_asked');
    await relay();
    const done = await workers({ count: 1 });
    await until('nothing is in hand', async () => (await book.workload.inHand('submit')) === 0);
    expect(new Set(done)).toEqual(new Set(merchants(2).map(idOf)));
  });

  test('is passed over so many at a time, so that Redis serves others in between', async () => {
    await book.load('b1', merchants(25));
    for (const it of merchants(24)) await book.record(idOf(it), 'cancel_asked');
    const runs: unknown[][] = [];
    for (let run = 0; run < 3; run += 1) {
      const args = ['submit', 100, 50, 1, 10, 0, 'queued', 'deferred'];
      runs.push((await script(redis, 'dispatch')([key('window', 'submit')], args)) as unknown[]);
    }
    expect(runs.map(([due, left, ...jobs]) => [due, left, jobs.length])).toEqual([
      [0, 15, 0],
      [0, 5, 0],
      [-1, 0, 1],
    ]);
  });

  test('makes no room in the window: no more are taken than it holds', async () => {
    await book.load('b1', merchants(8));
    await book.record(idOf(merchant(1)), 'cancel_asked');
    const args = ['submit', 2, 100, 1, 100, 0, 'queued', 'deferred'];
    const [, left, ...jobs] = (await script(redis, 'dispatch')([key('window', 'submit')], args)) as [
      number,
      number,
      string,
    ];
    expect(jobs.map(registrationOf)).toEqual([merchant(0), merchant(2)].map(idOf));
    expect(left).toBe(5);
  });

  test('leaves the window when jobs are handed again after a crash', async () => {
    await book.load('b1', merchants(3));
    await script(redis, 'dispatch')([key('window', 'submit')], ['submit', 100, 3, 1, 100]);
    for (const it of merchants(2)) await book.record(idOf(it), 'cancel_asked');
    await relay();
    const done = await workers({ count: 1 });
    await until('nothing is in hand', async () => (await book.workload.inHand('submit')) === 0);
    expect(done).toEqual([idOf(merchant(2))]);
  });

  test('is searched for no more when its push came first', async () => {
    await book.load('b1', merchants(3));
    for (const it of merchants(3)) await book.send(idOf(it));
    const [settled, purged, silent] = merchants(3).map(idOf) as [string, string, string];
    await redis.rpush(key('ready', 'follow-up'), settled, purged, silent);
    await book.record(settled, 'mini_program_created', { appid: 'wx1' });
    await redis.del(key('registration', purged));
    await relay();
    const done = await workers({ count: 1, kind: 'follow-up' });
    await until('nothing is in hand', async () => (await book.workload.inHand('follow-up')) === 0);
    expect(done).toEqual([silent]);
  });
});

describe('a crash', () => {
  test('between taking from the ledger and giving to BullMQ loses nothing', async () => {
    await book.load('b1', merchants(5));
    await script(redis, 'dispatch')([key('window', 'submit')], ['submit', 100, 3, 1, 100]);
    expect(await bullmq('submit').count()).toBe(0);

    await relay();
    const done = await workers({ count: 1 });
    await until('all are done', () => done.length === 5);
    expect(done.sort()).toEqual(merchants(5).map(idOf).sort());
  });

  test('of Redis’ job store, or an emptied queue, loses nothing', async () => {
    await book.load('b1', merchants(5));
    const first = await relay();
    await until('BullMQ has them', async () => (await bullmq('submit').count()) === 5);
    await first.stop();
    await bullmq('submit').obliterate({ force: true });

    await relay();
    const done = await workers({ count: 1 });
    await until('all are done', () => done.length === 5);
  });

  test('of Redis’ job store, twice, loses nothing of a chunk', async () => {
    await book.load('b1', merchants(600));
    // Handed again at one moment, the registrations of a chunk do not stand beside each other in the window any more.
    for (let losses = 0; losses <= 2; losses += 1) {
      const one = await relay({ perSecond: 1600 });
      await until('BullMQ has them all', async () => (await registrationsIn(bullmq('submit'))) === 600);
      await one.stop();
      await bullmq('submit').obliterate({ force: true });
    }
  });

  test('of Redis’ job store behind a running relay, or a lost answer of `hand`, loses nothing once it is connected again', async () => {
    await book.load('b1', merchants(5));
    const { cut } = await relay();
    await until('BullMQ has them', async () => (await bullmq('submit').count()) === 5);
    await bullmq('submit').obliterate({ force: true });

    cut();
    const done = await workers({ count: 1 });
    await until('all are done', () => done.length === 5);
  });

  test('of our program in a job leaves the job in the window, where the next start finds it', async () => {
    await book.load('b1', merchants(1));
    const first = await relay();
    await workers({
      count: 1,
      before: async () => {
        throw new Error('our fault');
      },
    });
    await until('the job has failed', () => failed);
    await first.stop();
    for (const close of closing.splice(0).reverse()) await close();

    await relay();
    const done = await workers({ count: 1 });
    await until('it is done', () => done.length === 1);
  });
});

describe('a job that a worker gives back', () => {
  test('is handed to another worker at once, and not only when it is overdue', async () => {
    await book.load('b1', merchants(1));
    await relay();
    const handled: string[] = [];
    await workers({
      count: 2,
      handle: async (job, id) => {
        handled.push(job.name);
        if (handled.length > 1) return book.workload.giveBack(job, id, undefined);
        await book.workload.giveBack(job, id, 0);
        // A worker that leaves is not done yet: BullMQ still has its job as active when the next one is handed out.
        await until('another worker has it', () => handled.length > 1, 10_000);
      },
    });
    await until('both are done', async () => handled.length === 2 && (await book.workload.inHand('submit')) === 0);
  });

  test('before it is done with it is not lost: what is handed out meanwhile is a job of its own', async () => {
    await book.load('b1', merchants(1));
    await relay();
    const handled: string[] = [];
    await workers({
      count: 1,
      handle: async (job, id) => {
        handled.push(job.name);
        if (handled.length > 1) return book.workload.giveBack(job, id, undefined);
        await book.workload.giveBack(job, id, 0);
        await until('it was handed out', async () => (await redis.zcard(key('window', 'submit'))) === 1);
      },
    });
    await until('it was taken up again', () => handled.length === 2, 10_000);
    expect(new Set(handled).size).toBe(2);
  });

  test('for later waits for its time', async () => {
    await book.load('b1', merchants(1));
    const [id = ''] = merchants(1).map(idOf);
    const job = { kind: 'submit', name: `${id}-0` } as const;
    await redis.del(key('ready', 'submit'));
    await redis.zadd(key('window', 'submit'), 1, job.name);
    await book.workload.giveBack(job, id, Date.now() + 3_600_000);

    expect(await redis.zcard(key('window', 'submit'))).toBe(0);
    expect(await book.workload.dueUntil('submit', Date.now() + 7_200_000)).toBe(1);
    expect(await book.workload.inHand('submit')).toBe(0);
  });

  test('is due by the clock of Redis, however fast the clock of the worker is', async () => {
    const job = { kind: 'submit', name: 'aaaaaaaaaaaaaaaa-0' } as const;
    await redis.zadd(key('window', 'submit'), 1, job.name);
    const due = Date.now() + 3_600_000;
    clockIsFast(7_200_000);
    await book.workload.giveBack(job, 'aaaaaaaaaaaaaaaa', due);
    expect(await redis.zrange(key('scheduled', 'submit'), 0, -1, 'WITHSCORES')).toEqual([
      'aaaaaaaaaaaaaaaa',
      String(due),
    ]);
    expect(await redis.llen(key('ready', 'submit'))).toBe(0);
  });

  test('twice is given back once', async () => {
    await redis.zadd(key('window', 'submit'), 1, 'aaaaaaaaaaaaaaaa-0');
    const job = { kind: 'submit', name: 'aaaaaaaaaaaaaaaa-0' } as const;
    await book.workload.giveBack(job, 'aaaaaaaaaaaaaaaa', 0);
    await book.workload.giveBack(job, 'aaaaaaaaaaaaaaaa', 0);
    expect(await redis.lrange(key('ready', 'submit'), 0, -1)).toEqual(['aaaaaaaaaaaaaaaa']);
  });
});

describe('what is due later', () => {
  test('is not dispatched again and again for a machine whose clock is fast', async () => {
    await book.load('b1', merchants(1));
    await redis.del(key('ready', 'submit'));
    const due = Date.now() + 400;
    await redis.zadd(key('scheduled', 'submit'), due, idOf(merchant(0)));
    clockIsFast(60_000);
    const runsBefore = await scriptRuns();
    await relay();
    await until('it is handed', async () => (await bullmq('submit').getWaitingCount()) === 1);
    // One run for each of three kinds when it starts, when it is due, and after what was handed; and the sweep's.
    expect((await scriptRuns()) - runsBefore).toBeLessThan(40);
  });
});

// --- helpers ----------------------------------------------------------------------------------------------------------

/** The clock of this process, and not that of Redis. */
function clockIsFast(byMs: number): void {
  const now = Date.now.bind(Date);
  vi.spyOn(Date, 'now').mockImplementation(() => now() + byMs);
}

async function scriptRuns(): Promise<number> {
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1] ?? 0);
}

let failed = false;

/** `cut`: its connection breaks, and is made anew. */
async function relay({ windowSize = 10_000, perSecond = 10 } = {}): Promise<Pick<Relay, 'stop'> & { cut(): void }> {
  const own = server.connect();
  const wakeupChannel: WakeupChannel = await openWakeupChannel(own);
  const started = startRelay({
    redis: own,
    wakeupChannel,
    log: readableLog().log,
    windowSize,
    perSecond,
  });
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= started.stop().then(() => wakeupChannel.close());
    return stopped;
  };
  closing.push(stop);
  return { stop, cut: () => own.disconnect(true) };
}

function bullmq(kind: WorkKind): Queue {
  const queue = new Queue(kind, { connection: redis, prefix: prefix() });
  closing.push(() => queue.close());
  return queue;
}

async function registrationsIn(queue: Queue): Promise<number> {
  const jobs = await queue.getWaiting();
  return jobs.reduce((count, { data }) => count + (data as JobChunk).jobs.length, 0);
}

interface Working {
  readonly count: number;
  readonly kind?: WorkKind;
  readonly before?: () => Promise<void>;
  readonly handle?: (job: Job, id: string) => Promise<void>;
}

/** Workers that do nothing but say that it is done; answers the registrations in the order in which they were. */
async function workers({ count, kind = 'submit', before, handle }: Working): Promise<string[]> {
  const done: string[] = [];
  const wakeupChannel = await openWakeupChannel(server.connect());
  closing.push(() => wakeupChannel.close());
  for (let at = 0; at < count; at += 1) {
    const worker = new Worker(
      kind,
      async ({ data }) => {
        for (const name of (data as JobChunk).jobs) {
          await before?.();
          const id = registrationOf(name);
          if (handle === undefined) await book.workload.giveBack({ kind, name }, id, undefined);
          else await handle({ kind, name }, id);
          done.push(id);
        }
        await redis.publish(key('wakeups'), 'ready');
      },
      {
        connection: server.connect(),
        prefix: prefix(),
        removeOnComplete: { count: 0 },
        removeOnFail: { count: 0 },
        lockDuration: 30_000,
        stalledInterval: 5_000,
      },
    );
    worker.on('failed', () => {
      failed = true;
    });
    worker.on('error', () => {});
    closing.push(() => worker.close());
  }
  return done;
}
