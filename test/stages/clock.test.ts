/**
 * Quota days are Redis' days: a machine whose clock is in another day neither charges that day nor asks in a circle. A clock that is
 * further off than minutes is found out before (a-worker-with-a-wrong-clock.test.ts); these workers do not compare theirs.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sendingWindow } from '../../src/domain/limits.js';
import { openWakeupChannel, type WakeupChannel } from '../../src/redis/wakeup-channel.js';
import type { Reply } from '../../src/wechat/client.js';
import type { WorkerContext } from '../../src/worker/context.js';
import { followUp } from '../../src/worker/follow-up.js';
import { submit } from '../../src/worker/submit.js';
import { type Book, DAY_MS, HOUR_MS, idOf, jobOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';
import { contextWith } from '../support/worker-context.js';

const server = useRedis();
const [one, other] = [merchant(1), merchant(2)];
const ACCEPTED: Reply = { kind: 'answer', errcode: 0, said: 'ok', body: {} };
const SPENT: Reply = { kind: 'answer', errcode: 91030, said: 'five times', body: {} };
const RUNNING: Reply = { kind: 'answer', errcode: 89251, said: 'legal person checking', body: {} };

let book: Book;
let wakeupChannel: WakeupChannel;

beforeEach(async () => {
  wakeupChannel = await openWakeupChannel(server.connect());
  book = openBook(server.redis);
  await book.load('b1', [one]);
});
afterEach(() => wakeupChannel.close());

/** A worker whose clock is off, and how often it asked for permission. */
function workerOff(offMs: number, reply: Reply): { context: WorkerContext; asked: () => number } {
  const context = contextWith(server.redis, wakeupChannel, { create: async () => reply, search: async () => RUNNING });
  let asked = 0;
  const take: typeof context.calls.acquire = (...args) => {
    asked += 1;
    return context.calls.acquire(...args);
  };
  return {
    context: { ...context, now: () => Date.now() + offMs, calls: { ...context.calls, acquire: take } },
    asked: () => asked,
  };
}

async function window() {
  return sendingWindow(workerOff(0, ACCEPTED).context.limits, await book.calls.now());
}

test.each([-DAY_MS, -2_000, 2_000, DAY_MS])(
  'a worker whose clock is off by %d ms sends at once, on the right day',
  async (offMs) => {
    const { day } = await window();
    const { context, asked } = workerOff(offMs, ACCEPTED);
    await submit(context, (make) => make(), jobOf('submit'), idOf(one));
    expect(asked()).toBe(1);
    expect(await book.calls.ofDay(day)).toMatchObject({ create: 1, search: 0 });

    const sentAt = Date.now() - 2 * DAY_MS;
    await book.load('b2', [other]);
    await book.record(idOf(other), 'create_sent', { at: sentAt, until: sentAt + DAY_MS });
    await book.record(idOf(other), 'create_accepted', { callSentAt: sentAt });
    await followUp(context, jobOf('follow-up'), idOf(other));
    expect(asked()).toBe(2);
    expect(await book.calls.ofDay(day)).toMatchObject({ create: 1, search: 1 });
  },
);

test.each([-DAY_MS, DAY_MS])(
  'a Weixin ID that is used up waits for the end of that day, whatever a clock that is off by %d ms says',
  async (offMs) => {
    const { dayEndsAt } = await window();
    const { context } = workerOff(offMs, SPENT);
    await submit(context, (make) => make(), jobOf('submit'), idOf(one));
    expect(await book.registration(idOf(one))).toMatchObject({ wait: 'person', until: dayEndsAt });
  },
);

test('what waited for a slot over the end of a day is sent on the next one, and not asked for in a circle', async () => {
  const { day } = await window();
  // It was read an hour before, when another day was; the clock of the worker stood still since.
  const { context, asked } = workerOff(0, ACCEPTED);
  const { read } = context.ledger;
  let isOld = true;
  const ledger: typeof context.ledger = {
    ...context.ledger,
    async read(id) {
      const view = await read(id);
      if (view === undefined || !isOld) return view;
      isOld = false;
      return { ...view, now: view.now - DAY_MS };
    },
  };
  await submit({ ...context, ledger, now: () => Date.now() }, (make) => make(), jobOf('submit'), idOf(one));
  expect(asked()).toBe(2);
  expect(await book.calls.ofDay(day)).toMatchObject({ create: 1 });
});

test('sending hours are measured by that clock, too', async () => {
  const minute = Math.floor((await book.calls.now()) / 60_000) % 1440;
  const closed = { fromMinute: (minute + 120) % 1440, untilMinute: (minute + 180) % 1440 };
  const { context, asked } = workerOff(2 * HOUR_MS + 60_000, ACCEPTED);
  const limits = { ...context.limits, sendingHours: closed };
  const hold: typeof context.wakeups = { ...context.wakeups, wait: async () => false };
  await submit({ ...context, limits, wakeups: hold }, (make) => make(), jobOf('submit'), idOf(one));
  expect(asked()).toBe(1);
  expect(await book.registration(idOf(one))).toMatchObject({ state: 'queued' });
});
