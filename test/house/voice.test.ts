/** What people read is plain English: the patterns that took a second reading stay out of it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** In rooms whose strings reach a terminal, a report, a notice or a page. */
const ROOMS = [
  'src',
  'src/app',
  'src/app/doctor',
  'src/app/uploads',
  'src/app/wiring',
  'src/cli',
  'src/console',
  'src/console/components',
  'src/console/pages',
  'src/domain',
  'src/notices',
  'src/operator',
  'src/redis',
  'src/reporter',
];

/** Riddles, personification, and `who` for things. */
const PATTERNS = [
  /\bmend(s|ed|ing)?\b/i,
  /\bwhom\b/i,
  /\bby himself\b/i,
  /\bleft alone\b/i,
  /\bis nothing to\b/i,
  /\bNobody is there\b/,
  /\ba fault of its own\b/,
  /\bthat nobody knows\b/,
  /\bhas its end\b/,
];

function stringsOf(file: string): string[] {
  const code = readFileSync(file, 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '');
  return code.match(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g) ?? [];
}

const files = [...ROOMS, 'src/wechat'].flatMap((room) =>
  readdirSync(join(ROOT, room))
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => join(room, name)),
);

test('no text for people has a pattern that takes a second reading', () => {
  const texts = files.flatMap((file) => stringsOf(join(ROOT, file)).map((text) => `${file}: ${text}`));
  expect(texts.length).toBeGreaterThan(1_000);
  expect(texts.filter((text) => PATTERNS.some((pattern) => pattern.test(text)))).toEqual([]);
});
