import { expect, test } from 'vitest';
import { merchant } from '../support/merchants.js';
import { rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

test('one search asks, and if it does not say either, a person is asked', async () => {
  const story = await rehearse({
    settings: { FASTREGISTER_PUSH_WAIT: '500ms', FASTREGISTER_PUSH_RECHECK: '100ms', FASTREGISTER_GIVE_UP: '1500ms' },
  });
  const rows = [merchant(1, 'lost'), merchant(2, 'lostfail'), merchant(3, 'noinfo'), merchant(4, 'lost_s0')] as const;
  await story.book.load('b1', rows);
  await story.start();
  await story.settled('b1');

  expect(await story.book.batches.counts('b1')).toEqual({ needs_review: 4 });
  for (const it of rows) {
    expect(await story.registration(it)).toMatchObject({ state: 'needs_review', problem: 'push:overdue', attempt: 1 });
    expect((await story.registration(it)).said).toMatch(/^search:(0|89250) \S/);
    expect((await story.kinds(it)).filter((kind) => kind === 'search_sent')).toHaveLength(1);
    expect(story.seen(it)).toMatchObject({ creates: 1 });
  }
  expect(story.calls('create')).toEqual({ 0: 4 });
  expect(story.calls('search')).toEqual({ 0: 1, 89250: 3 });
});

test('while search says that the task runs, it is asked again after a pause, and no row is closed', async () => {
  const story = await rehearse({
    settings: { FASTREGISTER_PUSH_WAIT: '200ms', FASTREGISTER_PUSH_RECHECK: '150ms', FASTREGISTER_GIVE_UP: '1h' },
    // A day in two seconds: the legal person of the first row takes 20 hours.
    simulator: { speed: 43_200 },
  });
  const [slow, never] = [merchant(1, 'in20h'), merchant(2, 'p100003')];
  await story.book.load('b1', [slow, never]);
  await story.start();

  await until('both were asked about twice', async () => {
    const asked = await Promise.all([slow, never].map((it) => story.kinds(it)));
    return asked.every((kinds) => kinds.filter((kind) => kind === 'task_running').length >= 2);
  });
  await story.settled('b1');
  expect(await story.registration(slow)).toMatchObject({ state: 'created', attempt: 1 });
  expect(await story.registration(never)).toMatchObject({ state: 'expired', problem: 'push:100003', attempt: 1 });
  expect(story.calls('create')).toEqual({ 0: 2 });
});
