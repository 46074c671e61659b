/** The hand-written pages say nothing that is not there: commands, flags, settings, scripts, links, files. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { beforeAll, describe, expect, test } from 'vitest';
import { EXIT } from '../../src/cli/command.js';
import { COMMANDS } from '../../src/cli/commands.js';
import { columnName, FIELDS, isHeadingOf } from '../../src/domain/columns.js';
import { SETTINGS_BY_SECTION } from '../../src/settings.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGES = [
  'README.md',
  'README.zh-CN.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'samples/README.md',
  'docs/json.md',
  'docs/zh/sheets.md',
  'docs/zh/reports.md',
  'docs/zh/nights.md',
  'docs/zh/chat.md',
];

const SETTINGS = Object.values(SETTINGS_BY_SECTION)
  .flat()
  .flatMap(({ name, secret }) => (secret ? [name, `${name}_FILE`] : [name]));

let commands: ReadonlyMap<string, Command>;
beforeAll(async () => {
  commands = await wiredCommands();
});

describe.each(PAGES)('%s', (page) => {
  test('shows only commands, arguments and flags that exist', () => {
    expect(commandLines(page).flatMap(faultsOf)).toEqual([]);
  });

  test('names only settings that exist', () => {
    const named = read(page).match(/\b(?:FASTREGISTER|WECHAT|REDIS)_[A-Z0-9_]*[A-Z0-9]\b/g) ?? [];
    expect([...new Set(named)].filter((name) => !SETTINGS.includes(name))).toEqual([]);
  });

  test('names only npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...read(page).matchAll(/\bnpm run ([\w:-]+)/g)].map(([, script = '']) => script);
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
  });

  test('links only to files and headings that exist', () => {
    const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = '']) => to);
    expect(links.filter((to) => !/^[a-z]+:/.test(to) && !leadsSomewhere(page, to))).toEqual([]);
  });
});

test('README.md shows every command', () => {
  const shown = commandLines('README.md').map(([name]) => name);
  expect([...commands.keys()].filter((name) => !shown.includes(name))).toEqual([]);
});

test('README.md has every exit status', () => {
  const told = [...read('README.md').matchAll(/^\| \*\*(\d)\*\* \|/gm)].map(([, status]) => Number(status));
  expect(told).toEqual(Object.values(EXIT).sort());
});

test('ARCHITECTURE.md sends its readers to files that exist', () => {
  const table = sectionOf('ARCHITECTURE.md', 'I want to');
  const rows = table.split('\n').filter((line) => line.startsWith('| ') && line.includes('`'));
  const named = rows.flatMap((row) => codeSpans(row.split('|').at(-2) ?? ''));
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

test('ARCHITECTURE.md names constants that the file before them has', () => {
  const named = [...sectionOf('ARCHITECTURE.md', 'I want to').matchAll(/`([^`]+)` \((\w+(?:, \w+)*)\)/g)];
  expect(named.length).toBeGreaterThan(10);
  const missing = named.flatMap(([, file = '', names = '']) =>
    names.split(', ').filter((name) => !new RegExp(`\\b${name}\\b`).test(read(file))),
  );
  expect(missing).toEqual([]);
});

test('CONTRIBUTING.md says of every table in which file it is', () => {
  const named = [...read('CONTRIBUTING.md').matchAll(/`([A-Z]+)`\s+in\s+`(src\/[^`]+)`/g)];
  expect(named.length).toBeGreaterThan(3);
  const wrong = named.filter(([, table, file = '']) => !new RegExp(`const ${table}\\b`).test(read(file)));
  expect(wrong.map(([text]) => text)).toEqual([]);
});

test('ARCHITECTURE.md has a line for every room, and no other', () => {
  const rooms = [...sectionOf('ARCHITECTURE.md', 'Rooms').matchAll(/^\| `(\w+)\/`/gm)].map(([, room]) => room);
  const there = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(rooms.sort()).toEqual(there.map(({ name }) => name).sort());
});

test('samples/README.md has a line for every sample', () => {
  const told = codeSpans(read('samples/README.md')).map((name) => name.replace(/\/$/, ''));
  const there = readdirSync(join(ROOT, 'samples')).filter((name) => name !== 'README.md' && !name.startsWith('.'));
  expect(there.filter((name) => !told.includes(name))).toEqual([]);
});

// --- commands ---------------------------------------------------------------------------------------------------------

async function wiredCommands(): Promise<Map<string, Command>> {
  const made = await Promise.all(Object.values(COMMANDS).map((make) => make()));
  return new Map(made.map((command) => [command.name(), command]));
}

/** What follows `fastregister` on each indented line of code, and in each code span. Fenced blocks show output. */
function commandLines(page: string): string[][] {
  const text = read(page).replace(/^```[\s\S]*?^```/gm, '');
  const typed = text.split('\n').filter((line) => line.startsWith('    '));
  return [...typed, ...codeSpans(text)].flatMap((line) => {
    const call = /(?:^|[\s/;&|])fastregister\s+([a-z].*)$/.exec(line.replace(/\s#.*$/, ''))?.[1];
    // An ellipsis stands for whatever the reader has there.
    return call === undefined || call.includes('…') ? [] : [wordsOf(call)];
  });
}

/** As a shell splits them, up to the end of this one command. */
function wordsOf(line: string): string[] {
  const words = line.match(/"[^"]*"|'[^']*'|[|;&<>]+|[^\s|;&<>]+/g) ?? [];
  const end = words.findIndex((word) => /^[|;&<>]/.test(word));
  return end < 0 ? words : words.slice(0, end);
}

function faultsOf([name = '', ...words]: string[]): string[] {
  const command = commands.get(name);
  if (command === undefined) return [`there is no command ${name}`];
  return faultsOfCall(command, words);
}

function faultsOfCall(command: Command, words: readonly string[]): string[] {
  const name = command.name();
  const part = command.commands.find((it) => it.name() === words[0]);
  if (part !== undefined) return faultsOfCall(part, words.slice(1));
  const faults: string[] = [];
  let given = 0;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (!word.startsWith('-')) {
      given += 1;
      continue;
    }
    const flag = word.split('=')[0];
    if (flag === '--help') continue;
    const option = command.options.find(({ long, short }) => flag === long || flag === short);
    if (option === undefined) faults.push(`${name} has no ${flag}`);
    else if (option.required && !word.includes('=')) at += 1;
  }
  const most = command.registeredArguments.some(({ variadic }) => variadic)
    ? Infinity
    : command.registeredArguments.length;
  if (given > most) faults.push(`${name} takes ${most} arguments: ${words.join(' ')}`);
  // A span that names a command alone speaks of it; with anything behind it, it is to be typed.
  const least = words.length === 0 ? 0 : command.registeredArguments.filter(({ required }) => required).length;
  if (given < least) faults.push(`${name} needs ${least} arguments: ${words.join(' ')}`);
  return faults;
}

// --- pages ------------------------------------------------------------------------------------------------------------

function read(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

function codeSpans(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
}

/** From the heading that begins with these words to the next of its kind. */
function sectionOf(page: string, heading: string): string {
  return (
    read(page)
      .split(/^## /m)
      .find((section) => section.startsWith(heading)) ?? ''
  );
}

function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', heading] = link.split('#');
  const target = path === '' ? page : join(dirname(page), path);
  if (!existsSync(join(ROOT, target))) return false;
  if (heading === undefined) return true;
  const headings = [...read(target).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => anchorOf(title));
  return headings.includes(heading);
}

/** As GitHub makes them. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
}

test('README.zh-CN.md names the columns as the template does, and their other names as they are read', () => {
  const text = readFileSync(join(ROOT, 'README.zh-CN.md'), 'utf8');
  const [, table = ''] = text.split('| 列 | 也可写作 | 说明 |\n|---|---|---|\n');
  const rows = table
    .split('\n\n')[0]
    ?.split('\n')
    .map((line) => line.split(' | '));
  expect(rows?.map(([name = '']) => name.replace('| ', ''))).toEqual(FIELDS.map((field) => columnName(field).zh));
  const others = rows?.flatMap(([, names = '']) => names.split('、').map((name) => name.replaceAll('`', ''))) ?? [];
  expect(others.filter((name) => !FIELDS.some((field) => isHeadingOf(field, name)))).toEqual([]);
});
