/** Further codes of a Mini Program whose refresh token is kept, and workers that have to leave one to others. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AuthorizationChange, Created } from '../../src/domain/notice.js';
import { key } from '../../src/redis/keys.js';
import { openAuthCodes, sealAuthCode } from '../../src/redis/pushes/auth-codes.js';
import { openAuthorizers } from '../../src/redis/pushes/authorizers.js';
import { openVault } from '../../src/redis/vault.js';
import { openWakeupChannel, type WakeupChannel } from '../../src/redis/wakeup-channel.js';
import type { Exchange } from '../../src/wechat/authorization.js';
import { authorize } from '../../src/worker/authorize.js';
import type { AuthorizeTools, ExchangeContext } from '../../src/worker/authorizing.js';
import { APPID, exchangingContext, exchangingTools, KEPT } from '../support/exchanging.js';
import { type Book, idOf, jobOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { VAULT } from '../support/receiver.js';
import { useRedis } from '../support/redis.js';
import { until } from '../support/until.js';

const server = useRedis();
const ID = idOf(merchant(1));
const job = jobOf('authorize', `${APPID}-3`);
const NEWER: Exchange = { ...KEPT, refreshToken: 'refreshtoken@@@newer' };

let wakeupChannel: WakeupChannel;
let book: Book;
let now: number;
let told: AuthorizationChange[];
let toldCreated: Created[];
let accepted: string[];

beforeEach(async () => {
  wakeupChannel = await openWakeupChannel(server.redis);
  book = openBook(server.redis);
  now = Date.now();
  [told, toldCreated, accepted] = [[], [], []];
  await book.load('b1', [merchant(1)]);
  await book.send(ID);
  const authCode = sealAuthCode(VAULT, APPID, 'first');
  await book.record(ID, 'mini_program_created', { appid: APPID, authCode, at: now });
});
afterEach(() => wakeupChannel.close());

async function offer(code: string, at: number): Promise<void> {
  const authCode = sealAuthCode(VAULT, APPID, code);
  const pushed = { authCode, at, diesAt: at + 600_000, pushedAt: at, from: 'authorized', isShared: false } as const;
  await openAuthCodes(server.redis).offer(APPID, pushed);
}

const waiting = () => openAuthCodes(server.redis).waiting(APPID);
const tokenKept = async () => (await openAuthorizers(server.redis, VAULT).find(APPID))?.refreshToken;
const dueAt = async () => Number(await server.redis.zscore(key('scheduled', 'authorize'), APPID));
const readyIds = () => server.redis.lrange(key('ready', 'authorize'), 0, -1);

/** A worker has the job; what it asked WeChat. */
async function work(
  exchanges: (Exchange | Error)[],
  changes: Partial<ExchangeContext> = {},
  otherTools: Partial<AuthorizeTools> = {},
): Promise<readonly string[]> {
  const tools = {
    ...exchangingTools(server.redis, exchanges),
    notifyCreated: async (it: Created) => void toldCreated.push(it),
    notifyAuthorization: async (change: AuthorizationChange) => void told.push(change),
    ...otherTools,
  };
  const made = exchangingContext(book, wakeupChannel, () => now);
  const credentials = { ...made.credentials, accepted: async (token: string) => void accepted.push(token) };
  await server.redis.del(key('scheduled', 'authorize'), key('ready', 'authorize'));
  await server.redis.zadd(key('window', 'authorize'), now, job.name);
  await authorize({ ...made, credentials, ...changes }, tools, job, APPID);
  expect(await server.redis.zcard(key('window', 'authorize'))).toBe(0);
  return tools.asked;
}

test('codes are exchanged also if no program listens for new Mini Programs', async () => {
  const { notifyCreated: _, ...tools } = exchangingTools(server.redis, [KEPT, NEWER]);
  const context = exchangingContext(book, wakeupChannel, () => now);
  await authorize(context, tools, job, APPID);
  expect((await book.registration(ID)).authorizer).toBe('kept');
  now += 60_000;
  await offer('second', now);
  await authorize(context, tools, job, APPID);
  expect([await tokenKept(), await waiting()]).toEqual([NEWER.refreshToken, undefined]);
});

describe('a further code', () => {
  beforeEach(async () => {
    await work([KEPT]);
    expect([toldCreated.length, told, accepted]).toEqual([1, [], ['T']]);
    now += 60_000;
    [toldCreated, accepted] = [[], []];
  });

  test('brings another token, which is sent to the platform once', async () => {
    await offer('second', now);
    const [newest] = (await waiting())?.codes ?? [];
    expect(await work([NEWER])).toEqual(['second with T']);
    expect(await tokenKept()).toBe(NEWER.refreshToken);
    expect(told).toEqual([{ registration: ID, appid: APPID, at: now, authorization: 'kept', id: newest?.mark }]);
    expect([toldCreated, accepted, await waiting(), await readyIds()]).toEqual([[], ['T'], undefined, []]);
    expect((await book.registration(ID)).authorizer).toBe('kept');
  });

  test('with the token that is stored already sends no notice', async () => {
    await offer('second', now);
    await work([KEPT]);
    expect([told, toldCreated, await waiting()]).toEqual([[], [], undefined]);
    expect(await tokenKept()).toBe(KEPT.refreshToken);
  });

  test('brings a token that counts as another one if this secret key does not open the stored one', async () => {
    await offer('second', now);
    const authorizers = openAuthorizers(server.redis, openVault(Buffer.alloc(32, 8)));
    await work([KEPT], {}, { authorizers });
    expect(told).toHaveLength(1);
    expect((await authorizers.find(APPID))?.refreshToken).toBe(KEPT.refreshToken);
  });

  test('that is dead changes nothing: the earlier token stays, and no notice is sent', async () => {
    await offer('second', now);
    await work([{ kind: 'too_late', said: 'code expired' }]);
    expect(await tokenKept()).toBe(KEPT.refreshToken);
    expect((await book.registration(ID)).authorizer).toBe('kept');
    expect([told, toldCreated, await waiting()]).toEqual([[], [], undefined]);
  });

  test('of the authorisation of the stored token is not exchanged', async () => {
    await offer('of the same push', now - 60_000);
    const before = await book.ledger.history(ID);
    expect(await work([])).toEqual([]);
    expect(await book.ledger.history(ID)).toEqual(before);
    expect([told, await waiting(), await readyIds()]).toEqual([[], undefined, []]);
  });
});

test('a token that was kept and not recorded is recorded by the next code of the same authorisation', async () => {
  const { authorizers } = exchangingTools(server.redis, []);
  const [code] = (await waiting())?.codes ?? [];
  if (code === undefined) throw new Error('no code waits');
  await authorizers.keep({ appid: APPID, refreshToken: 'r', registration: ID, keptAt: now }, code);
  await offer('of the same push', now);
  expect(await work([])).toEqual([]);
  expect((await book.registration(ID)).authorizer).toBe('kept');
  expect(toldCreated).toHaveLength(1);
});

describe('a worker', () => {
  const wakeups = { wait: async () => false, subscribe: () => ({ wait: async () => false, cancel() {} }), leave() {} };

  test('that leaves while it waits for a component access token gives the job back at once', async () => {
    const made = exchangingContext(book, wakeupChannel, () => now);
    const current = async () => ({ kind: 'wait', why: 'refresher', ms: 5 }) as const;
    const leaving = { wakeups: { ...wakeups, leaving: true }, credentials: { ...made.credentials, current } };
    const calls = { ...made.calls, tokenRestMs: async () => 0 };
    // `work` gives its own credentials, which these replace.
    expect(await work([], { ...leaving, calls })).toEqual([]);
    expect(await readyIds()).toEqual([APPID]);
  });

  test('that leaves while it waits for its turn does so, too', async () => {
    const authorizers = { ...openAuthorizers(server.redis, VAULT), mayExchange: async () => 50 };
    expect(await work([], { wakeups: { ...wakeups, leaving: true } }, { authorizers })).toEqual([]);
    expect(await readyIds()).toEqual([APPID]);
  });

  test('leaves a code to another process that exchanges it, for a second', async () => {
    await openAuthCodes(server.redis).underLease(APPID, async () => {
      expect(await work([])).toEqual([]);
      expect(await dueAt()).toBe(now + 1_000);
    });
  });

  test('keeps the code for itself as long as the exchange takes, and not much longer if it is killed meanwhile', async () => {
    const lease = key('exchanging', APPID);
    await openAuthCodes(server.redis, { forMs: 60_000, renewEveryMs: 10 }).underLease(APPID, async () => {
      await server.redis.pexpire(lease, 30_000);
      await until('the lease is renewed', async () => (await server.redis.pttl(lease)) > 30_000);
    });
    expect(await server.redis.exists(lease)).toBe(0);
    await openAuthCodes(server.redis).underLease(APPID, async () => {
      expect(await server.redis.pttl(lease)).toBeLessThan(30_000);
    });
  });

  test('has nothing to do where no code waits, or none waits any longer', async () => {
    const { codes } = exchangingTools(server.redis, []);
    const [first] = (await waiting())?.codes ?? [];
    const settledMeanwhile: AuthorizeTools['codes']['underLease'] = async (appid, exchange) => {
      await codes.settle(APPID, first?.mark ?? '');
      return codes.underLease(appid, exchange);
    };
    expect(await work([], {}, { codes: { ...codes, underLease: settledMeanwhile } })).toEqual([]);
    expect([await dueAt(), await readyIds()]).toEqual([0, []]);
    expect(await work([])).toEqual([]);
    expect([await dueAt(), await readyIds()]).toEqual([0, []]);
  });
});
