/** Notices on their way to group robots, over real HTTP and a real Redis. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Destination, type Notice, notifyDestination, type Outlet } from '../../src/domain/notice.js';
import { type Delivering, startDelivering } from '../../src/notices/deliver.js';
import { WIRES } from '../../src/notices/robots.js';
import { type NotifySettings, notifyDestinations, outletsOf } from '../../src/notices/targets.js';
import { type Notices, openNotices, queueForPeople } from '../../src/redis/notices.js';
import { openSentNotices } from '../../src/redis/sent-notices.js';
import { openWakeupChannel, type WakeupChannel } from '../../src/redis/wakeup-channel.js';
import { undelivered } from '../../src/reporter/undelivered.js';
import { readableLog } from '../support/log.js';
import { type OwnRedis, ownRedis } from '../support/own-redis.js';
import { type FakeRobot, type Kind, newRobot } from '../support/robots.js';

let own: OwnRedis;
let wakeupChannel: WakeupChannel;
let logged: ReturnType<typeof readableLog>;
const running: Delivering[] = [];

beforeAll(async () => {
  own = await ownRedis();
  wakeupChannel = await openWakeupChannel(await own.connect());
});
afterAll(async () => {
  await wakeupChannel.close();
  await own.end();
});
beforeEach(async () => {
  logged = readableLog();
  await (await own.connect()).flushall();
});
afterEach(async () => {
  for (const delivering of running.splice(0)) await delivering.close();
});

function settingsFor(robots: readonly Pick<FakeRobot, 'url' | 'secret'>[], changes: Partial<NotifySettings> = {}) {
  return {
    createdWebhook: undefined,
    notifyUrl: robots.map(({ url }) => url),
    notifySecret: robots.map(({ secret = '' }) => secret),
    publicUrl: undefined,
    chatLang: 'zh' as const,
    quotaTimezone: 'Asia/Shanghai',
    ledger: 'default',
    isRehearsal: false,
    ...changes,
  };
}

type Settings = ReturnType<typeof settingsFor>;

/** A chat gathers for two seconds what happens together: one test waits for that. */
async function tell(settings: Settings, ...notices: Notice[]): Promise<void> {
  const outlets = outletsOf(settings).map((outlet) => ('gatherMs' in outlet ? { ...outlet, gatherMs: 0 } : outlet));
  await postAt(outlets, ...notices);
}

async function postAt(outlets: readonly Outlet[], ...notices: Notice[]): Promise<void> {
  for (const notice of notices) await queueForPeople(await own.connect(), outlets, notice.type, notice);
}

async function deliver(settings: Settings, notices?: Notices): Promise<Delivering> {
  const delivering = startDelivering({
    notices: notices ?? openNotices(await own.connect()),
    wakeupChannel,
    destinations: notifyDestinations(settings),
    secret: 'of the webhooks',
    requestTimeoutMs: 2_000,
    firstPauseMs: 5,
    paceMs: 20,
    log: logged.log,
  });
  running.push(delivering);
  return delivering;
}

/** On a busy machine a post takes its time. */
const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 20_000 });

const stopped = (id = 'line-1', at = Date.now()): Notice => ({
  id,
  type: 'line.stopped',
  at,
  data: {
    problem: 'create:61004',
    reason: { en: 'The IP is not allowed.', zh: '提交已暂停：本机 IP 不在白名单中。' },
    next_step: { en: 'Add it.', zh: '请将本机 IP 加入白名单，然后运行 `fastregister resume`。' },
    who_acts: 'platform',
    opens_by_itself: false,
  },
});
const resumed = (id = 'line-2'): Notice => ({ id, type: 'line.resumed', at: Date.now(), data: {} });

const KINDS: readonly Kind[] = ['wecom', 'dingtalk', 'feishu'];

describe.each(KINDS)('a %s robot', (kind) => {
  const secret = kind === 'wecom' ? undefined : `SEC-${kind}-0123456789`;
  const asking = (more: { prefix?: string } = {}) =>
    newRobot(kind, { ...(secret !== undefined && { secret }), ...more });

  test('gets a message in its own format, with its own signature: what happened, what to do, and where to look', async () => {
    const robot = await asking();
    const settings = settingsFor([robot], { publicUrl: 'https://fastregister.example' });
    await tell(settings, stopped());
    await deliver(settings);
    await eventually(() => expect(robot.heard).toHaveLength(1));
    const [text] = robot.heard;
    expect(text).toContain('【fastregister】🔴 提交已停止，需要处理');
    expect(text).toContain('本机 IP 不在白名单中');
    expect(text).toContain('处理办法：请将本机 IP 加入白名单');
    expect(text).toContain('由谁处理：第三方平台管理员');
    expect(text).toMatch(/查看详情.*https:\/\/fastregister\.example/);
    expect(robot.requests[0]?.url).not.toContain(secret ?? 'secret');
  });

  test('is known by its path behind a proxy', async () => {
    const robot = await asking({ prefix: '/out/going' });
    const settings = settingsFor([robot]);
    await tell(settings, stopped());
    await deliver(settings);
    await eventually(() => expect(robot.heard).toHaveLength(1));
    expect(robot.requests[0]?.url).toContain('/out/going/');
  });

  test('that answers 200 with a code is asked again, status says why, and no secret is said anywhere', async () => {
    const robot = await asking();
    const settings = settingsFor([robot]);
    // It repeats what it was sent.
    robot.always = {
      errcode: 4711,
      code: 4711,
      errmsg: `bad ${robot.url} ${secret}`,
      msg: `bad ${robot.url} ${secret}`,
    };
    await tell(settings, stopped());
    await deliver(settings);
    const notices = openNotices(await own.connect());
    await eventually(async () => expect((await notices.failing('notify'))?.tries).toBeGreaterThan(1));
    const [shown] = await undelivered(settings, notices);
    expect(shown).toMatchObject({ setting: 'FASTREGISTER_NOTIFY_URL', why: expect.stringContaining('4711, bad') });
    const said = JSON.stringify(shown) + logged.lines.join('\n');
    expect(said).toContain('a notice was not taken');
    for (const hidden of [robot.key, secret].filter((it) => it !== undefined)) expect(said).not.toContain(hidden);

    robot.always = undefined;
    await eventually(() => expect(robot.heard).toHaveLength(1));
    await eventually(async () => expect(await notices.failing('notify')).toBeUndefined());
    expect(await undelivered(settings, notices)).toEqual([]);
  });

  test('has not accepted a message if a login page answers in its place', async () => {
    const robot = await asking();
    robot.answers = [''];
    const settings = settingsFor([robot]);
    await tell(settings, stopped());
    await deliver(settings);
    await eventually(() => expect(robot.heard).toHaveLength(1));
    expect(robot.requests).toHaveLength(2);
    expect(logged.lines.join('\n')).toContain("an answer that is not the robot's");
  });

  test('gets what waits in one message, in the order in which it happened', async () => {
    const robot = await asking();
    const settings = settingsFor([robot]);
    await tell(settings, stopped(), resumed());
    await deliver(settings);
    await eventually(() => expect(robot.heard).toHaveLength(1));
    expect(robot.heard[0]).toMatch(/2 条通知.*提交已停止.*提交已自动恢复/s);
  });
});

test('a robot that refuses holds back neither another robot nor a webhook, and each has all of them once', async () => {
  const bad = await newRobot('dingtalk', { secret: 'SEC-of-another-robot' });
  const [good, webhook] = [await newRobot('feishu', { secret: 'of-feishu' }), await newRobot('wecom')];
  // The wrong secret, and an address of no robot.
  const settings = settingsFor([
    { ...bad, secret: 'SEC-mistyped' },
    good,
    { url: webhook.url.replace('/cgi-bin/webhook/send', '/hook'), secret: undefined },
  ]);
  await deliver(settings);
  await tell(settings, stopped());
  await eventually(() => expect([good.heard.length, webhook.requests.length]).toEqual([1, 1]));
  await tell(settings, resumed());
  await eventually(() => expect([good.heard.length, webhook.requests.length]).toEqual([2, 2]));
  expect(bad.heard).toEqual([]);
  expect(webhook.requests.map(({ body }) => JSON.parse(body).type)).toEqual(['line.stopped', 'line.resumed']);
  const notices = openNotices(await own.connect());
  expect(await notices.failing('notify')).toMatchObject({ why: 'errcode 310000, sign not match' });
  expect(await notices.failing('notify:2')).toBeUndefined();
});

test('a webhook gets the JSON that it always got, without what only a chat says', async () => {
  const webhook = await newRobot('wecom');
  const settings = settingsFor([{ url: webhook.url.replace('/cgi-bin/webhook/send', '/hook'), secret: undefined }]);
  const at = Date.parse('2026-11-21T15:10:00Z');
  await tell(settings, { id: 'night-1', type: 'night.ended', at, data: { night: '2026-11-21' }, chat: { to_call: 3 } });
  await deliver(settings);
  await eventually(() => expect(webhook.requests).toHaveLength(1));
  expect(JSON.parse(webhook.requests[0]?.body ?? '')).toEqual({
    type: 'night.ended',
    timestamp: '2026-11-21T15:10:00.000Z',
    data: { night: '2026-11-21' },
  });
});

test('each notice is sent once to each address, over any number of processes', async () => {
  const settings = settingsFor([await newRobot('wecom'), await newRobot('feishu')]);
  const told = openSentNotices(await own.connect(), outletsOf(settings));
  await Promise.all([1, 2, 3].map(() => told.sendOnce('line', 'stopped 1', 'line', stopped())));
  const redis = await own.connect();
  for (const at of [0, 1]) {
    const taken = await openNotices(redis, () => Date.now() + 60_000).take(notifyDestination(at), 60_000, 10);
    expect(taken).toMatchObject({ notice: { id: 'line-1' }, others: [] });
  }
});

test('a link that is ready is no news for a chat: nothing is posted, and nothing waits', async () => {
  const robot = await newRobot('wecom');
  const settings = settingsFor([robot]);
  const ready = (number: number): Notice => ({
    id: `link-ready-${number}`,
    type: 'link.ready',
    at: Date.now(),
    data: {},
  });
  await tell(settings, ready(1), ready(2));
  await deliver(settings);
  const notices = openNotices(await own.connect());
  await eventually(async () => expect(await notices.waiting('notify')).toBe(0));
  expect(robot.requests).toEqual([]);
});

test('what a robot has refused for three days is dropped, and not what was queued since', async () => {
  const robot = await newRobot('wecom');
  const settings = settingsFor([robot]);
  robot.always = { errcode: 93000, errmsg: 'invalid webhook url' };
  await tell(settings, stopped('one'), resumed('two'));
  let aheadMs = 0;
  const notices = openNotices(await own.connect(), () => Date.now() + aheadMs);
  const delivering = await deliver(settings, notices);
  await eventually(async () => expect((await notices.failing('notify'))?.tries).toBeGreaterThan(1));
  await tell(settings, resumed('three'));
  aheadMs = 3 * 86_400_000 + 60_000;
  await tell(settings, stopped('four'));
  const givenUp = () => logged.lines.filter((line) => line.includes('given up'));
  await eventually(() => expect(givenUp()).toHaveLength(1));
  expect(JSON.parse(givenUp()[0] ?? '')).toMatchObject({ notice: 'one', joined: 2 });
  robot.always = undefined;
  // In one message, or in two where a post was under way.
  await eventually(() => expect(robot.heard.join('\n')).toMatch(/提交已自动恢复.*提交已停止/s));
  await eventually(async () => expect(await notices.waiting('notify')).toBe(0));
  await delivering.close();
});

test('a queued notice is posted before the process leaves: under cron no other process would post it', async () => {
  const robot = await newRobot('wecom');
  const settings = settingsFor([robot]);
  const delivering = await deliver(settings);
  await postAt(outletsOf(settings), stopped(), resumed());
  await delivering.close();
  expect(robot.heard).toEqual([expect.stringContaining('2 条通知')]);
});

describe('at most 20 messages a minute', () => {
  const DESTINATION: Destination = 'notify';
  const LEASE_MS = 60_000;

  async function minuteOf(arrivals: number): Promise<{ messages: number; joined: number }> {
    const settings = settingsFor([
      { url: 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k', secret: undefined },
    ]);
    const { PACE_MS } = await import('../../src/notices/robots.js');
    let now = Date.now() + 10_000;
    const notices = openNotices(await own.connect(), () => now);
    const end = now + 60_000;
    let [messages, joined, queued] = [0, 0, 0];
    while (now < end) {
      // They come evenly, as fast as they are to come.
      for (; queued < arrivals && now >= end - 60_000 + (queued * 60_000) / arrivals; queued++) {
        await tell(settings, resumed(`n-${queued}`));
      }
      const taken = await notices.take(DESTINATION, LEASE_MS, 100);
      if (typeof taken === 'number') now += Math.min(Math.max(taken, 1), 60_000 / arrivals);
      else {
        messages += 1;
        joined += 1 + taken.others.length;
        await notices.done(DESTINATION, taken, 1 + taken.others.length, PACE_MS);
      }
    }
    return { messages, joined };
  }

  test('are posted, and no notice is left over: waiting notices are joined', async () => {
    const { messages, joined } = await minuteOf(200);
    expect(messages).toBeGreaterThan(15);
    expect(messages).toBeLessThanOrEqual(20);
    expect(joined).toBeGreaterThan(180);
  });

  test('go to a robot that asks for a pause: DingTalk closes for ten minutes', async () => {
    const robot = await newRobot('dingtalk');
    robot.always = { errcode: 130101, errmsg: 'send too fast, exceed 20 times per minute' };
    const settings = settingsFor([robot]);
    await tell(settings, stopped());
    await deliver(settings);
    const notices = openNotices(await own.connect());
    await eventually(async () => expect(await notices.failing('notify')).toMatchObject({ tries: 1 }));
    const dueInMs = await notices.take('notify', 1_000, 1);
    expect(dueInMs).toBeGreaterThan(9 * 60_000);
  });
});

describe('a signature', () => {
  const SECRET = 'this is secret';

  test('of DingTalk is in the query: HMAC-SHA256 of timestamp and secret by the secret, in ms', () => {
    const url = 'https://oapi.dingtalk.com/robot/send?access_token=abc';
    const signed = WIRES.dingtalk.sign({ url, body: {} }, SECRET, 1_577_808_000_000);
    expect(signed.url).toBe(`${url}&timestamp=1577808000000&sign=ijHEivi6YiCNPZOq4hZstmvZ3sPfbioAiMhP30ae7W0%3D`);
  });

  test('of Feishu is in the body: HMAC-SHA256 of nothing by timestamp and secret, in s', () => {
    const { url, body } = WIRES.feishu.sign({ url: 'https://x.example', body: { a: 1 } }, SECRET, 1_599_360_473_999);
    expect([url, body]).toEqual([
      'https://x.example',
      { timestamp: '1599360473', sign: '/eYKrXQBzTjUZJ3s6NX16VxGbTwmK7AEs8/FnvC1CSw=', a: 1 },
    ]);
  });
});
