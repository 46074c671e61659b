import { expect, test } from 'vitest';
import { limitsOf } from '../../src/app/wiring/limits.js';
import type { Merchant } from '../../src/domain/merchant.js';
import { sendingStatus } from '../../src/reporter/sending-status.js';
import { merchant } from '../support/merchants.js';
import { APIS, merchantsAskedTwice, rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

const MERCHANTS = 30;
const SLOTS = 4;
const STOP_AFTER = 5;

test.each(APIS)(
  '%s: the line stops early, is tried by one call at a time, opens by itself, and no merchant is ever asked twice',
  async (api) => {
    const story = await rehearse({
      api,
      simulator: { legalPersonDelay: '6h' },
      settings: { FASTREGISTER_CONCURRENCY: String(SLOTS), FASTREGISTER_PUSH_WAIT: '10m', FASTREGISTER_GIVE_UP: '1h' },
    });
    // The successor's push names its task only, whose id was in the answer that is lost; unless it names the merchant, too.
    const rows = Array.from({ length: MERCHANTS }, (_, number) => merchant(number, 'named'));
    story.simulator.setFaults({ create: 'h502after' });
    await story.book.load('b1', rows);
    await story.start();
    const line = await until('the line was tried three times in vain', async () => {
      const now = await story.book.calls.line();
      return (now?.probe?.failed ?? 0) >= 3 && now;
    });
    const sent = story.calls('create').h502after ?? 0;
    expect(line).toMatchObject({ problem: 'call:lost', because: 'HTTP 502 and no JSON (text/html)' });
    expect(sent).toBeGreaterThanOrEqual(STOP_AFTER + 3);
    expect(sent).toBeLessThan(STOP_AFTER + SLOTS + 6);
    const { blockedReason } = await sendingStatus(story.book.calls, limitsOf(story.store.settings), Date.now());
    expect(blockedReason?.reason.en).toContain('What was sent is not sent again');
    expect(blockedReason?.reason.en).toContain('What came: HTTP 502 and no JSON (text/html).');
    expect(blockedReason?.nextStep.en).toContain('opens by itself');

    story.simulator.clearFaults();
    await story.settled('b1');
    expect(await story.book.batches.counts('b1')).toEqual({ created: MERCHANTS });
    expect(await story.book.calls.line()).toBeUndefined();
    expect(merchantsAskedTwice(story.simulator)).toEqual([]);
    for (const it of rows) {
      const kinds = await story.kinds(it);
      const times = (kind: string): number => kinds.filter((it) => it === kind).length;
      // On a busy machine a permit may expire before its call is made: that create was none.
      expect(times('create_sent') - times('create_void')).toBe(1);
    }
  },
);

test('while WeChat answers nothing at all, few further merchants are asked for: something harmless is tried before each', async () => {
  const story = await rehearse({
    settings: { FASTREGISTER_CONCURRENCY: '1', FASTREGISTER_PUSH_WAIT: '10m', FASTREGISTER_GIVE_UP: '1h' },
  });
  const [before, ...rows] = Array.from({ length: MERCHANTS }, (_, number) => merchant(number));
  await story.book.load('b1', [before as Merchant]);
  await story.start();
  await story.settled('b1');
  story.simulator.setFaults({ ip: 'h502' });
  await story.book.load('b2', rows);
  await until(
    'the line was tried eight times in vain',
    async () => ((await story.book.calls.line())?.probe?.failed ?? 0) >= 8,
  );
  // One in three goes in any case, should WeChat not answer the other question.
  expect((await story.book.batches.counts('b2')).submitting).toBeLessThanOrEqual(STOP_AFTER + 3);

  story.simulator.clearFaults();
  const lost = (await story.book.batches.counts('b2')).submitting ?? 0;
  await until(
    'the others are created',
    async () => (await story.book.batches.counts('b2')).created === rows.length - lost,
  );
  expect(await story.book.calls.line()).toBeUndefined();
});
