import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { rulesOf, startSending } from '../../src/app.js';
import { requiredFields } from '../../src/domain/check-row.js';
import type { Merchant } from '../../src/domain/merchant.js';
import { load } from '../../src/producer/load.js';
import { openSheet } from '../../src/producer/sheet.js';
import type { Batch } from '../../src/redis/batches.js';
import { linksOf } from '../../src/reporter/links.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { merchantsAskedTwice, type Rehearsal, rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

const api = 'fastregisterenterpriseweapp';

/** As an office without the legal person's columns sends them. */
function shortSheet(merchants: readonly Merchant[]): string {
  const rows = merchants.map(({ name, code, componentPhone }) => `${name},${code},${componentPhone}`);
  return `name,code,component_phone\n${rows.join('\n')}\n`;
}

async function loadSheet(story: Rehearsal, text: string): Promise<Batch> {
  const { batches, identify, settings } = story.store;
  const file = join(story.home, 'merchants.csv');
  writeFileSync(file, text);
  const rules = rulesOf(settings, true, identify);
  const sheet = await openSheet(file, { required: requiredFields(rules.needs) });
  return (await load(sheet, file, { batches, rules, canaries: 0, now: Date.now })).batch;
}

test.each([
  ['without the legal person’s columns', shortSheet],
  ['with them', sheetOf],
])('a sheet %s becomes links, and who opens one has a Mini Program', async (_, sheet) => {
  // Nobody would confirm by himself before the test is over.
  const story = await rehearse({ api, simulator: { speed: 1, legalPersonDelay: '20h', checkDelay: '10ms' } });
  const rows = [merchant(1), merchant(2)] as const;
  const batch = await loadSheet(story, sheet(rows));
  await story.start();
  const links = await until('both have a link', async () => {
    const found = [];
    for await (const link of linksOf(story.store.batches, batch, Date.now())) found.push(link);
    return found.length === 2 && found;
  });
  expect(links.map(({ line, merchant: name }) => [line, name])).toEqual([
    [2, rows[0].name],
    [3, rows[1].name],
  ]);
  expect((await story.registration(rows[0])).taskId).toBe(story.seen(rows[0]).tasks[0]?.id);

  for (const { url } of links) await fetch(url);
  await story.settled(batch.id);
  for (const it of rows) {
    expect(await story.registration(it)).toMatchObject({
      state: 'created',
      attempt: 1,
      appid: story.seen(it).tasks[0]?.appid,
    });
  }
  expect(merchantsAskedTwice(story.simulator)).toEqual([]);
});

test('a push that comes before the answer and names only its task waits for the answer that names it too', async () => {
  const story = await rehearse({
    api,
    simulator: { slowAnswerMs: 1_000 },
    settings: { FASTREGISTER_REQUEST_TIMEOUT: '30s', FASTREGISTER_PUSH_WAIT: '1h', FASTREGISTER_GIVE_UP: '2h' },
  });
  const rows = [merchant(1, 'early_slow'), merchant(2, 'early_slow_p103')] as const;
  await story.book.load('b1', rows);
  await story.start();
  await until('both pushes wait', async () => (await story.store.redis.hlen('{fastregister}:parked')) === 2);
  await story.settled('b1');
  expect(await story.registration(rows[0])).toMatchObject({ state: 'created', attempt: 1 });
  expect(await story.registration(rows[1])).toMatchObject({ state: 'rejected', problem: 'push:103' });
  await until('none waits any more', async () => (await story.store.redis.hlen('{fastregister}:parked')) === 0);
  await until('the auth_code was exchanged', async () => (await story.registration(rows[0])).authorizer === 'kept');
});

test('a push may have the task id in its code', async () => {
  const story = await rehearse({ api });
  const rows = [merchant(1, 'taskincode'), merchant(2, 'taskincode_p103')] as const;
  await story.book.load('b1', rows);
  await story.start();
  await story.settled('b1');
  expect(await story.book.batches.counts('b1')).toEqual({ created: 1, rejected: 1 });
});

test('a lost answer is settled by a push that repeats the merchant; without that a person looks, and nothing is sent again', async () => {
  const story = await rehearse({
    api,
    settings: {
      FASTREGISTER_REQUEST_TIMEOUT: '700ms',
      FASTREGISTER_PUSH_WAIT: '1s',
      FASTREGISTER_PUSH_RECHECK: '100ms',
      FASTREGISTER_GIVE_UP: '2500ms',
    },
  });
  const named = ['cutafter_named', 'half_named_p101', 'hang_named'].map((fate, at) => merchant(at, fate));
  const silent = ['cutafter', 'h502after', 'cut'].map((fate, at) => merchant(10 + at, fate));
  await story.book.load('b1', [...named, ...silent]);
  await story.start();
  await story.settled('b1');

  expect(await story.book.batches.counts('b1')).toEqual({ created: 2, rejected: 1, needs_review: 3 });
  for (const it of silent) {
    expect(await story.registration(it)).toMatchObject({ problem: 'push:overdue', attempt: 1 });
    expect((await story.kinds(it)).filter((kind) => kind !== 'answer_lost')).toEqual(['create_sent', 'push_overdue']);
  }
  expect(merchantsAskedTwice(story.simulator)).toEqual([]);
  // There was no task id to ask with, so no call was wasted on it.
  expect(story.calls('query')).toEqual({});
});

test('a push that never comes costs one query, which tells the end; the push that comes after all tells the rest', async () => {
  const story = await rehearse({
    api,
    settings: { FASTREGISTER_PUSH_WAIT: '300ms', FASTREGISTER_PUSH_RECHECK: '1h', FASTREGISTER_GIVE_UP: '2h' },
  });
  const [lost, failed, known] = [merchant(1, 'lost'), merchant(2, 'lostfail'), merchant(3, 'p1004_lost')];
  const late = [merchant(4, 'late'), merchant(5, 'p104_late')] as const;
  await story.book.load('b1', [lost, failed, known, ...late]);
  await story.start();
  await story.settled('b1');
  expect(await story.registration(lost)).toMatchObject({ state: 'created', problem: 'query:12' });
  expect((await story.registration(lost)).appid).toBeUndefined();
  expect(await story.registration(failed)).toMatchObject({ state: 'rejected', problem: 'query:11' });
  expect(await story.registration(known)).toMatchObject({ state: 'rejected', problem: 'query:1004' });

  await until('the late pushes have come', async () => {
    const [one, other] = await Promise.all(late.map((it) => story.registration(it)));
    return one?.appid !== undefined && other?.problem === 'push:104';
  });
  expect((await story.registration(late[0])).problem).toBeUndefined();
  await until('its auth_code was exchanged', async () => (await story.registration(late[0])).authorizer === 'kept');
  expect(story.calls('create')).toEqual({ 0: 5 });
  expect(story.calls('query')).toEqual({ 0: 5 });
});

test('the steps on the way decide nothing', async () => {
  const story = await rehearse({
    api,
    // A day in twelve seconds: the legal person takes twelve hours.
    simulator: { speed: 7_200 },
    settings: { FASTREGISTER_PUSH_WAIT: '200ms', FASTREGISTER_PUSH_RECHECK: '200ms', FASTREGISTER_GIVE_UP: '1h' },
  });
  const it = merchant(1, 'in12h');
  await story.book.load('b1', [it]);
  await story.start();
  await until('it was asked about twice', async () => {
    return (await story.kinds(it)).filter((kind) => kind === 'task_unclear').length >= 2;
  });
  expect(await story.registration(it)).toMatchObject({ state: 'awaiting_legal_person', problem: 'query:1' });
  await story.settled('b1');
  expect((await story.registration(it)).state).toBe('created');
  // A query may have told it first.
  await until('the push has told it', async () => (await story.registration(it)).problem === undefined);
});

test('rows that were loaded for the other API are sent by this one, but for those that it cannot take', async () => {
  const story = await rehearse();
  const rows = [merchant(1), merchant(2, 'p103'), merchant(3, 'ok', { code: 'M0733103-X', codeType: 2 })] as const;
  await story.book.load('b1', rows);
  const settings = { ...story.store.settings, wechatRegistrationApi: api } as const;
  await story.startListening();
  const sending = await startSending({ ...story.store, settings });
  await story.settled('b1');
  await sending.close();

  expect(await story.book.batches.counts('b1')).toEqual({ created: 1, rejected: 1, invalid: 1 });
  expect(await story.registration(rows[2])).toMatchObject({ problem: 'sheet:code_type_refused', attempt: 0 });
});
