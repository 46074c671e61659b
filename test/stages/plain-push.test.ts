/** Which requests are answered before node:http parses them. */
import { expect, test } from 'vitest';
import { takePlainPush } from '../../src/events/plain-push.js';
import type { Receiver } from '../../src/events/receive.js';

/** 403: it was looked at, and its signature does not fit. */
function answerTo(head: string, body = '<xml><Encrypt>QUJD</Encrypt></xml>') {
  const receiver = { credentials: [], refusals: { count() {} } } as unknown as Receiver;
  return takePlainPush(receiver, '/wechat/events', Buffer.from(head + body, 'latin1'), head.length);
}

const QUERY = 'timestamp=1&nonce=1&msg_signature=1';
const LINE = `POST /wechat/events?${QUERY} HTTP/1.1\r\n`;

test('a push as WeChat and proxies send it is', () => {
  for (const head of [
    `${LINE}Host: x\r\n\r\n`,
    `${LINE}x-real_ip: 203.0.113.7\r\nhost:x\r\nAccept: */*\r\nEmpty:\r\n\r\n`,
  ]) {
    expect([head, answerTo(head)]).toEqual([head, { status: 403, text: 'bad signature' }]);
  }
});

test.each([
  ['another method', LINE.replace('POST', 'PUT'), ''],
  ['another path', LINE.replace('events', 'event'), ''],
  ['no query', LINE.replace(`?${QUERY}`, ''), ''],
  ['HTTP/1.0', LINE.replace('1.1', '1.0'), ''],
  ['a folded line', LINE, 'content-length: 3\r\n 4\r\n'],
  ['a line without a colon', LINE, 'host\r\n'],
  ['a space before the colon', LINE, 'transfer-encoding : chunked\r\n'],
  ['a control character in a name', LINE, '\u000btransfer-encoding: chunked\r\n'],
  ['a control character in a value', LINE, 'x: \u0000\r\n'],
  ['a lone line feed', LINE, 'x: y\nz: a\r\n'],
  ['a lone carriage return', LINE, 'x: y\rz: a\r\n'],
])('a request with %s is left to node:http', (_, line, more) => {
  expect(answerTo(`${line}host: x\r\n${more}\r\n`)).toBeUndefined();
});

test('a request without a Host line, which node:http refuses, is left to it', () => {
  for (const line of ['', 'x-host: x\r\n', 'hosts: x\r\n']) expect(answerTo(`${LINE}${line}\r\n`)).toBeUndefined();
});

test('a head of eight kilobytes is looked through once', () => {
  expect(answerTo(`${LINE}${'a: b\r\n'.repeat(1_300)}a`)).toBeUndefined();
});
