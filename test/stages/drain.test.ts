import { expect, test } from 'vitest';
import { nothingLeftToSend } from '../../src/app/work.js';
import { startRelay, workersOn } from '../../src/redis/ledger/relay.js';
import { openWakeupChannel } from '../../src/redis/wakeup-channel.js';
import type { Reply } from '../../src/wechat/client.js';
import { startWorker } from '../../src/worker/worker.js';
import { ACCEPT_RULES, acceptedRow, openBook } from '../support/ledger.js';
import { HEADINGS, merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';
import { until } from '../support/until.js';
import { contextWith } from '../support/worker-context.js';

const server = useRedis();
const ACCEPTED: Reply = { kind: 'answer', errcode: 0, said: 'ok', body: {} };
const BAD_TOKEN: Reply = { kind: 'answer', errcode: 40001, said: 'invalid credential', body: {} };
const LOST: Reply = { kind: 'lost', why: 'cut' };

/** A worker at a batch of three rows, one of them a canary; `create` is answered when the test says so. */
async function startWork() {
  const { batches, workload } = openBook(server.redis);
  const wakeupChannel = await openWakeupChannel(server.connect());
  const answers: ((reply: Reply) => void)[] = [];
  const create = (): Promise<Reply> => new Promise((answer) => answers.push(answer));
  const context = contextWith(server.redis, wakeupChannel, { create });
  context.credentials.refuse = async () => undefined;
  const batch = await batches.open(
    { id: 'b1', file: 'b1.csv', headings: HEADINGS, columns: [0, 1, 2, 3, 4, 5], loadedAt: 5 },
    1,
  );
  await batches.accept(batch, 0, [merchant(1), merchant(2), merchant(3)].map(acceptedRow), ACCEPT_RULES);
  const redis = server.connect();
  const relay = startRelay({
    redis,
    wakeupChannel,
    log: context.log,
    windowSize: 1_000,
    perSecond: 100,
  });
  const worker = startWorker({
    openWorker: workersOn(redis),
    relay,
    context,
    authorizing: {} as never,
    concurrency: 4,
  });
  let calls = 0;
  return {
    counts: () => batches.counts('b1'),
    isOver: () => nothingLeftToSend({ workload }),
    /** The next call, which is in flight when this resolves. */
    async nextCall(): Promise<(reply: Reply) => void> {
      calls += 1;
      await until('the next call is in flight', () => answers.length >= calls);
      return answers[calls - 1] as (reply: Reply) => void;
    },
    async close(): Promise<void> {
      await worker.close();
      await relay.stop();
      await wakeupChannel.close();
    },
  };
}

test('a call in flight is left to send: its answer may call for another, or let go what waits behind a canary', async () => {
  const work = await startWork();
  for (const reply of [BAD_TOKEN, ACCEPTED, ACCEPTED]) {
    const answer = await work.nextCall();
    expect(await work.isOver()).toBe(false);
    answer(reply);
  }
  const answer = await work.nextCall();
  expect(await work.isOver()).toBe(false);
  answer(ACCEPTED);
  await until('nothing is left to send', work.isOver);
  expect(await work.counts()).toEqual({ awaiting_legal_person: 3 });
  await work.close();
});

test('what waits for a push, or for an answer that only a push can give, is not', async () => {
  const work = await startWork();
  (await work.nextCall())(LOST);
  await until('nothing is left to send', work.isOver);
  expect(await work.counts()).toEqual({ submitting: 1, queued: 2 });
  await work.close();
});
