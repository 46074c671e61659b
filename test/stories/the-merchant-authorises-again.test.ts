import { expect, test } from 'vitest';
import { reportOptionsOf } from '../../src/app/report-options.js';
import { vaultOf } from '../../src/app/wiring/vault.js';
import type { Merchant } from '../../src/domain/merchant.js';
import { key } from '../../src/redis/keys.js';
import { openAuthorizers } from '../../src/redis/pushes/authorizers.js';
import { reportRows } from '../../src/reporter/report.js';
import { merchant } from '../support/merchants.js';
import { APIS, type Rehearsal, rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

const WEBHOOK = {
  // Nobody is there: what is to be posted stays where it waits.
  FASTREGISTER_CREATED_WEBHOOK: 'http://127.0.0.1:9/',
  FASTREGISTER_WEBHOOK_SECRET: 'a secret of a test',
};

async function appidOf(story: Rehearsal, it: Merchant): Promise<string> {
  return (await story.registration(it)).appid ?? '';
}

async function authorizerIs(story: Rehearsal, it: Merchant, wanted: string): Promise<void> {
  await until(`the authorisation is ${wanted}`, async () => (await story.registration(it)).authorizer === wanted);
}

async function rowOf(story: Rehearsal) {
  const batch = await story.book.batches.find('b1');
  if (batch === undefined) throw new Error('there is no batch b1');
  for await (const rows of reportRows(story.book.batches, batch, await reportOptionsOf(story.store, 'en'))) {
    for (const row of rows) return row;
  }
  throw new Error('the report has no row');
}

async function tokenOf(story: Rehearsal, it: Merchant): Promise<string | undefined> {
  const authorizers = openAuthorizers(story.store.redis, vaultOf(story.store.settings));
  return (await authorizers.find(await appidOf(story, it)))?.refreshToken;
}

async function noticesOf(story: Rehearsal, it: Merchant) {
  const notices = await story.store.redis.lrange(key('notices', 'created', story.idOf(it)), 0, -1);
  return notices.map((notice) => JSON.parse(notice) as { type: string; data: { authorization: string } });
}

test.each(APIS)(
  '%s: the remedy that a lost code calls for gives the token, and the row says nothing of it any more',
  async (api) => {
    const story = await rehearse({ api, settings: WEBHOOK });
    const it = merchant(1, 'tokenless');
    await story.book.load('b1', [it]);
    await story.start();
    await authorizerIs(story, it, 'lost');
    const lost = await rowOf(story);
    expect(lost).toMatchObject({ outcome: 'created', problem: 'authorize:61010', who_acts: 'merchant' });
    expect(lost.next_step).toMatch(/mp\.weixin\.qq\.com.*设置 → 第三方设置 → 第三方平台授权管理.*permission set/);
    expect(await tokenOf(story, it)).toBeUndefined();

    expect(story.simulator.reauthorize(await appidOf(story, it))).toBe(true);
    await authorizerIs(story, it, 'kept');
    expect(await rowOf(story)).toMatchObject({
      outcome: 'created',
      problem: '',
      next_step: expect.stringMatching(/^The new Mini Program is not verified yet/),
      who_acts: 'nobody',
    });
    expect(await tokenOf(story, it)).toMatch(/^refreshtoken@@@/);
    expect(await story.kinds(it)).toContain('authorization_pushed');
    expect((await noticesOf(story, it)).map(({ type, data }) => [type, data.authorization])).toEqual([
      ['mini_program.created', 'lost'],
      ['mini_program.authorization', 'kept'],
    ]);
  },
);

test('a merchant who changes the permission sets gets a new token, which replaces the old one', async () => {
  const story = await rehearse();
  const it = merchant(1);
  await story.book.load('b1', [it]);
  await story.start();
  await authorizerIs(story, it, 'kept');
  const first = await tokenOf(story, it);
  story.simulator.reauthorize(await appidOf(story, it));
  await until('there is another token', async () => (await tokenOf(story, it)) !== first);
  expect(await rowOf(story)).toMatchObject({ outcome: 'created', problem: '' });
});

test('a merchant who withdraws the authorisation is shown with what to do, and authorises again', async () => {
  const story = await rehearse({ settings: WEBHOOK });
  const it = merchant(1);
  await story.book.load('b1', [it]);
  await story.start();
  await authorizerIs(story, it, 'kept');
  story.simulator.unauthorize(await appidOf(story, it));
  await authorizerIs(story, it, 'withdrawn');
  const row = await rowOf(story);
  expect(row).toMatchObject({ outcome: 'created', problem: 'authorize:withdrawn', who_acts: 'merchant' });
  expect(row.reason).toMatch(/withdrew the authorisation/);
  expect(row.next_step).toMatch(/authorises the platform once more/);
  expect(await tokenOf(story, it)).toBeUndefined();

  story.simulator.reauthorize(await appidOf(story, it));
  await authorizerIs(story, it, 'kept');
  expect(await rowOf(story)).toMatchObject({ problem: '', who_acts: 'nobody' });
  expect((await noticesOf(story, it)).map(({ type, data }) => [type, data.authorization])).toEqual([
    ['mini_program.created', 'kept'],
    ['mini_program.authorization', 'withdrawn'],
    ['mini_program.authorization', 'kept'],
  ]);
});

test('a code that is dead loses nothing while WeChat lists the refresh token', async () => {
  const story = await rehearse();
  const it = merchant(1, 'deadcode');
  await story.book.load('b1', [it]);
  await story.start();
  await authorizerIs(story, it, 'kept');
  expect(await tokenOf(story, it)).toMatch(/^refreshtoken@@@/);
  expect(await rowOf(story)).toMatchObject({ outcome: 'created', problem: '' });
  expect(story.simulator.state().calls['/cgi-bin/component/api_get_authorizer_info']).toEqual({ '': { 0: 1 } });
});

test('what merchants do an hour later happens by the fate of their rows, too', async () => {
  // An hour of two seconds: at the usual speed it is over before a busy machine has recorded the creation.
  const story = await rehearse({ simulator: { speed: 1_800 } });
  const [again, withdrawn] = [merchant(1, 'tokenless_reauth'), merchant(2, 'unauth')];
  await story.book.load('b1', [again, withdrawn]);
  await story.start();
  await authorizerIs(story, again, 'kept');
  await authorizerIs(story, withdrawn, 'withdrawn');
});
