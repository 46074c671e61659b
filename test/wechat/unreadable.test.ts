/** Whoever looks at a push that cannot be read learns the reason in Chinese, too. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { unreadableInWords } from '../../src/wechat/unreadable.js';

/** Every reason as the code writes it, with a number or a name where it has a value. */
const REASONS = ['push', 'xml', 'crypt'].flatMap((file) => {
  const source = readFileSync(new URL(`../../src/wechat/${file}.ts`, import.meta.url), 'utf8');
  const written = source.matchAll(
    /(?:unreadable|undecipherable|closed|return|detail =)[^\n'`;]*?(['`])((?:it |its |the |<|no |msg_)[^\n]*?)\1/g,
  );
  return [...written].map(([, , text = '']) => text.replace(/\$\{[^}]*\}/g, '7')).filter((text) => text.includes(' '));
});

test('the reasons are found in the code', () => {
  expect(REASONS.length).toBeGreaterThan(18);
});

test.each(REASONS)('"%s" has a Chinese sentence', (reason) => {
  const { en, zh } = unreadableInWords(reason);
  expect(en).toBe(reason);
  expect(zh).toMatch(/\p{Script=Han}{2}/u);
  expect(zh).not.toMatch(/\$\d/);
});
