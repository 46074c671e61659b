import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { startConsoleOf } from '../../src/console/start.js';
import { merchant } from '../support/merchants.js';
import { ownRedis } from '../support/own-redis.js';
import { rehearse } from '../support/rehearsal.js';
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
      await page.getByText('after the interruption').waitFor();
    }
  },
);

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
  const band = page.locator('#disconnected');
  await first.close();
  await band.waitFor({ state: 'visible' });
  const second = await startConsoleOf({ ...store, settings: { ...store.settings, consolePort: first.port } });
  onTestFinished(() => second.close());
  await band.waitFor({ state: 'hidden' });
});
