import { expect, test } from 'vitest';
import type { Counts } from '../../src/redis/batches.js';
import type { Calls } from '../../src/redis/calls.js';
import type { Workload } from '../../src/redis/workload.js';
import { howFar } from '../../src/reporter/ending.js';
import { LIMITS } from '../support/limits.js';

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
      ofDay: async () => ({ create: isSent() ? LIMITS.perDay : LIMITS.perDay - 1, search: 0, closed: false }),
      waitNoted: async () => undefined,
    } as unknown as Calls,
    workload: { inHand: async () => 0, dueUntil: async () => 0 } as unknown as Workload,
  };
  const limits = { ...LIMITS, searchShare: 0 };
  expect(await howFar(tools, limits, ['b1'], false)).not.toHaveProperty('ending');
  expect(await howFar(tools, limits, ['b1'], false)).not.toHaveProperty('ending');
});
