import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Delivering, startDelivering } from '../../src/notices/deliver.js';
import { type Webhook, webhookSignature } from '../../src/notices/webhook.js';
import { key } from '../../src/redis/keys.js';
import { type Notices, openNotices, queueForPeople, queueNotice } from '../../src/redis/notices.js';
import { openWakeupChannel, type WakeupChannel } from '../../src/redis/wakeup-channel.js';
import { readableLog } from '../support/log.js';
import { type OwnRedis, ownRedis } from '../support/own-redis.js';

interface Post {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const SECRET = 'a secret of the platform';
const DAY_MS = 86_400_000;

let own: OwnRedis;
let wakeupChannel: WakeupChannel;
let service: Server;
let url: string;
let posts: Post[];
let statuses: number[];
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
  posts = [];
  statuses = [];
  logged = readableLog();
  await (await own.connect()).flushall();
  service = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      posts.push({ headers: request.headers, body });
      response.writeHead(statuses.shift() ?? 200).end('anything');
    });
  });
  await listen(0);
});
afterEach(async () => {
  for (const delivering of running.splice(0)) await delivering.close();
  await hangUp();
});

async function listen(port: number): Promise<void> {
  await new Promise<void>((resolve) => service.listen(port, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(service.address() as AddressInfo).port}/hook`;
}

async function hangUp(): Promise<void> {
  const closed = new Promise((resolve) => service.close(resolve));
  service.closeAllConnections();
  await closed;
}

async function deliver(target: Partial<Webhook> = {}, firstPauseMs = 5): Promise<Delivering> {
  const delivering = startDelivering({
    notices: openNotices(await own.connect()),
    wakeupChannel,
    destinations: { created: { url, ...target } },
    secret: SECRET,
    requestTimeoutMs: 2_000,
    firstPauseMs,
    log: logged.log,
  });
  running.push(delivering);
  return delivering;
}

async function queue(lane: string, number: number, at = Date.now()): Promise<void> {
  const notice = { id: `${lane}-${number}`, type: 'mini_program.created', at, data: { number } };
  await queueNotice(await own.connect(), 'created', lane, notice);
}

/** On a busy machine a post takes its time. */
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 20_000 });

const numbersOf = (lane: string): number[] =>
  posts
    .filter(({ headers }) => String(headers['webhook-id']).startsWith(`${lane}-`))
    .map(({ body }) => (JSON.parse(body) as { data: { number: number } }).data.number);

test('a notice is posted as JSON, and its signature covers its id, its time and its body', async () => {
  await deliver();
  await queue('m', 1);
  await eventually(() => expect(posts).toHaveLength(1));

  const { headers, body } = posts[0] as Post;
  expect(headers['content-type']).toBe('application/json; charset=utf-8');
  expect(JSON.parse(body)).toEqual({
    type: 'mini_program.created',
    timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
    data: { number: 1 },
  });
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', SECRET).update(signed).digest('base64')}`);
  expect(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1000)).toBeLessThan(60);
});

test('a notice is due by the clock of Redis, however far that of the process which has it is ahead', async () => {
  const redis = await own.connect();
  const real = Date.now();
  const clock = vi.spyOn(Date, 'now').mockReturnValue(real + 3 * DAY_MS);
  const notice = { id: 'n1', type: 'line.stopped', at: real, data: {} };
  await queueForPeople(redis, [{ destination: 'notify:7' }], 'line', notice);
  clock.mockRestore();
  expect(await openNotices(redis).take('notify:7', 1_000)).toMatchObject({ notice: { id: 'n1' } });
});

describe('a clock of Redis that was three days ahead for a moment holds up no notice that came since:', () => {
  const DUE_WITHIN_MS = 600_000;
  let aheadMs: number;
  const queueLine = async (orderingKey: string) => {
    const notice = { id: orderingKey, type: 'line.stopped', at: Date.now(), data: {} };
    await queueForPeople(await own.connect(), [{ destination: 'notify' }], orderingKey, notice);
  };

  async function ahead() {
    aheadMs = 3 * DAY_MS;
    await queueLine('line');
    const notices = openNotices(await own.connect(), () => Date.now() + aheadMs);
    const taken = await notices.take('notify', 40_000);
    if (typeof taken === 'number') throw new Error('none is due');
    return { notices, taken };
  }

  async function isDueAgain(notices: Notices, id: string): Promise<void> {
    aheadMs = 0;
    await queueLine(id);
    expect(await notices.take('notify', 40_000, 100)).toMatchObject({ notice: { id } });
  }

  test('its process died while it was posted', async () => {
    const { notices } = await ahead();
    await isDueAgain(notices, 'line');
  });

  test('it was refused', async () => {
    const { notices, taken } = await ahead();
    await notices.postpone('notify', taken, { count: 1, pauseMs: 1_000, quietMs: 3_500, why: 'HTTP 502' });
    await isDueAgain(notices, 'line');
  });

  test('the destination had a pause', async () => {
    const { notices, taken } = await ahead();
    await notices.done('notify', taken, 1, 3_500);
    await isDueAgain(notices, 'another');
  });

  test('another ordering key is always due before it', async () => {
    const { notices } = await ahead();
    aheadMs = 0;
    await queueLine('failing');
    const taken = await notices.take('notify', 40_000);
    if (typeof taken === 'number') throw new Error('none is due');
    await notices.postpone('notify', taken, { count: 1, pauseMs: DUE_WITHIN_MS, quietMs: 0, why: 'HTTP 400' });
    expect(await notices.take('notify', 40_000)).toMatchObject({ notice: { id: 'line' } });
    expect(await notices.take('notify', 40_000)).toBeGreaterThan(30_000);
  });
});

test("the specification's own example is signed as it says", () => {
  const signature = webhookSignature(
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    'msg_p5jXN8AQM9LWM0D4loKWxJek',
    '1614265330',
    '{"test": 2432232314}',
  );
  expect(signature).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});

test('what is not taken is posted again, and what follows in its lane waits for it', async () => {
  statuses = [500, 302, 404, 429];
  for (const number of [1, 2, 3]) await queue('m', number);
  await deliver();
  await eventually(() => expect(numbersOf('m')).toEqual([1, 1, 1, 1, 1, 2, 3]));
});

test('a lane that is refused does not hold the others up', async () => {
  await hangUp();
  service = createServer((request, response) => {
    posts.push({ headers: request.headers, body: '{"data":{"number":0}}' });
    request.resume();
    response.writeHead(String(request.headers['webhook-id']).startsWith('bad-') ? 422 : 204).end();
  });
  await listen(0);
  await queue('bad', 1);
  for (const number of [1, 2, 3]) await queue('good', number);
  await deliver();
  await eventually(() => expect(numbersOf('good')).toHaveLength(3));
});

test('what cannot be completed is our own fault: its lane waits, the log says why, and other lanes go on', async () => {
  const complete = async (data: Readonly<Record<string, unknown>>) => {
    if (data.number === 0) throw new Error('the secret does not open', { cause: new Error('unable to authenticate') });
    return data;
  };
  await deliver({ complete }, 60_000);
  await queue('bad', 0);
  await eventually(() => expect(logged.lines.join('\n')).toContain('unable to authenticate'));
  for (const number of [1, 2, 3]) await queue('good', number);
  await eventually(() => expect(numbersOf('good')).toEqual([1, 2, 3]));
  expect(await openNotices(await own.connect()).waiting('created')).toBe(1);
});

test('news of something that is long over are posted again when they are not taken at once', async () => {
  statuses = [500];
  await queue('m', 1, Date.now() - 4 * DAY_MS);
  await deliver();
  await eventually(() => expect(numbersOf('m')).toEqual([1, 1]));
});

test('after three days of trying a notice is dropped, and the next of its ordering key has three days of its own', async () => {
  statuses = [500, 500];
  for (const number of [1, 2]) await queue('m', number);
  await (await own.connect()).hset(key('noticeFirstTry', 'created'), 'm', Date.now() - 4 * DAY_MS);
  await deliver();
  await eventually(() => expect(numbersOf('m')).toEqual([1, 2, 2]));
  expect(logged.lines.filter((line) => line.includes('given up'))).toHaveLength(1);
});

test('a notice that two have posted, because the lease of the first had ended, is given up once', async () => {
  await hangUp();
  const redis = await own.connect();
  const answers: (() => void)[] = [];
  service = createServer((request, response) => {
    request.resume();
    answers.push(() => response.writeHead(500).end());
    if (answers.length === 1)
      void redis.zadd(key('noticesDue', 'created'), 0, 'm').then(() => redis.publish(key('wakeups'), 'notice'));
    else for (const answer of answers) answer();
  });
  await listen(0);
  await queue('m', 1);
  await redis.hset(key('noticeFirstTry', 'created'), 'm', Date.now() - 4 * DAY_MS);
  const delivering = await deliver();
  await eventually(() => expect(answers).toHaveLength(2));
  await delivering.close();
  expect(logged.lines.filter((line) => line.includes('given up'))).toHaveLength(1);
});

test('two processes deliver each notice once, in the order of its lane', async () => {
  const lanes = Array.from({ length: 8 }, (_, at) => `lane${at}`);
  for (const lane of lanes) for (const number of [1, 2, 3, 4, 5]) await queue(lane, number);
  await Promise.all([deliver(), deliver()]);
  await eventually(() => expect(posts).toHaveLength(40));
  for (const lane of lanes) expect(numbersOf(lane)).toEqual([1, 2, 3, 4, 5]);
});

test('notices survive a restart of the process and of Redis, and a service that is away', async () => {
  const port = Number(new URL(url).port);
  await hangUp();
  await (await deliver()).close();
  for (const number of [1, 2, 3]) await queue('m', number);
  await own.kill();
  await own.start();
  await deliver();
  const notices = openNotices(await own.connect());
  expect(await notices.waiting('created')).toBe(1);
  await listen(port);
  await eventually(() => expect(numbersOf('m')).toEqual([1, 2, 3]));
  await eventually(async () => expect(await notices.waiting('created')).toBe(0));
});

test('what is too secret to be kept is added when it is posted, and stays out of Redis', async () => {
  await queue('m', 1);
  await deliver({ complete: async (data) => ({ ...data, refresh_token: 'refreshtoken@@@1' }) });
  await eventually(() => expect(JSON.parse(posts[0]?.body ?? '{}').data?.refresh_token).toBe('refreshtoken@@@1'));
});
