import { expect, onTestFinished, test } from 'vitest';
import { openConfirmation, refuseUnconfirmable } from '../../src/redis/confirmation.js';
import { isRecentEnough } from '../../src/redis/server/check-server.js';
import { freePort } from '../support/free-port.js';
import { type OwnRedis, ownRedis } from '../support/own-redis.js';
import { until } from '../support/until.js';

const WITHIN_MS = 300;
/** Where the answer is yes: a busy machine may take as long as it likes. */
const LONG_MS = 20_000;

test('a replica that follows confirms, and a replica that hangs does not, within the time', async () => {
  const { redis, replica } = await withReplica();
  const { confirm } = openConfirmation(await redis.connect(), 'replica', WITHIN_MS);
  await until('the replica follows', confirm);

  replica.hang();
  const began = performance.now();
  expect(await confirm()).toBe(false);
  expect(performance.now() - began).toBeGreaterThan(WITHIN_MS - 50);
});

test('requests that come while others are waited for share the next turn', async () => {
  const { redis } = await withReplica();
  const connection = await redis.connect();
  const { confirm } = openConfirmation(connection, 'replica', LONG_MS);
  await until('the replica follows', confirm);
  const before = Number(/cmdstat_wait:calls=(\d+)/.exec(await connection.info('commandstats'))?.[1]);

  expect(await Promise.all(Array.from({ length: 50 }, confirm))).toEqual(Array.from({ length: 50 }, () => true));
  const after = Number(/cmdstat_wait:calls=(\d+)/.exec(await connection.info('commandstats'))?.[1]);
  expect(after - before).toBe(2);
});

test('a server that cannot wait for its disk is refused with what to do; a server that can confirms', async () => {
  const redis = await newRedis();
  const connection = await redis.connect();
  const [, version = ''] = /redis_version:(\S+)/.exec(await connection.info('server')) ?? [];
  if (isRecentEnough(version) && Number.parseFloat(version) >= 7.2) {
    await refuseUnconfirmable(connection, 'disk');
    expect(await openConfirmation(connection, 'disk', WITHIN_MS).confirm()).toBe(true);
  } else {
    await expect(refuseUnconfirmable(connection, 'disk')).rejects.toThrow(
      /FASTREGISTER_REDIS_WAIT=disk.*need Redis 7\.2/,
    );
  }
  await refuseUnconfirmable(connection, 'replica');
});

// --- helpers ----------------------------------------------------------------------------------------------------------

async function newRedis(): Promise<OwnRedis> {
  const redis = await ownRedis();
  onTestFinished(() => redis.end());
  return redis;
}

async function withReplica(): Promise<{ redis: OwnRedis; replica: OwnRedis }> {
  const [redis, replica, port] = [await newRedis(), await newRedis(), await freePort()];
  await redis.stop();
  await redis.start('--port', String(port), '--bind', '127.0.0.1');
  await replica.stop();
  await replica.start('--replicaof', '127.0.0.1', String(port), '--repl-diskless-sync-delay', '0');
  return { redis, replica };
}
