import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { afterWorkingDays, closedForMs, dayInWords, localTime, quotaDay } from '../../src/domain/calendar.js';
import { runs } from '../support/runs.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const at = (iso: string): number => Date.parse(iso);

test('a time in a sentence is on the reader’s clock, with the year if it is not the present year', () => {
  const now = at('2026-12-31T15:00:00Z');
  const said = (iso: string) => localTime(at(iso), 'Asia/Shanghai', now);
  expect(said('2026-11-21T14:09:59Z')).toEqual({ en: '21 Nov 22:09', zh: '11 月 21 日 22:09' });
  expect(said('2026-12-31T16:05:00Z')).toEqual({ en: '1 Jan 2027 00:05', zh: '2027 年 1 月 1 日 00:05' });
});

test('a day in a sentence has the year if it is not the present year', () => {
  const now = at('2026-12-31T04:00:00Z');
  expect(dayInWords('2026-11-21', now)).toEqual({ en: '2026-11-21', zh: '11 月 21 日' });
  expect(dayInWords('2027-01-02', now)).toEqual({ en: '2027-01-02', zh: '2027 年 1 月 2 日' });
});

describe('the quota day', () => {
  test('of Shanghai begins at 16:00 UTC', () => {
    const tomorrow = at('2026-11-21T16:00:00Z');
    expect(quotaDay(at('2026-11-21T15:59:59.999Z'), 'Asia/Shanghai')).toEqual({ day: '2026-11-21', endsAt: tomorrow });
    expect(quotaDay(tomorrow, 'Asia/Shanghai')).toEqual({ day: '2026-11-22', endsAt: tomorrow + 24 * HOUR });
  });

  test.each([
    ['that loses an hour has 23 hours', '2026-03-29T00:00:00+01:00', 23],
    ['that gains an hour has 25 hours', '2026-10-25T00:00:00+02:00', 25],
    ['in between has 24 hours', '2026-06-01T00:00:00+02:00', 24],
  ])('of Berlin %s', (_, begin, hours) => {
    const begins = at(begin);
    const { day, endsAt } = quotaDay(begins, 'Europe/Berlin');
    expect(day).toBe(begin.slice(0, 10));
    expect(endsAt - begins).toBe(hours * HOUR);
    expect(quotaDay(endsAt - 1, 'Europe/Berlin')).toEqual({ day, endsAt });
  });

  test('is over exactly when the next one begins, in any zone and at any time', () => {
    const zones = [
      'Asia/Shanghai',
      'Europe/Berlin',
      'America/New_York',
      'America/Santiago',
      'Australia/Lord_Howe',
      'UTC',
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: at('2025-01-01T00:00:00Z'), max: at('2028-01-01T00:00:00Z') }),
        (zone, now) => {
          const { day, endsAt } = quotaDay(now, zone);
          expect(endsAt).toBeGreaterThan(now);
          expect(endsAt - now).toBeLessThanOrEqual(25 * HOUR);
          expect(quotaDay(endsAt - 1, zone).day).toBe(day);
          expect(quotaDay(endsAt, zone).day > day).toBe(true);
        },
      ),
      { numRuns: runs(300) },
    );
  });
});

describe('sending hours', () => {
  const closed = (time: string, hours: { fromMinute: number; untilMinute: number }): number =>
    closedForMs(at(`2026-11-21T${time}+08:00`), 'Asia/Shanghai', hours) / MINUTE;

  const DAYTIME = { fromMinute: 8 * 60, untilMinute: 20 * 60 };
  const NIGHT = { fromMinute: 22 * 60, untilMinute: 6 * 60 };
  const ALWAYS = { fromMinute: 0, untilMinute: 1440 };

  test.each([
    ['07:59', 1],
    ['08:00', 0],
    ['19:59', 0],
    ['20:00', 12 * 60],
    ['00:00', 8 * 60],
  ])('of the day: at %s they open in %d minutes', (time, minutes) => {
    expect(closed(`${time}:00`, DAYTIME)).toBe(minutes);
  });

  test.each([
    ['21:59', 1],
    ['22:00', 0],
    ['23:59', 0],
    ['00:00', 0],
    ['05:59', 0],
    ['06:00', 16 * 60],
    ['12:30', 9 * 60 + 30],
  ])('over midnight: at %s they open in %d minutes', (time, minutes) => {
    expect(closed(`${time}:00`, NIGHT)).toBe(minutes);
  });

  test('open on the second', () => {
    expect(closed('07:59:59.500', DAYTIME)).toBe(500 / MINUTE);
  });

  test('from midnight to midnight are never closed', () => {
    for (let hour = 0; hour < 24; hour += 1) expect(closed(`${String(hour).padStart(2, '0')}:30:00`, ALWAYS)).toBe(0);
  });

  test('are open again when the wait is over, on every day without a change of clocks', () => {
    const minute = fc.integer({ min: 0, max: 1439 });
    fc.assert(
      fc.property(
        minute,
        minute,
        fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2027-01-01T00:00:00Z') }),
        (fromMinute, untilMinute, now) => {
          fc.pre(fromMinute !== untilMinute);
          const hours = { fromMinute, untilMinute };
          const ms = closedForMs(now, 'Asia/Shanghai', hours);
          expect(ms).toBeLessThanOrEqual(24 * HOUR);
          expect(closedForMs(now + ms, 'Asia/Shanghai', hours)).toBe(0);
          if (ms > 0) expect(closedForMs(now + ms - 1, 'Asia/Shanghai', hours)).toBe(1);
        },
      ),
      { numRuns: runs(500) },
    );
  });
});

describe('working days', () => {
  test.each([
    ['from Monday, five lead to the next Monday', '2026-11-16T10:00:00Z', 5, '2026-11-23T10:00:00Z'],
    ['from Friday, one leads to Monday', '2026-11-20T10:00:00Z', 1, '2026-11-23T10:00:00Z'],
    ['from Saturday, one leads to Monday', '2026-11-21T10:00:00Z', 1, '2026-11-23T10:00:00Z'],
    ['none lead nowhere', '2026-11-21T10:00:00Z', 0, '2026-11-21T10:00:00Z'],
    ['fifteen are three weeks', '2026-11-18T23:59:00Z', 15, '2026-12-09T23:59:00Z'],
    [
      'from Friday evening in UTC, which is Saturday in Beijing, one leads to Monday there',
      '2026-11-20T20:00:00Z',
      1,
      '2026-11-22T20:00:00Z',
    ],
    [
      'from Sunday evening in UTC, which is Monday in Beijing, one leads to Tuesday there',
      '2026-11-22T20:00:00Z',
      1,
      '2026-11-23T20:00:00Z',
    ],
    ['five from Thursday evening in UTC end on a Friday in Beijing', '2026-11-19T16:00:00Z', 5, '2026-11-26T16:00:00Z'],
  ])('%s', (_, from, days, to) => {
    expect(new Date(afterWorkingDays(at(from), days)).toISOString()).toBe(new Date(to).toISOString());
  });
});

test('times of the same minute are written for the time zone and the year of their reader', () => {
  const time = at('2026-12-31T15:30:00Z');
  const in2026 = at('2026-12-01T00:00:00Z');
  expect(localTime(time, 'Asia/Shanghai', in2026).en).toBe('31 Dec 23:30');
  expect(localTime(time + 59_999, 'Asia/Shanghai', in2026).en).toBe('31 Dec 23:30');
  expect(localTime(time + 60_000, 'Asia/Shanghai', in2026).en).toBe('31 Dec 23:31');
  expect(localTime(time, 'Asia/Tokyo', in2026).en).toBe('1 Jan 2027 00:30');
  expect(localTime(time, 'Asia/Shanghai', at('2027-02-01T00:00:00Z')).en).toBe('31 Dec 2026 23:30');
});
