/** Whom to phone, and by when: the clerk's list. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadCommand } from '../../src/cli/commands/load.js';
import { reportCommand } from '../../src/cli/commands/report.js';
import { todoCommand } from '../../src/cli/commands/todo.js';
import { key } from '../../src/redis/keys.js';
import { run } from '../support/command-line.js';
import { HOUR_MS, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';
import { cellsShown, partOf } from '../support/workbook-parts.js';

const server = useRedis();

let home: string;
let ids: readonly string[];
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'fr-todo-'));
  const rows = Array.from({ length: 5 }, (_, at) => merchant(at));
  const lines = rows.map(({ name, code, legalPersonaWechat, legalPersonaName, componentPhone }, at) =>
    [name, code, legalPersonaWechat, legalPersonaName, componentPhone, `经理${at}`, `1380000000${at}`].join(','),
  );
  const sheet = join(home, 'merchants.csv');
  writeFileSync(
    sheet,
    ['name,code,法人微信,法人姓名,客服电话,门店联系人,手机', ...lines, '无代码商户,,,,,,'].join('\n'),
  );
  await run(loadCommand, [sheet], env());
  ids = await server.redis.lrange(key('ready', 'submit'), 0, -1);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const env = () => ({ REDIS_URL: server.url, FASTREGISTER_HOME: home });
const path = (name: string) => join(home, name);

/** The first was created, the others wait for their legal persons for some hours, but for the third, which failed. */
async function aDayLater(): Promise<void> {
  const { record } = openBook(server.redis);
  const now = Date.now();
  for (const [at, hours] of [30, 20, 30, 2, 23].entries()) {
    const id = ids[at] ?? '';
    await record(id, 'create_sent', { at: now - hours * HOUR_MS });
    await record(id, 'create_accepted', { at: now - hours * HOUR_MS });
  }
  await record(ids[0] ?? '', 'mini_program_created', { appid: 'wx00000000000000aa', at: now });
  await record(ids[2] ?? '', 'registration_refused', { problem: 'push:103', at: now });
}

type Row = Readonly<
  Record<'merchant' | 'contact' | 'confirm_by' | 'outcome' | 'problem' | 'reason' | 'message', string>
>;

async function todos(...args: string[]): Promise<Row[]> {
  const { stdout } = await run(todoCommand, [...args, '--json'], env());
  return JSON.parse(stdout) as Row[];
}

test('merchants whose 24 hours still run come first, the least time left before the others; then failed ones', async () => {
  await aDayLater();
  const rows = await todos();
  expect(rows.map(({ merchant, outcome }) => [merchant, outcome])).toEqual([
    [merchant(4).name, 'pending'],
    [merchant(1).name, 'pending'],
    [merchant(3).name, 'pending'],
    [merchant(2).name, 'rejected'],
    ['无代码商户', 'invalid'],
  ]);
  const hoursLeft = rows.map(({ confirm_by }) => Math.round((Date.parse(confirm_by) - Date.now()) / HOUR_MS));
  expect(hoursLeft).toEqual([1, 4, 22, Number.NaN, Number.NaN]);
});

test('--who us lists what an operator has to settle, and nothing that goes on by itself', async () => {
  await aDayLater();
  await openBook(server.redis).record(ids[3] ?? '', 'registration_refused', { problem: 'push:105' });
  const names = async (...args: string[]) => (await todos(...args)).map(({ merchant }) => merchant);
  expect(await names('--who', 'us')).toEqual([merchant(3).name]);
  expect((await run(todoCommand, ['--who', 'us'], env())).stderr).toBe('1 row to settle.\n');
  expect(await names('--who', 'legal_person')).toEqual([merchant(4).name, merchant(1).name]);
  expect(await names('--who', 'us,商户')).toEqual(
    expect.arrayContaining([merchant(3).name, merchant(2).name, '无代码商户']),
  );
  await expect(names('--who', 'nobody')).rejects.toThrow('--who nobody: use us, merchant, legal_person, platform.');
});

test('a Chinese workbook has times as clocks show them; CSV and JSON have data', async () => {
  await aDayLater();
  const first = async (...args: string[]) => {
    await run(todoCommand, ['-o', path('t.xlsx'), '--force', ...args], env());
    return (await cellsShown(path('t.xlsx'), 1)).get('A2')?.text;
  };
  expect(await first('--lang', 'zh')).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  expect(await first('--lang', 'en')).toMatch(/T.*[+-]\d\d:\d\d$/);
  expect((await todos('--lang', 'zh'))[0]?.confirm_by).toMatch(/T.*[+-]\d\d:\d\d$/);
});

test('a contact can be dialled as it stands there, however the sheet has it', async () => {
  const sheet = join(home, 'contacts.csv');
  const { name, code, legalPersonaName } = merchant(9);
  writeFileSync(
    sheet,
    `name,code,法人微信,法人姓名,客服电话,联系人\n${name},${code},13800000009,${legalPersonaName},,　王经理　＋86 138－0000－0009\u200b \n`,
  );
  await run(loadCommand, [sheet], env());
  expect((await todos()).map(({ contact }) => contact)).toContain('王经理 +86 138-0000-0009');
});

test('what export programs and Excel put around a text is in no message to a merchant, and in no contact', async () => {
  const { name, code, legalPersonaName } = merchant(9);
  const refused = {
    'exported.csv': (cell: string) => `="${cell}"`,
    'excel.csv': (cell: string) => (/^[0-9]/.test(cell) ? `'${cell}` : cell),
  };
  for (const [file, written] of Object.entries(refused)) {
    const cells = [name, code, '', legalPersonaName, '05921234567', '13800138001'].map(written);
    const line = cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',');
    writeFileSync(path(file), `name,code,法人微信,法人姓名,客服电话,联系人\n${line}\n`);
    await run(loadCommand, [path(file)], env());
    const [found] = (await todos('--lang', 'zh')).filter(({ contact }) => contact.includes('13800138001'));
    expect(found).toMatchObject({ merchant: name, contact: '13800138001' });
    expect(found?.message).toMatch(new RegExp(`^${name}，您好！.*如有疑问，请致电 05921234567。$`));
    // The sheet's own cells come back as they were.
    expect((await run(reportCommand, ['--json'], env())).stdout).toContain(JSON.stringify(written('05921234567')));
  }
});

test('it has the contact columns of the sheet, or the named ones, and never the number of the platform', async () => {
  await aDayLater();
  expect((await todos())[0]?.contact).toBe('门店联系人 经理4; 手机 13800000004');
  expect((await todos('--lang', 'zh'))[0]?.contact).toBe('门店联系人 经理4；手机 13800000004');
  expect((await todos('--contact', '手机'))[0]?.contact).toBe('13800000004');
});

test('a heading of --contact that no sheet has is named, and one that a sheet has is not', async () => {
  await aDayLater();
  const said = async (contact: string) => (await run(todoCommand, ['--contact', contact], env())).stderr;
  expect(await said('手机,手机号')).toMatch(/No sheet has the heading 手机号 \(--contact\)/);
  expect(await said('手机')).not.toContain('No sheet');
});

test('the telephones of our own people are no contacts of the merchant', async () => {
  const { name, code, legalPersonaName } = merchant(9);
  writeFileSync(
    path('ours.csv'),
    `name,code,法人微信,法人姓名,客服电话,业务员电话,销售手机,客户经理联系方式,招商电话,BD电话,法人电话,Sales phone\n${name},${code},13800000009,${legalPersonaName},,1,2,3,4,5,13800000006,7\n`,
  );
  await run(loadCommand, [path('ours.csv')], env());
  expect((await todos()).find(({ merchant }) => merchant === name)?.contact).toBe('13800000006');
  const chosen = await todos('--contact', '业务员电话,法人电话');
  expect(chosen.find(({ merchant }) => merchant === name)?.contact).toBe('业务员电话 1; 法人电话 13800000006');
});

test('the reason is what is wrong, without the cells that were repaired', async () => {
  const { name, code, legalPersonaWechat, legalPersonaName } = merchant(9);
  writeFileSync(
    path('repaired.csv'),
    `name,code,法人微信,法人姓名,客服电话,手机,\n ${name} , ${code},${legalPersonaWechat},${legalPersonaName},,1.38E+10,x\n`,
  );
  await run(loadCommand, [path('repaired.csv')], env());
  const { ledger } = openBook(server.redis);
  const [id = ''] = await server.redis.lrange(key('ready', 'submit'), -1, -1);
  expect((await ledger.read(id))?.row?.merchant?.name).toBe(name);
  await openBook(server.redis).record(id, 'create_sent', {});
  await openBook(server.redis).record(id, 'registration_refused', { problem: 'push:103', at: Date.now() });
  const found = (await todos()).find(({ merchant }) => merchant === name);
  expect(found?.reason).toMatch(/^[^:]*\. F2: Excel has turned the merchant's phone number into 1\.38E\+10; nobody/);
  expect(found?.reason).not.toMatch(/[A-EG]2:/);
  expect((await run(reportCommand, ['--json'], env())).stdout).toContain('A2: spaces around');
});

test('a row that names a merchant again does not list it twice', async () => {
  await aDayLater();
  writeFileSync(path('again.csv'), `${readFileSync(path('merchants.csv'), 'utf8')}\n`);
  await run(loadCommand, [path('again.csv')], env());
  const names = (await todos()).map(({ merchant }) => merchant);
  expect(names.filter((name) => name === merchant(4).name)).toHaveLength(1);
});

test('as a file it is formula-safe, and NAME.xlsx is a workbook', async () => {
  writeFileSync(path('hostile.csv'), 'name,code,法人微信,法人姓名,联系人\n坏公司,91350100M00007919J,no,钱示二,=1+1\n');
  await run(loadCommand, [path('hostile.csv')], env());
  await run(todoCommand, ['-o', path('todo.csv'), '--lang', 'zh'], env());
  const [headings, ...lines] = readFileSync(path('todo.csv'), 'utf8').split('\r\n');
  expect(headings).toMatch(/^\ufeff"最迟确认时间","商户","联系方式","联系时间","经办人","备注","由谁处理","原因"/);
  expect(lines.find((line) => line.includes('坏公司'))).toMatch(/"坏公司","'=1\+1"/);
  const { stdout } = await run(todoCommand, [], env());
  expect(stdout).toMatch(
    /^\ufeff"confirm_by","merchant","contact","contacted_at","contacted_by","note","who_acts","reason"/,
  );
});

test('as a workbook it is formatted as the report is, and a message is in sight as a whole', async () => {
  await aDayLater();
  await run(todoCommand, ['-o', path('todo.xlsx'), '--lang', 'zh'], env());
  const cells = await cellsShown(path('todo.xlsx'), 1);
  expect(['A1', 'B1', 'G5', 'L5'].map((place) => cells.get(place)?.text)).toEqual([
    '最迟确认时间',
    '商户',
    '商户',
    '微信未通过',
  ]);
  expect(new Set(['B2', 'A2', 'L2', 'L5'].map((place) => cells.get(place)?.fill)).size).toBe(4);
  const sheet = await partOf(path('todo.xlsx'), 'xl/worksheets/sheet1.xml');
  expect(sheet).toContain('<autoFilter ref="A1:Q6"/>');
  expect(sheet).toContain('state="frozen"');
});

test('report --who has the rows on which this side has to act, and -o NAME.xlsx is a workbook', async () => {
  await aDayLater();
  const { stdout } = await run(reportCommand, ['--who', 'merchant,legal_person', '--json'], env());
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { who_acts: string });
  expect(new Set(rows.map(({ who_acts }) => who_acts))).toEqual(new Set(['merchant', 'legal_person']));
  const chinese = await run(reportCommand, ['--who', '商户，法人', '--only', '处理中、微信未通过', '--json'], env());
  expect(chinese.stdout.match(/"outcome":"\w+"/g)?.sort()).toEqual([
    '"outcome":"pending"',
    '"outcome":"pending"',
    '"outcome":"pending"',
    '"outcome":"rejected"',
  ]);
  await run(reportCommand, ['-o', path('report.xlsx')], env());
  expect(readFileSync(path('report.xlsx')).subarray(0, 2).toString()).toBe('PK');
});
