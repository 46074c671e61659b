/** 45009 closes a day until WeChat is asked again, by one process for all; an operator's clear_quota is noticed by that. */
import { describe, expect, test } from 'vitest';
import { openCaller } from '../../src/app/wiring/caller.js';
import { key } from '../../src/redis/keys.js';
import { merchant } from '../support/merchants.js';
import { APIS, type Rehearsal, rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

const merchants = Array.from({ length: 8 }, (_, number) => merchant(number));
/** One call at a time, so that each 45009 is a call that found the day closed. */
const ONE_BY_ONE = { FASTREGISTER_CONCURRENCY: '1' };

describe.each(APIS)('%s', (api) => {
  test('a day that WeChat has closed opens by itself when quota/get reports calls again', async () => {
    const rehearsal = await rehearse({
      api,
      simulator: { dailyCalls: 3 },
      settings: { ...ONE_BY_ONE, FASTREGISTER_QUOTA_RECHECK: '500ms' },
    });
    await rehearsal.book.load('b1', merchants);
    await rehearsal.start();
    await until('WeChat has closed the day, and said so again', async () => (await quotaCalls(rehearsal)) > 0);
    expect(await rehearsal.book.batches.counts('b1')).toMatchObject({ queued: 5 });

    rehearsal.simulator.setUsedCalls(0);
    await until('three more were sent', () => created(rehearsal) === 6);
    rehearsal.simulator.setUsedCalls(0);
    await rehearsal.settled('b1');
    expect(await rehearsal.book.batches.counts('b1')).toEqual({ created: 8 });
    // Nobody tried: quota/get told how many there were, and when.
    expect(rehearsal.calls('create')).toEqual({ 0: 8, 45009: 1 });
  });
});

test('if quota/get does not say, single calls find it out', async () => {
  const rehearsal = await rehearse({
    simulator: { dailyCalls: 3 },
    settings: { FASTREGISTER_QUOTA_RECHECK: '40ms' },
  });
  rehearsal.simulator.setFaults({ quota: 76021 });
  await rehearsal.book.load('b1', merchants);
  await Promise.all([rehearsal.start(), rehearsal.startSending()]);
  await until('WeChat was asked three times in vain', async () => (await quotaCalls(rehearsal)) >= 3);
  const refused = (): number => rehearsal.calls('create')[45009] ?? 0;
  await until('the last of these calls has its answer', async () => (await probes(rehearsal)) === undefined);
  // Those in flight when the first one was refused, and one call a check.
  expect(refused()).toBeLessThanOrEqual(5 + (await quotaCalls(rehearsal)));

  rehearsal.simulator.setUsedCalls(0);
  await until('it goes on', () => created(rehearsal) === 6);
  rehearsal.simulator.setUsedCalls(0);
  await rehearsal.settled('b1');
  expect(created(rehearsal)).toBe(8);
});

test('an operator who has the quota reset finds the rest of the rows sent, also if only our own count had closed the day', async () => {
  const rehearsal = await rehearse({
    simulator: { dailyCalls: 4 },
    settings: { FASTREGISTER_DAILY_CALLS: '4', FASTREGISTER_QUOTA_RECHECK: '300ms' },
  });
  await rehearsal.book.load('b1', merchants);
  await rehearsal.start();
  await until('the day is shut, and WeChat was asked', async () => (await quotaCalls(rehearsal)) > 0);
  expect(rehearsal.calls('create')).toEqual({ 0: 4 });

  await clearQuota(rehearsal);
  await rehearsal.settled('b1');
  expect(rehearsal.calls('create')).toEqual({ 0: 8 });
  const { create, cleared } = await rehearsal.book.calls.ofDay(today());
  expect([create, cleared]).toEqual([8, 4]);
});

test('with auto, what remains is read anew whenever WeChat reports it', async () => {
  const rehearsal = await rehearse({
    simulator: { dailyCalls: 4 },
    settings: { FASTREGISTER_DAILY_CALLS: 'auto', FASTREGISTER_QUOTA_RECHECK: '300ms' },
  });
  rehearsal.simulator.setUsedCalls(1);
  await rehearsal.book.load('b1', merchants);
  await rehearsal.start();
  await until('three were sent', () => created(rehearsal) === 3);
  await clearQuota(rehearsal);
  await until('four more were sent', () => created(rehearsal) === 7);
  rehearsal.simulator.setUsedCalls(0);
  await rehearsal.settled('b1');
  expect(rehearsal.calls('create')).toEqual({ 0: 8 });
});

test('a quota/get that reports calls which WeChat then refuses costs single calls, and no further ones', async () => {
  const rehearsal = await rehearse({ settings: { ...ONE_BY_ONE, FASTREGISTER_QUOTA_RECHECK: '20ms' } });
  // The quota is not used up as far as quota/get knows.
  rehearsal.simulator.setFaults({ create: 45009 });
  await rehearsal.book.load('b1', merchants);
  await rehearsal.start();
  await until('WeChat was asked five times', async () => (await quotaCalls(rehearsal)) >= 5);
  const [asked, refused] = [await quotaCalls(rehearsal), rehearsal.calls('create')[45009] ?? 0];
  expect(refused).toBeLessThanOrEqual(asked + 2);
  rehearsal.simulator.clearFaults();
  await rehearsal.settled('b1');
  expect(rehearsal.calls('create')[0]).toBe(8);
});

// --- helpers ----------------------------------------------------------------------------------------------------------

function created({ calls }: Rehearsal): number {
  return calls('create')[0] ?? 0;
}

async function quotaCalls({ simulator }: Rehearsal): Promise<number> {
  const answers = simulator.state().calls['/cgi-bin/openapi/quota/get']?.[''] ?? {};
  return Object.values(answers).reduce((sum, count) => sum + count, 0);
}

/** The registration whose call finds out at the moment. */
async function probes({ store }: Rehearsal): Promise<string | undefined> {
  const probe = await store.redis.hget(key('calls', today()), 'probe');
  return probe === null || probe === 'wanted' ? undefined : probe;
}

function today(): string {
  return new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
}

/** As the operator does it, with a program of his own and the platform's token. */
async function clearQuota({ store, simulator }: Rehearsal): Promise<void> {
  const caller = openCaller(store);
  const credential = await caller.credentials.current();
  await caller.close();
  if (credential.kind !== 'token') throw new Error('there is no token');
  const answer = await fetch(`${simulator.url}/cgi-bin/clear_quota?access_token=${credential.token}`, {
    method: 'POST',
    body: JSON.stringify({ appid: store.settings.wechatComponentAppid }),
  });
  expect(await answer.json()).toMatchObject({ errcode: 0 });
}
