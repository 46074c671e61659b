import { expect, test } from 'vitest';
import { apiAddress, isWechat } from '../../src/domain/api-address.js';

test('an address is compared as what it stands for', () => {
  expect(apiAddress('https://api.weixin.qq.com')).toBe(apiAddress('https://sh.api.weixin.qq.com'));
  expect(apiAddress('https://api.weixin.qq.com')).toBe(apiAddress('https://api2.weixin.qq.com'));
  expect(apiAddress('http://127.0.0.1:9001')).toBe(apiAddress('http://localhost:4711/folder'));
  expect(apiAddress('https://proxy.example/wechat/')).toBe('https://proxy.example/wechat');
  expect(apiAddress('https://proxy.example')).not.toBe(apiAddress('https://proxy.example/wechat'));
});

test.each([
  'https://api.weixin.qq.com',
  'https://api.weixin.qq.com/',
  'https://api.weixin.qq.com:443',
  'https://API.Weixin.qq.com',
  'https://api.weixin.qq.com.',
  'http://api.weixin.qq.com:80/cgi-bin',
  'https://sh.api.weixin.qq.com',
  'https://api2.weixin.qq.com',
])('%s is WeChat', (address) => expect(isWechat(address)).toBe(true));

test.each(['http://127.0.0.1:9000', 'https://api.weixin.qq.com.example', 'https://notapi.weixin.qq.com', 'no address'])(
  '%s is not WeChat',
  (address) => expect(isWechat(address)).toBe(false),
);
