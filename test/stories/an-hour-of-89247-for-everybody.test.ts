import { expect, test } from 'vitest';
import { limitsOf } from '../../src/app/wiring/limits.js';
import { sendingStatus } from '../../src/reporter/sending-status.js';
import { merchant } from '../support/merchants.js';
import { APIS, type Rehearsal, rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

/** An hour in six seconds, and the waits of a real platform with it. */
const SPEED = 600;
const WAITS = {
  FASTREGISTER_RETRY_FIRST: '1s',
  FASTREGISTER_RETRY_LIMIT: '2',
  FASTREGISTER_PROBE_FIRST: '25ms',
  FASTREGISTER_PROBE_MAX: '1500ms',
  FASTREGISTER_PUSH_WAIT: '10m',
  FASTREGISTER_GIVE_UP: '1h',
};
const MERCHANTS = 80;
const SLOTS = 8;
const STOP_AFTER = 20;
/** 15 s, 30 s … 8 minutes, and then one in 15 minutes: ten in an hour. */
const PROBES = 10;

test.each(APIS)(
  '%s: costs a call for each of twenty merchants and then a few probes, spends no row, and goes on by itself',
  async (api) => {
    const story = await rehearse({ api, simulator: { speed: SPEED }, settings: WAITS });
    const rows = Array.from({ length: MERCHANTS }, (_, number) => merchant(number));
    story.simulator.setFaults({ create: 89247, for: '1h' });
    await story.book.load('b1', rows);
    await story.start();

    const line = await until('the line is stopped, and was tried', async () => {
      const now = await story.book.calls.line();
      return (now?.probe?.failed ?? 0) > 0 && now;
    });
    expect(line).toMatchObject({ problem: 'create:89247', merchants: STOP_AFTER });
    const { blockedReason, stopped } = await sendingOf(story);
    expect(stopped).toBe(false);
    expect(blockedReason).toMatchObject({ problem: 'create:89247', whoActs: 'us' });
    expect(blockedReason?.reason.en).toMatch(
      /89247.* no row is given up.* Stopped since .*; met \d+ times by 20 merchants/,
    );
    expect(blockedReason?.nextStep.en).toContain('`fastregister resume`');
    expect(blockedReason?.reason.zh).toContain('89247');

    await story.settled('b1');
    expect(await story.book.batches.counts('b1')).toEqual({ created: MERCHANTS });
    expect(await story.book.calls.line()).toBeUndefined();

    const answers = Object.values(story.simulator.state().merchants).map((it) => it.answers);
    const inVain = answers.map((it) => it[89247] ?? 0);
    expect(inVain.reduce((sum, count) => sum + count, 0)).toBeLessThan(STOP_AFTER + SLOTS + PROBES);
    expect(Math.max(...inVain)).toBeLessThanOrEqual(3);
    expect(story.calls('create')).toEqual({ 0: MERCHANTS, 89247: expect.any(Number) });
  },
);

test('a Weixin ID has three tries a day, and the row keeps its remaining tries for the next day', async () => {
  const story = await rehearse({ settings: { FASTREGISTER_RETRY_FIRST: '1ms', FASTREGISTER_RETRY_LIMIT: '5' } });
  const [odd, other] = [merchant(1, 'r9'), merchant(2)];
  await story.book.load('b1', [odd]);
  await story.start();
  await until('it waits for the next day', async () => (await story.registration(odd)).wait === 'person');

  expect(story.seen(odd).answers).toEqual({ 89247: 3 });
  const { postponed, until: due = 0 } = await story.registration(odd);
  expect(postponed).toBe(3);
  expect(new Date(due + 8 * 3_600_000).toISOString()).toContain('T00:00:00.000Z');

  // A correction of the same day has the other two.
  const corrected = { ...other, legalPersonaWechat: odd.legalPersonaWechat };
  await story.book.load('b2', [corrected]);
  await story.settled('b2');
  expect(await story.registration(corrected)).toMatchObject({ state: 'created' });
});

function sendingOf({ book, store }: Rehearsal) {
  return sendingStatus(book.calls, limitsOf(store.settings), Date.now());
}
