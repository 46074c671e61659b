import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { key } from '../../src/redis/keys.js';
import { openAuthorizers } from '../../src/redis/pushes/authorizers.js';
import { secretKeyUnder } from '../../src/redis/secret-key.js';
import { openVault } from '../../src/redis/vault.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();
const vault = openVault(randomBytes(32));

describe('a sealed secret', () => {
  test('opens under its own label, and does not show what it is', () => {
    const sealed = vault.seal('refreshtoken@@@示例', 'wxnew');
    expect(vault.open(sealed, 'wxnew')).toBe('refreshtoken@@@示例');
    expect(Buffer.from(sealed.split('.')[1] ?? '', 'base64').toString('utf8')).not.toContain('refreshtoken');
  });

  test('is different each time, so that equal secrets cannot be recognised', () => {
    const sealed = Array.from({ length: 1_000 }, () => vault.seal('same', 'wxnew'));
    const starts = sealed.map((it) => it.slice(it.indexOf('.') + 1).slice(0, 16));
    expect(new Set(starts).size).toBe(1_000);
  });

  test.each([
    ['another label', (sealed: string) => vault.open(sealed, 'wxother')],
    ['another key', (sealed: string) => openVault(randomBytes(32)).open(sealed, 'wxnew')],
    ['a changed byte', (sealed: string) => vault.open(changed(sealed), 'wxnew')],
  ])('does not open with %s, and says which setting is wrong', (_, open) => {
    expect(() => open(vault.seal('secret', 'wxnew'))).toThrow('FASTREGISTER_SECRET_KEY is not the key that sealed it');
  });
});

describe('a key that is changed', () => {
  const [older, newer] = [randomBytes(32), randomBytes(32)];

  test('opens what the one before has sealed, and seals with itself', () => {
    const sealed = openVault(older).seal('secret', 'wxnew');
    const both = openVault(newer, older);
    expect(both.open(sealed, 'wxnew')).toBe('secret');
    expect(both.isCurrent(sealed)).toBe(false);
    const fresh = both.seal('secret', 'wxnew');
    expect(both.isCurrent(fresh)).toBe(true);
    expect(openVault(newer).open(fresh, 'wxnew')).toBe('secret');
    expect(() => openVault(older).open(fresh, 'wxnew')).toThrow('nor is FASTREGISTER_SECRET_KEY_PREVIOUS');
  });

  test('seals the tokens that are kept anew, each once', async () => {
    const authorizer = { appid: 'wxnew', refreshToken: 'token', registration: 'aaaa', keptAt: 5 };
    await openAuthorizers(server.redis, openVault(older)).keep(authorizer);
    const both = openAuthorizers(server.redis, openVault(newer, older));
    expect(await both.reseal('wxnew')).toBe(true);
    expect(await both.reseal('wxnew')).toBe(false);
    expect(await openAuthorizers(server.redis, openVault(newer)).find('wxnew')).toEqual(authorizer);
  });
});

describe('the key of the vault', () => {
  test('is made on first use, readable by its owner only, and is the same ever after', () => {
    const home = newHome();
    const first = secretKeyUnder(home);
    expect(first).toHaveLength(32);
    expect(secretKeyUnder(home)).toEqual(first);
    expect(statSync(join(home, 'secret.key')).mode & 0o777).toBe(0o600);
  });

  test('that was damaged is a fault that names the file, never replaced by a new one', () => {
    const home = newHome();
    writeFileSync(join(home, 'secret.key'), 'half a ke');
    expect(() => secretKeyUnder(home)).toThrow(`${join(home, 'secret.key')} does not hold a key`);
  });
});

test("a Mini Program's refresh token is kept sealed", async () => {
  const authorizers = openAuthorizers(server.redis, vault);
  expect(await authorizers.has('wxnew')).toBe(false);
  expect(await authorizers.find('wxnew')).toBeUndefined();

  const authorizer = { appid: 'wxnew', refreshToken: 'refreshtoken@@@secret', registration: 'aaaa', keptAt: 5 };
  await authorizers.keep(authorizer);

  expect(await authorizers.has('wxnew')).toBe(true);
  expect(await authorizers.find('wxnew')).toEqual(authorizer);
  expect(JSON.stringify(await server.redis.hgetall(key('authorizer', 'wxnew')))).not.toContain('secret');
});

// --- helpers ----------------------------------------------------------------------------------------------------------

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'fr-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  return home;
}

function changed(sealed: string): string {
  const [id = '', text = ''] = sealed.split('.');
  const bytes = Buffer.from(text, 'base64');
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  return `${id}.${bytes.toString('base64')}`;
}
