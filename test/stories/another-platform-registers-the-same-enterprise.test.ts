import { expect, test } from 'vitest';
import { vaultOf } from '../../src/app/wiring/vault.js';
import type { Merchant } from '../../src/domain/merchant.js';
import { openComponentStore } from '../../src/redis/component-store.js';
import { merchant } from '../support/merchants.js';
import { type Rehearsal, rehearse, reportOf } from '../support/rehearsal.js';
import { until } from '../support/until.js';

/** A task that somebody else begins; its fate stands in the name. */
async function beginElsewhere({ simulator, store }: Rehearsal, { code }: Merchant, fate: string): Promise<unknown> {
  const token = (await openComponentStore(store.redis, () => vaultOf(store.settings)).token())?.value ?? '';
  const path = '/wxa/component/fastregisterenterpriseweapp?action=create';
  const response = await fetch(`${simulator.url}${path}&access_token=${token}`, {
    method: 'POST',
    body: JSON.stringify({ name: `示例（fate-${fate}）`, code, component_phone: '05920000000', new_version: true }),
  });
  return response.json();
}

test('89249 is not taken for our own task once its 24 hours are over: the row waits for the other one, and is sent', async () => {
  const story = await rehearse({
    settings: {
      FASTREGISTER_REQUEST_TIMEOUT: '300ms',
      FASTREGISTER_LOST_RECHECK: '400ms',
      FASTREGISTER_PUSH_WAIT: '1100ms',
      FASTREGISTER_BUSY_WAIT: '300ms',
      FASTREGISTER_GIVE_UP: '2s',
    },
  });
  // Our own never arrived; nobody can know that.
  const it = merchant(1, 'cutx1');
  await story.book.load('b1', [it]);
  await story.start();
  await story.settled('b1');
  expect(await story.registration(it)).toMatchObject({ state: 'needs_review', problem: 'push:overdue', task: 'open' });

  expect(await beginElsewhere(story, it, 'in18h')).toMatchObject({ errcode: 0 });
  await story.book.record(story.idOf(it), 'retry_asked', { at: Date.now() });
  await until('it meets the other task', async () => (await story.kinds(it)).includes('create_busy'));
  const busy = (await story.history(it)).filter(({ kind }) => kind === 'create_busy');
  expect(busy[0]).toMatchObject({ to: 'deferred', problem: 'create:89249' });
  const [row] = await reportOf(story, 'b1');
  expect(row?.next_step).not.toMatch(/Ask the legal person to open the message/);

  await story.settled('b1');
  const ours = story.seen(it).tasks.find(({ fate }) => fate.startsWith('cutx1'));
  expect(await story.registration(it)).toMatchObject({ state: 'created', appid: ours?.appid });
  expect(ours?.appid).toMatch(/^wx/);
});
