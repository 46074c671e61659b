import { expect, test } from 'vitest';
import { merchant } from '../support/merchants.js';
import { APIS, rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

/** The successor's answer says by its status that the task is over. */
const ANSWERS: readonly string[] = ['create_accepted', 'task_created', 'task_failed'];

test.each(APIS)('%s: the registration is settled by the push, and the answer changes nothing', async (api) => {
  const story = await rehearse({
    api,
    simulator: { slowAnswerMs: 3_000 },
    settings: { FASTREGISTER_REQUEST_TIMEOUT: '30s', FASTREGISTER_PUSH_WAIT: '1h', FASTREGISTER_GIVE_UP: '2h' },
  });
  const early = [merchant(1, 'early_slow_named'), merchant(2, 'early_slow_named_p103')] as const;
  await story.book.load('b1', early);
  await story.start();
  await story.settled('b1');
  for (const it of early) expect((await story.kinds(it)).filter((kind) => ANSWERS.includes(kind))).toEqual([]);

  for (const it of early) {
    const history = await until('the answer is in the history', async () => {
      const entries = await story.history(it);
      return entries.some(({ kind }) => ANSWERS.includes(kind)) && entries;
    });
    expect(history.find(({ kind }) => ANSWERS.includes(kind))).not.toHaveProperty('to');
    expect(story.seen(it)).toMatchObject({ creates: 1, accepted: 1 });
  }
  expect(await story.registration(early[0])).toMatchObject({
    state: 'created',
    attempt: 1,
    appid: story.seen(early[0]).tasks[0]?.appid,
  });
  expect(await story.registration(early[1])).toMatchObject({ state: 'rejected', problem: 'push:103', attempt: 1 });
});
