import { expect, test } from 'vitest';
import { exchangeAuthCode } from '../../src/wechat/authorization.js';
import type { Client } from '../../src/wechat/client.js';

const exchange = (authorizerRefreshToken: unknown) => {
  const info = { authorizer_appid: 'wxnew', authorizer_refresh_token: authorizerRefreshToken };
  const post: Client['post'] = async () => ({
    kind: 'answer',
    errcode: 0,
    said: 'ok',
    body: { authorization_info: info },
  });
  return exchangeAuthCode({ post } as Client, 'wx0123456789abcdef', 'code', 'token');
};

test('an auth_code is exchanged for the refresh token of its Mini Program', async () => {
  expect(await exchange('refresh')).toEqual({ kind: 'kept', appid: 'wxnew', refreshToken: 'refresh' });
});

test.each(['', undefined, 7])('an answer whose refresh token is %j has none: it is asked for again', async (token) => {
  expect(await exchange(token)).toEqual({ kind: 'try_again', said: '0 ok' });
});
