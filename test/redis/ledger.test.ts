import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { FACTS, type FactKind, newRegistration, type Wait } from '../../src/domain/registration.js';
import type { Job } from '../../src/domain/work.js';
import { key } from '../../src/redis/keys.js';
import { openLedger } from '../../src/redis/ledger/ledger.js';
import { difference, registrationFrom } from '../../src/redis/ledger/registration-fields.js';
import { openAuthCodes } from '../../src/redis/pushes/auth-codes.js';
import { type Book, DAY_MS, idOf, jobOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { losingAnswers, useRedis } from '../support/redis.js';
import { runs } from '../support/runs.js';

const server = useRedis();
let book: Book;

beforeEach(() => {
  book = openBook(server.redis);
});

const one = merchant(1);
const id = idOf(one);

describe('a fact', () => {
  beforeEach(() => book.load('b1', [one]));

  test('moves the registration, is kept in the history, and is counted', async () => {
    const recorded = await book.record(id, 'create_held', { wait: 'person', until: 5 });

    expect(recorded).toMatchObject({ before: { state: 'queued' }, after: { state: 'deferred' } });
    expect(await book.registration(id)).toEqual(recorded.after);
    expect(await book.ledger.history(id)).toMatchObject([{ kind: 'create_held', to: 'deferred', wait: 'person' }]);
    expect(await book.batches.counts('b1')).toEqual({ 'deferred/person': 1 });
  });

  test('that fits no rule changes nothing and is kept in the history', async () => {
    const before = await book.registration(id);
    const { move } = await book.record(id, 'create_accepted', { callSentAt: 7 });

    expect(move).toBeUndefined();
    expect(await book.registration(id)).toEqual(before);
    const [entry] = await book.ledger.history(id);
    expect(entry).toMatchObject({ kind: 'create_accepted' });
    expect(entry).not.toHaveProperty('to');
    expect(await book.batches.counts('b1')).toEqual({ queued: 1 });
  });

  test('about a registration that does not exist is a fault of ours', async () => {
    await expect(book.record('aaaaaaaaaaaaaaaa', 'cancel_asked')).rejects.toThrow('There is no registration');
  });

  test('reported by many at once is recorded once for each of them, and moves once', async () => {
    const reporters = Array.from({ length: 12 }, () => openBook(server.connect()));
    const recorded = await Promise.all(reporters.map((reporter) => reporter.record(id, 'cancel_asked')));

    expect(recorded.filter(({ move }) => move !== undefined)).toHaveLength(1);
    const history = await book.ledger.history(id);
    expect(history).toHaveLength(12);
    expect(history.filter(({ to }) => to !== undefined)).toHaveLength(1);
    expect(await book.batches.counts('b1')).toEqual({ cancelled: 1 });
  });

  test('is recorded once although its command was sent twice', async () => {
    const doubting = openBook(losingAnswers(server.redis));
    const { after } = await doubting.record(id, 'cancel_asked');

    expect(after.state).toBe('cancelled');
    expect(await book.ledger.history(id)).toHaveLength(1);
    expect(await book.batches.counts('b1')).toEqual({ cancelled: 1 });
  });

  test('gives the try of a Weixin ID back once although its command was sent twice', async () => {
    const person = 'p';
    await server.redis.hset(key('tries', 'today'), person, 3);
    await server.redis.hset(key('calls', 'today'), 'create', 9);
    const doubting = openBook(losingAnswers(server.redis));
    await doubting.record(id, 'cancel_asked', {}, { giveBack: { day: 'today', person, call: 'create' } });

    expect(await server.redis.hget(key('tries', 'today'), person)).toBe('2');
    expect(await server.redis.hget(key('calls', 'today'), 'create')).toBe('8');
  });

  test('gives back no call and no try that Redis does not count', async () => {
    const person = 'p';
    await server.redis.hset(key('calls', 'today'), { create: 2, search: 1 });
    for (const call of ['search', 'search', 'create'] as const) {
      await book.record(id, 'search_void', {}, { giveBack: { day: 'today', person, call } });
    }
    expect(await server.redis.hgetall(key('calls', 'today'))).toEqual({ create: '1', search: '0' });
    expect(await server.redis.exists(key('tries', 'today'))).toBe(0);
  });

  test('decided before Redis forgot is decided anew, although the history is as long again', async () => {
    const keys = [key('registration', id), key('history', id)];
    await book.send(id);
    const remembered = await Promise.all(keys.map((name) => server.redis.dumpBuffer(name)));
    await book.record(id, 'push_overdue', { callSentAt: (await book.registration(id)).sentAt ?? 0 });
    const stale = await book.view(id);
    await Promise.all(keys.map((name, at) => server.redis.restore(name, 0, remembered[at] as Buffer, 'REPLACE')));
    await book.record(id, 'mini_program_created', { appid: 'wx0000000000000001' });
    expect(await book.ledger.history(id)).toHaveLength(3);

    await book.ledger.record(id, { kind: 'retry_asked', at: Date.now() }, {}, stale);

    expect(await book.registration(id)).toMatchObject({ state: 'created', appid: 'wx0000000000000001' });
  });

  test('about a registration that Redis has forgotten since is refused, and leaves nothing of it', async () => {
    const stale = await book.view(id);
    await server.redis.flushall();

    const recording = book.ledger.record(id, { kind: 'cancel_asked', at: Date.now() }, {}, stale);
    await expect(recording).rejects.toThrow('no registration');
    expect(await server.redis.keys('*')).toEqual([]);
  });

  test('takes its job out of the window in the same step', async () => {
    const job: Job = jobOf('submit', `${id}-0`);
    await server.redis.zadd(key('window', 'submit'), 1, job.name);
    await book.record(id, 'cancel_asked', {}, { job });
    expect(await server.redis.zcard(key('window', 'submit'))).toBe(0);
  });

  test('with an auth_code keeps the sealed code beside the Mini Program and never in the history', async () => {
    await book.send(id);
    await book.record(id, 'mini_program_created', { appid: 'wxnew', authCode: 'mark-of-16-chars.sealed-code' });

    expect(await book.registration(id)).toMatchObject({ appid: 'wxnew', authorizer: 'due' });
    expect(await book.ledger.ofAppid('wxnew')).toBe(id);
    expect(await openAuthCodes(server.redis).waiting('wxnew')).toMatchObject({
      registration: id,
      codes: [{ authCode: 'mark-of-16-chars.sealed-code', from: 'created' }],
    });
    expect(await server.redis.lrange(key('history', id), 0, -1)).not.toEqual(
      expect.arrayContaining([expect.stringContaining('sealed-code')]),
    );
    expect(await server.redis.lrange(key('ready', 'authorize'), 0, -1)).toEqual(['wxnew']);
  });

  test('that leaves nothing to wait for takes the registration out of what is due later', async () => {
    await book.send(id);
    expect(await server.redis.zrange(key('scheduled', 'follow-up'), 0, -1)).toEqual([id]);
    await book.record(id, 'registration_refused', { problem: 'push:103' });
    expect(await server.redis.zcard(key('scheduled', 'follow-up'))).toBe(0);
  });
});

describe('what has to happen next', () => {
  beforeEach(() => book.load('b1', [one]));

  test('is written in the same step: a follow-up is due as soon as a call is on its way', async () => {
    const before = Date.now();
    await book.take(id);
    const [, due] = await server.redis.zrange(key('scheduled', 'follow-up'), 0, -1, 'WITHSCORES');
    expect(Number(due)).toBeGreaterThanOrEqual(before + DAY_MS);
  });

  test('is written in the same step: a postponement is due when its time comes', async () => {
    await book.take(id);
    const { sentAt = 0 } = await book.registration(id);
    await book.record(id, 'create_postponed', { callSentAt: sentAt, wait: 'again', until: 4_711 });
    expect(await server.redis.zrange(key('scheduled', 'submit'), 0, -1, 'WITHSCORES')).toEqual([id, '4711']);
  });

  test('is done first after it was turned away before WeChat looked at it', async () => {
    await book.load('b2', [merchant(2), merchant(3)]);
    await server.redis.lrem(key('ready', 'submit'), 0, id);
    await book.take(id);
    const { sentAt = 0 } = await book.registration(id);
    await book.record(id, 'create_void', { callSentAt: sentAt });
    expect(await server.redis.lindex(key('ready', 'submit'), 0)).toBe(id);
  });

  test('is nothing where the platform is to blame: the line stops, and the first reason stays', async () => {
    await book.load('b2', [merchant(2)]);
    const other = idOf(merchant(2));
    for (const [which, problem] of [
      [id, 'create:89254'],
      [other, 'create:48001'],
    ] as const) {
      const permission = await book.take(which);
      expect(permission.kind).toBe(which === id ? 'go' : 'wait');
      const { sentAt } = await book.registration(which);
      await book.record(which, 'platform_refused', {
        ...(sentAt && { callSentAt: sentAt }),
        problem,
        because: problem,
      });
    }
    expect(await book.calls.line()).toMatchObject({ because: 'create:89254', problem: 'create:89254' });
    expect(await book.batches.counts('b1')).toEqual({ queued: 1 });
  });
});

test('counts equal a recount from the rows, whatever was recorded', async () => {
  const merchants = [1, 2, 3, 4, 5].map((number) => merchant(number));
  const waits: readonly (Wait | undefined)[] = ['enterprise', 'person', 'busy', 'again', undefined];
  const happening = fc.record({
    who: fc.nat(merchants.length - 1),
    kind: fc.constantFrom(...(Object.keys(FACTS) as FactKind[]).filter((kind) => kind !== 'row_accepted')),
    wait: fc.constantFrom(...waits),
    until: fc.option(fc.constant(Date.now() + DAY_MS), { nil: undefined }),
  });
  const upload = fc.record({ upload: fc.subarray(merchants, { minLength: 1 }) });

  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 6, arbitrary: happening }, { weight: 1, arbitrary: upload })),
      async (all) => {
        await server.redis.flushall();
        const batches = ['first'];
        await book.load('first', merchants);
        for (const [at, it] of all.entries()) {
          if ('upload' in it) {
            batches.push(`b${at}`);
            await book.load(`b${at}`, [...it.upload, undefined]);
          } else {
            const { who, kind, wait, until } = it;
            const which = idOf(merchants[who] ?? one);
            const { sentAt } = await book.registration(which);
            const isAnswer = /^(create_(accepted|busy|postponed|void|refused)|answer_|task_|search_)/.test(kind);
            await book.record(which, kind, {
              ...(wait && { wait }),
              ...(until && { until }),
              ...(isAnswer && sentAt && { callSentAt: sentAt }),
            });
          }
        }
        for (const batch of batches) expect(await book.batches.counts(batch)).toEqual(await book.recount(batch));
      },
    ),
    { numRuns: runs(40) },
  );
});

describe('a registration as it is kept', () => {
  test('comes back as it was written', () => {
    const text = fc.option(fc.string({ minLength: 1 }), { nil: undefined });
    const number = fc.option(fc.nat(), { nil: undefined });
    const registration = fc.record({
      id: fc.constant('a'),
      state: fc.constantFrom('queued' as const, 'deferred' as const, 'created' as const),
      row: fc.constant('b/7'),
      joinedRows: fc.constantFrom([], ['c/1'], ['c/1', 'd/2']),
      waitingRows: fc.constantFrom([], ['e/1'], ['e/1', 'f/2']),
      clockAheadMs: fc.constantFrom(0, -5_000, 61_000),
      heardAt: number,
      attempt: fc.nat(),
      task: fc.constantFrom('none' as const, 'open' as const, 'ended' as const),
      earlierTask: fc.constantFrom('none' as const, 'open' as const, 'ended' as const),
      sentAt: number,
      postponed: fc.nat(),
      busySince: number,
      personSince: number,
      until: number,
      wait: fc.constantFrom(undefined, 'busy' as const),
      problem: text,
      said: text,
      appid: text,
      authorizer: fc.constantFrom(undefined, 'kept' as const),
      taskId: text,
      authorizeUrl: text,
      finishedAt: number,
    });
    fc.assert(
      fc.property(registration, registration, (before, after) => {
        const hash = new Map<string, string>();
        for (const step of [difference(newRegistration('a', ''), before), difference(before, after)]) {
          for (let at = 0; at < step.set.length; at += 2) hash.set(step.set[at] ?? '', step.set[at + 1] ?? '');
          for (const field of step.del) hash.delete(field);
        }
        const read = registrationFrom('a', [...hash].flat());
        expect(Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined))).toEqual(
          Object.fromEntries(Object.entries(after).filter(([, value]) => value !== undefined)),
        );
      }),
    );
  });

  test('is read with the row of the details that are sent', async () => {
    await book.load('b1', [one]);
    expect((await book.view(id)).row).toMatchObject({ line: 2, merchant: one });
    expect(await openLedger(server.redis).read('aaaaaaaaaaaaaaaa')).toBeUndefined();
  });
});

test('a row whose batch Redis has lost meanwhile has no details, instead of blank ones for which it would be refused', async () => {
  await book.load('b1', [one]);
  await server.redis.del(key('batch', 'b1'));
  const snapshot = await openBook(server.redis).ledger.read(idOf(one));
  expect(snapshot).toMatchObject({ registration: { state: 'queued' }, row: undefined });
});
