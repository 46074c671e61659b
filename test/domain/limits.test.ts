import { describe, expect, test } from 'vitest';
import {
  budgetOfDay,
  callsOfDay,
  exchangesPerSecond,
  quotaPatienceMs,
  searchReserve,
  sendingWindow,
} from '../../src/domain/limits.js';
import { LIMITS } from '../support/limits.js';

const HOUR_MS = 3_600_000;

describe('the calls of a day', () => {
  const own = { perDay: 1_000, believeWeChat: false };

  test('are the setting’s if WeChat has reported nothing', () => {
    expect(callsOfDay(own, {})).toBe(1_000);
    expect(callsOfDay({ ...own, believeWeChat: true }, {})).toBe(1_000);
  });

  test('are lowered by WeChat’s number, and never raised', () => {
    expect(callsOfDay(own, { reported: { limit: 400 } })).toBe(400);
    expect(callsOfDay(own, { reported: { limit: 5_000 } })).toBe(1_000);
  });

  test('are WeChat’s where WeChat is believed, also none at all', () => {
    for (const limit of [0, 400, 5_000]) {
      expect(callsOfDay({ ...own, believeWeChat: true }, { reported: { limit } })).toBe(limit);
    }
  });

  test('are increased by the calls that WeChat no longer counts', () => {
    expect(callsOfDay(own, { cleared: 30 })).toBe(1_030);
    expect(callsOfDay(own, { cleared: 30, reported: { limit: 1_010 } })).toBe(1_010);
  });

  test('are kept for searches up to a whole number of them', () => {
    expect(searchReserve({ ...LIMITS, perDay: 1_000, searchShare: 0.1 })).toBe(100);
    expect(searchReserve({ ...LIMITS, perDay: 999, searchShare: 0.1 })).toBe(99);
    expect(budgetOfDay({ ...LIMITS, perDay: 999 })).toEqual({
      perSecond: 5,
      perMinute: 120,
      perDay: 999,
      believe: false,
      reserve: 99,
    });
  });

  test('are waited for by `run` until the third check of a closed day', () => {
    expect(quotaPatienceMs({ quotaRechecksMs: [1, 5, 15, 60] })).toBe(15);
    expect(quotaPatienceMs({ quotaRechecksMs: [] })).toBe(0);
  });
});

test.each([1, 2, 5, 100])(
  'at %i calls a second as many auth_codes are exchanged: each call can bring one',
  (perSecond) => {
    expect(exchangesPerSecond({ ...LIMITS, perSecond })).toBe(perSecond);
  },
);

test('sending is closed until its hours begin, and the day ends at its own midnight', () => {
  const sendingHours = { fromMinute: 9 * 60, untilMinute: 18 * 60 };
  const at = (time: string) => sendingWindow({ ...LIMITS, sendingHours }, Date.parse(`2026-11-21T${time}+08:00`));
  const dayEndsAt = Date.parse('2026-11-22T00:00+08:00');
  expect(at('10:00')).toEqual({ day: '2026-11-21', dayEndsAt, closedMs: 0 });
  expect(at('07:00')).toEqual({ day: '2026-11-21', dayEndsAt, closedMs: 2 * HOUR_MS });
});
