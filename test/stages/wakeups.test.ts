import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DEFAULT_PATIENCE } from '../../src/domain/patience.js';
import type { Topic, WakeupChannel } from '../../src/redis/wakeup-channel.js';
import { type TokenContext, tokenFor } from '../../src/worker/context.js';
import { openWakeups } from '../../src/worker/wakeups.js';
import { readableLog } from '../support/log.js';

const listeners = new Map<Topic, Set<() => void>>();
const wakeupChannel: WakeupChannel = {
  on(wake, listener) {
    const those = listeners.get(wake) ?? new Set();
    listeners.set(wake, those.add(listener));
    return () => those.delete(listener);
  },
  close: async () => {},
};
const wake = (what: Topic) => [...(listeners.get(what) ?? [])].forEach((listener) => void listener());

beforeEach(() => {
  listeners.clear();
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

test('a wait for a time lasts that long', async () => {
  const hold = openWakeups(wakeupChannel);
  const over = vi.fn();
  const waiting = hold.wait(5_000, []).then(over);
  await vi.advanceTimersByTimeAsync(4_999);
  expect(over).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  await waiting;
  expect(over).toHaveBeenCalledWith(true);
});

test('a wakeup ends the wait of its subscribers, and no other', async () => {
  const hold = openWakeups(wakeupChannel);
  const [line, token] = [vi.fn(), vi.fn()];
  const waiting = hold.wait(Number.POSITIVE_INFINITY, ['line']).then(line);
  void hold.wait(Number.POSITIVE_INFINITY, ['token']).then(token);
  wake('line');
  await waiting;
  expect(line).toHaveBeenCalledWith(true);
  expect(token).not.toHaveBeenCalled();
  expect(listeners.get('line')?.size).toBe(0);
});

test('a wakeup that was lost costs seconds, not hours', async () => {
  const hold = openWakeups(wakeupChannel);
  const over = vi.fn();
  wake('line');
  void hold.wait(Number.POSITIVE_INFINITY, ['line']).then(over);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(over).toHaveBeenCalledWith(true);
});

test('leaving ends all waits, and no wait begins any more', async () => {
  const hold = openWakeups(wakeupChannel);
  const waits = [hold.wait(5_000, []), hold.wait(Number.POSITIVE_INFINITY, ['line'])];
  hold.leave();
  expect(await Promise.all(waits)).toEqual([false, false]);
  expect(await hold.wait(5_000, [])).toBe(false);
  expect(hold.leaving).toBe(true);
});

test('a ticket that comes while it is being asked for is not waited for', async () => {
  const asked: string[] = [];
  const context: TokenContext = {
    credentials: {
      current: async () => {
        asked.push('token');
        if (asked.length > 1) return { kind: 'token', token: 'token' };
        // WeChat pushes the ticket before it has answered the call that asks for it.
        wake('token');
        return { kind: 'wait', ms: 60_000, why: 'ticket' };
      },
    },
    calls: {
      noteWait: async () => ({ ms: 60_000, isNew: true }),
      tokenRestMs: async () => 0,
      forgetWait: async () => {},
      line: async () => undefined,
      stopLine: async () => true,
    },
    patience: DEFAULT_PATIENCE,
    now: Date.now,
    wakeups: openWakeups(wakeupChannel),
    token: {},
    log: readableLog().log,
  };

  const told = vi.fn();
  void tokenFor(context).then(told);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(told).toHaveBeenCalledWith('token');
});
