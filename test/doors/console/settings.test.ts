/** /settings: what is in effect and where it comes from, without a secret. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { settingsInEffect } from '../../../src/app/settings-shown.js';
import { readSettings } from '../../../src/config.js';
import { ROWS } from '../../../src/settings.js';
import { until } from '../../support/until.js';
import { openConsole, PASSWORD } from './support/visitor.js';

test('every setting is shown with its source, and a secret by no character', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fr-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'password'), 'a secret of a file\n');
  const settings = readSettings({
    env: {
      WECHAT_MESSAGE_TOKEN: 'secret-token',
      FASTREGISTER_CONSOLE_PASSWORD_FILE: join(folder, 'password'),
      FASTREGISTER_FORWARD_URL: 'https://user:hidden@relay.example/path?key=hidden',
      FASTREGISTER_DAILY_CALLS: '500',
    },
    dotenv: 'FASTREGISTER_DAILY_CALLS=7\nFASTREGISTER_CONCURRENCY=3',
    flags: { callsPerSecond: '2' },
    cwd: folder,
  });
  const all = settingsInEffect(settings).flatMap((section) => section.settings);
  expect(all.map(({ name }) => name)).toEqual(ROWS.map(({ name }) => name));
  const of = (name: string) => {
    const { value, source, inFile } = all.find((it) => it.name === name) ?? {};
    return [value, source, inFile];
  };
  expect(of('FASTREGISTER_DAILY_CALLS')).toEqual(['500', 'environment', false]);
  expect(of('FASTREGISTER_CONCURRENCY')).toEqual(['3', 'dotenv', false]);
  expect(of('FASTREGISTER_CALLS_PER_SECOND')).toEqual(['2', 'flag', false]);
  expect(of('FASTREGISTER_CALLS_PER_MINUTE')).toEqual(['120', 'default', false]);
  expect(of('FASTREGISTER_COMPONENT_PHONE')).toEqual([undefined, 'unset', false]);
  expect(of('WECHAT_MESSAGE_TOKEN')).toEqual([undefined, 'environment', false]);
  expect(of('FASTREGISTER_CONSOLE_PASSWORD')).toEqual([undefined, 'environment', true]);
  expect(of('FASTREGISTER_HOME')).toEqual([join(folder, '.fastregister'), 'default', false]);
  expect(JSON.stringify(all)).not.toMatch(/secret-token|a secret of a file|hidden/);
});

test('the page has no secret, and says which processes and versions there are', async () => {
  const { store, visitor, start } = await openConsole();
  await start();
  const admin = visitor();
  await admin.logIn();
  const { text } = await admin.get('/settings');
  const { wechatEncodingAesKey, secretKey } = store.settings;
  for (const secret of [PASSWORD, wechatEncodingAesKey, secretKey?.toString('base64')]) {
    expect(secret).toBeTruthy();
    expect(text).not.toContain(secret);
  }
  expect(text).toContain('set, not shown');
  expect(text).toMatch(/<dt>workers<\/dt><dd>\d+\.\d+\.\d+ \(/);
});

test('documents of the package are text, in the language of the page; no other file is read', async () => {
  const admin = (await openConsole()).visitor();
  await admin.logIn();
  const links = [...(await admin.get('/settings')).text.matchAll(/href="(\/settings\/docs\/\w+)"/g)];
  expect(links.length).toBeGreaterThan(8);
  for (const [, path = ''] of links) {
    const { status, headers, text } = await admin.get(path);
    expect([path, status, headers.get('content-type')]).toEqual([path, 200, 'text/plain; charset=utf-8']);
    expect(text).toMatch(/^# /m);
  }
  for (const name of ['nights', 'settings']) {
    const { text } = await admin.get(`/settings/docs/${name}`, { 'accept-language': 'zh' });
    expect(text).toMatch(/^# \p{Script=Han}/mu);
  }
  for (const name of ['nothing', 'constructor', '..%2fpackage.json', '..%2f..%2fetc%2fpasswd']) {
    expect([name, (await admin.get(`/settings/docs/${name}`)).status]).toEqual([name, 404]);
  }
});

test('a test notice is sent, and the answer shown; without an address the page says what to set', async () => {
  const received: string[] = [];
  const server = createServer((request, response) => {
    received.push(request.url ?? '');
    response.end('ok');
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
  });
  await until('it listens', () => server.listening);
  const { port } = server.address() as { port: number };
  const admin = (
    await openConsole({
      FASTREGISTER_NOTIFY_URL: `http://127.0.0.1:${port}/a-secret-path`,
      FASTREGISTER_WEBHOOK_SECRET: 'a secret of webhooks',
    })
  ).visitor();
  await admin.logIn();
  const { status, text } = await admin.post('/settings/notice');
  expect(status).toBe(200);
  expect(received).toEqual(['/a-secret-path']);
  expect(text).toContain('<span class="result done">taken</span>');
  expect(text).not.toContain('a-secret-path');
  const without = (await openConsole()).visitor();
  await without.logIn();
  expect((await without.post('/settings/notice')).text).toContain('FASTREGISTER_NOTIFY_URL is not set.');
});
