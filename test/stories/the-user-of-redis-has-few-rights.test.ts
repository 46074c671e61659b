import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { startListeningAtOnce } from '../../src/app/wiring/listening.js';
import { openStore, type Store } from '../../src/app/wiring/store.js';
import { readSettings } from '../../src/config.js';
import { typed } from '../support/command-line.js';
import { readableLog } from '../support/log.js';
import { merchant } from '../support/merchants.js';
import { ownRedis } from '../support/own-redis.js';
import { newHome, rehearsalEnvironment, rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

const SECRET_KEY = Buffer.alloc(32, 7).toString('base64');

/** Of the line in docs/redis.md, without name and password. */
const RIGHTS = /ACL SETUSER fastregister on >PASSWORD (.*)/
  .exec(readFileSync(new URL('../../docs/redis.md', import.meta.url), 'utf8'))?.[1]
  ?.split(' ') as string[];

/** A connection as another user, and the environment of commands, whose user has these rights only. */
async function redisWith(...rights: string[]) {
  const redis = await ownRedis();
  onTestFinished(() => redis.end());
  const admin = await redis.connect();
  await admin.call('ACL', 'SETUSER', 'admin', 'on', 'nopass', 'allkeys', 'allchannels', '+@all');
  await admin.auth('admin', 'x');
  await admin.call('ACL', 'SETUSER', 'default', 'reset', 'on', 'nopass', ...rights);
  return { admin, settings: { REDIS_URL: `unix:${redis.socketPath}`, FASTREGISTER_SECRET_KEY: SECRET_KEY } };
}

test('the rights that docs/redis.md names are enough to load, send, receive and report', async () => {
  const { admin, settings } = await redisWith(...RIGHTS);
  const { book, start, settled, env } = await rehearse({ privateRedis: true, settings });
  await start();
  await book.load('b1', [merchant(1), merchant(2)]);
  await settled('b1');
  expect(await book.batches.counts('b1')).toEqual({ created: 2 });
  for (const command of ['doctor', 'status', 'report', 'todo', 'batches', 'pause', 'resume']) {
    const { stdout, stderr } = await typed([command], { env: { ...env, ...settings } });
    expect(stdout + stderr).not.toContain('NOPERM');
  }
  const denied = (await admin.call('ACL', 'LOG')) as string[][];
  expect(new Set(denied.map((entry) => entry[entry.indexOf('object') + 1]))).toEqual(new Set(['config|get']));
});

test.each([
  ['-info', ['status', 'doctor']],
  ['-evalsha', ['status', 'doctor']],
  ['resetchannels', ['work']],
  ['resetkeys', ['status', 'doctor']],
])('without the right of %s a command names it and ends with 5', async (taken, commands) => {
  const { settings } = await redisWith(...RIGHTS, taken);
  const { env } = await rehearse();
  for (const command of commands) {
    const { status, stderr } = await typed([command], { env: { ...env, ...settings } });
    expect([command, status, stderr]).toEqual([command, 5, expect.stringContaining('docs/redis.md')]);
    expect(stderr).toContain('NOPERM');
    expect(stderr).not.toContain('Internal error');
  }
});

test.each(['-info', 'resetchannels'])(
  'a receiver that lacks %s leaves no connection behind when it tries again, and records once it may',
  async (taken) => {
    const { admin, settings } = await redisWith(...RIGHTS, taken);
    const notices = {
      FASTREGISTER_NOTIFY_URL: 'http://127.0.0.1:1/',
      FASTREGISTER_WEBHOOK_SECRET: 'a long random text of a test',
    };
    const env = {
      ...rehearsalEnvironment(newHome(), 'http://127.0.0.1:1'),
      WECHAT_REGISTRATION_API: 'fastregisterweapp',
    };
    const read = readSettings({ env: { ...env, ...settings, ...notices } });
    const { log, lines } = readableLog();
    const leaving = new AbortController();
    const left: number[] = [];
    const open = async (): Promise<Store> => {
      const clients = String(await admin.call('CLIENT', 'LIST'));
      left.push(clients.split('\n').filter((line) => line.includes('user=default')).length);
      return openStore(read, log, 'background', leaving.signal);
    };
    const listening = startListeningAtOnce(read, log, open, leaving.signal);
    await until('it has tried three times', () => left.length === 3);
    expect(left).toEqual([0, 0, 0]);
    expect(lines.filter((line) => line.includes('NOPERM'))).toHaveLength(1);

    await admin.call('ACL', 'SETUSER', 'default', ...RIGHTS);
    const { store, close } = await listening;
    expect(store).toBeDefined();
    leaving.abort();
    await close();
    await store?.close();
  },
);
