/** `demo --console`: what a newcomer sees first in a browser. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startDemoConsole } from '../../src/cli/demo-console.js';
import { start } from '../support/program.js';
import { rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

function demo(more: readonly string[], env: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'fr-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const program = start(['demo', '--console', '--lang', 'en', ...more], {
    cwd: folder,
    env: { TMPDIR: folder, ...env },
  });
  const printed = async (what: RegExp): Promise<string> => {
    await until(`it prints ${what}`, () => what.test(program.stderr()), 60_000);
    return what.exec(program.stderr())?.[1] ?? '';
  };
  return {
    program,
    printed,
    /** Private data of the demo, which its end deletes. */
    left: () => readdirSync(folder).filter((name) => name.startsWith('fastregister-demo-')),
    hasReport: () => existsSync(join(folder, '.fastregister/demo/report.csv')),
  };
}

async function logIn(address: string, password: string): Promise<string> {
  const page = await fetch(`${address}/login`);
  const csrf = /name="csrf" value="([^"]+)"/.exec(await page.text())?.[1] ?? '';
  const cookie = page.headers.getSetCookie().map((it) => it.split(';')[0]);
  const entered = await fetch(`${address}/login`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ csrf, username: 'admin', password }),
    headers: { origin: address, cookie: cookie.join('; ') },
  });
  expect(entered.status).toBe(303);
  return [...cookie, ...entered.headers.getSetCookie().map((it) => it.split(';')[0])].join('; ');
}

test('the console shows the demo while it runs and afterwards, and Ctrl-C ends it with nothing left', async () => {
  const { program, printed, left, hasReport } = demo(['--console-port', '0']);
  const address = await printed(/The console: (http:\S+)/);
  const cookie = await logIn(address, await printed(/password {2}(\S+)/));
  const page = async (path: string): Promise<string> =>
    (await fetch(address + path, { headers: { cookie }, redirect: 'manual' })).text();
  await until('the batch is on the first page', async () => /46/.test(await page('/batches')));
  expect(await page('/')).toContain('Rehearsal: nothing here reaches WeChat.');
  await printed(/(The console stays open)/);
  expect(await page('/batches')).toContain('21 created');
  // A worker and a receiver serve what is loaded next.
  expect(await page('/')).toMatch(/1 <small>worker</);
  expect(await page('/')).toContain('1 receiver');
  expect(left()).toHaveLength(1);
  program.kill('SIGINT');
  expect((await program.ended).status).toBe(0);
  expect(left()).toEqual([]);
  expect(hasReport()).toBe(true);
  await expect(fetch(`${address}/livez`)).rejects.toThrow();
}, 120_000);

test('ended before its batch is over, it leaves nothing either', async () => {
  const { program, printed, left, hasReport } = demo(['--console-port', '0']);
  await printed(/(done · )/);
  program.kill('SIGINT');
  expect((await program.ended).status).toBe(130);
  expect(left()).toEqual([]);
  expect(hasReport()).toBe(false);
});

async function takenPort(): Promise<number> {
  const other = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => {
    other.close();
  });
  await until('the port is taken', () => other.listening);
  return (other.address() as { port: number }).port;
}

test('a port that was chosen and is in use is named, and nothing is left', async () => {
  const port = String(await takenPort());
  const { program, left } = demo(['--console-port', port]);
  const { status, stderr } = await program.ended;
  expect(status).toBe(2);
  expect(stderr).toContain(`127.0.0.1:${port} is in use`);
  expect(left()).toEqual([]);
});

test('where the usual port is in use, the console opens on another one', async () => {
  const port = await takenPort();
  const { store } = await rehearse({ settings: { FASTREGISTER_CONSOLE_PORT: String(port) } });
  await expect(startDemoConsole(store, false)).rejects.toThrow('is in use');
  const console = await startDemoConsole(store, true);
  await console.close();
});
