import { describe, expect, test } from 'vitest';
import type { Limits } from '../../src/domain/limits.js';
import { lookForWorkers, type MissingFacts } from '../../src/notices/worker-watch.js';
import { openHeartbeats } from '../../src/redis/heartbeat.js';
import { key } from '../../src/redis/keys.js';
import { openNights } from '../../src/redis/nights.js';
import { openNotices } from '../../src/redis/notices.js';
import { openSentNotices } from '../../src/redis/sent-notices.js';
import { processesNow } from '../../src/reporter/missing-worker.js';
import { openBook } from '../support/ledger.js';
import { LIMITS } from '../support/limits.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const db = useRedis();
const HOUR_MS = 3_600_000;
const WORKER = { role: 'worker', running: 'steady', version: '1', host: 'h', pid: 1, id: 'w' } as const;

/** A row waits for an hour, and no worker runs. */
async function rowWaits(): Promise<void> {
  await openBook(db.redis).load('b1', [merchant(1)]);
  await db.redis.hset(key('batch', 'b1'), 'loadedAt', Date.now() - HOUR_MS);
}

async function missing(limits: Limits = LIMITS) {
  const { calls } = openBook(db.redis);
  const sources = { heartbeats: openHeartbeats(db.redis), calls, nights: openNights(db.redis), workerWaitMs: 120_000 };
  return (await processesNow({ ...sources, limits })).missing;
}

describe('rows wait, and no worker runs:', () => {
  test('that is a fault, in both languages, with what to do', async () => {
    await rowWaits();
    await db.redis.hset(key('lastSeen'), 'worker', Date.parse('2026-11-21T01:30:00Z'));
    const fault = await missing();
    expect(fault?.reason.en).toMatch(
      /^No worker runs, and rows wait that could be sent, the oldest since .*; the last worker was seen at 21 Nov 09:30\.$/,
    );
    expect(fault?.reason.zh).toMatch(/^没有工作进程在运行/);
    expect(fault?.nextStep.en).toContain('`fastregister work`');
    await openHeartbeats(db.redis).beat(WORKER, 60_000);
    expect(await missing()).toBeUndefined();
  });

  test('it is none where a worker could send nothing either', async () => {
    await rowWaits();
    const { calls } = openBook(db.redis);
    await calls.stopLine({ because: 'we move house', problem: 'operator:pause', at: Date.now() });
    expect(await missing()).toBeUndefined();
    await db.redis.del(key('line'));
    expect(await missing()).toBeDefined();
    // It has just begun, or is over.
    const minute = Math.floor(Date.now() / 60_000 + 8 * 60) % 1440;
    const at = (from: number) => ({ fromMinute: (minute + from + 1440) % 1440, untilMinute: (minute + 600) % 1440 });
    expect(await missing({ ...LIMITS, sendingHours: at(60) })).toBeUndefined();
    expect(await missing({ ...LIMITS, sendingHours: at(0) })).toBeUndefined();
    expect(await missing({ ...LIMITS, perDay: 0 })).toBeUndefined();
  });

  test('it is one where the line waits for the call of a worker that opens it', async () => {
    await rowWaits();
    const line = { state: 'retrying', because: 'HTTP 502', problem: 'call:lost', at: 1, failedProbes: 0 };
    await db.redis.hset(key('line'), { ...line, dueAt: Date.now() - 1_000 });
    expect(await missing()).toBeDefined();
    await db.redis.hset(key('line'), { dueAt: Date.now() + HOUR_MS });
    expect(await missing()).toBeUndefined();
  });
});

describe('people are notified', () => {
  const facts: MissingFacts = {
    ...{ since: 5_000, lastSeenAt: undefined, waitingSince: 5_000, problem: 'worker:none', whoActs: 'us' },
    reason: { en: 'why', zh: '原因' },
    nextStep: { en: 'what to do', zh: '怎么办' },
  };

  async function told(workers: number, found?: MissingFacts, processes = 1) {
    const look = async () => ({ workers, missing: found });
    const one = () =>
      lookForWorkers({ sentNotices: openSentNotices(db.redis, [{ destination: 'notify' }]), look, now: () => 9_000 });
    await Promise.all(Array.from({ length: processes }, one));
    const notices = openNotices(db.redis);
    const types = [];
    for (;;) {
      const taken = await notices.take('notify', 60_000);
      if (typeof taken === 'number') return types;
      types.push(taken.notice.type);
      await notices.done('notify', taken);
    }
  }

  test('once that a worker is missing, by whichever process, and once that there is one again', async () => {
    expect(await told(0)).toEqual([]);
    expect(await told(0, facts, 3)).toEqual(['workers.missing']);
    expect(await told(0, { ...facts, since: 6_000 })).toEqual([]);
    // Nothing waits any more, and there is still none.
    expect(await told(0)).toEqual([]);
    expect(await told(2, undefined, 3)).toEqual(['workers.back']);
    expect(await told(2)).toEqual([]);
    expect(await told(0, facts)).toEqual(['workers.missing']);
  });
});
