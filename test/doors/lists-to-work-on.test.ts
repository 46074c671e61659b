/** Lists by outcome are the next upload: rows that a newer row has replaced or corrected are in none of them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadCommand } from '../../src/cli/commands/load.js';
import { reportCommand } from '../../src/cli/commands/report.js';
import { cancelCommand } from '../../src/cli/commands/retry-cancel.js';
import { key } from '../../src/redis/keys.js';
import { run } from '../support/command-line.js';
import { openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();
const [one, two, three] = [merchant(1), merchant(2), merchant(3)];
const NEWER = { ...one, name: '更正后的名称' };
const NO_CODE = { ...two, code: '1234' };

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'fr-lists-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const env = () => ({ REDIS_URL: server.url, FASTREGISTER_HOME: home, FASTREGISTER_COMPONENT_PHONE: '05920000000' });

async function load(name: string, merchants: readonly (typeof one)[]): Promise<string> {
  const lines = merchants.map((it) => [it.name, it.code, it.legalPersonaWechat, it.legalPersonaName].join(','));
  writeFileSync(join(home, name), ['企业名称,企业代码,法人微信,法人姓名', ...lines].join('\n'));
  return (await run(loadCommand, [join(home, name)], env())).stdout.trim();
}

async function listed(...args: string[]): Promise<{ lines: string[]; leftOut: string | undefined }> {
  const { stdout, stderr } = await run(reportCommand, [...args, '--json'], env());
  const lines = stdout.split('\n').filter(Boolean);
  return {
    lines: lines.map((line) => (JSON.parse(line) as { line: string }).line),
    leftOut: /Left out: (\d+) rows? /.exec(stderr)?.[1],
  };
}

test('a row that a newer sheet has replaced is in no list of cancelled rows, and one that was withdrawn is', async () => {
  const sheet = await load('m.csv', [one, two, three]);
  const newer = await load('n.csv', [NEWER]);
  expect(await listed(sheet, '--only', 'cancelled')).toEqual({ lines: [], leftOut: '1' });
  await run(cancelCommand, [sheet, '--yes'], env());
  expect(await listed(sheet, '--only', 'cancelled')).toEqual({ lines: ['3', '4'], leftOut: '1' });
  // The newer row was withdrawn, too: its details are the ones to upload.
  await run(cancelCommand, [newer, '--yes'], env());
  expect(await listed('--all', '--only', 'cancelled')).toEqual({ lines: ['2', '3', '4'], leftOut: '1' });
  expect(await listed(sheet, '--only', 'cancelled', '--who', 'nobody')).toEqual({
    lines: ['2', '3', '4'],
    leftOut: undefined,
  });
  expect((await listed(sheet)).lines).toEqual(['2', '3', '4']);
});

test('a row that was replaced is not to be loaded again once the enterprise has its Mini Program', async () => {
  const sheet = await load('m.csv', [one]);
  await load('n.csv', [NEWER]);
  const nextStep = async () =>
    (await run(reportCommand, [sheet, '--json'], env())).stdout.match(/"next_step":"([^"]*)"/)?.[1];
  expect(await nextStep()).toBe('If this row is the right one after all, load it in a new sheet.');
  const book = openBook(server.redis);
  const [id = ''] = await server.redis.lrange(key('ready', 'submit'), 0, -1);
  await book.send(id);
  await book.record(id, 'mini_program_created', { appid: 'wx00000000000000aa' });
  expect(await nextStep()).toBe('The Mini Program of the enterprise has been created since; leave this row out.');
});

test('a refused row that a newer sheet has corrected is in no list of rows to correct, and another one is', async () => {
  const sheet = await load('m.csv', [one, NO_CODE, { ...three, code: '5678' }]);
  expect(await listed(sheet, '--only', 'invalid')).toEqual({ lines: ['3', '4'], leftOut: undefined });
  await load('n.csv', [two]);
  for (const list of [
    ['--only', 'rejected,expired,invalid'],
    ['--who', 'merchant'],
    ['--all', '--only', 'invalid'],
  ]) {
    expect(await listed(...(list[0] === '--all' ? [] : [sheet]), ...list)).toEqual({ lines: ['4'], leftOut: '1' });
  }
  expect(await listed(sheet, '--only', 'pending')).toEqual({ lines: ['2'], leftOut: undefined });
  expect(await listed(sheet)).toEqual({ lines: ['2', '3', '4'], leftOut: undefined });
});
