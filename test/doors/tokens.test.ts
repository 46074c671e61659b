import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { tokensCommand } from '../../src/cli/commands/tokens.js';
import { openComponentStore } from '../../src/redis/component-store.js';
import { openAuthorizers } from '../../src/redis/pushes/authorizers.js';
import { openVault } from '../../src/redis/vault.js';
import { run } from '../support/command-line.js';
import { keepTicket as storeTicket } from '../support/pushes.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();
const folder = mkdtempSync(join(tmpdir(), 'fr-tokens-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const KEY = Buffer.alloc(32, 5);
const env = { REDIS_URL: '', FASTREGISTER_SECRET_KEY: KEY.toString('base64') };

test('tokens export writes every refresh token to a file that only its owner can read, and prints none', async () => {
  const authorizers = openAuthorizers(server.redis, openVault(KEY));
  for (const number of [1, 2]) {
    const kept = { appid: `wxnew${number}`, refreshToken: `refresh@@@${number}`, registration: `r${number}` };
    await authorizers.keep({ ...kept, keptAt: 1_790_000_000_000 + number });
  }
  const to = join(folder, 'tokens.json');
  writeFileSync(to, 'an older one, that everybody could read', { mode: 0o644 });
  const { stdout, status } = await run(tokensCommand, ['export', '--to', to], { ...env, REDIS_URL: server.url });
  expect({ stdout, status }).toEqual({ stdout: '', status: 0 });
  expect(statSync(to).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(['tokens.json']);
  expect(JSON.parse(readFileSync(to, 'utf8'))).toEqual([
    { appid: 'wxnew1', refresh_token: 'refresh@@@1', registration_id: 'r1', kept_at: '2026-09-21T14:13:20.001Z' },
    { appid: 'wxnew2', refresh_token: 'refresh@@@2', registration_id: 'r2', kept_at: '2026-09-21T14:13:20.002Z' },
  ]);
});

test('it says so where it cannot write, and with the wrong key it writes nothing', async () => {
  await openAuthorizers(server.redis, openVault(KEY)).keep({
    appid: 'wx1',
    refreshToken: 'r',
    registration: 'x',
    keptAt: 1,
  });
  const here = { ...env, REDIS_URL: server.url };
  await expect(run(tokensCommand, ['export', '--to', join(folder, 'no/such/folder')], here)).rejects.toThrow(
    /cannot be written \(ENOENT\)/,
  );
  const wrong = { ...here, FASTREGISTER_SECRET_KEY: Buffer.alloc(32, 6).toString('base64') };
  await expect(run(tokensCommand, ['export', '--to', join(folder, 'wrong.json')], wrong)).rejects.toThrow(
    /fingerprint of the secret key/,
  );
  expect(readdirSync(folder)).not.toContain('wrong.json');
});

test('tokens reseal seals the verify ticket and the access token, too', async () => {
  const next = Buffer.alloc(32, 9);
  const settings = { ...env, REDIS_URL: server.url, FASTREGISTER_SECRET_KEY: next.toString('base64') };
  await storeTicket(server.redis, 'a ticket', 1, 1);
  // TEST_VAULT has sealed it.
  const before = Buffer.alloc(32, 7).toString('base64');
  expect((await run(tokensCommand, ['reseal'], { ...settings, FASTREGISTER_SECRET_KEY_PREVIOUS: before })).status).toBe(
    0,
  );
  expect((await openComponentStore(server.redis, () => openVault(next)).ticket())?.value).toBe('a ticket');
});
