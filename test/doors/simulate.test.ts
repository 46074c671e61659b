/** What `simulate` prints is put into .env and rehearsed: it has to name the registration API that is meant. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { typed } from '../support/command-line.js';
import { start } from '../support/program.js';
import { until } from '../support/until.js';

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fr-simulate-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function printed(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}, cwd = newFolder()) {
  const simulator = start(['simulate', '--port', '0', ...args], { cwd, env });
  await until('it listens', () => simulator.stderr().includes('Ctrl-C'));
  simulator.kill('SIGTERM');
  const { stdout, stderr } = await simulator.ended;
  return { settings: parseEnv(stdout), stdout, stderr };
}

test("simulate prints today's registration API, and says that there is another one", async () => {
  const { settings, stderr } = await printed();
  expect(settings.WECHAT_REGISTRATION_API).toBe('fastregisterenterpriseweapp');
  expect(stderr).toContain('These settings rehearse fastregisterenterpriseweapp.');
  expect(stderr).toMatch(/\nSIGTERM: ending\.\n$/);
});

test.each([
  ['that is set', [], { WECHAT_REGISTRATION_API: 'fastregisterweapp' }],
  ['whose end is rehearsed', ['--retired'], {}],
] as const)('simulate prints the registration API %s', async (_, args, env) => {
  const { settings } = await printed(args, env);
  expect(settings.WECHAT_REGISTRATION_API).toBe('fastregisterweapp');
});

test('simulate prints the same beside the .env that it was written into', async () => {
  const cwd = newFolder();
  const first = await printed(['--speed', '60'], {}, cwd);
  writeFileSync(join(cwd, '.env'), first.stdout.replace(/^FASTREGISTER_HOME=.*$/m, ''));
  const again = await printed(['--speed', '60'], {}, cwd);
  expect(Object.keys(again.settings)).toEqual(Object.keys(first.settings));
});

test('simulate leaves the credentials of a platform of your own out', async () => {
  const { settings } = await printed([], { WECHAT_COMPONENT_APPID: 'wxaaaaaaaaaaaaaaaa' });
  expect(Object.keys(settings)).toEqual(['WECHAT_API_BASE_URL', 'WECHAT_REGISTRATION_API']);
});

test('simulate --fates says in Chinese what each of them does', async () => {
  const { stdout } = await typed(['simulate', '--fates'], { env: { FASTREGISTER_LANG: 'zh' } });
  const lines = stdout.trimEnd().split('\n');
  expect(lines.length).toBeGreaterThan(30);
  expect(lines.filter((line) => !/\p{Script=Han}{2}/u.test(line))).toEqual([]);
});

test.each([['--lang', 'zh'], ['--lang=zh']])('%s may stand before the command', async (...lang) => {
  const env = { FASTREGISTER_LANG: 'en' };
  expect((await typed([...lang, 'simulate', '--help'], { env })).stdout).toContain('用法：');
  expect((await typed([...lang, 'explain', 'create:61070'], { env })).stdout).toContain('由谁处理：商户');
  expect((await typed([...lang, 'explain', 'create:61070', '--lang', 'en'], { env })).stdout).toContain('who acts: ');
});

test.each([
  [['help', '--lang', 'zh']],
  [['help', '--lang=zh']],
  [['--lang', 'zh', 'help']],
  [['help', 'load', '--lang', 'zh']],
  [['help', '--lang', 'zh', 'load']],
])('%s is in Chinese', async (args) => {
  const { status, stdout } = await typed(args, { env: { FASTREGISTER_LANG: 'en' } });
  expect(stdout).toMatch(args.includes('load') ? /^用法： ?fastregister load/ : /^用法： ?fastregister/);
  expect(status).toBe(0);
});
