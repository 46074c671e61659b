/** `template`, `check` and `load` as their users type them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { rulesOf } from '../../src/app/wiring/registration-api.js';
import { checkCommand } from '../../src/cli/commands/check.js';
import { loadCommand } from '../../src/cli/commands/load.js';
import { reportCommand } from '../../src/cli/commands/report.js';
import { templateCommand } from '../../src/cli/commands/template.js';
import { readSettings } from '../../src/config.js';
import { creditCodeCheck, residentCheck } from '../../src/domain/enterprise-code.js';
import { identifyWith, type Merchant } from '../../src/domain/merchant.js';
import { load as loadSheet } from '../../src/producer/load.js';
import { openSheet } from '../../src/producer/sheets/sheet.js';
import { key } from '../../src/redis/keys.js';
import { openBatches } from '../../src/redis/ledger/batches.js';
import { run } from '../support/command-line.js';
import { identify, idOf, openBook } from '../support/ledger.js';
import { cellsOf, HEADINGS, merchant, sheetOf } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';
import { cellsShown } from '../support/workbook-parts.js';

const server = useRedis();
const RESIDENT = `11000019900101000${residentCheck('11000019900101000')}`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fr-sheets-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function saved(text: string | Uint8Array, name = 'merchants.csv'): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

const withRedis = () => ({ REDIS_URL: server.url, FASTREGISTER_HOME: folder });
const alone = () => ({ FASTREGISTER_HOME: join(folder, 'nothing here') });
const check = (args: string[], env: Record<string, string> = alone()) => run(checkCommand, args, env);
const load = (...args: string[]) => run(loadCommand, args, withRedis());

interface Checked {
  readonly problems: readonly {
    readonly line: number;
    readonly cell: string;
    readonly problem: string;
    readonly next_step: string;
  }[];
  readonly [fact: string]: unknown;
}

async function checked(args: string[], env?: Record<string, string>): Promise<Checked> {
  const { stdout } = await check([...args, '--json'], env);
  return (JSON.parse(stdout) as Checked[])[0] as Checked;
}

/** A row with the organisation code of this enterprise. */
const organisation = (number: number): Merchant =>
  merchant(number, 'ok', { code: merchant(number).code.slice(8, 17), codeType: 2 });

/** The first row is good, the second has a warning, the third an error, the fourth repeats the first in another width. */
const MIXED = sheetOf([
  merchant(1),
  { ...merchant(2), name: '虚构(甲)有限公司' },
  { ...merchant(3), code: '9.11E+17' },
  { ...merchant(1), legalPersonaWechat: merchant(1).legalPersonaWechat.toUpperCase() },
]);

describe('template', () => {
  test.each(['en', 'zh'])('prints a sheet in %s that check takes', async (lang) => {
    const { stdout, status } = await run(templateCommand, ['--lang', lang], {});
    expect(status).toBe(0);
    expect(await checked([saved(stdout)])).toMatchObject({ rows: 0, problems: [] });
  });

  test('writes a workbook to a file that ends in .xlsx, and over no other file', async () => {
    const out = join(folder, 'merchants.xlsx');
    await run(templateCommand, ['-o', out], {});
    expect(readFileSync(out).subarray(0, 2).toString()).toBe('PK');
    expect(await checked([out])).toMatchObject({ rows: 0, problems: [] });
    await expect(run(templateCommand, ['-o', out], {})).rejects.toThrow(/is there already/);
  });
});

describe('check', () => {
  test('prints each problem with its cell, how often each kind is there, and the plan', async () => {
    const file = saved(MIXED);
    const { stdout, status } = await check([file]);
    expect(status).toBe(3);
    expect(stdout).toContain(`${file}:3: warning: A3: `);
    expect(stdout).toContain(`${file}:4: error: B4: Excel has turned this code into 9.11E+17`);
    expect(stdout).toContain(`${file}:5: duplicate of line 2`);
    expect((await check([file, '--lang', 'zh'])).stdout).toContain(`${file} 第 5 行：与第 2 行重复`);
    expect(stdout).toMatch(/sheet:code_scientific +error +1 +B4/);
    expect(stdout).toMatch(/all sent on +\d{4}-\d\d-\d\d/);
    expect((await check([file, '--lang', 'zh'])).stdout).toMatch(/全部提交完成日期 +(?:\d{4} 年 )?\d+ 月 \d+ 日/);
  });

  test('names the line of a problem once, where it concerns the whole row', async () => {
    const { stdout } = await check([saved(`${sheetOf([merchant(1)])},,,,,,备注\n`), '--lang', 'zh']);
    expect(stdout).toMatch(/ 第 3 行：错误：本行未填写任何商户信息。.*\[sheet:row_without_merchant\]/);
  });

  test('says what to type for a sole trader without a trade name, and which dot was read as ·', async () => {
    const code = `92990000TE5T00001${creditCodeCheck('92990000TE5T00001')}`;
    const sheet = saved(
      sheetOf([
        { ...merchant(1), name: '*****', code, legalPersonaName: '虚构•人' },
        { ...merchant(2), legalPersonaName: '虚构・人' },
      ]),
    );
    const { status, stdout } = await check([sheet, '--lang', 'zh']);
    expect(status).toBe(3);
    expect(stdout).toMatch(/ 第 2 行：错误：A2：.*个体工商户。.*：个体户虚构·人。 \[sheet:name_sole_trader\]/);
    expect(stdout).toMatch(/ 第 3 行：警告：E3：姓名中的圆点已统一为间隔号“·”。/);
    const successor = { ...alone(), WECHAT_REGISTRATION_API: 'fastregisterenterpriseweapp' };
    expect((await checked([sheet], successor)).problems).toMatchObject([
      { problem: 'sheet:name_sole_trader', next_step: expect.stringMatching(/without a space: 个体户虚构·人\.$/) },
    ]);
  });

  test('says the same as JSON', async () => {
    expect(await checked([saved(MIXED)])).toMatchObject({
      rows: 4,
      ready: 2,
      invalid: 1,
      duplicate: 1,
      warned: 1,
      calls_needed: 2,
      days_needed: 1,
      groups: [
        { problem: 'sheet:half_width_brackets', count: 1, cells: ['A3'] },
        { problem: 'sheet:code_scientific', count: 1, cells: ['B4'] },
      ],
      problems: [
        { line: 3, cell: 'A3' },
        { line: 4, cell: 'B4' },
        { line: 5, problem: 'sheet:duplicate', first_line: 2, reason: 'duplicate of line 2' },
      ],
    });
  });

  test('says of more rows than a day has calls for how many days they take', async () => {
    const sheet = saved(sheetOf(Array.from({ length: 25 }, (_, number) => merchant(number))));
    expect(await checked([sheet], { ...alone(), FASTREGISTER_DAILY_CALLS: '10' })).toMatchObject({ days_needed: 3 });
  });

  test('counts the call of a row that replaces an earlier one once', async () => {
    await load(saved(sheetOf([merchant(1), merchant(2)]), 'earlier.csv'));
    const sheet = saved(sheetOf([{ ...merchant(1), legalPersonaWechat: 'weixin_other' }]));
    const env = { ...withRedis(), FASTREGISTER_DAILY_CALLS: '1' };
    const planned = { ready: 1, replaces: 1, calls_needed: 1, sent_before: 1, days_needed: 2 };
    expect(await checked([sheet], env)).toMatchObject(planned);
    await load(sheet);
    expect(await openBook(server.redis).workload.toSend()).toBe(planned.calls_needed + planned.sent_before);
  });

  test('warns of a row that replaces an earlier one in every form', async () => {
    await load(saved(sheetOf([merchant(1)]), 'earlier.csv'));
    const sheet = saved(sheetOf([merchant(2), { ...merchant(1), legalPersonaWechat: 'weixin_other' }]));
    const { stdout } = await check([sheet], withRedis());
    const [line = '', words = ''] = /^.*:3: warning: (.*) \[row:replaced\]$/m.exec(stdout) ?? [];
    expect(line).not.toBe('');
    expect(stdout).toMatch(/rows with warnings +1$/m);
    expect(stdout).toMatch(/row:replaced +warning +1 +3$/m);
    expect(await checked([sheet], withRedis())).toMatchObject({
      warned: 1,
      groups: [{ problem: 'row:replaced', severity: 'warning', count: 1, cells: ['3'] }],
      problems: [{ line: 3, cell: '3', problem: 'row:replaced', severity: 'warning', reason: words, next_step: '' }],
    });
    const out = join(folder, 'annotated.csv');
    await check([sheet, '--annotated', out], withRedis());
    expect(readFileSync(out, 'utf8')).toContain(`"3","row:replaced","${words}"`);
  });

  test('knows the past where there is a ledger: what is on its way, what exists, what would be tried again', async () => {
    await load(saved(sheetOf([merchant(9)])));
    const book = openBook(server.redis);
    await book.load('b1', [merchant(1), merchant(2), merchant(3)]);
    await book.send(idOf(merchant(2)));
    await book.record(idOf(merchant(2)), 'mini_program_created', { appid: 'wxnew' });
    await book.record(idOf(merchant(3)), 'cancel_asked');
    const sheet = saved(sheetOf([1, 2, 3, 4].map((number) => merchant(number))));
    expect(await checked([sheet], withRedis())).toMatchObject({
      in_progress: 1,
      already_created: 1,
      ready: 2,
      batch: null,
    });

    const { stdout } = await load(sheet);
    expect(await checked([sheet], withRedis())).toMatchObject({ ready: 0, batch: stdout.trim() });
  });

  test('makes no ledger, and compares one that is there', async () => {
    const sheet = saved(MIXED);
    const { stderr } = await check([sheet, '--json'], withRedis());
    expect(stderr).not.toContain('ledger');
    expect(await server.redis.hexists(key('ledger'), 'schema')).toBe(0);
    await load(saved(sheetOf([merchant(9)]), 'other.csv'));
    const before = await server.redis.hgetall(key('ledger'));
    const elsewhere = { ...withRedis(), WECHAT_API_BASE_URL: 'https://proxy.example' };
    await expect(check([sheet], elsewhere)).rejects.toThrow(/belongs to another platform/);
    expect(await server.redis.hgetall(key('ledger'))).toEqual(before);
  });

  test.each(['fastregisterweapp', 'fastregisterenterpriseweapp'])(
    'warns of two rows of an enterprise whose details differ, as the report does: %s',
    async (api) => {
      const twice = saved(sheetOf([merchant(1), { ...merchant(1), legalPersonaName: '另一人' }]));
      const settings = { ...withRedis(), WECHAT_REGISTRATION_API: api };
      const { problems, warned } = await checked([twice], settings);
      const [warning] = problems.filter(({ problem }) => problem === 'sheet:duplicate_differs');
      expect(warning).toMatchObject({ first_line: 2, differing: ['legal_persona_name'] });
      expect(warned).toBe(1);
    },
  );

  test('goes on without the past where Redis is away', async () => {
    const env = { ...alone(), REDIS_URL: 'redis://127.0.0.1:1' };
    expect(await checked([saved(MIXED)], env)).toMatchObject({ ready: 2 });
  });

  test('writes the file back with the problems beside the rows, and that file is the next upload', async () => {
    const out = join(folder, 'annotated.csv');
    await check([saved(MIXED), '--annotated', out]);
    expect(readFileSync(out, 'utf8')).toContain('"sheet:code_scientific","code: Excel has turned');
    expect(await checked([out])).toMatchObject({ rows: 4, ready: 2, invalid: 1, duplicate: 1 });
    await expect(check([out, '--annotated', out])).rejects.toThrow(/is there already/);
  });
});

test('writes a workbook back with coloured faulty cells and our Chinese headings', async () => {
  const out = join(folder, 'annotated.xlsx');
  await check([saved(MIXED), '--annotated', out, '--lang', 'zh']);
  const cells = await cellsShown(out, 1);
  const headings = ['G1', 'H1', 'I1', 'J1', 'K1'].map((place) => cells.get(place)?.text);
  expect(headings).toEqual(['行号', '问题代码', '原因', '处理办法', 'registration_id']);
  const [plain, warned, faulty] = ['B2', 'A3', 'B4'].map((place) => cells.get(place)?.fill);
  expect(new Set([plain, warned, faulty, '']).size).toBe(4);
  expect(cells.get('C4')?.fill).toBe(plain);
  expect(cells.get('I4')?.text).toMatch(/^企业代码：Excel 已将该代码变为/);
  expect(await checked([out])).toMatchObject({ rows: 4, ready: 2, invalid: 1, duplicate: 1 });
  await load(out);
  const [batch] = await server.redis.keys('*batch:*');
  expect(JSON.parse((await server.redis.hget(batch ?? '', 'headings')) ?? '[]')).toHaveLength(6);
});

describe('a template that was not filled in', () => {
  const template = async (name: string, lang = 'zh') => {
    await run(templateCommand, ['--lang', lang, '-o', join(folder, name)], alone());
    return join(folder, name);
  };

  test.each(['t.xlsx', 't.csv'])('is named by check and load of %s, with what to do', async (name) => {
    const file = await template(name);
    for (const ran of [await check([file, '--lang', 'zh']), await load(file, '--lang', 'zh')]) {
      expect(ran.stderr).toContain(
        `${file}：表中没有商户，只有模板的示例行。请在示例行（不会读取）下方逐行填写商户，保存后再次运行同一命令。`,
      );
    }
  });

  test('is another thing than a sheet with headings only, or one with rows below the example', async () => {
    const bare = await check([saved(sheetOf([]))]);
    expect(bare.stderr).toMatch(/there is no merchant in it\. Write one merchant a row below the headings/);
    const filled = await template('t.csv', 'en');
    writeFileSync(filled, `${readFileSync(filled, 'utf8')}${cellsOf(merchant(1)).join(',')}\n`);
    const { stderr, stdout } = await check([filled]);
    expect(stderr).not.toContain('no merchant');
    expect(stdout).toMatch(/^ {2}rows +1$/m);
  });
});

describe('rows without a phone to call', () => {
  const MUTE = sheetOf([{ ...merchant(1), componentPhone: '' }, merchant(2), { ...merchant(3), componentPhone: '' }]);
  const said = /^2 rows have no component_phone, and FASTREGISTER_COMPONENT_PHONE is not set: /m;

  test('are counted once by check and by load', async () => {
    const file = saved(MUTE);
    expect((await check([file])).stderr).toMatch(said);
    expect(await checked([file])).toMatchObject({ without_phone: 2 });
    expect((await load(file)).stderr).toMatch(said);
    expect((await load(file)).stderr).not.toMatch(said);
  });

  test('are none where there is a default', async () => {
    const env = { ...alone(), FASTREGISTER_COMPONENT_PHONE: '4000000000' };
    expect((await check([saved(MUTE)], env)).stderr).not.toMatch(said);
    expect(await checked([saved(MUTE)], env)).toMatchObject({ without_phone: 0 });
  });
});

test('a corrected annotated sheet names its problems by column: its rows are not those of the file that was checked', async () => {
  const file = join(folder, 'template.csv');
  await run(templateCommand, ['--lang', 'zh', '-o', file], alone());
  writeFileSync(
    file,
    `${readFileSync(file, 'utf8')}${cellsOf({ ...merchant(1), legalPersonaWechat: '138' }).join(',')}\n`,
  );
  const out = join(folder, 'annotated.csv');
  expect((await check([file, '--annotated', out, '--lang', 'zh'])).stdout).toContain('D3：这不是微信号');
  expect(readFileSync(out, 'utf8')).toMatch(/"3","sheet:wechat_shape","法人微信号：这不是微信号/);
});

describe('--max-invalid', () => {
  test('refuses a file that is mostly wrong, before anything of any file is stored', async () => {
    const [good, bad] = [saved(sheetOf([merchant(7)]), 'good.csv'), saved(MIXED)];
    await expect(load(good, bad, '--max-invalid', '24.9%')).rejects.toThrow(
      /1 of 4 rows have to be corrected, more than .*24.9%/,
    );
    expect(await server.redis.keys('*batch*')).toEqual([]);
    expect((await load(good, bad, '--max-invalid', '25%')).status).toBe(3);
  });

  test('counts rows that are held back for their warnings', async () => {
    await expect(load(saved(MIXED), '--accept-warnings', 'no', '--max-invalid=25%')).rejects.toThrow(/2 of 4/);
  });

  test.each([
    ['duplicate', 'is another form of the code of a row before it', [merchant(1), organisation(1)]],
    ['already_created', 'names an enterprise that has a Mini Program', [organisation(2)]],
    ['in_progress', 'names an enterprise whose row is on its way', [organisation(3)]],
  ])('counts no row that is %s, for check as for load: it %s', async (status, _, merchants) => {
    const env = { ...withRedis(), WECHAT_REGISTRATION_API: 'fastregisterenterpriseweapp' };
    await run(loadCommand, [saved(sheetOf([merchant(2), merchant(3)]), 'earlier.csv')], env);
    const ledgerKey = (await server.redis.hget(key('ledger'), 'key')) ?? '';
    const book = openBook(server.redis, identifyWith(ledgerKey));
    const created = identifyWith(ledgerKey)(merchant(2).code);
    await book.send(created);
    await book.record(created, 'mini_program_created', { appid: 'wxnew' });

    const args = [saved(sheetOf(merchants)), '--max-invalid', '10%'];
    const ran = await check(args, env);
    expect([ran.status, ran.stdout]).toEqual([0, expect.not.stringContaining('code_type_refused')]);
    expect(await checked(args, env)).toMatchObject({ invalid: 0, [status]: 1 });
    const loaded = await run(loadCommand, [...args, '--json'], env);
    expect(loaded.status).toBe(0);
    const report = await run(reportCommand, ['--json'], env);
    expect(report.stdout).not.toContain('code_type_refused');
  });

  test('lets check say everything before it refuses', async () => {
    await expect(check([saved(MIXED), '--max-invalid', '0%'])).rejects.toThrow(/1 of 4/);
  });

  test.each(['5', '101%', 'x%', '-1%'])('is a share: %s is not', async (share) => {
    await expect(check([saved(MIXED), `--max-invalid=${share}`])).rejects.toThrow(/write a share/);
  });
});

test('that nothing needs to be done is said only where nothing needs to be done', async () => {
  // A repaired code in both rows; the second one has no name.
  const row = { ...merchant(1), code: ` ${merchant(1).code}` };
  const file = saved(sheetOf([row, { ...row, name: '' }]));
  const stepsOf = async (...args: string[]) =>
    (await checked([file, ...args])).problems.map((problem) => `${problem.line} ${problem.next_step}`);
  const fill = 'Fill it in as the business licence has it.';
  expect(await stepsOf()).toEqual(['2 Nothing needs to be done.', `3 ${fill}`, '3 ']);
  expect((await stepsOf('--accept-warnings=no'))[0]).toMatch(/^2 Look at its warnings/);
  const lines = (await check([file, '--accept-warnings=no'])).stdout;
  expect(lines).not.toContain('Nothing needs to be done');

  const out = join(folder, 'annotated.csv');
  await check([file, '--annotated', out]);
  expect(readFileSync(out, 'utf8')).toMatch(new RegExp(`"${fill}"\r\n$`));
});

test('what is wrong with a file is said with its name, also where it is found on the way', async () => {
  // An even number of quotation marks: opening the file does not find the one that is never closed.
  const file = saved(`${sheetOf([merchant(1), { ...merchant(2), name: '虚构"商户' }])}"虚构\n`);
  const told = /merchants\.csv: in the row that begins on line 4 /;
  await expect(check([file])).rejects.toThrow(told);
  await expect(load(file)).rejects.toThrow(told);
});

test('why a whole file is refused is said in the language that is asked for', async () => {
  const file = saved('');
  await expect(check([file])).rejects.toThrow(`${file}: the file is empty`);
  await expect(check([file, '--lang', 'zh'])).rejects.toThrow(`${file}：文件是空的`);
  const mostly = saved(MIXED);
  await expect(check([mostly, '--lang', 'zh', '--max-invalid', '1%'])).rejects.toThrow(/4 行中有 1 行需更正/);
});

test('a report as JSON has every column, also of two headings that are alike or blank', async () => {
  const headings = [...HEADINGS, '备注', '', '备注', ''];
  const cells = [...cellsOf(merchant(1)), 'a', 'b', 'c', 'd'];
  await load(saved([headings, cells].map((row) => row.join(',')).join('\n')));
  const { stdout } = await run(reportCommand, ['--json'], withRedis());
  const { input } = JSON.parse(stdout) as { input: Record<string, string> };
  expect(input).toMatchObject({ 备注: 'a', '': 'b', '备注 (2)': 'c', '(2)': 'd' });
});

describe('--accept-warnings=no', () => {
  test('holds rows back, says why, and the same sheet without it sends them', async () => {
    const file = saved(MIXED);
    const held = (await load(file, '--accept-warnings', 'no', '--json')).stdout;
    expect(JSON.parse(held)).toMatchObject([{ warned: 1, counts: { queued: 1, invalid: 2, duplicate: 1 } }]);
    const { stdout } = await run(reportCommand, ['--json'], withRedis());
    const row = JSON.parse(stdout.split('\n')[1] ?? '') as Record<string, string>;
    expect(row).toMatchObject({ outcome: 'invalid', problem: 'sheet:held_back' });
    expect(row.reason).toMatch(/--accept-warnings=no.*A3/);
    expect(row.next_step).toMatch(/^Look at its warnings\. .*load the sheet again with --accept-warnings=yes/);

    const sent = (await load(file, '--json')).stdout;
    expect(JSON.parse(sent)).toMatchObject([
      { warned: 1, known: false, counts: { queued: 2, invalid: 1, duplicate: 1 } },
    ]);
    expect(await server.redis.llen(key('ready', 'submit'))).toBe(2);
    expect(JSON.parse((await load(file, '--json')).stdout)).toMatchObject([{ known: true, warned: 1 }]);
  });
});

test('--again loads the same sheet as a batch of its own, once, for merchants that have a Mini Program', async () => {
  const book = openBook(server.redis);
  const sheet = saved(sheetOf([merchant(1), merchant(2)]));
  await load(sheet);
  await book.send(idOf(merchant(1)));
  await book.record(idOf(merchant(1)), 'mini_program_created', { appid: 'wxfirst' });

  expect(await checked([sheet, '--again'], withRedis())).toMatchObject({ ready: 1, in_progress: 1, batch: null });
  const again = await load(sheet, '--again', '--json');
  expect(JSON.parse(again.stdout)).toMatchObject([{ known: false, counts: { queued: 2 } }]);
  expect(JSON.parse((await load(sheet, '--again', '--json')).stdout)).toMatchObject([{ known: true }]);
  expect(await book.registration(idOf(merchant(1)))).toMatchObject({ state: 'queued', earlierAppids: ['wxfirst'] });
});

test('what the API before has registered, or has under way, is not registered by its successor', async () => {
  const [created, underWay, failed, other] = [merchant(1), merchant(2), merchant(3), merchant(4)] as const;
  const book = openBook(server.redis);
  await load(saved(sheetOf([created, underWay, failed, other])));
  for (const it of [created, underWay, failed, other]) await book.send(idOf(it));
  await book.record(idOf(created), 'mini_program_created', { appid: 'wxfirst' });
  await book.record(idOf(failed), 'registration_refused', { problem: 'push:103' });

  const successor = { ...withRedis(), WECHAT_REGISTRATION_API: 'fastregisterenterpriseweapp' };
  // The API before it was told the legal person: a row with another one waits for what it was asked for.
  const file = saved(sheetOf([created, underWay, failed, { ...other, legalPersonaName: '另一人' }]), 'again.csv');
  expect(await checked([file], successor)).toMatchObject({ already_created: 1, in_progress: 1, waits: 1, ready: 1 });
  await run(loadCommand, [file], successor);
  const { stdout } = await run(reportCommand, ['--json'], successor);
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, string>);
  expect(rows.map(({ outcome, appid }) => `${outcome} ${appid}`.trim())).toEqual([
    'already_created wxfirst',
    'pending',
    'pending',
    'pending',
  ]);
  expect(rows.map(({ registration_id }) => registration_id).slice(0, 2)).toEqual([created, underWay].map(idOf));
  expect(await server.redis.llen(key('ready', 'submit'))).toBe(4 + 1);
});

test('what the successor has registered, or has under way, is not registered by the API before it', async () => {
  const [created, underWay, failed] = [merchant(1), merchant(2), merchant(3)] as const;
  const book = openBook(server.redis);
  // As an office sends them that has no columns of the legal person.
  const short = [created, underWay, failed].map(({ name, code, componentPhone }) => [name, code, componentPhone]);
  const successor = { ...withRedis(), WECHAT_REGISTRATION_API: 'fastregisterenterpriseweapp' };
  const text = [['name', 'code', 'component_phone'], ...short].map((cells) => `${cells.join(',')}\n`).join('');
  await run(loadCommand, [saved(text, 'short.csv')], successor);
  for (const it of [created, underWay, failed]) await book.send(idOf(it));
  await book.record(idOf(created), 'mini_program_created', { appid: 'wxsecond' });
  await book.record(idOf(failed), 'registration_refused', { problem: 'push:103' });

  // Whoever the legal person of `created` is, the successor has registered that enterprise.
  const other = { ...created, legalPersonaName: '另一人' };
  const file = saved(sheetOf([created, underWay, failed, other]), 'again.csv');
  expect(await checked([file], withRedis())).toMatchObject({
    already_created: 1,
    in_progress: 1,
    ready: 1,
    duplicate: 1,
  });
  await load(file);
  const { stdout } = await run(reportCommand, ['--json'], withRedis());
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, string>);
  expect(rows.map(({ outcome, appid }) => `${outcome} ${appid}`.trim())).toEqual([
    'already_created wxsecond',
    'pending',
    'pending',
    'duplicate',
  ]);
  const ids = [created, underWay, failed, created].map(idOf);
  expect(rows.map(({ registration_id }) => registration_id)).toEqual(ids);
  expect(await server.redis.llen(key('ready', 'submit'))).toBe(3 + 1);

  expect(await checked([saved(sheetOf([other]), 'other.csv'), '--again'], withRedis())).toMatchObject({ ready: 1 });
});

test('pages that need no lookup do not overtake earlier pages', async () => {
  const rows = Array.from({ length: 3_000 }, (_, at) =>
    at % 2_000 < 1_000 ? merchant(at) : { ...merchant(at), code: 'x' },
  );
  const { stdout } = await load(saved(sheetOf(rows)), '--json');
  expect(JSON.parse(stdout)).toMatchObject([{ counts: { queued: 2_000, invalid: 1_000 } }]);
});

test("a person's ID in a column of ours reaches neither Redis, nor a report, nor an annotated file", async () => {
  const codes = [RESIDENT, `'${RESIDENT}`, `${RESIDENT.slice(0, 15)}000`, `1.${RESIDENT.slice(1, 15)}E+17`];
  // As IDs were until 1999.
  const old = '110000990101000';
  const rows = [
    ...[...codes, old, `1.${old.slice(1)}E+14`].map((code) => ({ code })),
    { name: `个体户${RESIDENT}` },
    { legalPersonaName: `张示一 ${RESIDENT}` },
    { legalPersonaWechat: old },
    { componentPhone: RESIDENT },
  ].map((details) => cellsOf({ ...merchant(1), ...details }));
  const file = saved(`${[HEADINGS, ...rows].map((row) => row.join(',')).join('\n')}\n`);
  const out = join(folder, 'annotated.csv');
  const told = [await check([file, '--annotated', out]), await check([file, '--json']), await load(file)];
  told.push(await run(reportCommand, [], withRedis()));
  const kept = await everything();
  expect(kept).toContain('110*****');
  for (const text of [...told.map(({ stdout }) => stdout), readFileSync(out, 'utf8'), kept]) {
    expect(text).not.toMatch(/19900101|9901011|990010/);
  }
});

async function everything(): Promise<string> {
  const { redis } = server;
  const values = await Promise.all(
    (await redis.keys('*')).map(async (name) => {
      switch (await redis.type(name)) {
        case 'list':
          return redis.lrange(name, 0, -1);
        case 'hash':
          return Object.values(await redis.hgetall(name));
        default:
          return [];
      }
    }),
  );
  return values.flat().join('\n');
}

test('two loads of overlapping files at once make each merchant once, and both say what is true', async () => {
  const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => merchant(from + at));
  const [a, b] = [saved(sheetOf(numbers(0, 1500)), 'a.csv'), saved(sheetOf(numbers(700, 2200)), 'b.csv')];
  const loads = await Promise.all([a, b].map((file) => loadHere(file)));
  expect(loads).toEqual([{ queued: 1500 }, { queued: 1500 }]);
  expect(await server.redis.llen(key('ready', 'submit'))).toBe(2200);

  // One of them ends: both reports have it.
  const book = openBook(server.redis);
  const shared = idOf(merchant(1000));
  await book.send(shared);
  await book.record(shared, 'mini_program_created', { appid: 'wxboth' });
  const reports = await run(reportCommand, ['--all', '--only', 'created'], withRedis());
  expect(reports.stdout.split('\r\n').filter((line) => line.includes('"wxboth"'))).toHaveLength(2);
});

async function loadHere(file: string): Promise<object> {
  const rules = rulesOf(readSettings({ env: {} }), true, identify);
  const batches = openBatches(server.connect());
  const { counts } = await loadSheet(await openSheet(file), file, { batches, rules, now: Date.now, canaries: 0 });
  return counts;
}

test('a name with a line end in it has one line in what check and load say', async () => {
  const name = 'a.csv\nb.csv: batch b1, 5 rows.csv';
  const shown = 'a.csv\\nb.csv: batch b1, 5 rows.csv';
  const good = saved(MIXED, name);
  const { stdout } = await check([good]);
  expect(stdout).toContain(`${shown}:4: error`);
  expect(stdout).not.toContain('\nb.csv');
  const loaded = await load(good);
  expect(loaded.stderr).toMatch(/a\.csv\\nb\.csv: batch b1, 5 rows\.csv: batch b[0-9a-f]{12}, 4 rows/);
  expect(loaded.stderr).not.toContain('\nb.csv');
  const empty = saved('', name);
  await expect(load(empty)).rejects.toThrow(`${shown}: the file is empty`);
});
