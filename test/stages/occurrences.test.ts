import { expect, test } from 'vitest';
import { dueOccurrence } from '../../src/nights/occurrences.js';

const DAY_MS = 86_400_000;
const NOW = Date.parse('2026-11-21T23:00:00+08:00');
const TODAY = Date.parse('2026-11-21T22:00:00+08:00');
const schedule = (addedAt: number) => ({
  name: 'nightly',
  inbox: '/inbox',
  at: '0 22 * * *',
  timezone: 'Asia/Shanghai',
  until: 'settled' as const,
  language: 'zh' as const,
  addedAt,
});

test.each([
  ['begun', schedule(NOW - 7 * DAY_MS), NOW + 3 * DAY_MS],
  ['added', schedule(NOW + 3 * DAY_MS), 0],
])('a night is due although a process whose clock was days ahead has %s it in the future', (_, its, begun) => {
  expect(dueOccurrence(its, begun, NOW)).toBe(TODAY);
});

test('a night that has begun is not due, and neither is one from before its schedule was added', () => {
  expect(dueOccurrence(schedule(NOW - 7 * DAY_MS), TODAY, NOW)).toBeUndefined();
  expect(dueOccurrence(schedule(NOW - 60_000), 0, NOW)).toBeUndefined();
});
