import { expect, test } from 'vitest';
import { authorizerInfo } from '../../src/wechat/authorizer-list.js';
import type { Client } from '../../src/wechat/client.js';

test.each([
  [6, 6],
  ['6', 6],
  ['', undefined],
  [undefined, undefined],
])('how an account was registered is read from %j', async (registerType, is) => {
  const body = { authorizer_info: { principal_name: '虚构商户', register_type: registerType } };
  const client: Pick<Client, 'post'> = { post: async () => ({ kind: 'answer', errcode: 0, said: '', body }) };
  expect(await authorizerInfo(client as Client, 'wxplatform', 'token', 'wxnew')).toMatchObject({
    kind: 'info',
    info: { principalName: '虚构商户', registerType: is },
  });
});
