import { expect, test } from 'vitest';
import { clockAhead, isClockWrong, MOST_CLOCK_ERROR_MS } from '../../src/domain/clock.js';

test.each([
  [
    'agrees with a clock that was read between two readings of ours, however long the way took',
    1_000,
    5_000,
    600_000,
    0,
  ],
  ['is ahead of one that was read before ours', 10_000, 4_000, 10_010, 6_000],
  ['is behind one that was read after ours', 10_000, 40_000, 10_010, -29_990],
])('a clock %s', (_, before, theirs, after, ahead) => {
  expect(clockAhead(before, theirs, after)).toBe(ahead);
});

test('is wrong beyond the limit, in both directions', () => {
  const limit = MOST_CLOCK_ERROR_MS;
  expect([limit, -limit, limit + 1, -limit - 1].map(isClockWrong)).toEqual([false, false, true, true]);
});
