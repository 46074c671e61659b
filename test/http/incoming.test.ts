import { expect, test } from 'vitest';
import { GrowingBuffer } from '../../src/http/growing-buffer.js';
import { Incoming, type ReadProgress } from '../../src/http/incoming.js';

/** What each part of it leads to. */
function progress(parts: readonly string[], wholeUpTo = 64): ReadProgress[] {
  const incoming = new Incoming(wholeUpTo);
  return parts.map((part) => incoming.append(Buffer.from(part, 'latin1')));
}

const HEAD = 'POST / HTTP/1.1\r\nhost: x\r\n';

test('a request is here when its head is, wherever that is cut', () => {
  const whole = `${HEAD}\r\n`;
  for (let at = 1; at < whole.length; at += 1) {
    expect(progress([whole.slice(0, at), whole.slice(at)])).toEqual(['more', 'here']);
  }
  expect(progress(['GET / HTTP/1.0\n\n'])).toEqual(['here']);
  expect(progress(['\r\n', '\r\nGET / HTTP/1.0\r\n\r\n'])).toEqual(['more', 'here']);
});

test('a small body belongs to it, where the head says plainly how long it is', () => {
  expect(progress([`${HEAD}content-length: 3\r\n\r\n`, 'ab', 'c'])).toEqual(['more', 'more', 'here']);
  expect(progress([`${HEAD}Content-Length:3\r\n\r\nab`])).toEqual(['more']);
  for (const line of [
    'content-length: 65',
    'content-length: three',
    'content-length: 3\r\ncontent-length: 3',
    'content-length: 3\r\nexpect: 100-continue',
    'transfer-encoding: chunked',
  ]) {
    expect([line, progress([`${HEAD}${line}\r\n\r\n`])]).toEqual([line, ['here']]);
  }
});

test('whether its client wants the connection to be closed', () => {
  const closes = (lines: string): boolean => {
    const incoming = new Incoming(64);
    incoming.append(Buffer.from(`${HEAD}${lines}\r\n`));
    return incoming.closes;
  };
  expect(['', 'Connection: Keep-Alive\r\n'].map(closes)).toEqual([false, false]);
  expect(['connection: close\r\n', 'Connection: upgrade\r\n'].map(closes)).toEqual([true, true]);
});

test('blanks behind a value do not belong to it, and a run of them inside costs no more than other text', () => {
  expect(progress([`${HEAD}content-length: 3 \t \r\n\r\nab`, 'c'])).toEqual(['more', 'here']);
  // Looked at once for each blank, these heads take minutes.
  const heads = 3_000;
  const blanks = `${HEAD}expect: x${' '.repeat(8_000)}x\r\n\r\n`;
  expect(Array.from({ length: heads }, () => progress([blanks])).flat()).toEqual(Array(heads).fill('here'));
});

test('what is no HTTP is noticed by its first byte, and a head that is too large before its end', () => {
  expect(progress(['\u0016\u0003\u0001'])).toEqual(['no_http']);
  expect(progress(['get / HTTP/1.1\r\n'])).toEqual(['no_http']);
  expect(progress([`${HEAD}x: ${'x'.repeat(8_192)}`])).toEqual(['too_large']);
  expect(progress([`${HEAD}${'a:\r\n'.repeat(101)}\r\n`])).toEqual(['too_large']);
  expect(progress([`${HEAD}${'a:\r\n'.repeat(90)}\r\n`])).toEqual(['here']);
});

test('one byte at a time is copied no more often than a thousand', () => {
  const buffer = new GrowingBuffer(1_000_000);
  let largest = 0;
  const capacities = new Set<number>();
  for (let at = 0; at < 100_000; at += 1) {
    buffer.append(Buffer.of(at % 256));
    largest = Math.max(largest, buffer.capacity);
    capacities.add(buffer.capacity);
  }
  expect(buffer.bytes).toEqual(Buffer.from(Array.from({ length: 100_000 }, (_, at) => at % 256)));
  expect(capacities.size).toBeLessThan(10);
  expect(largest).toBeLessThan(300_000);
});

test('what is known to be short takes no more than it needs', () => {
  const buffer = new GrowingBuffer(10);
  buffer.append(Buffer.from('12345'));
  buffer.append(Buffer.from('67890'));
  expect([buffer.capacity, buffer.bytes.toString()]).toEqual([10, '1234567890']);
});
