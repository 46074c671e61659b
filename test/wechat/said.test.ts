import { expect, test } from 'vitest';
import { wordsOf } from '../../src/wechat/said.js';

test('words are kept as they are, but for half a character, and what no cell of a report would hold', () => {
  expect(wordsOf('名称不符 rid: 1')).toBe('名称不符 rid: 1');
  expect(wordsOf('cut \ud83d')).toBe('cut \ufffd');
  const long = wordsOf(`${'x'.repeat(1_999)}𠮷${'x'.repeat(48_000)}`);
  expect(long).toBe(`${'x'.repeat(1_999)}\ufffd…`);
});
