import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { startConsoleOf } from '../../src/console/start.js';
import { merchant } from '../support/merchants.js';
import { ownRedis } from '../support/own-redis.js';
import { merchantsAskedTwice, rehearse } from '../support/rehearsal.js';
import { logIn, openPage, PASSWORD, screenshots, useBrowser } from './support/browser.js';

useBrowser();

test.each(['/', '/batches/b1', '/line', '/nights', '/pushes'])(
  'while Redis is away %s keeps what it showed under a band, and goes on by itself when it is back',
  async (path) => {
    const own = await ownRedis();
    onTestFinished(() => own.end());
    const { store, book } = await rehearse({
      settings: {
        FASTREGISTER_CONSOLE_PORT: '0',
        FASTREGISTER_CONSOLE_PASSWORD: PASSWORD,
        REDIS_URL: `unix:${own.socketPath}`,
        FASTREGISTER_SECRET_KEY: randomBytes(32).toString('base64'),
      },
    });
    await book.load('b1', [merchant(1), undefined]);
    const console = await startConsoleOf(store);
    onTestFinished(() => console.close());
    const address = `http://127.0.0.1:${console.port}`;
    const opened = await openPage(address, { locale: 'zh-CN' });
    const { page } = opened;
    await logIn(opened);
    await page.goto(address + path);
    await page.evaluate('window.untouched = true');
    const band = page.locator('#interrupted');
    expect(await band.isVisible()).toBe(false);
    const shown = await page.textContent('h1');
    await own.stop();
    await band.waitFor({ state: 'visible' });
    expect(await band.textContent()).toContain('无法连接 Redis');
    expect(await page.textContent('h1')).toBe(shown);
    if (path === '/') await screenshots(page, 'interrupted');
    await own.start();
    await band.waitFor({ state: 'hidden' });
    expect(await page.evaluate('window.untouched')).toBe(true);
    // What changes afterwards is followed.
    if (path === '/line') {
      await store.calls.stopLine({ because: 'after the interruption', problem: 'paused', at: Date.now() });
      // The closed dialogs of resuming and pausing name it, too.
      await page.getByText('after the interruption').filter({ visible: true }).first().waitFor();
    }
  },
);

test('Redis is killed while a batch is sent: the page keeps its numbers, and has those of the end without being loaded again', async () => {
  const own = await ownRedis();
  onTestFinished(() => own.end());
  const { store, book, start, settled, simulator } = await rehearse({
    settings: {
      FASTREGISTER_CONSOLE_PORT: '0',
      FASTREGISTER_CONSOLE_PASSWORD: PASSWORD,
      FASTREGISTER_CALLS_PER_SECOND: '5',
      REDIS_URL: `unix:${own.socketPath}`,
      FASTREGISTER_SECRET_KEY: randomBytes(32).toString('base64'),
    },
  });
  const rows = Array.from({ length: 40 }, (_, at) => merchant(at + 1));
  await book.load('b1', [...rows, undefined]);
  const console = await startConsoleOf(store);
  onTestFinished(() => console.close());
  const address = `http://127.0.0.1:${console.port}`;
  const opened = await openPage(address, { locale: 'zh-CN' });
  const { page } = opened;
  await logIn(opened);
  await page.goto(`${address}/batches/b1`);
  await page.evaluate('window.untouched = true');
  const [counts, band] = [page.locator('.counts'), page.locator('#interrupted')];
  await start();
  await counts.getByText('已创建').waitFor();
  await own.kill();
  await band.waitFor({ state: 'visible' });
  const kept = await counts.textContent();
  expect(kept).toMatch(/已创建 *\d+.*处理中 *\d+/);
  // A page that is opened now says so, too, and works when Redis is back.
  const other = await page.context().newPage();
  await other.goto(`${address}/batches/b1`);
  expect(await other.textContent('h1')).toBe('无法连接 Redis');
  await screenshots(other, 'opened-while-redis-is-away');

  await own.start();
  await band.waitFor({ state: 'hidden' });
  await settled('b1');
  await counts.getByText('处理中').waitFor({ state: 'detached' });
  const { created = 0, needs_review: unknown = 0 } = await book.batches.counts('b1');
  expect(created + unknown).toBe(rows.length);
  expect(await counts.textContent()).toMatch(new RegExp(`已创建 *${created}`));
  expect(await page.evaluate('window.untouched')).toBe(true);
  expect(merchantsAskedTwice(simulator)).toEqual([]);
  // It has asked again by itself.
  await other.locator('.counts').waitFor();
  await other.locator('.counts').getByText('处理中').waitFor({ state: 'detached' });
  expect(await other.textContent('.counts')).toBe(await counts.textContent());
});

test('while the console is away a band says so, and the page follows again when it is back', async () => {
  const { store, book } = await rehearse({
    settings: { FASTREGISTER_CONSOLE_PORT: '0', FASTREGISTER_CONSOLE_PASSWORD: PASSWORD },
  });
  await book.load('b1', [merchant(1)]);
  const first = await startConsoleOf(store);
  const address = `http://127.0.0.1:${first.port}`;
  const opened = await openPage(address);
  const { page } = opened;
  await logIn(opened);
  await page.goto(`${address}/line`);
  const band = page.locator('#disconnected');
  await first.close();
  await band.waitFor({ state: 'visible' });
  // What is written meanwhile is neither lost nor sent.
  await page.click('details.confirm:has(form[action="/line/pause"]) > summary');
  await page.fill('dialog input[name=because]', 'lunch');
  await page.click('dialog button[type=submit]');
  await page.getByText('Not sent. What you typed stays here').waitFor();
  expect(await page.inputValue('dialog input[name=because]')).toBe('lunch');
  const second = await startConsoleOf({ ...store, settings: { ...store.settings, consolePort: first.port } });
  onTestFinished(() => second.close());
  await band.waitFor({ state: 'hidden' });
});

test('where only live connections are refused, as by a proxy, a form is sent', async () => {
  const { store } = await rehearse({
    settings: { FASTREGISTER_CONSOLE_PORT: '0', FASTREGISTER_CONSOLE_PASSWORD: PASSWORD },
  });
  const console = await startConsoleOf(store);
  onTestFinished(() => console.close());
  const address = `http://127.0.0.1:${console.port}`;
  const opened = await openPage(address);
  const { page } = opened;
  await page.route('**/live/**', (route) => route.abort());
  await logIn(opened);
  await page.goto(`${address}/line`);
  await page.locator('#disconnected').waitFor({ state: 'visible' });
  await page.click('details.confirm:has(form[action="/line/pause"]) > summary');
  await page.fill('dialog input[name=because]', 'lunch');
  await page.click('dialog button[type=submit]');
  await page.getByText('The line is stopped.').waitFor();
});
