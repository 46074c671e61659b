import { beforeEach, describe, expect, test } from 'vitest';
import { type Merchant, personOf } from '../../src/domain/merchant.js';
import { DEFAULT_PATIENCE } from '../../src/domain/patience.js';
import { key } from '../../src/redis/keys.js';
import { openWakeupChannel, type WakeupChannel } from '../../src/redis/wakeup-channel.js';
import type { Client, Reply } from '../../src/wechat/client.js';
import { fastregisterenterpriseweapp } from '../../src/wechat/fastregisterenterpriseweapp.js';
import type { WorkerContext } from '../../src/worker/context.js';
import { openSemaphore } from '../../src/worker/semaphore.js';
import { submit } from '../../src/worker/submit.js';
import { type Book, DAY_MS, idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';
import { until } from '../support/until.js';
import { contextWith, pausingWakeups } from '../support/worker-context.js';

const server = useRedis();

test('a row that was read before a slot was free is not sent if it was cancelled meanwhile', async () => {
  const book = openBook(server.redis);
  const wakeupChannel = await openWakeupChannel(server.connect());
  const answers: ((reply: Reply) => void)[] = [];
  const context = contextWith(server.redis, wakeupChannel, {
    create: () => new Promise<Reply>((answer) => answers.push(answer)),
  });
  await book.load('b1', [merchant(0), merchant(1)]);
  const [first, second] = [idOf(merchant(0)), idOf(merchant(1))];
  const withPermit = openSemaphore(1);
  const job = (id: string) => ({ kind: 'submit', name: `${id}-1-0` }) as const;

  let isRead = false;
  const read = context.ledger.read;
  const ledger = { ...context.ledger, read: (id: string) => read(id).finally(() => (isRead ||= id === second)) };
  const done = submit(context, withPermit, job(first), first);
  await until('the first is in flight', () => answers.length === 1);
  const doneToo = submit({ ...context, ledger }, withPermit, job(second), second);
  await until('the second is read', () => isRead);
  await book.ledger.record(second, { kind: 'cancel_asked', at: Date.now() });
  answers[0]?.({ kind: 'answer', errcode: 0, said: 'ok', body: {} });
  await Promise.all([done, doneToo]);

  expect(answers).toHaveLength(1);
  expect(await book.batches.counts('b1')).toEqual({ awaiting_legal_person: 1, cancelled: 1 });
  await wakeupChannel.close();
});

test('a row that was read before a slot was free is not refused if another one is sent instead meanwhile', async () => {
  const book = openBook(server.redis);
  const wakeupChannel = await openWakeupChannel(server.connect());
  const sent: Merchant[] = [];
  const context = contextWith(server.redis, wakeupChannel, {
    create: async (it) => {
      sent.push(it);
      return { kind: 'answer', errcode: 0, said: 'ok', body: {} };
    },
  });
  const id = idOf(merchant(1));
  await book.load('b1', [merchant(0), { ...merchant(1), componentPhone: '' }]);
  const needing = { ...context, api: { ...context.api, needs: { ...context.api.needs, phone: true } } };
  // The look before the slot is the one at the row without a phone.
  let looks = 0;
  const stale = await context.ledger.read(id);
  const ledger = { ...context.ledger, read: async (it: string) => (looks++ === 0 ? stale : context.ledger.read(it)) };
  await book.load('b2', [merchant(1)]);
  const job = { kind: 'submit', name: `${id}-1-0` } as const;
  await server.redis.zadd(key('window', 'submit'), 1, job.name);
  const inWindow: number[] = [];
  const current: WorkerContext['credentials']['current'] = async () => {
    inWindow.push(await server.redis.zcard(key('window', 'submit')));
    return { kind: 'token', token: 'token' };
  };
  await submit({ ...needing, ledger, credentials: { ...context.credentials, current } }, openSemaphore(1), job, id);
  // Its job stays until it is sent: the worker may be killed before that.
  expect(inWindow).toEqual([1]);

  expect(sent.map(({ componentPhone }) => componentPhone)).toEqual([merchant(1).componentPhone]);
  expect(await book.batches.counts('b2')).toEqual({ awaiting_legal_person: 1 });
  await wakeupChannel.close();
});

describe('a job', () => {
  const id = idOf(merchant(0));
  const job = { kind: 'submit', name: `${id}-1-0` } as const;
  const later = async () => Number(await server.redis.zscore(key('scheduled', 'submit'), id));
  const waiting = async () => server.redis.lrange(key('ready', 'submit'), 0, -1);
  let wakeupChannel: WakeupChannel;
  let book: Book;
  let sent: number;

  beforeEach(async () => {
    book = openBook(server.redis);
    wakeupChannel = await openWakeupChannel(server.connect());
    sent = 0;
    await book.load('b1', [merchant(0)]);
    await server.redis.del(key('ready', 'submit'));
    await server.redis.zadd(key('window', 'submit'), 1, job.name);
    return () => wakeupChannel.close();
  });

  /** A blank is no other detail: beside another row it would not be sent. */
  async function onlyRow(row: Merchant): Promise<void> {
    await book.record(id, 'cancel_asked');
    await book.load('b2', [row]);
    expect((await book.view(id)).row?.merchant).toEqual(row);
  }

  async function work(changes: (context: WorkerContext) => Partial<WorkerContext> = () => ({})): Promise<void> {
    const context = contextWith(server.redis, wakeupChannel, {
      create: async () => {
        sent += 1;
        return { kind: 'answer', errcode: 0, said: 'ok', body: {} };
      },
    });
    await submit({ ...context, ...changes(context) }, openSemaphore(1), job, id);
    expect(await server.redis.zcard(key('window', 'submit'))).toBe(0);
  }

  test.each([
    ['sheet:code_type_refused', { codeTypes: [2, 3] }, {}],
    ['sheet:phone_missing', { phone: true }, { componentPhone: '' }],
    ['sheet:wechat_missing', { legalPerson: true }, { legalPersonaWechat: '' }],
    ['sheet:persona_missing', { legalPerson: true }, { legalPersonaName: '' }],
  ] as const)(
    'whose row the API cannot take (%s) sends nothing, and says what is missing',
    async (problem, needs, details) => {
      await onlyRow({ ...merchant(0), ...details });
      const needsNothing = { codeTypes: [1, 2, 3], phone: false, legalPerson: false } as const;
      await work(({ api }) => ({ api: { ...api, needs: { ...needsNothing, ...needs } } }));
      expect(await book.registration(id)).toMatchObject({ state: 'invalid', problem, attempt: 0 });
      expect(sent).toBe(0);
      expect(await server.redis.keys(key('calls', '*'))).toEqual([]);
    },
  );

  test('of a row with blanks that the API does not need is sent', async () => {
    const blank = { componentPhone: '', legalPersonaWechat: '', legalPersonaName: '' };
    await onlyRow({ ...merchant(0), ...blank });
    await work(({ api }) => ({ api: { ...api, needs: { codeTypes: [1], phone: false, legalPerson: false } } }));
    expect(sent).toBe(1);
  });

  test('that comes before its time is given back for that time', async () => {
    const until = Date.now() + 60_000;
    await book.record(id, 'create_held', { until, wait: 'person' });
    await server.redis.del(key('scheduled', 'submit'));
    await work();
    expect([sent, await later()]).toEqual([0, until]);
    expect((await book.registration(id)).state).toBe('deferred');
  });

  test('that comes at its time is sent, by the clock of Redis or the time that it was handed out for', async () => {
    const until = Date.now() + 60_000;
    await book.record(id, 'create_held', { until, wait: 'person' });
    const early = { kind: 'submit', name: `${id}-${until - 1}.1-0` } as const;
    const due = { kind: 'submit', name: `${id}-${until}.1-0` } as const;
    const context = contextWith(server.redis, wakeupChannel, {
      create: async () => ({ kind: 'answer', errcode: 0, said: '', body: {} }),
    });
    await submit(context, openSemaphore(1), early, id);
    expect((await book.registration(id)).state).toBe('deferred');
    await submit(context, openSemaphore(1), due, id);
    expect((await book.registration(id)).state).toBe('awaiting_legal_person');
  });

  test.each(['mini_program_created', 'cancel_asked'] as const)(
    'whose registration is over (%s) is done',
    async (kind) => {
      await book.record(id, kind, kind === 'cancel_asked' ? {} : { appid: 'wxnew' });
      await work();
      expect([sent, await later(), await waiting()]).toEqual([0, 0, []]);
    },
  );

  test('that a worker has when it leaves is given back at once', async () => {
    await work(({ credentials }) => ({
      credentials: { ...credentials, current: async () => ({ kind: 'wait', why: 'ticket', ms: 5 }) as never },
      wakeups: {
        wait: async () => false,
        subscribe: () => ({ wait: async () => false, cancel() {} }),
        leave() {},
        leaving: true,
      },
    }));
    expect([sent, await waiting()]).toEqual([0, [id]]);
    expect(await book.registration(id)).toMatchObject({ state: 'queued', attempt: 0 });
  });

  test('of a Weixin ID without a try today is put off to the next day', async () => {
    const person = personOf(merchant(0).legalPersonaWechat);
    const today = new Date().toISOString().slice(0, 10);
    await server.redis.hset(key('tries', today), person, 5);
    await work();
    const midnight = Date.parse(`${today}T00:00:00Z`) + DAY_MS;
    expect(await book.registration(id)).toMatchObject({ state: 'deferred', wait: 'person', until: midnight });
    expect(sent).toBe(0);
  });

  test('is sent with all that is known of the call before it is made', async () => {
    const { lostRecheckMs, pushWaitMs } = DEFAULT_PATIENCE;
    await work(() => ({ now: () => 5_000, clockAheadMs: () => 3_000 }));
    const history = await book.ledger.history(id);
    expect(history[0]).toMatchObject({
      kind: 'create_sent',
      at: 5_000,
      until: 5_000 + lostRecheckMs,
      clockAheadMs: 3_000,
    });
    expect(history[0]).not.toHaveProperty('byLink');

    const other = idOf(merchant(1));
    await book.load('b2', [merchant(1)]);
    const successor = fastregisterenterpriseweapp({} as Client);
    const context = contextWith(server.redis, wakeupChannel, { create: async () => ({ kind: 'lost', why: 'cut' }) });
    const api = { ...successor, create: context.api.create };
    await submit(
      { ...context, api, now: () => 5_000 },
      openSemaphore(1),
      { kind: 'submit', name: `${other}-1-0` },
      other,
    );
    const [first] = await book.ledger.history(other);
    expect(first).toMatchObject({ byLink: true, until: 5_000 + pushWaitMs });
    expect(first).not.toHaveProperty('clockAheadMs');
  });

  test('that the journal does not take is not sent, and its call is given back', async () => {
    await work(({ memory }) => ({ memory: { ...memory, write: async () => false } }));
    expect(sent).toBe(0);
    expect(await book.registration(id)).toMatchObject({ state: 'queued', attempt: 0, problem: 'call:no_journal' });
    const [calls] = (await server.redis.keys(key('calls', '*'))) as [string];
    expect(await server.redis.hget(calls, 'create')).toBe('0');
    expect(await server.redis.exists(key('pause'))).toBe(0);
  });

  test('is given back, and no permit is acquired, while the journal takes nothing', async () => {
    await work(({ memory }) => ({ memory: { ...memory, canWrite: () => false } }));
    expect(sent).toBe(0);
    expect(await book.ledger.history(id)).toEqual([]);
    expect(await server.redis.lrange(key('ready', 'submit'), 0, -1)).toContain(id);
  });

  test('that the journal does not take says nothing about the fault of a line that it tries', async () => {
    const line = { state: 'half_open', problem: 'create:61004', because: 'IP', at: 1 };
    await server.redis.hset(key('line'), line);
    await work(({ memory }) => ({ memory: { ...memory, write: async () => false } }));
    expect(sent).toBe(0);
    expect(await server.redis.hgetall(key('line'))).toEqual({ ...line, at: '1' });
  });

  test('that Redis does not confirm is not sent, and its call and its try are given back', async () => {
    await work(() => ({ confirm: async () => false }));
    expect(sent).toBe(0);
    expect((await book.ledger.history(id)).at(-1)).toMatchObject({
      kind: 'create_void',
      problem: 'call:not_confirmed',
    });
    expect(await book.registration(id)).toMatchObject({ attempt: 0, task: 'none' });
    const [calls] = (await server.redis.keys(key('calls', '*'))) as [string];
    expect(await server.redis.hget(calls, 'create')).toBe('0');
    const [tries] = (await server.redis.keys(key('tries', '*'))) as [string];
    expect(Object.values(await server.redis.hgetall(tries))).toEqual(['0']);
  });

  test('is in the journal, as the history has it, before it is sent', async () => {
    const journal: unknown[] = [];
    await work(({ memory }) => ({
      memory: {
        ...memory,
        async write(entry) {
          journal.push([sent, entry]);
          return true;
        },
      },
    }));
    const day = new Date().toISOString().slice(0, 10);
    const [entry] = await book.ledger.history(id);
    if (entry === undefined) throw new Error('the history has nothing');
    const { to, writeId, ...fact } = entry;
    expect(to).toBe('submitting');
    expect(journal[0]).toEqual([0, { registration: id, writeId, fact, day }]);
    expect(sent).toBe(1);
  });

  test('whose registration is gone is done', async () => {
    await server.redis.del(key('registration', id));
    await work();
    expect([sent, await later(), await waiting()]).toEqual([0, 0, []]);
  });

  describe('that gets no permission', () => {
    type Permission = Awaited<ReturnType<WorkerContext['calls']['acquire']>>;

    /** What it is answered first, and what else it does until it is sent. */
    async function decided(first: unknown, changes: (context: WorkerContext) => Partial<WorkerContext> = () => ({})) {
      const answers = [first as Permission];
      const done: unknown[] = [];
      await work((context) => ({
        calls: {
          ...context.calls,
          acquire: async (...args) => answers.shift() ?? context.calls.acquire(...args),
          answeredFirst: async (...args) => void done.push(['answered', ...args]),
        },
        memory: { ...context.memory, restore: async (it) => void done.push(['restored', it]) },
        ...changes(context),
      }));
      return done;
    }

    const pausing = (goesOn: boolean, waited: unknown[]) => () => ({ wakeups: pausingWakeups(goesOn, waited) });

    test('because it has changed is decided anew', async () => {
      expect(await decided({ kind: 'conflict' })).toEqual([]);
      expect(sent).toBe(1);
    });

    test('because Redis has forgotten what journals know of it is restored first', async () => {
      expect(await decided({ kind: 'forgotten' })).toEqual([['restored', id]]);
      expect(sent).toBe(1);
    });

    test.each([
      [{ kind: 'not_reported', errcode: 76021, said: '' }, [true, '']],
      [{ kind: 'lost', why: 'HTTP 502' }, [false, 'HTTP 502']],
      [{ kind: 'page', taken: 'no', why: 'HTTP 302' }, [false, 'HTTP 302']],
    ] as const)('before a harmless question was answered asks it, and says what came: %j', async (reading, told) => {
      const question = { kind: 'wait', why: 'question', ms: 0 };
      const asked = await decided(question, () => ({ readQuota: async () => reading as never }));
      expect(asked).toEqual([['answered', ...told]]);
      expect(sent).toBe(1);
    });

    test('for a time waits, and is sent then', async () => {
      const waited: unknown[] = [];
      await decided({ kind: 'wait', why: 'pause', ms: 70 }, pausing(true, waited));
      expect([waited, sent]).toEqual([[[70, ['line', 'token', 'quota']]], 1]);
    });

    test('for a time in which the worker leaves is given back at once', async () => {
      await decided({ kind: 'wait', why: 'pause', ms: 70 }, pausing(false, []));
      expect([sent, await waiting()]).toEqual([0, [id]]);
    });
  });
});
