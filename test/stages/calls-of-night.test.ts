import { expect, test } from 'vitest';
import { callsOfNight } from '../../src/nights/calls-of-night.js';
import type { Calls } from '../../src/redis/calls.js';

const at = (time: string): number => Date.parse(`2026-11-${time}+08:00`);

test.each([
  ['ends on its day', at('21T23:59:00'), 300],
  ['ends after midnight', at('22T03:00:00'), 350],
  ['ends days later', at('23T12:00:00'), 357],
])('the calls of a night that %s are those of all its days, without those before it', async (_, now, used) => {
  const days: Record<string, number> = { '2026-11-21': 1_300, '2026-11-22': 50, '2026-11-23': 7 };
  const ofDay = async (day: string) => ({ create: days[day] ?? 0, search: 0 }) as Awaited<ReturnType<Calls['ofDay']>>;
  const night = { startedAt: at('21T22:00:00'), usedBefore: 1_000 };
  expect(await callsOfNight({ ofDay }, 'Asia/Shanghai', night, now)).toBe(used);
});
