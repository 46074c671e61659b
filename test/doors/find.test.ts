/** One merchant among all sheets, by whatever a person knows of it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { purgeToolsOf } from '../../src/app/wiring/purging.js';
import { findCommand } from '../../src/cli/commands/find.js';
import { loadCommand } from '../../src/cli/commands/load.js';
import { cancelCommand } from '../../src/cli/commands/retry-cancel.js';
import type { BatchSize, RowOfBatch } from '../../src/domain/batch.js';
import { purge } from '../../src/operator/purge.js';
import { key } from '../../src/redis/keys.js';
import { find } from '../../src/reporter/find.js';
import { run } from '../support/command-line.js';
import { openBook } from '../support/ledger.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';
import { REPORT_OPTIONS } from '../support/reports.js';

const server = useRedis();
const many = Array.from({ length: 1_100 }, (_, number) => merchant(number));
const one = merchant(700, 'ok', { name: '厦门 Ａ茶叶有限公司', legalPersonaWechat: 'weixin_of_the_one' });

let home: string;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'fr-find-'));
  await load('first.csv', sheetOf(many.with(700, one)));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function env() {
  return { REDIS_URL: server.url, FASTREGISTER_HOME: home };
}

async function load(name: string, text: string): Promise<void> {
  writeFileSync(join(home, name), text);
  await run(loadCommand, [join(home, name)], env());
}

type Row = Readonly<Record<'name' | 'file' | 'line' | 'outcome' | 'appid' | 'registration_id', string>>;

async function found(...args: string[]): Promise<Row[]> {
  const { stdout } = await run(findCommand, [...args, '--json'], env());
  return JSON.parse(stdout) as Row[];
}

const THE_ONE = { name: one.name, file: 'first.csv', line: '702', outcome: 'pending' };

test.each([
  ['its code', one.code],
  ['its code as people write it', one.code.toLowerCase().replace(/^(.{6})/, '$1 ')],
  ['its organisation code with a full-width hyphen', one.code.slice(8, 17).replace(/(.)$/, '－$1')],
  ['its organisation code with a dash', one.code.slice(8, 17).replace(/(.)$/, '–$1')],
  ['its name', one.name],
  ['its name in another width and without a space', '厦门a茶叶有限公司'],
  ['a part of its name', 'A茶叶'],
  ["the legal person's Weixin ID", 'Weixin_of_the_one'],
  ['a part of the Weixin ID', 'of_the_one'],
])('a merchant is found by %s', async (_, text) => {
  expect(await found(text)).toMatchObject([THE_ONE]);
});

test('a merchant is found by registration, appid and task id', async () => {
  const [{ registration_id: id = '' } = {}] = await found(one.code);
  const { send, record } = openBook(server.redis);
  await send(id);
  await record(id, 'create_accepted', { taskId: 'task-of-the-one', authorizeUrl: 'https://example.com/a' });
  await record(id, 'mini_program_created', { appid: 'wx00000000000000aa' });
  for (const text of [id, 'wx00000000000000aa', 'task-of-the-one']) {
    expect(await found(text)).toMatchObject([{ ...THE_ONE, outcome: 'created', appid: 'wx00000000000000aa' }]);
  }
});

test('every row that names it is found, the newest sheet first, and rows that our checks refused', async () => {
  await load('second.csv', sheetOf([{ ...one, legalPersonaWechat: '13800000000' }]));
  expect(await found(one.name)).toMatchObject([
    { file: 'second.csv', outcome: 'invalid' },
    { file: 'first.csv', outcome: 'pending' },
  ]);
});

test('a telephone number is found however it is grouped, in the sheet and in the question', async () => {
  const rows = ['１３８　０００００００２', '+86 138-0000-0003', '(0592) 000-0004'].map(
    (phone, at) => `示例号码${at}号,${merchant(1_300 + at).code},,,,${phone}`,
  );
  await load('phones.csv', ['企业名称,企业代码,法人微信,法人姓名,客服电话,联系电话', ...rows].join('\n'));
  const lineOf = async (text: string) => (await found(text)).map(({ line }) => line).join();
  for (const text of [
    '13800000002',
    '138-0000-0002',
    '+86 138 0000 0002',
    '0086-13800000002',
    '138.0000.0002',
    '00000002',
  ]) {
    expect([text, await lineOf(text)]).toEqual([text, '2']);
  }
  expect(await lineOf('138 0000 0003')).toBe('3');
  for (const text of ['05920000004', '+86 592 000 0004', '0592–0000004'])
    expect([text, await lineOf(text)]).toEqual([text, '4']);
  expect(await lineOf('(((((((((')).toBe('');
});

test.each(['', ' '])('nothing to look for (%j) is bad usage', async (text) => {
  await expect(found(text)).rejects.toThrow(/^Write what to look for/);
});

test('a part that many rows have is answered with as many as are asked for', async () => {
  expect(await found('有限公司', '--limit', '3')).toHaveLength(3);
  expect(await found('no such merchant')).toEqual([]);
});

test('a merchant that was purged is not found any more', async () => {
  const { batches } = openBook(server.redis);
  await run(cancelCommand, [...(await batches.list()), '--yes'], env());
  const all = await Promise.all((await batches.list()).map(batches.find));
  const old = all.filter((batch) => batch !== undefined);
  await purge(purgeToolsOf(server.redis, home), old, Date.now() + 1_000, Date.now());
  expect(await found(one.name)).toEqual([]);
  expect(await server.redis.keys(key('rowIndex', '*'))).toEqual([]);
});

test('small sheets are looked through together, and what is found comes from the newest first', async () => {
  const { batches, ledger, load: loadInto } = openBook(server.redis);
  const same = merchant(1_200);
  const ids = ['second.csv', 'third.csv', 'fourth.csv'];
  for (const id of ids) await loadInto(id, [same]);
  const asked: (readonly BatchSize[])[] = [];
  async function* rowsThatMayBe(sizes: readonly BatchSize[]): AsyncGenerator<RowOfBatch> {
    asked.push(sizes);
    for (const batch of sizes) if (ids.includes(batch.id)) yield { batch, index: 0 };
  }
  const tools = {
    batches,
    ledger,
    identify: () => '',
    ownersOf: async () => [],
    rowsThatMayBe,
    rowsWith: rowsThatMayBe,
  };
  const found: string[] = [];
  for await (const { batch } of find(tools, same.name, REPORT_OPTIONS)) found.push(batch.id);
  expect(found).toEqual(ids.toReversed());
  // With the one that was loaded before this test.
  expect(asked.map((sizes) => sizes.length)).toEqual([ids.length + 1]);
});
