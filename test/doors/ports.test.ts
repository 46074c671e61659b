import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { typed } from '../support/command-line.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { newHome, rehearse } from '../support/rehearsal.js';

async function usedPort(): Promise<number> {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void other.close());
  const address = other.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

function settings(more: Record<string, string>): Record<string, string> {
  return {
    FASTREGISTER_HOME: newHome(),
    FASTREGISTER_LOG_LEVEL: 'silent',
    FASTREGISTER_EVENTS_PORT: '0',
    WECHAT_API_BASE_URL: 'http://127.0.0.1:9',
    WECHAT_COMPONENT_APPID: 'wx0123456789abcdef',
    WECHAT_COMPONENT_APPSECRET: 'rehearsal',
    WECHAT_MESSAGE_TOKEN: 'rehearsal',
    WECHAT_ENCODING_AES_KEY: 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG',
    ...more,
  };
}

test.each([
  [['listen'], 'FASTREGISTER_EVENTS_PORT'],
  [['serve'], 'FASTREGISTER_EVENTS_PORT'],
  [['serve', '--only', 'console'], 'FASTREGISTER_CONSOLE_PORT'],
])('%s on a port that is in use ends with 2 and says which setting to change', async (args, setting) => {
  const port = await usedPort();
  const { status, stderr } = await typed(args, { env: settings({ [setting]: String(port) }) });
  // The console comes behind a ledger, whose making is announced.
  expect(stderr.replace(/^A new, empty ledger .*\n/, '')).toBe(
    `127.0.0.1:${port} is in use: another program, or another fastregister, listens there. Stop it, or choose another port with ${setting}.\n`,
  );
  expect(status).toBe(2);
});

test('simulate on a port that is in use does the same', async () => {
  const port = await usedPort();
  const { status, stderr } = await typed(['simulate', '--port', String(port)], { env: settings({}) });
  expect(stderr).toBe(`127.0.0.1:${port} is in use: another program listens there. Choose another one with --port.\n`);
  expect(status).toBe(2);
});

test('an address that this machine does not have is named with its setting', async () => {
  const { status, stderr } = await typed(['listen'], { env: settings({ FASTREGISTER_EVENTS_HOST: '203.0.113.1' }) });
  expect(stderr).toBe('203.0.113.1:0 is not an address of this machine. Correct FASTREGISTER_EVENTS_HOST.\n');
  expect(status).toBe(2);
});

test('a proxy to trust that is none is a fault of the settings', async () => {
  const { status, stderr } = await typed(['listen'], { env: settings({ FASTREGISTER_EVENTS_TRUST_PROXY: 'nginx' }) });
  expect(stderr).toContain('FASTREGISTER_EVENTS_TRUST_PROXY is "nginx": write off, loopback, private, or addresses');
  expect(status).toBe(2);
});

test('run uses the receiver that runs for its ledger, and none of another ledger', async () => {
  const { simulator, env, home, start, book } = await rehearse();
  await start();
  const [host, port] = ['127.0.0.1', new URL(simulator.state().pushUrl ?? '').port];
  const sheet = join(home, 'sheet.csv');
  writeFileSync(sheet, sheetOf([merchant(1)]));
  const beside = { ...env, FASTREGISTER_EVENTS_PORT: port };

  const foreign = await typed(['run', sheet], { env: { ...beside, FASTREGISTER_LEDGER: 'another' } });
  expect(foreign.stderr).toContain(`The receiver that listens on ${host}:${port} belongs to another ledger`);
  expect(foreign.status).toBe(2);

  const own = await typed(['run', sheet], { env: beside });
  expect(own.stderr).toContain(`${host}:${port}`);
  expect(own.status).toBe(0);
  const [batch = ''] = await book.batches.list();
  expect((await book.rows(batch)).map(({ registration }) => registration?.state)).toEqual(['created']);
});
