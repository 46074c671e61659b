import { expect, test } from 'vitest';
import { limitsOf } from '../../src/app/wiring/limits.js';
import { startSending } from '../../src/app/wiring/sending.js';
import { sendingStatus } from '../../src/reporter/sending-status.js';
import { merchant } from '../support/merchants.js';
import { rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

test('the line stops at the third merchant, says which setting to change, and no row is lost when it is changed', async () => {
  const story = await rehearse({
    simulator: { retired: true },
    // A retry waits no longer than a row is waited for.
    settings: { FASTREGISTER_CONCURRENCY: '1', FASTREGISTER_RETRY_FIRST: '1h', FASTREGISTER_GIVE_UP: '2h' },
  });
  const rows = Array.from({ length: 10 }, (_, number) => merchant(number));
  await story.book.load('b1', rows);
  await story.startListening();
  const before = await startSending(story.store);
  await until('the line is stopped', () => story.book.calls.line());
  await before.close();

  expect(story.calls('create')).toEqual({ '-1': 3 });
  const { blockedReason, stopped } = await sendingStatus(story.book.calls, limitsOf(story.store.settings), Date.now());
  expect(stopped).toBe(true);
  expect(blockedReason).toMatchObject({ problem: 'api:retired', whoActs: 'us' });
  expect(blockedReason?.reason.en).toContain('2026-04-30');
  expect(blockedReason?.nextStep.en).toContain('WECHAT_REGISTRATION_API=fastregisterenterpriseweapp');
  expect(await story.book.batches.counts('b1')).toEqual({ 'deferred/again': 3, queued: 7 });

  const settings = { ...story.store.settings, wechatRegistrationApi: 'fastregisterenterpriseweapp' } as const;
  const after = await startSending({ ...story.store, settings });
  await story.book.calls.resumeLine();
  await until('what was not postponed is created', async () => (await story.book.batches.counts('b1')).created === 7);
  expect(await story.book.batches.counts('b1')).toEqual({ created: 7, 'deferred/again': 3 });
  await after.close();
});

test('a single merchant that gets -1 again and again stops nothing, and waits for a person in the end', async () => {
  // With more tries it would wait for the next day: WeChat counts those of its Weixin ID.
  const story = await rehearse({ settings: { FASTREGISTER_RETRY_FIRST: '1ms', FASTREGISTER_RETRY_LIMIT: '3' } });
  const [odd, ok] = [merchant(1, 'cm1'), merchant(2)] as const;
  await story.book.load('b1', [odd]);
  await story.start();
  await story.settled('b1');
  await story.book.load('b2', [ok]);
  await story.settled('b2');
  expect(await story.registration(odd)).toMatchObject({ state: 'needs_review', problem: 'create:-1' });
  expect(await story.registration(ok)).toMatchObject({ state: 'created' });
  expect(await story.book.calls.line()).toBeUndefined();
});
