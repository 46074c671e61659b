import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCommand } from '../../src/cli/run.js';
import { scheduleCommand } from '../../src/cli/schedule.js';
import { planOf } from '../../src/nights/night-scheduler.js';
import { openNights } from '../../src/redis/nights.js';
import { run } from '../support/command-line.js';
import { useRedis } from '../support/redis.js';
import { rehearsalEnvironment } from '../support/rehearsal.js';

const server = useRedis();

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fr-nights-'));
  mkdirSync(join(folder, 'inbox'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const env = () => ({
  ...rehearsalEnvironment(folder, 'http://127.0.0.1:9'),
  REDIS_URL: server.url,
  FASTREGISTER_SECRET_KEY: Buffer.alloc(32, 1).toString('base64'),
});
const schedule = (...args: string[]) => run(scheduleCommand, args, env());
const add = (...args: string[]) =>
  schedule('add', 'nightly', '--inbox', join(folder, 'inbox'), '--at', '0 22 * * *', ...args);

test('what a nightly run was told of its sheets is what its nights do, and is listed', async () => {
  await add('--max-invalid', '5%', '--accept-warnings', 'no');
  const [kept] = await openNights(server.redis).schedules();
  expect(kept && planOf(kept, 7)).toMatchObject({
    schedule: 'nightly',
    slot: 7,
    mostInvalid: 0.05,
    acceptWarnings: false,
  });
  expect((await schedule('list')).stdout).toMatch(/--accept-warnings=no --max-invalid 5%/);

  await add();
  const [changed] = await openNights(server.redis).schedules();
  expect(changed && planOf(changed)).toMatchObject({ mostInvalid: 1, acceptWarnings: true });
  expect((await schedule('list')).stdout).not.toMatch(/--max-invalid|--accept-warnings/);
});

test('a share that is none is refused before anything is kept', async () => {
  await expect(add('--max-invalid', '5')).rejects.toThrow(/write a share of the rows, e.g. 5%/);
  expect(await openNights(server.redis).schedules()).toEqual([]);
});

test.each([
  [['--again'], /--again: every night/],
  [['--canary', '5'], /--canary: of files only/],
  [['--max-invalid', '5'], /write a share/],
  [['--accept-warnings', 'maybe'], /write yes or no/],
])('a night by hand does not pass over %j', async (args, sentence) => {
  await expect(run(runCommand, ['--inbox', join(folder, 'inbox'), ...args], env())).rejects.toThrow(sentence);
});
