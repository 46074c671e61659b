import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../support/free-port.js';
import { merchant } from '../support/merchants.js';
import { type OwnRedis, ownRedis } from '../support/own-redis.js';
import { rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

test('no call is made and no push is left to Redis alone, and all goes on by itself when a replica is there', async () => {
  const port = await freePort();
  const redis = await newRedis('--port', String(port), '--bind', '127.0.0.1');
  const story = await rehearse({
    privateRedis: true,
    settings: {
      REDIS_URL: `unix:${redis.socketPath}`,
      FASTREGISTER_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
      FASTREGISTER_REDIS_WAIT: 'replica',
      FASTREGISTER_REDIS_WAIT_TIMEOUT: '100ms',
    },
  });
  await story.book.load('b1', [merchant(0), merchant(1), merchant(2), merchant(3)]);
  await story.startListening();
  await story.startSending();
  await until('the line is stopped', async () => (await story.book.calls.line()) !== undefined);
  expect(await story.book.calls.line()).toMatchObject({
    problem: 'call:not_confirmed',
    probe: { failed: expect.any(Number) },
  });
  expect(story.simulator.state().merchants).toEqual({});
  await until('a push is acknowledged', () => story.simulator.state().pushes.acknowledged > 0);
  expect(readdirSync(join(story.home, 'spool', 'default'))).not.toEqual([]);

  await newRedis('--replicaof', '127.0.0.1', String(port), '--repl-diskless-sync-delay', '0');
  await story.settled('b1');
  expect(await story.book.batches.counts('b1')).toEqual({ created: 4 });
  expect(Object.values(story.simulator.state().merchants).map(({ creates }) => creates)).toEqual([1, 1, 1, 1]);
  await until('the spool is empty', () => readdirSync(join(story.home, 'spool', 'default')).length === 0);
});

async function newRedis(...settings: string[]): Promise<OwnRedis> {
  const redis = await ownRedis();
  onTestFinished(() => redis.end());
  await redis.stop();
  await redis.start(...settings);
  return redis;
}
