import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_PATIENCE } from '../../src/domain/patience.js';
import { type Bell, hangBell } from '../../src/redis/bell.js';
import { key } from '../../src/redis/keys.js';
import type { Reply } from '../../src/wechat/client.js';
import { followUp } from '../../src/worker/follow-up.js';
import { crewWith } from '../support/crew.js';
import { type Book, DAY_MS, idOf, jobOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();
const id = idOf(merchant(1));

let book: Book;
let bell: Bell;

beforeEach(async () => {
  bell = await hangBell(server.connect());
  book = openBook(server.redis);
  await book.load('b1', [merchant(1)]);
});
afterEach(() => bell.close());

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

/** Follows it up until it is given up, whatever pause it is to have meanwhile; answers how many searches that took. */
async function searchedAndGivenUp(errcodes: readonly number[]): Promise<number> {
  let searches = 0;
  const search = async (): Promise<Reply> => {
    const errcode = errcodes[searches++];
    if (errcode === undefined) throw new Error('it was asked about too often');
    return { kind: 'answer', errcode, said: 'said', body: { errcode } };
  };
  const crew = crewWith(server.redis, bell, { create: () => Promise.reject(new Error('it was sent twice')), search });
  for (;;) {
    const { state } = await book.registration(id);
    if (state === 'needs_review') return searches;
    expect(state).toBe('awaiting_legal_person');
    // The time passes that it, or all, have to wait; and whoever stopped the line resumes it.
    await server.redis.hdel(key('registration', id), 'until');
    await server.redis.del(key('pause'));
    await book.calls.resumeLine();
    await followUp(crew, jobOf('follow-up'), id);
  }
}
