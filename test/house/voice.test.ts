/** Texts for people, comments and titles of tests are plain English: patterns that took a second reading stay out of them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Every room: strings may reach a terminal, a report, a notice, a page or a log. */
const ROOMS = ['src', 'simulator'];

/** Documents that are written by hand, and what is written by hand beside printed tables. */
const DOCUMENTS = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'simulator/README.md'];

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
  /\btells\b/i,
  /\b(is|are|was|were) told\b/,
  /\bwhoever\b/i,
  /\bfor who\b/,
];

/** In comments and titles of tests, too: the noun is named, and things are no people. */
const PATTERNS_FOR_ENGINEERS = [
  /\bmend(s|ed|ing)?\b/i,
  /\b(whom|whoever|himself|nobody|somebody)\b/i,
  /\b(tells?|told)\b/i,
  /\b(has|have|met|meets?) (its|their) end\b/i,
  /\bis nothing to\b/i,
];

function stringsOf(file: string): string[] {
  const code = readFileSync(file, 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '');
  return code.match(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g) ?? [];
}

const COMMENTS_OF = {
  lua: /--.*$/gm,
  script: /\/\*[\s\S]*?\*\/|(?:^|\s)\/\/.*$/gm,
};

/** The first argument of `test`, `describe` and their kinds, such as `test.each(…)`. */
const TITLE = /\b(?:test|describe)(?:\.\w+)*(?:\((?:[^()]|\([^()]*\))*\))?\(\s*(['"`])((?:(?!\1)[^\\]|\\.)*)\1/g;

/** Names of code are quoted. */
function isHard(text: string): boolean {
  const words = text.replace(/`[^`]*`|'[a-z_]+'/g, '');
  return PATTERNS_FOR_ENGINEERS.some((pattern) => pattern.test(words));
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(tsx?|js|lua)$/.test(name))
    .map((name) => join(folder, name));
}

/** `docs/answers.md` and the like are printed as a whole. */
const PRINTED = ['answers.md', 'settings.md', 'states.md'];

function documentIn(name: string): string[] {
  return name.endsWith('.md') && !PRINTED.includes(name) ? [`docs/${name}`] : [];
}

/** Without code, and without tables that are printed from texts of the program, which are checked there. */
function proseOf(file: string): string[] {
  return readFileSync(join(ROOT, file), 'utf8')
    .replace(/^```[\s\S]*?^```$/gm, '')
    .replace(/^ {4}.*$/gm, (line) => line.match(/ # .*$/)?.[0] ?? '')
    .replace(/^<!-- (\w+) -->$[\s\S]*?^<!-- \/\1 -->$/gm, '')
    .replace(/`[^`\n]*`/g, '')
    .split(/\n/)
    .filter((line) => line.trim() !== '');
}

test('no text for people has a pattern that takes a second reading', () => {
  const files = ROOMS.flatMap(filesBelow).filter((file) => /\.tsx?$/.test(file));
  const texts = files.flatMap((file) => stringsOf(join(ROOT, file)).map((text) => `${file}: ${text}`));
  expect(texts.length).toBeGreaterThan(5_000);
  expect(texts.filter((text) => PATTERNS.some((pattern) => pattern.test(text)))).toEqual([]);
});

test('no document has a pattern that takes a second reading', () => {
  const documents = [...DOCUMENTS, ...readdirSync(join(ROOT, 'docs')).flatMap(documentIn)];
  const lines = documents.flatMap((file) => proseOf(file).map((line) => `${file}: ${line}`));
  expect(lines.length).toBeGreaterThan(1_000);
  expect(lines.filter((line) => PATTERNS.some((pattern) => pattern.test(line)))).toEqual([]);
});

test('no comment has a pattern that takes a second reading', () => {
  const comments = ['src', 'simulator', 'bench'].flatMap(filesBelow).flatMap((file) => {
    const code = readFileSync(join(ROOT, file), 'utf8');
    const found = code.match(COMMENTS_OF[file.endsWith('.lua') ? 'lua' : 'script']) ?? [];
    return found.map((text) => ({ file, text: text.trim() }));
  });
  expect(comments.length).toBeGreaterThan(3_000);
  expect(comments.filter(({ text }) => isHard(text))).toEqual([]);
});

test('no title of a test has a pattern that takes a second reading', () => {
  const titles = filesBelow('test').flatMap((file) =>
    [...readFileSync(join(ROOT, file), 'utf8').matchAll(TITLE)].map(([, , text = '']) => ({ file, text })),
  );
  expect(titles.length).toBeGreaterThan(2_000);
  expect(titles.filter(({ text }) => isHard(text))).toEqual([]);
});
