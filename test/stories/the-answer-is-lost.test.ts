import { expect, test } from 'vitest';
import { quotaDay } from '../../src/domain/calendar.js';
import { newGate } from '../support/gate.js';
import { merchant } from '../support/merchants.js';
import { APIS, merchantsAskedTwice, rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

test('a task that was accepted before the answer was lost is settled by its push, never by a second create', async () => {
  const story = await rehearse({ settings: { FASTREGISTER_REQUEST_TIMEOUT: '700ms' } });
  const fates = ['cutafter', 'half', 'hang', 'h502after', 'empty', 'cutafter_p101', 'h504after_p100003'];
  const rows = fates.map((fate, at) => merchant(at, fate));
  await story.book.load('b1', rows);
  await story.start();
  await story.settled('b1');

  expect(await story.book.batches.counts('b1')).toEqual({ created: 5, rejected: 1, expired: 1 });
  expect(merchantsAskedTwice(story.simulator)).toEqual([]);
  for (const it of rows) {
    const kinds = await until('the loss is in the history', async () => {
      const all = await story.kinds(it);
      return all.includes('answer_lost') && all;
    });
    expect(kinds.filter((kind) => kind === 'create_sent')).toHaveLength(1);
    expect((await story.registration(it)).attempt).toBe(1);
  }
});

test('a create that never arrived is asked about and then shown to a person: nobody guesses', async () => {
  const story = await rehearse({
    settings: {
      FASTREGISTER_REQUEST_TIMEOUT: '300ms',
      FASTREGISTER_PUSH_WAIT: '700ms',
      FASTREGISTER_PUSH_RECHECK: '1h',
      FASTREGISTER_GIVE_UP: '1500ms',
    },
  });
  const rows = ['cut', 'hanglost', 'h502'].map((fate, at) => merchant(at, fate));
  await story.book.load('b1', rows);
  await story.start();
  await story.settled('b1');

  expect(await story.book.batches.counts('b1')).toEqual({ needs_review: 3 });
  expect(merchantsAskedTwice(story.simulator)).toEqual([]);
  for (const it of rows) {
    const kinds = (await story.kinds(it)).filter((kind) => kind !== 'answer_lost');
    expect(kinds).toEqual(['create_sent', 'search_sent', 'task_unclear', 'push_overdue']);
  }
});

test.each(APIS)('%s: a create that could not even be sent is sent again by itself, and is no attempt', async (api) => {
  const gate = await newGate();
  const story = await rehearse({ api, settings: { WECHAT_API_BASE_URL: gate.url } });
  gate.behind(story.simulator.port);
  const [before, during] = [merchant(1), merchant(2)];
  await story.book.load('b1', [before]);
  await story.start();
  await story.settled('b1');

  await gate.shut();
  await story.book.load('b2', [during]);
  await until('two calls found nobody there', async () => {
    return (await story.kinds(during)).filter((kind) => kind === 'create_void').length >= 2;
  });
  expect((await story.registration(during)).attempt).toBeLessThanOrEqual(1);
  expect((await story.book.calls.ofDay(today())).create).toBeLessThanOrEqual(2);

  await gate.open();
  await story.settled('b2');
  expect(await story.registration(during)).toMatchObject({ state: 'created', attempt: 1 });
  expect(story.seen(during)).toMatchObject({ creates: 1 });
  expect(await story.book.calls.ofDay(today())).toMatchObject({ create: 2 });
});

function today(): string {
  return quotaDay(Date.now(), 'Asia/Shanghai').day;
}
