import { expect, test } from 'vitest';
import { outlook } from '../../src/reporter/outlook.js';
import { LIMITS } from '../support/limits.js';

const EVENING = Date.parse('2026-11-21T22:00+08:00');

test.each([
  { toSend: 0, used: 0, sentBy: undefined },
  { toSend: 1_000, used: 0, sentBy: '2026-11-21' },
  { toSend: 1_001, used: 0, sentBy: '2026-11-22' },
  { toSend: 1, used: 1_000, sentBy: '2026-11-22' },
  { toSend: 9_100, used: 900, sentBy: '2026-11-30' },
  { toSend: 9_101, used: 900, sentBy: '2026-12-01' },
])('$toSend to send with $used calls used or kept are sent by $sentBy', (it) => {
  expect(outlook(it.toSend, LIMITS.perDay - it.used, LIMITS, EVENING).sentBy).toBe(it.sentBy);
});

test('sending hours that are too short for the quota are counted', () => {
  const oneMinute = { ...LIMITS, perMinute: 10, sendingHours: { fromMinute: 1439, untilMinute: 1440 } };
  expect(outlook(30, oneMinute.perDay, oneMinute, EVENING).sentBy).toBe('2026-11-23');
});

test('nothing is sent on a day that WeChat has closed, whatever it had left', () => {
  expect(outlook(1, 0, LIMITS, EVENING)).toEqual({ toSend: 1, sentBy: '2026-11-22', days: 1 });
});
