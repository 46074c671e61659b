import { beforeEach, describe, expect, test } from 'vitest';
import { openComponentStore, sealTicket } from '../../src/redis/component-store.js';
import { key } from '../../src/redis/keys.js';
import { openPushes } from '../../src/redis/pushes/pushes.js';
import { openVault } from '../../src/redis/vault.js';
import { keepTicket as storeTicket, TEST_VAULT } from '../support/pushes.js';
import { losingAnswers, useRedis } from '../support/redis.js';
import { until } from '../support/until.js';

const server = useRedis();
let store: ReturnType<typeof openComponentStore>;

beforeEach(() => {
  store = openComponentStore(server.redis, () => TEST_VAULT);
});

const keepTicket = (...ticket: [value: string, createdAt: number, receivedAt: number]): Promise<void> =>
  storeTicket(server.redis, ...ticket);

/** Redis dates a ticket by its age, so the time that a step takes is in it. */
const about = (at: number): unknown =>
  expect.toSatisfy((received: number) => Math.abs(received - at) < 5_000, `within five seconds of ${at}`);

describe('the verify ticket', () => {
  test('is dated by the clock of Redis, less the time that it has waited in the spool', async () => {
    const slow = () => Date.now() - 13 * 3_600_000;
    const pushes = openPushes(server.redis, slow);
    const sealed = (ticket: string) => ({
      infoType: 'x',
      query: '',
      body: Buffer.from(''),
      ticket: sealTicket(TEST_VAULT, ticket),
    });
    await pushes.store([{ ...sealed('at once'), receivedAt: slow(), createdAt: 1 }]);
    expect(await store.ticket()).toEqual({ value: 'at once', receivedAt: about(Date.now()) });
    await pushes.store([{ ...sealed('spooled'), receivedAt: slow() - 7_200_000, createdAt: 2 }]);
    expect(await store.ticket()).toEqual({ value: 'spooled', receivedAt: about(Date.now() - 7_200_000) });
  });

  test('is the newest that WeChat made, in whatever order they arrive', async () => {
    await keepTicket('second', 2_000, 9_000);
    await keepTicket('first', 1_000, 9_500);
    expect(await store.ticket()).toEqual({ value: 'second', receivedAt: about(9_000) });

    await keepTicket('third', 3_000, 9_700);
    expect(await store.ticket()).toEqual({ value: 'third', receivedAt: about(9_700) });
  });

  test('of the same second as the one before replaces it', async () => {
    await keepTicket('one', 1_000, 1);
    await keepTicket('other', 1_000, 2);
    expect(await store.ticket()).toMatchObject({ value: 'other' });
  });

  test('is deleted only by a process that means that very ticket', async () => {
    await keepTicket('new', 2_000, 1);
    await store.dropTicket('old');
    expect(await store.ticket()).toMatchObject({ value: 'new' });
    await store.dropTicket('new');
    expect(await store.ticket()).toBeUndefined();
  });

  test('is asked for by one process in each span of time', async () => {
    const asked = await Promise.all(
      [1, 2, 3, 4].map(() => openComponentStore(server.connect(), () => TEST_VAULT).mayAskForTicket(60_000)),
    );
    expect(asked.filter(Boolean)).toHaveLength(1);
  });
});

test('after a request without effect the next one is nearer', async () => {
  await store.mayAskForTicket(60_000);
  await store.askForTicketIn(5_000);
  expect(await store.mayAskForTicket(60_000)).toBe(false);
  expect(await server.redis.pttl(key('ticketAsked'))).toBeLessThanOrEqual(5_000);
});

describe('the component access token', () => {
  test('is refreshed by one process, and kept while that one holds the fence', async () => {
    const fences = await Promise.all(
      [1, 2, 3, 4].map(() => openComponentStore(server.connect(), () => TEST_VAULT).lock(30_000)),
    );
    const [fence] = fences.filter((it) => it !== undefined);
    expect(fences.filter((it) => it !== undefined)).toHaveLength(1);

    expect(await store.saveToken(fence ?? '', { value: 'token', refreshAt: 5, expiresAt: 7 })).toBe(true);
    expect(await store.token()).toEqual({ value: 'token', refreshAt: 5, expiresAt: 7 });
    expect(await store.lock(30_000)).toBeDefined();
  });

  test('of a process that counted as dead is not stored: another process has refreshed since', async () => {
    const slow = (await store.lock(30_000)) ?? '';
    await server.redis.del(key('refresher'));
    const quick = (await store.lock(30_000)) ?? '';
    await store.saveToken(quick, { value: 'new', refreshAt: 5, expiresAt: 7 });

    expect(await store.saveToken(slow, { value: 'old', refreshAt: 9, expiresAt: 11 })).toBe(false);
    expect(await store.token()).toEqual({ value: 'new', refreshAt: 5, expiresAt: 7 });
  });

  test('is refreshed by no other process while the one that locked it lives, and soon after that one is gone', async () => {
    const [own, others] = [server.connect(), store];
    const fence = await openComponentStore(own, () => TEST_VAULT).lock(2_000);
    expect(fence).toBeDefined();
    let left = 2_000;
    await until('the lock is renewed', async () => {
      const now = await server.redis.pttl(key('refresher'));
      const isRenewed = now > left;
      left = now;
      return isRenewed;
    });
    expect(await others.lock(2_000)).toBeUndefined();
    own.disconnect();
    await until('another process has it', async () => (await others.lock(2_000)) !== undefined);
  });

  test('is unlocked only by the process that locked it', async () => {
    const fence = (await store.lock(30_000)) ?? '';
    await store.unlock('somebody else');
    expect(await store.lock(30_000)).toBeUndefined();
    await store.unlock(fence);
    expect(await store.lock(30_000)).toBeDefined();
  });

  test('is deleted only by a process that was refused with that very token', async () => {
    const fence = (await store.lock(30_000)) ?? '';
    await store.saveToken(fence, { value: 'new', refreshAt: 5, expiresAt: 7 });
    expect(await store.refuseToken('old')).toBe(0);
    expect(await store.token()).toBeDefined();
    expect(await store.refuseToken('new')).toBe(1);
    expect(await store.token()).toBeUndefined();
  });

  test('that was saved stays saved although the command was sent twice', async () => {
    const doubting = openComponentStore(losingAnswers(server.redis), () => TEST_VAULT);
    const fence = (await store.lock(30_000)) ?? '';
    await doubting.saveToken(fence, { value: 'token', refreshAt: 5, expiresAt: 7 });
    expect(await store.token()).toEqual({ value: 'token', refreshAt: 5, expiresAt: 7 });
  });

  test('that was refused is counted once, however many calls it carried, until a token is accepted', async () => {
    const refused = async (value: string): Promise<number[]> => {
      await store.saveToken((await store.lock(30_000)) ?? '', { value, refreshAt: 5, expiresAt: 7 });
      return Promise.all([value, value, value].map((each) => store.refuseToken(each)));
    };
    expect(await refused('first')).toEqual([1, 0, 0]);
    expect(await refused('second')).toEqual([2, 0, 0]);
    await store.clearRefusals();
    expect(await refused('third')).toEqual([1, 0, 0]);
  });
});

describe('what is worth the platform', () => {
  const NEXT_KEY = Buffer.alloc(32, 8);
  const OLD_KEY = Buffer.alloc(32, 7);
  const keepBoth = async (): Promise<void> => {
    await keepTicket('ticket@@@secret', 1_000, 2_000);
    await store.saveToken((await store.lock(30_000)) ?? '', { value: 'token-secret', refreshAt: 5, expiresAt: 7 });
  };
  const opened = async (vault: ReturnType<typeof openVault>) => {
    const other = openComponentStore(server.redis, () => vault);
    return [(await other.token())?.value, (await other.ticket())?.value];
  };

  test('lies in Redis sealed', async () => {
    await keepBoth();
    const kept = JSON.stringify([await server.redis.hgetall(key('token')), await server.redis.hgetall(key('ticket'))]);
    expect(kept).not.toContain('secret');
    expect(await opened(TEST_VAULT)).toEqual(['token-secret', 'ticket@@@secret']);
  });

  test('opens while the key is changed, and with the new one alone once it was sealed anew', async () => {
    await keepBoth();
    const changing = openVault(NEXT_KEY, OLD_KEY);
    expect(await opened(changing)).toEqual(['token-secret', 'ticket@@@secret']);
    expect(await opened(openVault(NEXT_KEY))).toEqual([undefined, undefined]);
    const both = openComponentStore(server.redis, () => changing);
    expect([await both.reseal(), await both.reseal()]).toEqual([2, 0]);
    expect(await opened(openVault(NEXT_KEY))).toEqual(['token-secret', 'ticket@@@secret']);
    // It is the same token still, and may be refused.
    expect(await both.refuseToken('token-secret')).toBe(1);
  });

  test('that an older version has kept as it came is read, and sealed by that', async () => {
    await server.redis.hset(key('token'), 'value', 'token-secret', 'refreshAt', 5);
    await server.redis.hset(key('ticket'), 'value', 'ticket@@@secret', 'createdAt', 1, 'receivedAt', 2);
    expect(await store.token()).toEqual({ value: 'token-secret', refreshAt: 5, expiresAt: 5 });
    expect(await store.ticket()).toEqual({ value: 'ticket@@@secret', receivedAt: 2 });
    const kept = JSON.stringify([await server.redis.hgetall(key('token')), await server.redis.hgetall(key('ticket'))]);
    expect(kept).not.toContain('secret');
    expect(await opened(TEST_VAULT)).toEqual(['token-secret', 'ticket@@@secret']);
    await store.dropTicket('ticket@@@secret');
    expect(await store.ticket()).toBeUndefined();
  });
});
