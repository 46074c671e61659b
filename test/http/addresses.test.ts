import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { countedAddress, forwardedAddress, neighbourhood, networksFrom } from '../../src/http/addresses.js';

test('each public address counts for itself, IPv6 by its network; behind a private one may be anybody', () => {
  expect(countedAddress('203.0.113.7')).toBe('203.0.113.7');
  expect(countedAddress('::ffff:203.0.113.7')).toBe('203.0.113.7');
  expect(countedAddress('2001:db8:1:2:3:4:5:6')).toBe(countedAddress('2001:db8:1:2::9'));
  expect(countedAddress('2001:db8:1:2::9')).not.toBe(countedAddress('2001:db8:1:3::9'));
  for (const address of [
    undefined,
    '127.0.0.1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '169.254.1.1',
    '100.64.0.1',
    '::1',
    '::ffff:10.0.0.1',
    'fd00::1',
    'fe80::1%eth0',
  ]) {
    expect([address, countedAddress(address)]).toEqual([address, undefined]);
  }
  for (const address of ['172.32.0.1', '100.128.0.1', '11.0.0.1', '128.0.0.1']) {
    expect(countedAddress(address)).toBe(address);
  }
});

test('neighbours share three of the four numbers of IPv4, and the network of IPv6', () => {
  expect(neighbourhood('::ffff:203.0.113.7')).toBe(neighbourhood('203.0.113.99'));
  expect(neighbourhood('203.0.113.7')).not.toBe(neighbourhood('203.0.114.7'));
  expect(neighbourhood('2001:db8:1:2:3:4:5:6')).toBe(neighbourhood('2001:db8:1:2::9'));
  expect(neighbourhood('2001:db8:1:2::9')).not.toBe(neighbourhood('2001:db8:1:3::9'));
  expect(neighbourhood(undefined)).toBe('');
});

function from(remote: string, forwarded?: string): IncomingMessage {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  return { socket: { remoteAddress: remote }, headers } as unknown as IncomingMessage;
}

test('a trusted proxy names the client: the last address that is no proxy itself', () => {
  const trusted = networksFrom('loopback, 10.0.0.0/8') ?? expect.fail('not read');
  expect(forwardedAddress(from('127.0.0.1', '203.0.113.7'), trusted)).toBe('203.0.113.7');
  expect(forwardedAddress(from('::ffff:127.0.0.1', '203.0.113.7'), trusted)).toBe('203.0.113.7');
  expect(forwardedAddress(from('10.0.0.2', '198.51.100.1, 203.0.113.7, 10.0.0.3'), trusted)).toBe('203.0.113.7');
  expect(forwardedAddress(from('10.0.0.2', 'unknown, 10.0.0.3'), trusted)).toBeUndefined();
  expect(forwardedAddress(from('10.0.0.2'), trusted)).toBeUndefined();
});

test('what a client writes of itself before an address that is not understood is not believed', () => {
  const trusted = networksFrom('loopback') ?? expect.fail('not read');
  expect(forwardedAddress(from('127.0.0.1', '198.51.100.1, unknown'), trusted)).toBeUndefined();
  expect(forwardedAddress(from('127.0.0.1', '198.51.100.1, 203.0.113.7:4711'), trusted)).toBe('203.0.113.7');
  const [withPort, without] = ['[2001:db8:1:2::9]:4711', '2001:db8:1:2::7'].map((client) =>
    forwardedAddress(from('127.0.0.1', `198.51.100.1, ${client}`), trusted),
  );
  expect([withPort, without]).toEqual(['2001:db8:1:2::/64', '2001:db8:1:2::/64']);
});

test('a head full of addresses costs a few looks at the list', () => {
  let looks = 0;
  const trusted = {
    has() {
      looks += 1;
      return true;
    },
  };
  const header = `203.0.113.7${',127.0.0.1'.repeat(800)}`;
  expect(forwardedAddress(from('127.0.0.1', header), trusted)).toBeUndefined();
  expect(looks).toBeLessThan(20);
});

test('no other address is believed', () => {
  const trusted = networksFrom('10.0.0.1') ?? expect.fail('not read');
  expect(forwardedAddress(from('203.0.113.1', '198.51.100.1'), trusted)).toBeUndefined();
  expect(forwardedAddress(from('10.0.0.2', '198.51.100.1'), trusted)).toBeUndefined();
  const off = networksFrom('off') ?? expect.fail('not read');
  expect(forwardedAddress(from('127.0.0.1', '198.51.100.1'), off)).toBeUndefined();
});

test('what is no network is not read as one', () => {
  for (const text of ['on', '10.0.0.0/33', '10.0.0.0/x', '10.0.0', 'fd00::/129', 'loopback,example', '1.2.3.4/8/9']) {
    expect([text, networksFrom(text)]).toEqual([text, undefined]);
  }
});
