import { expect, test } from 'vitest';
import { merchant } from '../support/merchants.js';
import { until } from '../support/until.js';
import { isTooWide, logIn, openPage, rehearseWithConsole, SIZES, screenshots, useBrowser } from './support/browser.js';

useBrowser();

const LINK = 'https://mp.weixin.qq.com/cgi-bin/fast?token=abc&x=1';
const HOSTILE = '<img src=x onerror=window.attacked=1>\u202e虚构有限公司';

/** One with a link, and three whose details were refused; nothing is sent by itself. */
async function waiting() {
  const story = await rehearseWithConsole();
  const { book, idOf } = story;
  const rows = [merchant(1), merchant(2), merchant(3, 'ok', { name: HOSTILE }), merchant(4)];
  await book.load('b1', [...rows, undefined]);
  const [first = '', ...others] = rows.map(idOf);
  await book.take(first);
  const { sentAt = 0 } = await book.registration(first);
  await book.record(first, 'create_accepted', { callSentAt: sentAt, authorizeUrl: LINK, taskId: 't' });
  for (const id of others) {
    await book.send(id);
    await book.record(id, 'registration_refused', { problem: 'push:103', said: 'not match rid: 6100-aaaa' });
  }
  return { ...story, first, others };
}

test('one ticks a contact, and the other sees it without reloading, while a note is being typed', async () => {
  const { address, first, others, book } = await waiting();
  const [one, other] = [await openPage(address), await openPage(address, { locale: 'zh-CN' })];
  for (const opened of [one, other]) {
    await logIn(opened);
    await opened.page.goto(`${address}/todo`);
    await opened.page.waitForSelector(`#tick-${first}`);
  }
  await screenshots(one.page, 'todo');
  await screenshots(other.page, 'zh-todo');
  await other.page.evaluate('window.untouched = true');
  const typing = `#note-${others[0]}`;
  await other.page.fill(typing, '正在输入');
  await other.page.focus(typing);

  await one.page.fill(`#note-${others[1]}`, 'typed while the phone rang');
  await one.page.fill(`#note-${first}`, 'will confirm tonight');
  await one.page.press(`#note-${first}`, 'Enter');
  await one.page.waitForSelector('.said');
  expect(await one.page.inputValue(`#note-${others[1]}`)).toBe('typed while the phone rang');
  expect(await one.page.inputValue(`#note-${first}`)).toBe('');
  await until(
    'the other one sees it',
    async () => ((await other.page.textContent('.todos li:first-child')) ?? '').includes('已联系（admin）'),
    2_500,
  );
  expect(await other.page.textContent('.todos li:first-child')).toContain('will confirm tonight');
  expect(await other.page.evaluate('window.untouched')).toBe(true);
  expect(await other.page.inputValue(typing)).toBe('正在输入');
  expect(await other.page.evaluate('document.activeElement.id')).toBe(typing.slice(1));
  // The Enter key noted this merchant, and no other one.
  const noted = await Promise.all(
    [first, ...others].map(async (id) => (await book.ledger.history(id)).filter(({ kind }) => kind === 'noted').length),
  );
  expect(noted).toEqual([1, 0, 0, 0]);
  expect(await other.page.evaluate('window.attacked')).toBeUndefined();
  expect([...one.faults, ...other.faults]).toEqual([]);
});

test('a message is copied, a deadline counts down, and a merchant is corrected and sent again', async () => {
  const { address, first, others, book } = await waiting();
  const opened = await openPage(address, { permissions: ['clipboard-read', 'clipboard-write'] });
  const { page, faults } = opened;
  await logIn(opened);
  // From any page, by the key of the search.
  await page.keyboard.press('/');
  await page.keyboard.type('商户1号');
  await page.keyboard.press('Enter');
  await page.waitForSelector('td a');
  // A page to go back to, without the name that was typed.
  expect(page.url()).toMatch(/\/merchants\?typed=[\w-]+$/);
  await screenshots(page, 'merchants');
  await page.click('td a');
  await page.waitForURL(`${address}/merchants/${first}`);
  await page.click('[data-copy=message]');
  await until('it is copied', async () =>
    ((await page.evaluate('navigator.clipboard.readText()')) as string).startsWith('Hello 虚构商户1号'),
  );
  await page.locator('.copying output', { hasText: 'Copied' }).first().waitFor();
  // Over plain http to another machine there is no such clipboard.
  await page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })");
  await page.click('[data-copy=message]');
  await page.locator('.copying output', { hasText: 'Copied' }).first().waitFor();
  await page.evaluate('document.execCommand = () => false');
  await page.click('[data-copy=message]');
  await page.locator('.copying output.failed', { hasText: 'press Ctrl+C' }).first().waitFor();
  expect(await page.evaluate('String(getSelection())')).toMatch(/^Hello 虚构商户1号/);
  const left = async () => (await page.textContent('.countdown')) ?? '';
  expect(await left()).toMatch(/23 h \d+ min left/);
  await screenshots(page, 'merchant');

  const id = others[1] ?? '';
  await page.goto(`${address}/merchants/${id}`);
  await screenshots(page, 'merchant-refused');
  await page.click('text=Correct and send again');
  await page.fill('input[name=legal_persona_wechat]', '13800000000');
  await page.click('.details-form button.main');
  await page.waitForSelector('[aria-invalid=true] + em');
  await screenshots(page, 'correct-fault');
  await page.fill('input[name=legal_persona_wechat]', 'weixin_right');
  await page.click('.details-form button.main');
  await page.waitForSelector('text=It is sent as a new attempt.');
  await screenshots(page, 'correct-question');
  await page.click('main form button.main');
  await page.waitForSelector('.said');
  expect((await book.view(id)).row?.merchant?.legalPersonaWechat).toBe('weixin_right');

  for (const [name, path] of Object.entries({
    batch: '/batches/b1',
    retry: '/batches/b1/retry',
    codes: '/batches/b1/codes',
    corrected: `/merchants/${id}`,
  })) {
    await page.goto(address + path);
    for (const size of Object.values(SIZES)) {
      await page.setViewportSize(size);
      expect([path, size.width, await isTooWide(page)]).toEqual([path, size.width, false]);
    }
    await screenshots(page, name);
  }
  expect(await page.evaluate('window.attacked')).toBeUndefined();
  // The browser itself reports the form that was answered with 400.
  expect(faults.filter((fault) => !fault.includes('400'))).toEqual([]);
});
