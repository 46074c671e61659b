/** A run ends when its own rows are done: that others still need somebody who sends and receives has to be said. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../src/app/wiring/store.js';
import { readSettings } from '../../src/config.js';
import { openHeartbeats } from '../../src/redis/heartbeat.js';
import { typed } from '../support/command-line.js';
import { freePort } from '../support/free-port.js';
import { readableLog } from '../support/log.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { EVENTS_PATH, newHome, newSimulator, rehearsalEnvironment } from '../support/rehearsal.js';

const RECEIVER = { role: 'receiver', running: 'steady', version: '1', host: 'h', pid: 1, id: 'r' } as const;

test('a correction that waits when the run ends is named with what it needs, unless a receiver runs elsewhere', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fr-outlives-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  // Slow enough that the 20 hours of a legal person do not end while this test runs.
  const simulator = await newSimulator({ speed: 60 });
  const port = await freePort();
  simulator.setPushUrl(`http://127.0.0.1:${port}${EVENTS_PATH}`);
  const env = {
    ...rehearsalEnvironment(newHome(), simulator.url),
    FASTREGISTER_EVENTS_PORT: String(port),
    FASTREGISTER_PUSH_WAIT: '26h',
  };
  const store = await openStore(readSettings({ env }), readableLog().log, 'background');
  onTestFinished(() => store.close());
  const sheet = (name: string, number: number, fate: string): string => {
    const file = join(folder, name);
    writeFileSync(file, sheetOf([merchant(number, fate)]));
    return file;
  };

  const slow = sheet('slow.csv', 1, 'in20h');
  const submitted = await typed(['run', slow, '--until', 'submitted', '-o', join(folder, 'slow.out.csv')], { env });
  expect(submitted.stderr).toMatch(/1 merchant is still under way in this ledger.*`fastregister serve`/);
  const id = store.identify(merchant(1).code);
  const correction = ['correct', id, '--legal-persona-wechat', 'weixin_right', '--yes', '--lang', 'zh'];
  expect((await typed(correction, { env })).stderr).toContain('须有工作进程和接收服务运行（`fastregister serve`）');

  const quick = sheet('quick.csv', 2, 'c61070');
  const args = ['run', quick, '-o', join(folder, 'quick.out.csv'), '--lang', 'zh'];
  const ran = await typed(args, { env });
  expect(ran.stderr).toMatch(/登记簿中还有 1 个商户正在办理.*现在没有程序接收微信推送。请运行 `fastregister serve`/);

  // The report of another sheet, with what a clerk may have written into it.
  const other = ['run', sheet('other.csv', 3, 'c61070'), '-o', join(folder, 'quick.out.csv'), '--lang', 'zh'];
  const before = readFileSync(join(folder, 'quick.out.csv'));
  expect(await typed(other, { env })).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/是另一批次 b[0-9a-f]{12} 的报告/),
  });
  expect(readFileSync(join(folder, 'quick.out.csv'))).toEqual(before);
  expect(await store.batches.list()).toHaveLength(3);

  await openHeartbeats(store.redis).beat(RECEIVER, 60_000);
  expect((await typed(args, { env })).stderr).not.toContain('正在办理');
}, 60_000);
