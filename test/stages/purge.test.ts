import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterAll, expect, test } from 'vitest';
import type { Merchant } from '../../src/domain/merchant.js';
import { purge, purgeable } from '../../src/operator/purge.js';
import { hangBell } from '../../src/redis/bell.js';
import { openPushes } from '../../src/redis/pushes.js';
import { startRelay } from '../../src/redis/relay.js';
import { startWorker } from '../../src/worker/worker.js';
import { crewWith } from '../support/crew.js';
import { acceptedRow, DAY_MS, idOf, MANNER, openBook } from '../support/ledger.js';
import { HEADINGS, merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';
import { until } from '../support/until.js';

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
  await batches.accept(batch, 0, merchants.map(acceptedRow), MANNER);
  await batches.complete(id);
}

/** Sent, and ended by a push at that moment. */
async function settle(one: Merchant, kind: 'mini_program_created' | 'registration_refused', at: number): Promise<void> {
  const { take, record } = openBook(db.redis);
  await take(idOf(one));
  await record(
    idOf(one),
    kind,
    kind === 'mini_program_created' ? { at, appid: `wx${one.code}x` } : { at, problem: 'push:103', said: one.name },
  );
}

async function forget(ids?: readonly string[]): Promise<string[]> {
  const { batches } = openBook(db.redis);
  const tools = { redis: db.redis, batches, pushes: openPushes(db.redis), spool };
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
  await db.redis.del('{fastregister}:ready:submit');
  await openPushes(db.redis).store([
    { receivedAt: LONG_AGO, infoType: 'x', query: '', body: Buffer.from(created.name) },
  ]);
  // The stream's ids are times of storing: it is as if the push had come when it says.
  const entries = await db.redis.xrange('{fastregister}:pushes', '-', '+');
  await db.redis.del('{fastregister}:pushes');
  await db.redis.xadd('{fastregister}:pushes', `${LONG_AGO}-0`, ...(entries[0]?.[1] ?? []));
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
  expect(await db.redis.hgetall(`{fastregister}:r:${idOf(created)}`)).toEqual({
    s: 'created',
    appid: `wx${created.code}x`,
    row: 'purged/0',
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

test('a merchant whom a younger batch asks for too keeps its details there', async () => {
  const { batches, view, rows } = openBook(db.redis);
  const shared = merchant(1);
  await loadAt('old', [shared, merchant(2)], LONG_AGO);
  await loadAt('young', [shared], NOW);
  await settle(shared, 'registration_refused', LONG_AGO);
  await settle(merchant(2), 'registration_refused', LONG_AGO);
  expect(await forget()).toEqual(['old']);
  const { registration, row } = await view(idOf(shared));
  expect(registration).toMatchObject({ row: 'young/0', alsoRows: [], state: 'rejected' });
  expect(row?.merchant).toEqual(shared);
  expect((await rows('young'))[0]?.registration?.problem).toBe('push:103');
  expect(await batches.counts('young')).toEqual({ rejected: 1 });
});

test('what stays in the list of what is ready is passed over, also where its merchant comes again', async () => {
  const { batches, record, load, workload } = openBook(db.redis);
  await loadAt('old', [merchant(1), merchant(2)], LONG_AGO);
  for (const one of [merchant(1), merchant(2)]) await record(idOf(one), 'cancel_asked', { at: LONG_AGO });
  expect(await forget()).toEqual(['old']);
  await load('new', [merchant(2)]);

  const sent: string[] = [];
  const bell = await hangBell(db.connect());
  const crew = crewWith(db.redis, bell, {
    create: async ({ code }) => {
      sent.push(code);
      return { kind: 'answer', errcode: 0, said: 'ok', body: {} };
    },
  });
  const redis = db.connect();
  const relay = startRelay({ redis, bell, log: crew.log, windowSize: 1_000, perSecond: 100 });
  const worker = startWorker({ redis, relay, crew, authorizing: {} as never, concurrency: 4 });
  await until('nothing is ready and nothing in flight', async () => !(await workload.isSending(Date.now())));
  await worker.close();
  await relay.stop();
  await bell.close();

  expect(sent).toEqual([merchant(2).code]);
  expect(await batches.counts('new')).toEqual({ awaiting_legal_person: 1 });
  expect(await workload.toSend()).toBe(0);
});

test('a purge that was interrupted is finished by the next one, and one that is over is not repeated', async () => {
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
  await db.redis.del('{fastregister}:rows:b1:0');
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
