import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { quotaDay } from '../../src/domain/calendar.js';
import { DEFAULT_PATIENCE } from '../../src/domain/patience.js';
import { key } from '../../src/redis/keys.js';
import { openWakeupChannel, type WakeupChannel } from '../../src/redis/wakeup-channel.js';
import type { Client, Reply } from '../../src/wechat/client.js';
import { fastregisterenterpriseweapp } from '../../src/wechat/fastregisterenterpriseweapp.js';
import type { WorkerContext } from '../../src/worker/context.js';
import { followUp } from '../../src/worker/follow-up.js';
import { submit } from '../../src/worker/submit.js';
import { type Book, DAY_MS, idOf, jobOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';
import { until } from '../support/until.js';
import { contextWith } from '../support/worker-context.js';

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

describe('what was sent before workers were off for longer than we wait', () => {
  beforeEach(async () => {
    const at = Date.now() - 4 * DAY_MS;
    await book.record(id, 'create_sent', { at, until: at + DEFAULT_PATIENCE.pushWaitMs });
    await book.record(id, 'create_accepted', { callSentAt: at });
  });

  test.each([40001, 40014, 42001, 45011, 61004, -1, 4711])(
    'is not given up because its first search was answered %i, but once the next one has told of it',
    async (errcode) => {
      expect(await searchedAndGivenUp([errcode, 89250])).toBe(2);
      expect(await book.registration(id)).toMatchObject({ problem: 'push:overdue', said: 'search:89250 said' });
    },
  );

  test.each([-1, 89247, 4711])('is given up in the end where WeChat answers each search %i', async (errcode) => {
    expect(await searchedAndGivenUp(Array(20).fill(errcode))).toBe(DEFAULT_PATIENCE.retryLimit);
    expect((await book.registration(id)).said).toBe(`search:${errcode} said`);
  });

  test('is given up without a further call where it was told of, and the door is closed now', async () => {
    const { sentAt = 0 } = await book.registration(id);
    await book.record(id, 'task_unclear', { callSentAt: sentAt, problem: 'search:89250' });
    await book.record(id, 'search_void', { callSentAt: sentAt, problem: 'search:40001' });
    expect(await searchedAndGivenUp([])).toBe(0);
  });
});

test('a second attempt is not given up on what was searched for the first one', async () => {
  const [first, second] = [Date.now() - 20 * DAY_MS, Date.now() - 4 * DAY_MS];
  await book.record(id, 'create_sent', { at: first, until: first + DEFAULT_PATIENCE.pushWaitMs });
  await book.record(id, 'task_unclear', { callSentAt: first, problem: 'search:89250' });
  await book.record(id, 'push_overdue', { callSentAt: first });
  await book.record(id, 'retry_asked');
  await book.record(id, 'create_sent', { at: second, until: second + DEFAULT_PATIENCE.pushWaitMs });
  await book.record(id, 'create_accepted', { callSentAt: second });
  expect(await searchedAndGivenUp([89250])).toBe(1);
});

test.each([
  ['was pushed for', async () => void (await book.record(id, 'mini_program_created', { appid: 'wxnew' }))],
  ['was given up', async () => void (await book.record(id, 'push_overdue', {}))],
  ['waits to be sent again', async () => void (await book.record(id, 'create_postponed', { until: 1, wait: 'again' }))],
])('a job about a registration that %s meanwhile asks nobody anything, and is done', async (_, happens) => {
  await book.take(id);
  await happens();
  const before = await book.ledger.history(id);
  const nobody = () => Promise.reject(new Error('WeChat is not to be asked'));
  await server.redis.zadd(key('window', 'follow-up'), 1, 'no-job-0');
  await followUp(contextWith(server.redis, wakeupChannel, { create: nobody, search: nobody }), jobOf('follow-up'), id);
  expect(await book.ledger.history(id)).toEqual(before);
  expect(await book.workload.inHand('follow-up')).toBe(0);
});

describe('a create whose answer does not come', () => {
  const { lostRecheckMs, pushWaitMs, giveUpMs } = DEFAULT_PATIENCE;
  const nobody = () => Promise.reject(new Error('WeChat is not to be asked'));
  const dueAt = async () => Number(await server.redis.zscore(key('scheduled', 'follow-up'), id));
  const job = jobOf('submit');

  async function send(answer: Reply | undefined): Promise<number> {
    const create = () => (answer === undefined ? new Promise<Reply>(() => {}) : Promise.resolve(answer));
    const sending = submit(contextWith(server.redis, wakeupChannel, { create }), (make) => make(), job, id);
    if (answer !== undefined) await sending;
    await until('it is sent', async () => (await book.registration(id)).attempt === 1);
    return (await book.registration(id)).sentAt ?? 0;
  }

  test.each([
    ['and its worker died in the call', undefined],
    ['because the connection was cut', { kind: 'lost', why: 'the connection was cut' } as const],
  ])('is followed up early, %s', async (_, answer) => {
    const sentAt = await send(answer);
    expect(await dueAt()).toBe(sentAt + lostRecheckMs);
    // A job that comes too early is no reason to ask.
    await followUp(
      contextWith(server.redis, wakeupChannel, { create: nobody, search: nobody }),
      jobOf('follow-up'),
      id,
    );
    expect((await book.registration(id)).state).toBe('submitting');
  });

  test('is followed up when the push is overdue where WeChat has accepted it', async () => {
    const accepted = await send({ kind: 'answer', errcode: 0, said: 'ok', body: {} });
    expect(await dueAt()).toBe(accepted + pushWaitMs);
  });

  test('and was none leaves nothing to follow up', async () => {
    await send({ kind: 'answer', errcode: 89247, said: 'inner error', body: {} });
    expect(await server.redis.zcard(key('scheduled', 'follow-up'))).toBe(0);
  });

  test('is searched for early with calls that no create may use', async () => {
    await send({ kind: 'lost', why: 'the connection was cut' });
    await server.redis.hset(key('registration', id), 'until', 1);
    const search = async (): Promise<Reply> => ({ kind: 'answer', errcode: 89251, said: 'said', body: {} });
    // One create has used all that is not kept for searches.
    const limits = { perDay: 2, searchShare: 0.5 };
    await followUp(
      contextWith(server.redis, wakeupChannel, { create: nobody, search, limits }),
      jobOf('follow-up'),
      id,
    );
    expect((await book.registration(id)).state).toBe('awaiting_legal_person');
    const day = quotaDay(Date.now(), 'UTC').day;
    expect(await book.calls.ofDay(day)).toMatchObject({ create: 1, search: 1 });
  });

  test('is not given up for an early search that found nothing: WeChat is asked once more', async () => {
    const sentAt = Date.now() - giveUpMs - 1;
    await book.record(id, 'create_sent', { at: sentAt, until: sentAt + lostRecheckMs });
    const early = { callSentAt: sentAt, early: true, until: sentAt + pushWaitMs };
    await book.record(id, 'task_unclear', { ...early, at: sentAt + lostRecheckMs, problem: 'search:89250' });
    expect(await searchedAndGivenUp([89250])).toBe(1);
  });
});

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

  test('is asked about when its time has come by the clock of Redis, or by that of its job', async () => {
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

  test('that is purged while it is to be given up is done', async () => {
    await accepted(giveUpMs + 60_000);
    await book.record(id, 'task_running', { callSentAt: sentAt, problem: 'search:89251' });
    const purge = async () => void (await server.redis.del(key('registration', id)));
    await follow(({ memory }) => ({ memory: { ...memory, isWhole: purge } }));
    expect([searches, await dueAt(), await readyIds()]).toEqual([0, 0, []]);
  });

  test('of which the API in use can ask nothing is waited for until it is given up, and then without asking', async () => {
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

  test('of which journals know more is restored first, and decided anew at once', async () => {
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
          return { kind: 'untold', errcode: 76021, said: '' };
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

  test('that another process learns of while it is to be given up is decided anew', async () => {
    await accepted(giveUpMs + 60_000);
    await book.record(id, 'task_running', { callSentAt: sentAt, problem: 'search:89251' });
    const appears = async () => void (await book.record(id, 'mini_program_created', { appid: 'wxnew' }));
    await follow(({ memory }) => ({ memory: { ...memory, isWhole: appears } }));
    expect((await book.registration(id)).state).not.toBe('needs_review');
    expect((await book.ledger.history(id)).at(-1)?.kind).toBe('mini_program_created');
  });

  test('whose task was running still is given up in the end, with WeChat’s last answer', async () => {
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
        wakeups: {
          wait: async (...args: unknown[]) => {
            waited.push(args);
            return goesOn;
          },
          subscribe: () => ({ wait: async () => true, cancel() {} }),
          leave() {},
          leaving: false,
        },
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

/** Follows it up until it is given up, whatever pause it is to have meanwhile; answers how many searches that took. */
async function searchedAndGivenUp(errcodes: readonly number[]): Promise<number> {
  let searches = 0;
  const search = async (): Promise<Reply> => {
    const errcode = errcodes[searches++];
    if (errcode === undefined) throw new Error('it was asked about too often');
    return { kind: 'answer', errcode, said: 'said', body: { errcode } };
  };
  const context = contextWith(server.redis, wakeupChannel, {
    create: () => Promise.reject(new Error('it was sent twice')),
    search,
  });
  for (;;) {
    const { state } = await book.registration(id);
    if (state === 'needs_review') return searches;
    expect(['submitting', 'awaiting_legal_person']).toContain(state);
    // The time passes that it, or all, have to wait; and whoever stopped the line resumes it.
    await server.redis.hdel(key('registration', id), 'until');
    await server.redis.del(key('pause'));
    await book.calls.resumeLine();
    await followUp(context, jobOf('follow-up'), id);
  }
}
