import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Merchant } from '../../src/domain/merchant.js';
import { DEFAULT_PATIENCE } from '../../src/domain/patience.js';
import type { Fact } from '../../src/domain/registration.js';
import { startDelivering } from '../../src/notices/deliver.js';
import { key } from '../../src/redis/keys.js';
import { openNotices } from '../../src/redis/notices.js';
import { openAuthCode, openAuthCodes, sealAuthCode } from '../../src/redis/pushes/auth-codes.js';
import { openVault } from '../../src/redis/vault.js';
import { openWakeupChannel, type WakeupChannel } from '../../src/redis/wakeup-channel.js';
import { sentencesFor } from '../../src/reporter/sentences.js';
import type { Exchange } from '../../src/wechat/authorization.js';
import type { Info } from '../../src/wechat/authorizer-list.js';
import { authorize } from '../../src/worker/authorize.js';
import { type AuthorizeTools, waitForTurn } from '../../src/worker/authorizing.js';
import type { WorkerContext } from '../../src/worker/context.js';
import { APPID, exchangingContext, exchangingTools, INFO_WITHOUT_TOKEN, KEPT } from '../support/exchanging.js';
import { ACCEPT_RULES, acceptedRow, DAY_MS, HOUR_MS, idOf, jobOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { VAULT } from '../support/receiver.js';
import { useRedis } from '../support/redis.js';
import { until } from '../support/until.js';

const server = useRedis();
const ID = idOf(merchant(1));

let wakeupChannel: WakeupChannel;
let book: ReturnType<typeof openBook>;
let now: number;

beforeEach(async () => {
  wakeupChannel = await openWakeupChannel(server.redis);
  book = openBook(server.redis);
  now = Date.now();
});
afterEach(() => wakeupChannel.close());

/** Created, and its auth_code waits to be exchanged. */
async function created(): Promise<void> {
  await book.load('b1', [merchant(1)]);
  await book.send(ID);
  await book.record(ID, 'mini_program_created', {
    appid: APPID,
    authCode: sealAuthCode(VAULT, APPID, 'code'),
    at: now,
  });
}

const context = () => exchangingContext(book, wakeupChannel, () => now);
const tools = (...exchanges: (Exchange | Error)[]) => exchangingTools(server.redis, exchanges);
const job = jobOf('authorize', `${APPID}-3`);

/** Takes the job as a worker does, and gives it back. */
async function work(with1: AuthorizeTools): Promise<void> {
  await server.redis.zrem(key('scheduled', 'authorize'), APPID);
  await server.redis.zadd(key('window', 'authorize'), now, job.name);
  await authorize(context(), with1, job, APPID);
}

/** How long until the job that was given back is due, in ms. */
async function dueIn(): Promise<number> {
  const due = await server.redis.zscore(key('scheduled', 'authorize'), APPID);
  return due === null ? Number.NaN : Number(due) - now;
}

/** As `authorized` brings it. */
async function offer(code: string, at: number) {
  const authCode = sealAuthCode(VAULT, APPID, code);
  const pushed = { authCode, at, diesAt: at + 600_000, pushedAt: at, from: 'authorized', isShared: false } as const;
  return openAuthCodes(server.redis).offer(APPID, pushed);
}

/** How long an exchange has to wait for its turn, in ms, at so many calls a second. */
async function waitOf(perSecond: number): Promise<number> {
  let waits = 0;
  const made = context();
  const wait = async (ms: number): Promise<boolean> => {
    waits = ms;
    return false;
  };
  await waitForTurn({ ...made, limits: { ...made.limits, perSecond }, wakeups: { ...made.wakeups, wait } }, tools());
  return waits;
}

const waiting = () => openAuthCodes(server.redis).waiting(APPID);

const noticed = async () =>
  (await server.redis.lrange(key('notices', 'created', ID), 0, -1)).map((notice) => JSON.parse(notice));

describe('the auth_code of a created Mini Program', () => {
  test('is exchanged, and the refresh token is kept where only the secret key opens it', async () => {
    await created();
    const with1 = tools(KEPT);
    await authorize(context(), with1, job, APPID);
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
    await work(tools(again));
    expect((await book.registration(ID)).authorizer).toBe('due');
    expect(await dueIn()).toBe(5_000);

    now += 10 * 60_000 + 1_000;
    await authorize(context(), tools(again), job, APPID);
    const registration = await book.registration(ID);
    expect(registration).toMatchObject({ state: 'created', authorizer: 'lost', problem: 'authorize:too_late' });
    expect(await waiting()).toBeUndefined();
  });

  test('lives from its push on, however long ago `query` reported that the Mini Program exists', async () => {
    await book.load('b1', [merchant(1)]);
    await book.send(ID);
    await book.record(ID, 'task_created', { problem: 'query:12', at: now - DAY_MS });
    await book.record(ID, 'mini_program_created', {
      appid: APPID,
      authCode: sealAuthCode(VAULT, APPID, 'code'),
      at: now,
    });
    await authorize(context(), tools({ kind: 'try_again', said: 'no answer in time' }), job, APPID);
    expect((await book.registration(ID)).authorizer).toBe('due');

    await authorize(context(), tools(KEPT), job, APPID);
    expect(await book.registration(ID)).toMatchObject({ authorizer: 'kept', finishedAt: now - DAY_MS });
    expect(await noticed()).toMatchObject([{ at: now, data: { authorization: 'kept' } }]);
  });

  test('keeps the words of its last try', async () => {
    await created();
    now += 10 * 60_000 - 1_000;
    await authorize(context(), tools({ kind: 'try_again', said: 'no answer in time' }), job, APPID);
    expect(await book.registration(ID)).toMatchObject({ problem: 'authorize:too_late', said: 'no answer in time' });
  });

  test('that this secret key does not open has an end, too', async () => {
    await created();
    const otherKey = openVault(Buffer.alloc(32, 8));
    const locked: AuthorizeTools = { ...tools(), openAuthCode: (code, appid) => openAuthCode(otherKey, appid, code) };
    await expect(authorize(context(), locked, job, APPID)).rejects.toThrow(/FASTREGISTER_SECRET_KEY/);
    expect((await book.registration(ID)).authorizer).toBe('due');

    now += 10 * 60_000 + 1_000;
    await authorize(context(), locked, job, APPID);
    expect(await book.registration(ID)).toMatchObject({ authorizer: 'lost', problem: 'authorize:too_late' });
    expect(await noticed()).toMatchObject([{ data: { authorization: 'lost' } }]);
  });

  test('late (61010): the report says that it exists, and that the merchant has to authorise again', async () => {
    await created();
    await authorize(context(), tools({ kind: 'too_late', said: 'code expired' }), job, APPID);
    const [row] = await book.rows('b1');
    if (row === undefined) throw new Error('no row');
    const sentences = sentencesFor(row, {
      otherRow: () => undefined,
      time: (at) => ({ en: String(at), zh: String(at) }),
      now: 0,
    });
    expect(sentences).toMatchObject({ outcome: 'created', problem: 'authorize:61010', whoActs: 'merchant' });
    expect(sentences.nextStep.en).toMatch(/authorise the platform once more/);
    expect(row.registration?.appid).toBe('wxnew');
  });

  test('that was exchanged by a worker that died before it recorded it is not exchanged again', async () => {
    await created();
    const with1 = tools();
    const [code] = (await waiting())?.codes ?? [];
    await with1.authorizers.keep({ appid: APPID, refreshToken: 'r', registration: ID, keptAt: now }, code);
    await authorize(context(), with1, job, APPID);
    expect(with1.asked).toEqual([]);
    expect((await book.registration(ID)).authorizer).toBe('kept');
  });

  test('that is older than ten minutes by our clock is tried once before it is dropped', async () => {
    await created();
    now += 3 * HOUR_MS;
    const with1 = tools(KEPT);
    await authorize(context(), with1, job, APPID);
    expect(with1.asked).toEqual(['code with T']);
    expect(await book.registration(ID)).toMatchObject({ authorizer: 'kept', problem: undefined });
  });

  test('that is dead is dropped only after WeChat has been asked for the token, for an hour if it does not answer', async () => {
    await created();
    let answers: Info = { kind: 'refused', reply: { kind: 'not_sent', why: 'ECONNREFUSED' } };
    const DEAD: Exchange = { kind: 'too_late', said: 'code expired' };
    const asking = (): AuthorizeTools => ({ ...tools(DEAD), infoOf: async () => answers });
    await work(asking());
    expect((await book.registration(ID)).authorizer).toBe('due');
    expect(await dueIn()).toBe(60_000);

    answers = {
      ...INFO_WITHOUT_TOKEN,
      info: { ...INFO_WITHOUT_TOKEN.info, refreshToken: 'refreshtoken@@@of the list' },
    };
    await authorize(context(), asking(), job, APPID);
    expect((await book.registration(ID)).authorizer).toBe('kept');
    expect(await tools().authorizers.find(APPID)).toMatchObject({ refreshToken: 'refreshtoken@@@of the list' });
  });

  test('that is dead is looked for in the list where the account’s information has no token', async () => {
    await created();
    const listed = { appid: APPID, refreshToken: 'refreshtoken@@@of the list', authorizedAt: now };
    const offsets: number[] = [];
    const with1: AuthorizeTools = {
      ...tools({ kind: 'too_late', said: '' }),
      async list(offset) {
        offsets.push(offset);
        const page = offset === 0 ? { ...listed, appid: 'wxother' } : listed;
        return { kind: 'listed', authorizers: [page], total: 2 };
      },
    };
    await authorize(context(), with1, job, APPID);
    expect(offsets).toEqual([0, 1]);
    expect(await with1.authorizers.find(APPID)).toMatchObject({ refreshToken: listed.refreshToken });
  });

  test('that came before another code is tried when that one is dead', async () => {
    await created();
    await offer('newer', now + 1);
    const with1 = tools({ kind: 'too_late', said: '' }, KEPT);
    await authorize(context(), with1, job, APPID);
    expect(with1.asked).toEqual(['newer with T', 'code with T']);
    expect(await waiting()).toBeUndefined();
  });

  test('that comes again after its exchange costs no call, and one of the same authorisation neither', async () => {
    await created();
    await authorize(context(), tools(KEPT), job, APPID);
    expect(await offer('code', now)).toBe('repeated');
    expect(await offer('of the same push', now)).toBe('exchange');
    await authorize(context(), tools(), job, APPID);
    expect(await waiting()).toBeUndefined();
  });

  test('whose authorisation was withdrawn during its exchange stores no token', async () => {
    await created();
    const with1 = tools(KEPT);
    const exchange: AuthorizeTools['exchange'] = async (code, token) => {
      expect(await with1.codes.withdraw(APPID, now + 1_000)).toBe('withdrawn');
      await book.record(ID, 'authorizer_withdrawn', { appid: APPID, problem: 'authorize:withdrawn' });
      return with1.exchange(code, token);
    };
    await authorize(context(), { ...with1, exchange }, job, APPID);
    expect(await with1.authorizers.has(APPID)).toBe(false);
    expect(await book.registration(ID)).toMatchObject({ authorizer: 'withdrawn', problem: 'authorize:withdrawn' });
  });

  test('of each of two Mini Programs of one merchant is exchanged for its own', async () => {
    await created();
    const batch = await book.open('b2');
    await book.batches.accept(batch, 0, [acceptedRow(merchant(1), 0)], { ...ACCEPT_RULES, again: true });
    await book.send(ID);
    const second = { appid: 'wxsecond', authCode: sealAuthCode(VAULT, 'wxsecond', 'second code'), at: now };
    await book.record(ID, 'mini_program_created', second);
    const with1 = tools();
    const each: AuthorizeTools = {
      ...with1,
      exchange: async (code) => ({
        kind: 'kept',
        appid: code === 'code' ? APPID : 'wxsecond',
        refreshToken: `of ${code}`,
      }),
    };
    await authorize(context(), each, job, APPID);
    await authorize(context(), each, jobOf('authorize', 'wxsecond-1'), 'wxsecond');
    expect(await with1.authorizers.find(APPID)).toMatchObject({ refreshToken: 'of code', registration: ID });
    expect(await with1.authorizers.find('wxsecond')).toMatchObject({
      refreshToken: 'of second code',
      registration: ID,
    });
    expect(await book.registration(ID)).toMatchObject({
      appid: 'wxsecond',
      earlierAppids: [APPID],
      authorizer: 'kept',
    });
    expect((await noticed()).map(({ data }) => [data.appid, data.authorization])).toEqual([
      [APPID, 'kept'],
      ['wxsecond', 'kept'],
    ]);
  });

  test('is one worker’s at a time', async () => {
    await created();
    let inside = 0;
    const with1 = tools();
    const exchange: AuthorizeTools['exchange'] = async () => {
      inside += 1;
      // Another one takes the same job meanwhile.
      if (inside === 1) await authorize(context(), { ...with1, exchange }, job, APPID);
      return KEPT;
    };
    await authorize(context(), { ...with1, exchange }, job, APPID);
    expect(inside).toBe(1);
    expect((await book.registration(ID)).authorizer).toBe('kept');
  });

  test('has a share of its own: used up creates do not hold it, and many of them are spread', async () => {
    await server.redis.set(key('pace'), (Date.now() + HOUR_MS) * 1_000);
    const waits = [];
    const begin = performance.now();
    for (let asked = 0; asked < 20; asked += 1) waits.push(await waitOf(20));
    const turnsMeanwhile = Math.ceil((performance.now() - begin) / 50);
    expect(waits[0]).toBe(0);
    expect(waits.filter((ms) => ms === 0).length).toBeLessThanOrEqual(1 + turnsMeanwhile);
    expect(Math.max(...waits)).toBeLessThanOrEqual(100);
  });

  test('is exchanged once a second where there is one call a second', async () => {
    expect(await waitOf(1)).toBe(0);
    const ms = await waitOf(1);
    expect(ms).toBeGreaterThan(500);
    expect(ms).toBeLessThanOrEqual(1_000);
  });

  test('is exchanged at once with another component access token if WeChat refuses the first one', async () => {
    await created();
    const refused: string[] = [];
    const made = context();
    const credentials: WorkerContext['credentials'] = {
      ...made.credentials,
      current: async () => ({ kind: 'token', token: refused.length === 0 ? 'dead' : 'T' }),
      async refuse(token) {
        refused.push(token);
        return undefined;
      },
    };
    const with1 = tools({ kind: 'refused_token' }, KEPT);
    await server.redis.del(key('ready', 'authorize'));
    await server.redis.zadd(key('window', 'authorize'), now, job.name);
    await authorize({ ...made, credentials }, with1, job, APPID);
    expect(refused).toEqual(['dead']);
    expect((await book.registration(ID)).authorizer).toBe('due');
    expect(await server.redis.lrange(key('ready', 'authorize'), 0, 0)).toEqual([APPID]);

    await authorize({ ...made, credentials }, with1, job, APPID);
    expect(with1.asked).toEqual(['code with dead', 'code with T']);
    expect((await book.registration(ID)).authorizer).toBe('kept');
  });
});

describe('a Mini Program without a known registration', () => {
  const push = { until: 0, push: '' };
  const stranger = (principalName: string, registerType = 6): Info => ({
    kind: 'info',
    info: { appid: APPID, principalName, registerType, refreshToken: undefined },
  });

  async function offered(from: 'created' | 'authorized', isShared = false): Promise<void> {
    const authCode = sealAuthCode(VAULT, APPID, 'code');
    const pushed = { authCode, at: now, diesAt: now + 600_000, pushedAt: now, from, isShared };
    expect(await openAuthCodes(server.redis).offer(APPID, pushed, push)).toBe('waits');
  }

  beforeEach(async () => {
    await book.load('b1', [merchant(1)]);
    await book.send(ID);
    now = Date.now();
  });

  test('belongs to the one merchant of that name who waits, however the name is written', async () => {
    await offered('authorized');
    const written = merchant(1).name.replaceAll('（', '(').replaceAll('）', ')');
    await authorize(context(), { ...tools(KEPT), infoOf: async () => stranger(written) }, job, APPID);
    expect(await book.registration(ID)).toMatchObject({ state: 'created', appid: APPID, authorizer: 'kept' });
    expect(await book.ledger.ofAppid(APPID)).toBe(ID);
  });

  test.each([
    ['because its enterprise has a running task', 'create_busy', 'busy'],
    ['for some minutes', 'create_postponed', 'again'],
  ] as const)('belongs to the one merchant of that name whose create WeChat put off %s', async (_, kind, wait) => {
    const putOff = merchant(2);
    await book.load('b2', [putOff]);
    await book.take(idOf(putOff));
    const { sentAt = 0 } = await book.registration(idOf(putOff));
    await book.record(idOf(putOff), kind, {
      callSentAt: sentAt,
      until: sentAt + HOUR_MS,
      wait,
      tasksOverBefore: sentAt,
    });
    now = Date.now();
    await offered('authorized');
    const with1 = { ...tools(KEPT), infoOf: async () => stranger(putOff.name) };
    await authorize(context(), with1, job, APPID);
    expect(await book.registration(idOf(putOff))).toMatchObject({ state: 'created', appid: APPID });
    expect(await server.redis.zrange(key('scheduled', 'submit'), 0, -1)).toEqual([]);
  });

  test.each([
    ['create_busy', 'busy'],
    ['create_postponed', 'again'],
  ] as const)(
    'belongs to a merchant that is held until tomorrow since its create was put off (%s)',
    async (kind, wait) => {
      const held = merchant(2);
      await book.load('b2', [held]);
      await book.take(idOf(held));
      const { sentAt = 0 } = await book.registration(idOf(held));
      const later = { callSentAt: sentAt, until: sentAt, wait, tasksOverBefore: sentAt };
      await book.record(idOf(held), kind, later);
      await book.record(idOf(held), 'create_held', { until: sentAt + DAY_MS, wait: 'person' });
      now = Date.now();
      await offered('authorized');
      const with1 = { ...tools(KEPT), infoOf: async () => stranger(held.name) };
      await authorize(context(), with1, job, APPID);
      expect(await book.registration(idOf(held))).toMatchObject({ state: 'created', appid: APPID });
    },
  );

  /** WeChat answers -1 though it has begun the task, and refuses the next create. */
  async function refusedAfter(one: Merchant, answer: Partial<Fact>): Promise<void> {
    await book.load('b2', [one]);
    await book.record(idOf(one), 'create_sent', { at: now - 2 * HOUR_MS });
    const putOff = { at: now - 2 * HOUR_MS, callSentAt: now - 2 * HOUR_MS, until: now, ...answer };
    await book.record(idOf(one), 'create_postponed', putOff);
    await book.record(idOf(one), 'create_sent', { at: now + 1 });
    await book.record(idOf(one), 'create_refused', { at: now + 1, callSentAt: now + 1, problem: 'create:89248' });
  }

  test('belongs to a merchant whose create was put off, though the next one was refused', async () => {
    const refused = merchant(2);
    await refusedAfter(refused, { problem: 'create:-1', wait: 'again' });
    await offered('authorized');
    await authorize(context(), { ...tools(KEPT), infoOf: async () => stranger(refused.name) }, job, APPID);
    expect(await book.registration(idOf(refused))).toMatchObject({ state: 'created', appid: APPID });
  });

  test.each([
    ['the other answer began nothing', { problem: 'create:91030', wait: 'person' }],
    ['that was more than a day before', { problem: 'create:-1', wait: 'again', at: 0 }],
  ] as const)('does not belong to a merchant that was refused, where %s', async (_, answer) => {
    const refused = merchant(2);
    await refusedAfter(refused, answer);
    await offered('authorized');
    await authorize(context(), { ...tools(KEPT), infoOf: async () => stranger(refused.name) }, job, APPID);
    expect((await book.registration(idOf(refused))).state).toBe('rejected');
  });

  test('is that of a merchant which `query` alone has reported', async () => {
    await book.record(ID, 'task_created', { problem: 'query:12' });
    await offered('authorized');
    await authorize(context(), { ...tools(KEPT), infoOf: async () => stranger(merchant(1).name) }, job, APPID);
    expect(await book.registration(ID)).toMatchObject({ state: 'created', appid: APPID, authorizer: 'kept' });
  });

  test('may be that of a merchant which `query` alone has reported, so of none of its name for certain', async () => {
    await book.record(ID, 'task_created', { problem: 'query:12' });
    const namesake = { ...merchant(2), name: merchant(1).name };
    await book.load('b2', [namesake]);
    await book.send(idOf(namesake));
    now = Date.now();
    await offered('authorized');
    await authorize(context(), { ...tools(KEPT), infoOf: async () => stranger(namesake.name) }, job, APPID);
    expect((await book.registration(ID)).appid).toBeUndefined();
    expect((await book.registration(idOf(namesake))).state).toBe('awaiting_legal_person');
  });

  test('may belong to a merchant of that name that was sent again since, so to none for certain', async () => {
    const again = { ...merchant(2), name: merchant(1).name };
    await book.load('b2', [again]);
    await book.record(idOf(again), 'create_sent', { at: now - HOUR_MS });
    await book.record(idOf(again), 'create_busy', { callSentAt: now - HOUR_MS, until: now, wait: 'busy' });
    await book.record(idOf(again), 'create_sent', { at: now + HOUR_MS });
    await offered('authorized');
    const with1 = { ...tools(KEPT), infoOf: async () => stranger(again.name) };
    await authorize(context(), with1, job, APPID);
    expect((await book.registration(ID)).state).toBe('awaiting_legal_person');
    expect((await book.registration(idOf(again))).state).toBe('submitting');
    expect(await waiting()).toBeUndefined();
  });

  test('that no registration has made does not belong to a merchant whose create was put off', async () => {
    const putOff = merchant(2);
    await book.load('b2', [putOff]);
    await book.take(idOf(putOff));
    const { sentAt = 0 } = await book.registration(idOf(putOff));
    const later = { callSentAt: sentAt, until: sentAt + HOUR_MS, wait: 'again' } as const;
    await book.record(idOf(putOff), 'create_postponed', later);
    now = Date.now();
    await offered('authorized');
    await authorize(context(), { ...tools(), infoOf: async () => stranger(putOff.name, 0) }, job, APPID);
    expect((await book.registration(idOf(putOff))).state).toBe('deferred');
  });

  test('does not belong to a merchant who was sent after it had authorised the platform', async () => {
    now -= HOUR_MS;
    await offered('authorized');
    await authorize(context(), { ...tools(), infoOf: async () => stranger(merchant(1).name) }, job, APPID);
    expect((await book.registration(ID)).state).toBe('awaiting_legal_person');
    expect(await waiting()).toBeUndefined();
  });

  test('has its code exchanged while WeChat is still asked, where it came as a result', async () => {
    await offered('created');
    const away: Info = { kind: 'refused', reply: { kind: 'not_sent', why: 'ECONNREFUSED' } };
    const with1 = tools(KEPT);
    await authorize(context(), { ...with1, infoOf: async () => away }, job, APPID);
    expect(await with1.authorizers.find(APPID)).toMatchObject({ refreshToken: KEPT.refreshToken, registration: '' });
    await authorize(context(), { ...tools(), infoOf: async () => stranger(merchant(1).name) }, job, APPID);
    expect(await book.registration(ID)).toMatchObject({ appid: APPID, authorizer: 'kept' });
    expect(await with1.authorizers.find(APPID)).toMatchObject({ registration: ID });
  });

  test('keeps its code where another service may need it, unless it turns out to be ours', async () => {
    await offered('created', true);
    await authorize(context(), { ...tools(), infoOf: async () => stranger('虚构的别家有限公司') }, job, APPID);
    expect(await tools().authorizers.has(APPID)).toBe(false);
    expect(await waiting()).toBeUndefined();
  });

  test.each([
    ['and answers', (name: string) => stranger(name)],
    ['and cannot be reached', (): Info => ({ kind: 'refused', reply: { kind: 'not_sent', why: 'ECONNREFUSED' } })],
  ])('is exchanged at once if a push names its merchant while WeChat is asked %s', async (_, answer) => {
    const late = merchant(2);
    await book.load('b2', [late]);
    await book.take(idOf(late));
    await offered('created');
    const told = { appid: APPID, authCode: sealAuthCode(VAULT, APPID, 'code'), at: now };
    const infoOf = async (): Promise<Info> => {
      await book.record(idOf(late), 'mini_program_created', told);
      return answer(late.name);
    };
    await authorize(context(), { ...tools(KEPT), infoOf }, job, APPID);
    expect(await book.registration(idOf(late))).toMatchObject({ appid: APPID, authorizer: 'kept' });
    expect((await book.registration(ID)).state).toBe('awaiting_legal_person');
  });

  test('waits for the answer to a create that may be on its way', async () => {
    const late = merchant(2);
    await book.load('b2', [late]);
    await book.take(idOf(late));
    now = Date.now();
    await offered('created');
    await work({ ...tools(KEPT), infoOf: async () => stranger(late.name) });
    expect((await book.registration(idOf(late))).state).toBe('submitting');
    expect(await dueIn()).toBeGreaterThan(DEFAULT_PATIENCE.requestTimeoutMs - 5_000);
    now += DEFAULT_PATIENCE.requestTimeoutMs + 2_000;
    await authorize(context(), tools(), job, APPID);
    expect(await book.registration(idOf(late))).toMatchObject({ appid: APPID, authorizer: 'kept' });
  });
});

describe('the platform is notified of each new Mini Program', () => {
  test('once its exchange has an end, without the refresh token in Redis', async () => {
    await created();
    await authorize(context(), tools(KEPT), job, APPID);
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
    await authorize(context(), tools({ kind: 'too_late', said: '' }), job, APPID);
    expect(await noticed()).toMatchObject([{ data: { authorization: 'lost' } }]);
  });

  test('with the refresh token in the post', async () => {
    await created();
    const with1 = tools(KEPT);
    await authorize(context(), with1, job, APPID);
    const bodies: string[] = [];
    const service = createServer((request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => bodies.push(text));
      request.on('end', () => response.end());
    });
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
    const { createdWebhook } = await import('../../src/app/wiring/created-webhook.js');
    const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
    const delivering = startDelivering({
      notices: openNotices(server.redis),
      wakeupChannel,
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
