import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { startPolling } from '../../src/polling.js';
import { sleep } from '../../src/sleep.js';
import { until } from '../support/until.js';

const HOUR_MS = 3_600_000;

/** Looks that end when the test says so. */
function openLooks() {
  const ends: (() => void)[] = [];
  let atOnce = 0;
  let most = 0;
  return {
    look: (pauseMs: number) => async () => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await new Promise<void>((resolve) => ends.push(resolve));
      atOnce -= 1;
      return pauseMs;
    },
    begun: () => ends.length,
    end: (at: number) => ends[at]?.(),
    mostAtOnce: () => most,
  };
}

const never = (error: unknown): number => {
  throw error;
};

test('a nudge during a look makes one more, however often it comes', async () => {
  const looks = openLooks();
  const polling = startPolling(looks.look(HOUR_MS), never);
  for (let nudges = 0; nudges < 3; nudges += 1) polling.nudge();
  looks.end(0);
  await until('it looks again', () => looks.begun() === 2);
  looks.end(1);
  const closed = polling.close();
  await closed;
  expect([looks.begun(), looks.mostAtOnce()]).toEqual([2, 1]);
});

test('it looks again after the pause that the last look answered, and after the one of a failure', async () => {
  let looks = 0;
  const failures: unknown[] = [];
  const polling = startPolling(
    async () => {
      looks += 1;
      if (looks === 2) throw new Error('Redis is away');
      return looks === 1 ? 1 : HOUR_MS;
    },
    (error) => {
      failures.push(error);
      return 1;
    },
  );
  await until('it has looked three times', () => looks === 3);
  await polling.close();
  expect(failures).toEqual([new Error('Redis is away')]);
});

test('closing waits for the look that is under way, and no nudge begins another', async () => {
  const looks = openLooks();
  const polling = startPolling(looks.look(1), never);
  polling.nudge();
  let isClosed = false;
  const closed = polling.close().then(() => {
    isClosed = true;
  });
  await Promise.resolve();
  expect(isClosed).toBe(false);
  looks.end(0);
  await closed;
  polling.nudge();
  expect(looks.begun()).toBe(1);
});

test('a sleep ends when one of its signals is aborted, and leaves no listener behind', async () => {
  const [one, other] = [new AbortController(), new AbortController()];
  let listeners = 0;
  const { signal } = one;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners += 1;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners -= 1;
    remove(...args);
  };
  const sleeping = sleep(HOUR_MS, signal, other.signal);
  expect(listeners).toBe(1);
  other.abort();
  await sleeping;
  expect(listeners).toBe(0);
  await sleep(HOUR_MS, signal, other.signal);
  await sleep(1, signal);
  expect(listeners).toBe(0);
});

test('many sleeps share one signal without a warning of a leak', async () => {
  const warnings: string[] = [];
  const hear = ({ name }: Error): void => void warnings.push(name);
  process.on('warning', hear);
  const leaving = new AbortController();
  const sleeps = Array.from({ length: 20 }, () => sleep(HOUR_MS, leaving.signal));
  leaving.abort();
  await Promise.all(sleeps);
  // Warnings are emitted in the next tick.
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', hear);
  expect(warnings).toEqual([]);
});

test('a sleep without a signal leaves the limit of listeners of all others as it is', async () => {
  const before = EventEmitter.defaultMaxListeners;
  await sleep(1);
  expect(EventEmitter.defaultMaxListeners).toBe(before);
});
