import { expect, test } from 'vitest';
import { merchant } from '../support/merchants.js';
import { logIn, openPage, rehearseWithConsole, screenshots, useBrowser } from './support/browser.js';

useBrowser();

test('the queues are shown under the policy of the console, and nothing of another host is asked for', async () => {
  const story = await rehearseWithConsole();
  await story.book.load('b1', [merchant(1)]);
  const opened = await openPage(story.address);
  const { page, faults } = opened;
  await logIn(opened);
  await page.click('.sidebar a[href="/queues"]');
  await page.getByText('follow-up').first().waitFor();
  await page.goto(`${story.address}/queues/queue/submit`);
  await page.getByText('submit').first().waitFor();
  expect(await page.getByRole('note').isVisible()).toBe(true);
  await screenshots(page, 'queues');
  expect(faults).toEqual([]);
});
