import { expect, test } from 'vitest';
import { Allowance } from '../../src/http/allowance.js';
import type { Connection } from '../../src/http/connection.js';
import { type ConnectionRefusal, Places } from '../../src/http/places.js';
import { connection } from '../support/connection.js';

function setUp(more: { connections?: number; idle?: number; perAddress?: number } = {}) {
  const clock = { ms: 0 };
  const refused: ConnectionRefusal[] = [];
  const limits = {
    connections: 3,
    idle: 2,
    perAddress: 2,
    requestMs: 5_000,
    idleMs: 75_000,
    answersASecond: 1,
    answersAtOnce: 1,
    ...more,
  };
  const places = new Places(
    limits,
    () => clock.ms,
    (why) => refused.push(why),
  );
  return { clock, places, refused };
}

const closed = (all: readonly Connection[]): boolean[] => all.map(({ socket }) => socket.destroyed);

test('the oldest stranger makes room for a new one, before an idle client of ours does', () => {
  const { places, refused } = setUp();
  const all = [connection(), connection(), connection()] as const;
  for (const it of all) places.add(it);
  places.rest(all[0]);
  places.add(connection());
  expect(closed(all)).toEqual([false, true, false]);
  places.add(connection());
  expect(closed(all)).toEqual([false, true, true]);
  expect(refused).toEqual(['crowded', 'crowded']);
});

test('what is being worked on makes no room; when there is nothing else, the new one does', () => {
  const { places } = setUp();
  const all = [connection(), connection(), connection()];
  for (const it of all) {
    places.add(it);
    places.hold(it);
  }
  const late = connection();
  places.add(late);
  expect(closed([...all, late])).toEqual([false, false, false, true]);
});

test('if there are too many clients of ours, the connection that is idle longest is closed', () => {
  const { places } = setUp({ connections: 100 });
  const all = [connection(), connection(), connection()] as const;
  for (const it of all) {
    places.add(it);
    places.rest(it);
  }
  expect(closed(all)).toEqual([true, false, false]);
});

test('an address has so many unfinished requests; answered and genuine ones do not count', () => {
  const { places, refused } = setUp({ connections: 100 });
  const all = [connection(), connection(), connection(), connection()] as const;
  const come = (it: Connection, address: string): void => {
    places.add(it);
    places.count(it, address);
  };
  come(all[0], '203.0.113.7');
  places.hold(all[0]);
  come(all[1], '203.0.113.7');
  come(all[2], '203.0.113.7');
  expect(closed(all)).toEqual([false, false, false, false]);
  come(connection(), '203.0.113.8');
  come(all[3], '203.0.113.7');
  expect(closed(all)).toEqual([false, true, false, false]);
  expect(refused).toEqual(['address_limit']);
});

test('unfinished requests share one memory, and the oldest loses its part', () => {
  const { places } = setUp({ connections: 100 });
  const all = Array.from({ length: 20 }, connection);
  for (const it of all) {
    places.add(it);
    places.holdBytes(it, 1024 * 1024);
  }
  expect(closed(all)).toEqual(all.map((_, at) => at < 4));
});

test('a request that does not come in time is closed, and a crowd of them not all at once', () => {
  const { clock, places, refused } = setUp({ connections: 1_000 });
  for (let at = 0; at < 600; at += 1) places.add(connection());
  clock.ms = 4_999;
  places.expire(() => {});
  expect(places.all.size).toBe(600);
  clock.ms = 5_000;
  places.expire(() => {});
  expect(places.all.size).toBe(350);
  places.expire(() => {});
  places.expire(() => {});
  expect(places.all.size).toBe(0);
  expect(refused).toEqual(Array.from({ length: 600 }, () => 'too_slow'));
});

test('an idle client of ours stays for more than a minute, so that the proxy closes the connection first', () => {
  const { clock, places, refused } = setUp();
  const it = connection();
  places.add(it);
  places.rest(it);
  clock.ms = 74_999;
  places.expire(() => {});
  expect(it.socket.destroyed).toBe(false);
  clock.ms = 75_000;
  places.expire(() => {});
  expect(it.socket.destroyed).toBe(true);
  expect(refused).toEqual([]);
});

test('an allowance is used up, and grows again with time up to what may be taken at once', () => {
  const clock = { ms: 0 };
  const allowance = new Allowance(10, 3, () => clock.ms);
  const taken = (times: number): number => Array.from({ length: times }, () => allowance.take()).filter(Boolean).length;
  expect(taken(5)).toBe(3);
  clock.ms = 100;
  expect(taken(5)).toBe(1);
  clock.ms = 10_000;
  expect(taken(5)).toBe(3);
});
