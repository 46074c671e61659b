import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { purgeToolsOf } from '../../src/app/wiring/purging.js';
import { GuardClosed, RegistrationUnknown } from '../../src/domain/ledger-errors.js';
import type { Fact } from '../../src/domain/registration.js';
import { purge, purgeable } from '../../src/operator/purge.js';
import { openCalls } from '../../src/redis/calls.js';
import { key } from '../../src/redis/keys.js';
import { compareLedger, LedgerMismatch } from '../../src/redis/ledger/identity.js';
import { openJournal } from '../../src/redis/ledger/journal.js';
import { rememberedKeys } from '../../src/redis/ledger/journal-key.js';
import { lastLoss } from '../../src/redis/ledger/last-loss.js';
import { openLedger } from '../../src/redis/ledger/ledger.js';
import { keyIn, OTHER_LEDGER_KEY } from '../../src/redis/ledger/ledger-key.js';
import { guardAgainstLoss, type LossGuard } from '../../src/redis/ledger/loss.js';
import { openPurging } from '../../src/redis/ledger/purging.js';
import { shortNameOf } from '../../src/redis/ledger/registration-fields.js';
import { keepOrphan, restoreMissing, restoreOrphans } from '../../src/redis/ledger/restoring.js';
import { MOMENT_MS, UNKNOWN_PROCESSES } from '../../src/redis/ledger/unknown-processes.js';
import { openLineSwitch } from '../../src/redis/line-switch.js';
import { openPushes } from '../../src/redis/pushes/pushes.js';
import { startOf } from '../../src/redis/server/process.js';
import { openVault } from '../../src/redis/vault.js';
import { ACCEPT_RULES, acceptedRow, type Book, budgetsFor, DAY_MS, idOf, jobOf, openBook } from '../support/ledger.js';
import { readableLog } from '../support/log.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';
import { newHome } from '../support/rehearsal.js';
import { until } from '../support/until.js';

const server = useRedis();
const NAME = { component: 'wx0123456789abcdef', api: 'https://api.weixin.qq.com', ledger: 'default' };
const IDENTITY = { component: NAME.component, api: NAME.api, secretKey: 'fingerprint' };
const one = merchant(1);
const id = idOf(one);
let book: Book;

beforeEach(() => {
  book = openBook(server.redis);
});

describe('a run of Redis that a process does not know', () => {
  test('has each process waited for that was seen when Redis was last used, however long that is ago', async () => {
    const first = await guard();
    await first.guard.check();
    await seen({ 'other home 1 x y': 30_000, [await nameOf(first)]: 0 });
    const hourAgo = Date.now() - 3_600_000;
    for (const process of await server.redis.zrange(key('processes'), 0, -1)) {
      await server.redis.zincrby(key('processes'), hourAgo - Date.now(), process);
    }
    await restarted(first);

    expect(await waitedFor()).toEqual(['other home 1 x y']);
    expect(await mayCall(first)).toBe(false);
  });

  test('does not wait for a process that had died long before', async () => {
    const first = await guard();
    await seen({ 'other home 1 x y': 90_000 });
    await restarted(first);
    expect(await waitedFor()).toEqual([]);
    await until('calls are made again', () => mayCall(first));
  });

  test('has a process waited for that came after what Redis remembers, where another one knows of it', async () => {
    const first = await guard();
    const before = await server.redis.zrange(key('processes'), 0, -1, 'WITHSCORES');
    await seen({ 'other home 1 x y': 0 });
    await book.load('b1', [one]);
    await book.record(id, 'cancel_asked');
    await first.guard.check();
    // Redis forgets the fact, and who had come.
    await server.redis.hincrby(key('epoch'), 'facts', -1);
    await server.redis.del(key('processes'));
    await server.redis.zadd(key('processes'), before[1] ?? '', before[0] ?? '');
    await restarted(first);

    expect(await waitedFor()).toEqual(['other home 1 x y']);
  });

  test.each(['that ran before', 'that has just started'])(
    'gives an unknown process a moment to connect again, also if the first one, $0, knows of no other',
    async (age) => {
      const { momentMs } = UNKNOWN_PROCESSES;
      UNKNOWN_PROCESSES.momentMs = MOMENT_MS;
      onTestFinished(() => {
        UNKNOWN_PROCESSES.momentMs = momentMs;
      });
      const before = age === 'that ran before' ? await guard() : undefined;
      const second = await guard();
      await book.load('b1', [merchant(0), one]);
      // Both began to work in the time that Redis forgets, and the second one has sent the row.
      const sent = { kind: 'create_sent', at: Date.now() } as const;
      await second.guard.journal.write({ registration: id, writeId: 'w.1', fact: sent });
      await server.redis.del(key('processes'));
      await server.redis.hset(key('epoch'), 'run', 'another');
      const first = before ?? (await guard());
      await first.guard.check();

      expect(await waitedFor()).toEqual([]);
      expect(await mayCall(first)).toBe(false);
      const recording = openLedger(server.redis, first.guard.ofOthers).record(id, {
        kind: 'registration_refused',
        at: Date.now(),
        problem: 'push:101',
      });
      await second.guard.check();
      await recording;
      expect((await book.registration(id)).state).toBe('rejected');
      await until('calls are made again', () => mayCall(first));
    },
  );

  test('that begins a ledger gives no other process a moment', async () => {
    const first = await guard();
    expect(await mayCall(first)).toBe(true);
  });

  test('of a private Redis has no process waited for that is not known', async () => {
    const first = await guard({ isPrivate: true });
    await restarted(first);
    expect(await mayCall(first)).toBe(true);
  });
});

describe('processes that share a folder', () => {
  test('speak for a process that was killed', async () => {
    const first = await guard();
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    const start = await startOf(child.pid ?? 0);
    const [folder, , , , host] = (await nameOf(first)).split(' ');
    await seen({ [`${folder} ${child.pid} ${start} part ${host}`]: 1_000 });
    child.kill('SIGKILL');
    await once(child, 'exit');

    await restarted(first);
    expect(await waitedFor()).toEqual([]);
  });

  test('speak for a process that is killed while creates wait for its report', async () => {
    const first = await guard();
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    const start = await startOf(child.pid ?? 0);
    const [folder, , , , host] = (await nameOf(first)).split(' ');
    const other = `${folder} ${child.pid} ${start} part ${host}`;
    await seen({ [other]: 1_000 });
    await restarted(first);
    expect(await waitedFor()).toEqual([other]);
    child.kill('SIGKILL');
    await once(child, 'exit');

    await first.guard.check();
    expect(await waitedFor()).toEqual([]);
  });

  test('speak for a living process, or one in another container, once no permit of it can be valid any more', async () => {
    const first = await guard({ permitMs: 200 });
    const [folder, pid, start] = (await nameOf(first)).split(' ');
    const [alive, elsewhere] = [`${folder} ${pid} ${start} part this-host`, `${folder} 1 x part another-host`];
    await seen({ [alive]: 0, [elsewhere]: 0, 'other home 1 x y': 0 });

    await restarted(first);
    expect(await waitedFor()).toHaveLength(3);
    await until('the folder has spoken', async () => {
      await first.guard.check();
      return (await waitedFor()).length === 1;
    });
    expect(await waitedFor()).toEqual(['other home 1 x y']);
  });
});

describe('a fact', () => {
  test('that is no answer waits until every process has said what Redis forgot', async () => {
    const first = await guard();
    await book.load('b1', [one]);
    await seen({ 'other home 1 x y': 0 });
    await restarted(first);

    let isRecorded = false;
    const ledger = openLedger(server.redis, first.guard.ofOthers);
    const recording = ledger.record(id, { kind: 'registration_refused', at: Date.now(), problem: 'push:101' });
    void recording.then(() => {
      isRecorded = true;
    });
    // The other one had sent it.
    await book.send(id);
    expect(isRecorded).toBe(false);
    await server.redis.srem(key('unreported'), 'other home 1 x y');

    expect((await recording).after.state).toBe('rejected');
  });

  test('that is an answer waits for what its own journal has', async () => {
    const first = await guard();
    await book.load('b1', [one]);
    const at = Date.now();
    const sent = await book.calls.acquire(
      await book.view(id),
      { kind: 'create_sent', at },
      jobOf('submit'),
      budgetsFor(),
      '',
    );
    if (sent.kind !== 'go') throw new Error(sent.kind);
    await first.guard.journal.write({
      registration: id,
      writeId: sent.snapshot.version,
      fact: { kind: 'create_sent', at },
    });
    // Redis forgets the call.
    await server.redis.del(key('history', id));
    await server.redis.hset(key('registration', id), shortNameOf('state'), 'queued');
    await server.redis.hdel(key('registration', id), ...['version', 'attempt', 'task', 'sentAt'].map(shortNameOf));
    await server.redis.hset(key('epoch'), 'run', 'another');
    await server.redis.hset(key('epoch'), 'id', 'another');

    const ledger = openLedger(server.redis, first.guard.ofAnswers);
    const answer = { kind: 'create_refused', at: at + 1, callSentAt: at, problem: 'create:61070' } as const;
    await ledger.record(id, answer, {}, sent.snapshot);
    expect((await book.ledger.history(id)).map(({ kind }) => kind)).toEqual(['create_sent', 'create_refused']);
    expect((await book.registration(id)).state).toBe('rejected');
    expect(await lastLoss(server.redis)).toMatchObject({ facts: 1 });
  });

  test('is not recorded by a process that ends while it waits', async () => {
    const first = await guard();
    await book.load('b1', [one]);
    await seen({ 'other home 1 x y': 0 });
    await restarted(first);
    const ledger = openLedger(server.redis, first.guard.ofOthers);
    const recording = ledger.record(id, { kind: 'push_unknown', at: Date.now() });
    const refused = expect(recording).rejects.toThrow(GuardClosed);
    await first.guard.close();
    await refused;
    expect(await book.ledger.history(id)).toEqual([]);
  });
});

test('a call that Redis lost with its merchant is known until a sheet brings the merchant back, though its answer comes first', async () => {
  const first = await guard();
  await book.load('b1', [one]);
  const at = Date.now();
  const seen = await book.view(id);
  const sent = await book.calls.acquire(seen, { kind: 'create_sent', at }, jobOf('submit'), budgetsFor(), '');
  if (sent.kind !== 'go') throw new Error(sent.kind);
  await first.guard.journal.write({
    registration: id,
    writeId: sent.snapshot.version,
    fact: { kind: 'create_sent', at },
  });
  await server.redis.del(key('registration', id), key('history', id), key('batch', 'b1'), key('rows', 'b1', 0));
  await server.redis.hset(key('epoch'), 'run', 'another');
  await first.guard.check();
  const answers = openLedger(server.redis, first.guard.ofAnswers);
  const answer = { kind: 'answer_lost', at: at + 1, callSentAt: at, problem: 'call:lost' } as const;
  await expect(answers.record(id, answer, {}, sent.snapshot)).rejects.toThrow(RegistrationUnknown);

  await book.load('b2', [one]);
  const guarded = openCalls(server.redis, first.guard);
  const again = async () =>
    guarded.acquire(await book.view(id), { kind: 'create_sent', at: at + 2 }, jobOf('submit'), budgetsFor(), '');
  expect(await again()).toEqual({ kind: 'forgotten' });
  await first.guard.restore(id);
  expect(await book.registration(id)).toMatchObject({ state: 'submitting', sentAt: at });
  expect(await server.redis.exists(key('forgotten', id))).toBe(0);
});

test('a call that was sent again because its link was lost is the attempt under way, with the link of its answer', async () => {
  const first = await guard();
  await book.load('b1', [one]);
  const at = Date.now();
  const sent = { kind: 'create_sent', at, byLink: true } as const;
  await book.calls.acquire(await book.view(id), sent, jobOf('submit'), budgetsFor(), '');
  await book.record(id, 'answer_lost', { callSentAt: at, problem: 'call:lost' });
  // Redis forgets what came then: that its link was lost, the second call and its answer.
  const write = (writeId: string, fact: Fact) =>
    first.guard.journal.write({
      registration: id,
      writeId,
      fact,
      ...(fact.kind === 'create_sent' && { day: '2026-11-28' }),
    });
  await write('w.1', { kind: 'create_sent', at: at + 10, byLink: true });
  const link = { taskId: 'task2', authorizeUrl: 'https://mp.weixin.qq.com/x' };
  await write('w.2', { kind: 'create_accepted', at: at + 20, callSentAt: at + 10, ...link });
  await restarted(first);

  expect(await book.registration(id)).toMatchObject({ state: 'awaiting_legal_person', sentAt: at + 10, ...link });
  expect(await book.calls.ofDay('2026-11-28')).toMatchObject({ create: 1 });
});

test('a call that was sent again is one more attempt, however many processes of a folder record it again', async () => {
  const home = newHome();
  const merchants = Array.from({ length: 30 }, (_, number) => merchant(number));
  await book.load('b1', merchants);
  const guards = await Promise.all([guard({ home }), guard({ home }), guard({ home })]);
  const at = Date.now();
  for (const [number, it] of merchants.entries()) {
    const sent = { kind: 'create_sent', at, byLink: true } as const;
    await book.calls.acquire(await book.view(idOf(it)), sent, jobOf('submit'), budgetsFor(), '');
    const again = { kind: 'create_sent', at: at + 10, byLink: true } as const;
    await guards[0]?.guard.journal.write({
      registration: idOf(it),
      writeId: `w.${number}`,
      fact: again,
      day: '2026-11-28',
    });
  }
  await server.redis.hset(key('epoch'), 'run', 'another');
  await Promise.all(guards.map((it) => it.guard.check()));

  const registrations = await Promise.all(merchants.map((it) => book.registration(idOf(it))));
  expect(
    new Set(registrations.map(({ attempt, state, sentAt }) => [attempt, state, sentAt === at + 10].join())),
  ).toEqual(new Set(['2,submitting,true']));
  expect(await book.calls.ofDay('2026-11-28')).toMatchObject({ create: 30 });
});

test('a call that several processes of a folder record again is counted once', async () => {
  await book.load('b1', [one]);
  const home = newHome();
  const guards = await Promise.all([guard({ home }), guard({ home }), guard({ home })]);
  const fact = { kind: 'create_sent', at: Date.now() } as const;
  await guards[0]?.guard.journal.write({ registration: id, writeId: 'w.1', fact, day: '2026-11-28' });
  await server.redis.hset(key('epoch'), 'run', 'another');
  await Promise.all(guards.map((it) => it.guard.check()));

  expect((await book.ledger.history(id)).map(({ kind }) => kind)).toEqual(['create_sent']);
  expect(await book.calls.ofDay('2026-11-28')).toMatchObject({ create: 1 });
});

/** From the journal, after a loss of Redis. */
async function restored(...facts: readonly Fact[]): Promise<void> {
  const { guard: own } = await guard();
  for (const [at, fact] of facts.entries()) {
    await own.journal.write({ registration: id, writeId: `w.${at}`, fact, day: '2026-11-28' });
  }
  await server.redis.hset(key('epoch'), 'run', 'another');
  await own.check();
}

async function purged(batch: string): Promise<void> {
  const found = await book.batches.find(batch);
  if (found === undefined) throw new Error(`there is no batch ${batch}`);
  expect(await openPurging(server.redis).purgeBatch(found, Date.now())).toMatchObject({ isWhole: true });
}

test('a call that was sent again by a sheet that Redis lost, behind purged details, is the attempt under way', async () => {
  await book.load('b1', [one]);
  await book.take(id);
  await book.record(id, 'push_overdue');
  await purged('b1');
  const at = Date.now() + 5;
  await restored({ kind: 'create_sent', at, until: at + DAY_MS });
  expect(await book.registration(id)).toMatchObject({ state: 'submitting', sentAt: at });
  expect(await book.calls.ofDay('2026-11-28')).toMatchObject({ create: 1 });
});

describe('a merchant who has a Mini Program', () => {
  beforeEach(async () => {
    await book.load('b1', [one]);
    await book.send(id);
    await book.record(id, 'mini_program_created', { appid: 'wx1' });
  });

  test('has the call for one more that Redis lost, and the sheet that asked for it is sent once', async () => {
    const at = Date.now() + 5;
    const accepted: Fact = { kind: 'create_accepted', at: at + 1, callSentAt: at, until: at + DAY_MS };
    await restored({ kind: 'create_sent', at, until: at + DAY_MS }, accepted);
    const underWay = { state: 'awaiting_legal_person', attempt: 2, sentAt: at, earlierAppids: ['wx1'] };
    expect(await book.registration(id)).toMatchObject(underWay);
    const again = { ...ACCEPT_RULES, again: true };
    await book.batches.accept(await book.open('b2'), 0, [acceptedRow(one, 0)], again);
    expect(await book.registration(id)).toMatchObject(underWay);
  });

  test('has that call also where the batch of the first one was purged', async () => {
    await purged('b1');
    const at = Date.now() + 5;
    await restored({ kind: 'create_sent', at, until: at + DAY_MS });
    expect(await book.registration(id)).toMatchObject({ state: 'submitting', sentAt: at, earlierAppids: ['wx1'] });
  });

  test('is not sent once more by a call from before it was created', async () => {
    const { finishedAt = 0 } = await book.registration(id);
    await restored({ kind: 'create_sent', at: finishedAt - 1, until: finishedAt + DAY_MS });
    expect(await book.registration(id)).toMatchObject({ state: 'created', appid: 'wx1', attempt: 1 });
  });
});

test('a push that came before its call was recorded again counts once it is', async () => {
  const { guard: first } = await guard();
  await book.load('b1', [one]);
  const at = Date.now();
  await first.journal.write({ registration: id, writeId: 'w.1', fact: { kind: 'create_sent', at } });
  await first.journal.write({
    registration: id,
    writeId: 'w.2',
    fact: { kind: 'create_accepted', at, callSentAt: at },
  });
  await book.record(id, 'registration_refused', { at: at - 60_000, pushedAt: at - 60_000, problem: 'push:100001' });
  await book.record(id, 'registration_refused', { at: at + 1_000, pushedAt: at + 1_000, problem: 'push:101' });
  expect((await book.registration(id)).state).toBe('queued');

  await server.redis.hset(key('epoch'), 'run', 'another');
  await first.check();
  expect(await book.registration(id)).toMatchObject({ state: 'rejected', problem: 'push:101', attempt: 1 });
});

test('it counts also where the process is killed right after it has recorded the call again, and only once', async () => {
  await book.load('b1', [one]);
  const at = Date.now();
  await book.record(id, 'registration_refused', { at: at + 1_000, pushedAt: at + 1_000, problem: 'push:101' });
  const died = new Error('killed');
  const ledger = {
    ...book.ledger,
    record: async (...args: Parameters<typeof book.ledger.record>) => {
      const recorded = await book.ledger.record(...args);
      if ((args[1] as Fact).kind === 'create_sent') throw died;
      return recorded;
    },
  };
  const tools = {
    redis: server.redis,
    pushes: openPushes(server.redis),
    vault: openVault(Buffer.alloc(32, 7)),
    ledger,
  };
  const journaled = {
    entries: [{ registration: id, writeId: 'w.1', fact: { kind: 'create_sent', at } as Fact }],
    pushes: [],
  };
  await expect(restoreMissing(tools, journaled)).rejects.toThrow(died);
  expect((await book.registration(id)).state).toBe('submitting');

  await Promise.all([1, 2].map(() => restoreMissing(tools, journaled)));
  expect(await book.registration(id)).toMatchObject({ state: 'rejected', problem: 'push:101', attempt: 1 });
  await restoreMissing(tools, journaled);
  const kinds = (await book.ledger.history(id)).map(({ kind }) => kind);
  expect(kinds).toEqual(['registration_refused', 'create_sent', 'registration_refused']);
  expect(await server.redis.exists(key('uncounted'))).toBe(0);
});

test('an attempt before the known one only enters the history', async () => {
  await book.load('b1', [one]);
  await book.send(id);
  await book.record(id, 'registration_refused', { problem: 'push:101' });
  const first = await guard();
  const at = Date.now() - 60_000;
  await first.guard.journal.write({
    registration: id,
    writeId: 'w.1',
    fact: { kind: 'create_sent', at },
    day: '2026-11-28',
  });
  await restarted(first);

  expect((await book.registration(id)).state).toBe('rejected');
  expect(await book.calls.ofDay('2026-11-28')).toMatchObject({ create: 0 });
  expect((await book.ledger.history(id)).at(-1)).toMatchObject({ kind: 'create_sent', at });
});

test('what was purged is not missing, and does not come back; what came after it does', async () => {
  const { guard: first } = await guard();
  const sentAt = Date.now() - 60_000;
  const [gone, made] = [merchant(1), merchant(2)];
  await book.load('b1', [gone, made]);
  for (const [number, it] of [gone, made].entries()) {
    await book.send(idOf(it));
    await first.journal.write({
      registration: idOf(it),
      writeId: `w.${number}`,
      fact: { kind: 'create_sent', at: sentAt },
    });
  }
  const pushed = { receivedAt: sentAt, infoType: 'x', query: 'nonce=1', body: Buffer.from('x') };
  first.journal.writePushes([pushed]);
  await book.record(idOf(gone), 'registration_refused', { problem: 'push:101' });
  await book.record(idOf(made), 'mini_program_created', { appid: 'wx1' });
  const time = Date.now() + 1;
  const tools = purgeToolsOf(server.redis, newHome());
  const batch = await purgeable(tools, time);
  await purge(tools, batch, time, time);

  await server.redis.hset(key('epoch'), 'run', 'another');
  await first.check();
  expect(await lastLoss(server.redis)).toBeUndefined();
  expect(await server.redis.xlen(key('pushes'))).toBe(0);
  expect(await server.redis.exists(key('forgotten', idOf(gone)), key('history', idOf(made)))).toBe(0);

  first.journal.writePushes([{ ...pushed, receivedAt: time, query: 'nonce=2' }]);
  const fact = { kind: 'create_sent', at: time } as const;
  await first.journal.write({ registration: idOf(gone), writeId: 'w.3', fact });
  await server.redis.hset(key('epoch'), 'run', 'yet another');
  await first.check();
  expect(await lastLoss(server.redis)).toMatchObject({ facts: 1, pushes: 1 });
});

test('a call that Redis forgot is recorded again, however much was purged meanwhile', async () => {
  await book.load('b1', [one]);
  const { guard: first } = await guard();
  await first.journal.write({ registration: id, writeId: 'w.1', fact: { kind: 'create_sent', at: Date.now() } });
  await openPurging(server.redis).markPurged(Date.now() + 1);
  await server.redis.hset(key('epoch'), 'run', 'another');
  await first.check();
  expect((await book.ledger.history(id)).map(({ kind }) => kind)).toEqual(['create_sent']);
});

test('every fact is counted, one alone and those of a moment, and a refused one is not', async () => {
  const counted = async (): Promise<number> => Number(await server.redis.hget(key('epoch'), 'facts'));
  const many = [merchant(1), merchant(2), merchant(3)];
  await book.load('b1', many);
  const before = await counted();
  await book.record(idOf(one), 'noted', { note: 'x', who: 'y' });
  expect(await counted()).toBe(before + 1);
  await Promise.all(many.map((it) => book.record(idOf(it), 'noted', { note: 'x', who: 'y' })));
  expect(await counted()).toBe(before + 4);
  await expect(book.record('qqqqqqqqqqqqqqqq', 'noted', { note: 'x', who: 'y' })).rejects.toThrow();
  expect(await counted()).toBe(before + 4);
});

test('a journal that another key has sealed is reported in one line, with the key that has to be kept', async () => {
  const home = newHome();
  const open = (key: number, log = readableLog().log) =>
    openJournal({ home, ledgerKey: '', vault: openVault(Buffer.alloc(32, key)), now: Date.now, log });
  const before = open(7);
  const fact = { kind: 'create_accepted', at: Date.now() } as const;
  await Promise.all(['w.1', 'w.2', 'w.3'].map((writeId) => before.write({ registration: id, writeId, fact })));
  before.close();
  const { log, lines } = readableLog();
  expect(open(8, log).read().entries).toEqual([]);
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ entries: 3, msg: expect.stringContaining('FASTREGISTER_SECRET_KEY_PREVIOUS') }),
  ]);
});

test('a journal has a push that waited in the spool for more than a day', () => {
  const options = { ledgerKey: '', vault: openVault(Buffer.alloc(32, 7)), now: Date.now, log: readableLog().log };
  const journal = openJournal({ home: newHome(), ...options });
  const late = { receivedAt: Date.now() - 30 * 3_600_000, infoType: 'x', query: 'late', body: Buffer.from('x') };
  journal.writePushes([late]);
  expect(journal.read().pushes.map(({ query, receivedAt }) => [query, receivedAt])).toEqual([
    ['late', late.receivedAt],
  ]);
  journal.close();
});

test('a journal has pushes as they came, whatever bytes and characters they have, and no old ones', () => {
  const journal = openJournal({
    home: newHome(),
    ledgerKey: '',
    vault: openVault(Buffer.alloc(32, 7)),
    now: Date.now,
    log: readableLog().log,
  });
  const receivedAt = Date.now();
  const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const pushes = [
    {
      receivedAt,
      createdAt: 7,
      infoType: '通知 "\\\n\u2028',
      query: 'a=\u00e9&b=\ud83d\ude00',
      signature: 'x',
      body: every,
    },
    { receivedAt, infoType: '', query: '', body: Buffer.alloc(0) },
    { receivedAt, infoType: 'component_verify_ticket', query: '', body: Buffer.from('<xml/>'), ticket: 'sealed' },
  ];
  journal.writePushes([...pushes, { receivedAt, infoType: 'old', query: '', body: every, isOld: true }]);
  journal.writePushes([{ receivedAt, infoType: 'old', query: '', body: every, isOld: true }]);
  expect(journal.read().pushes).toEqual(pushes);
  journal.close();
});

describe('a Redis that was emptied', () => {
  const ledgerKey = () => server.redis.hget(key('ledger'), 'key');

  test('gets back what its ledger was made for, so that a command which only reads finds it', async () => {
    const before = await ledgerKey();
    const { guard: running } = await guard();
    await server.redis.flushall();
    await running.check();
    expect(await ledgerKey()).toBe(before);
    await expect(compareLedger(server.redis, IDENTITY)).resolves.toBeUndefined();
    const other = { ...IDENTITY, component: 'wx0000000000000000' };
    await expect(compareLedger(server.redis, other)).rejects.toThrow(LedgerMismatch);
  });

  test('while a process starts gets the key with which that process has begun', async () => {
    const keyRead = (await ledgerKey()) ?? '';
    expect(keyRead).not.toBe('');
    const home = newHome();
    await server.redis.flushall();
    const { guard: starting } = await guard({ home, keyRead });
    expect(await ledgerKey()).toBe(keyRead);
    expect(rememberedKeys(home, NAME)).toMatchObject([{ key: keyRead }]);
    await starting.check();
    expect(await openLineSwitch(server.redis).line()).toBeUndefined();
  });

  test('before a process has read its key back gets it once more', async () => {
    let isEmptied = false;
    const redis = new Proxy(server.redis, {
      get(target, name) {
        if (name !== 'hget' || isEmptied) return Reflect.get(target, name).bind(target);
        return async (...args: [string, string]) => {
          isEmptied = true;
          await target.flushall();
          return target.hget(...args);
        };
      },
    });
    await server.redis.flushall();
    expect(await keyIn(redis, () => 'derived')).toBe('derived');
    expect(await ledgerKey()).toBe('derived');
  });

  test('and into which a sheet was loaded with another key first, sends nothing before a person has looked', async () => {
    const { guard: running } = await guard();
    await server.redis.flushall();
    await keyIn(server.redis, () => 'another');
    await openBook(server.redis).load('b1', [merchant(1)]);
    await running.check();
    expect(await openLineSwitch(server.redis).line()).toMatchObject({ problem: OTHER_LEDGER_KEY });
    // A person has resumed it, and a process of that home is started again.
    await openLineSwitch(server.redis).resumeLine();
    await server.redis.hset(key('epoch'), 'run', 'another');
    await running.check();
    expect(await openLineSwitch(server.redis).line()).not.toMatchObject({ halfOpen: false });
  });

  test('is as suspicious to a process that was started later, and whose home has the calls of the last day', async () => {
    const { guard: running, home } = await guard();
    await running.journal.write({ registration: id, writeId: 'w.1', fact: { kind: 'create_sent', at: Date.now() } });
    await running.close();
    await server.redis.flushall();
    await keyIn(server.redis, () => 'another');
    await guard({ home });
    expect(await openLineSwitch(server.redis).line()).toMatchObject({ problem: OTHER_LEDGER_KEY });
  });
});

// --- helpers ----------------------------------------------------------------------------------------------------------

interface Guarded {
  readonly guard: LossGuard;
  readonly home: string;
  readonly name: () => Promise<string>;
}

async function guard({ permitMs = 60_000, home = newHome(), isPrivate = false, keyRead = '' } = {}): Promise<Guarded> {
  const before = new Set(await server.redis.zrange(key('processes'), 0, -1));
  const made = await guardAgainstLoss({
    redis: server.connect(),
    home,
    vault: openVault(Buffer.alloc(32, 7)),
    isPrivate,
    identity: IDENTITY,
    ledgerName: NAME,
    keyRead,
    permitMs,
    now: Date.now,
    log: readableLog().log,
  });
  onTestFinished(() => made.close());
  const [name = ''] = (await server.redis.zrange(key('processes'), 0, -1)).filter((it) => !before.has(it));
  return { guard: made, home, name: async () => name };
}

const nameOf = ({ name }: Guarded) => name();

/** Processes and how many ms ago they were seen. */
async function seen(processes: Readonly<Record<string, number>>): Promise<void> {
  for (const [name, agoMs] of Object.entries(processes)) {
    await server.redis.zadd(key('processes'), Date.now() - agoMs, name);
  }
}

/** Redis runs anew, and this process finds that out first. */
async function restarted({ guard }: Guarded): Promise<void> {
  await server.redis.hset(key('epoch'), 'run', 'another');
  await guard.check();
}

const waitedFor = async () => (await server.redis.smembers(key('unreported'))).sort();

async function mayCall({ guard }: Guarded): Promise<boolean> {
  const [name] = await server.redis.lrange(key('batches'), 0, -1);
  if (name === undefined) await book.load('b0', [merchant(0)]);
  const { calls } = openBook(server.redis, undefined, guard);
  const view = await book.view(idOf(merchant(0)));
  const fact = { kind: 'create_sent', at: Date.now() } as const;
  const { kind } = await calls.acquire(view, fact, jobOf('submit'), budgetsFor(), '');
  return kind === 'go';
}

test('an entry that is kept while those before it are restored is not deleted with them', async () => {
  await book.load('b1', [one]);
  const vault = openVault(Buffer.alloc(32, 7));
  const entry = (writeId: string, fact: Fact) => ({ registration: id, writeId, fact });
  const at = Date.now();
  let isKept = false;
  const tools = {
    redis: server.redis,
    pushes: openPushes(server.redis),
    vault,
    ledger: {
      ...book.ledger,
      record: async (...args: Parameters<typeof book.ledger.record>) => {
        if (!isKept) await keepOrphan(tools, entry('w.2', { kind: 'create_accepted', at, callSentAt: at }));
        isKept = true;
        return book.ledger.record(...args);
      },
    },
  };
  await keepOrphan(tools, entry('w.1', { kind: 'create_sent', at }));
  await restoreOrphans(tools, id);
  expect((await book.registration(id)).state).toBe('submitting');
  await restoreOrphans(tools, id);
  expect((await book.registration(id)).state).toBe('awaiting_legal_person');
  expect(await server.redis.exists(key('forgotten', id))).toBe(0);
});

test('entries of one moment share a line, and each comes back; what the disk refuses is reported for each', async () => {
  const home = newHome();
  const { guard: loss } = await guard({ home });
  const at = Date.now();
  const sent = { registration: 'a', writeId: 'w.1', fact: { kind: 'create_sent', at }, day: '2026-11-28' } as const;
  const answers = ['b', 'c'].map((registration, n) => ({
    registration,
    writeId: `w.${n + 2}`,
    fact: { kind: 'create_accepted', at, said: '虚构' } as const,
  }));
  await Promise.all([sent, ...answers].map((entry) => loss.journal.write(entry)));

  expect(loss.journal.read().entries).toEqual([sent, ...answers]);
  const [folder = ''] = readdirSync(join(home, 'journal'));
  const files = readdirSync(join(home, 'journal', folder)).filter((name) => name.endsWith('.jsonl'));
  const text = readFileSync(join(home, 'journal', folder, files[0] ?? ''), 'utf8');
  expect(text.trimEnd().split('\n')).toHaveLength(2);
  expect(text).not.toContain('虚构');

  loss.journal.close();
  rmSync(join(home, 'journal'), { recursive: true });
  const refused = await Promise.allSettled([sent, ...answers].map((entry) => loss.journal.write(entry)));
  expect(refused.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
});

test('pushes of a moment share a line, each comes back as it was, and one that was cut off is left out', async () => {
  const home = newHome();
  const { guard: loss } = await guard({ home });
  const bodies = ['<xml>\n</xml>', '', '\u00ff\u0000{"at":1}\n', '<xml/>'].map((text) => Buffer.from(text, 'latin1'));
  const pushes = bodies.map((body, n) => ({
    receivedAt: Date.now(),
    createdAt: n * 1_000,
    infoType: '虚构',
    query: `n=${n}`,
    signature: `s${n}`,
    ticket: undefined,
    body,
  }));
  loss.journal.writePushes(pushes.slice(0, 3));
  loss.journal.writePushes(pushes.slice(3));
  expect(loss.journal.read().pushes).toEqual(pushes);

  const [folder = ''] = readdirSync(join(home, 'journal'));
  const files = readdirSync(join(home, 'journal', folder)).filter((name) => name.endsWith('.jsonl'));
  const path = join(home, 'journal', folder, files[0] ?? '');
  truncateSync(path, statSync(path).size - 2);
  expect(loss.journal.read().pushes).toEqual(pushes.slice(0, 3));
});
