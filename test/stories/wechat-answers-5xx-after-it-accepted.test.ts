import { expect, test } from 'vitest';
import { limitsOf } from '../../src/app.js';
import { situation } from '../../src/reporter/standstill.js';
import { merchant } from '../support/merchants.js';
import { APIS, merchantsAskedTwice, rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

const MERCHANTS = 30;
const SLOTS = 4;
const STOP_AFTER = 5;

test.each(APIS)(
  '%s: the line stops early, is tried by one call at a time, opens by itself, and nobody is ever asked twice',
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
    const { standstill } = await situation(story.book.calls, limitsOf(story.store.settings), Date.now());
    expect(standstill?.reason.en).toContain('What was sent is not sent again');
    expect(standstill?.reason.en).toContain('What came: HTTP 502 and no JSON (text/html).');
    expect(standstill?.nextStep.en).toContain('opens by itself');

    story.simulator.clearFaults();
    await story.settled('b1');
    expect(await story.book.batches.counts('b1')).toEqual({ created: MERCHANTS });
    expect(await story.book.calls.line()).toBeUndefined();
    expect(merchantsAskedTwice(story.simulator)).toEqual([]);
    for (const it of rows) {
      const kinds = await story.kinds(it);
      expect(kinds.filter((kind) => kind === 'create_sent')).toHaveLength(1);
    }
  },
);
