import fc from 'fast-check';
import { expect, test } from 'vitest';
import { markdownText, printable } from '../../src/domain/printable.js';
import { ANY_CHARACTER } from '../support/any-character.js';

test.each([
  ['\u001b]52;c;aGk=\u0007', String.raw`\u001b]52;c;aGk=\u0007`],
  ['a\rb', String.raw`a\u000db`],
  ['\u202eevil\u202c', String.raw`\u202eevil\u202c`],
  ['\u009b31m', String.raw`\u009b31m`],
  ['示例有限公司\t1\n2', '示例有限公司\t1\n2'],
])('what a terminal would obey in %j is written out', (text, shown) => expect(printable(text)).toBe(shown));

test('in JSON it is the same text', () => {
  fc.assert(
    fc.property(fc.string({ unit: ANY_CHARACTER }), (text) => {
      expect(JSON.parse(printable(JSON.stringify(text)))).toBe(text);
    }),
  );
});

test('in Markdown a name is neither a link nor markup nor a new line', () => {
  expect(markdownText('a](http://x) <img>\n# b | c`d*')).toBe('a\\](http://x) \\<img\\> # b \\| c\\`d\\*');
});
