import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Forwarding, type ForwardOptions, startForwarding } from '../../src/events/forward.js';
import { openPushRelay } from '../../src/redis/pushes/push-relay.js';
import { openPushes } from '../../src/redis/pushes/pushes.js';
import { openPush } from '../../src/wechat/crypt.js';
import { openBook } from '../support/ledger.js';
import { readableLog } from '../support/log.js';
import { merchant } from '../support/merchants.js';
import { type OwnRedis, ownRedis } from '../support/own-redis.js';
import {
  CREDENTIAL,
  otherXml,
  PLATFORM,
  registrationXml,
  type SealedRequest,
  seal,
  ticketXml,
} from '../support/pushes.js';
import { openReceiver, post, recorderOn } from '../support/receiver.js';
import { until } from '../support/until.js';

interface Relayed {
  readonly url: string;
  readonly body: Buffer;
}

let own: OwnRedis;
let redis: Redis;
let folder: string;
let receiver: Awaited<ReturnType<typeof openReceiver>>;
let service: Server;
let port: number;
let relayed: Relayed[];
/** What the service does with the next requests; afterwards it takes them. */
let moods: (number | 'hang' | 'cut')[];
/** It answers 500 to these InfoTypes. */
let indigestible: string[];
let refused: string[];
let lines: string[];
const running: Forwarding[] = [];

beforeAll(async () => {
  own = await ownRedis();
});
afterAll(() => own.end());

beforeEach(async () => {
  relayed = [];
  moods = [];
  indigestible = [];
  refused = [];
  folder = await mkdtemp(join(tmpdir(), 'fr-forward-'));
  redis = await own.connect();
  await redis.flushall();
  const readable = readableLog();
  lines = readable.lines;
  receiver = await openReceiver({
    door: await own.connect('interactive'),
    redis: await own.connect(),
    folder,
    log: readable.log,
  });
  port = 0;
  await openService();
});
afterEach(async () => {
  for (const forwarding of running.splice(0)) await forwarding.close();
  await receiver.close();
  await closeService();
  await own.start();
  await rm(folder, { recursive: true, force: true });
});

async function openService(): Promise<void> {
  service = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const got = { url: request.url ?? '', body: Buffer.concat(chunks) };
      const infoType = typeOf(got);
      const mood = moods.shift() ?? (indigestible.includes(infoType) ? 500 : 200);
      if (mood === 'hang') return;
      if (mood === 'cut') {
        request.socket.destroy();
        return;
      }
      if (mood === 200) relayed.push(got);
      else refused.push(infoType);
      response.writeHead(mood).end('success');
    });
  });
  await new Promise<void>((resolve) => service.listen(port, '127.0.0.1', resolve));
  port = (service.address() as AddressInfo).port;
}

async function closeService(): Promise<void> {
  const closed = new Promise((resolve) => service.close(resolve));
  service.closeAllConnections();
  await closed;
}

async function forward(options: Partial<ForwardOptions> = {}, query = ''): Promise<Forwarding> {
  const connection = await own.connect();
  const { log } = readableLog();
  const forwarding = startForwarding({
    relay: await openPushRelay(connection),
    matching: recorderOn(connection, log),
    url: `http://127.0.0.1:${port}/other/events/${query}`,
    what: 'others',
    requestTimeoutMs: 30_000,
    firstPauseMs: 5,
    log,
    ...options,
  });
  running.push(forwarding);
  return forwarding;
}

async function push(xml: string): Promise<SealedRequest> {
  const sealed = seal(xml);
  expect(await post(receiver.port, sealed)).toEqual({ status: 200, text: 'success' });
  return sealed;
}

/** What the other service reads of what it got. */
function typesRead(): string[] {
  return relayed.map(typeOf);
}

function typeOf({ url, body }: Relayed): string {
  const query = Object.fromEntries(new URL(url, 'http://x').searchParams);
  const opened = openPush({ credentials: [CREDENTIAL], componentAppid: PLATFORM, query, body });
  return opened.ok ? (/<InfoType><!\[CDATA\[(.*?)\]\]>/.exec(opened.message.toString())?.[1] ?? '?') : opened.detail;
}

test('what is not ours arrives byte for byte with its query, and verifies as it is', async () => {
  await forward({}, '?tenant=7');
  const sealed = await push(otherXml('authorized'));
  await until('it is relayed', () => relayed.length === 1);
  expect(relayed).toEqual([{ url: `/other/events/?tenant=7&${sealed.query}`, body: sealed.body }]);
  expect(typesRead()).toEqual(['authorized']);
});

test('tickets and strangers are relayed, the end of a registration of ours is not, unless all is asked for', async () => {
  await openBook(redis).load('b1', [merchant(1)]);
  const told = { status: '0', appid: 'wxnew', authCode: 'code' };
  const everything = async (): Promise<void> => {
    await push(ticketXml('ticket@@@1'));
    await push(registrationXml(merchant(1), told));
    await push(registrationXml(merchant(2), told));
    await push(otherXml('the_last_one'));
  };
  const first = await forward();
  await everything();
  await until('the last one is relayed', () => typesRead().includes('the_last_one'));
  expect(typesRead()).toEqual(['component_verify_ticket', 'notify_third_fasteregister', 'the_last_one']);
  // One that is cut short before it has noted so is relayed again.
  await until('the last one is noted', async () => {
    const { byOutcome } = await receiver.pushes.counts();
    return byOutcome.some(({ infoType, outcome }) => infoType === 'the_last_one' && outcome === 'relayed');
  });

  await first.close();
  relayed = [];
  await forward({ what: 'all' });
  await everything();
  await until('the last one is relayed', () => typesRead().includes('the_last_one'));
  expect(relayed).toHaveLength(4);
});

test('a service that is flaky gets all of them, in order', async () => {
  await forward({ requestTimeoutMs: 500 });
  moods = [500, 'cut', 'hang', 503, 200, 'cut', 404, 200, 'hang', 502, 429];
  for (let number = 0; number < 30; number += 1) await push(otherXml(`number_${number}`));
  // More than 30 where an answer came too late: that push was taken, and is offered again.
  await until('all are relayed', () => typesRead().at(-1) === 'number_29');
  expect([...new Set(typesRead())]).toEqual(Array.from({ length: 30 }, (_, number) => `number_${number}`));
});

test('success is never delayed by a service that hangs', async () => {
  await forward();
  moods = ['hang'];
  for (let number = 0; number < 50; number += 1) await push(otherXml(`number_${number}`));
  expect(relayed).toEqual([]);
});

test('it goes on where it stopped after a restart of the relay, of Redis and of the service', async () => {
  const first = await forward();
  for (let number = 0; number < 5; number += 1) await push(otherXml(`number_${number}`));
  await until('some are relayed', () => relayed.length === 5);
  await closeService();
  for (let number = 5; number < 10; number += 1) await push(otherXml(`number_${number}`));
  await first.close();
  await own.stop();
  for (let number = 10; number < 15; number += 1) await push(otherXml(`number_${number}`));
  await own.start();
  await openService();
  await forward();
  await until('all are relayed', () => relayed.length >= 15);
  expect([...new Set(typesRead())]).toEqual(Array.from({ length: 15 }, (_, number) => `number_${number}`));
});

test('one of two processes relays, and the other takes over when it leaves', async () => {
  const first = await forward();
  await forward();
  for (let number = 0; number < 20; number += 1) await push(otherXml(`number_${number}`));
  // One that is cut short before it has noted so is relayed again.
  await until('all are relayed, and noted', async () => {
    const { byOutcome } = await receiver.pushes.counts();
    return byOutcome.filter(({ outcome }) => outcome === 'relayed').length === 20;
  });
  expect(relayed).toHaveLength(20);
  await first.close();
  await push(otherXml('number_20'));
  await until('the other has taken over', () => relayed.length === 21);
  expect(typesRead()).toEqual(Array.from({ length: 21 }, (_, number) => `number_${number}`));
});

test('a push that a service refuses for good does not keep it from the next ticket', async () => {
  await forward({ refusedForMs: 50 });
  moods = Array.from({ length: 100 }, () => 400);
  await push(otherXml('indigestible'));
  await until('it is given up', async () => {
    const { byOutcome } = await receiver.pushes.counts();
    return byOutcome.some(({ outcome, count }) => outcome === 'not_relayed' && count === 1);
  });
  moods = [];
  await push(ticketXml('ticket@@@1'));
  await until('the ticket is relayed', () => typesRead().includes('component_verify_ticket'));
});

const notRelayed = async (): Promise<number> => {
  const { byOutcome } = await receiver.pushes.counts();
  return byOutcome.find(({ outcome }) => outcome === 'not_relayed')?.count ?? 0;
};

test.each([
  ['accepted a ticket before', ['ticket@@@0']],
  ['accepted none yet', []],
])('a kind of push that a service refuses, which has %s, gets one try each from then on', async (_, before) => {
  indigestible = ['authorized'];
  await forward({ refusedForMs: 500, firstPauseMs: 200 });
  for (const ticket of before) await push(ticketXml(ticket));
  for (let count = 0; count < 30; count += 1) await push(otherXml('authorized'));
  await push(ticketXml('ticket@@@1'));
  await push(otherXml('authorized'));
  await push(otherXml('the_last_one'));
  await until('the last one is relayed', () => typesRead().includes('the_last_one'));
  // No push but a ticket is posted again after it was accepted, and the order stays.
  expect(new Set(relayed.map(({ url }) => url)).size).toBe(before.length + 2);
  expect([...new Set(typesRead())]).toEqual(['component_verify_ticket', 'the_last_one']);
  await until('all are counted', async () => (await notRelayed()) === 31);
  // The first for half a second, the others once.
  expect(refused.length).toBeLessThan(40);

  // While the service is away, nothing is refused; and what it accepts again is offered for as long as any other push.
  indigestible = [];
  moods = [503, 502, 'cut', 200, 500, 500];
  await push(otherXml('authorized'));
  await push(otherXml('authorized'));
  await until('both are relayed', () => typesRead().filter((it) => it === 'authorized').length === 2);
  expect(await notRelayed()).toBe(31);
});

test('a service that refuses everything is offered each push for as long as the first', async () => {
  await forward({ refusedForMs: 400 });
  await push(ticketXml('ticket@@@0'));
  await until('a ticket is relayed', () => relayed.length === 1);
  moods = Array.from({ length: 1_000 }, () => 500);
  for (let count = 0; count < 5; count += 1) await push(otherXml('authorized'));
  await until('one is given up', async () => (await notRelayed()) === 1);
  moods = [];
  await until('the others are relayed', () => relayed.length === 5);
  expect(await notRelayed()).toBe(1);
});

test('a service that goes away after it refused a push is waited for', async () => {
  await forward({ refusedForMs: 50 });
  moods = [500, 503, 503, 503, 503, 503];
  await push(otherXml('authorized'));
  await until('it is relayed', () => relayed.length === 1);
  expect(await notRelayed()).toBe(0);
});

test('a push that was parked and matched later is relayed once', async () => {
  await forward();
  await push(registrationXml(merchant(9), { status: '103' }));
  await until('it is parked and relayed', async () => relayed.length === 1 && (await receiver.pushes.parked()) === 1);
  await openBook(redis).load('b1', [merchant(9)]);
  await until('it is looked at again', async () => (await receiver.pushes.parked()) === 0);
  await push(otherXml('the_last_one'));
  await until('the last one is relayed', () => typesRead().includes('the_last_one'));
  expect(relayed).toHaveLength(2);
  expect(await openPushes(redis).parked()).toBe(0);
  expect(lines.join()).not.toContain('虚构商户');
});
