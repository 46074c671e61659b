/** With FASTREGISTER_LANG=zh the operator's commands say no English sentence, in what they do and in what they refuse. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type Ran, typed } from '../support/command-line.js';
import { idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();
const folder = mkdtempSync(join(tmpdir(), 'fr-zh-ops-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Commands in backticks, paths, settings, options, codes and expressions are typed as they stand. */
const TYPED =
  /`[^`]*`|fastregister [a-z]+(?: [a-z]+)*(?: --[a-z]+)?|\/[^\s，。；：（）]*|--[a-z][a-z-]*|\b[A-Z]+(?:_[A-Z]+)+\b|\b[a-z]+(?:_[a-z]+)+\b/g;

function sentencesIn(text: string): string[] {
  return text.replace(TYPED, '·').match(/[A-Za-z]{3,}[ ,]+[A-Za-z]{3,}/g) ?? [];
}

async function inChinese(...args: string[]): Promise<Ran> {
  const env = {
    REDIS_URL: server.url,
    FASTREGISTER_HOME: folder,
    FASTREGISTER_LANG: 'zh',
    FASTREGISTER_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
  };
  const ran = await typed(args, { env });
  expect([args, sentencesIn(ran.stdout + ran.stderr)]).toEqual([args, []]);
  return ran;
}

test('an English sentence is noticed', () => {
  expect(sentencesIn('未执行。Nothing was done.')).toEqual(['Nothing was']);
  expect(sentencesIn('请用 `fastregister pushes list`，或 --parked')).toEqual([]);
});

test('retry and cancel say what can be done and what cannot', async () => {
  const book = openBook(server.redis);
  await book.load('b1', [merchant(1), merchant(2), merchant(3)]);
  await book.send(idOf(merchant(3)));
  const { stderr } = await inChinese('retry', 'b1');
  for (const says of ['可处理 0 个。', '没有可重新提交的行。']) expect(stderr).toContain(says);
  expect((await inChinese('cancel', 'b1', '--yes')).stderr).toMatch(
    /可处理 2 个。\n不能处理 1 个：\n {2}1 个：已提交.*（第 4 行）\n已撤回 2 个。\n$/,
  );
});

// biome-ignore format: one line, one command
test.each([
  [['purge', '--older-than', '90', '--yes'], 0, /已清除：批次 0 个，注册 0 个，推送 0 条。/],
  [['ledger', 'adopt'], 0, /登记簿与配置一致，未作更改。/],
  [['tokens', 'export', '--to', join(folder, 'tokens.json')], 0, /刷新令牌 0 个/],
  [['tokens', 'reseal'], 0, /已重新加密刷新令牌 0 个，共 0 个/],
  [['pushes', 'list'], 0, /没有推送。/],
  [['schedule', 'list'], 0, /还没有夜间任务/],
  [['schedule', 'add', '每晚', '--inbox', folder, '--at', '0 22 * * *'], 0, /每晚：下次执行时间为 (?:\d+ 年 )?\d+ 月 \d+ 日 22:00/],
  [['template', '-o', join(folder, 'empty.csv')], 0, /已写入：/],
] as const)('%j', async (args, status, says) => {
  const ran = await inChinese(...args);
  expect([ran.status, ran.stderr]).toEqual([status, expect.stringMatching(says)]);
});

test('nightly runs are listed with how the last one ended, and removed', async () => {
  await inChinese('schedule', 'add', '每晚', '--inbox', folder, '--at', '0 22 * * *');
  expect((await inChinese('schedule', 'list')).stdout).toMatch(/下次 .*尚未执行/);
  expect((await inChinese('schedule', 'remove', '每晚')).stderr).toContain('已删除 每晚。');
});

// biome-ignore format: one line, one refusal
test.each([
  [['retry', 'b9'], /没有批次|没有注册记录/],
  [['cancel', 'b9'], /没有批次|没有注册记录/],
  [['purge', '--older-than', 'soon'], /--older-than "soon"：请填写不小于 1 的天数/],
  [['tokens', 'export', '--to', join(folder, 'none', 'tokens.json')], /无法写入 .*请选择有写入权限的文件夹。/],
  [['schedule', 'add', '1', '--inbox', folder, '--at', '0 22 * * *'], /名称须以文字开头/],
  [['schedule', 'remove', '无'], /没有夜间任务 无/],
  [['simulate', '--speed', 'x'], /--speed x：请填写大于 0 的数字。/],
  [['simulate', '--mix', 'x=1'], /不是可指定的结果/],
  [['demo', '--api', 'x'], /请填写 fastregisterweapp 或 fastregisterenterpriseweapp/],
  [['notify', 'test'], /未设置 FASTREGISTER_NOTIFY_URL/],
] as const)('%j is refused', async (args, says) => {
  const ran = await inChinese(...args);
  expect([ran.status, ran.stderr]).toEqual([2, expect.stringMatching(says)]);
});

test.each(['purge', 'reconcile', 'ledger', 'pushes', 'tokens', 'notify', 'schedule', 'template'])(
  'help of %s is Chinese',
  async (name) => {
    expect((await inChinese(name, '--help')).stdout).toMatch(/\p{Script=Han}{4}/u);
  },
);
