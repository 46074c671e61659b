/** What `--json` prints has names in snake_case, whatever they are called inside. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { jsonText } from '../../src/cli/json.js';
import { typed } from '../support/command-line.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { rehearse } from '../support/rehearsal.js';

test('names of ours get snake_case at every depth; settings, states and words stay', () => {
  const inside = { firstMetAt: null, calls: [{ nextEndsAt: 'a value like firstMetAt' }], FASTREGISTER_HOME: 1 };
  expect(jsonText({ ...inside, 'deferred/busy': 2, 'waits for WeChat': 3 })).toBe(
    '{"first_met_at":null,"calls":[{"next_ends_at":"a value like firstMetAt"}],"FASTREGISTER_HOME":1,"deferred/busy":2,"waits for WeChat":3}',
  );
});

test('no command prints another', async () => {
  const { env, home, book, idOf, start, settled } = await rehearse();
  const done = [merchant(1), merchant(2, 'p103'), merchant(3, '61070')];
  await book.load('b1', [...done, undefined]);
  await start();
  await settled('b1');
  const sheet = join(home, 'more.csv');
  writeFileSync(sheet, sheetOf([merchant(1), merchant(4), merchant(5, 'ok', { legalPersonaWechat: '一' })]));
  const id = idOf(merchant(3));
  const keys = new Map<string, readonly string[]>();
  for (const args of [
    ['check', sheet],
    ['status'],
    ['batches'],
    ['report', 'b1'],
    ['todo'],
    ['find', merchant(1).code],
    ['explain', id],
    ['explain', '89249'],
    ['pushes', 'list'],
    ['schedule', 'list'],
    ['doctor'],
    ['correct', id, '--legal-persona-wechat', 'another_weixin'],
    ['retry', id],
    ['cancel', 'b1'],
    ['purge', '--older-than', '1ms'],
    ['load', sheet],
    ['links'],
    ['note', id, 'noted'],
    ['users', 'list'],
    ['ledger', 'adopt'],
    ['reconcile'],
  ]) {
    const { stdout } = await typed([...args, '--json'], { env });
    keys.set(args.join(' '), keysIn(LINES.has(args[0] ?? '') ? linesOf(stdout).map(parsed) : parsed(stdout)));
  }
  for (const [command, names] of keys) {
    expect([command, names.filter((name) => /[a-z0-9][A-Z]/.test(name))]).toEqual([command, []]);
  }
  expect(keys.get('status')).toEqual(expect.arrayContaining(['worker_missing', 'last_call_at', 'to_send']));
  expect(keys.get(`check ${sheet}`)).toEqual(expect.arrayContaining(['calls_needed', 'sent_by', 'days_needed']));
});

const parsed = (text: string): unknown => JSON.parse(text);

/** One object a line, of which there may be a million. */
const LINES = new Set(['report', 'links']);
const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

function keysIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(keysIn);
  return Object.entries(value).flatMap(([key, its]) => [key, ...keysIn(its)]);
}
