import { type Job, QueueKeys, Worker } from 'bullmq';
import { expect, test } from 'vitest';
import { prefix } from '../../src/redis/keys.js';
import { startRelay, workersOn } from '../../src/redis/ledger/relay.js';
import { openWakeupChannel } from '../../src/redis/wakeup-channel.js';
import { startWorker } from '../../src/worker/worker.js';
import { SHORT_LOCKS } from '../support/job-locks.js';
import { openBook } from '../support/ledger.js';
import { readableLog } from '../support/log.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';
import { until } from '../support/until.js';
import { contextWith } from '../support/worker-context.js';

const server = useRedis();

test('a job that three workers took with them is worked off by the fourth, and nothing is said to have failed', async () => {
  const book = openBook(server.redis);
  const wakeupChannel = await openWakeupChannel(server.connect());
  const { log, lines } = readableLog('error');
  const context = {
    ...contextWith(server.redis, wakeupChannel, {
      create: async () => ({ kind: 'answer', errcode: 0, said: 'ok', body: {} }),
    }),
    log,
  };
  await book.load('b1', [merchant(1)]);
  const redis = server.connect();
  const relay = startRelay({ redis, wakeupChannel, log, windowSize: 1_000, perSecond: 10 });
  await takeAndDie({ deathsBefore: 2 });

  const worker = startWorker({
    openWorker: workersOn(redis),
    relay,
    context,
    authorizing: {} as never,
    concurrency: 1,
    locks: SHORT_LOCKS,
  });
  const wasSent = async () => (await book.batches.counts('b1')).awaiting_legal_person === 1;
  await until('it was sent, or failed', async () => (await wasSent()) || lines.length > 0);
  expect(lines).toEqual([]);

  await worker.close();
  await relay.stop();
  await wakeupChannel.close();
});

/** BullMQ as it is when the lock of a killed worker has run out and somebody has looked once: the next look finds it stalled. */
async function takeAndDie({ deathsBefore }: { deathsBefore: number }): Promise<void> {
  const dying = new Worker('submit', null, { connection: server.connect(), prefix: prefix() });
  const job = await until('it has a job', async () => (await dying.getNextJob('dying')) as Job | undefined);
  await dying.close(true);
  const keys = new QueueKeys(prefix());
  await server.redis.hset(keys.toKey('submit', String(job.id)), 'stc', deathsBefore);
  await server.redis.del(keys.toKey('submit', `${job.id}:lock`));
  await server.redis.sadd(keys.toKey('submit', 'stalled'), String(job.id));
}
