import { expect, onTestFinished, test } from 'vitest';
import { startListening } from '../../src/app/wiring/listening.js';
import { startReconcilingOf } from '../../src/app/wiring/reconciling.js';
import { openHeartbeats } from '../../src/redis/heartbeat.js';
import { key } from '../../src/redis/keys.js';
import { openReconciliations } from '../../src/redis/reconciliations.js';
import { merchant } from '../support/merchants.js';
import { APIS, EVENTS_PATH, type Rehearsal, rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

const LIST = '/cgi-bin/component/api_get_authorizer_list';
const HOUR_MS = 3_600_000;

async function listen(story: Rehearsal) {
  const part = await startListening(story.store);
  onTestFinished(() => part.close());
  story.simulator.setPushUrl(`http://127.0.0.1:${part.port}${EVENTS_PATH}`);
  return part;
}

async function reconcileInTurn(story: Rehearsal): Promise<void> {
  const part = await startReconcilingOf(story.store);
  onTestFinished(() => part.close());
}

test.each(APIS)(
  '%s: the Mini Programs of an hour without a receiver are found when it is back, once, by one process',
  async (api) => {
    const story = await rehearse({ api, settings: { FASTREGISTER_PUSH_WAIT: '1h', FASTREGISTER_GIVE_UP: '2h' } });
    const { redis } = story.store;
    const missed = merchant(1, 'lost');
    const receiver = await listen(story);
    await story.startSending();
    await story.book.load('b1', [missed]);
    await until('WeChat has created one', () => story.simulator.state().tasks.created >= 1);
    await receiver.close();
    // As if that had been an hour ago.
    await redis.set(key('receiver'), Date.now() - HOUR_MS);

    await listen(story);
    await until('the outage is noticed', () => openHeartbeats(redis).outage());
    await Promise.all([reconcileInTurn(story), reconcileInTurn(story), reconcileInTurn(story)]);
    await until('it is found', async () => (await story.registration(missed)).authorizer === 'kept');
    expect(await story.registration(missed)).toMatchObject({ state: 'created', attempt: 1 });
    await until('it was compared', () => openReconciliations(redis).last());
    await until('the outage is over', async () => (await openHeartbeats(redis).outage()) === undefined);
    expect(await openReconciliations(redis).last()).toMatchObject({ recorded: 1, ambiguous: 0, refused: '' });
    expect(story.simulator.state().calls[LIST]).toEqual({ '': { 0: 1 } });
  },
);
