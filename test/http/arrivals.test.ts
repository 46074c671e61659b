import { expect, test } from 'vitest';
import { Arrivals } from '../../src/http/arrivals.js';
import type { Connection } from '../../src/http/connection.js';
import { connection } from '../support/connection.js';
import { until } from '../support/until.js';

function setUp(count = 100) {
  const looked: Connection[] = [];
  const clock = { ms: 0 };
  const arrivals = new Arrivals(
    (it) => void looked.push(it),
    () => clock.ms,
  );
  const all = Array.from({ length: count }, connection);
  return { arrivals, all, clock, places: () => looked.map((it) => all.indexOf(it)) };
}

test('of connections that are not read yet the newest and the oldest are read in turn, a few at a time', async () => {
  const { arrivals, all, places } = setUp();
  for (const it of all) arrivals.accepted(it);
  await until('some are read', () => places().length > 0);
  expect(places().slice(0, 4)).toEqual([99, 0, 98, 1]);
  await until('all are read', () => places().length === 100);
  expect(new Set(places()).size).toBe(100);
});

test('requests that are here are looked at in their order, beside connections that are read', async () => {
  const { arrivals, all, places } = setUp();
  for (const it of all.slice(0, 50)) arrivals.isHere(it);
  for (const it of all.slice(50)) arrivals.accepted(it);
  await until('some are looked at', () => places().length > 0);
  expect(places().slice(0, 8)).toEqual([0, 99, 1, 50, 2, 98, 3, 51]);
  await until('all are looked at', () => places().length === 100);
  expect(places().filter((at) => at < 50)).toEqual(Array.from({ length: 50 }, (_, at) => at));
});

test('a connection that is closed meanwhile is passed over', async () => {
  const { arrivals, all, places } = setUp(3);
  for (const it of all) arrivals.isHere(it);
  all[1]?.socket.destroy();
  await until('the others are looked at', () => places().length === 2);
  expect(places()).toEqual([0, 2]);
});

test('fifty connections within fifty ms are a flood, until as few come again', () => {
  const { arrivals, all, clock } = setUp();
  const come = (count: number): void => {
    for (const it of all.slice(0, count)) arrivals.accepted(it);
  };
  come(49);
  expect(arrivals.isFlood).toBe(false);
  clock.ms = 50;
  come(50);
  expect(arrivals.isFlood).toBe(true);
  clock.ms = 100;
  come(1);
  expect(arrivals.isFlood).toBe(true);
  clock.ms = 150;
  expect(arrivals.isFlood).toBe(false);
  come(50);
  clock.ms = 1_000;
  expect(arrivals.isFlood).toBe(false);
});
