/** The day's calls hour by hour, throughput and the time left, on the first page and on that of a batch. */
import { describe, expect, test } from 'vitest';
import { callsByHour, leftInWords, throughput, throughputInWords } from '../../../src/app/pace.js';
import type { Store } from '../../../src/app/wiring/store.js';
import { merchant } from '../../support/merchants.js';
import { openConsole } from './support/visitor.js';

describe('the hours of a quota day', () => {
  const hoursAt = (iso: string, quotaTimezone: string, counted: readonly (readonly [number, number])[] = []) =>
    callsByHour({
      calls: { now: async () => Date.parse(iso), byHour: async () => new Map(counted) },
      settings: { quotaTimezone },
    } as unknown as Store);

  test('are 24, and the calls add up to the present one', async () => {
    const hours = await hoursAt('2026-11-21T10:30:00+08:00', 'Asia/Shanghai', [
      [23, 5],
      [14, 30],
      [13, 7],
    ]);
    expect(hours).toHaveLength(24);
    expect([hours[0], hours[8], hours[9], hours[10], hours[11]]).toEqual([
      { hour: '00', calls: 5, upToThen: 5 },
      { hour: '08', calls: 0, upToThen: 5 },
      { hour: '09', calls: 30, upToThen: 35 },
      { hour: '10', calls: 7, upToThen: 42 },
      { hour: '11', calls: 0, upToThen: undefined },
    ]);
  });

  test.each([
    ['2026-03-29T12:00:00+02:00', 23, '01 03'],
    ['2026-10-25T12:00:00+01:00', 25, '02 02'],
  ])('on %s are %i', async (iso, count, pair) => {
    const hours = await hoursAt(iso, 'Europe/Berlin');
    expect(hours).toHaveLength(count);
    expect(hours.map(({ hour }) => hour).join(' ')).toContain(pair);
    expect([hours[0]?.hour, hours.at(-1)?.hour]).toEqual(['00', '23']);
  });
});

test('the time left is in seconds, minutes or hours', () => {
  expect([1_500, 59_000, 61_000, 99 * 60_000, 100 * 60_000].map((ms) => leftInWords(ms).en)).toEqual([
    '2 s left to send',
    '59 s left to send',
    '2 min left to send',
    '99 min left to send',
    '2 h left to send',
  ]);
});

test('calls are counted by the hour, and the pages show them, the throughput and the time left', async () => {
  const { book, store, start, settled, visitor } = await openConsole({ FASTREGISTER_DAILY_CALLS: '50' });
  await book.load('b1', [merchant(1), merchant(2), merchant(3)]);
  const admin = visitor();
  await admin.logIn();
  expect((await admin.get('/')).text).toContain('0 of 50 calls; the dashed line is the quota');
  expect((await admin.get('/')).text).not.toContain('in the last minute');
  await start();
  await settled('b1');
  const hours = await callsByHour(store);
  expect(hours.reduce((sum, { calls }) => sum + calls, 0)).toBe(3);
  const { text } = await admin.get('/');
  expect(text).toContain('3 of 50 calls; the dashed line is the quota');
  expect(text).toContain('3 so far, 3 in this hour');
  expect(text).toContain('3 calls in the last minute');
  // 6 rows at 3 calls a minute take two minutes; more than the day has calls for take no time that is known.
  const callsPerMinute = await store.calls.lastMinute();
  expect(throughputInWords(throughput(callsPerMinute, 6, 47)).map(({ en }) => en)).toEqual([
    '3 calls in the last minute',
    '2 min left to send',
  ]);
  expect(throughput(callsPerMinute, 48, 47).leftMs).toBeUndefined();
});
