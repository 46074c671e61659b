import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { rulesOf } from '../../src/app/wiring/registration-api.js';
import { startSending } from '../../src/app/wiring/sending.js';
import type { Batch } from '../../src/domain/batch.js';
import { requiredFields } from '../../src/domain/check-row.js';
import type { Merchant } from '../../src/domain/merchant.js';
import { load } from '../../src/producer/load.js';
import { openSheet } from '../../src/producer/sheets/sheet.js';
import { key } from '../../src/redis/keys.js';
import { linksOf } from '../../src/reporter/links.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { merchantsAskedTwice, type Rehearsal, rehearse, reportOf } from '../support/rehearsal.js';
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
  // On a busy machine the answer to one may have come before the push of the other.
  const waited = new Set<string>();
  await until('both pushes have waited', async () => {
    for (const id of await story.store.redis.hkeys(key('parked'))) waited.add(id);
    return waited.size === 2;
  });
  await story.settled('b1');
  expect(await story.registration(rows[0])).toMatchObject({ state: 'created', attempt: 1 });
  expect(await story.registration(rows[1])).toMatchObject({ state: 'rejected', problem: 'push:103' });
  await until('none waits any more', async () => (await story.store.redis.hlen(key('parked'))) === 0);
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

/** The 24 hours of a task and a margin: a day is a second. */
const PUSH_WAIT_MS = 1_500;

describe('an answer that is lost with its link', () => {
  const settings = {
    FASTREGISTER_REQUEST_TIMEOUT: '700ms',
    FASTREGISTER_LOST_RECHECK: '800ms',
    FASTREGISTER_PUSH_WAIT: `${PUSH_WAIT_MS}ms`,
    FASTREGISTER_PUSH_RECHECK: '100ms',
    FASTREGISTER_GIVE_UP: '1h',
  };

  test('is settled by a push that repeats the merchant', async () => {
    const story = await rehearse({ api, settings });
    const named = ['cutafter_named', 'half_named_p101', 'hang_named'].map((fate, at) => merchant(at, fate));
    await story.book.load('b1', named);
    await story.start();
    await story.settled('b1');

    expect(await story.book.batches.counts('b1')).toEqual({ created: 2, rejected: 1 });
    expect(merchantsAskedTwice(story.simulator)).toEqual([]);
    expect(story.calls('query')).toEqual({});
  });

  test('is settled by a push that names only its task: WeChat reports the name of the Mini Program’s subject', async () => {
    const story = await rehearse({ api, settings: { ...settings, FASTREGISTER_PUSH_WAIT: '1h' } });
    const unnamed = ['cutafter', 'h502after'].map((fate, at) => merchant(at, fate));
    await story.book.load('b1', unnamed);
    await story.start();
    await story.settled('b1');
    for (const it of unnamed) {
      await until('its token is kept', async () => (await story.registration(it)).authorizer === 'kept');
      expect(await story.registration(it)).toMatchObject({ appid: story.seen(it).tasks[0]?.appid, attempt: 1 });
    }
    expect(merchantsAskedTwice(story.simulator)).toEqual([]);
  });

  test('is sent again by itself when a task that WeChat may have begun is over, and not before', async () => {
    const story = await rehearse({ api, settings });
    // None of the first three arrived; WeChat has begun a task of the last one, whose link nobody can open.
    const lost = ['cutx1', 'hanglostx1', 'h502x1'].map((fate, at) => merchant(at, fate));
    const unopened = merchant(3, 'h502after_p100003');
    await story.book.load('b1', [...lost, unopened]);
    await story.start();
    await until('it says what it waits for', async () => {
      const [row] = await reportOf(story, 'b1');
      return row?.problem === 'call:lost' && /nobody has the link.*it is then sent again, once/i.test(row.reason);
    });
    await story.settled('b1');

    expect(await story.book.batches.counts('b1')).toEqual({ created: 3, needs_review: 1 });
    for (const it of lost) expect(await story.registration(it)).toMatchObject({ state: 'created', attempt: 2 });
    for (const it of [...lost, unopened]) {
      const sent = (await story.history(it)).filter(({ kind }) => kind === 'create_sent').map(({ at }) => at);
      expect(sent).toHaveLength(2);
      expect((sent[1] ?? 0) - (sent[0] ?? 0)).toBeGreaterThanOrEqual(PUSH_WAIT_MS);
    }
    // It waits for no push, and asks nothing: there was no task id to ask with.
    expect((await story.kinds(unopened)).filter((kind) => kind !== 'answer_lost')).toEqual([
      'create_sent',
      'link_lost',
      'create_sent',
      'link_lost',
    ]);
    expect(story.calls('query')).toEqual({});
    expect(story.seen(unopened).answers).toEqual({ h502after: 2 });
    const row = (await reportOf(story, 'b1'))[3];
    expect(row).toMatchObject({ outcome: 'needs_review', problem: 'link:lost', who_acts: 'us', attempts: '2' });
    expect(row?.reason).toContain('nobody could open it');
    expect(row?.next_step).toContain('check the network');
  });

  test('makes WeChat’s time-out a reason to send it again: the legal person never had the link', async () => {
    const story = await rehearse({ api, settings: { ...settings, FASTREGISTER_PUSH_WAIT: '1h' } });
    const it = merchant(1, 'cutx1_h502after_named_p100003');
    await story.book.load('b1', [it]);
    await story.start();
    await story.settled('b1');
    const kinds = (await story.kinds(it)).filter((kind) => kind !== 'answer_lost');
    expect(kinds).toEqual(['create_sent', 'legal_person_timed_out', 'create_sent', 'legal_person_timed_out']);
    expect(await story.registration(it)).toMatchObject({ state: 'expired', problem: 'push:100003', attempt: 2 });
  });

  test('lets the corrected row be sent that waited for it, and cancels the older one', async () => {
    // The corrected row is to be there before the other one is sent again, however busy the machine is.
    const story = await rehearse({ api, settings: { ...settings, FASTREGISTER_PUSH_WAIT: '3s' } });
    const [mistyped, corrected] = [merchant(1, 'cutx1'), { ...merchant(1, 'ok'), name: merchant(2, 'ok').name }];
    await story.book.load('b1', [mistyped]);
    await story.start();
    await until('its answer is lost', async () => (await story.kinds(mistyped)).includes('answer_lost'));
    await story.book.load('b2', [corrected]);
    expect((await reportOf(story, 'b2'))[0]).toMatchObject({ outcome: 'pending', who_acts: 'nobody' });
    await until('the corrected row is created', async () => (await reportOf(story, 'b2'))[0]?.outcome === 'created');
    expect((await reportOf(story, 'b1'))[0]).toMatchObject({ outcome: 'cancelled' });
    expect(story.seen(corrected)).toMatchObject({ creates: 2, accepted: 1 });
  });

  test('is not sent again where the other API had sent it: WeChat may have written to the legal person', async () => {
    const story = await rehearse({ settings: { ...settings, FASTREGISTER_GIVE_UP: '2s' } });
    const it = merchant(1, 'cut');
    await story.book.load('b1', [it]);
    await story.startListening();
    const before = await startSending(story.store);
    await until('its answer is lost', async () => (await story.kinds(it)).includes('answer_lost'));
    await before.close();
    const sending = await startSending({
      ...story.store,
      settings: { ...story.store.settings, wechatRegistrationApi: api },
    });
    await story.settled('b1');
    await sending.close();
    expect(await story.registration(it)).toMatchObject({ state: 'needs_review', problem: 'push:overdue', attempt: 1 });
    expect(story.seen(it).creates).toBe(1);
  });
});

test('a push that never comes costs one query, which reports the end; the push that comes after all adds the rest', async () => {
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

test('a task that is unfinished when its time is over is expired after one query, and a late push still settles it', async () => {
  const story = await rehearse({
    api,
    settings: { FASTREGISTER_PUSH_WAIT: '500ms', FASTREGISTER_PUSH_RECHECK: '100ms', FASTREGISTER_GIVE_UP: '1h' },
    // A day in four seconds: WeChat's clock is the slower one.
    simulator: { speed: 21_600 },
  });
  const [late, never, ended] = [merchant(1, 'in20h'), merchant(2, 'p100003'), merchant(3, 'p1004_lost')];
  await story.book.load('b1', [late, never, ended]);
  await story.start();
  await story.settled('b1');

  expect(await story.book.batches.counts('b1')).toEqual({ expired: 2, rejected: 1 });
  const [row] = await reportOf(story, 'b1');
  expect(row).toMatchObject({ outcome: 'expired', problem: 'query:1', who_acts: 'legal_person', authorize_url: '' });
  expect(row?.reason).toMatch(/The 24 hours are over, and WeChat shows the registration unfinished.*step 1/);
  expect(row?.next_step).toMatch(/^Ask the merchant whether the legal person got .*the link.*; then send it again/);
  expect(await story.registration(ended)).toMatchObject({ state: 'rejected', problem: 'query:1004' });

  await until('the late pushes have said how it ended', async () => {
    const [one, other] = await Promise.all([late, never].map((it) => story.registration(it)));
    return one?.state === 'created' && other?.problem === 'push:100003';
  });
  expect((await story.registration(never)).state).toBe('expired');
  await until('its auth_code was exchanged', async () => (await story.registration(late)).authorizer === 'kept');
  expect(story.calls('query')).toEqual({ 0: 3 });
  expect(story.calls('create')).toEqual({ 0: 3 });
});

test('rows that were loaded for the other API are sent by this one, except rows that it does not accept', async () => {
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
