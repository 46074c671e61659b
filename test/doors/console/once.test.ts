/** Forms that are done once: what is left of one that failed while Redis was away. */
import type { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { doOnce, newOnceId } from '../../../src/app/once.js';
import { key } from '../../../src/redis/keys.js';
import { useRedis } from '../../support/redis.js';

const server = useRedis();
const DONE = { said: { en: 'done', zh: '已完成' }, to: '/' };

/** Redis is away when what has failed is to be forgotten. */
function withoutForgetting(redis: Redis): Redis {
  return new Proxy(redis, {
    get(target, name) {
      if (name === 'del') return () => Promise.reject(new Error('Connection is closed.'));
      return Reflect.get(target, name).bind(target);
    },
  });
}

test.each([
  ['', false],
  [', also after Redis has forgotten it', true],
])('a form that failed while Redis was away is begun by one of two that send it again%s', async (_, isForgotten) => {
  const form = newOnceId();
  const fails = () => Promise.reject(new Error('OOM'));
  await expect(doOnce({ redis: withoutForgetting(server.redis) }, form, fails)).rejects.toThrow('OOM');
  if (isForgotten) await server.redis.del(key('consoleOnce', form));

  let times = 0;
  let end = (): void => {};
  const first = doOnce(server, form, async () => {
    times += 1;
    await new Promise<void>((resolve) => {
      end = resolve;
      begun();
    });
    return DONE;
  });
  let begun = (): void => {};
  await new Promise<void>((resolve) => {
    begun = resolve;
  });
  const second = doOnce(server, form, async () => {
    times += 1;
    return DONE;
  });
  await expect(second).rejects.toThrow();
  end();
  expect(await first).toEqual(DONE);
  expect(times).toBe(1);
});
