/** `notify test`, and what status and doctor say of an address that takes nothing. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Finding } from '../../src/app/doctor/finding.js';
import { doctorCommand } from '../../src/cli/commands/doctor.js';
import { notifyCommand } from '../../src/cli/commands/notify.js';
import { statusCommand } from '../../src/cli/commands/status.js';
import { openNotices, queueForPeople } from '../../src/redis/notices.js';
import { run } from '../support/command-line.js';
import { useRedis } from '../support/redis.js';
import { type FakeRobot, newRobot } from '../support/robots.js';

const server = useRedis();
const home = mkdtempSync(join(tmpdir(), 'fr-notify-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

function envFor(...robots: readonly Pick<FakeRobot, 'url' | 'secret'>[]): Record<string, string> {
  return {
    FASTREGISTER_HOME: home,
    REDIS_URL: server.url,
    FASTREGISTER_NOTIFY_URL: robots.map(({ url }) => url).join(','),
    FASTREGISTER_NOTIFY_SECRET: robots.map(({ secret = '' }) => secret).join(','),
    FASTREGISTER_WEBHOOK_SECRET: 'of the webhook',
  };
}

async function everyRobot() {
  return [
    await newRobot('wecom'),
    await newRobot('dingtalk', { secret: 'SEC-of-dingtalk' }),
    await newRobot('feishu', { secret: 'secret-of-feishu' }),
  ] as const;
}

test('each robot and webhook gets a test notice, and what it answered is said with its secrets hidden', async () => {
  const robots = await everyRobot();
  const webhook = await newRobot('wecom');
  const env = envFor(...robots, { url: webhook.url.replace('/cgi-bin/webhook/send', '/hook'), secret: undefined });
  const { stdout, status } = await run(notifyCommand, ['test', '--lang', 'zh'], env);
  expect(status).toBe(0);
  for (const { heard } of robots) expect(heard).toEqual([expect.stringContaining('测试消息')]);
  expect(JSON.parse(webhook.requests[0]?.body ?? '')).toMatchObject({ type: 'test', data: {} });

  const lines = stdout.trim().split('\n');
  expect(lines).toEqual([
    expect.stringMatching(/^1 {2}企业微信群机器人 {2}已接收 {2}http:.*\?key=\*\*\* · errcode 0, ok$/),
    expect.stringMatching(/^2 {2}钉钉群机器人 +已接收 {2}http:.*\?access_token=\*\*\* · errcode 0, ok$/),
    expect.stringMatching(/^3 {2}飞书群机器人 +已接收 {2}http:.*\/hook\/\*\*\* · code 0, success$/),
    expect.stringMatching(/^4 {2}Webhook +已接收 {2}http:\/\/127\.0\.0\.1:\d+\/…$/),
  ]);
  for (const { key, secret = key } of robots) expect(stdout).not.toMatch(new RegExp(`${key}|${secret}`));
});

test('an address that does not accept it ends with 1, says what came back and what to do, and the others get it all the same', async () => {
  const [wecom, dingtalk, feishu] = await everyRobot();
  const env = envFor(
    wecom,
    { ...dingtalk, secret: 'SEC-mistyped' },
    { ...feishu, url: 'http://127.0.0.1:1/open-apis/bot/v2/hook/5cd99837' },
  );
  const { stdout, status } = await run(notifyCommand, ['test', '--json'], env);
  expect(status).toBe(1);
  expect(wecom.heard).toHaveLength(1);
  expect(JSON.parse(stdout)).toMatchObject([
    { robot: 'wecom', taken: true },
    {
      robot: 'dingtalk',
      taken: false,
      answer: 'errcode 310000, sign not match',
      hint: expect.stringContaining('FASTREGISTER_NOTIFY_SECRET'),
    },
    { robot: 'feishu', taken: false, answer: 'ECONNREFUSED', hint: null },
  ]);
  expect(stdout).not.toMatch(/SEC-mistyped|5cd99837/);
});

test('without an address is wrong usage that says what to set', async () => {
  const running = run(notifyCommand, ['test'], { FASTREGISTER_HOME: home });
  await expect(running).rejects.toMatchObject({
    name: 'RequestError',
    words: { en: expect.stringMatching(/^FASTREGISTER_NOTIFY_URL is not set/), zh: expect.stringContaining('未设置') },
  });
});

test('status and doctor name an address that takes nothing, and what it answered, without its key', async () => {
  const robot = await newRobot('wecom');
  const env = envFor(robot);
  const notices = openNotices(server.redis);
  const notice = { id: 'n1', type: 'line.resumed', at: Date.now(), data: {} };
  await queueForPeople(server.redis, [{ destination: 'notify', gatherMs: 0 }], 'line', notice);
  const taken = await notices.take('notify', 60_000);
  if (typeof taken === 'number') throw new Error('nothing is due');
  await notices.postpone('notify', taken, {
    count: 1,
    pauseMs: 60_000,
    quietMs: 0,
    why: 'errcode 93000, invalid webhook url',
  });

  const shown = await run(statusCommand, [], env);
  expect(shown.stdout).toMatch(
    /^notices not delivered +to WeCom group robot http:.*\?key=\*\*\*: errcode 93000, invalid webhook url; tried 1 times since 20/m,
  );
  const { undelivered } = JSON.parse((await run(statusCommand, ['--json'], env)).stdout);
  expect(undelivered).toMatchObject([{ setting: 'FASTREGISTER_NOTIFY_URL', tries: 1 }]);
  const findings = JSON.parse((await run(doctorCommand, ['--json'], env)).stdout) as Finding[];
  expect(findings.find(({ check }) => check === 'notices')).toMatchObject({
    verdict: 'warning',
    says: expect.stringContaining('errcode 93000'),
  });
  expect(shown.stdout + JSON.stringify([undelivered, findings])).not.toContain(robot.key);

  await notices.done('notify', taken);
  expect((await run(statusCommand, [], env)).stdout).not.toContain('notices not delivered');
  const again = JSON.parse((await run(doctorCommand, ['--json'], env)).stdout) as Finding[];
  expect(again.find(({ check }) => check === 'notices')).toMatchObject({
    verdict: 'ok',
    says: expect.stringContaining('WeCom group robot http'),
  });
});
