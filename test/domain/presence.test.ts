import { describe, expect, test } from 'vitest';
import { heartbeatOf, type LiveProcess, type Presence, workerMissingSince } from '../../src/domain/presence.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const NOW = Date.parse('2026-11-23T12:00+08:00');
const WORKER: LiveProcess = { role: 'worker', version: '1.0.0', host: 'one', pid: 7, id: 'w' };

/** A worker was seen, and a row waits, so long ago; ms. */
function presence(facts: Partial<Presence> & { readonly seenAgo?: number; readonly waitsFor?: number }): Presence {
  const { seenAgo = HOUR_MS, waitsFor = HOUR_MS, ...more } = facts;
  return { now: NOW, live: [], seen: { worker: NOW - seenAgo }, waitingSince: NOW - waitsFor, ...more };
}

const missing = (facts: Parameters<typeof presence>[0], nights: readonly number[] = []) =>
  workerMissingSince(presence(facts), nights, 2 * MINUTE_MS);

describe('a worker is missing', () => {
  test('where rows wait and none has lived for two minutes', () => {
    expect(missing({ seenAgo: 2 * MINUTE_MS })).toBe(NOW - 2 * MINUTE_MS);
    expect(missing({ seen: {} })).toBe(NOW - HOUR_MS);
  });

  test('not while a worker lives, nothing waits, or either is so for less than two minutes', () => {
    expect(missing({ live: [WORKER] })).toBeUndefined();
    expect(workerMissingSince({ now: NOW, live: [], seen: {} }, [], 2 * MINUTE_MS)).toBeUndefined();
    expect(missing({ seenAgo: 119_999 })).toBeUndefined();
    expect(missing({ waitsFor: 119_999 })).toBeUndefined();
  });

  test('also where a receiver and a scheduler live', () => {
    expect(missing({ live: [{ ...WORKER, role: 'receiver' }] })).toBeDefined();
  });
});

describe('between the nights of cron no process sends, and', () => {
  /** Monday to Friday at 22:00, the last one on Friday, three days before NOW. */
  const friday = Date.parse('2026-11-20T22:00+08:00');
  const week = [4, 3, 2, 1, 0].map((daysBefore) => friday - daysBefore * DAY_MS);
  const weeks = [...week.map((at) => at - 7 * DAY_MS), ...week];

  const since = (passing: number, more: Presence['seen'] = {}) => ({ seen: { worker: passing, passing, ...more } });

  test('no worker is missing until the next night is overdue', () => {
    expect(missing(since(NOW - 25 * HOUR_MS))).toBeUndefined();
    expect(missing(since(NOW - 27 * HOUR_MS))).toBeDefined();
  });

  test('a weekend without a night is none where there was one before', () => {
    expect(missing(since(friday), weeks)).toBeUndefined();
    expect(missing(since(friday), week)).toBeDefined();
    const tuesday = friday + 4 * DAY_MS;
    expect(workerMissingSince({ ...presence(since(friday)), now: tuesday }, weeks, 2 * MINUTE_MS)).toBeDefined();
  });

  test('a steady worker of the last seven days is missed all the same', () => {
    expect(missing(since(NOW - HOUR_MS, { steady: NOW - 6 * DAY_MS }))).toBeDefined();
    expect(missing(since(NOW - HOUR_MS, { steady: NOW - 8 * DAY_MS }))).toBeUndefined();
  });

  test('what a person runs for a file is no night', () => {
    expect(missing({ seen: { worker: NOW - HOUR_MS, once: NOW - HOUR_MS } })).toBeDefined();
    expect(missing(since(NOW - 3 * HOUR_MS, { once: NOW - HOUR_MS }))).toBeUndefined();
  });
});

test('a worker that was killed is missed long before the wait is over, and no process is believed to live for more than three minutes', () => {
  expect(heartbeatOf(2 * MINUTE_MS)).toEqual({ everyMs: 15_000, livesMs: 45_000 });
  expect(heartbeatOf(DAY_MS).livesMs).toBe(3 * MINUTE_MS);
  expect(heartbeatOf(1).everyMs).toBe(50);
});
