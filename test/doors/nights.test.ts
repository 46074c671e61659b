import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCommand } from '../../src/cli/commands/run.js';
import { scheduleCommand } from '../../src/cli/commands/schedule.js';
import { planOf } from '../../src/nights/night-scheduler.js';
import { openNights } from '../../src/redis/nights.js';
import { run } from '../support/command-line.js';
import { freePort } from '../support/free-port.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';
import { EVENTS_PATH, newSimulator, rehearsalEnvironment } from '../support/rehearsal.js';
import { newRobot } from '../support/robots.js';

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

test('the options of a nightly run apply to its nights, and are listed', async () => {
  await add('--max-invalid', '5%', '--accept-warnings', 'no');
  const [kept] = await openNights(server.redis).schedules();
  expect(kept && planOf(kept, 7)).toMatchObject({
    schedule: 'nightly',
    occurrence: 7,
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

test('a night by hand, as cron runs it, has posted its end to the chat before it ends itself', async () => {
  const robot = await newRobot('wecom');
  const simulator = await newSimulator();
  writeFileSync(join(folder, 'inbox', 'merchants.csv'), sheetOf([merchant(1), merchant(2, 'c61070')]));
  writeFileSync(join(folder, 'inbox', 'merchants.csv.ready'), '');
  const port = await freePort();
  simulator.setPushUrl(`http://127.0.0.1:${port}${EVENTS_PATH}`);
  const ran = await run(runCommand, ['--inbox', join(folder, 'inbox')], {
    ...rehearsalEnvironment(folder, simulator.url),
    REDIS_URL: server.url,
    FASTREGISTER_SECRET_KEY: Buffer.alloc(32, 1).toString('base64'),
    FASTREGISTER_REDIS_PERSISTENCE: 'none',
    FASTREGISTER_EVENTS_PORT: String(port),
    FASTREGISTER_NOTIFY_URL: robot.url,
    WECHAT_REGISTRATION_API: 'fastregisterweapp',
  });
  expect(ran.status).toBe(3);
  const [text, ...others] = robot.heard;
  expect(others).toEqual([]);
  expect(text).toContain('【fastregister 演练】✅ 夜间任务');
  expect(text).toContain('结果：已创建 1，微信未通过 1');
  expect(text).toContain('需要联系的商户：1 家');
  expect(text).not.toContain(merchant(1).name);
});

test('a night by hand names what is no file, and a name with a line end in it has one line', async () => {
  const inbox = join(folder, 'inbox');
  mkdirSync(join(inbox, 'folder.csv'));
  mkdirSync(join(inbox, 'archive'));
  symlinkSync('/etc/passwd', join(inbox, 'link.xlsx'));
  execFileSync('mkfifo', [join(inbox, 'pipe.csv')]);
  const name = 'a.csv\nb.csv: done.csv';
  writeFileSync(join(inbox, name), '');
  writeFileSync(join(inbox, `${name}.ready`), '');
  const ran = await run(runCommand, ['--inbox', inbox], env());
  expect(ran.status).toBe(2);
  const lines = ran.stderr.split('\n').filter((line) => /\.csv|\.xlsx|archive/.test(line));
  expect(lines).toEqual([
    ...['folder.csv', 'link.xlsx', 'pipe.csv'].map((it) =>
      expect.stringMatching(`^${it}: not read, because it is a folder`),
    ),
    'a.csv\\nb.csv: done.csv: rejected: the file is empty; save the sheet again, and use the new file',
  ]);
  const [night] = await openNights(server.redis).list();
  expect(night).toMatchObject({ noFiles: ['folder.csv', 'link.xlsx', 'pipe.csv'], files: [], rejected: [{ name }] });
  expect(readdirSync(inbox).sort()).toEqual(['archive', 'done', 'folder.csv', 'link.xlsx', 'pipe.csv', 'rejected']);
});

test('a night by hand or by cron whose folder is gone is announced each time, and a folder that was never there is refused', async () => {
  const robot = await newRobot('wecom');
  const place = { ...env(), FASTREGISTER_NOTIFY_URL: robot.url, WECHAT_REGISTRATION_API: 'fastregisterweapp' };
  const inbox = join(folder, 'inbox');
  await add();
  rmSync(inbox, { recursive: true });
  await expect(run(runCommand, ['--inbox', inbox], place)).rejects.toThrow(/is not a folder/);
  for (const times of [1, 2]) {
    const ran = await run(scheduleCommand, ['run', 'nightly'], place);
    expect([ran.status, ran.stderr]).toEqual([2, expect.stringContaining('cannot be read (ENOENT)')]);
    expect(robot.heard).toHaveLength(times);
  }
  expect((await run(runCommand, ['--inbox', inbox], place)).status).toBe(2);
  expect(robot.heard).toHaveLength(3);
  expect(robot.heard[2]).toContain('收件文件夹无法读取');
});
