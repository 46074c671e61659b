/** With FASTREGISTER_LANG=zh a clerk reads no English word from one end to the other, but for names that are typed. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.js';
import { LINE_FAULTS } from '../../src/domain/line-faults.js';
import type { Merchant } from '../../src/domain/merchant.js';
import { displayWidth } from '../../src/domain/printable.js';
import { type Ran, typed } from '../support/command-line.js';
import { freePort } from '../support/free-port.js';
import { cellsOf, HEADINGS, merchant, sheetOf } from '../support/merchants.js';
import { EVENTS_PATH, emptyRedis, newHome, newSimulator, rehearsalEnvironment } from '../support/rehearsal.js';

const folder = mkdtempSync(join(tmpdir(), 'fr-zh-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const CHINESE = { FASTREGISTER_LANG: 'zh' };

/** What is the same in every language, by its shape. */
const NAMES: readonly RegExp[] = [
  // Typed as it stands: a command in backticks, an example, an option, a setting.
  /`[^`]*`/g,
  /^ {2}(?:\w+=\S+ )*(?:fastregister|npm run demo).*$/gm,
  /(?<![\w-])--?[a-z][a-z-]*(?:=[a-z]+)?/g,
  /\b(?:FASTREGISTER|WECHAT|REDIS)_[A-Z_]+\b/g,
  // Addresses, paths and files.
  /https?:\/\/[^\s，。；）]*|\bwww(?:\.\w+)+/g,
  /(?:\.{0,2}\/|docs\/|done\/|samples\/)[^\s：，。；（）]*/g,
  /[\w.-]*\.(?:csv|xlsx|html|md|env|com)\b/g,
  // Codes, fields, ids and times.
  /\b[a-z]+:[\w-]+/g,
  /\b[a-z]+(?:_[a-z]+)+\b/g,
  /\bwx[0-9a-f]{16}\b|\b[a-z2-7]{16}\b|\bb[0-9a-f]{8,}\b/g,
  /\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)/g,
  // A machine, a process and its version; a Weixin ID.
  /\S+:\d+ \([\w.-]+\)/g,
  /\bfate-\w+-\w+\b/g,
  // What WeChat said, as it came.
  /^ {2}微信：.*$/gm,
  /微信原文：[^\n\u4e00-\u9fff。；]*/g,
  /(?<= {2})[^\u4e00-\u9fff→]+(?= {2}→)/g,
];

/** Single words that Chinese software writes like this, and those of ours that are typed. */
const WORDS = new Set([
  ...[
    'fastregister',
    'fastregisterweapp',
    'fastregisterenterpriseweapp',
    ...Object.keys(COMMANDS),
    'nights',
    'console',
    'help',
  ],
  // Below `schedule`, `pushes`, `tokens`, `ledger`, `notify` and `users`.
  ...[
    'role',
    'password',
    'logout',
    'viewer',
    'operator',
    'admin',
    'add',
    'list',
    'remove',
    'show',
    'replay',
    'match',
    'export',
    'reseal',
    'adopt',
    'test',
  ],
  ...['created', 'duplicate', 'invalid', 'rejected', 'expired', 'cancelled', 'pending'],
  ...['merchant', 'platform', 'nobody', 'submitted', 'yes', 'problem', 'noted'],
  ...[
    'AppID',
    'appid',
    'rid',
    'README',
    'CSV',
    'Ctrl',
    'Excel',
    'JSON',
    'PNG',
    'Redis',
    'DNS',
    'URL',
    'UTF',
    'HTTP',
    'HTTPS',
    'API',
    'cron',
    'WPS',
  ],
]);

/** The English that is left, with a piece of what stands before it. */
function englishIn(text: string): string[] {
  const rest = NAMES.reduce((left, name) => left.replace(name, ' · '), text);
  return [...rest.matchAll(/[A-Za-z]{3,}/g)]
    .filter(([word]) => !WORDS.has(word))
    .map(({ 0: word, index }) => rest.slice(Math.max(0, index - 20), index + word.length + 20));
}

test('a sentence of English is noticed, and a name is none', () => {
  expect(englishIn('已写入：a.csv\nThere are more; 请看 --limit 500')).not.toEqual([]);
  expect(englishIn('提交  running')).not.toEqual([]);
  expect(englishIn('详见 `fastregister status`，或 FASTREGISTER_HOME、create:61070、AppID wx0123456789abcdef')).toEqual(
    [],
  );
});

/** One of them may hold up a run that is watched, whichever it is. */
test('nothing that stops or delays sending is reported in English', () => {
  const told = Object.values(LINE_FAULTS).flatMap(({ zh, nextStep }) => [zh, nextStep.zh]);
  expect(told.length).toBeGreaterThan(10);
  expect(told.flatMap(englishIn)).toEqual([]);
});

async function zh(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> {
  return typed(args, { env: { ...env, ...CHINESE } });
}

/** Neither on the screen nor, where `both`, among the data. */
async function inChinese(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  both: 'both' | 'stderr' = 'both',
): Promise<Ran> {
  const ran = await zh(args, env);
  expect([args.join(' '), englishIn(ran.stderr)]).toEqual([args.join(' '), []]);
  if (both === 'both') expect([args.join(' '), englishIn(ran.stdout)]).toEqual([args.join(' '), []]);
  expect(ran.status).not.toBe(1);
  return ran;
}

describe('help', () => {
  test.each(Object.keys(COMMANDS))('of %s', async (name) => {
    const { stdout, status } = await inChinese([name, '--help'], {});
    expect(status).toBe(0);
    expect(stdout).toMatch(/\p{Script=Han}{4}/u);
    // What one writes for people in an example is Chinese as well.
    expect(stdout.match(/^ {2}fastregister .*"[^"]*[a-z]{2,}[^"]*"/gm)).toBeNull();
    const below = /^命令：\n((?: {2}.*\n)+)/m.exec(stdout)?.[1] ?? '';
    for (const [, sub = ''] of below.matchAll(/^ {2}([a-z]+)/gm)) {
      if (sub !== 'help') await inChinese([name, sub, '--help'], {});
    }
  });
});

test('help is wrapped to 80 columns, beside any Chinese character but before no mark, and its columns are aligned', async () => {
  const { stdout } = await inChinese(['--help'], {});
  const lines = stdout.split('\n');
  expect(lines.filter((line) => displayWidth(line) > 80)).toEqual([]);
  expect(lines.filter((line) => /^\s*[，。；：、？！）”]/.test(line))).toEqual([]);
  const described = lines.filter((line) => /^ {2}[a-z]+ .*\p{Script=Han}/u.test(line) && !line.includes('npm'));
  const columns = described.map((line) => displayWidth(/^ {2}\S+(?: [[<]\S+)* {2,}/u.exec(line)?.[0] ?? ''));
  expect(columns.length).toBeGreaterThan(20);
  expect(new Set(columns).size).toBe(1);
});

test('what is missing is named as in the help', async () => {
  expect((await inChinese(['note'], {})).stderr).toContain('错误：缺少参数 <商户编号>');
  expect((await inChinese(['report', '--only'], {})).stderr).toContain('<结果,...>');
});

describe('usage that is wrong', () => {
  // biome-ignore format: one line, one mistake
  test.each([
    ['serve', '--only', '无'],
    ['explain', '无'],
    ['report', 'b1', '--all'],
    ['report', '--json', '--xlsx'],
    ['report', '--only', 'x'],
    ['report', '--who', 'x'],
    ['report', '--since', 'x'],
    ['report', 'b1'],
    ['find', 'x', '--limit', '0'],
    ['check', 'x.csv', '--accept-warnings', '1'],
    ['check', 'x.csv', '--max-invalid', 'x'],
    ['check', 'x.csv', 'y.csv', '--annotated', 'z.csv'],
    ['check', 'x.csv'],
    ['load', 'x.csv', '--canary', '1y'],
    ['load'],
    ['load', '--nothing', 'x.csv'],
  ])('%s %s %s', async (...args) => {
    const home = newHome();
    const { status, stderr } = await inChinese(args, { FASTREGISTER_HOME: home });
    expect(status).toBe(2);
    expect(stderr).toMatch(/\p{Script=Han}{2}/u);
  });

  // biome-ignore format: one line, one mistake
  test.each([
    [[]],
    [['x.csv', 'y.csv', '-o', 'z.csv']],
    [['x.csv', 'x.csv', '-o', '/tmp']],
    [['x.csv', '--until', 'x']],
    [['x.csv', '--inbox', '/tmp']],
    [['--inbox', '/tmp', '-o', 'z.csv']],
    [['--inbox', '/tmp', '--again']],
    [['--inbox', '/tmp', '--canary', '3']],
  ])('run %s', async (args) => {
    const env = rehearsalEnvironment(newHome(), 'http://127.0.0.1:9');
    const { status, stderr } = await inChinese(['run', ...args], env);
    expect(status).toBe(2);
    expect(stderr).toMatch(/\p{Script=Han}{2}/u);
  });
});

async function platform(options: { speed?: number } = {}, more: Record<string, string> = {}) {
  const simulator = await newSimulator(options);
  const port = await freePort();
  simulator.setPushUrl(`http://127.0.0.1:${port}${EVENTS_PATH}`);
  const place = { ...rehearsalEnvironment(newHome(), simulator.url), ...(await emptyRedis()) };
  return { ...place, FASTREGISTER_EVENTS_PORT: String(port), ...more };
}

/** The simulator's words are in the Weixin ID, where no sentence repeats them. */
function named(number: number): Merchant {
  return merchant(number, 'ok', { name: `虚构商户${number}号有限公司` });
}

function saved(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

test('a sheet with mistakes, checked, run, reported and looked up', async () => {
  const env = await platform();
  const fates = ['ok', 'c61070', 'p103', 'p100001', 'c99999'];
  const rows = fates.map((fate, at) => ({ ...named(at), legalPersonaWechat: `fate-${fate}-z${at}` }));
  const file = saved(
    'merchants.csv',
    sheetOf([...rows, named(0), { ...named(8), code: '9.11E+17' }, { ...named(9), name: '虚构(甲)有限公司' }]),
  );

  expect((await inChinese(['check', file], env)).stdout).toMatch(/需更正 +1/);
  await inChinese(['check', file, '--annotated', join(folder, 'problems.csv')], env);
  await inChinese(['batches'], env);
  await inChinese(['status'], env);

  const output = join(folder, 'outcomes.csv');
  const ran = await inChinese(['run', file, '-o', output], env);
  expect(ran.status).toBe(3);
  expect(ran.stderr).toMatch(/已创建 +2/);
  expect(ran.stderr).toMatch(/已过期 +1/);
  const idOf = (outcome: string): string =>
    new RegExp(`"${outcome}".*"([a-z2-7]{16})","b[0-9a-f]+"`).exec(readFileSync(output, 'utf8'))?.[1] ?? '';
  const id = idOf('已创建');

  expect((await inChinese(['load', file], env, 'stderr')).stderr).toContain('此前已导入为批次');
  expect((await inChinese(['check', file], env)).stdout).toContain('再次导入不会有任何变化');
  const status = await inChinese(['status'], env);
  expect(status.stdout).toMatch(/今日额度 +已用 \d+ \/ 1000 次，剩余 \d+ 次/);
  expect(status.stdout).toContain('已创建 2');
  expect((await inChinese(['batches'], env)).stdout).toMatch(/前 +8 行/);
  expect((await inChinese(['report'], env, 'stderr')).stderr).toContain('最新的批次');
  await inChinese(['report', '-o', output, '--force'], env);
  await inChinese(['report', '-o', output], env);
  expect((await inChinese(['todo', '-o', join(folder, 'todo.xlsx')], env)).stderr).toContain('需联系 3 个商户');
  const found = await inChinese(['find', named(0).code], env);
  expect(found.stdout).toContain('第 2 行，批次');
  await inChinese(['find', '没有这个商户'], env);
  await inChinese(['find', '虚构', '--limit', '1'], env);
  expect((await inChinese(['explain', id], env)).stdout).toContain(`${id}：已创建`);
  await inChinese(['explain', 'create:61070'], env);
  await inChinese(['explain', '虚构'], env);
  await inChinese(['explain', '没有这个商户'], env);
  await inChinese(['note', id, '已致电，稍后确认', '--by', '王示'], env);
  await inChinese(['note', id, '--contacted', '--by', '王示'], env);
  await inChinese(['explain', id], env);
  const details = ['--legal-persona-wechat', 'fate-ok-y1', '--by', '王示', '--yes'];
  expect((await inChinese(['correct', idOf('微信未通过'), ...details], env)).status).toBe(0);
  await inChinese(['correct', '没有这个商户', ...details], env);
  await inChinese(['links'], env);

  await inChinese(['pause'], env);
  const paused = await inChinese(['status'], env);
  expect(paused.stdout).toMatch(/提交 +提交已人工暂停：由运营人员暂停。自 \d+ 月 \d+ 日 \d\d:\d\d 起暂停/);
  await inChinese(['load', saved('more.csv', sheetOf([named(20)]))], env, 'stderr');
  expect((await inChinese(['work', '--drain'], env)).status).toBe(4);
  await inChinese(['resume'], env);
  await inChinese(['resume'], env);
});

test('links that legal persons have yet to open', async () => {
  const env = await platform({ speed: 1 }, { WECHAT_REGISTRATION_API: 'fastregisterenterpriseweapp' });
  const file = saved('links.csv', `${[HEADINGS, cellsOf(named(1)), cellsOf(named(2))].join('\r\n')}\r\n`);
  await inChinese(['run', file, '--until', 'submitted', '-o', join(folder, 'links.out.csv')], env);
  expect((await inChinese(['links'], env)).stdout).toMatch(/行号 +商户 +到期时间 +链接/);
  await inChinese(['links', '--qr', join(folder, 'codes')], env);
  expect((await inChinese(['status'], env)).stdout).toMatch(/待打开的链接 +2 个，最早于 \d+ 月 \d+ 日 \d\d:\d\d 到期/);
  expect((await inChinese(['todo'], env, 'stderr')).stderr).toContain('其中 2 个仍在 24 小时内');
  await inChinese(['find', named(1).name], env);
});
