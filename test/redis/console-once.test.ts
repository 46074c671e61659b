import { expect, test } from 'vitest';
import { openSentForms } from '../../src/redis/console-once.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();

test('a form is begun once, and sent again it gets the same answer', async () => {
  const forms = openSentForms(server.redis);
  expect(await forms.begin('form')).toEqual({ kind: 'begun' });
  expect(await forms.begin('form')).toEqual({ kind: 'sent', answer: '' });
  await forms.finish('form', '{"said":1}');
  expect(await forms.begin('form')).toEqual({ kind: 'sent', answer: '{"said":1}' });
  await forms.forget('form');
  expect(await forms.begin('form')).toEqual({ kind: 'begun' });
});

test('a form whose beginning is sent to Redis again, because the answer was lost, is begun', async () => {
  const twice = new Proxy(server.redis, {
    get(target, name) {
      if (name !== 'set') return Reflect.get(target, name).bind(target);
      return async (...args: [string, string]) => {
        await target.set(...args);
        return target.set(...args);
      };
    },
  });
  expect(await openSentForms(twice).begin('form')).toEqual({ kind: 'begun' });
  expect(await openSentForms(server.redis).begin('form')).toEqual({ kind: 'sent', answer: '' });
});
