/** A clerk gets from an Excel file to a batch: in Chinese, without help, with and without a script. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { addUser } from '../../src/app/console-users.js';
import { creditCode, merchant, sheetOf } from '../support/merchants.js';
import {
  findings,
  isTooWide,
  logIn,
  openPage,
  PASSWORD,
  rehearseWithConsole,
  SIZES,
  screenshots,
  useBrowser,
} from './support/browser.js';

useBrowser();

const SAMPLE = fileURLToPath(new URL('../../samples/merchants.csv', import.meta.url));

async function looksRight(page: Page, name: string): Promise<void> {
  expect([name, await findings(page)]).toEqual([name, []]);
  for (const size of Object.values(SIZES)) {
    await page.setViewportSize(size);
    expect([name, size.width, await isTooWide(page)]).toEqual([name, size.width, false]);
  }
  await screenshots(page, name);
  await page.setViewportSize(SIZES.wide);
}

test('a clerk uploads a sheet, corrects what is shown cell by cell, uploads it again and starts it', async () => {
  const { address, store, book } = await rehearseWithConsole();
  await addUser(store, { name: 'wang', role: 'operator', password: PASSWORD }, 'tests');
  const opened = await openPage(address, { locale: 'zh-CN', acceptDownloads: true });
  const { page, faults } = opened;
  await logIn(opened, 'wang');
  await page.click('.sidebar nav >> text=上传表格');
  expect(await page.textContent('h1')).toBe('上传表格');
  await page.setInputFiles('input[type=file]', SAMPLE);
  await looksRight(page, 'zh-sheets-new');
  await page.click('form.upload button');
  await page.waitForSelector('#rows');
  expect(await page.textContent('h1')).toBe('merchants.csv');
  const table = (await page.textContent('#rows table')) ?? '';
  for (const cell of ['A44', 'B45', 'B46', 'D47']) expect(table).toContain(cell);
  expect(table).toContain('Excel 已将该代码变为 9.13E+17，丢失了三位数字。');
  expect(await page.textContent('.figures')).toMatch(/可提交\s*41/);
  await looksRight(page, 'zh-sheet');

  await page.selectOption('select[name=show]', 'correct');
  await page.waitForURL(/show=correct/);
  expect(await page.locator('#rows tbody tr').count()).toBe(3);
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('a.button >> text="CSV"')]);
  expect(download.suggestedFilename()).toBe('merchants.问题.csv');
  const annotated = readFileSync(await download.path(), 'utf8');
  expect(annotated).toContain('"sheet:code_scientific"');
  const rows = annotated.split('\r\n');
  /** The line of the sheet, as it was shown; its column. */
  const correct = (line: number, column: number, value: string): void => {
    const cells = (rows[line - 1] ?? '').slice(1, -1).split('","');
    cells[column] = value;
    rows[line - 1] = `"${cells.join('","')}"`;
  };
  correct(45, 1, creditCode(45));
  correct(46, 1, creditCode(46));
  correct(47, 3, 'fate-ok-b47');
  await page.click('text=上传其他表格');
  const again = { name: '已更正.csv', mimeType: 'text/csv', buffer: Buffer.from(rows.join('\r\n')) };
  await page.setInputFiles('input[type=file]', again);
  await page.click('form.upload button');
  await page.waitForSelector('#rows');
  expect(await page.textContent('.figures')).toMatch(/可提交\s*44/);
  await page.click('.heading summary.main');
  await screenshots(page, 'zh-sheet-start');
  await page.click('dialog button.main');
  await page.waitForURL(/\/batches\/b/);
  expect(await page.textContent('h1')).toBe('已更正.csv');
  expect(await page.textContent('.said')).toBe('已启动。');
  expect(await book.batches.list()).toHaveLength(1);
  await page.goBack();
  await page.goBack();
  expect(faults).toEqual([]);
});

test('files are dropped on the page; too large ones are refused there, and what the server refuses is said there', async () => {
  const { address, book } = await rehearseWithConsole();
  const opened = await openPage(address);
  const { page } = opened;
  await logIn(opened);
  await page.goto(`${address}/sheets/new`);
  const drop = (files: string) =>
    page.evaluate(`(() => {
      const data = new DataTransfer();
      for (const [name, text] of ${files}) data.items.add(new File([text], name));
      document.querySelector('.drop').dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
    })()`);
  await drop(`[['large.csv', 'x'.repeat(51 * 1024 * 1024)]]`);
  expect(await page.textContent('.upload .fault')).toBe('large.csv: larger than 50 MB');
  await drop(
    JSON.stringify([
      ['a.csv', sheetOf([merchant(1)])],
      ['b.csv', 'no sheet of merchants'],
      ['c.csv', sheetOf([merchant(2)])],
    ]),
  );
  expect(await page.locator('.upload .fault').isVisible()).toBe(false);
  await page.click('form.upload button');
  await page.waitForSelector('text=This makes 2 batches', { state: 'attached' });
  await looksRight(page, 'sheets-several');
  await page.click('text=b.csv');
  await page.waitForSelector('.line.bad');
  await looksRight(page, 'sheet-refused');
  expect(await book.batches.list()).toEqual([]);
});

test('without a script a sheet is uploaded, looked at with other options, and started', async () => {
  const { address, book } = await rehearseWithConsole();
  const opened = await openPage(address, { javaScriptEnabled: false });
  const { page } = opened;
  await logIn(opened);
  await page.goto(`${address}/sheets/new`);
  await page.setInputFiles('input[type=file]', SAMPLE);
  await page.click('form.upload button');
  // The page looks again by itself.
  await page.waitForSelector('#rows');
  await page.check('input[name=warnings]');
  await page.click('.options button');
  await page.waitForSelector('#rows');
  await page.click('.heading summary.main');
  await page.click('.heading form.sheet button.main');
  await page.waitForURL(/\/batches\/b/);
  expect(await book.batches.list()).toHaveLength(1);
});
