/** Corrected details of one merchant: checked like a sheet, asked for, and sent by the rule of one enterprise. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  applyCorrection,
  type Correction,
  type Corrections,
  type CorrectTools,
  previewCorrection,
} from '../../src/app/correct.js';
import { purgeToolsOf } from '../../src/app/wiring/purging.js';
import { rulesOf } from '../../src/app/wiring/registration-api.js';
import { correctCommand } from '../../src/cli/commands/correct.js';
import { explainCommand } from '../../src/cli/commands/explain.js';
import { loadCommand } from '../../src/cli/commands/load.js';
import { reportCommand } from '../../src/cli/commands/report.js';
import { readSettings } from '../../src/config.js';
import { identifyWith } from '../../src/domain/merchant.js';
import { purge } from '../../src/operator/purge.js';
import { key } from '../../src/redis/keys.js';
import { keyIn } from '../../src/redis/ledger/ledger-key.js';
import { run } from '../support/command-line.js';
import { type Book, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();
const [one, two] = [merchant(1), merchant(2)];

let home: string;
let book: Book;
let id: string;
let sheet: string;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'fr-correct-'));
  sheet = await load('m.csv', [one, two]);
  id = (await server.redis.lrange(key('ready', 'submit'), 0, -1))[0] ?? '';
  book = openBook(server.redis);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const env = () => ({ REDIS_URL: server.url, FASTREGISTER_HOME: home, FASTREGISTER_COMPONENT_PHONE: '05920000000' });

/** Without a column for phones and with two that we do not know. */
async function load(name: string, merchants: readonly (typeof one)[]): Promise<string> {
  const lines = merchants.map((it, at) =>
    [it.name, it.code, it.legalPersonaWechat, it.legalPersonaName, `店${at}`, `经理${at}`].join(','),
  );
  writeFileSync(join(home, name), ['企业名称,企业代码,法人微信,法人姓名,门店,联系人', ...lines].join('\n'));
  return (await run(loadCommand, [join(home, name)], env())).stdout.trim();
}

interface Corrected {
  readonly becomes: string;
  readonly batch?: string;
  readonly known?: boolean;
  readonly appid?: string | null;
  readonly changes?: readonly Record<'field' | 'before' | 'after', string>[];
  readonly problems?: readonly Record<'problem' | 'reason', string>[];
}

async function correct(...args: string[]): Promise<Corrected & { status: number }> {
  const { stdout, status } = await run(correctCommand, [id, '--yes', '--by', 'Wang', ...args, '--json'], env());
  return { ...(JSON.parse(stdout) as Corrected), status };
}

async function ready(tools: CorrectTools, corrections: Corrections): Promise<Correction> {
  const preview = await previewCorrection(tools, id, corrections);
  if (preview.kind !== 'ready') throw new Error(preview.kind);
  return preview.correction;
}

async function rejected(): Promise<void> {
  await book.send(id);
  await book.record(id, 'registration_refused', { problem: 'push:103' });
}

/** What is, or was, sent. */
async function details() {
  return (await book.view(id)).row?.merchant;
}

async function cellsOf(batch = ''): Promise<readonly (readonly string[])[]> {
  return (await book.rows(batch)).map(({ row }) => row.cells);
}

describe('a merchant who was rejected', () => {
  beforeEach(rejected);

  test('is sent again with the corrected details and the columns of the old row', async () => {
    const done = await correct('--legal-persona-wechat', 'weixin_right');
    expect(done).toMatchObject({
      becomes: 'sent',
      status: 0,
      changes: [{ field: 'legal_persona_wechat', before: 'weixin_m1', after: 'weixin_right' }],
    });
    expect(await details()).toEqual({ ...one, legalPersonaWechat: 'weixin_right' });
    expect(await book.registration(id)).toMatchObject({ state: 'queued', row: `${done.batch}/0` });
    expect(await cellsOf(done.batch)).toEqual([[one.name, one.code, 'weixin_right', '虚构人', '店0', '经理0']]);
    const batch = await book.batches.find(done.batch ?? '');
    expect(batch).toMatchObject({ file: 'm.csv (correction)', correction: { row: `${sheet}/0`, by: 'Wang' } });
    expect(await book.batches.counts(sheet)).toEqual({ rejected: 1, queued: 1 });
  });

  test('has the person who corrected it in the history', async () => {
    await correct('--name', '虚构商户一号有限公司');
    const { stdout } = await run(explainCommand, [id], env());
    expect(stdout).toMatch(/line 2 of m\.csv \(correction\).*\n.*; corrected by Wang\n/);
  });

  test('has in the history what was corrected, why, and the details that are sent now', async () => {
    const why = '商户来电更正';
    await correct('--legal-persona-wechat', 'weixin_right', '--because', `${why}\n11000019900101000x`);
    const { stdout } = await run(explainCommand, [id], env());
    expect(stdout).toMatch(
      /; corrected by Wang, because: 商户来电更正 .*\n {2}legal_persona_wechat: weixin_m1 → weixin_right\n/,
    );
    const zh = (await run(explainCommand, [id, '--lang', 'zh'], env())).stdout;
    expect(zh).toMatch(/；更正人：Wang，原因：商户来电更正 .*\n {2}法人微信号：weixin_m1 → weixin_right\n/);
    expect(zh.split('\n').slice(1, 4)).toEqual([
      `  企业名称：${one.name}`,
      `  企业代码：${one.code}`,
      '  法人微信号：weixin_right',
    ]);
    expect(zh).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}row_accepted/m);
    await expect(correct('--name', '甲有限公司', '--because', '长'.repeat(501))).rejects.toThrow('501 characters');
  });

  test('shows a Chinese reader the columns that change', async () => {
    const { stderr } = await run(correctCommand, [id, '--yes', '--lang', 'zh', '--name', '甲有限公司'], env());
    expect(stderr).toContain(`  企业名称  ${one.name} → 甲有限公司\n`);
    expect(stderr).toContain('`fastregister serve`');
  });

  test('corrected in the same way twice is sent once', async () => {
    const [done, again] = [await correct('--name', '甲有限公司'), await correct('--name', ' 甲有限公司 ')];
    expect(again).toMatchObject({ becomes: 'unchanged', known: true, batch: done.batch, status: 0 });
    expect(await book.batches.list()).toEqual([sheet, done.batch]);
    const kinds = (await book.ledger.history(id)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'row_accepted')).toHaveLength(1);
  });

  test('may be corrected back, and forth again: each is a batch of its own', async () => {
    const batches: (string | undefined)[] = [];
    for (const name of ['甲有限公司', '乙有限公司', '甲有限公司']) {
      batches.push((await correct('--name', name)).batch);
      await rejected();
    }
    expect(new Set(batches).size).toBe(3);
    expect((await details())?.name).toBe('甲有限公司');
    expect((await book.batches.find(batches[2] ?? ''))?.file).toBe('m.csv (correction)');
  });

  test('is not sent where nothing differs', async () => {
    const same = await correct('--legal-persona-wechat', one.legalPersonaWechat);
    expect(same).toMatchObject({ becomes: 'unchanged', batch: sheet });
    expect(await book.registration(id)).toMatchObject({ state: 'rejected' });
  });

  test('gets a column that the sheet did not have, under a heading like the others', async () => {
    const { batch } = await correct('--component-phone', '0592-1234567');
    expect((await book.batches.find(batch ?? ''))?.headings).toEqual([
      ...['企业名称', '企业代码', '法人微信', '法人姓名', '门店', '联系人'],
      '客服电话',
    ]);
    expect((await details())?.componentPhone).toBe('0592-1234567');
  });

  test('shows what it would do, and does nothing, with --json alone', async () => {
    const { stdout } = await run(correctCommand, [id, '--name', '甲有限公司', '--json'], env());
    expect(JSON.parse(stdout)).toMatchObject({ becomes: 'begins', changes: [{ field: 'name' }] });
    await expect(run(correctCommand, [id, '--name', '甲有限公司'], env())).rejects.toThrow('pass --yes');
    expect(await book.batches.list()).toEqual([sheet]);
  });

  test("is refused by the checks of a sheet, with a sheet's problem", async () => {
    const refused = await correct('--legal-persona-wechat', '13800000000');
    expect(refused).toMatchObject({
      becomes: 'invalid',
      status: 3,
      problems: [{ problem: 'sheet:wechat_phone', reason: expect.stringMatching(/^法人微信: this is a phone/) }],
    });
    expect(await correct('--code-type', '3')).toMatchObject({ problems: [{ problem: 'sheet:code_type_mismatch' }] });
    expect(await book.batches.list()).toEqual([sheet]);
  });

  test('shows warnings, and is sent', async () => {
    const done = await correct('--name', '虚构(一号)有限公司');
    expect(done).toMatchObject({ becomes: 'sent', problems: [{ problem: 'sheet:half_width_brackets' }] });
    expect((await book.batches.find(done.batch ?? ''))?.warned).toBe(1);
  });

  test('leaves the report without a batch with the sheet', async () => {
    await correct('--name', '甲有限公司');
    const file = join(home, 'report.csv');
    await run(reportCommand, ['-o', file], env());
    const report = readFileSync(file, 'utf8');
    expect(report.trim().split('\r\n')).toHaveLength(3);
    expect(report).toMatch(/A newer row was sent for this enterprise since: see line 2 of m\.csv \(correction\)/);
  });

  test('leaves the list to work on, which says so, and not the report', async () => {
    await correct('--name', '甲有限公司');
    const listed = async (...args: string[]) => {
      const { stdout, stderr } = await run(reportCommand, [sheet, '--json', ...args], env());
      const lines = stdout.split('\n').filter(Boolean);
      return { lines: lines.map((line) => (JSON.parse(line) as { line: string }).line), stderr };
    };
    const toCorrect = await listed('--only', 'rejected,expired,invalid');
    expect(toCorrect.lines).toEqual([]);
    expect(toCorrect.stderr).toContain('Left out: 1 row replaced or corrected by a newer row');
    expect(await listed()).toEqual({ lines: ['2', '3'], stderr: '' });
    expect(await listed('--only', 'rejected', '--who', 'nobody')).toEqual({ lines: ['2'], stderr: '' });
    // The correction is refused, too: that row is the one to correct.
    await rejected();
    const all = await run(reportCommand, ['--all', '--json', '--only', 'rejected'], env());
    expect(all.stdout.match(/"line":"2","outcome":"rejected"/g)).toHaveLength(1);
    expect(all.stdout).toContain('"甲有限公司"');
  });

  test('waits no longer where the business registry asked for days, and says that it is early', async () => {
    await book.record(id, 'retry_asked');
    await book.send(id);
    await book.record(id, 'registration_refused', { problem: 'push:105', until: Date.now() + 1e9 });
    const early = await correct('--name', '甲有限公司');
    expect(early).toMatchObject({ becomes: 'sent', problems: [{ problem: 'sheet:too_early' }] });
  });
});

test.each(['a row that was not sent yet', 'a row whose task is running'])(
  'two corrections of %s at once: the later one does not undo the other, and says that nothing was sent',
  async (row) => {
    if (row.endsWith('running')) await book.send(id);
    const identify = identifyWith(await keyIn(server.redis, () => undefined));
    const tools = { ...book, rules: rulesOf(readSettings({ env: env() }), true, identify) };
    const by = { who: 'Wang', suffix: ' (correction)', now: Date.now };
    const [first, second] = await Promise.all([
      ready(tools, { legal_persona_wechat: 'weixin_other' }),
      ready(tools, { name: '甲有限公司' }),
    ]);
    // The first one is accepted after the second one has looked whether it may go on.
    const isLate = { ...tools, ledger: { read: (it: string) => book.ledger.read(it) } };
    isLate.ledger.read = async (it) => {
      const read = await book.ledger.read(it);
      expect((await applyCorrection(tools, first, by)).kind).toBe('done');
      return read;
    };
    expect(await applyCorrection(isLate, second, by)).toEqual({ kind: 'overtaken' });

    const kept = { ...one, legalPersonaWechat: 'weixin_other' };
    const { row: sent, waitingRows } = await book.registration(id);
    expect((await book.batches.rowAt(waitingRows[0] ?? sent))?.row.merchant).toEqual(kept);
    expect(await book.batches.list()).toEqual([sheet, expect.any(String)]);
    expect((await correct('--name', '甲有限公司')).changes).toHaveLength(1);
  },
);

test('a row that was not sent yet is replaced', async () => {
  const { becomes, batch } = await correct('--name', '甲有限公司');
  expect(becomes).toBe('sent');
  expect(await book.batches.counts(sheet)).toEqual({ cancelled: 1, queued: 1 });
  expect(await book.batches.counts(batch ?? '')).toEqual({ queued: 1 });
});

test.each([
  ['(0592)1234567', '(0592)1234567'],
  ['０５９２－１２３４５６７', '0592-1234567'],
])('a phone is checked like one of a sheet: %s', async (phone, sent) => {
  await correct('--component-phone', phone);
  expect((await details())?.componentPhone).toBe(sent);
});

test('a phone that is none is a problem of the row, not of the settings', async () => {
  expect(await correct('--component-phone', 'call me')).toMatchObject({ becomes: 'invalid', status: 3 });
});

test('a row that was not sent yet is sent with the corrected phone', async () => {
  const phone = ['--component-phone', '05921234567'];
  const { stdout } = await run(correctCommand, [id, ...phone, '--json'], env());
  expect(JSON.parse(stdout)).toMatchObject({ becomes: 'leads' });
  expect(await correct(...phone)).toMatchObject({ becomes: 'sent' });
  expect((await details())?.componentPhone).toBe('05921234567');
  expect(await book.batches.counts(sheet)).toEqual({ queued: 2 });
});

test('while a task runs the correction waits, and the newest correction is sent when the task fails', async () => {
  await book.send(id);
  const first = await correct('--legal-persona-wechat', 'weixin_other');
  expect(first).toMatchObject({ becomes: 'waits' });
  // The second goes on from the first.
  const second = await correct('--name', '甲有限公司');
  expect(second.changes).toEqual([{ field: 'name', before: one.name, after: '甲有限公司' }]);
  expect(await book.registration(id)).toMatchObject({ state: 'awaiting_legal_person', row: `${sheet}/0` });
  expect(await book.batches.counts(first.batch ?? '')).toEqual({ cancelled: 1 });
  await book.record(id, 'registration_refused', { problem: 'push:103' });
  expect(await details()).toEqual({ ...one, name: '甲有限公司', legalPersonaWechat: 'weixin_other' });
  expect(await book.registration(id)).toMatchObject({ state: 'queued', row: `${second.batch}/0` });
});

test('a row that was not sent yet is sent with the corrected spelling of its name', async () => {
  const spelt = one.name.replace('（', '(').replace('）', ')');
  const { stdout } = await run(correctCommand, [id, '--name', spelt, '--json'], env());
  expect(JSON.parse(stdout)).toMatchObject({ becomes: 'leads', changes: [{ field: 'name', after: spelt }] });
  expect(await correct('--name', spelt)).toMatchObject({ becomes: 'sent' });
  expect(await details()).toMatchObject({ name: spelt });
  expect(await book.batches.counts(sheet)).toEqual({ queued: 2 });
});

test('a phone alone makes no other task: the row joins the running task', async () => {
  await book.send(id);
  expect(await correct('--component-phone', '05921234567')).toMatchObject({ becomes: 'joins' });
  expect(await book.registration(id)).toMatchObject({ state: 'awaiting_legal_person', row: `${sheet}/0` });
});

test('a merchant with a Mini Program is not sent', async () => {
  await book.send(id);
  await book.record(id, 'mini_program_created', { appid: 'wx00000000000000aa' });
  expect(await correct('--name', '甲有限公司')).toMatchObject({
    becomes: 'already_created',
    appid: 'wx00000000000000aa',
    status: 0,
  });
  expect(await book.batches.list()).toEqual([sheet]);
});

test('an interrupted correction is completed by the same command', async () => {
  const { batch = '' } = await correct('--name', '甲有限公司');
  await server.redis.hdel(key('batch', batch), 'complete');
  expect(await correct('--name', '甲有限公司')).toMatchObject({ becomes: 'unchanged', batch });
  expect((await book.batches.find(batch))?.complete).toBe(true);
});

test('purge deletes a correction, and the name of the person who made it', async () => {
  await rejected();
  const { batch: corrected = '' } = await correct('--name', '甲有限公司');
  await rejected();
  const all = (await Promise.all((await book.batches.list()).map(book.batches.find))).filter((it) => it !== undefined);
  const { redis } = server;
  await purge(purgeToolsOf(redis, home), all, Date.now() + 1_000, Date.now());
  expect(await redis.hget(key('batch', corrected), 'correction')).toBeNull();
  await expect(correct('--name', '乙有限公司')).rejects.toThrow('There is no registration');
});

describe('what cannot be corrected is refused with what to do', () => {
  // biome-ignore format: one line, one mistake
  test.each([
    ['the code', ['--code', two.code], /Another code is another enterprise.*load a sheet/],
    ['nothing', [], /Say what is corrected: --name/],
    ['an author without a name', ['--name', '甲有限公司', '--by', ' '], /name of the author is empty/],
  ])('%s', async (_, args, why) => {
    await expect(run(correctCommand, [id, '--yes', ...args], env())).rejects.toThrow(why);
  });

  test('a merchant that the registration does not name', async () => {
    await expect(run(correctCommand, [one.name, '--name', '甲', '--yes'], env())).rejects.toThrow(
      /is no registration id\. `correct` acts on one merchant.*`fastregister find '/,
    );
    await expect(run(correctCommand, ['aaaaaaaaaaaaaaaa', '--name', '甲', '--yes'], env())).rejects.toThrow(
      'There is no registration',
    );
  });

  test('details that the registration API in use does not send', async () => {
    const successor = { ...env(), WECHAT_REGISTRATION_API: 'fastregisterenterpriseweapp' };
    await expect(run(correctCommand, [id, '--legal-persona-name', '钱', '--yes'], successor)).rejects.toThrow(
      /sends neither the Weixin ID nor the name/,
    );
    const { stdout } = await run(correctCommand, [id, '--name', '甲有限公司', '--yes', '--json'], successor);
    expect(JSON.parse(stdout)).toMatchObject({ becomes: 'sent' });
  });
});
