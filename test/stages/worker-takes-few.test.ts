import { expect, test } from 'vitest';
import type { OpenWorker } from '../../src/redis/ledger/relay.js';
import { createsOfAJob } from '../../src/redis/ledger/relay.js';
import { openWakeupChannel } from '../../src/redis/wakeup-channel.js';
import { startWorker } from '../../src/worker/worker.js';
import { useRedis } from '../support/redis.js';
import { contextWith } from '../support/worker-context.js';

const server = useRedis();

test.each([
  { perSecond: 1, creates: 1, jobs: 64 },
  { perSecond: 1_000, creates: 20, jobs: 14 },
  { perSecond: 1_000_000, creates: 128, jobs: 3 },
])(
  'at $perSecond calls a second a worker takes $jobs jobs of $creates rows and leaves the rest to others',
  async (pace) => {
    const wakeupChannel = await openWakeupChannel(server.connect());
    const takenAtOnce: Record<string, number | undefined> = {};
    const openWorker = ((kind: string, _run: unknown, { concurrency }: { concurrency?: number }) => {
      takenAtOnce[kind] = concurrency;
      return { on: () => {}, close: async () => {} };
    }) as unknown as OpenWorker;

    const worker = startWorker({
      openWorker,
      relay: { roomMade: () => {} },
      context: contextWith(server.redis, wakeupChannel, { create: () => Promise.reject(new Error('no call')) }),
      authorizing: {} as never,
      concurrency: 64,
      createsOfAJob: createsOfAJob(pace.perSecond),
    });
    await worker.close();
    await wakeupChannel.close();

    expect(createsOfAJob(pace.perSecond)).toBe(pace.creates);
    expect(takenAtOnce.submit).toBe(pace.jobs);
  },
);
