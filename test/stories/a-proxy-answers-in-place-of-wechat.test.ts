import { describe, expect, test } from 'vitest';
import { limitsOf } from '../../src/app.js';
import { situation } from '../../src/reporter/standstill.js';
import { merchant } from '../support/merchants.js';
import { APIS, merchantsAskedTwice, type Rehearsal, rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

const MERCHANTS = 20;
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
    const { standstill } = await situationOf(story);
    expect(standstill).toMatchObject({ problem: 'call:page', whoActs: 'us' });
    expect(standstill?.reason.en).toContain(`What came: ${came} and no JSON (text/html).`);
    expect(standstill?.reason.en).toContain('met 3 times by 3 merchants in a row');
    expect(standstill?.reason.en).not.toContain('whence-it-came');
    for (const check of ['proxy', 'firewall', 'WECHAT_API_BASE_URL', '`fastregister resume`']) {
      expect(standstill?.nextStep.en).toContain(check);
      expect(standstill?.nextStep.zh).toContain(check.replace('proxy', '代理').replace('firewall', '防火墙'));
    }

    story.simulator.clearFaults();
    expect(await story.book.calls.resumeLine()).toBe('canary');
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
    expect((await situationOf(story)).standstill?.reason.en).toContain('What came: HTTP 403 and no JSON (text/html).');

    story.simulator.setFaults({ ip: null, create: 'h403', times: 6 });
    await story.settled('b1');
    expect(await story.book.batches.counts('b1')).toEqual({ created: MERCHANTS });
    expect(story.calls('create')).toEqual({ h403: 6, 0: MERCHANTS });
    expect(await story.book.calls.line()).toBeUndefined();
  });
});

test('a captive portal’s 200 stops the line after three; nothing is sent again blindly, and one search lets each row go on', async () => {
  const story = await rehearse({
    settings: { ...ONE_SLOT, FASTREGISTER_PUSH_WAIT: '1s', FASTREGISTER_GIVE_UP: '10m' },
  });
  story.simulator.setFaults({ create: 'html' });
  await story.book.load('b1', rows);
  await story.start();
  await until('the line is stopped', () => story.book.calls.line());
  expect(story.calls('create')).toEqual({ html: 3 });
  expect(await story.book.batches.counts('b1')).toEqual({ queued: MERCHANTS - 3, submitting: 3 });
  const { standstill } = await situationOf(story);
  expect(standstill).toMatchObject({ problem: 'call:page' });
  expect(standstill?.reason.en).toContain('What came: HTTP 200 and no JSON (text/html).');

  story.simulator.clearFaults();
  await story.book.calls.resumeLine();
  await story.settled('b1');
  expect(await story.book.batches.counts('b1')).toEqual({ created: MERCHANTS });
  for (const it of rows.slice(0, 3)) {
    const kinds = await story.kinds(it);
    expect(kinds.filter((kind) => kind !== 'authorizer_kept')).toEqual([
      'create_sent',
      'answer_lost',
      'search_sent',
      'create_not_arrived',
      'create_sent',
      'create_accepted',
      'mini_program_created',
    ]);
    expect(story.seen(it).accepted).toBe(1);
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

function situationOf({ book, store }: Rehearsal) {
  return situation(book.calls, limitsOf(store.settings), Date.now());
}
