import { expect, test } from 'vitest';
import type { Counts } from '../../src/domain/batch.js';
import { key } from '../../src/redis/keys.js';
import { batchProgress } from '../../src/reporter/ending.js';
import { idOf, openBook } from '../support/ledger.js';
import { LIMITS } from '../support/limits.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();

const BEFORE: Counts = { queued: 2 };
const SENT: Counts = { queued: 1, submitting: 1 };

test('a batch is not stopped while rows that were sent between two looks wait for their push', async () => {
  // The last call of the day goes out after the first look, whichever that is.
  let looks = 0;
  const isSent = (): boolean => looks++ > 0;
  const tools = {
    batches: { counts: async () => (isSent() ? SENT : BEFORE) },
    calls: {
      line: async () => undefined,
      ofDay: async () => ({
        create: isSent() ? LIMITS.perDay : LIMITS.perDay - 1,
        search: 0,
        closed: false,
        reported: undefined,
      }),
      waitNoted: async () => undefined,
    },
    workload: { inHand: async () => 0, dueUntil: async () => 0, searchesDue: async () => 0 },
  };
  const limits = { ...LIMITS, searchShare: 0 };
  expect(await batchProgress(tools, limits, ['b1'], false)).not.toHaveProperty('ending');
  expect(await batchProgress(tools, limits, ['b1'], false)).not.toHaveProperty('ending');
});

test('a stopped line is waited for only by searches that are still to be made', async () => {
  const { batches, calls, workload, load, send, record } = openBook(server.redis);
  const [pushed, silent] = [merchant(1), merchant(2)];
  await load('b1', [pushed, silent]);
  for (const it of [pushed, silent]) await send(idOf(it));
  const tools = { batches, calls, workload };
  const becomesDue = async (id: string): Promise<void> => {
    await server.redis.zrem(key('scheduled', 'follow-up'), id);
    await server.redis.zadd(key('window', 'follow-up'), 1, `${id}-1-0`);
  };

  // The push comes when the search is in BullMQ already, and the line is stopped before a worker sees that.
  await becomesDue(idOf(pushed));
  await record(idOf(pushed), 'mini_program_created', { appid: 'wx1' });
  await calls.stopLine({ because: 'IP', problem: 'create:61004', at: 5 });
  expect(await batchProgress(tools, LIMITS, ['b1'], false)).not.toHaveProperty('ending');

  await becomesDue(idOf(silent));
  expect(await batchProgress(tools, LIMITS, ['b1'], false)).toHaveProperty('ending', 'stopped');
});
