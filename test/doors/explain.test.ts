/** One merchant's history, by whatever a person knows of the merchant; a code of WeChat stays a code. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { MOST_TO_CHOOSE_FROM } from '../../src/app/explain.js';
import { purgeToolsOf } from '../../src/app/wiring/purging.js';
import { explainCommand } from '../../src/cli/commands/explain.js';
import { purge } from '../../src/operator/purge.js';
import { run } from '../support/command-line.js';
import { type Book, idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();
const home = mkdtempSync(join(tmpdir(), 'fr-explain-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const tea = merchant(7, 'ok', { name: '虚构云岭茶叶有限公司', legalPersonaWechat: 'weixin_of_tea' });
const id = idOf(tea);

let book: Book;
beforeEach(async () => {
  book = openBook(server.redis);
  await book.load('b1', [merchant(1), tea, merchant(2)]);
  await book.send(id);
  await book.record(id, 'create_accepted', { taskId: 'task-of-tea', authorizeUrl: 'https://example.com/a' });
  await book.record(id, 'mini_program_created', { appid: 'wx00000000000000aa' });
});

const explain = (...args: string[]) => run(explainCommand, args, { REDIS_URL: server.url, FASTREGISTER_HOME: home });

test.each([
  ['name', tea.name],
  ['a part of the name', '云岭茶'],
  ['code', tea.code],
  ['Weixin ID', 'weixin_of_tea'],
  ['appid', 'wx00000000000000aa'],
  ['task id', 'task-of-tea'],
  ['registration', id],
])('a merchant is explained by %s', async (_, text) => {
  const { stdout, status } = await explain(text);
  expect(stdout).toMatch(new RegExp(`^${id}: created\\n`));
  expect(stdout).toContain('mini_program_created');
  expect(status).toBe(0);
});

test('one of several sheets is one merchant', async () => {
  await book.load('b2', [tea]);
  expect((await explain(tea.name)).stdout).toMatch(new RegExp(`^${id}: created\\n`));
});

test('several that fit are listed with their registrations, and are no success', async () => {
  const { stdout, status } = await explain('虚构');
  for (const it of [tea, merchant(1), merchant(2)]) {
    expect(stdout).toContain(it.name);
    expect(stdout).toContain(`registration ${idOf(it)}`);
  }
  expect(stdout).not.toContain('create_sent');
  expect(status).toBe(2);
  const json = JSON.parse((await explain('虚构', '--json')).stdout) as { registration_id: string }[];
  expect(new Set(json.map((it) => it.registration_id))).toEqual(new Set([tea, merchant(1), merchant(2)].map(idOf)));
});

test('a row that is only a duplicate, or of an older sheet, does not stand for its merchant', async () => {
  const other = { ...tea, name: '虚构云岭茶业（误）', legalPersonaWechat: 'weixin_wrong' };
  await book.load('b2', [other, merchant(5, 'ok', { name: '虚构云岭茶具有限公司' })]);
  const listed = JSON.parse((await explain('云岭茶', '--json')).stdout) as Record<'name' | 'outcome', string>[];
  const told = Object.fromEntries(listed.map(({ name, outcome }) => [name, outcome]));
  expect(told).toEqual({ [tea.name]: 'created', 虚构云岭茶具有限公司: 'pending' });
});

test('the page begins with the merchant and what is sent of it', async () => {
  const { stdout } = await explain(tea.name);
  expect(stdout.split('\n').slice(0, 4)).toEqual([
    `${id}: created`,
    `  name: ${tea.name}`,
    `  code: ${tea.code}`,
    '  legal_persona_wechat: weixin_of_tea',
  ]);
});

test('of very many the first are listed', async () => {
  await book.load(
    'many',
    Array.from({ length: 60 }, (_, at) => merchant(100 + at)),
  );
  const { stdout } = await explain('虚构', '--json');
  expect(JSON.parse(stdout)).toHaveLength(MOST_TO_CHOOSE_FROM);
});

test('a text that matches no merchant is an error that says how to look', async () => {
  await expect(explain('没有这家')).rejects.toThrow(/neither a merchant of any sheet nor a code.*shorter part/);
  await expect(explain('aaaaaaaaaaaaaaaa')).rejects.toThrow('There is no registration aaaaaaaaaaaaaaaa');
});

test('numbers and codes with their source mean codes, also where a sheet has the same digits', async () => {
  expect((await explain('61070')).stdout).toMatch(/^create:61070\n/);
  expect((await explain('61010')).stdout).toMatch(/^authorize:61010\n/);
  // A part of every code of these merchants.
  await expect(explain('919900')).rejects.toThrow('no code that we know');
  await expect(explain('sheet:919900')).rejects.toThrow('no code that we know');
});

test('a merchant whose details were purged is explained by the data that is kept', async () => {
  for (const one of [merchant(1), merchant(2)]) await book.record(idOf(one), 'cancel_asked');
  const batch = await book.batches.find('b1');
  if (batch === undefined) throw new Error('no batch');
  await purge(purgeToolsOf(server.redis, home), [batch], Date.now() + 1_000, Date.now());
  const { stdout } = await explain('wx00000000000000aa');
  expect(stdout).toMatch(new RegExp(`^${id}: created\\n`));
  expect(stdout).toContain('The details were purged.');
});
