/** A correction meets the worker that sends the old row: whoever is first, WeChat never has two tasks of one enterprise. */
import { describe, expect, test } from 'vitest';
import { applyCorrection, type CorrectTools, previewCorrection } from '../../src/app/correct.js';
import { CODE_TYPES } from '../../src/domain/enterprise-code.js';
import { ALL_DETAILS } from '../../src/domain/merchant.js';
import { key } from '../../src/redis/keys.js';
import { budgetsFor, DAY_MS, identify, idOf, jobOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();
const one = merchant(1);
const id = idOf(one);
const BY = { who: 'Wang', suffix: ' (correction)', now: Date.now };

async function loaded() {
  const book = openBook(server.redis);
  await book.load('b1', [one]);
  const tools: CorrectTools = {
    ledger: book.ledger,
    batches: book.batches,
    rules: {
      needs: { legalPerson: true, codeTypes: CODE_TYPES, phone: false },
      identify,
      details: ALL_DETAILS,
      acceptWarnings: true,
    },
  };
  const previewed = async (name: string) => {
    const preview = await previewCorrection(tools, id, { name });
    if (preview.kind !== 'ready') throw new Error(preview.kind);
    return preview.correction;
  };
  return { book, tools, previewed };
}

test('sent after the preview, the old row goes on, and the correction waits for its end', async () => {
  const { book, tools, previewed } = await loaded();
  const correction = await previewed('甲有限公司');
  expect(correction.becomes).toBe('replaces');
  await book.send(id);
  const result = await applyCorrection(tools, correction, BY);
  expect(result).toMatchObject({ kind: 'done', became: 'waits' });
  expect(await book.registration(id)).toMatchObject({ state: 'awaiting_legal_person', row: 'b1/0', attempt: 1 });
});

test('created after the preview, the correction sends nothing', async () => {
  const { book, tools, previewed } = await loaded();
  const correction = await previewed('甲有限公司');
  await book.send(id);
  await book.record(id, 'mini_program_created', { appid: 'wx00000000000000aa' });
  expect(await applyCorrection(tools, correction, BY)).toMatchObject({ kind: 'done', became: 'already_created' });
  expect(await book.registration(id)).toMatchObject({ state: 'created', attempt: 1 });
});

test('a correction that was withdrawn and is made again waits again, and is sent', async () => {
  const { book, tools, previewed } = await loaded();
  await book.send(id);
  const first = await applyCorrection(tools, await previewed('甲有限公司'), BY);
  if (first.kind !== 'done') throw new Error(first.kind);
  await book.record(id, 'cancel_asked', { row: `${first.batch.id}/0` });
  const again = await applyCorrection(tools, await previewed('甲有限公司'), BY);
  expect(again).toMatchObject({ kind: 'done', became: 'waits' });
  await book.record(id, 'registration_refused', { problem: 'push:101' });
  expect((await book.view(id)).row?.merchant?.name).toBe('甲有限公司');
  expect((await book.registration(id)).state).toBe('queued');
});

test('a worker that has read the old row, and asks for permission after the correction, does not send it', async () => {
  const { book, tools, previewed } = await loaded();
  const correction = await previewed('甲有限公司');
  const seen = await book.view(id);
  expect(await applyCorrection(tools, correction, BY)).toMatchObject({ kind: 'done', became: 'sent' });
  const at = Date.now();
  const permit = await book.calls.acquire(
    seen,
    { kind: 'create_sent', at, until: at + DAY_MS },
    jobOf('submit'),
    budgetsFor(),
    '',
  );
  expect(permit.kind).not.toBe('go');
  expect(await book.registration(id)).toMatchObject({ state: 'queued', attempt: 0 });
});

test('if two people correct one merchant, the second gets an error, and nothing is sent that was not shown', async () => {
  const { book, tools, previewed } = await loaded();
  const [mine, theirs] = [await previewed('甲有限公司'), await previewed('乙有限公司')];
  expect(await applyCorrection(tools, mine, BY)).toMatchObject({ kind: 'done', became: 'sent' });
  expect(await applyCorrection(tools, theirs, BY)).toEqual({ kind: 'overtaken' });
  expect((await book.view(id)).row?.merchant?.name).toBe('甲有限公司');
});

describe('while rows of other sheets are ready', () => {
  const ready = () => server.redis.lrange(key('ready', 'submit'), 0, -1);
  const others = Array.from({ length: 5 }, (_, number) => merchant(10 + number));

  test('a correction of a refused merchant is sent before them, and another sheet behind them', async () => {
    const { book, tools, previewed } = await loaded();
    await book.send(id);
    await book.record(id, 'registration_refused', { problem: 'push:101' });
    await server.redis.del(key('ready', 'submit'));
    await book.load('b2', others);
    await applyCorrection(tools, await previewed('甲有限公司'), BY);
    await book.load('b3', [merchant(20)]);
    expect(await ready()).toEqual([one, ...others, merchant(20)].map(idOf));
  });

  test.each([
    ['in its name', { name: '甲有限公司' }],
    ['in its phone', { component_phone: '0592-5550199' }],
  ])('an unsent row that is corrected %s is sent before them, once', async (_, corrections) => {
    const { book, tools } = await loaded();
    await server.redis.del(key('ready', 'submit'));
    await book.load('b2', others);
    await server.redis.rpush(key('ready', 'submit'), id);
    const preview = await previewCorrection(tools, id, corrections);
    if (preview.kind !== 'ready') throw new Error(preview.kind);
    await applyCorrection(tools, preview.correction, BY);
    expect(await ready()).toEqual([one, ...others].map(idOf));
  });

  test('an unsent row that a worker holds already is not handed out a second time', async () => {
    const { book, tools, previewed } = await loaded();
    await server.redis.del(key('ready', 'submit'));
    await book.load('b2', others);
    await applyCorrection(tools, await previewed('甲有限公司'), BY);
    expect(await ready()).toEqual(others.map(idOf));
  });

  test('a merchant that is sent again is sent before them', async () => {
    const { book } = await loaded();
    await book.send(id);
    await book.record(id, 'registration_refused', { problem: 'push:101' });
    await server.redis.del(key('ready', 'submit'));
    await book.load('b2', others);
    await book.record(id, 'retry_asked');
    expect(await ready()).toEqual([one, ...others].map(idOf));
  });
});

describe('at the same moment', () => {
  // The worker begins so many answers of Redis later: in the middle of each step of the correction, before and after it.
  test.each(Array.from({ length: 24 }, (_, turns) => turns))(
    '(%i) one attempt is made, of the row that the ledger says',
    async (turns) => {
      const { book, tools, previewed } = await loaded();
      const correction = await previewed('甲有限公司');
      const send = async () => {
        for (let turn = 0; turn < turns; turn += 1) await server.redis.ping();
        return (await book.take(id)).kind;
      };
      const [permit, result] = await Promise.all([send(), applyCorrection(tools, correction, BY)]);
      if (result.kind !== 'done') throw new Error(result.kind);
      const { registration, row } = await book.view(id);
      const sentOld = registration.row === 'b1/0';
      expect(result.became).toBe(sentOld ? 'waits' : 'sent');
      expect(row?.merchant?.name).toBe(sentOld ? one.name : '甲有限公司');
      expect(registration.attempt).toBe(permit === 'go' ? 1 : 0);
      expect(await book.recount('b1')).toEqual(await book.batches.counts('b1'));
      expect(await book.recount(result.batch.id)).toEqual(await book.batches.counts(result.batch.id));

      // However it went, what is sent next has the corrected details.
      const answer = { callSentAt: registration.sentAt ?? 0, problem: 'create:61070' };
      if (sentOld) await book.record(id, 'create_refused', answer);
      const after = await book.view(id);
      expect(after.row?.merchant?.name).toBe('甲有限公司');
      expect(after.registration.waitingRows).toEqual([]);
    },
  );
});
