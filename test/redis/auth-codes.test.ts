import { beforeEach, describe, expect, test } from 'vitest';
import type { PushedCode } from '../../src/domain/auth-code.js';
import { key } from '../../src/redis/keys.js';
import { type AuthCodes, openAuthCodes, sealAuthCode } from '../../src/redis/pushes/auth-codes.js';
import { openAuthorizers } from '../../src/redis/pushes/authorizers.js';
import { idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { VAULT } from '../support/receiver.js';
import { losingAnswers, useRedis } from '../support/redis.js';

const server = useRedis();
const APPID = 'wxnew';
const ID = idOf(merchant(1));
const NOW = 1_790_000_000_000;
const WAITS = { until: NOW + 120_000, push: '1790000000000-0' };

let codes: AuthCodes;

beforeEach(() => {
  codes = openAuthCodes(server.redis);
});

function pushed(code: string, changes: Partial<PushedCode> = {}): PushedCode {
  const authCode = sealAuthCode(VAULT, APPID, code);
  return { authCode, at: NOW, diesAt: NOW + 600_000, pushedAt: NOW, from: 'authorized', isShared: false, ...changes };
}

async function somebodyWaits(): Promise<void> {
  const book = openBook(server.redis);
  await book.load('b1', [merchant(1)]);
  await book.send(ID);
}

/** Its result has come, and its code was exchanged. */
async function created(): Promise<void> {
  await somebodyWaits();
  const fact = { appid: APPID, authCode: pushed('first').authCode, at: NOW, pushedAt: NOW };
  await openBook(server.redis).record(ID, 'mini_program_created', fact);
  const [code] = (await codes.waiting(APPID))?.codes ?? [];
  const authorizers = openAuthorizers(server.redis, VAULT);
  await authorizers.keep({ appid: APPID, refreshToken: 'r', registration: ID, keptAt: NOW }, code);
  await codes.settle(APPID, code?.mark ?? '');
  await server.redis.del(key('ready', 'authorize'));
}

const kept = () => openAuthorizers(server.redis, VAULT).has(APPID);
const ready = () => server.redis.lrange(key('ready', 'authorize'), 0, -1);
const later = () => server.redis.zrange(key('scheduled', 'authorize'), 0, -1, 'WITHSCORES');

describe('the code of a stranger', () => {
  test('waits while a registration waits for its result, and is not stored otherwise', async () => {
    expect(await codes.offer(APPID, pushed('code'), WAITS)).toBe('nobody');
    await somebodyWaits();
    expect(await codes.offer(APPID, pushed('code'))).toBe('nobody');
    expect(await codes.waiting(APPID)).toBeUndefined();
    expect(await codes.offer(APPID, pushed('code'), WAITS)).toBe('waits');
    expect(await later()).toEqual([APPID, String(WAITS.until)]);
    expect(await codes.waiting(APPID)).toMatchObject({
      registration: undefined,
      push: WAITS.push,
      codes: [{ at: NOW }],
    });
  });

  test('is exchanged as soon as a result names its registration, and its push is matched again', async () => {
    await somebodyWaits();
    await codes.offer(APPID, pushed('code'), WAITS);
    await openBook(server.redis).record(ID, 'mini_program_created', { appid: APPID, at: NOW });
    expect(await ready()).toEqual([APPID]);
    expect(await later()).toEqual([]);
    expect(await codes.waiting(APPID)).toMatchObject({ registration: ID });
  });

  test('is deleted some days after it was dropped, but not while it waits', async () => {
    await somebodyWaits();
    await codes.offer(APPID, pushed('code'), WAITS);
    const [code] = (await codes.waiting(APPID))?.codes ?? [];
    expect(await codes.giveUp(APPID, code?.mark ?? '')).toBe(true);
    expect(await server.redis.ttl(key('authorizer', APPID))).toBeGreaterThan(86_400);
    await codes.offer(APPID, pushed('another'), WAITS);
    expect(await server.redis.ttl(key('authorizer', APPID))).toBe(-1);
  });

  test('is not dropped if a result has named its registration meanwhile', async () => {
    await somebodyWaits();
    await codes.offer(APPID, pushed('code'), WAITS);
    const [code] = (await codes.waiting(APPID))?.codes ?? [];
    await openBook(server.redis).record(ID, 'mini_program_created', { appid: APPID, at: NOW });
    expect(await codes.giveUp(APPID, code?.mark ?? '')).toBe(false);
    expect(await codes.waiting(APPID)).toBeDefined();
  });
});

describe('the codes of a Mini Program of ours', () => {
  test('wait side by side, the newest first, each once; codes that came since stay when one is settled', async () => {
    await created();
    expect(await codes.offer(APPID, pushed('second', { at: NOW + 1 }))).toBe('exchange');
    expect(await codes.offer(APPID, pushed('second', { at: NOW + 2 }))).toBe('repeated');
    expect(await codes.offer(APPID, pushed('third', { at: NOW + 3 }))).toBe('exchange');
    expect(await ready()).toEqual([APPID]);
    const waiting = (await codes.waiting(APPID))?.codes ?? [];
    expect(waiting.map(({ at }) => at)).toEqual([NOW + 3, NOW + 1]);
    await codes.settle(APPID, waiting[1]?.mark ?? '');
    expect((await codes.waiting(APPID))?.codes.map(({ at }) => at)).toEqual([NOW + 3]);
  });

  test('that are older than the authorisation of the stored token are old', async () => {
    await created();
    expect(await codes.offer(APPID, pushed('older', { pushedAt: NOW - 1_000 }))).toBe('old');
  });

  test('are offered once although the command was sent twice', async () => {
    await created();
    await openAuthCodes(losingAnswers(server.redis)).offer(APPID, pushed('second'));
    expect((await codes.waiting(APPID))?.codes).toHaveLength(1);
    expect(await ready()).toEqual([APPID]);
  });
});

test('a preview answers what offering and withdrawing would answer, and changes nothing', async () => {
  const state = () => server.redis.hgetall(key('authorizer', APPID));
  const agree = async (name: string, pushedAt: number, answers: readonly [string, string]) => {
    const code = pushed(name, { pushedAt });
    const before = await state();
    const previewed = [await codes.previewOffer(APPID, code), await codes.previewWithdrawal(APPID, pushedAt)];
    expect([previewed, await state()]).toEqual([answers, before]);
    // The second one meets what the first has changed.
    expect(await codes.offer(APPID, code)).toBe(answers[0]);
    expect(await codes.withdraw(APPID, pushedAt)).toBe(answers[1]);
  };
  await agree('of an unknown one', NOW, ['nobody', 'nobody']);
  await created();
  await agree('older', NOW - 1_000, ['old', 'old']);
  await agree('newer', NOW + 1_000, ['exchange', 'withdrawn']);
  await agree('newer', NOW + 1_000, ['repeated', 'withdrawn']);
});

describe('a withdrawal', () => {
  test('ends the token that is kept and the codes before it, and a later authorisation counts again', async () => {
    await created();
    expect(await codes.withdraw(APPID, NOW + 1_000)).toBe('withdrawn');
    expect(await kept()).toBe(false);
    expect(await openAuthorizers(server.redis, VAULT).list()).toEqual([]);
    expect(await codes.offer(APPID, pushed('before it', { pushedAt: NOW + 500 }))).toBe('old');
    expect(await codes.offer(APPID, pushed('after it', { pushedAt: NOW + 2_000 }))).toBe('exchange');
  });

  test('that comes late, after the merchant has authorised the platform again, changes nothing', async () => {
    await created();
    await codes.offer(APPID, pushed('again', { pushedAt: NOW + 5_000 }));
    expect(await codes.withdraw(APPID, NOW + 1_000)).toBe('old');
    expect(await kept()).toBe(true);
  });

  test('of an unknown Mini Program is not ours, and while its result is being recorded no token is stored', async () => {
    expect(await codes.withdraw(APPID, NOW)).toBe('nobody');
    await somebodyWaits();
    expect(await codes.withdraw(APPID, NOW + 1_000)).toBe('nobody');
    const origin = { mark: 'mark', at: NOW, pushedAt: NOW };
    const token = { appid: APPID, refreshToken: 'r', registration: ID, keptAt: NOW };
    expect(await openAuthorizers(server.redis, VAULT).keep(token, origin)).toBe(false);
    expect(await kept()).toBe(false);
  });

  test('is the same when it comes twice, or its command was sent twice', async () => {
    await created();
    expect(await openAuthCodes(losingAnswers(server.redis)).withdraw(APPID, NOW + 1_000)).toBe('withdrawn');
    expect(await codes.withdraw(APPID, NOW + 1_000)).toBe('withdrawn');
  });
});
