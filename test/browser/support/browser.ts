/** Debian's Chromium, and the console in this process: what a person sees and does. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, onTestFinished } from 'vitest';
import { startConsoleOf } from '../../../src/console/start.js';
import { type Rehearsal, rehearse } from '../../support/rehearsal.js';

/** Where Debian, Ubuntu and Google's package put it, and macOS; `CHROMIUM=path` names another. */
const CHROMIUM = [
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

export const SIZES = { wide: { width: 1366, height: 768 }, narrow: { width: 390, height: 844 } } as const;
export const PASSWORD = 'a password of tests';

/** Where screenshots are put, to be looked at; `FASTREGISTER_SCREENSHOTS=folder` takes them. */
const SCREENSHOTS = process.env.FASTREGISTER_SCREENSHOTS;

let browser: Promise<Browser> | undefined;

function launched(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? CHROMIUM.find(existsSync);
  if (executablePath === undefined) throw new Error('No chromium: script/setup --browser installs it on Debian');
  browser ??= chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  return browser;
}

/** In every file: the browser ends with it. */
export function useBrowser(): void {
  afterAll(async () => {
    await (await browser)?.close();
    browser = undefined;
  });
}

export interface Opened {
  readonly page: Page;
  readonly address: string;
  /** What the page logged or could not load, and requests to other hosts: there is to be none. */
  readonly faults: readonly string[];
}

export async function openPage(address: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await (await launched()).newContext({ viewport: SIZES.wide, locale: 'en-GB', ...options });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(address)) faults.push(`asked ${request.url()}`);
  });
  return { page, address, faults };
}

/** A rehearsal with its console; the built-in user may enter. */
export async function rehearseWithConsole(
  options: Parameters<typeof rehearse>[0] = {},
): Promise<Rehearsal & { address: string }> {
  const rehearsal = await rehearse({
    ...options,
    settings: { FASTREGISTER_CONSOLE_PORT: '0', FASTREGISTER_CONSOLE_PASSWORD: PASSWORD, ...options.settings },
  });
  const console = await startConsoleOf(rehearsal.store);
  onTestFinished(() => console.close());
  return { ...rehearsal, address: `http://127.0.0.1:${console.port}` };
}

export async function logIn({ page, address }: Pick<Opened, 'page' | 'address'>, user = 'admin', password = PASSWORD) {
  await page.goto(`${address}/login`);
  await page.fill('input[name=username]', user);
  await page.fill('input[name=password]', password);
  await page.click('form.login button');
  await page.waitForURL(`${address}/`);
}

/** Whether a page is wider than its window: then it would have to be moved sideways. */
export function isTooWide(page: Page): Promise<boolean> {
  return page.evaluate(
    'document.documentElement.scrollWidth > document.documentElement.clientWidth',
  ) as Promise<boolean>;
}

export interface Finding {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly string[];
}

/** Of the rules of axe-core, the one about colours, which costs as much as the others together. */
const CONTRAST = 'color-contrast';

/** What axe-core calls serious or critical. */
export async function findings(
  page: Page,
  by: 'all rules' | 'contrast' | 'all but contrast' = 'all rules',
): Promise<Finding[]> {
  await page.evaluate(`window.axe || (() => { ${axe.source} })()`);
  const options = JSON.stringify({
    resultTypes: ['violations'],
    ...(by === 'contrast' && { runOnly: [CONTRAST] }),
    ...(by === 'all but contrast' && { rules: { [CONTRAST]: { enabled: false } } }),
  });
  const script = `axe.run(${options}).then(({ violations }) => violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map(({ html, failureSummary }) => html + ' ' + failureSummary) })))`;
  return (await page.evaluate(script)) as Finding[];
}

/** In both sizes, light and dark. */
export async function screenshots(page: Page, name: string): Promise<void> {
  if (SCREENSHOTS === undefined) return;
  mkdirSync(SCREENSHOTS, { recursive: true });
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(SCREENSHOTS, `${name}-${size}-${colorScheme}.png`), fullPage: true });
    }
  }
  await page.setViewportSize(SIZES.wide);
  await page.emulateMedia({ colorScheme: 'light' });
}
