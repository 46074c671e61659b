import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterAll, describe, expect, test } from 'vitest';
import { purgeToolsOf } from '../../src/app/wiring/purging.js';
import type { Batch, RowOfBatch } from '../../src/domain/batch.js';
import type { Merchant } from '../../src/domain/merchant.js';
import type { Cannot } from '../../src/domain/operator.js';
import { type Outcome, PURGED_ROW } from '../../src/domain/registration.js';
import { previewAction } from '../../src/operator/action.js';
import { type Purged, purge, purgeable } from '../../src/operator/purge.js';
import { key } from '../../src/redis/keys.js';
import { openPurging, tidyReady } from '../../src/redis/ledger/purging.js';
import { startRelay, workersOn } from '../../src/redis/ledger/relay.js';
import { rowsThatMayBe } from '../../src/redis/ledger/row-index.js';
import { openPushes } from '../../src/redis/pushes/pushes.js';
import { script } from '../../src/redis/scripts.js';
import { openWakeupChannel } from '../../src/redis/wakeup-channel.js';
import { startWorker } from '../../src/worker/worker.js';
import { ACCEPT_RULES, acceptedRow, DAY_MS, idOf, openBook } from '../support/ledger.js';
import { HEADINGS, merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';
import { until } from '../support/until.js';
import { contextWith } from '../support/worker-context.js';

const db = useRedis();
const spool = mkdtempSync(join(tmpdir(), 'fr-spool-'));
afterAll(() => rmSync(spool, { recursive: true }));

const NOW = Date.now();
const LONG_AGO = NOW - 100 * DAY_MS;
const LIMIT = NOW - 90 * DAY_MS;

async function loadAt(id: string, merchants: readonly (Merchant | undefined)[], loadedAt: number): Promise<void> {
  const { batches } = openBook(db.redis);
  const batch = await batches.open({
    id,
    file: `${id} 虚构的文件.csv`,
    headings: HEADINGS,
    columns: [0, 1, 2, 3, 4, 5],
    loadedAt,
  });
  await batches.accept(batch, 0, merchants.map(acceptedRow), ACCEPT_RULES);
  await batches.complete(id);
}

async function batchOf(id: string): Promise<Batch> {
  const found = await openBook(db.redis).batches.find(id);
  if (found === undefined) throw new Error(`there is no batch ${id}`);
  return found;
}

/** Sent, and ended by a push at that moment. */
async function settle(one: Merchant, kind: 'mini_program_created' | 'registration_refused', at: number): Promise<void> {
  const { take, record } = openBook(db.redis);
  await take(idOf(one), { at });
  await record(
    idOf(one),
    kind,
    kind === 'mini_program_created' ? { at, appid: `wx${one.code}x` } : { at, problem: 'push:103', said: one.name },
  );
}

async function forget(ids?: readonly string[]): Promise<string[]> {
  const tools = purgeToolsOf(db.redis, spool);
  const wanted = (await purgeable(tools, LIMIT)).filter(({ id }) => ids === undefined || ids.includes(id));
  await purge(tools, wanted, LIMIT, NOW);
  return wanted.map(({ id }) => id);
}

/** Everything that Redis has, as text. */
async function everythingIn(redis: Redis): Promise<string> {
  const texts: string[] = [];
  for (const name of await redis.keys('*')) {
    const type = await redis.type(name);
    const value =
      type === 'string'
        ? await redis.get(name)
        : type === 'hash'
          ? await redis.hgetall(name)
          : type === 'list'
            ? await redis.lrange(name, 0, -1)
            : type === 'zset'
              ? await redis.zrange(name, 0, -1)
              : type === 'set'
                ? await redis.smembers(name)
                : await redis.xrange(name, '-', '+');
    texts.push(`${name} ${JSON.stringify(value)}`);
  }
  return texts.join('\n');
}

test('of a batch that was over for long nothing is left but its counts, and that a Mini Program was created', async () => {
  const { batches, registration, load } = openBook(db.redis);
  const [created, refused] = [merchant(1), merchant(2)];
  await loadAt('b1', [created, refused, created, undefined], LONG_AGO);
  await settle(created, 'mini_program_created', LONG_AGO);
  await settle(refused, 'registration_refused', LONG_AGO);
  // The relay handed them out long ago.
  await db.redis.del(key('ready', 'submit'));
  await openPushes(db.redis).store([
    { receivedAt: LONG_AGO, infoType: 'x', query: '', body: Buffer.from(created.name) },
  ]);
  // The stream's ids are times of storing: it is as if the push had come when it says.
  const entries = await db.redis.xrange(key('pushes'), '-', '+');
  await db.redis.del(key('pushes'));
  await db.redis.xadd(key('pushes'), `${LONG_AGO}-0`, ...(entries[0]?.[1] ?? []));
  const countsBefore = await batches.counts('b1');

  expect(await forget()).toEqual(['b1']);

  const left = await everythingIn(db.redis);
  for (const one of [created, refused]) {
    const { name, code, legalPersonaWechat, legalPersonaName, componentPhone } = one;
    for (const detail of [name, legalPersonaWechat, legalPersonaName, componentPhone])
      expect(left).not.toContain(detail);
    expect(left.replaceAll(`wx${code}x`, '')).not.toContain(code);
  }
  expect(left).not.toContain(idOf(refused));
  expect(left).not.toContain('虚构的文件');
  expect(await db.redis.hgetall(key('registration', idOf(created)))).toEqual({
    s: 'created',
    // What was decided before is refused still: it says nothing about the merchant.
    v: expect.any(String),
    appid: `wx${created.code}x`,
    r: 'purged/0',
    o: ['created', '', '', '', '', '', '', '', `wx${created.code}x`, '', ''].join('\u001f'),
  });
  expect(await batches.counts('b1')).toEqual(countsBefore);
  expect(await batches.find('b1')).toMatchObject({ rows: 4, purgedAt: NOW });

  // The memory holds: nobody is registered twice, and who was refused may try again.
  await load('b2', [created, refused]);
  expect(await batches.counts('b2')).toEqual({ already_created: 1, queued: 1 });
  expect((await registration(idOf(created))).appid).toBe(`wx${created.code}x`);
});

test('a batch stays as long as a row of it waits, or had its outcome lately', async () => {
  await loadAt('waits', [merchant(1), merchant(2)], LONG_AGO);
  await settle(merchant(1), 'mini_program_created', LONG_AGO);
  await loadAt('lately', [merchant(3)], LONG_AGO);
  await settle(merchant(3), 'registration_refused', LIMIT + 1);
  await loadAt('young', [undefined], LIMIT + 1);
  expect(await forget()).toEqual([]);
});

test('what may be running at WeChat is remembered when all else is forgotten, and what has failed is not', async () => {
  const { take, record, load, registration, batches } = openBook(db.redis);
  const [lost, lostBefore, busy, failed] = [1, 2, 3, 4].map((it) => merchant(it)) as [
    Merchant,
    Merchant,
    Merchant,
    Merchant,
  ];
  const all = [lost, lostBefore, busy, failed];
  await loadAt('b1', all, LONG_AGO);
  const at = LONG_AGO;
  for (const one of all) await take(idOf(one));
  await record(idOf(lost), 'push_overdue', { at });
  await record(idOf(lostBefore), 'push_overdue', { at });
  await record(idOf(lostBefore), 'retry_asked', { at });
  await take(idOf(lostBefore));
  await record(idOf(lostBefore), 'create_postponed', { at });
  // Neither has anything at WeChat.
  await record(idOf(busy), 'create_busy', { at });
  await record(idOf(failed), 'create_refused', { at });
  for (const one of [lost, lostBefore, busy]) expect((await registration(idOf(one))).state).toBe('needs_review');
  await db.redis.del(key('ready', 'submit'));

  const [forgotten, left] = (await script(db.redis, 'purge')(
    [key('rows', 'b1', 0), key('rowIndex', 'b1', 0)],
    ['b1', 4],
  )) as [number, number];
  expect([forgotten, left]).toEqual([4, 0]);
  const kept = await Promise.all(all.map((one) => db.redis.exists(key('registration', idOf(one)))));
  expect(kept).toEqual([1, 1, 0, 0]);
  const counts = await db.redis.hgetall(key('states'));
  expect(Object.entries(counts).filter(([, count]) => count !== '0')).toEqual([['needs_review', '2']]);

  // Nobody is asked a second time while that may be so.
  await load('b2', all);
  expect(await batches.counts('b2')).toEqual({ needs_review: 2, queued: 2 });
  expect(await registration(idOf(lost))).toMatchObject({ state: 'needs_review', task: 'open' });
  expect(await registration(idOf(lostBefore))).toMatchObject({ task: 'none', earlierTask: 'open' });
});

test('a row that waits behind a purged one of unknown outcome gets the Mini Program of that one', async () => {
  const { load, take, record, registration, batches } = openBook(db.redis);
  const other = { ...merchant(1), legalPersonaWechat: 'weixin_other' };
  const id = idOf(merchant(1));
  await load('old', [merchant(1)]);
  await take(id);
  await record(id, 'push_overdue');
  await load('new', [other]);
  await script(db.redis, 'purge')([key('rows', 'old', 0), key('rowIndex', 'old', 0)], ['old', 1]);
  expect(await registration(id)).toMatchObject({ state: 'needs_review', waitingRows: ['new/0'] });
  await record(id, 'mini_program_created', { appid: 'wx1' });
  expect(await batches.counts('new')).toEqual({ already_created: 1 });
});

test('of a row that waits behind a purged one and a newer one only the newer one is sent', async () => {
  const { load, take, record, view, batches } = openBook(db.redis);
  const [older, newer] = ['weixin_older', 'weixin_newer'].map((legalPersonaWechat) => ({
    ...merchant(1),
    legalPersonaWechat,
  }));
  const id = idOf(merchant(1));
  await load('old', [merchant(1)]);
  await take(id);
  await record(id, 'push_overdue');
  await load('second', [older]);
  await script(db.redis, 'purge')([key('rows', 'old', 0), key('rowIndex', 'old', 0)], ['old', 1]);
  await load('third', [newer]);
  await record(id, 'retry_asked');
  expect((await view(id)).row?.merchant?.legalPersonaWechat).toBe('weixin_newer');
  expect([await batches.counts('second'), await batches.counts('third')]).toEqual([{ cancelled: 1 }, { queued: 1 }]);
});

test('what was decided of a merchant before one of its rows was purged is decided again', async () => {
  const { load, take, record, view, registration, ledger, batches, recount } = openBook(db.redis);
  const id = idOf(merchant(1));
  await load('old', [merchant(1)]);
  await load('new', [merchant(1)]);
  await take(id);
  await record(id, 'push_overdue');
  const before = await view(id);
  await script(db.redis, 'purge')([key('rows', 'old', 0), key('rowIndex', 'old', 0)], ['old', 1]);
  await ledger.record(id, { kind: 'row_accepted', at: Date.now(), row: 'newest/0', details: 'same' }, {}, before);
  expect(await registration(id)).toMatchObject({ row: 'new/0', joinedRows: ['newest/0'] });
  await record(id, 'registration_refused', { problem: 'push:101' });
  expect(await batches.counts('new')).toEqual(await recount('new'));
});

test('a row that waits for the end of another batch’s task is withdrawn with its batch, and others wait on', async () => {
  const { load, take, record, registration } = openBook(db.redis);
  const other = { ...merchant(1), legalPersonaWechat: 'weixin_other' };
  await load('running', [merchant(1)]);
  await take(idOf(merchant(1)));
  for (const batch of ['first', 'second', 'third']) await load(batch, [other]);
  await record(idOf(merchant(1)), 'push_overdue');
  const waiting = async () => (await registration(idOf(merchant(1)))).waitingRows;
  expect(await waiting()).toEqual(['first/0', 'second/0', 'third/0']);
  const forgetBatch = (batch: string) =>
    script(db.redis, 'purge')([key('rows', batch, 0), key('rowIndex', batch, 0)], [batch, 1]);
  expect(await forgetBatch('second')).toEqual([0, 0]);
  expect(await waiting()).toEqual(['first/0', 'third/0']);
  await forgetBatch('first');
  expect(await waiting()).toEqual(['third/0']);
  await forgetBatch('third');
  expect(await waiting()).toEqual([]);
  expect((await registration(idOf(merchant(1)))).state).toBe('needs_review');
});

test('a merchant with rows in several batches keeps the details of the remaining batches', async () => {
  const { load, record, registration } = openBook(db.redis);
  for (const batch of ['b1', 'b2', 'b3', 'b4']) await load(batch, [merchant(1)]);
  await record(idOf(merchant(1)), 'cancel_asked');
  const rows = async () => {
    const { row, joinedRows } = await registration(idOf(merchant(1)));
    return [row, ...joinedRows];
  };
  const forgetBatch = (batch: string) =>
    script(db.redis, 'purge')([key('rows', batch, 0), key('rowIndex', batch, 0)], [batch, 1]);
  await forgetBatch('b2');
  expect(await rows()).toEqual(['b1/0', 'b3/0', 'b4/0']);
  await forgetBatch('b1');
  expect(await rows()).toEqual(['b3/0', 'b4/0']);
  await forgetBatch('b3');
  expect(await rows()).toEqual(['b4/0']);
  expect(await forgetBatch('b4')).toEqual([1, 0]);
  expect(await db.redis.exists(key('registration', idOf(merchant(1))))).toBe(0);
});

/** A row that our checks refused, which joins what its enterprise has. */
async function loadUnsent(id: string, one: Merchant, cells: readonly string[] = ['x', '1']): Promise<void> {
  const { open, batches } = openBook(db.redis);
  const row = { ...acceptedRow(undefined, 0), cells, registration: idOf(one) };
  await batches.accept(await open(id), 0, [row], ACCEPT_RULES);
  await batches.complete(id);
}

describe('a row that our checks refused is never the one to be sent', () => {
  const one = merchant(1);
  const id = idOf(one);

  /** Sent as a row of b1; a refused row joins it in b2, and then it ends. */
  async function ended(kind: 'push_overdue' | 'registration_refused', cells?: readonly string[]): Promise<Batch> {
    const { load, send, record } = openBook(db.redis);
    const batch = await load('b1', [one]);
    await send(id);
    await loadUnsent('b2', one, cells);
    await record(id, kind);
    return batch;
  }

  test('where its outcome is kept: it shows that, cannot be sent again, and the corrected row is', async () => {
    const { load, registration, batches, record, recount, view } = openBook(db.redis);
    await openPurging(db.redis).purgeBatch(await ended('push_overdue'), NOW);
    expect(await registration(id)).toMatchObject({ state: 'needs_review', row: PURGED_ROW, joinedRows: ['b2/0'] });
    expect(await batches.counts('b2')).toEqual({ needs_review: 1 });
    expect(await retriesIn('b2')).toEqual({ can: 0, cannot: ['purged'] });

    await load('b3', [one]);
    expect(await retriesIn('b3')).toEqual({ can: 1, cannot: [] });
    await record(id, 'retry_asked');
    expect((await view(id)).row?.merchant).toEqual(one);
    expect(await batches.counts('b2')).toEqual(await recount('b2'));
  });

  test('where that is kept for other batches too, until these are purged', async () => {
    const { record, registration, batches } = openBook(db.redis);
    const first = await ended('push_overdue');
    await loadUnsent('b3', one);
    const { purgeBatch } = openPurging(db.redis);
    await purgeBatch(first, NOW);
    await purgeBatch(await batchOf('b2'), NOW);
    expect(await registration(id)).toMatchObject({ row: PURGED_ROW, joinedRows: ['b3/0'], task: 'open' });
    await record(id, 'mini_program_created', { appid: 'wx1' });
    expect(await batches.counts('b3')).toEqual({ created: 1 });
    await purgeBatch(await batchOf('b3'), NOW);
    expect(await registration(id)).toMatchObject({ row: PURGED_ROW, joinedRows: [], state: 'created', appid: 'wx1' });
  });

  test('where nothing is kept: it is a refused row of an enterprise that has nothing', async () => {
    const { load, rows, batches, registration, recount } = openBook(db.redis);
    const batch = await ended('registration_refused');
    expect(await batches.counts('b2')).toEqual({ rejected: 1 });
    await openPurging(db.redis).purgeBatch(batch, NOW);
    expect((await rows('b2'))[0]?.relation).toEqual({ kind: 'refused' });
    expect([await batches.counts('b2'), await recount('b2')]).toMatchObject([{ invalid: 1 }, { invalid: 1 }]);
    await load('b3', [one]);
    expect(await registration(id)).toMatchObject({ state: 'queued', row: 'b3/0', joinedRows: [] });
  });

  test('where a later row has the details: that one is, and it stays beside it', async () => {
    const { load, record, registration, view } = openBook(db.redis);
    const batch = await ended('push_overdue');
    await load('b3', [one]);
    await openPurging(db.redis).purgeBatch(batch, NOW);
    expect(await registration(id)).toMatchObject({ row: 'b3/0', joinedRows: ['b2/0'] });
    await record(id, 'retry_asked');
    expect((await view(id)).row?.merchant).toEqual(one);
  });

  // As JSON a row may look like one that was refused only outside its cells.
  const MARK = '],0,[["sheet:x"';
  const SURROGATE = '\ud800';
  test.each([
    [MARK],
    [`"${MARK}`],
    [MARK, SURROGATE],
    [`x${MARK.slice(0, 6)}`, SURROGATE],
    ['],0,[["', 'x'],
    ['],0,[[', SURROGATE],
  ])('whatever its cells are: %j, %j', async (...cells) => {
    const { open, batches, send, record, registration } = openBook(db.redis);
    const { problems } = acceptedRow(undefined, 0);
    for (const [batch, more] of [
      ['b1', {}],
      ['b2', { merchant: undefined, problems }],
      ['b3', { problems }],
      ['b4', {}],
    ] as const) {
      const row = { ...acceptedRow(one, 0), cells: [...acceptedRow(one, 0).cells, ...cells], ...more };
      await batches.accept(await open(batch), 0, [row], ACCEPT_RULES);
      await batches.complete(batch);
      if (batch === 'b1') await send(id);
    }
    await record(id, 'push_overdue');
    const leaders: string[] = [];
    for (const batch of ['b1', 'b3', 'b4']) {
      await openPurging(db.redis).purgeBatch(await batchOf(batch), NOW);
      leaders.push((await registration(id)).row);
    }
    expect(leaders).toEqual(['b3/0', 'b4/0', PURGED_ROW]);
  });
});

/** What a person who names the outcome is told. */
async function retriesIn(id: string): Promise<{ can: number; cannot: Cannot[] }> {
  const { batches, ledger } = openBook(db.redis);
  const tools = { batches, ledger, actsOn: () => undefined };
  const only = new Set<Outcome>(['needs_review']);
  const { can, cannot } = await previewAction(tools, { ask: 'retry', batch: await batchOf(id), only, now: NOW });
  return { can, cannot: [...cannot.keys()] };
}

test('a merchant with a row in a younger batch keeps its details there', async () => {
  const { batches, view, rows } = openBook(db.redis);
  const shared = merchant(1);
  await loadAt('old', [shared, merchant(2)], LONG_AGO);
  await loadAt('young', [shared], NOW);
  await settle(shared, 'registration_refused', LONG_AGO);
  await settle(merchant(2), 'registration_refused', LONG_AGO);
  expect(await forget()).toEqual(['old']);
  const { registration, row } = await view(idOf(shared));
  expect(registration).toMatchObject({ row: 'young/0', joinedRows: [], state: 'rejected' });
  expect(row?.merchant).toEqual(shared);
  expect((await rows('young'))[0]?.registration?.problem).toBe('push:103');
  expect(await batches.counts('young')).toEqual({ rejected: 1 });
});

test('what was still in the list of what is ready is not sent, also where its merchant comes again', async () => {
  const { batches, record, load, workload } = openBook(db.redis);
  await loadAt('old', [merchant(1), merchant(2)], LONG_AGO);
  for (const one of [merchant(1), merchant(2)]) await record(idOf(one), 'cancel_asked', { at: LONG_AGO });
  expect(await forget()).toEqual(['old']);
  expect(await db.redis.exists(key('ready', 'submit'))).toBe(0);
  // As if this purge had died before it came to the list.
  await db.redis.rpush(key('ready', 'submit'), ...[merchant(1), merchant(2)].map(idOf));
  await load('new', [merchant(2)]);

  const sent: string[] = [];
  const wakeupChannel = await openWakeupChannel(db.connect());
  const context = contextWith(db.redis, wakeupChannel, {
    create: async ({ code }) => {
      sent.push(code);
      return { kind: 'answer', errcode: 0, said: 'ok', body: {} };
    },
  });
  const redis = db.connect();
  const relay = startRelay({
    redis,
    wakeupChannel,
    log: context.log,
    windowSize: 1_000,
    perSecond: 100,
  });
  const worker = startWorker({
    openWorker: workersOn(redis),
    relay,
    context,
    authorizing: {} as never,
    concurrency: 4,
  });
  await until('nothing is ready and nothing in flight', async () => !(await workload.isSending(Date.now())));
  await worker.close();
  await relay.stop();
  await wakeupChannel.close();

  expect(sent).toEqual([merchant(2).code]);
  expect(await batches.counts('new')).toEqual({ awaiting_legal_person: 1 });
  expect(await workload.toSend()).toBe(0);
});

test('the ids of deleted registrations leave every list, and other ids stay there in their order', async () => {
  const { record, registration, load } = openBook(db.redis);
  const { redis } = db;
  const [before, old, behind] = [
    [1, 2],
    [3, 4, 5],
    [6, 7],
  ].map((numbers) => numbers.map((it) => merchant(it))) as [Merchant[], Merchant[], Merchant[]];
  await load('before', before);
  await loadAt('old', old, LONG_AGO);
  await load('behind', behind);
  // One that was sent twice, with a task each time; the others were cancelled.
  const [sent, ...cancelled] = old.map(idOf) as [string, string, string];
  for (const taskId of ['task-1', 'task-2']) {
    await openBook(redis).take(sent, { at: LONG_AGO });
    const { sentAt = 0 } = await registration(sent);
    await record(sent, 'create_accepted', { at: LONG_AGO, callSentAt: sentAt, taskId });
    await record(sent, 'registration_refused', { at: LONG_AGO, problem: 'push:103' });
    if (taskId === 'task-1') await record(sent, 'retry_asked', { at: LONG_AGO });
  }
  for (const id of cancelled) await record(id, 'cancel_asked', { at: LONG_AGO });

  const others = [...before, ...behind].map(idOf);
  const all = [...others.slice(0, 2), ...old.map(idOf), ...others.slice(2)];
  const jobsOf = (ids: readonly string[]) => ids.map((id) => `${id}-1-0`);
  const kinds = ['submit', 'follow-up'] as const;
  const times = ['links', 'unreminded', 'linksToAnnounce'] as const;
  for (const kind of kinds) {
    await redis.del(key('ready', kind));
    await redis.rpush(key('ready', kind), ...all);
    for (const job of jobsOf(all)) await redis.zadd(key('window', kind), 1, job);
    for (const id of all) await redis.zadd(key('scheduled', kind), 1, id);
  }
  for (const name of times) for (const id of all) await redis.zadd(key(name), 1, id);
  // An exchange is that of a Mini Program, whatever became of its registration.
  const appids = ['wxthefirst', 'wxthesecond'];
  await redis.rpush(key('ready', 'authorize'), ...appids);
  await redis.zadd(key('window', 'authorize'), 1, 'wxthethird-1-0');
  await redis.del(key('recent'));
  await redis.rpush(key('recent'), ...all.map((id, at) => `${1000 + at} ${id}`));

  expect(await forget()).toEqual(['old']);

  const left = await everythingIn(redis);
  for (const one of [...old.map(idOf), 'task-1', 'task-2']) expect(left).not.toContain(one);
  expect(await redis.lrange(key('ready', 'submit'), 0, -1)).toEqual(others);
  expect(await redis.lrange(key('ready', 'authorize'), 0, -1)).toEqual(appids);
  expect(await redis.zrange(key('window', 'authorize'), 0, -1)).toEqual(['wxthethird-1-0']);
  expect(await redis.zrange(key('window', 'submit'), 0, -1)).toEqual(jobsOf(others).sort());
  for (const name of times) expect(await redis.zrange(key(name), 0, -1)).toEqual([...others].sort());
  expect(await redis.lrange(key('recent'), 0, -1)).toEqual(
    all.map((id, at) => (others.includes(id) ? `${1000 + at} ${id}` : String(1000 + at))),
  );
});

test('of a long list no order is lost where purged ids stand between the others, whatever their number', async () => {
  const { record, load } = openBook(db.redis);
  const [live, old] = [0, 1].map((odd) => Array.from({ length: 700 }, (_, number) => merchant(2 * number + odd)));
  await load('live', live ?? []);
  await loadAt('old', old ?? [], LONG_AGO);
  for (const one of old ?? []) await record(idOf(one), 'cancel_asked', { at: LONG_AGO });
  await db.redis.del(key('ready', 'submit'));
  const mixed = Array.from({ length: 1_400 }, (_, number) => idOf(merchant(number)));
  await db.redis.rpush(key('ready', 'submit'), ...mixed);
  expect(await forget()).toEqual(['old']);
  expect(await db.redis.lrange(key('ready', 'submit'), 0, -1)).toEqual((live ?? []).map(idOf));
});

test('an id deep in a long list leaves an empty place, which is never dispatched', async () => {
  const { load } = openBook(db.redis);
  await load('live', [merchant(1)]);
  const live = idOf(merchant(1));
  await db.redis.del(key('ready', 'submit'));
  await db.redis.rpush(key('ready', 'submit'), 'purged', ...Array.from({ length: 20_200 }, () => live));
  await tidyReady(db.redis, 'submit');
  expect(await db.redis.lrange(key('ready', 'submit'), 0, 1)).toEqual(['', live]);

  const args = ['submit', 10, 1, 1, 10, Date.now(), 'queued'];
  const [, left, ...jobs] = (await script(db.redis, 'dispatch')([key('window', 'submit')], args)) as [number, number];
  expect([left, jobs]).toEqual([20_199, [expect.stringMatching(`^${live}-`)]]);
});

/** What a person is shown before a purge; a colleague does `meanwhile` before the answer. */
async function forgetAfter(meanwhile: () => Promise<unknown>): Promise<Purged> {
  const tools = purgeToolsOf(db.redis, spool);
  const wanted = await purgeable(tools, LIMIT);
  await meanwhile();
  return purge(tools, wanted, LIMIT, NOW);
}

test('what is sent again while a person is asked is neither forgotten nor sent a second time', async () => {
  const { record, send, registration, batches, load, recount } = openBook(db.redis);
  const [waits, sent] = [merchant(1), merchant(2)];
  await loadAt('b1', [waits, sent], LONG_AGO);
  await loadAt('b2', [merchant(3)], LONG_AGO);
  for (const one of [waits, sent, merchant(3)]) await settle(one, 'registration_refused', LONG_AGO);
  const purged = await forgetAfter(async () => {
    for (const one of [waits, sent]) await record(idOf(one), 'retry_asked');
    await send(idOf(sent));
  });
  expect(purged).toMatchObject({ batches: [{ id: 'b2' }], kept: [{ id: 'b1' }], registrations: 1 });
  expect((await registration(idOf(waits))).state).toBe('queued');
  await load('b3', [sent]);
  expect(await batches.counts('b3')).toEqual({ awaiting_legal_person: 1 });
  expect(await batches.counts('b1')).toEqual(await recount('b1'));
  expect(await forget()).toEqual([]);
});

test('a row that has another outcome by the time of the answer keeps its batch', async () => {
  await loadAt('b1', [merchant(1)], LONG_AGO);
  await settle(merchant(1), 'registration_refused', LONG_AGO);
  const again = () => openBook(db.redis).record(idOf(merchant(1)), 'retry_asked');
  const purged = await forgetAfter(async () => {
    await again();
    await settle(merchant(1), 'registration_refused', NOW);
  });
  expect(purged).toMatchObject({ batches: [], kept: [{ id: 'b1' }], registrations: 0 });
});

test('a row that is sent again during the purge stays with the rows before it, and a later purge takes them', async () => {
  const { record, registration, batches, rows } = openBook(db.redis);
  const merchants = Array.from({ length: 100 }, (_, number) => merchant(number));
  await loadAt('b1', merchants, LONG_AGO);
  for (const one of merchants) await record(idOf(one), 'cancel_asked', { at: LONG_AGO });
  await db.redis.del(key('ready', 'submit'));
  const again = idOf(merchant(50));
  const { ledger, ...others } = purgeToolsOf(db.redis, spool);
  const tools = {
    ...others,
    ledger: {
      ...ledger,
      purgeBatch: async (...args: Parameters<typeof ledger.purgeBatch>) => {
        await record(again, 'retry_asked');
        return ledger.purgeBatch(...args);
      },
    },
  };
  const purged = await purge(tools, await purgeable(tools, LIMIT), LIMIT, NOW);

  expect(purged).toMatchObject({ batches: [], kept: [{ id: 'b1' }], registrations: 49 });
  expect((await batchOf('b1')).purgedAt).toBeUndefined();
  expect(await rows('b1')).toHaveLength(51);
  expect((await registration(again)).state).toBe('queued');
  expect(await batches.counts('b1')).toEqual({ cancelled: 99, queued: 1 });
  const [row] = await foundAs(merchant(50).name);
  expect(row).toMatchObject({ index: 50 });

  expect(await forget()).toEqual([]);
  await settle(merchant(50), 'registration_refused', LONG_AGO);
  expect(await forget()).toEqual(['b1']);
  expect(await batches.counts('b1')).toEqual({ cancelled: 99, rejected: 1 });
  expect(await everythingIn(db.redis)).not.toContain(merchant(50).name);
});

async function foundAs(name: string): Promise<RowOfBatch[]> {
  const found: RowOfBatch[] = [];
  const batches = [await batchOf('b1')];
  for await (const row of rowsThatMayBe(db.redis, batches, name)) found.push(row);
  return found;
}

test('a retry that was decided before a purge sends nothing: its details are gone', async () => {
  const { load, take, record, view, registration, ledger } = openBook(db.redis);
  const id = idOf(merchant(1));
  const batch = await load('b1', [merchant(1)]);
  await take(id);
  await record(id, 'push_overdue');
  const before = await view(id);
  await openPurging(db.redis).purgeBatch(batch, NOW);
  const { move } = await ledger.record(id, { kind: 'retry_asked', at: NOW }, {}, before);
  expect([move, (await registration(id)).state]).toEqual([undefined, 'needs_review']);
});

test('a retry that was decided before the row that waits was purged sends the row that is left', async () => {
  const { load, take, record, view, registration, ledger } = openBook(db.redis);
  const id = idOf(merchant(1));
  await load('b1', [merchant(1)]);
  await take(id);
  const waiting = await load('b2', [{ ...merchant(1), legalPersonaWechat: 'weixin_other' }]);
  await record(id, 'push_overdue');
  const before = await view(id);
  await openPurging(db.redis).purgeBatch(waiting, NOW);
  await ledger.record(id, { kind: 'retry_asked', at: NOW }, {}, before);
  expect(await registration(id)).toMatchObject({ state: 'queued', row: 'b1/0', waitingRows: [] });
});

test('a purge forgets a page from its end, so that the rows that it has not come to keep their places', async () => {
  const { record, view, batches } = openBook(db.redis);
  const merchants = Array.from({ length: 100 }, (_, number) => merchant(number));
  await loadAt('old', merchants, LONG_AGO);
  for (const one of merchants) await record(idOf(one), 'cancel_asked', { at: LONG_AGO });
  await script(db.redis, 'purge')([key('rows', 'old', 0), key('rowIndex', 'old', 0)], ['old', 60]);

  expect((await view(idOf(merchant(39)))).row?.merchant).toEqual(merchant(39));
  expect(await batches.page(await batchOf('old'), 0)).toHaveLength(40);
  expect(await db.redis.exists(key('registration', idOf(merchant(40))))).toBe(0);
  expect(await forget()).toEqual(['old']);
  expect(await everythingIn(db.redis)).not.toContain(merchant(0).name);
});

test('the state of a row before a later batch sent its merchant again decides how old its batch is', async () => {
  const { batches, load } = openBook(db.redis);
  for (const [id, one, at] of [
    ['old', merchant(1), LONG_AGO],
    ['lately', merchant(2), LIMIT + 1],
  ] as const) {
    await loadAt(id, [one], LONG_AGO);
    await settle(one, 'registration_refused', at);
  }
  await load('again', [merchant(1), merchant(2)]);
  expect(await batches.counts('again')).toEqual({ queued: 2 });
  expect(await forget()).toEqual(['old']);
});

test('an interrupted purge is finished by the next one, and a finished purge is not repeated', async () => {
  await loadAt(
    'b1',
    Array.from({ length: 600 }, (_, number) => merchant(number + 1)),
    LONG_AGO,
  );
  for (const number of [1, 600]) await settle(merchant(number), 'registration_refused', LONG_AGO);
  const { record } = openBook(db.redis);
  for (let number = 2; number < 600; number += 1)
    await record(idOf(merchant(number)), 'cancel_asked', { at: LONG_AGO });
  // The first page went, and then the program died.
  await db.redis.del(key('rows', 'b1', 0));
  expect(await forget()).toEqual(['b1']);
  expect(await everythingIn(db.redis)).not.toContain(merchant(600).name);
  expect(await forget()).toEqual([]);
});

test('what lies in the spool since then is forgotten too', async () => {
  writeFileSync(join(spool, 'old'), 'x');
  writeFileSync(join(spool, 'new'), 'x');
  utimesSync(join(spool, 'old'), LONG_AGO / 1000, LONG_AGO / 1000);
  await forget();
  expect(readdirSync(spool)).toEqual(['new']);
});

test('pushes that came before are forgotten, some at a time, and no later one', async () => {
  const steps = db.redis.pipeline();
  for (let number = 0; number < 2_500; number += 1) {
    steps.xadd(key('pushes'), `${LONG_AGO + number}-0`, 'at', LONG_AGO + number, 'type', 'x', 'query', '', 'body', 'x');
  }
  for (const id of [LIMIT, LIMIT + 1]) {
    steps.xadd(key('pushes'), `${id}-0`, 'at', id, 'type', 'x', 'query', '', 'body', 'x');
  }
  await steps.exec();
  const pushes = openPushes(db.redis);
  for (const number of [0, 1]) {
    await pushes.park((await pushes.list(2_502)).at(-1 - number) as never, 'unknown_merchant', []);
  }
  await pushes.park((await pushes.list(1))[0] as never, 'unknown_merchant', []);

  expect(await pushes.forgetBefore(LIMIT)).toBe(2_502);
  expect((await pushes.list(10)).map(({ receivedAt }) => receivedAt)).toEqual([LIMIT + 1, LIMIT]);
  expect((await pushes.listParked()).map(({ receivedAt }) => receivedAt)).toEqual([LIMIT + 1]);
});
