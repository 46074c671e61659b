import { expect, test } from 'vitest';
import { merchant } from '../support/merchants.js';
import { rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const BEIJING_MS = 8 * 3_600_000;

/** Ours has begun, and WeChat's clock says half a minute to midnight. */
function halfAMinuteToMidnight(): number {
  return ((Date.now() + BEIJING_MS) % DAY_MS) + MINUTE_MS / 2;
}

test.each(['1000', 'auto'])(
  'a day that begins at WeChat a moment after ours costs that moment, and not the day (FASTREGISTER_DAILY_CALLS=%s)',
  async (dailyCalls) => {
    let behindMs = halfAMinuteToMidnight();
    const rehearsal = await rehearse({
      simulator: { dailyCalls: 6, clock: () => Date.now() - behindMs },
      settings: { FASTREGISTER_DAILY_CALLS: dailyCalls, FASTREGISTER_QUOTA_RECHECK: '200ms' },
    });
    // Those of the day that is over here.
    rehearsal.simulator.setUsedCalls(6);
    const merchants = [1, 2, 3, 4, 5, 6].map((number) => merchant(number));
    await rehearsal.book.load('b1', merchants);
    await rehearsal.start();
    const ofDay = async () => rehearsal.book.calls.ofDay(new Date(Date.now() + BEIJING_MS).toISOString().slice(0, 10));
    await until(
      'WeChat has said that its day has no calls',
      async () => (await ofDay()).shut?.nextCheckAt !== undefined,
    );
    expect(rehearsal.simulator.state().tasks).toEqual({ running: 0, created: 0, failed: 0 });

    behindMs -= MINUTE_MS;
    await rehearsal.settled('b1');
    expect(await rehearsal.book.batches.counts('b1')).toEqual({ created: 6 });
    expect(rehearsal.calls('create')[0]).toBe(6);
  },
);
