import { expect, test } from 'vitest';
import { key } from '../../src/redis/keys.js';
import { startRelay, workersOn } from '../../src/redis/ledger/relay.js';
import { openWakeupChannel } from '../../src/redis/wakeup-channel.js';
import type { Reply } from '../../src/wechat/client.js';
import { startWorker } from '../../src/worker/worker.js';
import { openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';
import { until } from '../support/until.js';
import { contextWith } from '../support/worker-context.js';

const server = useRedis();

test('a worker that leaves finishes the calls in flight, and gives back what waits behind them', async () => {
  const book = openBook(server.redis);
  const wakeupChannel = await openWakeupChannel(server.connect());
  const answers: ((reply: Reply) => void)[] = [];
  const context = contextWith(server.redis, wakeupChannel, {
    create: () => new Promise<Reply>((answer) => answers.push(answer)),
    limits: { perSecond: 800 },
  });
  await book.load(
    'b1',
    Array.from({ length: 40 }, (_, number) => merchant(number)),
  );
  const redis = server.connect();
  const relay = startRelay({
    redis,
    wakeupChannel,
    log: context.log,
    windowSize: 1_000,
    perSecond: 800,
  });
  const worker = startWorker({
    openWorker: workersOn(redis),
    relay,
    context,
    authorizing: {} as never,
    concurrency: 4,
  });
  await until('four calls are in flight', () => answers.length === 4);
  await relay.stop();

  const left = worker.close();
  for (const answer of answers) answer({ kind: 'answer', errcode: 0, said: 'ok', body: {} });
  await left;

  expect(answers).toHaveLength(4);
  expect(await book.batches.counts('b1')).toEqual({ awaiting_legal_person: 4, queued: 36 });
  // A handful that BullMQ still has is nobody's any more; the others are ready for the next worker.
  const [ready, window] = await Promise.all([redis.llen(key('ready', 'submit')), redis.zcard(key('window', 'submit'))]);
  expect(ready + window).toBe(36);
  expect(ready).toBeGreaterThanOrEqual(28);
  await wakeupChannel.close();
});
