import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadCommand } from '../../src/cli/commands/load.js';
import { purgeCommand } from '../../src/cli/commands/purge.js';
import { reportCommand } from '../../src/cli/commands/report.js';
import { cancelCommand } from '../../src/cli/commands/retry-cancel.js';
import { runCommand } from '../../src/cli/commands/run.js';
import { key } from '../../src/redis/keys.js';
import { openBatches } from '../../src/redis/ledger/batches.js';
import { openPushes } from '../../src/redis/pushes/pushes.js';
import { run } from '../support/command-line.js';
import { ACCEPT_RULES, acceptedRow, DAY_MS, openBook } from '../support/ledger.js';
import { HEADINGS, merchant, sheetOf } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';
import { untilMillisecondsOld } from '../support/until.js';

const server = useRedis();
const home = mkdtempSync(join(tmpdir(), 'fr-purge-'));
afterAll(() => rmSync(home, { recursive: true }));

test('the age of what is purged is a number of days, with or without its unit', async () => {
  const batches = openBatches(server.redis);
  const loadedAt = Date.now() - 100 * DAY_MS;
  const batch = await batches.open({
    id: 'b1',
    file: 'a.csv',
    headings: HEADINGS,
    columns: [0, 1, 2, 3, 4, 5],
    loadedAt,
  });
  await batches.accept(batch, 0, [acceptedRow(undefined, 0)], ACCEPT_RULES);
  await batches.complete('b1');

  const olderThan = async (age: string) => {
    const env = { REDIS_URL: server.url, FASTREGISTER_HOME: home };
    const { stdout } = await run(purgeCommand, ['--older-than', age, '--json'], env);
    return (JSON.parse(stdout) as { batches: string[] }).batches;
  };
  for (const age of ['90', '90d', '2160h']) expect([age, await olderThan(age)]).toEqual([age, ['b1']]);
  for (const age of ['110', '110d']) expect([age, await olderThan(age)]).toEqual([age, []]);
  for (const age of ['soon', '0', '0d', '90.5'])
    await expect(olderThan(age)).rejects.toThrow(
      `--older-than "${age}": write a number of days from 1, such as 90 or 90d.`,
    );
});

test('where nothing is that old, it does not ask', async () => {
  const env = { REDIS_URL: server.url, FASTREGISTER_HOME: home };
  const { status, stderr } = await run(purgeCommand, ['--older-than', '90d'], env);
  expect([status, stderr]).toEqual([0, expect.stringMatching(/Nothing is that old\.\n$/)]);
  // A push without a batch is something.
  const push = { receivedAt: Date.now() - DAY_MS, infoType: 'x', query: '', body: Buffer.from('x') };
  await openPushes(server.redis).store([push]);
  await untilMillisecondsOld();
  await expect(run(purgeCommand, ['--older-than', '1ms'], env)).rejects.toMatchObject({
    words: {
      en: expect.stringMatching(/^Forget 0 batches with 0 rows, .* No terminal to confirm on; pass --yes\.$/),
      zh: expect.stringMatching(/^将清除 0 个批次（共 0 行）.*当前没有可供确认的终端；请加 --yes。$/),
    },
  });
});

test('a batch of which a row was sent again meanwhile is kept, and named', async () => {
  const { redis } = server;
  const { load } = openBook(redis);
  await load('b1', [merchant(1)]);
  // As it was when it was looked at.
  await redis.del(key('counts', 'b1'));
  await untilMillisecondsOld();
  const env = { REDIS_URL: server.url, FASTREGISTER_HOME: home };
  const purge = (...args: string[]) => run(purgeCommand, ['--older-than', '1ms', '--yes', ...args], env);
  expect((await purge()).stderr).toMatch(/Forgotten: 0 batches, 0 registrations.*Kept: b1\. A row was sent again/s);
  const { stdout } = await purge('--json');
  expect(JSON.parse(stdout)).toMatchObject({ batches: [], rows: 0, kept: ['b1'], registrations: 0 });
});

test('a sheet whose merchants were purged is not run again: its last report keeps them', async () => {
  const env = {
    REDIS_URL: server.url,
    FASTREGISTER_HOME: home,
    WECHAT_API_BASE_URL: 'http://127.0.0.1:1',
    WECHAT_COMPONENT_APPID: 'wx0123456789abcdef',
    WECHAT_COMPONENT_APPSECRET: 'secret',
    WECHAT_MESSAGE_TOKEN: 'token',
    WECHAT_ENCODING_AES_KEY: 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG',
    FASTREGISTER_SECRET_KEY: Buffer.alloc(32, 1).toString('base64'),
  };
  const [file, out] = [join(home, 'purged.csv'), join(home, 'purged.report.csv')];
  writeFileSync(file, sheetOf([merchant(1)]));
  const batch = (await run(loadCommand, [file], env)).stdout.trim();
  await run(cancelCommand, [batch, '--yes'], env);
  await run(reportCommand, ['-o', out], env);
  const before = readFileSync(out, 'utf8');
  expect(before).toContain(merchant(1).name);
  await untilMillisecondsOld();
  await run(purgeCommand, ['--older-than', '1ms', '--yes'], env);

  await expect(run(runCommand, [file, '-o', out], env)).rejects.toThrow(/were purged/);
  expect(readFileSync(out, 'utf8')).toBe(before);
});
