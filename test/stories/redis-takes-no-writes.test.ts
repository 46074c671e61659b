import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { currentStatus } from '../../src/app/status.js';
import { PASSWORD, visitorsOf } from '../doors/console/support/visitor.js';
import { typed } from '../support/command-line.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

test('workers back off instead of spinning, say so, and go on by themselves when it does', async () => {
  const story = await rehearse({ privateRedis: true });
  await story.start();
  const complaints = () => story.lines.filter((line) => /"level":"(warn|error)"/.test(line)).length;

  await story.store.redis.config('SET', 'min-replicas-to-write', '1');
  await until('somebody complains', () => complaints() > 0);
  const spinning = until('the log overflows', () => complaints() > 200, 2_000).then(
    () => `${complaints()} complaints in two seconds`,
    () => 'backed off',
  );
  expect(await spinning).toBe('backed off');

  await story.store.redis.config('SET', 'min-replicas-to-write', '0');
  await story.book.load('b1', [merchant(1), merchant(2)]);
  await story.settled('b1');
  expect(await story.book.batches.counts('b1')).toEqual({ created: 2 });
});

test.each([
  ['OOM', { maxmemory: '1' }, 'Raise maxmemory'],
  ['NOREPLICAS', { 'min-replicas-to-write': '1' }, 'min-replicas-to-write'],
  ['READONLY', undefined, 'Point REDIS_URL at the primary'],
])('commands that only read work while it says %s, and others name that reason', async (reason, settings, step) => {
  const { store, book, env, home } = await rehearse({ privateRedis: true });
  await book.load('b1', [merchant(1)]);
  if (settings === undefined) await store.redis.replicaof('127.0.0.1', '1');
  else await store.redis.config('SET', ...Object.entries(settings).flat());

  for (const command of ['status', 'report', 'todo']) {
    expect(await typed([command], { env })).toMatchObject({ status: 0 });
  }
  const shown = await typed(['status'], { env });
  expect(shown.stdout).toMatch(new RegExp(`fault +Redis is reached and refuses.*${reason}[^]*line +waits for Redis`));
  expect(shown.stdout).toContain(step);
  const { writes_refused } = JSON.parse((await typed(['status', '--json'], { env })).stdout);
  expect(writes_refused.reason.en).toContain(step);
  const { status, stdout } = await typed(['doctor'], { env });
  expect([status, stdout]).toEqual([5, expect.stringMatching(new RegExp(`writes.*${reason}[^]*permission sets`))]);
  const sheet = join(home, 'more.csv');
  writeFileSync(sheet, sheetOf([merchant(2)]));
  const loaded = await typed(['load', sheet], { env });
  expect(loaded.status).toBe(5);
  expect(loaded.stderr).toContain(`refuses the command: ${reason}`);
  expect(loaded.stderr).toContain(step);
  expect(loaded.stderr).not.toContain('Internal error');
});

test('a Redis without a connection left to try a write is shown by processes that have theirs', async () => {
  const { store, book } = await rehearse({ privateRedis: true });
  await book.load('b1', [merchant(1)]);
  await store.redis.config('SET', 'maxclients', '1');
  expect(await currentStatus(store)).toMatchObject({ writesRefused: null, toSend: 1 });
});

test('the console says so, on a page that is opened and on one that is open', async () => {
  const { store, book } = await rehearse({ privateRedis: true, settings: { FASTREGISTER_CONSOLE_PASSWORD: PASSWORD } });
  await book.load('b1', [merchant(1)]);
  const visitor = visitorsOf(store)();
  await visitor.logIn();
  expect((await visitor.get('/')).text).toContain('No worker is running');
  const live = await visitor.follow('/live');

  await store.redis.config('SET', 'min-replicas-to-write', '1');
  const { text } = await visitor.get('/');
  expect(text).toContain('Redis is reached and refuses commands');
  expect(text).toContain('fastregister doctor');
  let shown = '';
  await until('the open page says it', async () => {
    shown += new TextDecoder().decode((await live.read()).value);
    return shown.includes('min-replicas-to-write');
  });
  expect(shown).toContain('Sending is stopped');
  await live.cancel();
  await store.redis.config('SET', 'min-replicas-to-write', '0');
});
