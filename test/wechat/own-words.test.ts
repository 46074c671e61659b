/** Calls that end without an answer of WeChat's are told in the reader's language; WeChat's words stay as they came. */
import { expect, test } from 'vitest';
import { inWords, ownWords } from '../../src/wechat/own-words.js';

test.each([
  ['no answer in time', '超时未应答'],
  ['the answer is longer than 1 MiB', '应答超过 1 MiB'],
  ['HTTP 502 and no JSON (text/html)', 'HTTP 502，内容不是 JSON（text/html）'],
  ['HTTP 302 to login.example.com and no JSON', 'HTTP 302，转向 login.example.com，内容不是 JSON'],
  ['HTTP 200 without an errcode (application/json)', 'HTTP 200，内容中没有 errcode（application/json）'],
  ['ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:9', '连接失败（ECONNREFUSED）'],
  ['quota/get: 56 of 1000 used, 944 left', 'quota/get：共 1000 次，已用 56 次，剩余 944 次'],
  ['quota/get: HTTP 403 and no JSON (text/html)', 'quota/get：HTTP 403，内容不是 JSON（text/html）'],
  ['UND_ERR_SOCKET: other side closed', '连接失败（UND_ERR_SOCKET）'],
])('%s', (said, zh) => {
  expect(ownWords(said)).toEqual({ en: said, zh });
});

test.each(['system error', 'ok', 'invalid ip 1.2.3.4 rid: 65aa-1', 'Error: legal persona name'])(
  '%s is WeChat’s',
  (said) => {
    expect(ownWords(said)).toBeUndefined();
    expect(inWords(said)).toEqual({ en: said, zh: said });
  },
);
