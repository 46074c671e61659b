import { describe, expect, test } from 'vitest';
import { quotaDay } from '../../src/domain/calendar.js';
import { newGate } from '../support/gate.js';
import { merchant } from '../support/merchants.js';
import { APIS, merchantsAskedTwice, rehearse, reportOf } from '../support/rehearsal.js';
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

test('a create that never arrived is asked about and then shown to a person: the program does not guess', async () => {
  const story = await rehearse({
    settings: {
      // A busy machine has its answers in that time, too.
      FASTREGISTER_REQUEST_TIMEOUT: '1500ms',
      FASTREGISTER_PUSH_WAIT: '2s',
      FASTREGISTER_PUSH_RECHECK: '1h',
      FASTREGISTER_GIVE_UP: '4s',
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

describe('one early search', () => {
  const settings = {
    FASTREGISTER_REQUEST_TIMEOUT: '1s',
    FASTREGISTER_LOST_RECHECK: '1200ms',
    FASTREGISTER_PUSH_RECHECK: '50ms',
  };

  test('finds the task while the 24 hours run, so that the legal person is asked in time', async () => {
    // A day in twelve seconds.
    const simulator = { speed: 7_200 };
    const story = await rehearse({ simulator, settings: { ...settings, FASTREGISTER_PUSH_WAIT: '1h' } });
    const rows = ['cutafter_in12h', 'h502after_in12h', 'hang_p100003'].map((fate, at) => merchant(at, fate));
    await story.book.load('b1', rows);
    await story.start();
    await until('WeChat says of each that it waits for the legal person', async () => {
      const found = await Promise.all(rows.map((it) => story.registration(it)));
      return found.every(({ state, problem }) => state === 'awaiting_legal_person' && problem === 'search:89251');
    });
    for (const row of await reportOf(story, 'b1')) {
      expect(row).toMatchObject({ outcome: 'pending', problem: 'search:89251', who_acts: 'legal_person' });
      expect(row.reason).toMatch(/24 hours to confirm it in WeChat. The 24 hours end at \d+ \w+ \d\d:\d\d/);
      expect(row.next_step).toMatch(/^Ask the legal person to open the message/);
    }

    await story.settled('b1');
    expect(await story.book.batches.counts('b1')).toEqual({ created: 2, expired: 1 });
    for (const it of rows) {
      const kinds = (await story.kinds(it)).filter((kind) => kind.startsWith('search') || kind.startsWith('task'));
      expect(kinds).toEqual(['search_sent', 'task_running']);
    }
    expect(merchantsAskedTwice(story.simulator)).toEqual([]);
    expect(story.calls('search')).toEqual({ 89251: 3 });
  });

  test('and one more when the push is overdue are all that a lost answer costs', async () => {
    const story = await rehearse({
      settings: { ...settings, FASTREGISTER_PUSH_WAIT: '3s', FASTREGISTER_GIVE_UP: '6s' },
    });
    // Two that never arrived, and one whose task is over, without a push, before it is asked about.
    const rows = ['cut', 'h502', 'cutafter_lost'].map((fate, at) => merchant(at, fate));
    await story.book.load('b1', rows);
    await story.start();
    await until('the early search has told nothing', async () => {
      const [row] = await reportOf(story, 'b1');
      return row?.outcome === 'pending' && row.problem === 'search:89250' && /It is not sent again/.test(row.reason);
    });
    await story.settled('b1');

    expect(await story.book.batches.counts('b1')).toEqual({ needs_review: 3 });
    for (const it of rows) {
      const history = await story.history(it);
      const kinds = history.map(({ kind }) => kind).filter((kind) => kind !== 'answer_lost');
      expect(kinds).toEqual([
        'create_sent',
        'search_sent',
        'task_unclear',
        'search_sent',
        'task_unclear',
        'push_overdue',
      ]);
      const [sent, , early, , overdue] = history.filter(({ kind }) => kind !== 'answer_lost').map(({ at }) => at);
      expect((early ?? 0) - (sent ?? 0)).toBeLessThan(3_000);
      expect((overdue ?? 0) - (sent ?? 0)).toBeGreaterThanOrEqual(2_990);
      expect(await story.registration(it)).toMatchObject({ problem: 'push:overdue', attempt: 1 });
    }
    expect(merchantsAskedTwice(story.simulator)).toEqual([]);
    expect(story.calls('search')).toEqual({ 89250: 6 });
  });

  test('is not made where WeChat has accepted the task, or its push came first', async () => {
    // The first row is open for longer than that search would take to come; the pushes of the others come long before it.
    const patience = { FASTREGISTER_LOST_RECHECK: '3s', FASTREGISTER_PUSH_WAIT: '1h', FASTREGISTER_GIVE_UP: '2h' };
    const story = await rehearse({ settings: { ...settings, ...patience }, simulator: { speed: 10_800 } });
    const rows = ['in12h', 'cutafter', 'half_p103'].map((fate, at) => merchant(at, fate));
    await story.book.load('b1', rows);
    await story.start();
    await story.settled('b1');
    expect(await story.book.batches.counts('b1')).toEqual({ created: 2, rejected: 1 });
    expect(story.calls('search')).toEqual({});
  });
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
