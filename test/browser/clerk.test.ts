/** The whole way of a clerk, in Chinese: from a faulty Excel sheet to a finished batch, a corrected merchant and the report. */
import { readFileSync } from 'node:fs';
import type { Download, Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { addUser } from '../../src/app/console-users.js';
import { workbook } from '../stages/workbook.js';
import { creditCode, merchant } from '../support/merchants.js';
import { until } from '../support/until.js';
import { logIn, openPage, PASSWORD, rehearseWithConsole, screenshots, useBrowser } from './support/browser.js';

useBrowser();

const REFUSED = merchant(3, 'p103');
const RIGHT_NAME = merchant(3, 'ok').name;

/** As an office saves it: a title above the headings, a code that Excel has spoilt, a missing name, an enterprise twice. */
const SHEET = workbook([
  {
    name: '十一月',
    rows: [
      ['商户登记表'],
      ['企业名称', '企业代码', '法人微信', '法人姓名', '联系人', '联系电话'],
      [merchant(1).name, creditCode(1), 'weixin_m1', '虚构人', '王经理', '13800000001'],
      [merchant(2).name, creditCode(2), 'weixin_m2', '虚构人', '陈店长', '13800000002'],
      [REFUSED.name, creditCode(3), 'weixin_m3', '虚构人', '林经理', '13800000003'],
      [merchant(4).name, { number: '9.1990000123456E+17' }, 'weixin_m4', '虚构人', '周店长', '13800000004'],
      ['', creditCode(5), 'weixin_m5', '虚构人', '吴经理', '13800000005'],
      [merchant(1).name, creditCode(1), 'weixin_m1', '虚构人', '王经理', '13800000001'],
    ],
  },
]);
const FILE = { name: '商户.xlsx', mimeType: 'application/octet-stream', buffer: SHEET };

/** Somebody who has only just been let in. */
async function clerk(javaScriptEnabled: boolean) {
  const story = await rehearseWithConsole();
  await addUser(story.store, { name: 'wang', role: 'operator', password: PASSWORD }, 'tests');
  const opened = await openPage(story.address, { locale: 'zh-CN', acceptDownloads: true, javaScriptEnabled });
  await logIn(opened, 'wang');
  return { ...story, ...opened };
}

async function textOf(page: Page, selector: string): Promise<string> {
  return ((await page.textContent(selector)) ?? '').replace(/\s+/g, ' ');
}

async function downloaded(page: Page, link: string): Promise<Download> {
  const [download] = await Promise.all([page.waitForEvent('download'), page.click(`.downloads >> text="${link}"`)]);
  return download;
}

/** Chooses what is corrected, sees it before and after, and sends it. */
async function correctName(page: Page): Promise<void> {
  await page.click('text=更正并重新提交');
  await page.fill('input[name=name]', RIGHT_NAME);
  await page.click('.details-form button.main');
  await page.waitForSelector('text=将以更正后的信息重新提交。');
  expect(await textOf(page, 'main table')).toContain(`企业名称${REFUSED.name}${RIGHT_NAME}`);
  await page.click('text=提交更正后的信息');
  await page.waitForSelector('.said');
  expect(await textOf(page, '.said')).toMatch(/^更正后的信息已排队，将自动提交。批次： ?b[0-9a-f]+$/);
}

test('a clerk gets from a faulty Excel sheet to a finished batch, a corrected merchant and the report', async () => {
  const { page, address, start, book, idOf, faults } = await clerk(true);
  expect(await textOf(page, '#live-batches .empty')).toBe('还没有批次。 上传表格');
  await page.click('#live-batches >> text=上传表格');
  await page.waitForURL(`${address}/sheets/new`);
  expect(await page.locator('input[type=file] ~ .button').isVisible()).toBe(true);
  await page.setInputFiles('input[type=file]', FILE);
  expect(await textOf(page, '.chosen')).toMatch(/^商户\.xlsx · [\d.]+ kB$/);
  await page.click('text=上传并检查');

  await page.waitForSelector('#rows');
  expect(await textOf(page, '.figures')).toMatch(/可提交 ?3 ?共 6 行.*需更正 ?2.*不提交 ?1/);
  const found = await textOf(page, '#rows table');
  for (const cell of ['B6', 'A7', '第 8 行']) expect(found).toContain(cell);
  await screenshots(page, 'clerk-sheet');
  await page.click('.heading summary.main');
  expect(await textOf(page, 'dialog')).toContain('将生成一个批次，共 6 行，其中 3 行会提交到微信。');
  await page.click('dialog button.main');
  await page.waitForURL(/\/batches\/b/);
  const batch = page.url();
  expect(await textOf(page, '.counts')).toContain('处理中 3');

  await page.evaluate('window.untouched = true');
  await start();
  const counts = page.locator('.counts');
  await counts.getByText('处理中').waitFor({ state: 'detached' });
  expect(await textOf(page, '.counts')).toMatch(/已创建 2.*重复 1.*表格有误 2.*微信未通过 1/);
  await page.locator('#live-reasons').getByText('push:103').waitFor();
  expect(await page.evaluate('window.untouched')).toBe(true);
  await screenshots(page, 'clerk-batch');

  await page.click('.sidebar nav >> text=今日');
  await page.click('#live-turns a >> text=商户');
  await page.waitForURL(`${address}/todo?who=merchant`);
  const id = idOf(REFUSED);
  await page.fill(`#note-${id}`, '已核对营业执照');
  await page.click(`#tick-${id}`);
  await page.waitForSelector('text=已记录：已联系商户。');
  const todo = page.locator('.todos > li', { has: page.locator(`#tick-${id}`) });
  await todo.getByText('已联系（wang）').waitFor();
  expect(await todo.textContent()).toContain('已核对营业执照');
  await screenshots(page, 'clerk-todo');

  await todo.locator('.todo-merchant a').click();
  await page.waitForURL(`${address}/merchants/${id}`);
  expect(await textOf(page, '#live-notes')).toContain('已联系 已核对营业执照');
  await correctName(page);
  // The page follows until the Mini Program is there.
  await page.locator('#live-head .badge.created').waitFor();
  expect(await textOf(page, 'h1')).toBe(RIGHT_NAME);
  const { appid = '' } = await book.registration(id);
  await page.locator('#live-facts').getByText(appid).first().waitFor();
  await screenshots(page, 'clerk-merchant');

  await page.goto(batch);
  expect((await downloaded(page, 'Excel')).suggestedFilename()).toBe('商户 报告.xlsx');
  const report = readFileSync(await (await downloaded(page, 'CSV')).path(), 'utf8').split('\r\n');
  expect(report).toHaveLength(8);
  expect(report.find((line) => line.includes('林经理'))).toContain('"微信未通过"');
  expect(report.find((line) => line.includes('吴经理'))).toContain('"sheet:name_missing"');
  await page.click('.sidebar nav >> text=批次');
  await page.locator('table').getByText('商户.xlsx（更正）').click();
  await page.waitForURL(/\/batches\/b/);
  expect(readFileSync(await (await downloaded(page, 'CSV')).path(), 'utf8')).toContain(appid);
  expect(faults).toEqual([]);
});

test('the same without a script, page by page', async () => {
  const { page, address, start, settled, idOf, book } = await clerk(false);
  await page.click('#live-batches >> text=上传表格');
  expect(await page.locator('input[type=file]').isVisible()).toBe(true);
  await page.setInputFiles('input[type=file]', FILE);
  await page.click('text=上传并检查');
  // The page looks again by itself.
  await page.waitForSelector('#rows');
  await page.click('.heading summary.main');
  await page.click('.heading form.sheet button.main');
  await page.waitForURL(/\/batches\/b/);
  const batch = page.url();
  await start();
  await settled(batch.split('/').at(-1) ?? '');
  await page.reload();
  expect(await textOf(page, '.counts')).toMatch(/已创建 2.*微信未通过 1/);
  const id = idOf(REFUSED);
  await until('it is listed', async () => {
    await page.goto(`${address}/todo?who=merchant`);
    return page.locator(`#tick-${id}`).isVisible();
  });
  await page.click(`#tick-${id}`);
  expect(await textOf(page, '.said')).toBe('已记录：已联系商户。');
  await page.goto(`${address}/merchants/${id}`);
  await correctName(page);
  await until('it is created', async () => (await book.registration(id)).state === 'created');
  await page.reload();
  expect(await page.locator('#live-head .badge.created').isVisible()).toBe(true);
  await page.goto(batch);
  expect((await downloaded(page, 'Excel')).suggestedFilename()).toBe('商户 报告.xlsx');
});
