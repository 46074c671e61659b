/** Whom to contact, where a sheet of wrong rows would have a million people phoned. */

import type { Redis } from 'ioredis';
import { expect, test, vi } from 'vitest';
import type { Batch } from '../../src/domain/batch.js';
import { licenceCheck } from '../../src/domain/enterprise-code.js';
import type { Merchant } from '../../src/domain/merchant.js';
import type { AcceptedRow } from '../../src/domain/row.js';
import type { Actor } from '../../src/domain/words.js';
import { openNotes } from '../../src/redis/ledger/notes.js';
import { rowsNamedAmong } from '../../src/redis/ledger/row-index.js';
import { type CorrectedLater, openCorrectedLater } from '../../src/reporter/corrected-later.js';
import { type TodoOptions, todosOf } from '../../src/reporter/todo.js';
import { ACCEPT_RULES, acceptedRow, identify, idOf, openBook } from '../support/ledger.js';
import { merchant } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const server = useRedis();

/** As a store has it. */
function correctedLaterOf(redis: Redis): CorrectedLater {
  const { ledger, batches } = openBook(redis);
  const rowsAmong = (batch: Batch, names: ReadonlySet<string>) => rowsNamedAmong(redis, batch, names);
  return openCorrectedLater({ ledger, batches, identify, rowsNamedAmong: rowsAmong });
}

const HOUR_MS = 3_600_000;

function options(most?: number): TodoOptions {
  const notesOf = openNotes(server.redis);
  const correctedLater = correctedLaterOf(server.redis);
  return {
    language: 'en',
    timezone: 'Asia/Shanghai',
    now: Date.now(),
    notesOf,
    correctedLater,
    most,
  };
}

test('of more than are wanted the most urgent stay, whatever their order in the sheets', async () => {
  const { load, take, send, record, batches } = openBook(server.redis);
  const many = Array.from({ length: 9 }, (_, number) => merchant(number));
  await load('b1', many);
  // Those that failed, each an hour earlier than the one before; the last one can still confirm.
  for (const [number, one] of many.slice(0, 8).entries()) {
    await take(idOf(one));
    await record(idOf(one), 'create_refused', { at: Date.now() - number * HOUR_MS, problem: 'create:61070' });
  }
  await send(idOf(merchant(8)));
  const all = await todosOf(batches, options());
  expect(all.map(({ merchant }) => merchant)).toEqual([many[8], ...many.slice(0, 8)].map((one) => one?.name));
  const some = await todosOf(batches, options(3));
  expect(some).toEqual(all.slice(0, 3));
  // A cell of a sheet may have 32,767 characters.
  expect(Object.keys(some[0]?.row ?? {})).not.toContain('cells');
});

test('a merchant whose row our checks refused is listed until a newer sheet has it again, by the newest row', async () => {
  const { load, batches } = openBook(server.redis);
  const listed = async () => (await todosOf(batches, options())).map(({ row }) => row.batch);
  await load('b0', [merchant(1, 'ok', { name: 'X' })]);
  // Refused, and named x.
  await load('b1', [undefined]);
  expect(await listed()).toEqual(['b1']);
  await load('b2', [merchant(2), undefined]);
  expect(await listed()).toEqual(['b2']);
  await load('b3', [merchant(3, 'ok', { name: ' Ｘ' })]);
  expect(await listed()).toEqual([]);
});

/** As our checks refuse a row: the cells of a merchant, without a Weixin ID. */
function refusedRow({ name, code }: Merchant, index: number, changes: Partial<AcceptedRow> = {}): AcceptedRow {
  const problems = [{ code: 'sheet:wechat_missing', cell: `D${index + 2}` }];
  return { line: index + 2, cells: [name, code], problems, registration: undefined, ...changes };
}

/** A batch of refused rows and of accepted ones. */
async function loadRows(id: string, rows: readonly (AcceptedRow | Merchant)[]): Promise<void> {
  const { batches, open } = openBook(server.redis);
  const accepted = rows.map((row, index) => ('code' in row ? acceptedRow(row, index) : row));
  await batches.accept(await open(id), 0, accepted, ACCEPT_RULES);
  await batches.complete(id);
}

async function linesListed(...who: Actor[]): Promise<string[]> {
  const asked = { ...options(), ...(who.length > 0 && { who: new Set(who) }) };
  const todos = await todosOf(openBook(server.redis).batches, asked);
  return todos.map(({ row }) => `${row.batch}:${row.line}`).sort();
}

test('a refused row is left out while its enterprise is under way or has a Mini Program, in whatever order the rows came', async () => {
  const { take, record } = openBook(server.redis);
  const one = merchant(1);
  // The row that was corrected stands below it in the same sheet; a later sheet has the enterprise once more, refused again.
  await loadRows('b1', [refusedRow(one, 0), one, refusedRow(merchant(2), 2)]);
  await loadRows('b2', [refusedRow({ ...one, name: '另一名称', code: one.code.toLowerCase() }, 0)]);
  expect(await linesListed()).toEqual(['b1:4']);
  await take(idOf(one));
  expect(await linesListed()).toEqual(['b1:4']);
  await record(idOf(one), 'mini_program_created', { appid: 'wx00000000000000aa' });
  expect(await linesListed()).toEqual(['b1:4']);
});

test('of an enterprise that has failed, a refused row is listed if it is newer than the row that failed', async () => {
  const { take, record } = openBook(server.redis);
  const one = merchant(1);
  await loadRows('b1', [refusedRow(one, 0), one, refusedRow(one, 2)]);
  await take(idOf(one));
  await record(idOf(one), 'create_refused', { problem: 'create:61070' });
  expect(await linesListed()).toEqual(['b1:3', 'b1:4']);
  // A newer sheet has it again, refused once more.
  await loadRows('b2', [refusedRow({ ...one, name: '另一名称' }, 0)]);
  expect(await linesListed()).toEqual(['b1:3', 'b2:2']);
});

test('where both codes are good, they decide whether two rows of one name are the same enterprise', async () => {
  const name = '虚构小面馆';
  const [one, other] = [merchant(1, 'ok', { name }), merchant(2, 'ok', { name })];
  const licence = `35010016000123${licenceCheck('35010016000123')}`;
  await loadRows('b1', [
    refusedRow(one, 0),
    refusedRow({ ...one, code: '9.1E+17' }, 1),
    refusedRow({ ...one, code: '' }, 2),
    // A mistyped character, and the licence number of before: the credit code may be the corrected one.
    refusedRow({ ...one, code: `${one.code.slice(0, -1)}#` }, 3),
    refusedRow({ ...one, code: licence }, 4),
  ]);
  expect(await linesListed()).toEqual(['b1:2', 'b1:3', 'b1:4', 'b1:5', 'b1:6']);
  await loadRows('b2', [other]);
  expect(await linesListed()).toEqual(['b1:2']);
  // An organisation code is that of the credit code which contains it.
  await loadRows('b3', [refusedRow({ ...one, code: one.code.slice(8, 17) }, 0)]);
  expect(await linesListed()).toEqual(['b3:2']);
});

test.each([
  ['a good code and no name', { name: '' }, {}],
  ['a good code and a corrected name', {}, { name: '另一名称' }],
  ['a wrong code and no name', { name: '无', code: '91350211M000100Y' }, { name: '' }],
  [
    'a wrong code, whose name was added',
    { name: '', code: '91350211m000100y' },
    { name: '甲', code: '91350211M000100Y' },
  ],
  ['a wrong code, whose name is missing now', { name: '甲', code: '91350211M000100Y' }, { name: '' }],
])('a row with %s that is refused in two sheets is listed once, by the newer one', async (_, before, after) => {
  const one = { ...merchant(1), ...before };
  await loadRows('b1', [refusedRow(one, 0), refusedRow(merchant(2), 1)]);
  await loadRows('b2', [refusedRow({ ...one, ...after }, 0)]);
  expect(await linesListed()).toEqual(['b1:3', 'b2:2']);
});

test.each([
  ['another name', '91350211M000100Y', '甲', '乙'],
  ['a code that a spreadsheet program has cut', '9.11E+17', '', ''],
  ['the first digits of a cut code', '911101080000000000', '', ''],
  ['a serial number', '1', '', ''],
  ['no code', '', '', ''],
])('rows without a good code are two merchants where the newer one has %s', async (_, code, before, after) => {
  await loadRows('b1', [refusedRow({ ...merchant(1), code, name: before }, 0)]);
  await loadRows('b2', [refusedRow({ ...merchant(1), code, name: after }, 0)]);
  expect(await linesListed()).toEqual(['b1:2', 'b2:2']);
});

test('rows of one sheet are all listed: each has to be corrected there', async () => {
  const one = merchant(1);
  await loadRows('b1', [refusedRow(one, 0), refusedRow({ ...one, name: '' }, 1)]);
  expect(await linesListed()).toEqual(['b1:2', 'b1:3']);
});

test.each(['无', '-', '个体户'])(
  'a refused row that is named %s is not corrected by another one of that name',
  async (name) => {
    await loadRows('b1', [refusedRow(merchant(1, 'ok', { name }), 0)]);
    await loadRows('b2', [refusedRow({ ...merchant(2, 'ok', { name }), code: '' }, 0)]);
    expect(await linesListed()).toEqual(['b1:2', 'b2:2']);
  },
);

test('a refused row as export programs write it is left out once its enterprise is registered', async () => {
  const one = merchant(1);
  const cells = [one.name, one.code].map((cell) => `="${cell}"`);
  await loadRows('b1', [refusedRow(one, 0, { cells }), refusedRow(one, 1, { cells: ['', `'${one.code}`] })]);
  await loadRows('b2', [one]);
  expect(await linesListed()).toEqual([]);
});

test('duplicates stand for themselves, beside a row of their merchant that an operator has to settle', async () => {
  const { send, record } = openBook(server.redis);
  const one = merchant(1);
  const others = ['另一名称', '第三名称', '第四名称'].map((name) => ({ ...one, name }));
  await loadRows('b1', [one]);
  await send(idOf(one));
  await record(idOf(one), 'push_unknown', { problem: 'push:4711' });
  await loadRows('b2', others);
  expect(await linesListed('us')).toEqual(['b1:2', 'b2:3', 'b2:4']);
});

test('a duplicate with other details that two sheets have is listed once, by the newer one', async () => {
  const one = merchant(1);
  const sheet = [one, { ...one, name: '另一名称' }, { ...one, name: '第三名称' }];
  await loadRows('b1', sheet);
  await loadRows('b2', [merchant(2), ...sheet]);
  expect(await linesListed('us')).toEqual(['b2:4', 'b2:5']);
});

test('a sheet that was pasted twice costs the list one command a row at most', async () => {
  const rows = Array.from({ length: 200 }, (_, at) => merchant(at));
  await loadRows('b1', [...rows, ...rows]);
  const { batches } = openBook(server.redis);
  const [rowAt, leaders] = [vi.fn(batches.rowAt), vi.fn(batches.leaders)];
  await todosOf({ ...batches, rowAt, leaders }, { ...options(), who: new Set(['us']) });
  expect(rowAt).not.toHaveBeenCalled();
});

test.each([
  ['the same', (it: Merchant) => it],
  ['other', (it: Merchant) => ({ ...it, name: '另一名称' })],
])(
  'a duplicate is not to be settled any more when a newer sheet has the enterprise with %s details while it runs',
  async (_, newer) => {
    const one = merchant(1);
    await loadRows('b1', [one, { ...one, legalPersonaWechat: 'weixin_other' }]);
    await openBook(server.redis).send(idOf(one));
    expect(await linesListed('us')).toEqual(['b1:3']);
    await loadRows('b2', [newer(one)]);
    expect(await linesListed('us')).toEqual([]);
  },
);

test('a duplicate with other details is for an operator to settle, until a newer sheet has the enterprise or it is created', async () => {
  const { take, send, record, batches } = openBook(server.redis);
  const [one, two] = [merchant(1), merchant(2)];
  const renamed = (it: Merchant) => ({ ...it, name: '另一名称' });
  await loadRows('b1', [one, one, renamed(one), two, renamed(two)]);
  expect(await linesListed('us')).toEqual(['b1:4', 'b1:6']);
  // The deadline is that of the row that was taken, whose merchant is to be contacted.
  await send(idOf(one));
  const [duplicate] = await todosOf(batches, { ...options(), who: new Set(['us']) });
  expect(duplicate?.confirmBy).toBeUndefined();
  expect(await linesListed('us', 'legal_person')).toEqual(['b1:2', 'b1:4', 'b1:6']);
  await record(idOf(one), 'mini_program_created', { appid: 'wx00000000000000aa' });
  expect(await linesListed('us')).toEqual(['b1:6']);
  // It was loaded again, as its next step says.
  await loadRows('b2', [renamed(two)]);
  expect(await linesListed('us')).toEqual([]);
  await take(idOf(two));
  await record(idOf(two), 'create_refused', { problem: 'create:61070' });
  expect(await linesListed('us', 'merchant')).toEqual(['b2:2']);
});
