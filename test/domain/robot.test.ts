import { describe, expect, test } from 'vitest';
import { addressesIn, robotOf, secretsIn, shownAddress, withoutSecrets } from '../../src/domain/robot.js';

const WECOM = 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7d4c-4bc4-97a0-0ec2c0a5aaaa';
const DINGTALK = 'https://oapi.dingtalk.com/robot/send?access_token=566cc69da782ec74';
const FEISHU = 'https://open.feishu.cn/open-apis/bot/v2/hook/5cd99837-5be3-4438';

describe('a robot', () => {
  test.each([
    [WECOM, 'wecom'],
    [DINGTALK, 'dingtalk'],
    [FEISHU, 'feishu'],
    ['https://open.larksuite.com/open-apis/bot/v2/hook/5cd99837', 'feishu'],
    ['http://proxy.example:8080/out/cgi-bin/webhook/send?key=693a91f6', 'wecom'],
    ['https://proxy.example/robot/send?access_token=566cc69d', 'dingtalk'],
    ['https://proxy.example/lark/open-apis/bot/v2/hook/5cd99837', 'feishu'],
    ['https://hooks.example/robot/send', undefined],
    ['https://hooks.example/cgi-bin/webhook/send/more?key=1', undefined],
    ['https://hooks.example/qyapi.weixin.qq.com/send?key=1', undefined],
    ['https://evil-oapi.dingtalk.com.example/x', undefined],
    ['https://hooks.example/', undefined],
  ])('of %s is %s', (address, robot) => {
    expect(robotOf(address)).toBe(robot);
  });
});

test('addresses are separated by commas or lines', () => {
  const webhook = 'https://hooks.example/notify?to=ops%2Cnight';
  expect(addressesIn(`${WECOM}, ${webhook},${FEISHU}`)).toEqual([WECOM, webhook, FEISHU]);
  expect(addressesIn(`${WECOM}\n${DINGTALK}\r\n`)).toEqual([WECOM, DINGTALK]);
  expect(addressesIn(' ')).toEqual([]);
});

test('secrets are in the order of addresses, with nothing for one without', () => {
  expect(secretsIn(',SEC1, ,b')).toEqual(['', 'SEC1', '', 'b']);
  expect(secretsIn('a\nb')).toEqual(['a', 'b']);
});

test.each([
  [WECOM, 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=***'],
  [DINGTALK, 'https://oapi.dingtalk.com/robot/send?access_token=***'],
  [FEISHU, 'https://open.feishu.cn/open-apis/bot/v2/hook/***'],
  ['https://me:password@hooks.example:8443/T000/B000/XXXX?token=1', 'https://hooks.example:8443/…'],
  ['https://hooks.example', 'https://hooks.example'],
])('%s is shown as %s', (address, shown) => {
  expect(shownAddress(address)).toBe(shown);
});

test('what a server repeats of key, token and secret is hidden', () => {
  expect(withoutSecrets(`no ${FEISHU}`, FEISHU, undefined)).toBe('no https://open.feishu.cn/open-apis/bot/v2/hook/***');
  expect(withoutSecrets('key=693a91f6-7d4c-4bc4-97a0-0ec2c0a5aaaa?', WECOM, undefined)).toBe('key=***?');
  expect(withoutSecrets('the secret SEC+/=42 and SEC%2B%2F%3D42', DINGTALK, 'SEC+/=42')).toBe('the secret *** and ***');
  expect(withoutSecrets('send to robot failed', DINGTALK, undefined)).toBe('send to robot failed');
});
