import { expect, test } from 'vitest';
import { ROWS_PER_PAGE } from '../../src/domain/batch.js';
import type { Outcome } from '../../src/domain/registration.js';
import {
  type ActionPreview,
  type ActionRequest,
  type ActionTools,
  applyAction,
  previewAction,
} from '../../src/operator/action.js';
import { key } from '../../src/redis/keys.js';
import { troubleOf } from '../../src/reporter/sentences.js';
import { DAY_MS, idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const db = useRedis();
const NOW = Date.now();

function tools(): ActionTools {
  const { batches, ledger } = openBook(db.redis);
  return { batches, ledger, actsOn: (problem: string | undefined) => troubleOf(problem)?.acts };
}

async function wishFor(ask: 'retry' | 'cancel', id: string, only?: readonly Outcome[]): Promise<ActionRequest> {
  const batch = await tools().batches.find(id);
  if (batch === undefined) throw new Error(`there is no batch ${id}`);
  return { ask, batch, only: only && new Set(only), now: Date.now() };
}

async function surveyOf(...wish: Parameters<typeof wishFor>): Promise<ActionPreview> {
  return previewAction(tools(), await wishFor(...wish));
}

/** Indexes of the rows that can. */
function rowsOf({ rows }: ActionPreview, of: number): number[] {
  return Array.from({ length: of }, (_, index) => index).filter((index) => rows.has(index));
}

function counts(groups: ReadonlyMap<string, { count: number }>): Record<string, number> {
  return Object.fromEntries([...groups].map(([name, { count }]) => [name, count]));
}

/** One merchant of each kind that a night leaves behind. */
async function aNight(): Promise<void> {
  const book = openBook(db.redis);
  await book.load('b1', [...[1, 2, 3, 4, 5, 6, 7].map((number) => merchant(number)), undefined]);
  const [created, expired, refused, soon, hopeless, unknown] = [1, 2, 3, 4, 5, 6].map((it) => idOf(merchant(it)));
  for (const id of [created, expired, refused, soon, hopeless]) await book.send(id ?? '');
  await book.record(created ?? '', 'mini_program_created', { appid: 'wx1' });
  await book.record(expired ?? '', 'legal_person_timed_out', { problem: 'push:100003' });
  await book.record(refused ?? '', 'registration_refused', { problem: 'push:103' });
  await book.record(soon ?? '', 'registration_refused', { problem: 'push:105', until: NOW + 5 * DAY_MS });
  await book.record(hopeless ?? '', 'registration_refused', { problem: 'push:1001' });
  await book.take(unknown ?? '');
  const { sentAt = 0 } = await book.registration(unknown ?? '');
  await book.record(unknown ?? '', 'answer_unknown', { callSentAt: sentAt, problem: 'create:99999' });
}

test('a retry takes what failed, and says of the others why not', async () => {
  await aNight();
  const found = await surveyOf('retry', 'b1');
  expect([found.can, rowsOf(found, 8)]).toEqual([3, [1, 2, 3]]);
  expect(counts(found.mind)).toEqual({ same_details: 1, not_before: 1 });
  expect(counts(found.cannot)).toEqual({ hopeless: 1, unknown_outcome: 1, row_refused: 1 });
  expect(found.cannot.get('row_refused')).toEqual({ count: 1, lines: [9] });
});

test('a withdrawal of what was sent before, with an unknown outcome, says that it is to be reviewed again', async () => {
  await aNight();
  const book = openBook(db.redis);
  await book.record(idOf(merchant(6)), 'retry_asked');
  const found = await surveyOf('cancel', 'b1');
  expect(counts(found.mind)).toEqual({ still_unknown: 1 });
  expect(found.mind.get('still_unknown')?.lines).toEqual([7]);
});

/** What is asked for is surveyed and done at once. */
async function ask(
  because: string,
  ...wish: Parameters<typeof wishFor>
): Promise<{ found: ActionPreview; moved: number }> {
  const wanted = await wishFor(...wish);
  const found = await previewAction(tools(), wanted);
  return { found, moved: await applyAction(tools(), wanted, found, because, () => NOW) };
}

test('a person who names the outcome of a row that waits for the registry has it sent at once, with a warning', async () => {
  await aNight();
  const { found, moved } = await ask('the registry is up to date (li)', 'retry', 'b1', ['rejected']);
  expect(counts(found.mind)).toEqual({ same_details: 2, too_early: 1 });
  expect(moved).toBe(3);
  const book = openBook(db.redis);
  expect(await book.registration(idOf(merchant(4)))).toMatchObject({ state: 'queued', until: undefined });
});

test('a person who made such a row wait can have it sent before its day all the same', async () => {
  await aNight();
  const book = openBook(db.redis);
  await ask('they were called (li)', 'retry', 'b1');
  const { found, moved } = await ask('now (li)', 'retry', 'b1', ['pending']);
  expect([counts(found.mind), moved]).toEqual([{ too_early: 1 }, 1]);
  expect(await book.registration(idOf(merchant(4)))).toMatchObject({ state: 'queued', wait: undefined });
  expect(await db.redis.lrange(key('ready', 'submit'), 0, -1)).toContain(idOf(merchant(4)));
  expect(await book.batches.counts('b1')).toEqual(await book.recount('b1'));
});

test('a person who names the outcome of a row is believed to know it', async () => {
  await aNight();
  const unknown = await surveyOf('retry', 'b1', ['needs_review']);
  expect([unknown.can, counts(unknown.mind)]).toEqual([1, { unknown_outcome: 1 }]);
  const pending = await surveyOf('retry', 'b1', ['pending', 'created']);
  expect([pending.can, counts(pending.cannot)]).toEqual([0, { created: 1, not_sent_yet: 1 }]);
});

test('a retried row is sent again, on its day if WeChat refuses it before, and its history names the person who asked', async () => {
  await aNight();
  const book = openBook(db.redis);
  const wish = await wishFor('retry', 'b1');
  const moved = await applyAction(
    tools(),
    wish,
    await previewAction(tools(), wish),
    'they were called (li)',
    () => NOW,
  );
  expect(moved).toBe(3);
  expect(await book.registration(idOf(merchant(2)))).toMatchObject({ state: 'queued', attempt: 1 });
  expect(await book.registration(idOf(merchant(4)))).toMatchObject({
    state: 'deferred',
    wait: 'not_before',
    until: NOW + 5 * DAY_MS,
  });
  expect((await book.ledger.history(idOf(merchant(2)))).at(-1)).toMatchObject({
    kind: 'retry_asked',
    because: 'they were called (li)',
    to: 'queued',
  });
  expect(await book.batches.counts('b1')).toEqual(await book.recount('b1'));
});

test('a retry that is asked twice is done once', async () => {
  await aNight();
  const wish = await wishFor('retry', 'b1');
  const found = await previewAction(tools(), wish);
  expect(await applyAction(tools(), wish, found, 'first', () => NOW)).toBe(3);
  expect(await applyAction(tools(), wish, found, 'second', () => NOW)).toBe(0);
});

test('a cancellation withdraws what was not sent, and says when another batch asks for it too', async () => {
  await aNight();
  const book = openBook(db.redis);
  await book.send(idOf(merchant(7)));
  await book.load('b2', [merchant(7), merchant(8), merchant(9)]);
  await book.load('b3', [merchant(9)]);
  const wish = await wishFor('cancel', 'b2');
  const found = await previewAction(tools(), wish);
  expect(counts(found.mind)).toEqual({ other_batches: 1 });
  expect(counts(found.cannot)).toEqual({ under_way: 1 });
  expect(await applyAction(tools(), wish, found, 'an old sheet (li)', () => NOW)).toBe(2);
  expect(await book.batches.counts('b2')).toEqual({ cancelled: 2, awaiting_legal_person: 1 });
  expect(await book.batches.counts('b3')).toEqual({ cancelled: 1 });
});

test('a batch does not change a merchant that a later batch has sent again', async () => {
  await aNight();
  await openBook(db.redis).load('b2', [merchant(2)]);
  expect(counts((await surveyOf('retry', 'b1', ['expired'])).cannot)).toEqual({ later_batch: 1 });
});

test('only rows that the preview has counted are acted on, and each as it is by then', async () => {
  await aNight();
  const book = openBook(db.redis);
  const wish = await wishFor('retry', 'b1', ['expired', 'rejected']);
  const found = await previewAction(tools(), wish);
  expect([found.can, rowsOf(found, 8)]).toEqual([4, [1, 2, 3, 4]]);

  // While the operator reads the preview, a row of it is sent again by another operator and meets an unknown code, and a
  // row that is not in it is refused.
  const [, , sentAgain, , , , late] = [1, 2, 3, 4, 5, 6, 7].map((number) => idOf(merchant(number))) as string[];
  await book.record(sentAgain ?? '', 'retry_asked');
  await book.take(sentAgain ?? '');
  const { sentAt = 0 } = await book.registration(sentAgain ?? '');
  await book.record(sentAgain ?? '', 'answer_unknown', { callSentAt: sentAt, problem: 'create:99999' });
  await book.send(late ?? '');
  await book.record(late ?? '', 'registration_refused', { problem: 'push:103' });

  expect(await applyAction(tools(), wish, found, 'they were called (li)', () => NOW)).toBe(3);
  expect((await book.registration(sentAgain ?? '')).state).toBe('needs_review');
  expect((await book.registration(late ?? '')).state).toBe('rejected');
});

test('of two people who name the same unknown outcome, the second does not send again what the first has sent since', async () => {
  await aNight();
  const book = openBook(db.redis);
  const wish = await wishFor('retry', 'b1', ['needs_review']);
  const found = await previewAction(tools(), wish);
  const id = idOf(merchant(6));
  await book.record(id, 'retry_asked');
  await book.take(id, { at: wish.now + 1 });
  const { sentAt = 0 } = await book.registration(id);
  await book.record(id, 'answer_unknown', { callSentAt: sentAt, problem: 'create:99999' });
  const moved = await applyAction(tools(), wish, found, 'it has none (li)', Date.now);
  expect([found.can, moved, (await book.registration(id)).state]).toEqual([1, 0, 'needs_review']);
});

test('a row that takes the place of one while it is withdrawn is sent, and one that joins it is withdrawn with it', async () => {
  const book = openBook(db.redis);
  const [corrected, respelt] = [merchant(1), merchant(2)];
  await book.load('b1', [corrected, respelt]);
  const { ledger, ...others } = tools();
  const newer = [
    { ...corrected, legalPersonaWechat: 'weixin_right' },
    { ...respelt, componentPhone: '05929999999' },
  ];
  /** Each row has been looked at, and the newer sheet comes before anything is recorded. */
  let loading: Promise<unknown> | undefined;
  const record: typeof ledger.record = async (...about) => {
    loading ??= book.load('b2', newer);
    await loading;
    return ledger.record(...about);
  };
  const wish = await wishFor('cancel', 'b1');
  const found = await previewAction(tools(), wish);
  const moved = await applyAction({ ...others, ledger: { ...ledger, record } }, wish, found, 'old (li)', () => NOW);
  expect([found.can, moved]).toEqual([2, 1]);
  expect(await book.registration(idOf(corrected))).toMatchObject({ state: 'queued', row: 'b2/0' });
  expect(await book.registration(idOf(respelt))).toMatchObject({
    state: 'cancelled',
    row: 'b2/1',
    joinedRows: ['b1/1'],
  });
});

test('a batch of several pages is cancelled with no more than a part of a page in hand', async () => {
  const book = openBook(db.redis);
  const count = 2 * ROWS_PER_PAGE + 100;
  await book.load(
    'b1',
    Array.from({ length: count }, (_, number) => merchant(number)),
  );
  const { ledger, ...others } = tools();
  let [inHand, most] = [0, 0];
  const counted =
    <Args extends unknown[], Answer>(work: (...args: Args) => Promise<Answer>) =>
    async (...args: Args): Promise<Answer> => {
      most = Math.max(most, ++inHand);
      return work(...args).finally(() => {
        inHand -= 1;
      });
    };
  const watched = { ...others, ledger: { ...ledger, read: counted(ledger.read), record: counted(ledger.record) } };

  const wish = await wishFor('cancel', 'b1');
  const found = await previewAction(watched, wish);
  expect(found.can).toBe(count);
  expect(await applyAction(watched, wish, found, 'an old sheet (li)', () => NOW)).toBe(count);
  expect(most).toBeLessThanOrEqual(ROWS_PER_PAGE);
  expect(await book.batches.counts('b1')).toEqual({ cancelled: count });
});
