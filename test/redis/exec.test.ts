import { expect, test } from 'vitest';
import { answersOf } from '../../src/redis/exec.js';
import { key } from '../../src/redis/keys.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();

test.each(['pipeline', 'multi'] as const)('the answers of a %s come in order', async (kind) => {
  const steps = server.redis[kind]().set(key('line'), 'x').get(key('line'));
  expect(await answersOf(steps)).toEqual(['OK', 'x']);
});

test.each(['pipeline', 'multi'] as const)('one command of a %s that fails fails the whole', async (kind) => {
  const steps = server.redis[kind]().set(key('line'), 'x').rpush(key('line'), 'y').get(key('line'));
  await expect(answersOf(steps)).rejects.toThrow(/WRONGTYPE/);
});
