import { expect, onTestFinished, test } from 'vitest';
import { openCaller } from '../../src/app/wiring/caller.js';
import { reconcileTools } from '../../src/app/wiring/reconciling.js';
import { pushesCommand } from '../../src/cli/commands/pushes.js';
import { key } from '../../src/redis/keys.js';
import { openPushes } from '../../src/redis/pushes/pushes.js';
import { run } from '../support/command-line.js';
import { merchant } from '../support/merchants.js';
import { APIS, type Rehearsal, rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

const INFO = '/cgi-bin/component/api_get_authorizer_info';
const EXCHANGE = '/cgi-bin/component/api_query_auth';

/** Nothing but the pushes of these stories may settle a row. */
const SETTINGS = { FASTREGISTER_PUSH_WAIT: '1h', FASTREGISTER_GIVE_UP: '2h', FASTREGISTER_RESULT_WAIT: '300ms' };

/** 20 hours of a legal person are more than a minute: who waits does so to the end of a story, however busy the machine is. */
const simulator = { speed: 1_000 };

const parked = (story: Rehearsal) => openPushes(story.store.redis).listParked();
const callsOf = (story: Rehearsal, path: string) => story.simulator.state().calls[path]?.[''] ?? {};

async function typesRecorded(story: Rehearsal, infoType: string): Promise<number> {
  const { byOutcome } = await openPushes(story.store.redis).counts();
  return byOutcome
    .filter((it) => it.infoType === infoType && it.outcome !== 'stored')
    .reduce((sum, { count }) => sum + count, 0);
}

test.each(APIS)(
  '%s: WeChat is asked once for the owner of a Mini Program that only `authorized` names, and its code is exchanged',
  async (api) => {
    const story = await rehearse({ api, simulator, settings: SETTINGS });
    const [it, other] = [merchant(1, 'noresult'), merchant(2, 'in20h')];
    await story.book.load('b1', [it, other]);
    await story.start();
    await until('its token is kept', async () => (await story.registration(it)).authorizer === 'kept');
    expect(await story.registration(it)).toMatchObject({ state: 'created', appid: story.seen(it).tasks[0]?.appid });
    expect(callsOf(story, INFO)).toEqual({ 0: 1 });
    expect(callsOf(story, EXCHANGE)).toEqual({ 0: 1 });
    expect(await parked(story)).toEqual([]);
    expect((await story.history(it)).find(({ kind }) => kind === 'mini_program_created')?.because).toMatch(
      /enterprise's name/,
    );
  },
);

test('a result that comes in time is enough, and WeChat is asked nothing', async () => {
  const story = await rehearse({ simulator, settings: { ...SETTINGS, FASTREGISTER_RESULT_WAIT: '1h' } });
  await story.book.load('b1', [merchant(1)]);
  await story.start();
  await until('its token is kept', async () => (await story.registration(merchant(1))).authorizer === 'kept');
  await until('both pushes are recorded', async () => (await typesRecorded(story, 'authorized')) === 1);
  expect(callsOf(story, INFO)).toEqual({});
  expect(callsOf(story, EXCHANGE)).toEqual({ 0: 1 });
});

test('a name that fits two merchants is parked, until a person names the merchant', async () => {
  const story = await rehearse({ simulator, settings: SETTINGS });
  const name = '虚构同名商户有限公司';
  const it = merchant(1, 'ok', { name, legalPersonaWechat: 'fate-noresult-a' });
  const rival = merchant(2, 'ok', { name, legalPersonaWechat: 'fate-in20h-b' });
  await story.book.load('b1', [it, rival]);
  await story.start();
  const [push] = await until('it is parked', async () => {
    const pushes = await parked(story);
    return pushes.length > 0 && pushes;
  });
  expect(push).toMatchObject({ infoType: 'authorized', why: 'unknown_authorizer' });
  expect((await story.registration(it)).state).toBe('awaiting_legal_person');

  const env = story.env;
  const listed = await run(pushesCommand, ['list', '--parked', '--json'], env);
  expect(JSON.parse(listed.stdout)).toMatchObject([{ id: push?.id, parked: 'unknown_authorizer' }]);
  expect((await run(pushesCommand, ['match', push?.id ?? '', story.idOf(it)], env)).status).toBe(0);
  await until('its token is kept', async () => (await story.registration(it)).authorizer === 'kept');
  expect(await parked(story)).toEqual([]);
});

test('an account that no registration created is not ours, whatever its name', async () => {
  const story = await rehearse({ simulator, settings: SETTINGS });
  const waiting = merchant(1, 'in20h');
  await story.book.load('b1', [waiting]);
  await story.start();
  await until('it waits', async () => (await story.registration(waiting)).state === 'awaiting_legal_person');
  story.simulator.authorizeAccount('虚构的别家有限公司', 0);
  story.simulator.authorizeAccount(waiting.name, 0);
  story.simulator.authorizeAccount('虚构的别家二号有限公司', 6);
  // Its subject has the name of a merchant who waits, or it is a new Mini Program: a person should see these two.
  await until('two of them are parked', async () => (await parked(story)).length === 2);
  await until('WeChat was asked about each', () => callsOf(story, INFO)[0] === 3);
  expect((await story.registration(waiting)).state).toBe('awaiting_legal_person');
  expect(callsOf(story, EXCHANGE)).toEqual({});
});

test('while no registration waits, unknown accounts cost no call', async () => {
  const story = await rehearse({ simulator, settings: SETTINGS });
  await story.start();
  story.simulator.authorizeAccount('虚构的别家有限公司', 6);
  await until('it is looked at', async () => (await typesRecorded(story, 'authorized')) === 1);
  const waiting = merchant(1, 'in20h');
  await story.book.load('b1', [waiting]);
  await until('it waits', async () => (await story.registration(waiting)).state === 'awaiting_legal_person');
  expect(await story.store.redis.zcard(key('scheduled', 'authorize'))).toBe(0);
  expect(callsOf(story, INFO)).toEqual({});
});

test('a result that names only a lost task is matched by the name; without a match its token is kept and it is parked', async () => {
  const story = await rehearse({
    api: 'fastregisterenterpriseweapp',
    simulator,
    settings: { ...SETTINGS, FASTREGISTER_REQUEST_TIMEOUT: '5s' },
  });
  const alone = merchant(1, 'cutafter');
  const one = merchant(2, 'cutafter');
  const rival = { ...merchant(3), name: one.name };
  await story.book.load('b1', [alone, one, rival]);
  await story.start();
  await until('the first is found', async () => (await story.registration(alone)).authorizer === 'kept');
  const pushes = await until('the others are parked', async () => {
    const all = await parked(story);
    return all.length === 2 && all;
  });
  const appids = [one, rival].map((it) => story.seen(it).tasks[0]?.appid ?? '');
  const caller = openCaller(story.store);
  onTestFinished(() => caller.close());
  const { authorizers } = reconcileTools(story.store, caller);
  await until('their tokens are kept', async () => (await Promise.all(appids.map(authorizers.has))).every(Boolean));

  const env = story.env;
  await run(pushesCommand, ['match', pushes[0]?.id ?? '', story.idOf(one)], env);
  await until('its token is its', async () => (await story.registration(one)).authorizer === 'kept');
  expect(story.simulator.state().authCodes).toMatchObject({ exchanged: 3, refused: 0 });
});
