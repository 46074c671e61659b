import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { quotaDay } from '../../src/domain/calendar.js';
import { DEFAULT_PATIENCE } from '../../src/domain/patience.js';
import { key } from '../../src/redis/keys.js';
import { openWakeupChannel, type WakeupChannel } from '../../src/redis/wakeup-channel.js';
import type { Reply } from '../../src/wechat/client.js';
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
    'is not closed because its first search was answered %i, but once the next search has reported its end',
    async (errcode) => {
      expect(await searchedAndGivenUp([errcode, 89250])).toBe(2);
      expect(await book.registration(id)).toMatchObject({ problem: 'push:overdue', said: 'search:89250 said' });
    },
  );

  test.each([-1, 89247, 4711])(
    'is closed without a result in the end if WeChat answers each search %i',
    async (errcode) => {
      expect(await searchedAndGivenUp(Array(20).fill(errcode))).toBe(DEFAULT_PATIENCE.retryLimit);
      expect((await book.registration(id)).said).toBe(`search:${errcode} said`);
    },
  );

  test.each<Exclude<Reply, { kind: 'answer' }>>([
    { kind: 'lost', why: 'HTTP 502' },
    { kind: 'page', taken: 'no', why: 'HTTP 403' },
    { kind: 'page', taken: 'unknown', why: 'HTTP 200 and no JSON (text/html)' },
  ])('is closed without a result in the end if each search brings no answer: $why', async (reply) => {
    expect(await searchedAndGivenUp(Array(20).fill(reply))).toBe(DEFAULT_PATIENCE.retryLimit);
    expect(await book.registration(id)).toMatchObject({
      problem: 'push:overdue',
      said: expect.stringContaining(reply.why),
    });
  });

  test('is not closed because calls could not be made', async () => {
    const notSent: Reply = { kind: 'not_sent', why: 'ECONNREFUSED' };
    expect(await searchedAndGivenUp([...Array(10).fill(notSent), 89250])).toBe(11);
  });

  test('is closed without a further call if a search has reported it, and calls are refused now', async () => {
    const { sentAt = 0 } = await book.registration(id);
    await book.record(id, 'task_unclear', { callSentAt: sentAt, problem: 'search:89250' });
    await book.record(id, 'search_void', { callSentAt: sentAt, problem: 'search:40001' });
    expect(await searchedAndGivenUp([])).toBe(0);
  });
});

test('a second attempt is not closed because of searches for the first one', async () => {
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

  test('is not closed because an early search found nothing: WeChat is asked once more', async () => {
    const sentAt = Date.now() - giveUpMs - 1;
    await book.record(id, 'create_sent', { at: sentAt, until: sentAt + lostRecheckMs });
    const early = { callSentAt: sentAt, early: true, until: sentAt + pushWaitMs };
    await book.record(id, 'task_unclear', { ...early, at: sentAt + lostRecheckMs, problem: 'search:89250' });
    expect(await searchedAndGivenUp([89250])).toBe(1);
  });
});

/** Follows it up until it is given up, whatever pause it is to have meanwhile; answers how many searches that took. */
async function searchedAndGivenUp(answers: readonly (number | Reply)[]): Promise<number> {
  let searches = 0;
  const search = async (): Promise<Reply> => {
    const answer = answers[searches++];
    if (answer === undefined) throw new Error('it was asked about too often');
    return typeof answer === 'number'
      ? { kind: 'answer', errcode: answer, said: 'said', body: { errcode: answer } }
      : answer;
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
