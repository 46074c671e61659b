/** What holds for every page of the console, in both languages. */
import { expect, test } from 'vitest';
import { addUser } from '../../src/app/console-users.js';
import { addSchedule } from '../../src/app/schedule.js';
import { merchant } from '../support/merchants.js';
import {
  findings,
  isTooWide,
  logIn,
  openPage,
  rehearseWithConsole,
  SIZES,
  screenshots,
  useBrowser,
} from './support/browser.js';

useBrowser();

/** Every page, with something on it. A page of yours is a line here. */
const PAGES = [
  '/',
  '/sheets/new',
  '/batches',
  '/batches/b1',
  '/batches/b1?outcome=rejected',
  '/batches/b1/retry',
  '/batches/b1/codes',
  '/todo',
  '/merchants',
  '/merchants/REFUSED',
  '/merchants/REFUSED/correct',
  '/merchants/REFUSED/retry',
  '/nights',
  '/pushes',
  '/pushes/replay',
  '/line',
  '/settings',
  '/users',
  '/audit',
  '/nothing',
];

/** No word of it can be broken but by force. */
const LONG = 'W'.repeat(120);

async function filled() {
  const story = await rehearseWithConsole();
  const rows = [merchant(1), merchant(2, 'p103', { name: `虚构${LONG}（fate-p103）有限公司` }), undefined];
  await story.book.load('b1', rows);
  await addUser(story.store, { name: LONG.slice(0, 40), role: 'operator', password: 'a password of tests' }, LONG);
  const until = 'settled' as const;
  const night = { name: 'nightly', inbox: `/srv/${LONG}`, at: '0 22 * * *', timezone: 'Asia/Shanghai', until };
  await addSchedule(story.store, { ...night, language: 'zh', mostInvalid: 0.05, addedAt: Date.now() });
  await story.start();
  await story.settled('b1');
  return { ...story, pages: PAGES.map((path) => path.replace('REFUSED', story.idOf(merchant(2)))) };
}

test.each([
  ['zh-CN', 'all rules'],
  ['en-GB', 'all but contrast'],
] as const)('in %s axe-core finds no serious fault on any page, and each fits its window', async (locale, rules) => {
  const { address, pages } = await filled();
  const opened = await openPage(address, { locale });
  const { page, faults } = opened;
  await page.goto(`${address}/login`);
  expect(await findings(page)).toEqual([]);
  await logIn(opened);
  for (const path of pages) {
    await page.goto(address + path);
    expect([path, await findings(page, rules)]).toEqual([path, []]);
    for (const size of Object.values(SIZES)) {
      await page.setViewportSize(size);
      expect([path, size.width, await isTooWide(page)]).toEqual([path, size.width, false]);
    }
    await screenshots(page, `${locale}${path.replaceAll(/[/?=]/g, '-')}`);
  }
  // The browser itself reports the page that is not there.
  expect(faults.filter((fault) => !fault.includes('404'))).toEqual([]);
});

// In the dark nothing but colours is different, and they are the same in every language.
test('in the dark the contrast of every page is enough', async () => {
  const { address, pages } = await filled();
  const opened = await openPage(address, { colorScheme: 'dark' });
  await logIn(opened);
  for (const path of pages) {
    await opened.page.goto(address + path);
    expect([path, await findings(opened.page, 'contrast')]).toEqual([path, []]);
  }
});

test('without a script everything can be read and done', async () => {
  const { address, history } = await filled();
  const opened = await openPage(address, { javaScriptEnabled: false });
  const { page } = opened;
  await logIn(opened);
  await page.goto(`${address}/batches/b1`);
  await page.selectOption('select[name=outcome]', 'rejected');
  await page.click('.filters button');
  expect(await page.locator('#live-rows tbody tr').count()).toBe(1);
  await page.goto(`${address}/todo`);
  await page.fill('.todo input', 'will call back');
  await page.click('.todo-contact button');
  expect(await page.textContent('.said')).toBe('Noted: the merchant was contacted.');
  expect((await history(merchant(2))).at(-1)).toMatchObject({ note: 'will call back', who: 'admin', contacted: true });
  await page.click('.todo-merchant a');
  await page.click('main a[href$="/retry"]');
  await page.click('main form button.main');
  expect(await page.textContent('.said')).toBe('1 will be sent again.');
  await page.goto(`${address}/users`);
  await page.click('.heading summary');
  await page.fill('input[name=name]', 'wang');
  await page.fill('.heading input[name=password]', 'a password of tests');
  await page.click('.heading button.main');
  expect(await page.textContent('.said')).toBe('Added: wang.');
});
