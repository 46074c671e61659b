/** /queues: BullMQ's queues for engineers, which it does not change. */
import { expect, test } from 'vitest';
import { addUser } from '../../../src/app/console-users.js';
import { openQueue } from '../../../src/redis/ledger/relay.js';
import { merchant } from '../../support/merchants.js';
import { until } from '../../support/until.js';
import { openConsole, PASSWORD } from './support/visitor.js';

test('an admin sees the queues, under the policy of the console and without another host', async () => {
  const { book, store, start, settled, visitor } = await openConsole();
  await book.load('b1', [merchant(1)]);
  await start();
  await settled('b1');
  const admin = visitor();
  await admin.logIn();
  const { status, text, headers } = await admin.get('/queues');
  expect(status).toBe(200);
  expect(text).not.toMatch(/https?:\/\/| style=|<style|fonts\.googleapis/);
  const policy = headers.get('content-security-policy') ?? '';
  expect(policy).toContain("script-src 'self'; style-src 'self'");
  expect(policy).toContain("base-uri 'self'");
  expect(policy).not.toMatch(/unsafe|http|\*/);
  expect(headers.get('x-frame-options')).toBe('DENY');
  expect((await admin.get('/queues/')).headers.get('location')).toBe('/queues');
  const script = /src="(static\/js\/main[^"]+)"/.exec(text)?.[1] ?? '';
  expect((await admin.get(`/queues/${script}`)).headers.get('content-type')).toMatch(/javascript/);
  await until('the queues are listed', async () => {
    const found = JSON.parse((await admin.get('/queues/api/queues')).text) as { queues: Record<string, unknown>[] };
    return found.queues.length === 3;
  });
  const listed = await admin.get('/queues/api/queues?activeQueue=submit&page=1&jobsPerPage=10');
  const { queues } = JSON.parse(listed.text) as { queues: { name: string; readOnlyMode: boolean }[] };
  expect(queues.map(({ name, readOnlyMode }) => [name, readOnlyMode])).toEqual([
    ['submit', true],
    ['follow-up', true],
    ['authorize', true],
  ]);
  // Jobs have ids only.
  for (const part of [merchant(1).name, merchant(1).code]) expect(listed.text).not.toContain(part);
  expect(store.redis.status).toBe('ready');
});

test('no action changes a queue there, and only admins see them', async () => {
  const { store, visitor } = await openConsole();
  await addUser(store, { name: 'wang', role: 'operator', password: PASSWORD }, 'tests');
  const [admin, wang, stranger] = [visitor(), visitor(), visitor()];
  await admin.logIn();
  for (const path of ['/queues/api/queues/submit/pause', '/queues/api/queues/submit/clean/completed', '/queues']) {
    expect([path, (await admin.post(path)).status]).toEqual([path, 404]);
  }
  expect(await openQueue(store.redis, 'submit').isPaused()).toBe(false);
  await wang.logIn('wang');
  for (const path of ['/queues', '/queues/api/queues', '/queues/static/images/logo.svg']) {
    expect([path, (await wang.get(path)).status]).toEqual([path, 403]);
    expect([path, (await stranger.get(path)).status]).toEqual([path, 303]);
  }
});

test('its pages have the band of a rehearsal, and the language of the console', async () => {
  const admin = (await openConsole()).visitor();
  await admin.logIn();
  const chinese = (await admin.get('/queues/queue/submit', { 'accept-language': 'zh-CN' })).text;
  expect(chinese).toContain('<html lang="zh-CN"');
  expect(chinese).toContain('<p class="band" role="note">演练：此处的操作不会提交到微信。</p>');
  const config = /<script id="__UI_CONFIG__"[^>]*>([^<]*)</.exec(chinese)?.[1] ?? '';
  expect(JSON.parse(config)).toMatchObject({ locale: { lng: 'zh-CN' }, boardTitle: 'fastregister' });
  const style = /href="(\/static\/queues\.css[^"]*)"/.exec(chinese)?.[1] ?? '';
  expect((await admin.get(style)).headers.get('content-type')).toMatch(/text\/css/);
  const english = (await admin.get('/queues', { 'accept-language': 'en' })).text;
  expect(english).toContain('<html lang="en"');
  expect(english).toContain('Rehearsal: nothing here reaches WeChat.');
});

test("its pages have no band where the API is WeChat's own", async () => {
  const { store, visitor } = await openConsole();
  Object.assign(store.settings, { isRehearsal: false });
  const admin = visitor();
  await admin.logIn();
  const { text } = await admin.get('/queues');
  expect(text).toContain('__UI_CONFIG__');
  expect(text).not.toContain('band');
});
