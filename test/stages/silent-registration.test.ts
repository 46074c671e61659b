/** What a follow-up does of its own beside the search: when it asks, whom it waits for, and what it ends without asking. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { quotaDay } from '../../src/domain/calendar.js';
import { DEFAULT_PATIENCE } from '../../src/domain/patience.js';
import { key } from '../../src/redis/keys.js';
import { openWakeupChannel, type WakeupChannel } from '../../src/redis/wakeup-channel.js';
import type { Client, Reply } from '../../src/wechat/client.js';
import { fastregisterenterpriseweapp } from '../../src/wechat/fastregisterenterpriseweapp.js';
import type { WorkerContext } from '../../src/worker/context.js';
import { followUp } from '../../src/worker/follow-up.js';
import { type Book, idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';
import { contextWith, pausingWakeups } from '../support/worker-context.js';

const server = useRedis();
const id = idOf(merchant(1));

let book: Book;
let wakeupChannel: WakeupChannel;

beforeEach(async () => {
  wakeupChannel = await openWakeupChannel(server.connect());
  book = openBook(server.redis);
  await book.load('b1', [merchant(1)]);
});
afterEach(() => wakeupChannel.close());

describe('a silent registration', () => {
  const { pushWaitMs, pushRecheckMs, giveUpMs, lostRecheckMs } = DEFAULT_PATIENCE;
  const RUNNING: Reply = { kind: 'answer', errcode: 89251, said: 'legal person checking', body: {} };
  const dueAt = async () => Number(await server.redis.zscore(key('scheduled', 'follow-up'), id));
  const readyIds = () => server.redis.lrange(key('ready', 'follow-up'), 0, -1);
  let searches: number;
  let sentAt: number;

  beforeEach(() => {
    searches = 0;
  });

  async function sent(agoMs: number): Promise<void> {
    sentAt = Date.now() - agoMs;
    await book.record(id, 'create_sent', { at: sentAt, until: sentAt + lostRecheckMs });
  }

  async function accepted(agoMs = pushWaitMs + 60_000): Promise<void> {
    await sent(agoMs);
    await book.record(id, 'create_accepted', { callSentAt: sentAt, until: sentAt + pushWaitMs });
  }

  async function follow(changes: (context: WorkerContext) => Partial<WorkerContext> = () => ({}), job = 'no-job-0') {
    await server.redis.del(key('scheduled', 'follow-up'), key('ready', 'follow-up'));
    await server.redis.zadd(key('window', 'follow-up'), 1, job);
    const context = contextWith(server.redis, wakeupChannel, {
      create: () => Promise.reject(new Error('it was sent twice')),
      search: async () => {
        searches += 1;
        return RUNNING;
      },
    });
    await followUp({ ...context, ...changes(context) }, { kind: 'follow-up', name: job }, id);
    expect(await server.redis.zcard(key('window', 'follow-up'))).toBe(0);
  }

  const successor = ({ api }: WorkerContext): Partial<WorkerContext> => ({
    api: { ...fastregisterenterpriseweapp({} as Client), search: api.search },
  });

  test('is asked about once its push is overdue, and again after a pause', async () => {
    await accepted();
    await follow();
    const [, , asked, told] = await book.ledger.history(id);
    expect(asked).toMatchObject({ kind: 'search_sent', callSentAt: sentAt });
    expect(asked?.until).toBe((asked?.at ?? 0) + pushRecheckMs);
    expect(asked).not.toHaveProperty('early');
    expect(told).toMatchObject({ kind: 'task_running', callSentAt: sentAt });
    expect([searches, await readyIds()]).toEqual([1, []]);
    expect(await dueAt()).toBeGreaterThan(Date.now());
  });

  test('is asked about when its time has come by Redis’ clock, or by the time of its job', async () => {
    await accepted();
    const until = Date.now() + 60_000;
    await server.redis.hset(key('registration', id), 'until', until);
    await follow(undefined, `${id}-${until - 1}.1-0`);
    expect([searches, await dueAt()]).toEqual([0, until]);
    await follow(undefined, `${id}-${until}.1-0`);
    expect(searches).toBe(1);
  });

  test('whose task WeChat has is not asked about before its push is overdue, whatever time it has', async () => {
    await accepted(60_000);
    await server.redis.hset(key('registration', id), 'until', 1);
    await follow();
    expect([searches, await dueAt()]).toEqual([0, sentAt + pushWaitMs]);
  });

  test('that is gone is done', async () => {
    await accepted();
    await server.redis.del(key('registration', id));
    await follow();
    expect([searches, await dueAt(), await readyIds()]).toEqual([0, 0, []]);
  });

  test('whose row was purged is done', async () => {
    await accepted();
    await server.redis.del(key('rows', 'b1', 0));
    await follow();
    expect([searches, await dueAt(), await readyIds()]).toEqual([0, 0, []]);
  });

  test('that is purged before it is closed is done', async () => {
    await accepted(giveUpMs + 60_000);
    await book.record(id, 'task_running', { callSentAt: sentAt, problem: 'search:89251' });
    const purge = async () => void (await server.redis.del(key('registration', id)));
    await follow(({ memory }) => ({ memory: { ...memory, isWhole: purge } }));
    expect([searches, await dueAt(), await readyIds()]).toEqual([0, 0, []]);
  });

  test('that the API in use cannot search for is waited for until its time is up, and closed without a search', async () => {
    await accepted();
    await follow(successor);
    expect([searches, await dueAt()]).toEqual([0, sentAt + giveUpMs]);
    await follow(successor, `${id}-${sentAt + giveUpMs - 1}.1-0`);
    expect((await book.registration(id)).state).toBe('awaiting_legal_person');
    await follow(successor, `${id}-${sentAt + giveUpMs}.1-0`);
    const given = await book.registration(id);
    expect(given).toMatchObject({ state: 'needs_review', problem: 'push:overdue' });
    // WeChat has said nothing that could be shown.
    expect([given.said, searches]).toEqual([undefined, 0]);
  });

  type Permission = Awaited<ReturnType<WorkerContext['calls']['acquire']>>;

  /** What it is answered first when it asks for permission. */
  const answered = (first: unknown) => {
    const answers = [first as Permission];
    return ({ calls }: WorkerContext): Partial<WorkerContext> => ({
      calls: { ...calls, acquire: async (...args) => answers.shift() ?? calls.acquire(...args) },
    });
  };

  /** Wakeups of a worker that has nothing to wait for. */
  const waitless = () => {
    const wait = () => Promise.reject(new Error('it waited'));
    return { wakeups: { wait, subscribe: () => ({ wait, cancel() {} }), leave() {}, leaving: false } };
  };

  test('that has changed meanwhile is decided anew, at once', async () => {
    await accepted();
    const restore = () => Promise.reject(new Error('nothing was forgotten'));
    await follow((context) => ({
      ...answered({ kind: 'conflict' })(context),
      ...waitless(),
      memory: { ...context.memory, restore },
    }));
    expect(searches).toBe(1);
  });

  test('with more facts in journals is restored first, and decided anew at once', async () => {
    await accepted();
    const restored: string[] = [];
    await follow((context) => ({
      ...answered({ kind: 'forgotten' })(context),
      ...waitless(),
      memory: { ...context.memory, restore: async (it) => void restored.push(it) },
    }));
    expect([restored, searches]).toEqual([[id], 1]);
  });

  test('that is to check whether a day has calls asks that first, and is asked about at once', async () => {
    await accepted();
    const asked: string[] = [];
    const ended: unknown[] = [];
    await follow((context) => {
      const { calls } = answered({ kind: 'check', check: 7 })(context) as Pick<WorkerContext, 'calls'>;
      return {
        ...waitless(),
        calls: { ...calls, endCheck: async (...args) => void ended.push(args.slice(0, 2)) },
        readQuota: async (token) => {
          asked.push(token);
          return { kind: 'not_reported', errcode: 76021, said: '' };
        },
      };
    });
    expect([asked, ended]).toEqual([['token'], [[quotaDay(Date.now(), 'UTC').day, 7]]]);
    expect(searches).toBe(1);
  });

  test('whose permit came too late is not asked about, and may be at once', async () => {
    await accepted();
    const permits = { ask: () => ({ isExpired: () => true }) };
    // None came at first: that is no permit that came too late.
    await follow((context) => ({ ...answered({ kind: 'wait', why: 'pace', ms: 1 })(context), permits }));
    const history = await book.ledger.history(id);
    expect(history.slice(2).map(({ kind }) => kind)).toEqual(['search_sent', 'search_void']);
    const last = history.at(-1);
    expect(last).toMatchObject({ kind: 'search_void', callSentAt: sentAt, problem: 'call:permit_expired' });
    expect([searches, last?.until]).toEqual([0, last?.at]);
  });

  test('that a link was handed out for is asked about with the API that knows its task only', async () => {
    await sent(pushWaitMs + 60_000);
    await server.redis.hset(key('registration', id), 'bylink', 1);
    await book.record(id, 'create_accepted', {
      callSentAt: sentAt,
      taskId: '17',
      authorizeUrl: 'https://wx.example/17',
    });
    await follow();
    expect([searches, await dueAt()]).toEqual([0, sentAt + giveUpMs]);
    await follow(successor);
    expect(searches).toBe(1);
  });

  test('whose link was lost is sent again once its task is over, without asking', async () => {
    sentAt = Date.now() - pushWaitMs - 60_000;
    await book.record(id, 'create_sent', { at: sentAt, until: sentAt + lostRecheckMs, byLink: true });
    await follow(successor);
    expect(await book.registration(id)).toMatchObject({ state: 'queued', problem: 'link:lost' });
    expect((await book.ledger.history(id)).at(-1)).toMatchObject({ kind: 'link_lost', callSentAt: sentAt });
    expect(searches).toBe(0);
  });

  test('whose link was lost is not sent again before its task is over', async () => {
    await book.record(id, 'create_sent', { at: Date.now() - 60_000, until: 1, byLink: true });
    await follow(successor);
    const { state, sentAt: at = 0 } = await book.registration(id);
    expect([state, await dueAt()]).toEqual(['submitting', at + pushWaitMs]);
  });

  test('with a fact from another process before it is closed is decided anew', async () => {
    await accepted(giveUpMs + 60_000);
    await book.record(id, 'task_running', { callSentAt: sentAt, problem: 'search:89251' });
    const appears = async () => void (await book.record(id, 'mini_program_created', { appid: 'wxnew' }));
    await follow(({ memory }) => ({ memory: { ...memory, isWhole: appears } }));
    expect((await book.registration(id)).state).not.toBe('needs_review');
    expect((await book.ledger.history(id)).at(-1)?.kind).toBe('mini_program_created');
  });

  test('whose task was still running is closed in the end, with WeChat’s last answer', async () => {
    await accepted(giveUpMs + 60_000);
    await book.record(id, 'task_running', { callSentAt: sentAt, problem: 'search:89251' });
    await follow();
    const { state, problem, said } = await book.registration(id);
    expect([searches, state, problem, said]).toEqual([0, 'needs_review', 'push:overdue', 'search:89251']);
  });

  test.each([true, false])(
    'that has to wait for its turn is asked about then, unless the worker leaves (%s)',
    async (goesOn) => {
      await accepted();
      const waited: unknown[] = [];
      await follow((context) => ({
        ...answered({ kind: 'wait', why: 'pause', ms: 70 })(context),
        wakeups: pausingWakeups(goesOn, waited),
      }));
      expect(waited).toEqual([[70, ['line', 'token', 'quota']]]);
      expect([searches, await readyIds()]).toEqual(goesOn ? [1, []] : [0, [id]]);
    },
  );

  test('that a leaving worker has is given back at once', async () => {
    await accepted();
    const wakeups = {
      wait: async () => false,
      subscribe: () => ({ wait: async () => false, cancel() {} }),
      leave() {},
    };
    await follow(() => ({ wakeups: { ...wakeups, leaving: true } }));
    expect([searches, await readyIds()]).toEqual([0, [id]]);
  });

  test('whose answer was lost is asked about once early, and then when its push is overdue', async () => {
    await sent(lostRecheckMs + 1_000);
    await follow();
    expect((await book.ledger.history(id)).at(-2)).toMatchObject({
      kind: 'search_sent',
      callSentAt: sentAt,
      early: true,
      until: sentAt + pushWaitMs,
    });
    expect(searches).toBe(1);
  });
});
