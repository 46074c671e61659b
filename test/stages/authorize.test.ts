import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startDelivering } from '../../src/notices/deliver.js';
import { openAuthorizers } from '../../src/redis/authorizers.js';
import { type Bell, hangBell } from '../../src/redis/bell.js';
import { tellCreated } from '../../src/redis/created.js';
import { key } from '../../src/redis/keys.js';
import { openVault } from '../../src/redis/vault.js';
import { sentencesFor } from '../../src/reporter/sentences.js';
import type { Exchange } from '../../src/wechat/authorization.js';
import { type AuthorizeTools, authorize } from '../../src/worker/authorize.js';
import type { Crew } from '../../src/worker/crew.js';
import { openHold } from '../../src/worker/hold.js';
import { DAY_MS, idOf, jobOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { VAULT } from '../support/receiver.js';
import { useRedis } from '../support/redis.js';
import { until } from '../support/until.js';

const server = useRedis();
const ID = idOf(merchant(1));
const LIMITS = {
  perSecond: 100,
  perMinute: 1_000,
  perDay: 1_000,
  believeWeChat: false,
  searchShare: 0.1,
  timezone: 'UTC',
  stopAfter: 20,
};

let bell: Bell;
let book: ReturnType<typeof openBook>;
let now: number;

beforeEach(async () => {
  bell = await hangBell(server.redis);
  book = openBook(server.redis);
  now = Date.now();
});
afterEach(() => bell.close());

/** Created, and its auth_code waits to be exchanged. */
async function created(): Promise<void> {
  await book.load('b1', [merchant(1)]);
  await book.send(ID);
  await book.record(ID, 'mini_program_created', { appid: 'wxnew', authCode: VAULT.seal('code', ID), at: now });
}

function crew(): Crew {
  return {
    ledger: book.ledger,
    workload: book.workload,
    credentials: {
      current: async () => ({ kind: 'token', token: 'T' }),
      refuse: async () => undefined,
      accepted: async () => {},
    },
    limits: LIMITS,
    token: {},
    hold: openHold(bell),
    now: () => now,
    log: pino({ level: 'silent' }),
  } as unknown as Crew;
}

function tools(...exchanges: (Exchange | Error)[]): AuthorizeTools & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    authorizers: openAuthorizers(server.redis, VAULT),
    openAuthCode: VAULT.open,
    tellCreated: (it) => tellCreated(server.redis, it),
    exchange: async (code, token) => {
      asked.push(`${code} with ${token}`);
      const next = exchanges.shift();
      if (next === undefined || next instanceof Error) throw next ?? new Error('asked too often');
      return next;
    },
  };
}

const KEPT: Exchange = { kind: 'kept', appid: 'wxnew', refreshToken: 'refreshtoken@@@secret' };
const job = jobOf('authorize', `${ID}-3`);

const noticed = async () =>
  (await server.redis.lrange(key('notices', 'created', ID), 0, -1)).map((notice) => JSON.parse(notice));

describe('the auth_code of a created Mini Program', () => {
  test('is exchanged, and the refresh token is kept where only the secret key opens it', async () => {
    await created();
    const with1 = tools(KEPT);
    await authorize(crew(), with1, job, ID);
    expect(with1.asked).toEqual(['code with T']);
    expect((await book.registration(ID)).authorizer).toBe('kept');
    expect(await with1.authorizers.find('wxnew')).toMatchObject({ refreshToken: KEPT.refreshToken, registration: ID });
    expect(await with1.authorizers.list()).toEqual(['wxnew']);
    const all = await server.redis.keys('*');
    const dumps = await Promise.all(all.map((name) => server.redis.dumpBuffer(name)));
    expect(dumps.some((dump) => dump.includes('refreshtoken@@@'))).toBe(false);
    expect(JSON.stringify(await book.ledger.history(ID))).not.toContain('code');
  });

  test('is tried again while it lives, and after that the row says what the merchant has to do', async () => {
    await created();
    const again: Exchange = { kind: 'try_again', said: 'no answer in time' };
    await authorize(crew(), tools(again), job, ID);
    expect((await book.registration(ID)).authorizer).toBeUndefined();
    const due = await server.redis.zscore(key('later', 'authorize'), ID);
    expect(due === null ? 0 : Number(due) - now).toBeLessThanOrEqual(10_000);

    now += 10 * 60_000 + 1_000;
    await authorize(crew(), tools(again), job, ID);
    const registration = await book.registration(ID);
    expect(registration).toMatchObject({ state: 'created', authorizer: 'lost', problem: 'authorize:too_late' });
    expect(registration.authCode).toBeUndefined();
  });

  test('lives from its push on, however long ago `query` had told that the Mini Program exists', async () => {
    await book.load('b1', [merchant(1)]);
    await book.send(ID);
    await book.record(ID, 'task_created', { problem: 'query:12', at: now - DAY_MS });
    await book.record(ID, 'mini_program_created', { appid: 'wxnew', authCode: VAULT.seal('code', ID), at: now });
    await authorize(crew(), tools({ kind: 'try_again', said: 'no answer in time' }), job, ID);
    expect((await book.registration(ID)).authorizer).toBeUndefined();

    await authorize(crew(), tools(KEPT), job, ID);
    expect(await book.registration(ID)).toMatchObject({ authorizer: 'kept', finishedAt: now - DAY_MS });
    expect(await noticed()).toMatchObject([{ at: now, data: { authorization: 'kept' } }]);
  });

  test('keeps the words of its last try', async () => {
    await created();
    now += 10 * 60_000 - 1_000;
    await authorize(crew(), tools({ kind: 'try_again', said: 'no answer in time' }), job, ID);
    expect(await book.registration(ID)).toMatchObject({ problem: 'authorize:too_late', said: 'no answer in time' });
  });

  test('that this secret key does not open has an end, too', async () => {
    await created();
    const locked = { ...tools(), openAuthCode: openVault(Buffer.alloc(32, 8)).open };
    await expect(authorize(crew(), locked, job, ID)).rejects.toThrow(/FASTREGISTER_SECRET_KEY/);
    expect((await book.registration(ID)).authorizer).toBeUndefined();

    now += 10 * 60_000 + 1_000;
    await authorize(crew(), locked, job, ID);
    expect(await book.registration(ID)).toMatchObject({ authorizer: 'lost', problem: 'authorize:too_late' });
    expect(await noticed()).toMatchObject([{ data: { authorization: 'lost' } }]);
  });

  test('late (61010): the report says that it exists, and that the merchant has to authorise again', async () => {
    await created();
    await authorize(crew(), tools({ kind: 'too_late', said: 'code expired' }), job, ID);
    const [row] = await book.rows('b1');
    if (row === undefined) throw new Error('no row');
    const sentences = sentencesFor(row, {
      otherRow: () => undefined,
      time: String,
      now: 0,
      invitation: { en: '', zh: '' },
    });
    expect(sentences).toMatchObject({ outcome: 'created', problem: 'authorize:61010', whoActs: 'merchant' });
    expect(sentences.nextStep.en).toMatch(/authorise the platform once more/);
    expect(row.registration?.appid).toBe('wxnew');
  });

  test('that was exchanged by a worker who died before he could say so is not exchanged again', async () => {
    await created();
    const with1 = tools();
    await with1.authorizers.keep({ appid: 'wxnew', refreshToken: 'r', registration: ID, keptAt: 1 });
    await authorize(crew(), with1, job, ID);
    expect(with1.asked).toEqual([]);
    expect((await book.registration(ID)).authorizer).toBe('kept');
  });

  test('has a share of its own: used up creates do not hold it, and many of them are spread', async () => {
    const { authorizers } = tools();
    const waits = [];
    for (let asked = 0; asked < 20; asked += 1) waits.push(await authorizers.mayExchange(10));
    expect(waits[0]).toBe(0);
    expect(waits.filter((ms) => ms === 0).length).toBeLessThanOrEqual(2);
    expect(Math.max(...waits)).toBeLessThanOrEqual(100);
  });
});

describe('the platform is told of each new Mini Program', () => {
  test('once its exchange has an end, without the refresh token in Redis', async () => {
    await created();
    await authorize(crew(), tools(KEPT), job, ID);
    expect(await noticed()).toEqual([
      {
        id: `created-${ID}-wxnew`,
        type: 'mini_program.created',
        at: now,
        data: { appid: 'wxnew', registration_id: ID, authorization: 'kept' },
      },
    ]);
  });

  test('also when the code was lost', async () => {
    await created();
    await authorize(crew(), tools({ kind: 'too_late', said: '' }), job, ID);
    expect(await noticed()).toMatchObject([{ data: { authorization: 'lost' } }]);
  });

  test('with the refresh token in the post', async () => {
    await created();
    const with1 = tools(KEPT);
    await authorize(crew(), with1, job, ID);
    const bodies: string[] = [];
    const service = createServer((request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => bodies.push(text));
      request.on('end', () => response.end());
    });
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
    const { createdWebhook } = await import('../../src/app.js');
    const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
    const delivering = startDelivering({
      redis: server.redis,
      bell,
      destinations: { created: createdWebhook({ createdWebhook: url }, with1.authorizers) },
      secret: 'secret',
      requestTimeoutMs: 2_000,
      log: pino({ level: 'silent' }),
    });
    await until('it is posted', () => bodies.length === 1);
    await delivering.close();
    service.close();
    expect(JSON.parse(bodies[0] ?? '').data).toEqual({
      appid: 'wxnew',
      registration_id: ID,
      authorization: 'kept',
      refresh_token: KEPT.refreshToken,
    });
    const elsewhere = createdWebhook({ createdWebhook: 'http://example.invalid/hook' }, with1.authorizers);
    expect(await elsewhere?.complete?.({ appid: 'wxnew' })).toEqual({ appid: 'wxnew', refresh_token: null });
  });
});
