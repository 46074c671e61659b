import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { merchant, sheetOf } from '../support/merchants.js';
import { type OwnRedis, ownRedis } from '../support/own-redis.js';
import { run } from '../support/program.js';
import { newHome, rehearsalEnvironment } from '../support/rehearsal.js';

let own: OwnRedis;

beforeAll(async () => {
  own = await ownRedis();
});
afterEach(() => own.kill());
afterAll(() => own.end());

function environment(): Record<string, string> {
  return {
    ...rehearsalEnvironment(newHome(), 'http://127.0.0.1:9'),
    REDIS_URL: `unix:${own.socketPath}`,
    FASTREGISTER_SECRET_KEY: Buffer.alloc(32, 3).toString('base64'),
    FASTREGISTER_LOG_LEVEL: 'silent',
  };
}

/** One for the ledger and three that listen; sending takes one, and one for the wakeup channel. */
test.each([4, 5])('of %i, run has some left to listen and too few to send: it ends with 5', async (most) => {
  await own.kill();
  await own.start('--maxclients', String(most));
  const sheet = join(own.folder, 'one.csv');
  writeFileSync(sheet, sheetOf([merchant(1)]));

  const { status, stderr } = await run(['run', sheet], { env: environment() });
  expect(status).toBe(5);
  expect(stderr).toMatch(/^Redis at .* cannot be reached|^The connection to Redis was lost/m);
});

test('a worker that cannot see whether it is done ends, with all that it has begun', async () => {
  await own.kill();
  await own.start();
  await (await own.connect()).call('ACL', 'SETUSER', 'default', '-zcount');
  const { status, stderr } = await run(['work', '--drain'], { env: environment() });
  expect(status).toBe(5);
  expect(stderr).toContain("no permissions to run the 'zcount' command");
});
