import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { settle } from '../../src/events/record.js';
import { key } from '../../src/redis/keys.js';
import type { JournalEntry } from '../../src/redis/ledger/journal-lines.js';
import { openLedger } from '../../src/redis/ledger/ledger.js';
import { guardAgainstLoss } from '../../src/redis/ledger/loss.js';
import { openVault } from '../../src/redis/vault.js';
import { openWakeupChannel, type WakeupChannel } from '../../src/redis/wakeup-channel.js';
import type { Reply } from '../../src/wechat/client.js';
import type { WorkerContext } from '../../src/worker/context.js';
import { followUp } from '../../src/worker/follow-up.js';
import { openSemaphore } from '../../src/worker/semaphore.js';
import { submit } from '../../src/worker/submit.js';
import { type Book, HOUR_MS, idOf, openBook } from '../support/ledger.js';
import { readableLog } from '../support/log.js';
import { merchant } from '../support/merchants.js';
import { playedRecorder } from '../support/played-recorder.js';
import { registrationPush } from '../support/pushes.js';
import { LEDGER_KEY, useRedis } from '../support/redis.js';
import { newHome } from '../support/rehearsal.js';
import { contextWith } from '../support/worker-context.js';

const server = useRedis();
const id = idOf(merchant(0));
const ACCEPTED: Reply = { kind: 'answer', errcode: 0, said: 'ok', body: {} };
let book: Book;
let wakeupChannel: WakeupChannel;

beforeEach(async () => {
  book = openBook(server.redis);
  wakeupChannel = await openWakeupChannel(server.connect());
  await book.load('b1', [merchant(0)]);
  return () => wakeupChannel.close();
});

test('an answer whose registration Redis has lost meanwhile is kept for the time when it is loaded again', async () => {
  const kept: JournalEntry[] = [];
  const made = contextWith(server.redis, wakeupChannel, {
    create: async () => {
      await server.redis.del(key('registration', id), key('history', id));
      return ACCEPTED;
    },
  });
  const keep: WorkerContext['memory']['keep'] = async (entry) => void kept.push(entry);
  const context = { ...made, memory: { ...made.memory, keep } };

  await submit(context, openSemaphore(1), { kind: 'submit', name: `${id}-1-0` }, id);
  expect(kept).toMatchObject([{ registration: id, fact: { kind: 'create_accepted' } }]);
  expect(await server.redis.exists(key('registration', id))).toBe(0);
});

test.each([
  { why: 'it was not confirmed', confirmed: false },
  { why: 'its permit expired while the journal was written', confirmed: true },
])('a create that was not made because $why waits to be sent, whatever a late replica has', async ({ confirmed }) => {
  const guard = await guardAgainstLoss({
    redis: server.connect(),
    home: newHome(),
    vault: openVault(Buffer.alloc(32, 7)),
    isPrivate: false,
    identity: {},
    ledgerName: undefined,
    keyRead: LEDGER_KEY,
    permitMs: 60_000,
    now: Date.now,
    log: readableLog().log,
  });
  onTestFinished(() => guard.close());
  const names = [key('registration', id), key('history', id)];
  let late: (Buffer | null)[] = [];
  let looks = 0;
  const made = contextWith(server.redis, wakeupChannel, {
    create: () => Promise.reject(new Error('it was made')),
    async confirm() {
      late = await Promise.all(names.map((name) => server.redis.dumpBuffer(name)));
      return confirmed;
    },
    permits: { ask: () => ({ isExpired: () => looks++ > 0 }) },
  });
  const write: WorkerContext['memory']['write'] = (entry) => guard.journal.write(entry).then(() => true);
  await submit(
    { ...made, memory: { ...made.memory, write } },
    openSemaphore(1),
    { kind: 'submit', name: `${id}-1-0` },
    id,
  );

  await Promise.all(names.map((name, at) => server.redis.restore(name, 0, late[at] as Buffer, 'REPLACE')));
  expect((await book.registration(id)).state).toBe('submitting');
  await server.redis.hset(key('epoch'), 'run', 'another');
  await guard.check();
  expect(await book.registration(id)).toMatchObject({ state: 'queued', attempt: 0, task: 'none' });
});

test('a link counts as lost only when no other process has the answer that Redis has forgotten', async () => {
  const sentAt = Date.now() - 10_000;
  const view = await book.view(id);
  await book.ledger.record(id, { kind: 'create_sent', at: sentAt, byLink: true, until: sentAt + 1 }, {}, view);
  const made = contextWith(server.redis, wakeupChannel, { create: async () => ACCEPTED, patience: { pushWaitMs: 1 } });
  const isWhole: WorkerContext['memory']['isWhole'] = async () => {
    const authorizeUrl = 'https://mp.weixin.qq.com/wxopen/example';
    await book.record(id, 'create_accepted', {
      callSentAt: sentAt,
      taskId: 't1',
      authorizeUrl,
      until: Date.now() + 60_000,
    });
  };
  const context = { ...made, memory: { ...made.memory, isWhole } };

  await followUp(context, { kind: 'follow-up', name: `${id}-1-0` }, id);
  expect((await book.ledger.history(id)).map(({ kind }) => kind)).toEqual(['create_sent', 'create_accepted']);
  expect(await book.registration(id)).toMatchObject({ state: 'awaiting_legal_person', taskId: 't1' });
});

test('a push of which Redis loses the sheet, until that is loaded again, is about the row that is there then', async () => {
  const others = [key('history', id), key('batch', 'b1'), key('rows', 'b1:0'), key('batches')];
  async function sentTwice() {
    await book.send(id);
    await book.record(id, 'registration_refused', { pushedAt: Date.now() - HOUR_MS, problem: 'push:101' });
    await book.record(id, 'retry_asked');
    await book.send(id);
  }
  await sentTwice();
  await server.redis.hset(key('epoch'), 'id', 'new');
  let epoch = 'old';
  const ledger = openLedger(server.redis, {
    epoch: () => epoch,
    async pass() {
      epoch = 'new';
      await server.redis.del(key('registration', id), ...others);
      await book.load('b2', [merchant(0)]);
      await sentTwice();
    },
    restore: async () => {},
  });
  const push = registrationPush(merchant(0), { status: '101', createdAt: Date.now() + 2_000 });
  const stored = { id: '1-0', entry: '1-0', receivedAt: Date.now(), infoType: '', query: '', body: Buffer.alloc(0) };

  const recorder = playedRecorder(readableLog().log, { ledger, rowAt: book.batches.rowAt });
  expect(await settle(recorder, await book.view(id), push, stored)).toBe(true);
  expect(await book.registration(id)).toMatchObject({ state: 'rejected', row: 'b2/0' });
});
