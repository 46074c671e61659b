/** Whatever is sent, the receiver answers with one of its own words, quickly, and says nothing about it in the log. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openReceiver as openDoor, receive } from '../../src/events/receive.js';
import { openRefusals } from '../../src/events/refusals.js';
import { sealTicket } from '../../src/redis/component-store.js';
import { encrypt } from '../../src/wechat/crypt.js';
import { readableLog } from '../support/log.js';
import { merchant } from '../support/merchants.js';
import {
  CREDENTIAL,
  PLATFORM,
  registrationXml,
  type SealedRequest,
  seal,
  sign,
  TEST_VAULT,
  ticketXml,
} from '../support/pushes.js';
import { openReceiver, PATH, post } from '../support/receiver.js';
import { useRedis } from '../support/redis.js';
import { runs } from '../support/runs.js';
import { until } from '../support/until.js';

const CASES = runs(100_000);
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_121);
const SECRETS = [
  'ticket@@@secret',
  'queryauthcode@@@secret',
  merchant(1).name,
  merchant(1).code,
  merchant(1).legalPersonaWechat,
];

const server = useRedis();

/** mulberry32: the same cases for the same seed. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const MESSAGES = [
  registrationXml(merchant(1), { status: '0', appid: 'wxnew', authCode: 'queryauthcode@@@secret' }),
  registrationXml(undefined, { status: '-1', msg: 'authorize third party failed' }),
  ticketXml('ticket@@@secret'),
];
const PIECES = [
  '<xml>',
  '</xml>',
  '<info>',
  '</info>',
  '<InfoType>',
  '</InfoType>',
  '<![CDATA[',
  ']]>',
  '<!DOCTYPE x [<!ENTITY a "b">]>',
  '&a;',
  '&#0;',
  '&#x110000;',
  '<appid>',
  '</appid>',
  '<ComponentVerifyTicket>',
  '\u0000',
  '\ud800',
  '企业',
  '<a b="c"/>',
  '<?xml version="1.0"?>',
  'notify_third_fasteregister',
  '<',
  '>',
  '__proto__',
  '<__proto__>',
];

function cases(): (number: number) => SealedRequest {
  const below = random(SEED);
  const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T;
  const sealed = MESSAGES.map((message) => seal(message));

  const mutated = (bytes: Buffer): Buffer => {
    const changed = Buffer.from(bytes);
    switch (below(4)) {
      case 0:
        for (let times = below(8) + 1; times > 0; times -= 1) changed[below(changed.length)] = below(256);
        return changed;
      case 1:
        return changed.subarray(0, below(changed.length));
      case 2:
        return Buffer.concat([
          changed.subarray(0, below(changed.length)),
          Buffer.from(pick(PIECES)),
          changed.subarray(below(changed.length)),
        ]);
      default:
        return Buffer.concat([changed, changed.subarray(below(changed.length))]);
    }
  };

  return (number) => {
    const request = pick(sealed);
    switch (number % 5) {
      case 0:
        return { query: request.query, body: mutated(request.body) };
      case 1:
        return { query: mutated(Buffer.from(request.query)).toString('latin1'), body: request.body };
      // From here on the signature is right: what stands behind it is not.
      case 2: {
        const length = pick([0, 1, 15, 16, 31, 32, 48, 64, 160, 512]);
        return sign(Buffer.from(Array.from({ length }, () => below(256))).toString('base64'));
      }
      case 3: {
        const message = Array.from({ length: below(30) }, () => pick(PIECES)).join('');
        return seal(message);
      }
      default: {
        const random16 = Buffer.alloc(16, below(256));
        const text = mutated(Buffer.from(pick(MESSAGES))).toString(pick(['utf8', 'latin1']));
        return sign(encrypt(CREDENTIAL.aesKey, text, pick([PLATFORM, PLATFORM, 'wxsomebodyelse', '']), random16));
      }
    }
  };
}

test(`${CASES} bodies, queries and ciphertexts are answered 200, 400 or 403, and none shows in the log`, async () => {
  const { log, lines } = readableLog();
  const make = cases();
  const receiver = openDoor({
    credentials: [CREDENTIAL],
    componentAppid: PLATFORM,
    put: async () => {},
    sealTicket: (ticket) => sealTicket(TEST_VAULT, ticket),
    refusals: openRefusals({ log, save: async () => {} }),
    now: Date.now,
    log,
  });
  const statuses = new Map<string, number>();
  let slowest = 0;
  for (let number = 0; number < CASES; number += 1) {
    const { query, body } = make(number);
    const start = performance.now();
    const { status, text } = await receive(receiver, query, body);
    slowest = Math.max(slowest, performance.now() - start);
    const word = `${status} ${text}`;
    statuses.set(word, (statuses.get(word) ?? 0) + 1);
  }
  receiver.refusals.close();
  expect([...statuses.keys()].sort()).toEqual(['200 success', '400 unreadable', '403 bad signature']);
  // WeChat waits for five.
  expect(slowest).toBeLessThan(5_000);
  expect(lines.length).toBeLessThan(10);
  for (const secret of SECRETS) expect(lines.join('\n')).not.toContain(secret);
});

test('nothing that a socket says makes the receiver fail or keeps it from the next push', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fr-fuzz-'));
  const { log, lines } = readableLog();
  const receiver = await openReceiver({
    door: server.connect(),
    redis: server.connect(),
    folder,
    log,
    slowSenderMs: 300,
  });
  const make = cases();
  const heads = ['POST', 'GET', 'PUT', '', 'POST POST', '\u0000'];
  const hold: Promise<unknown>[] = [];
  for (let number = 0; number < 300; number += 1) {
    const { query, body } = make(number);
    const target = number % 3 === 0 ? randomBytes(20).toString('latin1') : `${PATH}?${query}`;
    const length = number % 7 === 0 ? '9'.repeat(number % 20) : String(body.length + (number % 3) - 1);
    const socket = createConnection(receiver.port, '127.0.0.1');
    socket.on('error', () => {}).resume();
    hold.push(new Promise((resolve) => socket.on('close', resolve)));
    socket.write(
      Buffer.from(
        `${heads[number % heads.length]} ${target} HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n\r\n`,
        'latin1',
      ),
    );
    socket.end(body);
  }
  expect(await post(receiver.port, seal(ticketXml('ticket@@@secret')))).toEqual({ status: 200, text: 'success' });
  await Promise.all(hold);
  await until('every stored push is looked at', async () => {
    const { byOutcome } = await receiver.pushes.counts();
    const sum = (isStored: boolean): number =>
      byOutcome.filter(({ outcome }) => (outcome === 'stored') === isStored).reduce((all, { count }) => all + count, 0);
    return sum(true) > 0 && sum(true) === sum(false);
  });
  await receiver.close();
  await rm(folder, { recursive: true, force: true });
  for (const secret of SECRETS) expect(lines.join('\n')).not.toContain(secret);
  expect(lines.join('\n')).not.toMatch(/our program failed|the receiver failed/);
});
