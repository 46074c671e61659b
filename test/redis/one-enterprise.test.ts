/** One enterprise, one Mini Program: whatever sheets, batches and details name it. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Registration } from '../../src/domain/registration.js';
import type { Relation } from '../../src/domain/row.js';
import { key } from '../../src/redis/keys.js';
import { openPurging } from '../../src/redis/ledger/purging.js';
import { ACCEPT_RULES, acceptedRow, type Book, DAY_MS, idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { losingAnswers, useRedis } from '../support/redis.js';

const server = useRedis();
let book: Book;
beforeEach(() => {
  book = openBook(server.redis);
});

const first = merchant(1);
/** The same enterprise, corrected. */
const corrected = { ...first, legalPersonaWechat: 'weixin_other', legalPersonaName: '另一人' };
const third = { ...first, legalPersonaWechat: 'weixin_third' };
const id = idOf(first);

async function relations(batch: string): Promise<Relation[]> {
  return (await book.rows(batch)).map(({ relation }) => relation);
}

async function allCounts(...batches: string[]): Promise<unknown[]> {
  for (const batch of batches) expect(await book.batches.counts(batch)).toEqual(await book.recount(batch));
  return Promise.all(batches.map((batch) => book.batches.counts(batch)));
}

async function sentDetails(): Promise<string | undefined> {
  return (await book.view(id)).row?.merchant?.legalPersonaWechat;
}

const ready = () => server.redis.lrange(key('ready', 'submit'), 0, -1);
const callSentAt = async (): Promise<number> => (await book.registration(id)).sentAt ?? 0;

describe('one more Mini Program, asked for with --again', () => {
  async function createAgain(batch: string, appid: string): Promise<void> {
    const opened = await book.open(batch);
    await book.batches.accept(opened, 0, [acceptedRow(first, 0)], { ...ACCEPT_RULES, again: true });
    await book.batches.complete(batch);
    await book.send(id);
    await book.record(id, 'mini_program_created', { appid });
  }

  test('may be the third one: each row keeps its own, and the enterprise knows all', async () => {
    await book.load('b1', [first]);
    await book.send(id);
    await book.record(id, 'mini_program_created', { appid: 'wx1' });
    await createAgain('b2', 'wx2');
    await createAgain('b3', 'wx3');
    expect(await book.registration(id)).toMatchObject({ appid: 'wx3', earlierAppids: ['wx1', 'wx2'] });
    const shown = await Promise.all(['b1', 'b2', 'b3'].map(async (batch) => (await book.rows(batch))[0]?.registration));
    expect(shown.map((it) => [it?.state, it?.appid])).toEqual(['wx1', 'wx2', 'wx3'].map((appid) => ['created', appid]));
    for (const appid of ['wx1', 'wx2', 'wx3']) expect(await book.ledger.ofAppid(appid)).toBe(id);
    expect(await allCounts('b1', 'b2', 'b3')).toEqual([{ created: 1 }, { created: 1 }, { created: 1 }]);
  });

  test('leaves nothing of a batch whose rows were purged', async () => {
    await book.load('b1', [first]);
    await book.send(id);
    await book.record(id, 'mini_program_created', { appid: 'wx1' });
    const purged = [key('rows', 'b1', 0), key('counts', 'b1'), key('keptOutcomes', 'b1')];
    await server.redis.del(...purged);
    await createAgain('b2', 'wx2');
    expect(await server.redis.exists(...purged)).toBe(0);
    expect(await book.registration(id)).toMatchObject({ appid: 'wx2', earlierAppids: ['wx1'] });
  });
});

describe('a row with other details, of a registration that is not sent yet', () => {
  test('replaces it: the older row is cancelled and names the newer row, and one create will be sent', async () => {
    await book.load('b1', [merchant(9), first]);
    await book.load('b2', [corrected]);
    expect(await relations('b1')).toMatchObject([{ kind: 'registered' }, { kind: 'replaced', id, by: 'b2/0' }]);
    expect(await allCounts('b1', 'b2')).toEqual([{ queued: 1, cancelled: 1 }, { queued: 1 }]);
    expect(await sentDetails()).toBe('weixin_other');
    expect(await ready()).toEqual([idOf(merchant(9)), id]);
  });

  test('replaces all rows that have joined it', async () => {
    for (const batch of ['b1', 'b1-too', 'b1-three']) await book.load(batch, [first]);
    await book.load('b2', [corrected]);
    const replaced = { cancelled: 1 };
    expect(await allCounts('b1', 'b1-too', 'b1-three', 'b2')).toEqual([replaced, replaced, replaced, { queued: 1 }]);
    await book.send(id);
    await book.record(id, 'mini_program_created', { appid: 'wx1' });
    expect(await allCounts('b1', 'b2')).toEqual([replaced, { created: 1 }]);
  });

  test('replaces a row that waits for another try, and is sent at once', async () => {
    await book.load('b1', [first]);
    await book.take(id);
    const until = Date.now() + DAY_MS;
    await book.record(id, 'create_postponed', { callSentAt: await callSentAt(), wait: 'again', until });
    expect(await ready()).toEqual([id]);
    await server.redis.del(key('ready', 'submit'));
    await book.load('b2', [corrected]);
    expect(await allCounts('b1', 'b2')).toEqual([{ cancelled: 1 }, { queued: 1 }]);
    expect(await relations('b1')).toEqual([{ kind: 'replaced', id, by: 'b2/0', attempts: 1 }]);
    expect(await ready()).toEqual([id]);
    expect(await server.redis.zcard(key('scheduled', 'submit'))).toBe(0);
    // It can still be withdrawn, and then both are.
    await book.record(id, 'cancel_asked');
    expect(await allCounts('b1', 'b2')).toEqual([{ cancelled: 1 }, { cancelled: 1 }]);
  });

  test('is not replaced by a row that only repeats it', async () => {
    await book.load('b1', [first]);
    await book.load('b2', [first]);
    expect(await allCounts('b1', 'b2')).toEqual([{ queued: 1 }, { queued: 1 }]);
    expect(await ready()).toEqual([id]);
  });
});

describe('a row with other details, while a task may be running', () => {
  const waits = { 'deferred/enterprise': 1 };

  async function running(): Promise<void> {
    await book.load('b1', [first]);
    await book.send(id);
    await server.redis.del(key('ready', 'submit'));
    await book.load('b2', [corrected]);
  }

  test('waits, and is not sent', async () => {
    await running();
    expect(await relations('b2')).toEqual([{ kind: 'waits', id }]);
    expect(await allCounts('b1', 'b2')).toEqual([{ awaiting_legal_person: 1 }, waits]);
    expect(await ready()).toEqual([]);
    expect(await sentDetails()).toBe(first.legalPersonaWechat);
  });

  test('is already_created with the appid when that one was created', async () => {
    await running();
    await book.record(id, 'mini_program_created', { appid: 'wx1' });
    expect(await relations('b2')).toEqual([{ kind: 'already_created', id, appid: 'wx1' }]);
    expect(await allCounts('b1', 'b2')).toEqual([{ created: 1 }, { already_created: 1 }]);
    expect(await ready()).toEqual([]);
  });

  test('is sent by itself when the running task has failed, whose row keeps its outcome', async () => {
    await running();
    await book.record(id, 'registration_refused', { problem: 'push:103', said: 'name differs' });
    expect(await allCounts('b1', 'b2')).toEqual([{ rejected: 1 }, { queued: 1 }]);
    expect(await ready()).toEqual([id]);
    expect(await sentDetails()).toBe('weixin_other');
    const kinds = (await book.ledger.history(id)).map(({ kind, to, rows }) => [kind, to, rows]);
    expect(kinds.slice(-2)).toEqual([
      ['registration_refused', 'rejected', undefined],
      ['row_accepted', 'queued', 'begins'],
    ]);
    await book.send(id);
    await book.record(id, 'mini_program_created', { appid: 'wx2' });
    expect(await allCounts('b1', 'b2')).toEqual([{ rejected: 1 }, { created: 1 }]);
    const [old] = await book.rows('b1');
    expect(old?.registration).toMatchObject({ state: 'rejected', problem: 'push:103', said: 'name differs' });
  });

  test('is sent instead of it when nothing was begun, and the older row is cancelled', async () => {
    await running();
    await book.record(id, 'create_sent');
    await book.load('b0', [merchant(5)]);
    const other = idOf(merchant(5));
    await book.take(other);
    await book.load('b3', [{ ...merchant(5), legalPersonaWechat: 'weixin_other' }]);
    const { sentAt = 0 } = await book.registration(other);
    await book.record(other, 'create_void', { callSentAt: sentAt });
    expect(await allCounts('b0', 'b3')).toEqual([{ cancelled: 1 }, { queued: 1 }]);
    expect(await relations('b0')).toEqual([{ kind: 'replaced', id: other, by: 'b3/0', attempts: 1 }]);
  });

  test('needs a review like that task’s row if its end is unknown, and goes on with later facts', async () => {
    await running();
    await book.record(id, 'push_overdue', { callSentAt: await callSentAt(), problem: 'push:overdue' });
    expect(await allCounts('b1', 'b2')).toEqual([{ needs_review: 1 }, { needs_review: 1 }]);
    await book.record(id, 'registration_refused', { problem: 'push:103' });
    expect(await allCounts('b1', 'b2')).toEqual([{ rejected: 1 }, { queued: 1 }]);
  });

  test('is what an operator’s retry sends if the end of that task is unknown', async () => {
    await running();
    await book.record(id, 'push_overdue', { callSentAt: await callSentAt() });
    await book.record(id, 'retry_asked');
    expect(await sentDetails()).toBe('weixin_other');
    // The first row was sent, so it was not withdrawn.
    expect(await allCounts('b1', 'b2')).toEqual([{ needs_review: 1 }, { queued: 1 }]);
    expect(await ready()).toEqual([id]);
  });

  test('replaces another waiting row, and takes along the rows that wait with it', async () => {
    await running();
    await book.load('b3', [third]);
    await book.load('b4', [third]);
    await book.load('b5', [first]);
    expect(await allCounts('b2', 'b3', 'b4', 'b5')).toEqual([
      { cancelled: 1 },
      waits,
      waits,
      { awaiting_legal_person: 1 },
    ]);
    expect(await relations('b2')).toEqual([{ kind: 'replaced', id, by: 'b3/0' }]);
    await book.record(id, 'legal_person_timed_out', { problem: 'push:100003' });
    expect(await allCounts('b1', 'b3', 'b4', 'b5')).toEqual([
      { expired: 1 },
      { queued: 1 },
      { queued: 1 },
      { expired: 1 },
    ]);
    expect(await sentDetails()).toBe('weixin_third');
  });

  test('can be withdrawn while it waits, and the running task stays as it is', async () => {
    await running();
    await book.record(id, 'cancel_asked', { row: 'b2/0' });
    expect(await allCounts('b1', 'b2')).toEqual([{ awaiting_legal_person: 1 }, { cancelled: 1 }]);
    expect(await relations('b2')).toEqual([{ kind: 'replaced', id }]);
    await book.record(id, 'registration_refused', { problem: 'push:103' });
    expect(await ready()).toEqual([]);
  });

  test('waits once although its command was sent twice', async () => {
    await book.load('b1', [first]);
    await book.send(id);
    await openBook(losingAnswers(server.redis)).load('b2', [corrected, merchant(7)]);
    expect(await allCounts('b2')).toEqual([{ ...waits, queued: 1 }]);
    expect((await book.registration(id)).waitingRows).toEqual(['b2/0']);
  });
});

test('a retry of an unknown outcome that is taken back before it is sent leaves the outcome unknown', async () => {
  await book.load('b1', [first]);
  await book.take(id);
  await book.record(id, 'push_overdue', { problem: 'push:overdue' });
  await book.record(id, 'retry_asked');
  await book.record(id, 'cancel_asked');
  await book.load('b2', [first]);
  await book.load('b3', [corrected]);
  expect(await allCounts('b1', 'b2', 'b3')).toEqual([{ needs_review: 1 }, { needs_review: 1 }, { needs_review: 1 }]);
});

test('a retry of an unknown outcome whose details the API cannot take leaves the outcome unknown', async () => {
  await book.load('b1', [first]);
  await book.take(id);
  await book.record(id, 'push_overdue', { problem: 'push:overdue' });
  await book.record(id, 'retry_asked');
  await book.record(id, 'row_refused', { problem: 'sheet:code_type_refused', aboutRow: 'b1/0' });
  await book.load('b2', [first]);
  expect(await allCounts('b1', 'b2')).toEqual([{ needs_review: 1 }, { needs_review: 1 }]);
});

test('a failure of the task before is known of a merchant that waits to be sent again', async () => {
  await book.load('b1', [first]);
  await book.take(id);
  await book.record(id, 'push_overdue', { problem: 'push:overdue' });
  await book.load('b2', [corrected]);
  await book.record(id, 'retry_asked');
  await book.record(id, 'registration_refused', { problem: 'push:105', until: Date.now() + DAY_MS, aboutRow: 'b1/0' });
  expect(await book.registration(id)).toMatchObject({ state: 'queued', row: 'b2/0', task: 'ended', until: undefined });
  await book.record(id, 'cancel_asked');
  expect((await book.registration(id)).state).toBe('cancelled');
});

describe('a row that meets the task of an earlier row, whose answer was not understood', () => {
  beforeEach(async () => {
    await book.load('b1', [first]);
    await book.take(id);
    await book.record(id, 'answer_unknown', { callSentAt: await callSentAt(), problem: 'create:4711' });
    await book.load('b2', [corrected]);
    await book.record(id, 'retry_asked');
    await book.take(id);
    const busy = { wait: 'busy', problem: 'create:89249', tasksOverBefore: Date.now() - DAY_MS } as const;
    await book.record(id, 'create_busy', { callSentAt: await callSentAt(), until: Date.now() + DAY_MS, ...busy });
    expect((await book.registration(id)).state).toBe('awaiting_legal_person');
  });

  test.each([
    ['legal_person_timed_out', 'push:100003'],
    ['registration_refused', 'push:103'],
  ] as const)('is sent when that task ends with %s', async (kind, problem) => {
    await book.record(id, kind, { problem, aboutRow: 'b1/0', pushedAt: Date.now() + 1_000 });
    expect(await allCounts('b1', 'b2')).toEqual([{ needs_review: 1 }, { queued: 1 }]);
    expect(await sentDetails()).toBe('weixin_other');
    expect((await book.registration(id)).earlierTask).toBe('ended');
    expect((await book.take(id)).kind).toBe('go');
    // The push comes twice.
    await book.record(id, kind, { problem, aboutRow: 'b1/0', pushedAt: Date.now() + 1_000 });
    expect((await book.registration(id)).state).toBe('submitting');
  });

  test('is over when that task ends well', async () => {
    await book.record(id, 'mini_program_created', { appid: 'wx1', aboutRow: 'b1/0' });
    expect(await book.registration(id)).toMatchObject({ state: 'created', appid: 'wx1' });
  });
});

describe('of two rows of one file', () => {
  test('the second is a duplicate, whatever its details', async () => {
    await book.load('b1', [first, corrected, first]);
    expect(await relations('b1')).toEqual([
      { kind: 'registered', id },
      { kind: 'duplicate', id, firstIndex: 0 },
      { kind: 'duplicate', id, firstIndex: 0 },
    ]);
    expect(await sentDetails()).toBe(first.legalPersonaWechat);
  });

  test('so it is where the first one waits, or replaces', async () => {
    await book.load('b1', [first]);
    await book.load('b2', [corrected, third]);
    await book.send(id);
    await book.load('b3', [third, first]);
    expect(await allCounts('b1', 'b2', 'b3')).toEqual([
      { cancelled: 1 },
      { awaiting_legal_person: 1, duplicate: 1 },
      { 'deferred/enterprise': 1, duplicate: 1 },
    ]);
  });
});

test('an organisation code names the enterprise of the credit code that contains it', async () => {
  const organisation = `${first.code.slice(8, 16)}-${first.code.slice(16, 17)}`;
  await book.load('b1', [first]);
  await book.send(id);
  await book.record(id, 'mini_program_created', { appid: 'wx1' });
  await book.load('b2', [{ ...first, code: organisation, codeType: 2 }]);
  expect(await relations('b2')).toEqual([{ kind: 'already_created', id, appid: 'wx1' }]);
});

test('a row with the organisation code, and otherwise the same, joins the row with the credit code', async () => {
  const organisation = { ...first, code: first.code.slice(8, 17), codeType: 2 } as const;
  await book.load('b1', [first]);
  await book.load('b2', [organisation]);
  await book.send(id);
  await book.load('b3', [organisation]);
  const sent = { awaiting_legal_person: 1 };
  expect(await allCounts('b1', 'b2', 'b3')).toEqual([sent, sent, sent]);
});

test('a task that may run is compared by what its own API sent, whichever API is in use by now', async () => {
  await book.load('b1', [first]);
  await book.send(id);
  await book.batches.accept(await book.open('b2'), 0, [acceptedRow(corrected, 0)], { details: ['name'] });
  expect(await book.batches.counts('b2')).toEqual({ 'deferred/enterprise': 1 });
});

test('the successor compares only what it sends', async () => {
  await book.load('b1', [first]);
  const row = acceptedRow({ ...first, legalPersonaWechat: '', legalPersonaName: '' }, 0);
  await book.batches.accept(await book.open('b2'), 0, [row], { details: ['name'] });
  await book.batches.accept(await book.open('b3'), 0, [acceptedRow(corrected, 0)], { details: ['name'] });
  for (const batch of ['b1', 'b2', 'b3']) expect(await book.batches.counts(batch)).toEqual({ queued: 1 });
  const named = acceptedRow({ ...first, name: '虚构另一商户有限公司' }, 0);
  await book.batches.accept(await book.open('b4'), 0, [named], { details: ['name'] });
  expect(await allCounts('b1', 'b2', 'b3', 'b4')).toEqual([
    { cancelled: 1 },
    { cancelled: 1 },
    { cancelled: 1 },
    { queued: 1 },
  ]);
});

test('many loaders of one enterprise with different details end in one registration that is sent once', async () => {
  const books = Array.from({ length: 8 }, () => openBook(server.connect()));
  await Promise.all(
    books.map((other, number) => other.load(`m${number}`, [{ ...first, legalPersonaWechat: `weixin_${number}x` }])),
  );
  const counts = await allCounts(...books.map((_, number) => `m${number}`));
  expect(counts.filter((it) => JSON.stringify(it) === '{"queued":1}')).toHaveLength(1);
  expect(counts.filter((it) => JSON.stringify(it) === '{"cancelled":1}')).toHaveLength(7);
  expect(await ready()).toEqual([id]);
});

describe('a second Mini Program that was asked for and came to nothing', () => {
  beforeEach(async () => {
    await book.load('b1', [first]);
    await book.send(id);
    await book.record(id, 'mini_program_created', { appid: 'wx1' });
    const again = await book.open('again');
    await book.batches.accept(again, 0, [acceptedRow(first, 0)], { ...ACCEPT_RULES, again: true });
    expect(await relations('again')).toEqual([{ kind: 'registered', id }]);
    await server.redis.del(key('ready', 'submit'));
  });

  const endings = {
    'was cancelled': () => book.record(id, 'cancel_asked'),
    'was refused': async () => {
      await book.send(id);
      await book.record(id, 'create_refused', { callSentAt: await callSentAt(), problem: 'create:61070' });
    },
    expired: async () => {
      await book.send(id);
      await book.record(id, 'legal_person_timed_out', { problem: 'push:100003' });
    },
  };

  test.each(Object.entries(endings))('%s: an ordinary row still reports the first one', async (_, end) => {
    await end();
    await book.load('b2', [first, corrected]);
    expect(await relations('b2')).toEqual([
      { kind: 'already_created', id, appid: 'wx1' },
      { kind: 'duplicate', id, firstIndex: 0 },
    ]);
    expect(await book.batches.counts('b2')).toEqual({ already_created: 1, duplicate: 1 });
    expect(await ready()).toEqual([]);
    const { batches } = book;
    expect(await batches.existingMatches([acceptedRow(first, 0)], ACCEPT_RULES)).toEqual(['already_created']);
  });

  test('so does a row with other details while the second one waits or runs', async () => {
    await book.load('b2', [corrected]);
    await book.send(id);
    await book.load('b3', [corrected]);
    for (const batch of ['b2', 'b3']) {
      expect(await relations(batch)).toEqual([{ kind: 'already_created', id, appid: 'wx1' }]);
    }
  });

  test('the operator may request one more, and after a purge the first Mini Program is known', async () => {
    await book.record(id, 'cancel_asked');
    await book.record(id, 'retry_asked');
    expect((await book.registration(id)).state).toBe('queued');
    await book.record(id, 'cancel_asked');
    for (const batch of ['b1', 'again'])
      await openPurging(server.redis).purgeBatch((await book.batches.find(batch)) ?? (await book.open(batch)), 0);
    await server.redis.del(key('ready', 'submit'));
    await book.load('b2', [first]);
    expect(await relations('b2')).toEqual([{ kind: 'already_created', id, appid: 'wx1' }]);
  });
});

describe('after a purge', () => {
  const forget = async (batch: string) => {
    await openPurging(server.redis).purgeBatch(
      (await book.batches.find(batch)) ?? (await book.open(batch)),
      Date.now(),
    );
  };

  test('an enterprise that has a Mini Program is not registered again', async () => {
    await book.load('b1', [first]);
    await book.send(id);
    await book.record(id, 'mini_program_created', { appid: 'wx1' });
    await forget('b1');
    await book.load('b2', [corrected]);
    expect(await relations('b2')).toEqual([{ kind: 'already_created', id, appid: 'wx1' }]);
  });

  test('nor is a merchant that may have got one, whose end is unknown', async () => {
    await book.load('b1', [first]);
    await book.send(id);
    await book.record(id, 'push_overdue', { callSentAt: await callSentAt() });
    await forget('b1');
    await server.redis.del(key('ready', 'submit'));
    await book.load('b2', [corrected]);
    await book.load('b3', [corrected]);
    expect(await allCounts('b2', 'b3')).toEqual([{ needs_review: 1 }, { needs_review: 1 }]);
    expect(await ready()).toEqual([]);
    // The operator has asked the merchant: then the new details are sent.
    await book.record(id, 'retry_asked');
    expect(await sentDetails()).toBe('weixin_other');
    expect(await allCounts('b2', 'b3')).toEqual([{ queued: 1 }, { queued: 1 }]);
    expect(await server.redis.exists(key('counts', 'purged'))).toBe(0);
  });

  test('of the batch of a row that waits, the row is withdrawn', async () => {
    await book.load('b1', [first]);
    await book.send(id);
    await book.load('b2', [corrected]);
    await book.record(id, 'push_overdue', { callSentAt: await callSentAt() });
    await forget('b2');
    const { waitingRows }: Registration = await book.registration(id);
    expect(waitingRows).toEqual([]);
    await book.record(id, 'registration_refused', { problem: 'push:103' });
    expect((await book.registration(id)).state).toBe('rejected');
  });
});
