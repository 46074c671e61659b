import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { prefix } from '../../src/redis/keys.js';
import { openNotes } from '../../src/redis/ledger/notes.js';
import { openQuickPages } from '../../src/redis/ledger/quick-pages.js';
import { openPushes, openPushReader } from '../../src/redis/pushes/pushes.js';
import { connect } from '../../src/redis/server/connection.js';
import { openWakeupChannel } from '../../src/redis/wakeup-channel.js';
import { removeRedisFolder } from '../support/folder.js';
import { freePort } from '../support/free-port.js';
import { idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { portOf, start } from '../support/program.js';
import { otherXml, seal } from '../support/pushes.js';
import { post } from '../support/receiver.js';
import { newHome, rehearsalEnvironment } from '../support/rehearsal.js';
import { until } from '../support/until.js';

const SLOTS = 16_384;
const folder = mkdtempSync(join(tmpdir(), 'fr-cluster-'));
const servers: ChildProcess[] = [];
const nodes: Redis[] = [];
let ports: number[] = [];

/** The cluster's own port is 10,000 above. */
async function lowPort(): Promise<number> {
  const port = await freePort();
  return port < 55_000 ? port : lowPort();
}

function startNode(port: number): void {
  const args = ['--port', port, '--bind', '127.0.0.1', '--cluster-enabled', 'yes', '--dir', folder, '--save', ''];
  args.push('--cluster-config-file', `nodes-${port}.conf`, '--appendonly', 'no');
  servers.push(spawn('redis-server', args.map(String), { stdio: 'ignore' }));
}

/** Two masters with half of the slots each, of which one has nothing of ours. */
beforeAll(async () => {
  ports = [await lowPort(), await lowPort()];
  for (const [at, port] of ports.entries()) {
    startNode(port);
    const node = new Redis(port, '127.0.0.1', { retryStrategy: () => 50 });
    node.on('error', () => {});
    nodes.push(node);
    await node.cluster('ADDSLOTS', ...Array.from({ length: SLOTS / 2 }, (_, slot) => slot + (at * SLOTS) / 2));
  }
  await nodes[0]?.call('CLUSTER', 'MEET', '127.0.0.1', String(ports[1]));
  await until('the cluster is formed', async () => {
    const states = await Promise.all(nodes.map((node) => node.cluster('INFO')));
    return states.every((info) => String(info).includes('cluster_state:ok') && String(info).includes('known_nodes:2'));
  });
});

afterAll(async () => {
  for (const node of nodes) node.disconnect();
  for (const server of servers) server.kill('SIGKILL');
  removeRedisFolder(folder);
});

test.each([0, 1])('everything of ours lies in one slot, whichever node is asked (%i)', async (at) => {
  const log = { info() {}, warn() {} };
  const redis = await connect({ url: `redis://127.0.0.1:${ports[at]}` }, 'background', log);
  const wakeupChannel = await openWakeupChannel(redis);
  const rung = new Promise<void>((resolve) => wakeupChannel.on('ready', resolve));
  const book = openBook(redis);
  const one = merchant(10 + at);

  await book.load(`b${at}`, [one]);
  expect((await book.take(idOf(one))).kind).toBe('go');
  expect(await book.registration(idOf(one))).toMatchObject({ state: 'submitting' });
  await rung;
  expect(await book.batches.sizes([`b${at}`])).toEqual([{ id: `b${at}`, rows: 1 }]);
  expect(await book.batches.leaders([idOf(one)])).toEqual(
    new Map([[idOf(one), { row: `b${at}/0`, isCreated: false }]]),
  );
  expect(await openNotes(redis)([idOf(one)])).toEqual(new Map());
  // One connection leads to one node: the script reads all pages.
  expect(await openQuickPages(redis, 1_000_000)).toBeUndefined();

  const reader = openPushReader(redis, `reader-${at}`);
  expect(openPushes(redis)).toBeDefined();
  expect(await reader.next(10)).toEqual([]);
  reader.close();
  await wakeupChannel.close();
  redis.disconnect();
});

test('a receiver that started before the cluster finds it, whichever node it asks', async () => {
  const slot = Number(await nodes[0]?.cluster('KEYSLOT', prefix()));
  const withoutOurs = slot < SLOTS / 2 ? ports[1] : ports[0];
  for (const server of servers.splice(0)) {
    server.kill('SIGTERM');
    await once(server, 'exit');
  }
  const program = start(['listen'], {
    env: {
      ...rehearsalEnvironment(newHome(), 'http://127.0.0.1:9'),
      REDIS_URL: `redis://127.0.0.1:${withoutOurs}`,
      FASTREGISTER_SECRET_KEY: randomBytes(32).toString('base64'),
    },
  });
  const port = await portOf(program, 'receiver');
  expect(await post(port, seal(otherXml('authorized')))).toEqual({ status: 200, text: 'success' });

  for (const node of ports) startNode(node);
  await until('the push is in the cluster', () => program.stderr().includes('the spool is empty'));
  const redis = await connect({ url: `redis://127.0.0.1:${withoutOurs}` }, 'background', { info() {}, warn() {} });
  expect(await openPushes(redis).list(2)).toMatchObject([{ infoType: 'authorized' }]);
  redis.disconnect();
});
