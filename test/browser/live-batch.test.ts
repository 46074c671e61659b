import { expect, test } from 'vitest';
import { merchant } from '../support/merchants.js';
import { until } from '../support/until.js';
import { isTooWide, logIn, openPage, rehearseWithConsole, SIZES, screenshots, useBrowser } from './support/browser.js';

useBrowser();

const FATES = ['ok', 'ok', 'p103', 'ok', 'p100003', 'ok', 'lost', 'ok'];

/** Rows of every outcome that a sheet of a minute can have. */
const rows = Array.from({ length: 60 }, (_, at) => merchant(at + 1, FATES[at % FATES.length]));

test('a batch advances on the page without reloading, and the pages fit a laptop and a phone', async () => {
  const story = await rehearseWithConsole({ settings: { FASTREGISTER_CALLS_PER_SECOND: '20' } });
  await story.book.load('b1', [...rows, undefined]);
  const { address } = story;
  const opened = await openPage(address);
  const { page, faults } = opened;
  await page.goto(`${address}/batches/b1`);
  await screenshots(page, 'login');
  await logIn(opened);
  await screenshots(page, 'today-waiting');

  await page.goto(`${address}/batches/b1`);
  expect(await page.textContent('.counts')).toContain('pending 60');
  await page.evaluate('window.untouched = true');
  await story.start();
  await until('the page shows created rows', async () =>
    /created [1-9]/.test((await page.textContent('.counts')) ?? ''),
  );
  await screenshots(page, 'batch-running');
  await story.settled('b1');
  // The page is at most two seconds behind.
  const counts = await story.book.batches.counts('b1');
  await until(
    'the page shows the last counts',
    async () => {
      const text = (await page.textContent('.counts')) ?? '';
      return text.includes(`created ${counts.created}`) && !text.includes('pending');
    },
    2_500,
  );
  expect(await page.evaluate('window.untouched')).toBe(true);
  expect(faults).toEqual([]);

  for (const [name, path] of Object.entries({
    today: '/',
    batches: '/batches',
    batch: '/batches/b1',
    filtered: '/batches/b1?outcome=rejected',
    users: '/users',
    audit: '/audit',
    missing: '/nothing',
  })) {
    await page.goto(address + path);
    for (const size of Object.values(SIZES)) {
      await page.setViewportSize(size);
      expect([path, size.width, await isTooWide(page)]).toEqual([path, size.width, false]);
    }
    await screenshots(page, name);
  }
});

test('in Chinese where the browser is, and the language can be changed', async () => {
  const story = await rehearseWithConsole();
  await story.book.load('b1', [...rows.slice(0, 8), undefined]);
  await story.start();
  await story.settled('b1');
  const opened = await openPage(story.address, { locale: 'zh-CN' });
  const { page } = opened;
  await logIn(opened);
  expect(await page.textContent('h1')).toBe('今日');
  await screenshots(page, 'zh-today');
  await page.goto(`${story.address}/batches/b1`);
  await screenshots(page, 'zh-batch');
  await page.goto(`${story.address}/users`);
  await page.click('.heading summary');
  await page.fill('dialog input[name=name]', '王小明');
  await page.fill('dialog input[name=password]', 'a long password');
  await screenshots(page, 'zh-users-add');
  await page.click('dialog button.main');
  await page.waitForSelector('.said');
  expect(await page.textContent('table')).toContain('王小明');
  await screenshots(page, 'zh-users');
  await page.click('.sidebar button[name=language]');
  await page.waitForSelector('html[lang=en]');
  expect(await page.textContent('h1')).toBe('Users');
});
