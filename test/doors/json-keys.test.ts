/** What `--json` prints has names in snake_case, whatever they are called inside, and docs/json.md names them all. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { jsonText } from '../../src/cli/json.js';
import { openPushes } from '../../src/redis/pushes/pushes.js';
import { typed } from '../support/command-line.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { rehearse } from '../support/rehearsal.js';

test('names of ours get snake_case at every depth; settings, states and words stay', () => {
  const inside = { firstMetAt: null, calls: [{ nextEndsAt: 'a value like firstMetAt' }], FASTREGISTER_HOME: 1 };
  expect(jsonText({ ...inside, 'deferred/busy': 2, 'waits for WeChat': 3 })).toBe(
    '{"first_met_at":null,"calls":[{"next_ends_at":"a value like firstMetAt"}],"FASTREGISTER_HOME":1,"deferred/busy":2,"waits for WeChat":3}',
  );
});

test('no command prints another, or one that docs/json.md does not have', async () => {
  const { env, home, book, store, idOf, start, settled } = await rehearse();
  const done = [merchant(1), merchant(2, 'p103'), merchant(3, '61070')];
  await book.load('b1', [...done, undefined]);
  await start();
  await settled('b1');
  const sheet = join(home, 'more.csv');
  writeFileSync(sheet, sheetOf([merchant(1), merchant(4), merchant(5, 'ok', { legalPersonaWechat: '一' })]));
  const [id, refused] = [idOf(merchant(3)), idOf(merchant(2))];
  await typed(['users', 'add', 'wang'], { env });
  await typed(['schedule', 'add', 'nightly', '--inbox', home, '--at', '0 22 * * *'], { env });
  const [push] = await openPushes(store.redis).list(1);
  const keys = new Map<string, readonly string[]>();
  const printed = new Map<string, readonly string[]>();
  for (const args of [
    ['check', sheet],
    ['status'],
    ['batches'],
    ['report', 'b1'],
    ['todo'],
    ['find', merchant(1).code],
    ['explain', id],
    ['explain', refused],
    ['explain', '89249'],
    ['pushes', 'list'],
    ['pushes', 'show', push?.id ?? ''],
    ['pushes', 'replay', push?.id ?? ''],
    ['schedule', 'list'],
    ['doctor'],
    ['correct', id, '--legal-persona-wechat', 'another_weixin'],
    ['correct', refused, '--legal-persona-wechat', '一'],
    ['correct', refused, '--legal-persona-wechat', 'another_weixin', '--yes'],
    ['retry', id],
    ['cancel', 'b1', '--yes'],
    ['load', sheet],
    ['check', sheet],
    ['links'],
    ['note', id, 'noted'],
    ['users', 'list'],
    ['ledger', 'adopt'],
    ['notify', 'test'],
    ['reconcile'],
    ['purge', '--older-than', '1ms', '--yes'],
  ]) {
    const { stdout } = await typed([...args, '--json'], { env: { ...env, ...OTHER_SETTINGS[args[0] ?? ''] } });
    const value = LINES.has(args[0] ?? '') ? linesOf(stdout).map(parsed) : parsed(stdout);
    keys.set(args.join(' '), keysIn(value));
    const section = sectionOf(args);
    const leaves = leavesIn(value);
    printed.set(section, [...(printed.get(section) ?? []), ...leaves.map(([path]) => path)]);
    expect([section, leaves.filter((leaf) => !hasUnit(leaf, DOCUMENTED.get(section) ?? []))]).toEqual([section, []]);
  }
  for (const [command, names] of keys) {
    expect([command, names.filter((name) => /[a-z0-9][A-Z]/.test(name))]).toEqual([command, []]);
  }
  expect([...printed.keys()].sort()).toEqual([...DOCUMENTED.keys()].sort());
  for (const [section, paths] of printed) {
    const fields = DOCUMENTED.get(section) ?? [];
    expect({ section, paths: paths.filter((path) => !fields.some((field) => covers(field, path))) }).toEqual({
      section,
      paths: [],
    });
    // What is there in some cases only says so.
    const missing = fields.filter((field) => !field.isOnlySometimes && !paths.some((path) => covers(field, path)));
    expect({ section, missing: missing.map(({ name }) => name) }).toEqual({ section, missing: [] });
  }
  expect(keys.get(`pushes replay ${push?.id}`)).toContain('received_at');
  expect(keys.get('status')).toEqual(expect.arrayContaining(['worker_missing', 'last_call_at', 'to_send']));
  expect(keys.get(`check ${sheet}`)).toEqual(expect.arrayContaining(['calls_needed', 'sent_by', 'days_needed']));
});

/** Another platform is a difference, and no robot listens there. */
const OTHER_SETTINGS: Readonly<Record<string, Record<string, string>>> = {
  ledger: { WECHAT_API_BASE_URL: 'https://proxy.example' },
  notify: {
    FASTREGISTER_NOTIFY_URL: 'http://127.0.0.1:1/',
    FASTREGISTER_WEBHOOK_SECRET: 'a long random text of a test',
  },
};

interface Field {
  /** `groups[].cells[]` */
  readonly name: string;
  readonly isOnlySometimes: boolean;
  readonly unit: string;
}

/** The fields of docs/json.md by section. */
const DOCUMENTED = new Map(
  readFileSync(new URL('../../docs/json.md', import.meta.url), 'utf8')
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.split('\n')[0] ?? '', fieldsOf(section)] as const),
);

function fieldsOf(section: string): Field[] {
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  return rows.flatMap((row) => {
    const [, names = '', meaning = '', last = ''] = row.split(' | ').length === 3 ? ['', ...row.split(' | ')] : [];
    const units = last.replace(/ \|$/, '').split(', ');
    return [...names.matchAll(/`([^`]+)`/g)].map(([, name = ''], at) => ({
      name,
      isOnlySometimes: /\bonly\b/.test(meaning),
      unit: units[at] ?? units[0] ?? '',
    }));
  });
}

function sectionOf([command = '', part = '']: readonly string[]): string {
  const heading = [...DOCUMENTED.keys()].find((it) => it === `${command} ${part}` || it.split(', ').includes(command));
  return heading ?? command;
}

/** `*` is a name that is data. What is null or empty has none of the fields below it. */
function covers({ name }: Field, path: string): boolean {
  const pattern = name.replace(/[[\].]/g, '\\$&').replaceAll('*', '.+');
  return new RegExp(`^${pattern}$`).test(path) || name.startsWith(`${path}.`) || name.startsWith(`${path}[]`);
}

type Leaf = readonly [path: string, value: unknown];

function leavesIn(value: unknown, path = ''): Leaf[] {
  if (typeof value !== 'object' || value === null) return [[path, value]];
  if (Array.isArray(value))
    return value.length === 0 ? [[path, value]] : value.flatMap((it) => leavesIn(it, `${path}[]`));
  const entries = Object.entries(value);
  return entries.length === 0
    ? [[path, value]]
    : entries.flatMap(([key, its]) => leavesIn(its, path === '' ? key : `${path}.${key}`));
}

/** A time is written as the page says. */
function hasUnit([path, value]: Leaf, fields: readonly Field[]): boolean {
  const { unit } = fields.find(({ name }) => name === path) ??
    fields.find((field) => covers(field, path)) ?? { unit: '' };
  if (typeof value === 'number') return !['time', 'text', 'word', 'sentence'].includes(unit);
  if (typeof value !== 'string' || value === '') return true;
  return unit !== 'ms' && (unit !== 'time' || /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$/.test(value));
}

const parsed = (text: string): unknown => JSON.parse(text);

/** One object a line, of which there may be a million. */
const LINES = new Set(['report', 'links']);
const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

function keysIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(keysIn);
  return Object.entries(value).flatMap(([key, its]) => [key, ...keysIn(its)]);
}
