/** `retry` and `cancel` of one merchant, named by its registration. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { cancelCommand, retryCommand } from '../../src/cli/commands/retry-cancel.js';
import { openPurging } from '../../src/redis/ledger/purging.js';
import { run } from '../support/command-line.js';
import { type Book, idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();
const home = mkdtempSync(join(tmpdir(), 'fr-asking-'));
afterAll(() => rmSync(home, { recursive: true }));
let book: Book;
beforeEach(() => {
  book = openBook(server.redis);
});

const [one, two] = [merchant(1), merchant(2)];
const [first, second] = [idOf(one), idOf(two)];

async function ask(make: typeof retryCommand, ...args: string[]) {
  const env = { REDIS_URL: server.url, FASTREGISTER_HOME: home };
  const { stdout } = await run(make, [...args, '--yes', '--json'], env);
  return JSON.parse(stdout) as { can: number; done: number; cannot: Record<string, { lines: number[] }> };
}

test('cancel withdraws the registration that is named, and leaves the other rows of its batch', async () => {
  await book.load('b1', [one, two]);
  expect(await ask(cancelCommand, second)).toMatchObject({ can: 1, done: 1 });
  expect(await book.batches.counts('b1')).toEqual({ queued: 1, cancelled: 1 });
});

test('retry sends the named registrations again, of several batches at once, and says why it cannot send others', async () => {
  await book.load('b1', [one]);
  await book.load('b2', [two, merchant(3)]);
  for (const id of [first, second]) {
    await book.send(id);
    await book.record(id, 'registration_refused', { problem: 'push:103' });
  }
  const asked = await ask(retryCommand, first, second, idOf(merchant(3)));
  expect(asked).toMatchObject({ can: 2, done: 2, cannot: { not_sent_yet: { count: 1, lines: [3] } } });
  expect((await book.registration(first)).state).toBe('queued');
});

test('cancel of a registration under way withdraws the row that waits for its end, and nothing else', async () => {
  await book.load('b1', [one]);
  await book.send(first);
  expect(await ask(cancelCommand, first)).toMatchObject({ can: 0, cannot: { under_way: { count: 1 } } });
  await book.load('b2', [{ ...one, legalPersonaWechat: 'weixin_other' }]);
  expect(await ask(cancelCommand, first)).toMatchObject({ can: 1, done: 1 });
  expect(await book.batches.counts('b2')).toEqual({ cancelled: 1 });
  expect((await book.registration(first)).state).toBe('awaiting_legal_person');
});

/** Its outcome is unknown, and the details that were sent are purged; a row of b2 waits with other details. */
async function waitsBehindPurged(): Promise<void> {
  const batch = await book.load('b1', [one]);
  await book.send(first);
  await book.load('b2', [{ ...one, legalPersonaWechat: 'weixin_other' }]);
  await book.record(first, 'push_overdue');
  await openPurging(server.redis).purgeBatch(batch, Date.now());
}

test.each(['b2', first])('a row that waits behind purged details can be sent as %s', async (named) => {
  await waitsBehindPurged();
  expect(await ask(retryCommand, named, '--only', 'needs_review')).toMatchObject({ can: 1, done: 1 });
  expect(await book.view(first)).toMatchObject({
    registration: { state: 'queued', row: 'b2/0' },
    row: { merchant: { legalPersonaWechat: 'weixin_other' } },
  });
  expect(await book.batches.counts('b2')).toEqual({ queued: 1 });
});

test.each([['b2', '--only', 'needs_review'], [first]])(
  'a row that waits behind purged details can be withdrawn as %s',
  async (...named) => {
    await waitsBehindPurged();
    expect(await ask(cancelCommand, ...named)).toMatchObject({ can: 1, done: 1 });
    expect(await book.batches.counts('b2')).toEqual({ cancelled: 1 });
    expect(await book.registration(first)).toMatchObject({ state: 'needs_review', task: 'open', waitingRows: [] });
  },
);

test('a registration that does not exist is said to be unknown', async () => {
  await expect(ask(retryCommand, 'aaaaaaaaaaaaaaaa')).rejects.toThrow('There is no registration aaaaaaaaaaaaaaaa');
});

test('a name is no id: the error says how the id is found', async () => {
  await book.load('b1', [one]);
  for (const make of [retryCommand, cancelCommand]) {
    await expect(ask(make, one.name)).rejects.toThrow(
      new RegExp(
        `There is no batch ${one.name}\\. .*exact registration id.*\`fastregister find '${one.name}'\` shows it`,
      ),
    );
  }
  expect(await book.batches.counts('b1')).toEqual({ queued: 1 });
});
