/**
 * Draws docs/images/console-*.png: pages of a console that runs, in Chinese, as a browser on a laptop shows them.
 * Usage: node script/console-screenshots.js ADDRESS PASSWORD BATCH FOLDER
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [address, password, batch, folder] = process.argv.slice(2);
const executablePath =
  process.env.CHROMIUM ??
  ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync);
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
try {
  const page = await browser.newPage({ locale: 'zh-CN', viewport: { width: 1366, height: 768 } });
  await page.goto(`${address}/login`);
  await page.fill('[name=username]', 'admin');
  await page.fill('[name=password]', password);
  await page.click('main button[type=submit]');
  // The height ends between two parts of the page.
  for (const [name, path, height] of [
    ['today', '/', 622],
    ['batch', `/batches/${batch}`, 913],
    ['todo', '/todo', 660],
  ]) {
    await page.setViewportSize({ width: 1366, height });
    await page.goto(address + path);
    await page.screenshot({ path: join(folder, `console-${name}.png`) });
  }
  await page.click('main a[href^="/merchants/"]');
  await page.waitForURL(/\/merchants\//);
  await page.setViewportSize({ width: 1366, height: 768 });
  await page.screenshot({ path: join(folder, 'console-merchant.png') });
} finally {
  await browser.close();
}
