import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DEFAULT_PATIENCE,
  formatDuration,
  parseDuration,
  quotaRechecksMs,
  retryAfterMs,
} from '../../src/domain/patience.js';

describe('a duration', () => {
  test.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['90m', 5_400_000],
    ['26h', 93_600_000],
    ['5d', 432_000_000],
    ['1.5h', 5_400_000],
    ['1.25h', 4_500_000],
    ['1ms', 1],
    [' 10s ', 10_000],
  ])('%s is %d ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

  test.each([
    ['10', '"10" has no unit: write a number and one of ms, s, m, h, d, such as 30s, 90m or 26h'],
    ['soon', '"soon" is not a duration'],
    ['-3s', '"-3s" is not a duration'],
    ['', '"" is not a duration'],
    ['0s', '"0s" is no time at all'],
    ['5m 3', '"5m 3" is not a duration'],
    ['a5', '"a5" is not a duration'],
    ['5a', '"5a" is not a duration'],
    [' 1.25 ', '" 1.25 " has no unit'],
  ])('%j is refused with a sentence', (text, sentence) => expect(() => parseDuration(text)).toThrow(sentence));

  test.each([
    [250, '250ms'],
    [1, '1ms'],
    [1_000, '1s'],
    [86_400_000, '1d'],
    [1_001, '1s 1ms'],
    [1_000 * 86_400_000, '1000d'],
    [30_000, '30s'],
    [93_600_000, '26h'],
    [432_000_000, '5d'],
    [90_061_000, '1d 1h'],
    [61_001, '1m 1s'],
    [60_001, '1m'],
    [0, '0s'],
  ])('of %d ms is shown as %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

  test('of one unit is shown as a duration that means the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999 }), fc.constantFrom('ms', 's', 'm', 'h', 'd'), (amount, unit) => {
        const ms = parseDuration(`${amount}${unit}`);
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });
});

describe('the pause after a postponement', () => {
  test('begins with the first pause and doubles', () => {
    const pauses = [0, 1, 2, 3].map((postponed) => retryAfterMs(DEFAULT_PATIENCE, postponed, 0.5));
    expect(pauses).toEqual([10, 20, 40, 80].map((minutes) => minutes * 60_000));
  });

  test('varies by a tenth, so that rows postponed together do not come back together', () => {
    expect([0, 1].map((random) => retryAfterMs(DEFAULT_PATIENCE, 0, random))).toEqual([540_000, 660_000]);
  });

  test('is never longer than the time after which the registration is closed without a result', () => {
    expect(retryAfterMs(DEFAULT_PATIENCE, 5000, 0.5)).toBe(parseDuration('72h'));
  });
});

test('a quota day that was closed is checked again after one, 5, 15 and 60 times the first wait', () => {
  expect(quotaRechecksMs({ quotaRecheckMs: 60_000 })).toEqual([60_000, 300_000, 900_000, 3_600_000]);
});
