import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { type Book, idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { type OwnRedis, ownRedis } from '../support/own-redis.js';
import { portOf, type Running, start } from '../support/program.js';
import { otherXml, registrationXml, seal } from '../support/pushes.js';
import { post } from '../support/receiver.js';
import { newHome, rehearsalEnvironment } from '../support/rehearsal.js';
import { until } from '../support/until.js';

const SUCCESS = { status: 200, text: 'success' };

let own: OwnRedis;
let book: Book;
let env: Record<string, string>;

beforeAll(async () => {
  own = await ownRedis();
});
afterAll(() => own.end());

/** One merchant was sent, and then Redis went. */
beforeEach(async () => {
  await own.start();
  const redis = await own.connect();
  await redis.flushall();
  book = openBook(redis);
  await book.load('b1', [merchant(1)]);
  await book.take(idOf(merchant(1)));
  await own.stop();
  env = {
    ...rehearsalEnvironment(newHome(), 'http://127.0.0.1:9'),
    REDIS_URL: `unix:${own.socketPath}`,
    FASTREGISTER_SECRET_KEY: randomBytes(32).toString('base64'),
    FASTREGISTER_CONSOLE_PORT: '0',
  };
});
afterEach(() => own.kill());

test.each(['listen', 'serve'])(
  '%s takes pushes from the first moment on, keeps them on disk, and records them when Redis is there',
  async (command) => {
    const program = start([command], { env });
    const port = await portOf(program, 'receiver');
    const states = async () => Promise.all(['livez', 'readyz'].map((path) => statusOf(port, path)));
    await until('it says what it waits for', () => warnings(program).length > 0);
    expect(await states()).toEqual([200, 200]);
    expect(await post(port, created('wxfirst'))).toEqual(SUCCESS);
    expect((await post(port, { ...created('wxforged'), query: 'msg_signature=forged' })).status).toBe(403);
    expect(spooled()).toHaveLength(1);

    await own.start();
    await until('the push is recorded', async () => {
      expect(await states()).toEqual([200, 200]);
      return (await stateOf()) === 'created';
    });
    await until('nothing is left on disk', () => spooled().length === 0);
    if (command === 'serve') await portOf(program, 'console');
    expect(await post(port, seal(otherXml('authorized')))).toEqual(SUCCESS);
    expect(spooled()).toHaveLength(0);
    // A socket that is there and not yet listening is seen on a busy machine.
    expect(warnings(program).filter((warning) => !warning.includes('nothing listens there'))).toEqual([
      `Redis at unix:${own.socketPath} cannot be reached: there is no such socket. Start the server, or correct REDIS_URL. ` +
        'Until it can be reached, pushes are kept on disk.',
    ]);

    program.kill('SIGTERM');
    expect((await program.ended).status).toBe(0);
  },
);

test('a receiver that ends while it waits ends with 0, and the next one finds the pushes that it took', async () => {
  const first = start(['listen'], { env });
  expect(await post(await portOf(first, 'receiver'), created('wxfirst'))).toEqual(SUCCESS);
  first.kill('SIGTERM');
  expect((await first.ended).status).toBe(0);
  expect(spooled()).toHaveLength(1);

  const next = start(['listen'], { env });
  await portOf(next, 'receiver');
  await own.start();
  await until('the push is recorded', async () => (await stateOf()) === 'created');
});

test('a Redis that comes and may evict ends it with 2, and the pushes stay on disk', async () => {
  const program = start(['listen'], { env });
  expect(await post(await portOf(program, 'receiver'), created('wxfirst'))).toEqual(SUCCESS);
  await own.start('--maxmemory-policy', 'allkeys-lru');

  const { status, stderr } = await program.ended;
  expect(status).toBe(2);
  expect(stderr).toContain('CONFIG SET maxmemory-policy noeviction');
  expect(spooled()).toHaveLength(1);
});

test('a Redis that accepts connections and is silent is waited for, and does not keep the process from ending', async () => {
  await own.start();
  own.hang();
  const program = start(['listen'], { env });
  expect(await post(await portOf(program, 'receiver'), created('wxfirst'))).toEqual(SUCCESS);
  await until('it says what it waits for', () => warnings(program).length > 0);
  expect(warnings(program)[0]).toContain('it takes connections and does not answer.');

  program.kill('SIGINT');
  expect((await program.ended).status).toBe(0);
  expect(spooled()).toHaveLength(1);
});

test('a wrong password is not waited for: 5, as ever', async () => {
  await own.start();
  await (await own.connect()).config('SET', 'requirepass', 'secret');
  const { status, stderr } = await start(['listen'], { env }).ended;
  expect(status).toBe(5);
  expect(stderr).toContain('the user name or password is missing or wrong');
});

test("a push that came before Redis reaches the platform's other service, too", async () => {
  let relayed = 0;
  const service = createServer((request, response) => {
    relayed += 1;
    request.resume().on('end', () => response.end('success'));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void service.close());
  await once(service, 'listening');
  const { port } = service.address() as AddressInfo;

  const forwarding = { FASTREGISTER_FORWARD_URL: `http://127.0.0.1:${port}/events` };
  const program = start(['listen'], { env: { ...env, ...forwarding } });
  expect(await post(await portOf(program, 'receiver'), seal(otherXml('authorized')))).toEqual(SUCCESS);
  await own.start();
  await until('it is relayed', () => relayed === 1);
});

// --- helpers ----------------------------------------------------------------------------------------------------------

function created(appid: string) {
  return seal(registrationXml(merchant(1), { status: '0', appid, authCode: 'code' }));
}

async function stateOf(): Promise<string> {
  return (await book.registration(idOf(merchant(1)))).state;
}

async function statusOf(port: number, path: string): Promise<number> {
  return (await fetch(`http://127.0.0.1:${port}/${path}`)).status;
}

function spooled(): string[] {
  return readdirSync(join(env.FASTREGISTER_HOME ?? '', 'spool', 'default'));
}

/** What it said of Redis when it started. */
function warnings(program: Running): string[] {
  const lines = program
    .stderr()
    .split('\n')
    .filter((line) => line.startsWith('{'));
  return lines
    .map((line) => (JSON.parse(line) as { msg: string }).msg)
    .filter((msg) => msg.includes('cannot be reached'));
}
