/** Whatever a command says to people, it says in both languages. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const CLI = fileURLToPath(new URL('../../src/cli/', import.meta.url));

/** It has the words that commander says in English. */
const COMMANDER = 'commander-words.ts';

/** What one types, which is the same in both: a command in backticks or as an example. */
const TYPED = /\\`[^`]*\\`|fastregister [^\n]*|npm run demo/g;
const TWO_WORDS = /[A-Za-z]{2,},? [A-Za-z]{2,}/;

/** Sentences of English that are not the `en` of Words. */
function loneSentences(code: string): string[] {
  const source = code.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '').replace(/^import .*$/gm, '');
  return literalsOf(source)
    .filter(({ text, at }) => TWO_WORDS.test(text.replace(TYPED, '')) && !isEnglishOfWords(source.slice(0, at)))
    .map(({ text }) => text);
}

/** The property that was begun last is `en`, and its statement goes on. */
function isEnglishOfWords(before: string): boolean {
  return /^en:[^;]*$/.test(before.slice(Math.max(before.lastIndexOf('en:'), before.lastIndexOf('zh:'), 0)));
}

interface Literal {
  readonly text: string;
  readonly at: number;
}

/** Strings, and templates without what is put into them. */
function literalsOf(source: string): Literal[] {
  const found: Literal[] = [];
  for (let at = 0; at < source.length; at += 1) {
    const quote = source[at] ?? '';
    if (!'\'"`'.includes(quote)) continue;
    const end = endOf(source, at);
    found.push({ text: withoutInsertions(source.slice(at + 1, end)), at });
    at = end;
  }
  return found;
}

/** The quote that ends the literal which begins here; those within `${…}` are passed over. */
function endOf(source: string, begin: number): number {
  for (let at = begin + 1; at < source.length; at += 1) {
    if (source[at] === '\\') at += 1;
    else if (source[at] === source[begin]) return at;
    else if (source[begin] === '`' && source.startsWith('${', at)) at = endOfInsertion(source, at);
  }
  return source.length;
}

function endOfInsertion(source: string, begin: number): number {
  let depth = 0;
  for (let at = begin + 1; at < source.length; at += 1) {
    const sign = source[at] ?? '';
    if ('\'"`'.includes(sign)) at = endOf(source, at);
    else if (sign === '{') depth += 1;
    else if (sign === '}') {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return source.length;
}

function withoutInsertions(template: string): string {
  const begin = template.indexOf('${');
  if (begin === -1) return template;
  const end = endOfInsertion(template, begin);
  return `${template.slice(0, begin)}…${withoutInsertions(template.slice(end + 1))}`;
}

describe('of a piece of code', () => {
  test.each([
    "say('Nothing was changed.');",
    ".option('--json', 'print as JSON')",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is code
    "say(`${count} rows were ${accepted ? 'sent' : 'held back'} at last.`);",
    "say({ en: 'Nothing was changed.', zh: '没有变化。' }); say('Nothing at all.');",
  ])('%s is found', (code) => expect(loneSentences(code)).toHaveLength(1));

  test.each([
    "say({ en: 'Nothing was changed.', zh: '没有变化。' });",
    "command('status', { en: 'How it is now.', zh: '当前状态。' }, 'fastregister status --watch')",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is code
    "const a = { en: `${count} rows were ${was ? 'sent' : 'held back'}`, zh: '' };",
  ])('%s is right', (code) => expect(loneSentences(code)).toEqual([]));
});

const files = readdirSync(CLI, { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.ts') && name !== COMMANDER,
);

test.each(files)('%s says in Chinese, too, whatever it says', (file) => {
  expect(loneSentences(readFileSync(join(CLI, file), 'utf8'))).toEqual([]);
});
