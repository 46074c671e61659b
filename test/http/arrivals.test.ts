import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
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
  const all = Array.from({ length: count }, () => connection());
  return { arrivals, all, clock, places: () => looked.map((it) => all.indexOf(it)) };
}

test('the newest are read first, and after each four of them the oldest', async () => {
  const { arrivals, all, places } = setUp();
  for (const it of all) arrivals.accepted(it);
  await until('some are read', () => places().length >= 10);
  expect(places().slice(0, 10)).toEqual([99, 98, 97, 96, 0, 95, 94, 93, 92, 1]);
  await until('all are read', () => places().length === 100);
  expect(new Set(places()).size).toBe(100);
});

test('requests that are here are looked at in the same order, beside connections that are read', async () => {
  const { arrivals, all, places } = setUp();
  for (const it of all.slice(0, 50)) arrivals.isHere(it);
  for (const it of all.slice(50)) arrivals.accepted(it);
  await until('some are looked at', () => places().length >= 10);
  expect(places().slice(0, 10)).toEqual([49, 99, 48, 98, 47, 97, 46, 96, 0, 50]);
  await until('all are looked at', () => places().length === 100);
  expect(new Set(places()).size).toBe(100);
});

test('while connections come, one at each turn, the one that came is read at that turn, and little else', async () => {
  const { arrivals, all, places } = setUp();
  for (const it of all.slice(0, 90)) arrivals.accepted(it);
  for (let at = 90; at < 100; at += 1) {
    const before = places().length;
    arrivals.accepted(all[at] as Connection);
    await turnOfTheLoop();
    expect(places()[before]).toBe(at);
    expect(places().length - before).toBeLessThanOrEqual(2);
  }
});

test('from where genuine requests come, connections are read first; while some come, others have one turn of 64', async () => {
  const { arrivals, all, places } = setUp();
  const ours = [connection('198.51.100.1'), connection('198.51.100.9')] as const;
  arrivals.isGenuine(ours[0]);
  all.push(...ours);
  for (const it of all.slice(0, 30)) arrivals.accepted(it);
  arrivals.accepted(ours[0]);
  await turnOfTheLoop();
  expect(places()).toEqual([100, 29]);
  for (let at = 30; at < 94; at += 1) {
    arrivals.accepted(all[at] as Connection);
    if (at === 32) arrivals.isHere(ours[1]);
    await turnOfTheLoop();
  }
  expect(places()).toEqual([100, 29, 101, 93]);
  await until('all are looked at', () => places().length === 96);
});

test('a thousand networks are remembered, the latest', async () => {
  const { arrivals, all, places } = setUp(0);
  const from = (at: number): Connection => connection(`2001:db8:0:${at.toString(16)}::1`);
  for (let at = 0; at <= 1_000; at += 1) arrivals.isGenuine(from(at));
  all.push(from(1), from(0));
  for (const it of all) arrivals.accepted(it);
  await until('both are read', () => places().length === 2);
  expect(places()).toEqual([0, 1]);
});

test('a connection that is closed meanwhile is passed over', async () => {
  const { arrivals, all, places } = setUp(3);
  for (const it of all) arrivals.isHere(it);
  all[1]?.socket.destroy();
  await until('the others are looked at', () => places().length === 2);
  expect(places()).toEqual([2, 0]);
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
