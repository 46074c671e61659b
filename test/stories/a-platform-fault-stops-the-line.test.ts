import { describe, expect, test } from 'vitest';
import { quotaDay } from '../../src/domain/calendar.js';
import { personOf } from '../../src/domain/merchant.js';
import { key } from '../../src/redis/keys.js';
import { merchant } from '../support/merchants.js';
import { APIS, merchantsAskedTwice, type Rehearsal, rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

const CONCURRENCY = 4;
const TOKEN_PATH = '/cgi-bin/component/api_component_token';

const many = (count: number) => Array.from({ length: count }, (_, number) => merchant(number));

describe.each(APIS)('%s: a refusal that is no merchant’s fault', (api) => {
  test.each([
    ['missing permission sets', 89254],
    ['a caller whose address is not allowed', 61004],
    ['a request of ours that is malformed', 47001],
  ])(
    '(%s) stops the line within one call per slot, fails no row, and resume finishes every row',
    async (_, errcode) => {
      const story = await rehearse({ api, settings: { FASTREGISTER_CONCURRENCY: String(CONCURRENCY) } });
      story.simulator.setFaults({ create: errcode });
      await story.book.load('b1', many(20));
      await story.start();
      await until('the line is stopped', () => story.book.calls.line());
      await until('every row is back where it was', async () => (await counts(story)).queued === 20);

      expect(await story.book.calls.line()).toMatchObject({
        problem: `create:${errcode}`,
        because: expect.stringMatching(/ rid: [0-9a-f-]+$/),
      });
      expect(story.calls('create')[errcode]).toBeLessThanOrEqual(CONCURRENCY);
      expect(JSON.stringify(story.lines)).toContain('the line is stopped');

      story.simulator.clearFaults();
      await story.book.calls.resumeLine();
      await story.settled('b1');
      expect(await counts(story)).toEqual({ created: 20 });
      for (const it of many(20)) expect((await story.registration(it)).attempt).toBe(1);
      expect(Object.values(story.simulator.state().merchants).filter(({ accepted }) => accepted > 1)).toEqual([]);
    },
  );
});

test('a secret that is wrong stops the line before anything is sent, and WeChat is not asked over and over', async () => {
  const story = await rehearse({ settings: { FASTREGISTER_CONCURRENCY: String(CONCURRENCY) } });
  story.simulator.setFaults({ component_token: 40125 });
  await story.book.load('b1', many(10));
  await story.start();
  await until('the line is stopped', () => story.book.calls.line());

  // Time for whoever would ask again: a pause and a resume are heard by every slot.
  await story.book.load('b2', [merchant(11)]);
  await until('the new row was handed out', async () => (await story.store.redis.llen(key('ready', 'submit'))) === 0);
  expect(await story.book.calls.line()).toMatchObject({ problem: 'token:40125' });
  expect(story.calls('create')).toEqual({});
  expect(tokenCalls(story)[40125]).toBe(1);
  expect(story.lines.filter((line) => line.includes('the line is stopped'))).toHaveLength(1);

  story.simulator.clearFaults();
  await story.book.calls.resumeLine();
  await story.settled('b1');
  expect(await counts(story)).toEqual({ created: 10 });
  expect(merchantsAskedTwice(story.simulator)).toEqual([]);
});

test('what stays silent is asked about after resume, although the only row that could try the line is held', async () => {
  const story = await rehearse({
    settings: {
      FASTREGISTER_PUSH_WAIT: '2s',
      FASTREGISTER_PUSH_RECHECK: '100ms',
      FASTREGISTER_GIVE_UP: '2500ms',
    },
  });
  const silent = merchant(1, 'lost');
  const held = merchant(2, 'ok', { legalPersonaWechat: 'weixin_spent' });
  const { day } = quotaDay(Date.now(), story.store.settings.quotaTimezone);
  await story.store.redis.hset(key('tries', day), personOf(held.legalPersonaWechat), 5);
  await story.book.load('b1', [silent]);
  await story.start();
  await until('it was sent', async () => (await counts(story)).awaiting_legal_person === 1);

  await story.book.calls.stopLine({ because: 'permission sets', problem: 'create:89254', at: Date.now() });
  await story.book.load('b2', [held]);
  expect(await story.book.calls.resumeLine()).toBe('probe');

  await story.settled('b1');
  expect(story.calls('search')).toEqual({ 89250: 1 });
  expect(await story.registration(silent)).toMatchObject({ state: 'needs_review', problem: 'push:overdue' });
  expect(await story.registration(held)).toMatchObject({ state: 'deferred', wait: 'person' });
});

test('the same repeated error stops the line, and no merchant is asked twice', async () => {
  const story = await rehearse({ settings: { FASTREGISTER_STOP_AFTER: '5', FASTREGISTER_CONCURRENCY: '1' } });
  story.simulator.setFaults({ create: 4711 });
  await story.book.load('b1', many(12));
  await story.start();
  await until('the line is stopped', () => story.book.calls.line());
  await until('every answer is recorded', async () => (await counts(story)).submitting === undefined);

  expect(await story.book.calls.line()).toMatchObject({ problem: 'create:4711' });
  expect(await counts(story)).toEqual({ needs_review: 5, queued: 7 });

  story.simulator.clearFaults();
  await story.book.calls.resumeLine();
  await story.settled('b1');
  expect(await counts(story)).toEqual({ needs_review: 5, created: 7 });
  expect(merchantsAskedTwice(story.simulator)).toEqual([]);
});

test('while the line is stopped by an operator, pushes are recorded and reports go on', async () => {
  const story = await rehearse({ simulator: { legalPersonDelay: '6h' } });
  await story.book.load('b1', many(3));
  await story.start();
  await until('all were sent', async () => (await counts(story)).awaiting_legal_person === 3);
  await story.book.calls.stopLine({ because: 'maintenance', problem: 'operator:pause', at: Date.now() });
  await story.book.load('b2', [merchant(7)]);

  await story.settled('b1');
  expect(await counts(story)).toEqual({ created: 3 });
  expect(await story.book.batches.counts('b2')).toEqual({ queued: 1 });
  expect(story.calls('create')).toEqual({ 0: 3 });
});

function counts(story: Rehearsal) {
  return story.book.batches.counts('b1');
}

function tokenCalls(story: Rehearsal): Readonly<Record<string, number>> {
  return Object.assign({}, ...Object.values(story.simulator.state().calls[TOKEN_PATH] ?? {}));
}
