import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { cancelCommand, retryCommand } from '../../src/cli/commands/retry-cancel.js';
import { key } from '../../src/redis/keys.js';
import { run } from '../support/command-line.js';
import { type Book, idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();
const home = mkdtempSync(join(tmpdir(), 'fr-asking-'));
afterAll(() => rmSync(home, { recursive: true }));

let book: Book;
beforeEach(async () => {
  book = openBook(server.redis);
  await book.load('b1', [merchant(1), merchant(2), merchant(3), undefined]);
  await book.send(idOf(merchant(3)));
});

async function ask(make: typeof cancelCommand, ...args: string[]): Promise<unknown> {
  const { stdout, status } = await run(make, args, { REDIS_URL: server.url, FASTREGISTER_HOME: home });
  expect(status).toBe(0);
  return JSON.parse(stdout);
}

test('cancel previews what it would do, and then does that and says how many', async () => {
  const preview = { can: 2, mind: {}, cannot: { under_way: { count: 1, lines: [4] } } };
  expect(await ask(cancelCommand, 'b1', '--json')).toEqual(preview);
  expect(await book.batches.counts('b1')).toMatchObject({ queued: 2 });

  expect(await ask(cancelCommand, 'b1', '--json', '--yes')).toEqual({ ...preview, done: 2 });
  expect(await book.batches.counts('b1')).toEqual({ cancelled: 2, awaiting_legal_person: 1, invalid: 1 });
  expect(await book.workload.toSend()).toBe(0);
});

test('retry of what was cancelled sends it again', async () => {
  await ask(cancelCommand, 'b1', '--json', '--yes');
  expect(await ask(retryCommand, 'b1', '--only', 'cancelled', '--json', '--yes')).toMatchObject({ can: 2, done: 2 });
  expect(await book.batches.counts('b1')).toMatchObject({ queued: 2 });
  expect(await book.workload.toSend()).toBe(2);
});

test('a merchant of two batches that are named together is one that is withdrawn, and one that is sent again', async () => {
  await book.load('b2', [merchant(1)]);
  const both = ['b1', 'b2', idOf(merchant(2)), '--json', '--yes'];
  expect(await ask(cancelCommand, ...both)).toMatchObject({ can: 2, mind: { other_batches: { count: 1 } }, done: 2 });
  expect(await ask(retryCommand, ...both, '--only', 'cancelled')).toMatchObject({ can: 2, done: 2 });
});

test('cancel takes many rows out of the list of ready registrations, and leaves the others there in their order', async () => {
  await book.load(
    'b2',
    Array.from({ length: 1_000 }, (_, number) => merchant(number + 10)),
  );
  await book.load('b3', [merchant(4), merchant(5)]);
  expect(await ask(cancelCommand, 'b2', '--json', '--yes')).toMatchObject({ done: 1_000 });
  const ready = await server.redis.lrange(key('ready', 'submit'), 0, -1);
  expect(ready).toEqual([1, 2, 4, 5].map((number) => idOf(merchant(number))));
});
