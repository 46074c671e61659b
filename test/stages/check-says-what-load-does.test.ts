/** What `check` says of a sheet is what `load` does with it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { rulesOf } from '../../src/app/wiring/registration-api.js';
import { readSettings } from '../../src/config.js';
import type { Merchant } from '../../src/domain/merchant.js';
import { load } from '../../src/producer/load.js';
import { plannedRows, type RowStatus } from '../../src/producer/plan.js';
import { openSheet } from '../../src/producer/sheets/sheet.js';
import { acceptedRow, type Book, identify, idOf, openBook } from '../support/ledger.js';
import { merchant, sheetOf } from '../support/merchants.js';
import { useRedis } from '../support/redis.js';

const db = useRedis();
const folder = mkdtempSync(join(tmpdir(), 'fr-check-load-'));
afterAll(() => rmSync(folder, { recursive: true }));

const rules = rulesOf(
  readSettings({ env: { WECHAT_REGISTRATION_API: 'fastregisterenterpriseweapp' } }),
  true,
  identify,
);

async function sent(book: Book, batch: string, it: Merchant): Promise<void> {
  await book.load(batch, [it]);
  await book.send(idOf(it));
}

async function created(book: Book, batch: string, it: Merchant): Promise<void> {
  await sent(book, batch, it);
  await book.record(idOf(it), 'mini_program_created', { appid: `wx${batch}` });
}

/** What the ledger knows of the enterprise before the sheet comes. */
const PASTS = {
  nothing: async () => {},
  queued: (book, batch, it) => book.load(batch, [it]),
  held: (book, batch, it, another) => book.load(batch, [another, it], 1),
  sent,
  cancelled: async (book, batch, it) => {
    await book.load(batch, [it]);
    await book.record(idOf(it), 'cancel_asked');
  },
  created,
  'created, and one more is queued': async (book, batch, it) => {
    await created(book, batch, it);
    const again = await book.open(`${batch}-again`);
    await book.batches.accept(again, 0, [acceptedRow(it, 0)], { ...rules, again: true });
  },
} as const satisfies Readonly<
  Record<string, (book: Book, batch: string, it: Merchant, another: Merchant) => Promise<unknown>>
>;

/** A row with the same details, with other ones, and one that is refused for the type of its code alone. */
const ROWS = {
  same: (it: Merchant) => it,
  other: (it: Merchant) => ({ ...it, name: `另${it.name}` }),
  unsent: (it: Merchant): Merchant => ({ ...it, code: it.code.slice(8, 17), codeType: 2 }),
};
type Kind = keyof typeof ROWS;

const KINDS = Object.keys(ROWS) as Kind[];
const PAGES = [...KINDS.map((one) => [one]), ...KINDS.flatMap((one) => KINDS.map((two) => [one, two]))];

const CASES = (Object.keys(PASTS) as (keyof typeof PASTS)[]).flatMap((past) => [
  { past, again: false },
  { past, again: true },
]);

let made = 0;

test.each(CASES)('$past; --again: $again', async ({ past, again }) => {
  const book = openBook(db.redis);
  for (const page of PAGES) {
    made += 2;
    const [it, before] = [merchant(made), `before${made}`];
    await PASTS[past](book, before, it, merchant(made + 1));
    const file = join(folder, `${made}.csv`);
    writeFileSync(file, sheetOf(page.map((kind) => ROWS[kind](it))));
    const planned = await planOf(book, file, again);
    expect({ page, rows: planned }).toEqual({ page, rows: await loaded(book, file, again, idOf(it)) });
  }
});

test('of a row with the very details that WeChat has refused check warns, and load sends it', async () => {
  const book = openBook(db.redis);
  const [refused, renamed, expired, waited] = [90_001, 90_002, 90_003, 90_004].map((at) => merchant(at)) as Four;
  await book.load('refusals', [refused, renamed, expired, waited]);
  for (const it of [refused, renamed]) {
    await book.send(idOf(it));
    await book.record(idOf(it), 'registration_refused', { problem: 'push:103' });
  }
  await book.send(idOf(expired));
  await book.record(idOf(expired), 'legal_person_timed_out', { problem: 'push:100003' });
  await book.send(idOf(waited));
  // WeChat asked for the same details after a time, which is over.
  await book.record(idOf(waited), 'registration_refused', { problem: 'push:105', until: Date.now() - 1 });
  const file = join(folder, 'refusals.csv');
  writeFileSync(file, sheetOf([refused, { ...renamed, name: '更正的名称' }, expired, waited]));
  const found: unknown[] = [];
  for await (const page of plannedRows(await openSheet(file), rules, book.batches.existingMatches)) {
    found.push(...page.map(({ status, row }) => [status, row.problems.map(({ code }) => code)]));
  }
  expect(found).toEqual([
    ['ready', ['sheet:refused_before']],
    ['ready', []],
    ['ready', []],
    ['ready', []],
  ]);
  const { counts } = await load(await openSheet(file), file, {
    batches: book.batches,
    rules,
    now: Date.now,
    canaries: 0,
  });
  expect(counts).toEqual({ queued: 4 });
});

type Four = [Merchant, Merchant, Merchant, Merchant];

interface Said {
  readonly status: RowStatus;
  readonly firstLine?: number | undefined;
  readonly replaces?: true | undefined;
}

async function planOf({ batches }: Book, file: string, again: boolean): Promise<Said[]> {
  const said: Said[] = [];
  for await (const page of plannedRows(await openSheet(file), { ...rules, again }, batches.existingMatches)) {
    said.push(...page.map(({ status, firstLine, replaces }) => ({ status, firstLine, replaces })));
  }
  return said;
}

async function loaded(book: Book, file: string, again: boolean, id: string): Promise<Said[]> {
  const before = await book.ledger.read(id);
  const { batches } = book;
  const { batch } = await load(await openSheet(file), file, {
    batches,
    rules: { ...rules, again },
    now: Date.now,
    canaries: 0,
  });
  const { registration } = await book.view(id).catch(() => ({ registration: undefined }));
  const rows = await book.rows(batch.id);
  const said = rows.map(({ relation }, at): Said => {
    switch (relation.kind) {
      case 'refused':
        return { status: 'invalid' };
      case 'duplicate':
        return { status: 'duplicate', firstLine: rows[relation.firstIndex]?.row.line };
      case 'registered': {
        const leads = registration?.row === `${batch.id}/${at}`;
        if (!leads || registration.joinedRows.includes(before?.registration.row ?? ''))
          return { status: 'in_progress' };
        return { status: 'ready', ...(UNSENT.has(before?.registration.state) && { replaces: true }) };
      }
      case 'replaced':
        throw new Error('a row of this sheet was replaced by another one of it');
      default:
        return { status: relation.kind };
    }
  });
  // As many as load says.
  expect(batch.replaces ?? 0).toBe(said.filter(({ replaces }) => replaces).length);
  return said;
}

const UNSENT: ReadonlySet<string | undefined> = new Set(['queued', 'deferred']);
