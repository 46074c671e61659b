/** The day's calls hour by hour, throughput and the time left, on the first page and on that of a batch. */
import { describe, expect, test } from 'vitest';
import { checkContextOf } from '../../../src/app/check.js';
import { callsByHour, leftInWords, throughput, throughputInWords } from '../../../src/app/pace.js';
import { statusLines } from '../../../src/app/status-words.js';
import { batchToday, pageOfBatches, today } from '../../../src/app/today.js';
import type { Store } from '../../../src/app/wiring/store.js';
import { quotaDay } from '../../../src/domain/calendar.js';
import { merchant } from '../../support/merchants.js';
import { type Console, openConsole } from './support/visitor.js';

describe('the hours of a quota day', () => {
  const hoursAt = (iso: string, quotaTimezone: string, counted: readonly (readonly [number, number])[] = []) =>
    callsByHour({
      calls: { now: async () => Date.parse(iso), byHour: async () => new Map(counted) },
      settings: { quotaTimezone },
    } as unknown as Store);

  test('are 24, and the calls add up to the present one', async () => {
    const hours = await hoursAt('2026-11-21T10:30:00+08:00', 'Asia/Shanghai', [
      [23, 5],
      [14, 30],
      [13, 7],
    ]);
    expect(hours).toHaveLength(24);
    expect([hours[0], hours[8], hours[9], hours[10], hours[11]]).toEqual([
      { hour: '00', calls: 5, upToThen: 5 },
      { hour: '08', calls: 0, upToThen: 5 },
      { hour: '09', calls: 30, upToThen: 35 },
      { hour: '10', calls: 7, upToThen: 42 },
      { hour: '11', calls: 0, upToThen: undefined },
    ]);
  });

  test.each([
    ['2026-03-29T12:00:00+02:00', 23, '01 03'],
    ['2026-10-25T12:00:00+01:00', 25, '02 02'],
  ])('on %s are %i', async (iso, count, pair) => {
    const hours = await hoursAt(iso, 'Europe/Berlin');
    expect(hours).toHaveLength(count);
    expect(hours.map(({ hour }) => hour).join(' ')).toContain(pair);
    expect([hours[0]?.hour, hours.at(-1)?.hour]).toEqual(['00', '23']);
  });
});

test('the time left is in seconds, minutes or hours', () => {
  expect([1_500, 59_000, 61_000, 99 * 60_000, 100 * 60_000].map((ms) => leftInWords(ms).en)).toEqual([
    '2 s left to send',
    '59 s left to send',
    '2 min left to send',
    '99 min left to send',
    '2 h left to send',
  ]);
});

test('calls are counted by the hour, and the pages show them, the throughput and the time left', async () => {
  const { book, store, start, settled, visitor } = await openConsole({ FASTREGISTER_DAILY_CALLS: '50' });
  await book.load('b1', [merchant(1), merchant(2), merchant(3)]);
  const admin = visitor();
  await admin.logIn();
  expect((await admin.get('/')).text).toContain('0 of 50 calls; the dashed line is the quota');
  expect((await admin.get('/')).text).not.toContain('in the last minute');
  await start();
  await settled('b1');
  const hours = await callsByHour(store);
  expect(hours.reduce((sum, { calls }) => sum + calls, 0)).toBe(3);
  const { text } = await admin.get('/');
  expect(text).toContain('3 of 50 calls; the dashed line is the quota');
  expect(text).toContain('3 so far, 3 in this hour');
  expect(text).toContain('3 calls in the last minute');
  // 6 rows at 3 calls a minute take two minutes; more than the day has calls for take no time that is known.
  const callsPerMinute = await store.calls.lastMinute();
  expect(throughputInWords(throughput(callsPerMinute, { ready: 6, later: 0 }, 47)).map(({ en }) => en)).toEqual([
    '3 calls in the last minute',
    '2 min left to send',
  ]);
  expect(throughput(callsPerMinute, { ready: 48, later: 0 }, 47).leftMs).toBeUndefined();
});

test('a batch is sent after the rows of older sheets, on the date that each page, and check before, says', async () => {
  const { book, store } = await openConsole({ FASTREGISTER_DAILY_CALLS: '10' });
  const rows = (from: number) => Array.from({ length: 8 }, (_, at) => merchant(from + at));
  await book.load('b1', rows(1));
  const plan = { ready: 8, replaces: 0 };
  const promised = (await checkContextOf(store)).forecast(plan).sentBy;
  await book.load('b2', rows(11));
  await book.load('b3', rows(21));
  const inDays = (days: number) => quotaDay(Date.now() + days * 86_400_000, 'Asia/Shanghai').day;
  const dates = { b3: inDays(2), b2: inDays(1), b1: inDays(0) };
  expect(promised).toBe(dates.b2);

  const first = await today(store);
  expect(first.now.sentBy).toBe(dates.b3);
  const shown = [first.batches, (await pageOfBatches(store, 0, 25)).batches];
  for (const batches of shown) expect(Object.fromEntries(batches.map((it) => [it.batch, it.sentBy]))).toEqual(dates);
  expect((await pageOfBatches(store, 1, 1)).batches).toMatchObject([{ batch: 'b2', sentBy: dates.b2 }]);
  for (const [id, sentBy] of Object.entries(dates)) {
    const batch = await store.batches.find(id);
    expect(batch && (await batchToday(store, batch))).toMatchObject({ sentBy });
  }
});

test('a correction is sent before all other rows, and counts before an older batch', async () => {
  const { book, store } = await openConsole({ FASTREGISTER_DAILY_CALLS: '10' });
  await book.load(
    'b1',
    Array.from({ length: 10 }, (_, at) => merchant(at)),
  );
  const correction = { id: 'b2', file: 'b2.csv', headings: [], columns: [0], loadedAt: Date.now() };
  await store.batches.open({ ...correction, correction: { row: 'b1/0', by: 'Wang' } });
  await book.load('b2', [merchant(20)]);
  await book.load('b3', [merchant(30)]);
  const { batches } = await pageOfBatches(store, 0, 25);
  // Row 11 of what is sent up to the last row of b1 is the correction.
  expect(batches.map(({ batch, toSend }) => [batch, toSend])).toEqual([
    ['b3', 12],
    ['b2', 1],
    ['b1', 11],
  ]);
});

describe('rows that wait for a later day', () => {
  const inDays = (days: number) => Date.now() + days * 86_400_000;

  async function withWaiting(ready: number): Promise<Console> {
    const console = await openConsole({ FASTREGISTER_DAILY_CALLS: '10' });
    const { book, idOf } = console;
    const rows = Array.from({ length: ready + 1 }, (_, at) => merchant(at));
    await book.load('b1', rows);
    const id = idOf(merchant(0));
    await book.send(id);
    await book.record(id, 'registration_refused', { problem: 'push:105', until: inDays(20) });
    await book.record(id, 'retry_asked', { until: inDays(20), wait: 'not_before' });
    return console;
  }

  test('are no reason for a date at which all is sent', async () => {
    const { store, visitor } = await withWaiting(0);
    const { now, pace, batches } = await today(store);
    expect(now).toMatchObject({ toSend: 1, toSendLater: 1 });
    expect(now.sentBy).toBeUndefined();
    expect(batches).toMatchObject([{ toSend: 0, later: 1, sentBy: undefined }]);
    // One call was made in the last minute.
    expect(throughputInWords({ ...pace, callsPerMinute: 1 })).toHaveLength(1);
    expect(statusLines(now, Date.now()).map(([, { en }]) => en)).toContain('1, on a later day (see waiting)');
    const admin = visitor();
    await admin.logIn();
    expect((await admin.get('/')).text).toContain('1 on a later day');
    const text = (await admin.get('/batches/b1')).text;
    expect(text).toContain('1 row waits');
    expect(text).not.toContain('every row was sent');
    expect(text).not.toContain('the last row is sent by');
  });

  test('are those that are due at its first moment, too', async () => {
    const { book, store, idOf } = await openConsole();
    await book.load('b1', [merchant(1)]);
    const id = idOf(merchant(1));
    await book.take(id);
    const until = quotaDay(Date.now(), 'Asia/Shanghai').endsAt;
    await book.record(id, 'create_postponed', { problem: 'create:91030', until, wait: 'person' });
    const { now } = await today(store);
    expect([now.toSend, now.toSendLater, now.sentBy]).toEqual([1, 1, undefined]);
  });

  test('are counted beside those that are sent before', async () => {
    const { store } = await withWaiting(2);
    const { now, batches } = await today(store);
    const { day } = quotaDay(Date.now(), 'Asia/Shanghai');
    expect(now).toMatchObject({ toSend: 3, toSendLater: 1, sentBy: day });
    expect(batches).toMatchObject([{ toSend: 2, later: 1, sentBy: day }]);
    expect(statusLines(now, Date.now()).map(([, { en }]) => en)).toContain(
      `3: 2 by ${day} at this quota, 1 on a later day (see waiting)`,
    );
    expect(throughputInWords(throughput(2, { ready: 2, later: 1 }, 9)).map(({ zh }) => zh)).toEqual([
      '最近一分钟调用 2 次',
      '约 1 分钟后提交完，另有 1 个等待中',
    ]);
  });
});
