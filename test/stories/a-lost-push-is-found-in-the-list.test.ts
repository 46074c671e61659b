import { expect, onTestFinished, test } from 'vitest';
import { openCaller } from '../../src/app/wiring/caller.js';
import { reconcileTools } from '../../src/app/wiring/reconciling.js';
import { reconcile, record } from '../../src/operator/reconcile.js';
import { key } from '../../src/redis/keys.js';
import { DAY_MS } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { type Rehearsal, rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

/** A day later, when no task of today can be running. */
async function toolsOf(story: Rehearsal) {
  const caller = openCaller(story.store);
  onTestFinished(() => caller.close());
  return { ...reconcileTools(story.store, caller), now: () => Date.now() + DAY_MS };
}

test('a Mini Program whose push never came is found by its name, recorded with its refresh token, and reported', async () => {
  // Nobody is there: what is told stays where it waits.
  const webhook = {
    FASTREGISTER_CREATED_WEBHOOK: 'http://127.0.0.1:9/',
    FASTREGISTER_WEBHOOK_SECRET: 'a secret of a test',
  };
  const story = await rehearse({ settings: webhook });
  const [silent, heard, running] = [merchant(1, 'lost'), merchant(2, 'ok'), merchant(3, 'in20h_p103')] as const;
  await story.book.load('b1', [silent, heard, running]);
  await story.start();
  await until('WeChat created the first two', async () => story.simulator.state().tasks.created >= 2);
  await until('the second was heard of', async () => (await story.registration(heard)).authorizer === 'kept');

  const tools = await toolsOf(story);
  const found = await reconcile(tools);
  expect(found).toMatchObject({ ambiguous: [], refused: undefined });
  expect(found.matches.map(({ registration }) => registration)).toEqual([story.idOf(silent)]);
  expect((await story.registration(silent)).state).not.toBe('created');

  for (const match of found.matches) expect(await record(tools, match)).toBe(true);
  const after = await story.registration(silent);
  expect(after).toMatchObject({ state: 'created', authorizer: 'kept', appid: found.matches[0]?.appid });
  expect(await tools.authorizers.find(after.appid ?? '')).toMatchObject({ registration: story.idOf(silent) });
  const told = await story.store.redis.lrange(key('notices', 'created', story.idOf(silent)), 0, -1);
  expect(told.map((notice) => JSON.parse(notice).id)).toEqual([`created-${story.idOf(silent)}-${after.appid}`]);
  expect((await reconcile(tools)).matches).toEqual([]);
  expect(story.seen(silent).creates).toBe(1);
});

test('a name that fits two registrations is assigned to neither', async () => {
  const story = await rehearse();
  const one = merchant(1, 'lost');
  const other = { ...merchant(2, 'in20h_p103'), name: one.name };
  await story.book.load('b1', [one, other]);
  await story.start();
  await until('WeChat created one', async () => story.simulator.state().tasks.created >= 1);
  await until('the other is sent', async () => story.seen(other).creates === 1);

  const found = await reconcile(await toolsOf(story));
  expect(found).toMatchObject({ matches: [], ambiguous: [one.name] });
});

test('the list is read with a new token where WeChat does not take the one that is kept any more', async () => {
  const story = await rehearse();
  const silent = merchant(1, 'lost');
  await story.book.load('b1', [silent]);
  await story.start();
  await until('WeChat created it', async () => story.simulator.state().tasks.created >= 1);

  story.simulator.setFaults({ authorizer_list: 40001, times: 1 });
  const found = await reconcile(await toolsOf(story));
  expect(found.refused).toBeUndefined();
  expect(found.matches.map(({ registration }) => registration)).toEqual([story.idOf(silent)]);
  expect(story.simulator.state().tokens).toMatchObject({ tokens: 2 });
});
