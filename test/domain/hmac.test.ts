import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hmacWith } from '../../src/domain/hmac.js';

const expected = (key: string, text: string): string => createHmac('sha256', key).update(text).digest('hex');
const hex = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('hex');

test('an HMAC is the one of node:crypto, whatever the key and the text', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 300 });
  fc.assert(
    fc.property(text, fc.array(text, { maxLength: 5 }), (key, texts) => {
      const hmac = hmacWith(key);
      for (const it of texts) expect(hex(hmac(it))).toBe(expected(key, it));
    }),
  );
});

test.each([0, 1, 63, 64, 65, 200])('a key of %d bytes, and texts on both sides of what fits into a block', (length) => {
  const hmac = hmacWith('k'.repeat(length));
  for (const size of [0, 9, 55, 56, 64, 65, 192, 193]) {
    for (const text of ['m'.repeat(size), '企'.repeat(size)]) {
      expect(hex(hmac(text))).toBe(expected('k'.repeat(length), text));
    }
  }
});
