import { describe, expect, test } from 'vitest';
import { merchant } from '../support/merchants.js';
import { APIS, rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

describe.each(APIS)('%s:', (api) => {
  test('a push that comes twice is recorded twice and settles once', async () => {
    const story = await rehearse({ api });
    const [created, failed] = [merchant(1, 'twice'), merchant(2, 'p103_twice')];
    await story.book.load('b1', [created, failed]);
    await story.start();

    for (const [it, kind, state] of [
      [created, 'mini_program_created', 'created'],
      [failed, 'registration_refused', 'rejected'],
    ] as const) {
      const pushes = await until('both pushes are recorded', async () => {
        const entries = (await story.history(it)).filter((entry) => entry.kind === kind);
        return entries.length === 2 && entries;
      });
      expect(pushes.map(({ to }) => to)).toEqual([state, undefined]);
    }
    await until('the auth_code was exchanged', async () => (await story.registration(created)).authorizer === 'kept');
    expect(await story.book.batches.counts('b1')).toEqual({ created: 1, rejected: 1 });
    expect(story.simulator.state().authCodes).toMatchObject({ exchanged: 1, refused: 0 });
  });

  test('a failure after the success never undoes it, and a success after a failure is believed', async () => {
    const story = await rehearse({ api });
    const rows = [merchant(1, 'okfail'), merchant(2, 'failok')] as const;
    await story.book.load('b1', rows);
    await story.start();

    await until('all four pushes are recorded', async () => {
      const kinds = (await Promise.all(rows.map((it) => story.kinds(it)))).flat();
      return kinds.filter((kind) => kind === 'registration_refused' || kind === 'mini_program_created').length === 4;
    });
    expect(await story.book.batches.counts('b1')).toEqual({ created: 2 });
  });

  test('the failure of the first attempt, pushed again during the second, does not settle the second', async () => {
    const story = await rehearse({ api });
    const it = merchant(1, 'stale');
    await story.book.load('b1', [it]);
    await story.start();
    await until('the first attempt failed', async () => (await story.registration(it)).state === 'rejected');

    // CreateTime has whole seconds: the second attempt has to be sent in a later one than the first push.
    const [{ pushedAt = 0 } = {}] = (await story.history(it)).filter(({ kind }) => kind === 'registration_refused');
    await until('the next second', () => Date.now() >= pushedAt + 1_000);
    await story.book.record(story.idOf(it), 'retry_asked', { because: 'corrected at the registry' });

    await story.settled('b1');
    await until('the second attempt has its push', async () => (await story.registration(it)).state === 'created');
    const pushes = (await story.history(it)).filter(({ kind }) => kind === 'registration_refused');
    expect(pushes.map(({ to }) => to)).toEqual(['rejected', undefined]);
    expect(await story.registration(it)).toMatchObject({ state: 'created', attempt: 2 });
  });

  test('foreign and forged pushes, and pushes laid out as in the published sample, do no harm', async () => {
    const story = await rehearse({ api });
    const rows = [merchant(1, 'foreign'), merchant(2, 'forged'), merchant(3, 'malformed')];
    await story.book.load('b1', rows);
    await story.start();
    await story.settled('b1');

    expect(await story.book.batches.counts('b1')).toEqual({ created: 3 });
    expect(story.simulator.state().pushes.forged).toEqual({ sent: 1, acknowledged: 0 });
    for (const it of rows) expect(story.seen(it)).toMatchObject({ creates: 1 });
  });
});

test('a push that comes long after its task ended, when the row was closed already, still settles it', async () => {
  const story = await rehearse({
    settings: { FASTREGISTER_PUSH_WAIT: '200ms', FASTREGISTER_PUSH_RECHECK: '100ms', FASTREGISTER_GIVE_UP: '500ms' },
  });
  const [created, failed] = [merchant(1, 'late'), merchant(2, 'p104_late')];
  await story.book.load('b1', [created, failed]);
  await story.start();
  await until('both were given up', async () => {
    const kinds = [...(await story.kinds(created)), ...(await story.kinds(failed))];
    return kinds.filter((kind) => kind === 'push_overdue').length === 2;
  });

  await until('the late pushes settle them', async () => {
    const { created: one, rejected: other } = await story.book.batches.counts('b1');
    return one === 1 && other === 1;
  });
  expect(await story.registration(failed)).toMatchObject({ state: 'rejected', problem: 'push:104' });
  expect(story.calls('create')).toEqual({ 0: 2 });
});
