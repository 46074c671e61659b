import { expect, test } from 'vitest';
import { dueOccurrence, nextOccurrence } from '../../src/nights/occurrences.js';

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

test('of many missed times the newest is due, of a schedule by the minute and of one by the year', () => {
  const added = NOW - 1_000 * DAY_MS;
  expect(dueOccurrence({ ...schedule(added), at: '* * * * *' }, 0, NOW + 500)).toBe(NOW);
  expect(dueOccurrence({ ...schedule(added), at: '0 22 1 * *' }, 0, NOW)).toBe(Date.parse('2026-11-01T22:00:00+08:00'));
  expect(dueOccurrence({ ...schedule(added), at: '0 22 1 1 *' }, 0, NOW)).toBe(Date.parse('2026-01-01T22:00:00+08:00'));
});

test.each([
  ['a time that is left out', '30 2 * * *', 'America/New_York', '2026-03-06T12:00:00-05:00', 4],
  ['a time that comes twice', '30 1 * * *', 'America/New_York', '2026-10-30T12:00:00-04:00', 4],
  ['a midnight that is left out', '30 0 * * *', 'Asia/Beirut', '2026-03-26T12:00:00+02:00', 4],
  ['half an hour that is left out', '15 2 * * *', 'Australia/Lord_Howe', '2026-10-02T12:00:00+10:30', 4],
  ['half an hour that comes twice', '45 1 * * *', 'Australia/Lord_Howe', '2026-04-03T12:00:00+11:00', 4],
  ['a time right after that half an hour', '15 2 * * *', 'Australia/Lord_Howe', '2026-04-03T12:00:00+11:00', 4],
  ['a time on the evening before it', '0 23 * * *', 'Australia/Lord_Howe', '2026-04-03T12:00:00+11:00', 4],
])(
  'where the clock is changed, %s is due once at most, and the nights around it are',
  (_, at, timezone, from, nights) => {
    const addedAt = Date.parse(from);
    const its = { ...schedule(addedAt), at, timezone };
    const begun = [0];
    for (let now = addedAt; now < addedAt + 4 * DAY_MS; now += 10 * 60_000) {
      const due = dueOccurrence(its, begun.at(-1) ?? 0, now);
      if (due !== undefined) begun.push(due);
    }
    expect(begun).toHaveLength(1 + nights);
    expect(begun).toEqual([...new Set(begun)].sort());
  },
);

test.each([
  ['America/Santiago', '2026-09-06T01:30:00-03:00'],
  ['Asia/Beirut', '2026-03-29T01:30:00+03:00'],
  ['Africa/Cairo', '2026-04-24T01:30:00+03:00'],
  ['America/Havana', '2026-03-08T01:30:00-04:00'],
])(
  'a night after midnight is held on the day on which clocks change at midnight in %s, as late as they are ahead',
  (timezone, at) => {
    const due = Date.parse(at);
    for (const before of [DAY_MS - 1, 3_600_000, 1_800_000, 1]) {
      expect(nextOccurrence({ at: '30 0 * * *', timezone }, due - before)).toBe(due);
    }
    expect(nextOccurrence({ at: '30 0 * * *', timezone }, due)).toBe(due + DAY_MS - 3_600_000);
  },
);

test('a night is held at its time on the day on which clocks go back by half an hour', () => {
  const it = (at: string) => ({ at, timezone: 'Australia/Lord_Howe' });
  const noonBefore = Date.parse('2026-04-04T12:00:00+11:00');
  expect(nextOccurrence(it('0 2 * * *'), noonBefore)).toBe(Date.parse('2026-04-05T02:00:00+10:30'));
  expect(nextOccurrence(it('0 23 * * *'), Date.parse('2026-04-04T23:00:00+11:00'))).toBe(
    Date.parse('2026-04-05T23:00:00+10:30'),
  );
  expect(() => nextOccurrence(it('0 0 31 2 *'), noonBefore)).toThrow();
});

test('times that clocks leave out and times that follow them are one night', () => {
  const times = ['2026-09-06T01:00:00-03:00', '2026-09-06T01:30:00-03:00', '2026-09-07T00:00:00-03:00'].map(Date.parse);
  const its = { at: '*/30 0,1 * * *', timezone: 'America/Santiago' };
  const [first = 0, second = 0, third = 0] = times;
  expect([first - 1, first, second].map((now) => nextOccurrence(its, now))).toEqual([first, second, third]);
});
