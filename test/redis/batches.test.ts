import { beforeEach, describe, expect, test } from 'vitest';
import { type Batch, countOf, ROWS_PER_PAGE } from '../../src/domain/batch.js';
import { key } from '../../src/redis/keys.js';
import { PageCursor } from '../../src/redis/ledger/page-cursor.js';
import { shortNameOf } from '../../src/redis/ledger/registration-fields.js';
import { rowsThatMayBe } from '../../src/redis/ledger/row-index.js';
import { openPushes } from '../../src/redis/pushes/pushes.js';
import { ACCEPT_RULES, acceptedRow, type Book, DAY_MS, idOf, openBook } from '../support/ledger.js';
import { HEADINGS, merchant } from '../support/merchants.js';
import { losingAnswers, useRedis } from '../support/redis.js';

const server = useRedis();
let book: Book;

beforeEach(() => {
  book = openBook(server.redis);
});

const [one, two, three] = [merchant(1), merchant(2), merchant(3)];

describe('a page of rows', () => {
  test('that was accepted already changes nothing', async () => {
    const batch = await book.open('b1');
    const rows = [one, two, undefined].map(acceptedRow);

    expect(await book.batches.accept(batch, 0, rows, ACCEPT_RULES)).toBe(3);
    expect(await book.batches.accept(batch, 0, rows, ACCEPT_RULES)).toBe(3);
    expect(await book.batches.counts('b1')).toEqual({ queued: 2, invalid: 1 });
    expect(await book.rows('b1')).toHaveLength(3);
    expect(await server.redis.lrange(key('ready', 'submit'), 0, -1)).toEqual([idOf(one), idOf(two)]);
  });

  test('whose command was sent twice is accepted once', async () => {
    const doubting = openBook(losingAnswers(server.redis));
    await doubting.load('b1', [one, two, one]);

    expect(await book.batches.counts('b1')).toEqual({ queued: 2, duplicate: 1 });
    expect(await book.rows('b1')).toHaveLength(3);
  });

  test('that overlaps with what was accepted gives its new rows only', async () => {
    const batch = await book.open('b1');
    await book.batches.accept(batch, 0, [one, two].map(acceptedRow), ACCEPT_RULES);
    expect(await book.batches.accept(batch, 0, [one, two, three].map(acceptedRow), ACCEPT_RULES)).toBe(3);

    expect(await book.batches.counts('b1')).toEqual({ queued: 3 });
    expect((await book.rows('b1')).map(({ row }) => row.merchant?.name)).toEqual([one.name, two.name, three.name]);
    for (const [index, { name }] of [one, two, three].entries()) {
      expect([name, await found({ id: 'b1', rows: 3 }, name)]).toEqual([name, [index]]);
    }
  });
});

/** Indexes of the rows that may have this name. */
async function found(batch: { id: string; rows: number }, name: string): Promise<number[]> {
  const indexes: number[] = [];
  for await (const { index } of rowsThatMayBe(server.redis, [batch], name)) indexes.push(index);
  return indexes;
}

test('a push that came before the sheet of its merchant is looked at again when the sheet is loaded', async () => {
  const pushes = openPushes(server.redis);
  await pushes.store([{ receivedAt: Date.now(), infoType: 'x', query: 'nonce=1', body: Buffer.from('x') }]);
  const [push] = await pushes.list(1);
  if (push === undefined) throw new Error('it was not stored');
  await pushes.park(push, 'unknown_merchant', [idOf(two)]);

  await book.load('b1', [one]);
  expect(await pushes.listParked()).toHaveLength(1);
  await book.load('b2', [two]);
  expect(await pushes.listParked()).toEqual([]);
  expect((await pushes.list(1))[0]).toMatchObject({ id: push.id, query: 'nonce=1' });
});

describe('a batch', () => {
  test('keeps its rows in input order over all its pages, none missing, none twice', async () => {
    const many = Array.from({ length: ROWS_PER_PAGE * 2 + 7 }, (_, number) => merchant(number));
    const batch = await book.open('b1');
    for (let at = 0; at < many.length; at += 500) {
      const page = many.slice(at, at + 500).map((it, index) => acceptedRow(it, at + index));
      await book.batches.accept(batch, at, page, ACCEPT_RULES);
    }
    const rows = await book.rows('b1');
    expect(rows.map(({ row }) => row.merchant?.name)).toEqual(many.map(({ name }) => name));
    expect(rows.map(({ index }) => index)).toEqual(many.map((_, index) => index));
    expect((await book.batches.row(batch, ROWS_PER_PAGE + 1))?.merchant).toEqual(many[ROWS_PER_PAGE + 1]);
  });

  test('is incomplete until its file was read to the end', async () => {
    const batch = await book.open('b1');
    expect(batch).toMatchObject({ rows: 0, complete: false });
    await book.batches.accept(batch, 0, [one].map(acceptedRow), ACCEPT_RULES);
    expect(await book.batches.find('b1')).toMatchObject({ rows: 1, complete: false });
    await book.batches.complete('b1');
    expect(await book.batches.find('b1')).toMatchObject({ rows: 1, complete: true, headings: HEADINGS });
  });

  test('that is opened again keeps its first time of loading, and is listed once', async () => {
    const first = await book.open('b1');
    const again = await book.batches.open({ ...first, loadedAt: first.loadedAt + DAY_MS });
    expect(again.loadedAt).toBe(first.loadedAt);
    expect(await book.batches.list()).toEqual(['b1']);
  });

  test('that was half opened when its program died is opened by the next one', async () => {
    await server.redis.hsetnx(key('batch', 'b1'), 'loadedAt', 1);
    await book.load('b1', [one]);

    expect(await book.batches.find('b1')).toMatchObject({ rows: 1, complete: true });
    expect(await book.batches.list()).toEqual(['b1']);
  });

  test('is listed in the order of loading', async () => {
    await book.load('b2', [two]);
    await book.load('b1', [one]);
    expect(await book.batches.list()).toEqual(['b2', 'b1']);
  });
});

describe('two loads at once', () => {
  test('of overlapping sheets make each merchant once', async () => {
    const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => merchant(from + at));
    const sheets = { b1: range(0, 600), b2: range(300, 900), b3: range(150, 750).reverse() };

    await Promise.all(
      Object.entries(sheets).map(async ([id, merchants]) => {
        const loader = openBook(server.connect());
        const batch = await loader.open(id);
        for (let at = 0; at < merchants.length; at += 40) {
          const page = merchants.slice(at, at + 40).map((it, index) => acceptedRow(it, at + index));
          await loader.batches.accept(batch, at, page, ACCEPT_RULES);
        }
      }),
    );

    const ready = await server.redis.lrange(key('ready', 'submit'), 0, -1);
    expect(ready).toHaveLength(900);
    expect(new Set(ready).size).toBe(900);
    for (const id of Object.keys(sheets)) {
      expect(await book.batches.counts(id)).toEqual({ queued: 600 });
      expect(await book.recount(id)).toEqual({ queued: 600 });
    }
  });

  test('of the same sheet make one batch with each row once', async () => {
    const merchants = Array.from({ length: 300 }, (_, number) => merchant(number));
    await Promise.all(
      [1, 2, 3].map(async () => {
        const loader = openBook(server.connect());
        const batch = await loader.open('b1');
        for (let at = 0; at < merchants.length; at += 20) {
          const page = merchants.slice(at, at + 20).map((it, index) => acceptedRow(it, at + index));
          await loader.batches.accept(batch, at, page, ACCEPT_RULES);
        }
      }),
    );

    expect((await book.rows('b1')).map(({ row }) => row.merchant?.name)).toEqual(merchants.map(({ name }) => name));
    expect(await book.batches.counts('b1')).toEqual({ queued: 300 });
    expect(await book.batches.list()).toEqual(['b1']);
  });
});

describe('a row', () => {
  test('that repeats an earlier row of its file is a duplicate of that row, also on a later page', async () => {
    const batch = await book.open('b1');
    await book.batches.accept(batch, 0, [one, two].map(acceptedRow), ACCEPT_RULES);
    await book.batches.accept(batch, 2, [two].map(acceptedRow), ACCEPT_RULES);

    expect((await book.rows('b1')).map(({ relation }) => relation)).toEqual([
      { kind: 'registered', id: idOf(one) },
      { kind: 'registered', id: idOf(two) },
      { kind: 'duplicate', id: idOf(two), firstIndex: 1 },
    ]);
  });

  test('of a later batch joins what is under way, and both batches count its outcome', async () => {
    await book.load('b1', [one]);
    await book.send(idOf(one));
    await book.load('b2', [two, one]);
    expect(await book.batches.counts('b2')).toEqual({ queued: 1, awaiting_legal_person: 1 });

    await book.record(idOf(one), 'mini_program_created', { appid: 'wxnew' });
    expect(await book.batches.counts('b1')).toEqual({ created: 1 });
    expect(await book.batches.counts('b2')).toEqual({ queued: 1, created: 1 });
    expect((await book.rows('b2'))[1]).toMatchObject({
      relation: { kind: 'registered' },
      registration: { state: 'created', appid: 'wxnew' },
    });
  });

  test('of a later batch whose merchant was created before is already_created, and repeated there a duplicate', async () => {
    await book.load('b1', [one]);
    await book.send(idOf(one));
    await book.record(idOf(one), 'mini_program_created', { appid: 'wxnew' });
    await book.load('b2', [two, one, one]);

    expect(await book.batches.counts('b2')).toEqual({ queued: 1, already_created: 1, duplicate: 1 });
    expect((await book.rows('b2')).map(({ relation }) => relation)).toMatchObject([
      { kind: 'registered' },
      { kind: 'already_created' },
      { kind: 'duplicate', firstIndex: 1 },
    ]);
    expect(await server.redis.lrange(key('ready', 'submit'), 0, -1)).toEqual([idOf(one), idOf(two)]);
  });

  test('that repeats a row whose merchant this very batch has created is a duplicate, not already_created', async () => {
    const batch = await book.open('b1');
    await book.batches.accept(batch, 0, [one].map(acceptedRow), ACCEPT_RULES);
    await book.send(idOf(one));
    await book.record(idOf(one), 'mini_program_created', { appid: 'wxnew' });
    await book.batches.accept(batch, 1, [one].map(acceptedRow), ACCEPT_RULES);
    expect(await book.batches.counts('b1')).toEqual({ created: 1, duplicate: 1 });
  });

  test('of a later batch begins a new attempt where the one before failed, and the old batch keeps its outcome', async () => {
    await book.load('b1', [one]);
    await book.load('b1-too', [one]);
    await book.send(idOf(one));
    await book.record(idOf(one), 'registration_refused', { problem: 'push:103', said: 'name differs' });

    await book.load('b2', [one]);
    expect(await book.registration(idOf(one))).toMatchObject({ state: 'queued', row: 'b2/0', joinedRows: [] });
    await book.send(idOf(one));
    await book.record(idOf(one), 'mini_program_created', { appid: 'wxnew' });

    for (const old of ['b1', 'b1-too']) {
      expect(await book.batches.counts(old)).toEqual({ rejected: 1 });
      expect((await book.rows(old))[0]?.registration).toMatchObject({
        state: 'rejected',
        problem: 'push:103',
        said: 'name differs',
        attempt: 1,
      });
    }
    expect(await book.batches.counts('b2')).toEqual({ created: 1 });
    expect((await book.rows('b2'))[0]?.registration).toMatchObject({ state: 'created', appid: 'wxnew', attempt: 2 });
  });

  test('of a later batch joins what waits for a person while a task of ours may run, and re-opens it otherwise', async () => {
    await book.load('b1', [one, two]);
    await book.take(idOf(one));
    await book.record(idOf(one), 'answer_unknown', { ...(await callOf(one)), problem: 'create:4711' });
    await book.take(idOf(two));
    await book.record(idOf(two), 'create_postponed', { ...(await callOf(two)), problem: 'create:89247' });
    expect(await book.batches.counts('b1')).toEqual({ needs_review: 2 });

    await book.load('b2', [one, two]);
    expect(await book.batches.counts('b2')).toEqual({ needs_review: 1, queued: 1 });
    expect(await book.registration(idOf(one))).toMatchObject({ state: 'needs_review', joinedRows: ['b2/0'] });
    expect(await book.registration(idOf(two))).toMatchObject({ state: 'queued', row: 'b2/1' });
  });

  test('that joins what waits is counted by what it waits for', async () => {
    await book.load('b1', [one]);
    await book.record(idOf(one), 'create_held', { wait: 'person', until: Date.now() + DAY_MS });
    await book.load('b2', [one]);
    const counts = await book.batches.counts('b2');
    expect(counts).toEqual({ 'deferred/person': 1 });
    expect(countOf(counts, 'deferred')).toBe(1);
  });

  test('with a newer phone is sent instead of the row that it joins, until a row was sent', async () => {
    const [newer, newest] = [
      { ...one, componentPhone: '01000000000' },
      { ...one, componentPhone: '02000000000' },
    ];
    await book.load('b1', [one]);
    await book.load('b2', [newer]);
    expect((await book.view(idOf(one))).row?.merchant).toEqual(newer);
    await book.send(idOf(one));
    await book.load('b3', [newest]);
    expect((await book.view(idOf(one))).row?.merchant).toEqual(newer);
    for (const batch of ['b1', 'b2', 'b3'])
      expect(await book.batches.counts(batch)).toEqual({ awaiting_legal_person: 1 });
  });

  test('whose name is spelt otherwise is sent instead of the row that it joins, also without a phone', async () => {
    const spelt = { ...one, name: `${one.name}（厦门）`, legalPersonaName: '张三' };
    await book.load('b1', [{ ...spelt, name: `${one.name}(厦门)`, legalPersonaName: '张　三' }]);
    const row = { ...acceptedRow(spelt, 0), isPhoneBlank: true };
    await book.batches.accept(await book.open('b2'), 0, [row], ACCEPT_RULES);
    expect((await book.view(idOf(one))).row?.merchant).toEqual(spelt);
    expect(await book.batches.counts('b1')).toEqual({ queued: 1 });
  });

  test('whose phone comes from the settings does not replace a row with its own phone', async () => {
    await book.load('b1', [one]);
    const row = { ...acceptedRow({ ...one, componentPhone: '01000000000' }, 0), isPhoneBlank: true };
    await book.batches.accept(await book.open('b2'), 0, [row], ACCEPT_RULES);
    expect((await book.view(idOf(one))).row?.merchant).toEqual(one);
  });

  test('that our checks refused is kept with its problems', async () => {
    await book.load('b1', [undefined]);
    const [row] = await book.rows('b1');
    expect(row).toMatchObject({
      relation: { kind: 'refused' },
      row: { line: 2, problems: [{ code: 'sheet:code_length', cell: 'B2' }] },
    });
    expect(row?.registration).toBeUndefined();
    expect(row?.row.merchant).toBeUndefined();
  });

  test('comes back digit for digit, with details that are not in its cells', async () => {
    const batch = await book.open('b1');
    const odd = { ...one, code: '000000000000000018', legalPersonaName: '示例"，\n\u001f' };
    const row = { ...acceptedRow(odd, 0), cells: ['x', '', '1', '=cmd', '', '007', 'more'], registration: idOf(odd) };
    await book.batches.accept(batch, 0, [row], ACCEPT_RULES);
    const [read] = await book.rows('b1');
    expect(read?.row).toMatchObject({ cells: row.cells, merchant: odd });
  });
});

test('a page does not take the indexes of a lost page before it', async () => {
  const batch = await book.open('b1');
  expect(await book.batches.accept(batch, 2, [two].map(acceptedRow), ACCEPT_RULES)).toBe(0);
  expect(await book.batches.accept(batch, 0, [one, three].map(acceptedRow), ACCEPT_RULES)).toBe(2);
  expect(await book.batches.accept(batch, 2, [two].map(acceptedRow), ACCEPT_RULES)).toBe(3);
  expect((await book.rows('b1')).map(({ row }) => row.merchant?.name)).toEqual([one.name, three.name, two.name]);
});

describe('a second Mini Program', () => {
  const again = { ...ACCEPT_RULES, again: true };

  async function created(): Promise<string> {
    await book.load('b1', [one]);
    await book.send(idOf(one));
    await book.record(idOf(one), 'mini_program_created', { appid: 'wxfirst', authCode: 'sealed' });
    return idOf(one);
  }

  test('is asked for, and is one attempt, however many files name it', async () => {
    const id = await created();
    await book.load('b2', [one]);
    expect(await book.batches.existingMatches([acceptedRow(one, 0)], again)).toEqual(['begins']);

    const [b3, b4] = [await book.open('b3'), await book.open('b4')];
    await Promise.all([b3, b4].map((batch) => book.batches.accept(batch, 0, [one, one].map(acceptedRow), again)));
    for (const at of ['b3', 'b4']) expect(await book.batches.counts(at)).toEqual({ queued: 1, duplicate: 1 });
    expect(await book.registration(id)).toMatchObject({ state: 'queued', earlierAppids: ['wxfirst'] });
    expect(await server.redis.lrange(key('ready', 'submit'), 0, -1)).toEqual([id, id]);
    expect((await book.ledger.history(id)).at(-1)).toMatchObject({ kind: 'row_accepted', to: 'queued', again: true });
  });

  test('is not asked for while the appid of the first one is not known: it would be forgotten', async () => {
    await book.load('b1', [one]);
    await book.send(idOf(one));
    await book.record(idOf(one), 'task_created', { problem: 'query:12' });
    await book.batches.accept(await book.open('b2'), 0, [acceptedRow(one, 0)], again);
    expect(await book.batches.counts('b2')).toEqual({ already_created: 1 });
    expect(await book.registration(idOf(one))).toMatchObject({ state: 'created', attempt: 1 });
  });

  test('leaves earlier batches unchanged, also batches that found the first one created', async () => {
    const id = await created();
    await book.record(id, 'authorizer_kept');
    await book.load('b2', [two, one]);
    const shown = async () => [
      (await book.rows('b1')).map(({ isSuperseded: _, ...row }) => row),
      (await book.rows('b2'))[1]?.relation,
    ];
    const before = await shown();
    await book.batches.accept(await book.open('b3'), 0, [one].map(acceptedRow), again);
    await book.send(id);

    expect(await shown()).toEqual(before);
    expect(before[1]).toEqual({ kind: 'already_created', id, appid: 'wxfirst' });
    expect(await book.batches.counts('b1')).toEqual({ created: 1 });
    expect((await book.rows('b3'))[0]?.registration).toMatchObject({ state: 'awaiting_legal_person', attempt: 2 });
    expect((await book.rows('b3'))[0]?.registration?.appid).toBeUndefined();

    await book.record(id, 'mini_program_created', { appid: 'wxfirst', pushedAt: Date.now() });
    expect(await book.registration(id)).toMatchObject({ state: 'awaiting_legal_person' });
    await book.record(id, 'mini_program_created', { appid: 'wxsecond', pushedAt: Date.now() });
    expect((await book.rows('b3'))[0]?.registration).toMatchObject({ state: 'created', appid: 'wxsecond' });
    expect(await shown()).toEqual(before);
    expect(before[1]).toEqual({ kind: 'already_created', id, appid: 'wxfirst' });
    expect(await book.batches.counts('b3')).toEqual({ created: 1 });
  });
});

test('what rows would be to many registrations is asked for at once', async () => {
  await book.load('b1', [one, two]);
  await book.record(idOf(two), 'cancel_asked');
  const corrected = { ...one, legalPersonaName: '另一人' };
  expect(await book.batches.existingMatches([one, corrected, two, three].map(acceptedRow), ACCEPT_RULES)).toEqual([
    'joins',
    'replaces',
    'begins',
    undefined,
  ]);
});

async function callOf(it: typeof one): Promise<{ callSentAt: number }> {
  return { callSentAt: (await book.registration(idOf(it))).sentAt ?? 0 };
}

test('between the pages of a batch others have their turn, also when the pages were read ahead', async () => {
  await book.load('b1', Array(3 * ROWS_PER_PAGE).fill(undefined));
  const batch = (await book.batches.find('b1')) as Batch;
  let turns = 0;
  let isOver = false;
  const count = (): void => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const between: number[] = [];
  for await (const { first } of book.batches.packedPages(batch)) {
    if (first > 0) between.push(turns);
    // Answered in order: the next pages are here, too.
    await server.redis.ping();
    turns = 0;
  }
  isOver = true;
  expect(between).toHaveLength(2);
  for (const count of between) expect(count).toBeGreaterThanOrEqual(8);
});

describe('a page of rows as long as a sheet may have them', () => {
  const LONG = 100_000;
  const rows = Array.from({ length: ROWS_PER_PAGE + 40 }, (_, index) => {
    const row = acceptedRow(index % 3 === 0 ? merchant(index) : undefined, index);
    // At the end of the first page, and on the second one.
    return index < ROWS_PER_PAGE - 20 ? row : { ...row, cells: [...row.cells, `${index}`.padEnd(LONG, 'x')] };
  });
  let batch: Batch;

  beforeEach(async () => {
    const opened = await book.open('b1');
    for (let at = 0; at < rows.length; at += 100)
      await book.batches.accept(opened, at, rows.slice(at, at + 100), ACCEPT_RULES);
    batch = { ...opened, rows: rows.length, complete: true };
  });

  test('is read in parts, which have each row once and in order', async () => {
    const indexes: number[] = [];
    for await (const page of book.batches.packedPages(batch)) {
      expect(page.rows.length).toBeLessThan(2_500_000);
      const cursor = new PageCursor(page);
      while (cursor.next()) indexes.push(cursor.entry(batch.columns).index);
    }
    expect(indexes).toEqual(rows.map((_, index) => index));
    const cells: (readonly string[])[] = [];
    for await (const page of book.batches.pages(batch)) cells.push(...page.map(({ row }) => row.cells));
    expect(cells).toEqual(rows.map((row) => row.cells));
  });

  test('is read as a whole for one who asks for the page, and by a row for one who asks for a row', async () => {
    const pages = [await book.batches.page(batch, 0), await book.batches.page(batch, 1)];
    expect(pages.map((page) => page.length)).toEqual([ROWS_PER_PAGE, 40]);
    expect(pages.flat().map(({ index, row }) => [index, row.line])).toEqual(
      rows.map(({ line }, index) => [index, line]),
    );
    for (const index of [0, ROWS_PER_PAGE - 1, ROWS_PER_PAGE, rows.length - 1]) {
      expect(await book.batches.rowWithOutcome(batch, index)).toMatchObject({ index, row: { line: index + 2 } });
    }
    expect(await book.batches.rowWithOutcome(batch, rows.length)).toBeUndefined();
  });

  test('keeps with each row what became of it, also where its merchant is purged', async () => {
    const [some = 0] = [ROWS_PER_PAGE + 3 - ((ROWS_PER_PAGE + 3) % 3)];
    await book.record(idOf(merchant(some)), 'cancel_asked');
    await server.redis.hset(key('keptOutcomes', 'b1'), some + 3, (await outcomeOf(some)) ?? '');
    await server.redis.del(key('registration', idOf(merchant(some + 3))));
    const [, second = []] = [await book.batches.page(batch, 0), await book.batches.page(batch, 1)];
    const states = second.flatMap(({ index, registration }) =>
      index % 3 === 0 ? [[index, registration?.state] as const] : [],
    );
    expect(states.filter(([, state]) => state === 'cancelled').map(([index]) => index)).toEqual([some, some + 3]);
  });

  async function outcomeOf(index: number): Promise<string | null> {
    return server.redis.hget(key('registration', idOf(merchant(index))), shortNameOf('outcome'));
  }
});
