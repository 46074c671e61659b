import { describe, expect, test } from 'vitest';
import { merchant } from '../support/merchants.js';
import { APIS, rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

const many = (count: number) => Array.from({ length: count }, (_, number) => merchant(number));

describe.each(APIS)('%s: a token that is refused', (api) => {
  test.each([40001, 40014, 42001])('by %d costs a new token and no attempt', async (errcode) => {
    const story = await rehearse({ api, settings: { FASTREGISTER_CONCURRENCY: '1' } });
    story.simulator.setFaults({ create: errcode, times: 1 });
    await story.book.load('b1', many(5));
    await story.start();
    await story.settled('b1');

    expect(await story.book.batches.counts('b1')).toEqual({ created: 5 });
    expect(story.calls('create')).toEqual({ [errcode]: 1, 0: 5 });
    for (const it of many(5)) expect((await story.registration(it)).attempt).toBe(1);
    expect(story.simulator.state().tokens).toMatchObject({ tokens: 2 });
    expect(await story.book.calls.line()).toBeUndefined();
  });
});

test('a token that dies under many calls at once is renewed once for all of them', async () => {
  const atOnce = { FASTREGISTER_CONCURRENCY: '8', FASTREGISTER_CALLS_PER_SECOND: '10000' };
  const story = await rehearse({ settings: atOnce });
  story.simulator.setFaults({ create: 42001, times: 8 });
  await story.book.load('b1', many(16));
  await story.start();
  await story.settled('b1');

  expect(await story.book.batches.counts('b1')).toEqual({ created: 16 });
  expect(story.calls('create')).toEqual({ 42001: 8, 0: 16 });
  for (const it of many(16)) expect((await story.registration(it)).attempt).toBe(1);
  expect(story.simulator.state().tokens.tokens).toBeLessThanOrEqual(4);
});

test('a token that is refused to an auth_code is renewed, and the code is exchanged at once', async () => {
  const story = await rehearse();
  story.simulator.setFaults({ query_auth: 42001, times: 1 });
  const it = merchant(1);
  await story.book.load('b1', [it]);
  await story.start();
  await until('the refresh token is kept', async () => (await story.registration(it)).authorizer === 'kept');

  expect(story.simulator.state().authCodes).toMatchObject({ exchanged: 1 });
});

test('new tokens that are refused again and again stop the line: no token is at fault', async () => {
  const story = await rehearse();
  story.simulator.setFaults({ create: 40001 });
  await story.book.load('b1', many(3));
  await story.start();
  await until('the line is stopped', () => story.book.calls.line());
  expect(await story.book.calls.line()).toMatchObject({ problem: 'token:refused' });

  story.simulator.clearFaults();
  await story.book.calls.resumeLine();
  await story.settled('b1');
  expect(await story.book.batches.counts('b1')).toEqual({ created: 3 });
});
