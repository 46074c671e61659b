/** A wakeup channel whose connection is lost, or dies without a word. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { key } from '../../src/redis/keys.js';
import { connect } from '../../src/redis/server/connection.js';
import { openWakeupChannel, type WakeupChannel } from '../../src/redis/wakeup-channel.js';
import { type OwnRedis, ownRedis } from '../support/own-redis.js';
import { until } from '../support/until.js';
import { type Wire, wireTo } from '../support/wire.js';

/** What the program waits for passes when the test says so. */
const TIMERS = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] as const;
const SILENT = { info() {}, warn() {} };

let own: OwnRedis;
let wire: Wire;
let wakeupChannel: WakeupChannel;

beforeAll(async () => {
  own = await ownRedis();
});
afterAll(() => own.end());

beforeEach(async () => {
  wire = await wireTo(own);
  const near = await connect({ socketPath: wire.socketPath }, 'background', SILENT);
  wakeupChannel = await openWakeupChannel(near);
  near.disconnect();
});
afterEach(async () => {
  await wakeupChannel.close();
  await wire.close();
});

test('a connection that comes back wakes the subscribers of all topics', async () => {
  const rung = new Promise<void>((resolve) => wakeupChannel.on('line', resolve));
  wire.cut();
  await rung;

  const heard = new Promise<void>((resolve) => wakeupChannel.on('quota', resolve));
  await (await own.connect()).publish(key('wakeups'), 'quota');
  await heard;
});

test('a wakeup channel that is closed while its connection comes back is silent, and breaks nothing', async () => {
  const unhandled: unknown[] = [];
  const watch = (reason: unknown): void => void unhandled.push(reason);
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', watch);
  try {
    const asked = new Promise<void>((resolve) => {
      wire.passes = (said) => {
        if (!said.includes('subscribe')) return true;
        resolve();
        return false;
      };
    });
    wire.cut();
    await asked;
    await wakeupChannel.close();
    await wire.lastClosed();
    // Node tells of unhandled rejections before the next timers.
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off('unhandledRejection', watch);
    for (const other of others) process.on('unhandledRejection', other);
  }
  expect(unhandled).toEqual([]);
});

test('a wakeup channel notices that its connection has died silently, and listens again', async () => {
  vi.useFakeTimers({ toFake: [...TIMERS] });
  onTestFinished(() => void vi.useRealTimers());
  const near = await connect({ socketPath: wire.socketPath }, 'background', SILENT);
  const deaf = await openWakeupChannel(near);
  near.disconnect();
  let rung = false;
  deaf.on('line', () => {
    rung = true;
  });
  const asked = wire.saying('ping');
  wire.goDead();
  await vi.runOnlyPendingTimersAsync();
  await asked;
  await vi.runOnlyPendingTimersAsync();
  await until('it is connected anew and wakes all', async () => {
    // Short beside every deadline, so that an answer on its way is in time on a busy machine, too.
    await vi.advanceTimersByTimeAsync(20);
    return rung;
  });
  await deaf.close();
});
