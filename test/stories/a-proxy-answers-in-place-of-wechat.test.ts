import { describe, expect, test } from 'vitest';
import { limitsOf } from '../../src/app/wiring/limits.js';
import type { Merchant } from '../../src/domain/merchant.js';
import { sendingStatus } from '../../src/reporter/sending-status.js';
import { merchant } from '../support/merchants.js';
import { APIS, merchantsAskedTwice, type Rehearsal, rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

/** More than stop the line, and few enough that their pushes take little of the processor. */
const MERCHANTS = 8;
const rows = Array.from({ length: MERCHANTS }, (_, number) => merchant(number));

/** One slot, so that three calls are three; and nothing tries the line before the test has looked at it. */
const ONE_SLOT = { FASTREGISTER_CONCURRENCY: '1', FASTREGISTER_PROBE_FIRST: '1h', FASTREGISTER_PROBE_MAX: '1h' };

describe.each(APIS)('%s', (api) => {
  test.each([
    ['a proxy that refuses', 'h403', 'HTTP 403'],
    ['a proxy that wants a password', 'h407', 'HTTP 407'],
    ['a redirect', 'h302', 'HTTP 302 to login.invalid'],
    ['a network that wants a login', 'h511', 'HTTP 511'],
  ])('%s (%s) stops the line after three calls, which are no attempts, and says what came', async (_, word, came) => {
    const story = await rehearse({ api, settings: ONE_SLOT });
    story.simulator.setFaults({ create: word });
    await story.book.load('b1', rows);
    await story.start();
    await until('the line is stopped', () => story.book.calls.line());

    expect(story.calls('create')).toEqual({ [word]: 3 });
    expect(await story.book.batches.counts('b1')).toEqual({ queued: MERCHANTS });
    const { blockedReason } = await sendingOf(story);
    expect(blockedReason).toMatchObject({ problem: 'call:page', whoActs: 'us' });
    expect(blockedReason?.reason.en).toContain(`What came: ${came} and no JSON (text/html).`);
    expect(blockedReason?.reason.en).toContain('met 3 times by 3 merchants in a row');
    expect(blockedReason?.reason.en).not.toContain('whence-it-came');
    for (const check of ['proxy', 'firewall', 'WECHAT_API_BASE_URL', '`fastregister resume`']) {
      expect(blockedReason?.nextStep.en).toContain(check);
      expect(blockedReason?.nextStep.zh).toContain(check.replace('proxy', '代理').replace('firewall', '防火墙'));
    }

    story.simulator.clearFaults();
    expect(await story.book.calls.resumeLine()).toBe('probe');
    await story.settled('b1');
    expect(await story.book.batches.counts('b1')).toEqual({ created: MERCHANTS });
    for (const it of rows) {
      expect(await story.registration(it)).toMatchObject({ attempt: 1 });
      expect(story.seen(it).accepted).toBe(1);
    }
  });

  test('a proxy that is repaired is noticed without a person, and was tried a few times meanwhile', async () => {
    const story = await rehearse({ api, settings: { FASTREGISTER_CONCURRENCY: '1' } });
    story.simulator.setFaults({ ip: 'h403' });
    await story.book.load('b1', rows);
    await story.start();
    // The token cannot be fetched either.
    await until(
      'it is known that no token is to be had',
      async () => (await story.book.calls.waitNoted())?.why === 'page',
    );
    expect((await sendingOf(story)).blockedReason?.reason.en).toContain('What came: HTTP 403 and no JSON (text/html).');

    story.simulator.setFaults({ ip: null, create: 'h403', times: 6 });
    await story.settled('b1');
    expect(await story.book.batches.counts('b1')).toEqual({ created: MERCHANTS });
    expect(story.calls('create')).toEqual({ h403: 6, 0: MERCHANTS });
    expect(await story.book.calls.line()).toBeUndefined();
  });
});

test('a captive portal’s 200 stops the line after three, and what it may have hidden is asked about, never sent again', async () => {
  const story = await rehearse({
    settings: {
      ...ONE_SLOT,
      FASTREGISTER_LOST_RECHECK: '1s',
      FASTREGISTER_PUSH_WAIT: '2s',
      FASTREGISTER_GIVE_UP: '3s',
    },
  });
  const [known, ...others] = rows;
  await story.book.load('b0', [known as Merchant]);
  await story.start();
  await story.settled('b0');
  story.simulator.setFaults({ ip: 'html' });
  await story.book.load('b1', others);
  await until('the line is stopped', () => story.book.calls.line());
  expect(story.calls('create')).toEqual({ 0: 1, html: 3 });
  expect(await story.book.batches.counts('b1')).toEqual({ queued: MERCHANTS - 4, submitting: 3 });
  const { blockedReason } = await sendingOf(story);
  expect(blockedReason).toMatchObject({ problem: 'call:page' });
  expect(blockedReason?.reason.en).toContain('What came: HTTP 200 and no JSON (text/html).');

  // While it is there, no further merchant is asked for in vain.
  await story.book.calls.resumeLine();
  await until('it was tried', async () => (await story.book.calls.line())?.probe?.failed === 1);
  expect(await story.book.batches.counts('b1')).toEqual({ queued: MERCHANTS - 4, submitting: 3 });

  story.simulator.clearFaults();
  await story.book.calls.resumeLine();
  await story.settled('b1');
  expect(await story.book.batches.counts('b1')).toEqual({ created: MERCHANTS - 4, needs_review: 3 });
  for (const it of others.slice(0, 3)) {
    expect((await story.kinds(it)).filter((kind) => kind === 'create_sent')).toHaveLength(1);
    expect((await story.kinds(it)).filter((kind) => kind === 'search_sent').length).toBeGreaterThan(0);
  }
});

test('a create that was accepted behind such a page is found by its push or its search, never sent again', async () => {
  const story = await rehearse({
    simulator: { legalPersonDelay: '12h', taskVisibleAfter: '1s' },
    settings: { FASTREGISTER_PUSH_WAIT: '200ms', FASTREGISTER_GIVE_UP: '10m' },
  });
  const accepted = [merchant(1, 'h200after'), merchant(2, 'h200after_p101')];
  await story.book.load('b1', accepted);
  await story.start();
  await story.settled('b1');
  expect(await story.book.batches.counts('b1')).toEqual({ created: 1, rejected: 1 });
  expect(merchantsAskedTwice(story.simulator)).toEqual([]);
});

test('a page that one merchant alone meets is that row’s own matter: it has its tries, and then waits for a person', async () => {
  const story = await rehearse();
  const disliked = merchant(99, 'h403');
  await story.book.load('b1', [disliked, ...rows]);
  await story.start();
  await story.settled('b1');
  expect(await story.book.batches.counts('b1')).toEqual({ created: MERCHANTS, needs_review: 1 });
  expect(await story.registration(disliked)).toMatchObject({ problem: 'call:page', attempt: 0 });
  expect(story.seen(disliked).answers).toEqual({ h403: 3 });
  expect(await story.book.calls.line()).toBeUndefined();
});

function sendingOf({ book, store }: Rehearsal) {
  return sendingStatus(book.calls, limitsOf(store.settings), Date.now());
}
