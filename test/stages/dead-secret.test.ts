import { afterEach, beforeEach, expect, test } from 'vitest';
import { openWakeupChannel, type WakeupChannel } from '../../src/redis/wakeup-channel.js';
import type { Credential, TokenFault } from '../../src/wechat/credentials.js';
import { refuseToken, tokenFor, type WorkerContext } from '../../src/worker/context.js';
import { openBook } from '../support/ledger.js';
import { readableLog } from '../support/log.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';
import { until } from '../support/until.js';
import { contextWith } from '../support/worker-context.js';

const server = useRedis();
const REFUSED: TokenFault = { kind: 'fault', problem: 'token:refused', said: '3 new tokens in a row were refused' };
const DEAD: Credential = { kind: 'fault', problem: 'token:40125', said: 'invalid appsecret' };
const { log, lines } = readableLog('error');

let answer: Credential;
let asked: number;
let clock: number;
let wakeupChannel: WakeupChannel;

beforeEach(async () => {
  answer = DEAD;
  asked = 0;
  clock = 0;
  lines.length = 0;
  wakeupChannel = await openWakeupChannel(server.connect());
});
afterEach(() => wakeupChannel.close());

/** A worker; its moments are told apart, as those of any two stops are. */
function worker(): WorkerContext {
  const context = contextWith(server.redis, wakeupChannel, {
    create: () => Promise.reject(new Error('no call is due')),
  });
  const current = async () => {
    asked += 1;
    return answer;
  };
  return {
    ...context,
    credentials: {
      ...context.credentials,
      current,
      refuse: async () => (answer.kind === 'fault' ? answer : undefined),
    },
    now: () => ++clock,
    log,
  };
}

test('a secret that is dead is asked with once, and stops the line once, however many slots need a token', async () => {
  const { calls, load } = openBook(server.redis);
  const context = worker();
  const slots = Array.from({ length: 8 }, () => tokenFor(context));
  await until('the line is stopped', () => calls.line());
  slots.push(tokenFor(context));
  expect(asked).toBe(1);

  // Another process finds it stopped, and it stays the same stop.
  slots.push(tokenFor(worker()));
  await until('the other process has asked', () => asked === 2);
  await refuseToken(context, 'T');
  expect(await calls.line()).toMatchObject({ problem: 'token:40125', at: 1 });

  answer = { kind: 'token', token: 'T2' };
  await load('b1', [merchant(1)]);
  expect(await calls.resumeLine()).toBe('probe');
  expect(await Promise.all(slots)).toEqual(slots.map(() => 'T2'));
  expect(lines).toHaveLength(1);
});

test('after tokens that WeChat refused one after the other, no further one is fetched until the line is resumed', async () => {
  const { calls, load } = openBook(server.redis);
  answer = { kind: 'token', token: 'T' };
  const made = worker();
  let looks = 0;
  const context: WorkerContext = {
    ...made,
    credentials: { ...made.credentials, refuse: async () => REFUSED },
    calls: {
      ...made.calls,
      line() {
        looks += 1;
        return made.calls.line();
      },
    },
  };
  await load('b1', [merchant(1)]);
  // The exchange of a code, which no stopped line holds back.
  expect(await tokenFor(context)).toBe('T');
  await refuseToken(context, 'T');
  const next = tokenFor(context);
  await until('it has looked at the line', () => looks > 0);
  expect(asked).toBe(1);

  expect(await calls.resumeLine()).toBe('probe');
  expect(await next).toBe('T');
  expect(asked).toBe(2);
  expect(await tokenFor(context)).toBe('T');
});

test('a pause that comes after the line was resumed does not hold the exchange of a code', async () => {
  const { calls } = openBook(server.redis);
  answer = { kind: 'token', token: 'T' };
  const made = worker();
  const context: WorkerContext = { ...made, credentials: { ...made.credentials, refuse: async () => REFUSED } };
  await refuseToken(context, 'T');
  // This process needed no token in between.
  expect(await calls.resumeLine()).toBe('resumed');
  await calls.pauseLine('a wrong sheet', 2);
  expect(await tokenFor(context)).toBe('T');
});
