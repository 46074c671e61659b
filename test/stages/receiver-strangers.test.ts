/** Whatever strangers do to the receiver's port, WeChat's pushes are answered. */
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { ConnectionLimits } from '../../src/http/limits.js';
import { key } from '../../src/redis/keys.js';
import { readableLog } from '../support/log.js';
import { otherXml, type SealedRequest, seal, sign } from '../support/pushes.js';
import { openReceiver, PATH, post } from '../support/receiver.js';
import { useRedis } from '../support/redis.js';
import { type Stranger, stranger } from '../support/stranger.js';
import { until } from '../support/until.js';

const server = useRedis();

let folder: string;
let receiver: Awaited<ReturnType<typeof openReceiver>>;
const open = async (more: { slowSenderMs?: number; limits?: Partial<ConnectionLimits>; trustProxy?: string } = {}) => {
  receiver = await openReceiver({ door: server.connect(), folder, log: readableLog('silent').log, ...more });
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fr-strangers-'));
});
afterEach(async () => {
  await receiver.close();
  await rm(folder, { recursive: true, force: true });
});

/** On a connection of its own, as from a WeChat that was not here before. */
async function pushAnew(): Promise<Stranger> {
  const it = await stranger(receiver.port);
  it.send(textOf(seal(otherXml('authorized'))));
  return it;
}
const textOf = ({ query, body }: SealedRequest, more = ''): string =>
  `POST ${PATH}?${query} HTTP/1.1\r\nhost: x\r\n${more}content-length: ${body.length}\r\n\r\n${body.toString('latin1')}`;
const chunkedOf = ({ query, body }: SealedRequest): string =>
  `POST ${PATH}?${query} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body.toString('latin1')}\r\n0\r\n\r\n`;
const isTaken = (it: Stranger): boolean => it.heard().endsWith('\r\n\r\nsuccess');
const stored = (): Promise<number> => server.redis.xlen(key('pushes'));
const refused = async (why: string): Promise<number> => {
  receiver.refusals.flush();
  return Number(await server.redis.hget(key('refused'), why));
};

describe('a body', () => {
  const chunked = `POST ${PATH}?timestamp=1&nonce=1&msg_signature=1 HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n`;

  test('in chunks of one byte is cut while it is read', async () => {
    await open();
    const it = await stranger(receiver.port);
    it.send(chunked + '1\r\nx\r\n'.repeat(100_000));
    await until('it is refused', () => it.heard().startsWith('HTTP/1.1 413'));
    await until('and cut', () => it.isClosed());
    expect(receiver.bodies.bytesInHand).toBe(0);
    expect(await refused('too_many_chunks')).toBe(1);
  });

  test('in chunks as programs make them is taken', async () => {
    await open();
    const { query, body } = seal(otherXml('authorized', `<x>${'x'.repeat(20_000)}</x>`));
    const it = await stranger(receiver.port);
    it.send(`POST ${PATH}?${query} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n`);
    for (let at = 0; at < body.length; at += 300) {
      const chunk = body.subarray(at, at + 300);
      it.send(`${chunk.length.toString(16)}\r\n${chunk.toString('latin1')}\r\n`);
    }
    it.send('0\r\n\r\n');
    await until('it is taken', () => isTaken(it));
    expect(await stored()).toBe(1);
  });

  test('that says that it is too large is refused before any of it is sent', async () => {
    await open();
    for (const more of ['', 'expect: 100-continue\r\n']) {
      const it = await stranger(receiver.port);
      it.send(`POST ${PATH}?x HTTP/1.1\r\nhost: x\r\n${more}content-length: ${1024 * 1024 + 1}\r\n\r\n`);
      await until('it is refused', () => it.heard() !== '');
      expect(it.heard()).toMatch(/^HTTP\/1.1 413 /);
      it.socket.destroy();
    }
  });

  test('is asked for where its sender wants to be asked', async () => {
    await open();
    const push = seal(otherXml('authorized'));
    const [head = '', body = ''] = textOf(push, 'expect: 100-continue\r\n').split(/(?<=\r\n\r\n)/);
    const it = await stranger(receiver.port);
    it.send(head);
    await until('it is asked for', () => it.heard().startsWith('HTTP/1.1 100 Continue\r\n\r\n'));
    it.send(body);
    await until('it is taken', () => isTaken(it));
  });

  test('of 70 strangers, 1 MB each and never completed, delays no other client', async () => {
    await open();
    const head = `POST ${PATH}?timestamp=1&nonce=1&msg_signature=1 HTTP/1.1\r\nhost: x\r\ncontent-length: 1048576\r\n\r\n`;
    const strangers = await Promise.all(Array.from({ length: 70 }, () => stranger(receiver.port)));
    for (const it of strangers) it.send(head + 'x'.repeat(1_048_000));
    await until('the first have made room', () => strangers.some((it) => it.isClosed()));
    const push = await pushAnew();
    await until('the push is taken', () => isTaken(push));
    expect(receiver.bodies.bytesInHand).toBeLessThanOrEqual(24 * 1024 * 1024);
    for (const it of strangers) it.socket.destroy();
    await until('their bodies are forgotten', () => receiver.bodies.bytesInHand === 0);
  });
});

describe('connections', () => {
  test('that are idle, or kept open by /livez, make room for a push', async () => {
    await open({ limits: { connections: 20 } });
    const strangers = await Promise.all(Array.from({ length: 30 }, () => stranger(receiver.port)));
    for (const it of strangers.slice(0, 15)) it.send('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
    const push = await pushAnew();
    await until('the push is taken', () => isTaken(push));
    await until('the oldest are closed', () => strangers.slice(0, 11).every((it) => it.isClosed()));
    for (const it of strangers) it.socket.destroy();
  });

  test('stay open after a push, and close after everything else', async () => {
    await open();
    const push = await pushAnew();
    await until('it is taken', () => isTaken(push));
    expect(push.heard()).toContain('Connection: keep-alive');
    push.send(textOf(seal(otherXml('authorized'))));
    await until('the second is taken', () => push.heard().split('success').length === 3);
    expect(push.isClosed()).toBe(false);

    const forged = textOf(sign('QUJD', 'another token'));
    for (const text of [
      'GET /livez HTTP/1.1\r\nhost: x\r\n\r\n',
      'GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n',
      'GET /nothing HTTP/1.1\r\nhost: x\r\n\r\n',
      `GET ${PATH} HTTP/1.1\r\nhost: x\r\n\r\n`,
      forged,
      forged.replace('POST', 'PUT'),
    ]) {
      const it = await stranger(receiver.port);
      it.send(text);
      await until(`${text} is answered and closed`, () => it.isClosed());
      expect(it.heard()).toMatch(/^HTTP\/1.1 \d{3} [\s\S]*connection: close/i);
    }
    push.send(forged);
    await until('a client of ours who turns out to be none is closed too', () => push.isClosed());
    expect(push.heard()).toMatch(/403 Forbidden[\s\S]*bad signature$/);
  });

  test('that are idle after a push are closed, the oldest first, when there are too many', async () => {
    await open({ limits: { idle: 2 } });
    const pushes: Stranger[] = [];
    for (let at = 0; at < 4; at += 1) {
      const it = await pushAnew();
      await until('it is taken', () => isTaken(it));
      pushes.push(it);
    }
    await until('two are closed', () => pushes.filter((it) => it.isClosed()).length === 2);
    expect(pushes.map((it) => it.isClosed())).toEqual([true, true, false, false]);
  });

  test('of one client behind a trusted proxy are limited, and other clients’ are not', async () => {
    await open({ limits: { perAddress: 2 }, trustProxy: 'loopback' });
    const unfinished = async (client: string): Promise<Stranger> => {
      const it = await stranger(receiver.port);
      it.send(`POST ${PATH}?x HTTP/1.1\r\nhost: x\r\nx-forwarded-for: ${client}\r\ncontent-length: 100000\r\n\r\nx`);
      await until('it is being read', () => receiver.bodies.bytesInHand > 0);
      return it;
    };
    const other = await unfinished('198.51.100.1');
    const same: Stranger[] = [];
    for (let at = 0; at < 4; at += 1) same.push(await unfinished('203.0.113.7'));
    await until('the oldest two are closed', () => same.filter((it) => it.isClosed()).length === 2);
    expect(other.isClosed()).toBe(false);
    expect(await refused('address_limit')).toBe(2);
    const push = await stranger(receiver.port);
    push.send(textOf(seal(otherXml('authorized')), 'x-forwarded-for: 203.0.113.7\r\n'));
    await until('a push of that client is taken', () => isTaken(push));
    for (const it of [other, ...same]) it.socket.destroy();
  });

  test('from this machine are not counted as one client’s', async () => {
    await open({ limits: { perAddress: 2 } });
    const strangers = await Promise.all(Array.from({ length: 10 }, () => stranger(receiver.port)));
    for (const it of strangers) it.send('POST ');
    const push = await pushAnew();
    await until('the push is taken', () => isTaken(push));
    expect(strangers.some((it) => it.isClosed())).toBe(false);
    for (const it of strangers) it.socket.destroy();
  });
});

describe('a request', () => {
  test('that does not come is timed out, and answered where it has begun', async () => {
    await open({ slowSenderMs: 100 });
    const silent = await stranger(receiver.port);
    const slow = await stranger(receiver.port);
    slow.send('POST /wechat/events HTTP/1.1\r\nhost: x\r\n');
    const slowBody = await stranger(receiver.port);
    slowBody.send(`POST ${PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n<xml>`);
    const slowChunks = await stranger(receiver.port);
    slowChunks.send(`POST ${PATH} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\n<xml>\r\n`);
    const all = [silent, slow, slowBody, slowChunks];
    await until('all are closed', () => all.every((it) => it.isClosed()));
    expect(all.map((it) => it.heard().slice(0, 12))).toEqual(['', ...Array(3).fill('HTTP/1.1 408')]);
    expect(await refused('too_slow')).toBe(4);
  });

  test('that is not HTTP, or whose head is absurd, is refused', async () => {
    await open();
    for (const [text, status] of [
      ['\u0016\u0003\u0001\u0002', 400],
      ['nonsense', 400],
      ['GET / HTTP/9.9\r\n\r\n', 400],
      [`GET /livez HTTP/1.1\r\nhost: x\r\n${'a:\r\n'.repeat(2_000)}\r\n`, 431],
      [`GET /livez HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(9_000)}\r\n\r\n`, 431],
      [`POST ${PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx`, 400],
      [`POST ${PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
      [`POST ${PATH} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nnot a length\r\n`, 400],
    ] as const) {
      const it = await stranger(receiver.port);
      it.send(Buffer.from(text, 'latin1'));
      await until(`${text.slice(0, 20)} is answered and closed`, () => it.isClosed());
      expect([text.slice(0, 60), it.heard().slice(0, 12)]).toEqual([text.slice(0, 60), `HTTP/1.1 ${status}`]);
    }
    expect(await refused('malformed')).toBe(8);
  });

  test('behind another on one connection of a stranger is not looked at', async () => {
    await open();
    const it = await stranger(receiver.port);
    it.send('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(2_000));
    await until('it is closed', () => it.isClosed());
    expect(it.heard().split('HTTP/1.1 200').length - 1).toBe(1);
  });

  test('of HTTP/1.0 is answered', async () => {
    await open();
    const it = await stranger(receiver.port);
    it.send(textOf(seal(otherXml('authorized'))).replace('HTTP/1.1', 'HTTP/1.0'));
    await until('it is taken and closed', () => it.isClosed());
    expect(isTaken(it)).toBe(true);
  });

  test('whose sender closes its half after it is answered', async () => {
    await open();
    const it = await stranger(receiver.port);
    it.socket.end(textOf(seal(otherXml('authorized'))));
    await until('it is taken', () => isTaken(it));
    const known = await pushAnew();
    await until('the first is taken', () => isTaken(known));
    known.socket.end(textOf(seal(otherXml('authorized'))));
    await until('the second is taken', () => known.heard().split('success').length === 3);
    await until('it is closed', () => known.isClosed());
  });

  test.each([
    ['plain', textOf],
    ['in chunks', chunkedOf],
  ])('of a client of ours that closes its half behind two pushes is answered: %s', async (_, text) => {
    await open();
    const it = await pushAnew();
    await until('the first is taken', () => isTaken(it));
    const [one, other] = [seal(otherXml('authorized')), seal(otherXml('authorized'))];
    it.socket.end(text(one) + text(other), 'latin1');
    await until('it is closed', () => it.isClosed());
    expect([it.heard().split('success').length - 1, await stored()]).toEqual([3, 3]);
  });

  test('whose sender asks for it is the last of its connection', async () => {
    await open();
    const it = await stranger(receiver.port);
    it.send(textOf(seal(otherXml('authorized')), 'connection: close\r\n'));
    await until('it is closed', () => it.isClosed());
    expect(it.heard()).toMatch(/connection: close\r\n\r\nsuccess$/);
  });

  test('of a client of ours is taken in pieces, together with the next one, and before the last one is answered', async () => {
    await open();
    const it = await pushAnew();
    await until('the first is taken', () => isTaken(it));
    const [whole, next, third, fourth, last] = Array.from({ length: 5 }, () => textOf(seal(otherXml('authorized'))));
    it.send(`\r\n${whole?.slice(0, 100)}`);
    const other = await pushAnew();
    await until('another is taken meanwhile', () => isTaken(other));
    it.send(whole?.slice(100) ?? '');
    await until('the second is taken', () => it.heard().split('success').length === 3);
    other.send(next ?? '');
    other.socket.write(third ?? '', 'latin1');
    await until('both are taken', () => other.heard().split('success').length === 4);
    it.send(`${fourth}${last}`);
    await until('both are taken', () => it.heard().split('success').length === 5);
    expect([await stored(), it.isClosed(), other.isClosed()]).toEqual([7, false, false]);
  });

  test('that is forged waits for its answer while there are too many, and a push does not', async () => {
    await open({ limits: { answersAtOnce: 2, answersASecond: 0.000_001 } });
    const forged = await Promise.all(Array.from({ length: 5 }, () => stranger(receiver.port)));
    for (const it of forged) it.send(textOf(sign('QUJD', 'another token')));
    await until('two are answered', () => forged.filter((it) => it.heard() !== '').length === 2);
    const push = await pushAnew();
    await until('the push is taken', () => isTaken(push));
    await until('all were looked at', async () => (await refused('bad_signature')) === 5);
    expect(forged.filter((it) => it.heard() !== '')).toHaveLength(2);
    for (const it of forged) it.socket.destroy();
  });

  test('that is forged on a connection of a client of ours is refused at once, and the last one of it', async () => {
    await open({ limits: { answersAtOnce: 1, answersASecond: 0.000_001 } });
    const forged = await stranger(receiver.port);
    forged.send(textOf(sign('QUJD', 'another token')));
    await until('the only answer to strangers is given', () => forged.isClosed());
    const ours = await pushAnew();
    await until('a push is taken', () => isTaken(ours));
    ours.send(textOf(sign('QUJD', 'another token')));
    await until('it is closed', () => ours.isClosed());
    expect(ours.heard()).toMatch(/bad signature$/);
  });

  test('without a Host line is refused, although it is a push', async () => {
    await open();
    const it = await stranger(receiver.port);
    it.send(textOf(seal(otherXml('authorized'))).replace('host: x\r\n', ''));
    await until('it is closed', () => it.isClosed());
    expect([it.heard().slice(0, 12), await stored()]).toEqual(['HTTP/1.1 400', 0]);
  });

  test('that repeats a push waits for its answer then, too, but not on a connection of a client of ours', async () => {
    await open({ limits: { answersAtOnce: 1, answersASecond: 0.000_001 } });
    const forged = await stranger(receiver.port);
    forged.send(textOf(sign('QUJD', 'another token')));
    await until('the only answer is given', () => forged.isClosed());
    const push = textOf(seal(otherXml('authorized')));
    const ours = await stranger(receiver.port);
    ours.send(push);
    await until('it is taken', () => isTaken(ours));
    const other = await stranger(receiver.port);
    other.send(push);
    await until('the repetition was looked at', async () => (await refused('repeated')) === 1);
    ours.send(push);
    await until('ours is answered', () => ours.heard().split('success').length === 3);
    expect([other.heard(), ours.isClosed()]).toEqual(['', false]);
    other.socket.destroy();
  });
});

test('while connections flood in, a tenth of the answers is given to strangers, and the others wait', async () => {
  const now = vi.spyOn(performance, 'now').mockReturnValue(performance.now());
  onTestFinished(() => now.mockRestore());
  await open({ limits: { answersAtOnce: 50, answersASecond: 500 } });
  const crowd = await Promise.all(Array.from({ length: 60 }, () => stranger(receiver.port)));
  const push = await pushAnew();
  await until('the push is taken, and all before it were accepted', () => isTaken(push));
  const { query, body } = sign('QUJD', 'another token');
  for (const it of crowd) it.send(textOf({ query, body }));
  await until('all were looked at', async () => (await refused('bad_signature')) === 60);
  const answered = (): number => crowd.filter((it) => it.heard() !== '').length;
  expect(answered()).toBe(5);
  now.mockReturnValue(performance.now() + 150);
  await until('the flood is over', () => answered() === 55);
  for (const it of crowd) it.socket.destroy();
});

test('a flood of forged requests is answered in the end, every one of them', async () => {
  await open({ limits: { answersAtOnce: 10, answersASecond: 500 } });
  const agent = new Agent({ maxSockets: 200 });
  const statuses = await Promise.all(
    Array.from({ length: 300 }, () => {
      const { query, body } = sign('QUJD', 'another token');
      return new Promise<number | undefined>((resolve, reject) => {
        const options = { port: receiver.port, host: '127.0.0.1', method: 'POST', path: `${PATH}?${query}`, agent };
        const sent = request(options, (response) => {
          response.resume().on('end', () => resolve(response.statusCode));
        });
        sent.on('error', reject).end(body);
      });
    }),
  );
  expect(new Set(statuses)).toEqual(new Set([403]));
  expect((await post(receiver.port, seal(otherXml('authorized')))).text).toBe('success');
});
